"""Cross-view association from epipolar errors, on synthetic people."""

import numpy as np
import pytest
from errors import fails

from mmpose_ours.association.epipolar import SeenPeople, associate, epipolar_errors, gather
from mmpose_ours.calibration import fit_space
from mmpose_ours.errors import InputError
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.triangulation import triangulate
from mmpose_ours.synthetic import DetectorNoise, PoseBank, SceneSampler

SIZE = (1280, 720)


@pytest.fixture(scope='module')
def rig():
    places = [(4000, 300, 2400), (-300, 4000, 2500), (-4200, -200, 2300), (200, -4100, 2600)]
    cameras = (
        Camera.looking_at(f'c{i}', place, (0, 0, 900), 750, SIZE) for i, place in enumerate(places)
    )
    return CameraRig(tuple(cameras))


def scene_of(rig, seed, people=(3, 3)):
    rng = np.random.default_rng(seed)
    sampler = SceneSampler(rig, fit_space(rig), PoseBank.built_in(50), people=people)
    return sampler.sample(rng), rng


def seen(rig, poses):
    """(V, P, 17, 3) exact detections, score 0 outside the images."""
    uv, _ = rig.project(poses)
    inside = np.stack([camera.in_image(view) for camera, view in zip(rig, uv)])
    return np.concatenate([np.nan_to_num(uv), inside[..., None]], axis=-1)


@pytest.mark.parametrize('seed', range(5))
def test_exact_detections_are_grouped_by_person(rig, seed):
    scene, rng = scene_of(rig, seed)
    keypoints = seen(rig, scene.poses)
    orders = [rng.permutation(len(scene.poses)) for _ in rig]
    shuffled = np.stack([view[order] for view, order in zip(keypoints, orders)])
    groups = associate(rig, shuffled)
    persons = np.stack([order[groups[:, v]] for v, order in enumerate(orders)], axis=1)
    for row, group in zip(persons, groups):
        assert len(set(row[group >= 0])) == 1, 'a group is one person'
    assert len(groups) == len(scene.poses)


def test_noisy_detections_are_mostly_right(rig):
    """With the detector noise model nearly all triangulated people are near the true ones."""
    missed = found = 0
    for seed in range(12):
        scene, rng = scene_of(rig, seed, people=(2, 4))
        keypoints = DetectorNoise().detect(scene, rig, rng)
        people = gather(keypoints, associate(rig, keypoints))
        xyz, _ = triangulate(rig, people[..., :2], people[..., 2])
        centres = np.nanmean(xyz, axis=1)
        for pose in scene.poses:
            near = len(centres) and np.linalg.norm(centres - pose.mean(0), axis=1).min() < 250
            found, missed = found + bool(near), missed + (not near)
    assert found / (found + missed) > 0.9


def test_a_joint_on_its_epipolar_line_has_no_error(rig):
    scenes = (seen(rig, scene_of(rig, seed)[0].poses) for seed in range(50))
    keypoints = next(k for k in scenes if (k[:2, ..., 2].sum(-1) > 12).all())
    a, b = rig.cameras[:2]
    errors = epipolar_errors(a, b, SeenPeople.by(a, keypoints[0]), SeenPeople.by(b, keypoints[1]))
    assert errors.shape == (3, 3)
    np.testing.assert_allclose(np.diag(errors), 0, atol=1e-12)
    assert errors[~np.eye(3, dtype=bool)].min() > 0.01
    # The measure is a share of the person's size: 10 px of a body of a known height.
    moved = keypoints[1].copy()
    moved[..., 1] += 10
    people = SeenPeople.by(b, moved)
    off = epipolar_errors(a, b, SeenPeople.by(a, keypoints[0]), people)
    assert 0.1 * 10 / (people.size * 750).max() < off[0, 0] < 2 * 10 / (people.size * 750).min()


def test_too_few_joints_in_common_give_an_infinite_error(rig):
    scene, _ = scene_of(rig, 0)
    keypoints = seen(rig, scene.poses)
    keypoints[0, :, 3:, 2] = 0
    a, b = rig.cameras[:2]
    errors = epipolar_errors(a, b, SeenPeople.by(a, keypoints[0]), SeenPeople.by(b, keypoints[1]))
    assert np.isinf(errors).all()


def test_joints_that_no_ray_of_the_lens_reaches_are_not_found():
    folding = Camera('a', np.diag([600, 600, 1]), np.eye(3), np.zeros(3), None, (-0.5, 0, 0, 0))
    people = np.array([[[10, 10, 1], [90, 40, 1], [800, 600, 1], [np.nan, 1, 1], [20, 20, 0]]])
    seen_people = SeenPeople.by(folding, people)
    assert seen_people.found.tolist() == [[True, True, False, False, False]]
    assert np.isfinite(seen_people.rays).all() and 0.1 < seen_people.size[0] < 0.2


def test_views_must_match_the_rig(rig):
    with fails(InputError, code='wrong-shape', found=2, expected=4):
        associate(rig, np.zeros((2, 1, 17, 3)))


@pytest.mark.parametrize('people', [0, 1])
def test_nobody_and_one_view(rig, people):
    keypoints = np.zeros((4, people, 17, 3))
    if people:
        keypoints[0] = seen(rig, scene_of(rig, 0)[0].poses)[0, :1]
    groups = associate(rig, keypoints)
    assert groups.shape == (0, 4)
    assert gather(keypoints, groups).shape == (4, 0, 17, 3)
