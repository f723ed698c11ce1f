import dataclasses

import numpy as np
import pytest
from errors import fails
from synthetic_rigs import COCO17, SIZE, SPACE, joint, ring_rig

from mmpose_ours.errors import InputError
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.synthetic import PoseBank, SceneSampler
from mmpose_ours.synthetic import scene as module

TRUNK = COCO17.index('left_hip', 'right_hip', 'left_shoulder', 'right_shoulder')


@pytest.fixture(scope='module')
def bank():
    return PoseBank.built_in(800)


@pytest.fixture(scope='module')
def sampler(bank):
    return SceneSampler(ring_rig(), SPACE, bank)


def scenes(sampler, count=60):
    return sampler.sample_many([np.random.default_rng((1, i)) for i in range(count)]).split()


def nearest_mm(scene):
    """Distance on the floor between the two people who are closest."""
    roots = COCO17.root_of(scene.poses)[:, :2]
    apart = np.linalg.norm(roots[:, None] - roots, axis=-1)
    return apart[np.triu_indices(len(roots), 1)].min()


def test_everyone_is_inside_and_seen_by_enough_cameras(bank):
    for rig, min_views in ((ring_rig(), 2), (ring_rig(6), 3)):
        for scene in scenes(SceneSampler(rig, SPACE, bank, min_views=min_views)):
            roots = joint(scene.poses, 'mid_hip')
            assert (roots >= SPACE.lower_mm).all() and (roots <= SPACE.upper_mm).all()
            seen = np.zeros(len(scene.poses), dtype=int)
            for camera in rig:
                uv, valid = camera.project(scene.poses)
                inside = valid & (uv > -0.5).all(-1) & (uv < np.array(SIZE) - 0.5).all(-1)
                seen += inside.mean(-1) >= 0.6
            assert (seen >= min_views).all()


def test_bodies_do_not_overlap(bank):
    crowd = SceneSampler(ring_rig(), SPACE, bank, people=(4, 7), close_share=0.9)
    for scene in scenes(crowd):
        for i in range(len(scene.poses)):
            for j in range(i):
                a, b = scene.poses[i], scene.poses[j]
                assert np.linalg.norm(a[TRUNK].mean(0) - b[TRUNK].mean(0)) >= 380
                assert np.linalg.norm(a[:, None] - b, axis=-1).min() >= 80


def test_feet_stay_on_the_floor_and_sizes_vary(sampler):
    poses = np.concatenate([scene.poses for scene in scenes(sampler)])
    ankles = poses[:, COCO17.index('left_ankle', 'right_ankle'), 2].min(1)
    assert 0 < poses[..., 2].min() and ankles.max() < 220
    thighs = np.linalg.norm(joint(poses, 'left_hip') - joint(poses, 'left_knee'), axis=-1)
    assert thighs.std() / thighs.mean() > 0.06
    # Mirrored, turned and scaled people have limbs of equal length on both sides.
    right = np.linalg.norm(joint(poses, 'right_hip') - joint(poses, 'right_knee'), axis=-1)
    np.testing.assert_allclose(thighs, right)


def test_mirroring_keeps_left_at_the_left(sampler):
    """Seen from the hips, the nose of most people is ahead; left x up then points ahead too."""
    poses = np.concatenate([scene.poses for scene in scenes(sampler)])
    left = joint(poses, 'left_hip') - joint(poses, 'right_hip')
    ahead = np.cross(left, (0, 0, 1))
    face = joint(poses, 'nose') - joint(poses, 'mid_ear')
    assert ((ahead * face).sum(-1) > 0).mean() > 0.95


def test_people_face_all_ways_and_stand_everywhere(sampler):
    poses = np.concatenate([scene.poses for scene in scenes(sampler, 150)])
    left = joint(poses, 'left_hip') - joint(poses, 'right_hip')
    quarters = np.histogram(np.arctan2(left[:, 1], left[:, 0]), 4, (-np.pi, np.pi))[0]
    assert quarters.min() > 0.15 * len(poses)
    roots = joint(poses, 'mid_hip')[:, :2]
    corners = np.histogram2d(*roots.T, bins=2, range=[(-2500, 2500)] * 2)[0]
    assert corners.min() > 0.12 * len(poses)


def test_the_number_of_people_is_drawn_evenly_within_bounds(sampler):
    counts = np.array([len(scene.poses) for scene in scenes(sampler, 400)])
    assert set(counts) == {1, 2, 3, 4, 5}
    # 400 draws of 1 in 5: 80 each, with a spread of 8.
    assert np.bincount(counts)[1:].min() > 40 and np.bincount(counts)[1:].max() < 120


def test_most_people_come_even_where_few_places_are_seen(bank):
    """A space ten times as wide as what the cameras share: most candidates fail."""
    wide = CaptureVolume((0, 0, 1000), (50_000, 50_000, 2400))
    sampler = SceneSampler(ring_rig(), wide, bank, people=(1, 5))
    counts = np.array([len(scene.poses) for scene in scenes(sampler, 200)])
    assert counts.mean() > 2.85


def test_where_no_room_is_left_fewer_come(bank):
    tiny = CaptureVolume((0, 0, 1000), (900, 900, 2400))
    sampler = SceneSampler(ring_rig(), tiny, bank, people=(40, 40))
    for scene in scenes(sampler, 5):
        assert 1 <= len(scene.poses) < 40


def test_nobody_may_come():
    sampler = SceneSampler(ring_rig(), SPACE, PoseBank.built_in(20), people=(0, 0))
    scene = sampler.sample(np.random.default_rng(0))
    assert scene.poses.shape == (0, 17, 3) and scene.visible.shape == (0, 17)


def test_the_same_seed_gives_the_same_scene(sampler):
    first, second = (sampler.sample(np.random.default_rng((3, 4))) for _ in range(2))
    other = sampler.sample(np.random.default_rng((3, 5)))
    np.testing.assert_array_equal(first.poses, second.poses)
    np.testing.assert_array_equal(first.visible, second.visible)
    assert first.poses.shape != other.poses.shape or np.abs(first.poses - other.poses).max() > 10


@pytest.mark.parametrize(
    'options', [dict(), dict(people=(0, 3)), dict(people=(2, 9), close_share=0.9)]
)
def test_a_scene_is_the_same_whatever_is_made_beside_it(bank, options):
    sampler = SceneSampler(ring_rig(), SPACE, bank, **options)
    alone = [sampler.sample(np.random.default_rng((1, i))) for i in range(40)]
    for one, other in zip(alone, scenes(sampler, 40)):
        np.testing.assert_array_equal(one.poses, other.poses)
        np.testing.assert_array_equal(one.visible, other.visible)


def test_how_many_candidates_are_looked_at_first_makes_no_difference(bank, monkeypatch):
    wide = CaptureVolume((0, 0, 1000), (9000, 9000, 2400))
    sampler = SceneSampler(ring_rig(), wide, bank, people=(1, 8), close_share=0.9)
    drawn = []
    for first in (1, module.FIRST_PER_PERSON, module.CANDIDATES_PER_PERSON):
        monkeypatch.setattr(module, 'FIRST_PER_PERSON', first)
        drawn.append(scenes(sampler, 40))
    for one, *others in zip(*drawn):
        for other in others:
            np.testing.assert_array_equal(one.poses, other.poses)


def test_a_generator_goes_on_to_other_scenes(sampler):
    rng = np.random.default_rng(0)
    first, second = sampler.sample(rng), sampler.sample(rng)
    assert first.poses.shape != second.poses.shape or (first.poses != second.poses).all()


def test_sampling_leaves_the_bank_as_it_is(bank):
    before = bank.poses.copy()
    scenes(SceneSampler(ring_rig(), SPACE, bank), 5)
    np.testing.assert_array_equal(bank.poses, before)


def test_some_people_stand_close_together(bank):
    def close(share):
        sampler = SceneSampler(ring_rig(), SPACE, bank, people=(3, 3), close_share=share)
        pairs = [nearest_mm(scene) for scene in scenes(sampler, 120) if len(scene.poses) > 1]
        return np.mean(np.array(pairs) < 1000)

    never, sometimes, always = close(0.0), close(0.3), close(1.0)
    assert always > 0.9 and never < 0.35 and never + 0.1 < sometimes < always - 0.1


def test_a_rig_that_does_not_see_the_space_is_an_error(bank):
    elsewhere = CaptureVolume((60_000, 0, 1000), (3000, 3000, 2400))
    sampler = SceneSampler(ring_rig(), elsewhere, bank)
    place = {'center_mm': (60_000, 0, 1000), 'size_mm': (3000, 3000, 2400)}
    with fails(InputError, code='no-data', found=place, expected=2):
        sampler.sample(np.random.default_rng(0))


def test_cameras_that_look_apart_are_an_error(bank):
    away = [Camera.looking_at(f'c{i}', (s * 500, 0, 1500), (s * 9000, 0, 1000), 900, SIZE)
            for i, s in enumerate((-1, 1))]  # fmt: skip
    with fails(InputError, code='no-data', expected=2):
        SceneSampler(CameraRig(tuple(away)), SPACE, bank).sample(np.random.default_rng(0))


def test_fewer_than_two_cameras_are_an_error(bank):
    with fails(InputError, code='no-data', found=['cam0'], expected=2):
        SceneSampler(ring_rig(1), SPACE, bank)


@pytest.mark.parametrize('people', [(3, 1), (-1, 2)])
def test_people_must_be_a_range(bank, people):
    with fails(InputError, code='out-of-range', found=people):
        SceneSampler(ring_rig(), SPACE, bank, people=people)


def test_a_camera_without_size_is_an_error_that_names_it(bank):
    rig = CameraRig(tuple(dataclasses.replace(camera, size=None) for camera in ring_rig()))
    # The error is of the camera itself, which has tests of its own.
    with pytest.raises(ValueError, match="camera 'cam0' has no image size"):
        SceneSampler(rig, SPACE, bank).sample(np.random.default_rng(0))
