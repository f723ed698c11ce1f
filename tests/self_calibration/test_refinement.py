"""Rigs disturbed by a known amount come back; right rigs stay as they are."""

import numpy as np
import pytest
from calibration_rigs import ring_rig
from errors import fails
from lost_rigs import lost_world, people_before

from mmpose_ours.calibration.checks.camera_pose import turned
from mmpose_ours.errors import InputError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.self_calibration import refine_rig, refinement
from mmpose_ours.self_calibration.adjustment import UNCERTAIN_DEGREES
from mmpose_ours.self_calibration.bundle import Observations, adjust
from mmpose_ours.self_calibration.gauge import aligned_to, moved_degrees


def disturbed(rig, degrees, mm, only=None, seed=0):
    """Every camera, or the named one, turned and moved by given amounts in random directions."""
    rng = np.random.default_rng(seed)
    cameras = []
    for camera in rig:
        turn, shift = rng.normal(size=(2, 3))
        if only in (None, camera.name):
            turn *= np.radians(degrees) / np.linalg.norm(turn)
            camera = turned(camera, turn, shift * mm / np.linalg.norm(shift))
        cameras.append(camera)
    return CameraRig(tuple(cameras))


def poses(rig):
    return np.stack([c.R_w2c for c in rig]), np.stack([c.t_w2c for c in rig])


def relative_errors(rig, true):
    """Degrees by which the relative rotations of all pairs of cameras are off."""
    pairs = zip(*np.triu_indices(len(rig), 1))
    R, R_true = poses(rig)[0], poses(true)[0]
    off = [R[a] @ R[b].T @ (R_true[a] @ R_true[b].T).T for a, b in pairs]
    return np.degrees([np.arccos(np.clip((np.trace(each) - 1) / 2, -1, 1)) for each in off])


def perfect_observations(rig, points):
    uv, valid = rig.project(points)
    rays = np.stack([camera.normalise_points(pixels) for camera, pixels in zip(rig, uv)])
    camera, point = np.nonzero(valid)
    return Observations(camera, point, rays[valid])


@pytest.fixture(scope='module')
def people():
    return people_before(ring_rig(), ('walk', 'stand'), frames=60)[0]


@pytest.fixture(scope='module')
def points():
    return np.random.default_rng(0).uniform((-1500, -1500, 0), (1500, 1500, 2000), (300, 3))


class TestBundle:
    def test_perfect_observations_give_the_rig_back(self, points):
        true = ring_rig()
        start = disturbed(true, 2, 60)
        seen = perfect_observations(true, points)
        done = adjust(start, points + 20, seen, np.ones(4, bool))
        assert np.abs(done.residual_mm).max() < 0.05
        found = aligned_to(true, done.R, done.t, np.ones(4, bool))
        assert relative_errors(found, true).max() < 0.002
        np.testing.assert_allclose(found.centers_w, true.centers_w, atol=0.5)

    def test_outliers_have_no_weight(self, points):
        true = ring_rig()
        seen = perfect_observations(true, points)
        rays = seen.ray + np.random.default_rng(1).normal(0, 0.001, seen.ray.shape)
        rays[::20] += 0.2
        noisy = Observations(seen.camera, seen.point, rays)
        done = adjust(disturbed(true, 1, 30), points, noisy, np.ones(4, bool))
        found = aligned_to(true, done.R, done.t, np.ones(4, bool))
        # 5 % of the rays are off by 11 degrees; their mean would be 0.5 degrees.
        assert relative_errors(found, true).max() < 0.15
        assert np.median(done.weight[::20]) < 0.01 < np.median(done.weight)

    def test_held_cameras_do_not_move(self, points):
        true = ring_rig()
        start = disturbed(true, 2, 60, only='cam2')
        free = np.array([False, False, True, False])
        done = adjust(start, points, perfect_observations(true, points), free)
        np.testing.assert_array_equal(done.R[~free], poses(true)[0][~free])
        np.testing.assert_allclose(done.R[2], true['cam2'].R_w2c, atol=1e-5)
        np.testing.assert_allclose(done.t[2], true['cam2'].t_w2c, atol=0.1)


class TestWorld:
    def test_any_similarity_is_undone(self):
        true = ring_rig()
        R, t = poses(lost_world(3).of_rig(true))
        found = aligned_to(true, R, t, np.ones(4, bool))
        np.testing.assert_allclose(poses(found)[0], poses(true)[0], atol=1e-9)
        np.testing.assert_allclose(found.centers_w, true.centers_w, atol=1e-5)

    def test_one_bumped_camera_leaves_the_others_alone(self):
        true = ring_rig(5)
        bumped = disturbed(true, 5, 300, only='cam1')
        found = aligned_to(true, *poses(lost_world(4).of_rig(bumped)), np.ones(5, bool))
        degrees = [np.linalg.norm(moved_degrees(a, b)) for a, b in zip(true, found)]
        np.testing.assert_allclose(degrees[1], 5, atol=0.1)
        assert max(degrees[:1] + degrees[2:]) < 0.1

    def test_scale_is_kept_with_one_held_camera(self):
        true = ring_rig()
        center = true['cam0'].center_w
        small = true.moved(-center).in_world(np.eye(3), 0.5).moved(center)
        found = aligned_to(true, *poses(small), np.array([False, True, True, True]))
        np.testing.assert_allclose(found.centers_w, true.centers_w, atol=1e-6)


class TestRefineRig:
    @pytest.mark.parametrize(('degrees', 'seed'), [(1, 0), (3, 1), (5, 2)])
    def test_a_disturbed_rig_comes_back(self, people, degrees, seed):
        true = ring_rig()
        done = refine_rig(disturbed(true, degrees, 30 * degrees, seed=seed), people)
        assert done.changed and done.error_refined < done.error
        assert done.uncertain == ()
        assert relative_errors(done.rig, true).max() < 0.5

    def test_one_bumped_camera_is_named(self, people):
        true = ring_rig()
        done = refine_rig(disturbed(true, 4, 100, only='cam1'), people)
        assert [change.name for change in done.cameras if change.significant] == ['cam1']
        assert relative_errors(done.rig, true).max() < 0.5
        change = done.cameras[1]
        assert change.degrees == pytest.approx(4, abs=0.5)
        assert 0 < change.degrees_std < 0.5 and 0 < change.mm_std < 50
        assert change.error_px > 0 and change.error_mrad > 0

    def test_a_kept_rig_has_no_camera_that_moved(self, people, monkeypatch):
        monkeypatch.setattr(refinement, 'BETTER', 0.0)
        given = disturbed(ring_rig(), 4, 100, only='cam1')
        done = refine_rig(given, people)
        assert done.rig is given and not done.changed
        assert done.cameras[1].degrees > 3
        assert not any(change.significant for change in done.cameras)

    def test_parts_that_disagree_are_told(self):
        # People stay within arm's length of one place, and the detector is coarse.
        rng = np.random.default_rng(0)
        true = ring_rig(3)
        body = rng.uniform((-250, -250, 0), (250, 250, 1700), (17, 3))
        people = {}
        for frame in range(30):
            uv = true.project(body + rng.normal(0, 20, (17, 3)))[0]
            noisy = uv + rng.normal(0, 40, uv.shape)
            seen = np.concatenate([noisy, np.ones((3, 17, 1))], axis=2)
            people[str(frame)] = {name: seen[i : i + 1] for i, name in enumerate(true.names)}
        done = refine_rig(true, people)
        assert done.uncertain
        stds = {change.name: change.degrees_std for change in done.cameras}
        assert all(stds[name] > UNCERTAIN_DEGREES for name in done.uncertain)

    def test_chosen_cameras_only(self, people):
        true = ring_rig()
        given = disturbed(true, 4, 100, only='cam1')
        done = refine_rig(given, people, ['cam1'])
        assert [change.name for change in done.cameras] == ['cam1']
        assert done.changed
        for name in ('cam0', 'cam2', 'cam3'):
            np.testing.assert_array_equal(done.rig[name].R_w2c, given[name].R_w2c)
            np.testing.assert_array_equal(done.rig[name].t_w2c, given[name].t_w2c)

    def test_a_right_rig_stays(self, people):
        true = ring_rig()
        done = refine_rig(true, people)
        assert not done.changed and done.rig is true
        assert not any(change.significant for change in done.cameras)
        assert done.error_refined == pytest.approx(done.error, rel=0.1)

    def test_progress_counts_to_the_end(self, people):
        calls = []
        refine_rig(ring_rig(), people, progress=lambda *counts: calls.append(counts))
        counts = [done for done, _ in calls]
        assert counts == sorted(set(counts))
        assert {total for _, total in calls} == {counts[-1]}

    def test_unknown_camera(self, people):
        with fails(InputError, code='unknown-camera', found='cam9'):
            refine_rig(ring_rig(), people, ['cam9'])

    def test_nobody(self):
        with fails(InputError, code='no-data', found=0):
            refine_rig(ring_rig(), {})

    def test_a_camera_without_people(self, people):
        blind = {frame: {**views, 'cam3': views['cam3'][:0]} for frame, views in people.items()}
        with fails(InputError, code='no-data', camera='cam3', found=0):
            refine_rig(ring_rig(), blind)
