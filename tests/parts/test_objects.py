"""Animals of 20 joints in four views, whose truth is known."""

import dataclasses

import numpy as np
import pytest
from animals import RIG, best_possible, detected, dog20, errors_of, ray_noise_mm, walk
from errors import fails

from mmpose_ours.errors import InputError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.parts.objects import ObjectEstimator, radii_of
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeleton import Skeleton

FAULTS = {
    'noise': dict(),
    'missing': dict(missing=0.1),
    'outliers': dict(missing=0.1, outliers=0.05),
    'hidden': dict(missing=0.1, hidden=0.1),
}


@pytest.fixture(scope='module')
def skeleton(tmp_path_factory):
    return dog20(tmp_path_factory.mktemp('metainfo'))


def estimated(frames, skeleton, rig=RIG):
    """Poses of every frame, after some frames of the recording were looked at."""
    estimate = ObjectEstimator(rig, skeleton)
    for views in frames[::2]:
        estimate(views)
    return [estimate(views) for views in frames]


@pytest.mark.parametrize('faults', FAULTS.values(), ids=FAULTS)
def test_error_is_within_ray_noise_and_near_the_best_possible(skeleton, faults):
    truth = walk(frames=40)
    results = estimated(detected(truth, skeleton, **faults), skeleton)
    errors, unmatched = errors_of([poses.xyz_mm for poses in results], truth)
    best = np.linalg.norm(best_possible(truth, **faults) - truth, axis=-1)
    assert unmatched == 0
    # An animal can be found that two views show.
    possible = (np.isfinite(best).sum(-1) >= 4).sum()
    assert np.isfinite(errors).any(-1).sum() >= possible - 1
    assert np.isfinite(errors).sum() > 0.98 * np.isfinite(best).sum()
    assert np.nanmean(errors) < 1.2 * ray_noise_mm(truth, 2.0)
    both = np.isfinite(errors) & np.isfinite(best)
    assert errors[both].mean() < 1.1 * best[both].mean()


def test_uncertainty_is_that_of_the_errors(skeleton):
    truth = walk(frames=20)
    frames = detected(truth, skeleton)
    for frame, poses in zip(truth, estimated(frames, skeleton)):
        assert (poses.views == 4).all() and poses.scores == pytest.approx(0.9)
        away = np.linalg.norm(poses.xyz_mm[:, None] - frame, axis=-1)
        error = away[np.arange(len(poses)), away.mean(-1).argmin(1)]
        ratio = poses.std_mm / np.sqrt(np.mean(error**2) / 3)
        assert 0.6 < np.median(ratio) < 1.7


@pytest.mark.parametrize('scale', [0.05, 20.0])
def test_objects_of_any_size_are_found(skeleton, scale):
    """Nothing depends on the unit: mice in a box are found as elephants are."""
    rig = CameraRig(tuple(dataclasses.replace(c, t_w2c=c.t_w2c * scale) for c in RIG))
    truth = walk(frames=6)
    frames = detected(truth, skeleton)
    poses = [p.xyz_mm for p in estimated(frames, skeleton)]
    scaled = [p.xyz_mm / scale for p in estimated(frames, skeleton, rig)]
    for expected, found in zip(poses, scaled):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3)


def test_an_animal_detected_twice_is_one(skeleton):
    truth = walk(frames=4)
    first, second = (detected(truth, skeleton, seed=seed) for seed in (0, 1))
    frames = [
        {
            name: Keypoints2D(skeleton, np.concatenate([people.array, other[name].array]))
            for name, people in views.items()
        }
        for views, other in zip(first, second)
    ]
    assert [len(poses) for poses in estimated(frames, skeleton)] == [3] * 4


def test_joints_on_which_two_views_agree_by_chance_are_missing(skeleton):
    """Both views show a joint on one epipolar plane, but half a metre off."""
    truth = walk(frames=30)
    frames = detected(truth, skeleton, noise_px=1.0)
    joint = skeleton.index('tail_tip')[0]
    wrong = truth[-1, 0].copy()
    wrong[joint] += (0, 300, 400)
    views = {}
    for number, camera in enumerate(RIG):
        uv, _ = camera.project(wrong[None])
        array = np.concatenate([uv, np.full((1, 20, 1), 0.9)], axis=-1)
        array[:, joint, 2] *= number < 2
        views[camera.name] = Keypoints2D(skeleton, array.astype(np.float32))
    new = ObjectEstimator(RIG, skeleton)
    assert np.isfinite(new(views).xyz_mm[0, joint]).all()
    for frame in frames:
        new(frame)
    pose = new(views).xyz_mm[0]
    assert np.isnan(pose[joint]).all() and np.isfinite(np.delete(pose, joint, 0)).all()


def test_what_one_view_shows_is_not_found(skeleton):
    (views,) = detected(walk(frames=1), skeleton)
    estimate = ObjectEstimator(RIG, skeleton)
    name = RIG.names[0]
    for seen in ({}, {name: views[name]}, {n: Keypoints2D.nobody(skeleton) for n in views}):
        poses = estimate(seen)
        assert poses.xyz_mm.shape == (0, 20, 3) and poses.skeleton == skeleton


def test_two_views_suffice(skeleton):
    truth = walk(frames=3)
    names = RIG.names[:2]
    frames = [{n: views[n] for n in names} for views in detected(truth, skeleton, noise_px=1.0)]
    for rig in (RIG, RIG.select(names)):
        results = estimated(frames, skeleton, rig)
        errors, unmatched = errors_of([poses.xyz_mm for poses in results], truth)
        assert unmatched == 0 and np.isfinite(errors).mean() > 0.95
        assert np.nanmedian(errors) < 20 and all((poses.views == 2).all() for poses in results)


def test_three_joints_are_too_few():
    with fails(InputError, code='out-of-range', found=3, expected=4):
        ObjectEstimator(RIG, Skeleton('triangle', ('a', 'b', 'c')))


def test_radius_is_the_median_distance_from_the_middle():
    cross = np.array([(10.0, 0, 0), (-10, 0, 0), (0, 30, 0), (0, -30, 0), (0, 0, 0)])
    missing = np.where(np.arange(6)[:, None] == 5, np.nan, np.concatenate([cross, cross[:1]]))
    np.testing.assert_allclose(radii_of(np.array([missing])), [10.0])
    assert radii_of(np.zeros((0, 5, 3))).shape == (0,)
