"""Rigs from people alone: right ones come out, and what cannot be known is refused."""

import dataclasses

import numpy as np
import pytest
from calibration_rigs import ring_rig
from errors import fails
from lost_rigs import stature_mm
from walkers import detected, walking

from mmpose_ours.association.epipolar import SeenPeople
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.errors import InputError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.self_calibration import calibrate
from mmpose_ours.self_calibration.view_tracks import track_view


def relative_errors(rig, true):
    """Degrees by which the relative rotations of all pairs of cameras are off."""
    pairs = zip(*np.triu_indices(len(rig), 1))
    R, R_true = (np.stack([camera.R_w2c for camera in each]) for each in (rig, true))
    off = [R[a] @ R[b].T @ (R_true[a] @ R_true[b].T).T for a, b in pairs]
    return np.degrees([np.arccos(np.clip((np.trace(each) - 1) / 2, -1, 1)) for each in off])


def without_poses(rig):
    """The same intrinsics, all cameras in one place."""
    return CameraRig(tuple(dataclasses.replace(c, R_w2c=np.eye(3), t_w2c=np.zeros(3)) for c in rig))


@pytest.fixture(scope='module')
def people():
    return walking(3, 90, seed=1)


@pytest.fixture(scope='module')
def seen(people):
    return detected(ring_rig(3), people)


@pytest.fixture(scope='module')
def done(people, seen):
    calls = []
    height = stature_mm(people.reshape(-1, 17, 3))
    done = calibrate(without_poses(ring_rig(3)), seen, height, lambda *counts: calls.append(counts))
    return done, calls


class TestThreePeople:
    def test_relative_rotations(self, done):
        assert relative_errors(done[0].rig, ring_rig(3)).max() < 0.5
        assert done[0].uncertain == ()
        assert len(done[0].pairs) == 3

    def test_metric(self, done):
        pairs = np.triu_indices(3, 1)
        ratio = done[0].rig.distances_mm[pairs] / ring_rig(3).distances_mm[pairs]
        np.testing.assert_allclose(ratio, 1, atol=0.03)

    def test_gravity_and_floor(self, done):
        for found, true in zip(done[0].rig, ring_rig(3)):
            assert found.R_w2c[:, 2] @ true.R_w2c[:, 2] > np.cos(np.radians(2))
            assert abs(found.center_w[2] - true.center_w[2]) < 150

    def test_intrinsics_are_kept(self, done):
        for found, true in zip(done[0].rig, ring_rig(3)):
            np.testing.assert_array_equal(found.K, true.K)
            np.testing.assert_array_equal(found.dist_full, true.dist_full)

    def test_judgement(self, done):
        for camera in done[0].cameras:
            assert 0 < camera.degrees_std < 0.5 and 0 < camera.mm_std < 100
            assert camera.matched > 0.95
            # 3 px of noise per coordinate, shared among three cameras
            assert 0.5 < camera.error_px < 6 and camera.error_mrad > 0
        stds = np.sqrt(np.linalg.eigvalsh(done[0].center_cov_mm2)[:, -1])
        np.testing.assert_allclose(stds, [camera.mm_std for camera in done[0].cameras])
        assert 0 < done[0].error < 0.05 and done[0].frames == 60 and done[0].left_out_frames == 30

    def test_progress_counts_to_the_end(self, done):
        counts = [count for count, _ in done[1]]
        assert counts == sorted(set(counts))
        assert {total for _, total in done[1]} == {counts[-1]}


class TestOnePersonBeforeTwoCameras:
    def test_usual_height(self):
        true = ring_rig(2)
        done = calibrate(without_poses(true), detected(true, walking(1, 120, seed=2)))
        assert relative_errors(done.rig, true).max() < 1
        assert done.scale_by == 'usual_height' and done.person_height_mm == 1700
        assert 0.05 < done.scale_std < 0.1

    def test_known_distance(self):
        true = ring_rig(2)
        seen = detected(true, walking(1, 120, seed=2))
        done = calibrate(without_poses(true), seen, distance=('cam0', 'cam1', 1234.0))
        assert done.rig.distances_mm[0, 1] == pytest.approx(1234)
        assert done.scale_by == 'distance' and done.person_height_mm is None
        assert 0 < done.scale_std < 0.05


class TestRefusals:
    def test_a_camera_that_sees_nobody(self, seen):
        blind = {frame: {**views, 'cam2': views['cam2'][:0]} for frame, views in seen.items()}
        with fails(InputError, code='no-data', camera='cam2', found=2, expected=3):
            calibrate(ring_rig(3), blind)

    def test_a_camera_of_another_recording(self, seen):
        others = detected(ring_rig(3), walking(3, 90, seed=7), seed=8)
        mixed = {frame: {**seen[frame], 'cam2': others[frame]['cam2']} for frame in seen}
        with fails(InputError, code='conflict', camera='cam2'):
            calibrate(ring_rig(3), mixed)

    def test_few_frames(self, seen):
        with fails(InputError, code='no-data', found=10, expected=30):
            calibrate(ring_rig(3), dict(list(seen.items())[:10]))

    def test_an_unknown_camera(self, seen):
        with fails(CalibrationError, code='unknown-camera', camera='cam9'):
            calibrate(ring_rig(3), seen, distance=('cam0', 'cam9', 4000.0))

    def test_two_scales(self, seen):
        with fails(CalibrationError, code='conflict', expected='scale'):
            calibrate(ring_rig(3), seen, 1750.0, distance=('cam0', 'cam1', 4000.0))

    def test_height_in_metres(self, seen):
        with fails(CalibrationError, code='out-of-range', found=1.75):
            calibrate(ring_rig(3), seen, 1.75)


class TestTracks:
    def test_tracks_are_of_one_person(self, people):
        camera = ring_rig(1).cameras[0]
        rng = np.random.default_rng(0)
        orders = [rng.permutation(3) for _ in people]
        uv = camera.project(people)[0]
        seen = np.concatenate([uv, np.ones((*uv.shape[:-1], 1))], axis=-1)
        shuffled = np.stack([frame[order] for frame, order in zip(seen, orders)])
        tracks = track_view(SeenPeople.by(camera, shuffled))
        owners = {}
        for order, frame in zip(orders, tracks):
            for person, track in zip(order, frame):
                owners.setdefault(int(track), set()).add(int(person))
        assert all(len(owner) == 1 for owner in owners.values())
        assert 3 <= len(owners) < 30

    def test_nobody_has_no_track(self):
        people = SeenPeople.by(ring_rig(1).cameras[0], np.zeros((4, 2, 17, 3)))
        assert (track_view(people) == -1).all()
