"""A level world from the cameras' horizons."""

import dataclasses

import cv2
import numpy as np
import pytest
from calibration_rigs import people_points, ring_rig
from errors import fails

from mmpose_ours.calibration import CalibrationError
from mmpose_ours.calibration.alignment.level import (
    find_horizons,
    ground_rig,
    rotation_onto_z,
    up_by_horizons,
)
from mmpose_ours.calibration.checks.orientation import judge_orientation
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig


@pytest.mark.parametrize('seed', range(4))
def test_any_world_becomes_level_with_the_focus_a_metre_up(seed):
    rng = np.random.default_rng(seed)
    turn = cv2.Rodrigues(rng.normal(size=3))[0]
    lost = ring_rig(4).in_world(turn).moved(rng.normal(size=3) * 3000)
    found, note = ground_rig(lost)
    # The ring looks at (100, -50, 1000): that point is the origin's column, 1000 mm up.
    true = ring_rig(4).moved((-100, 50, 0))
    np.testing.assert_allclose(found.centers_w[:, 2], true.centers_w[:, 2], atol=20)
    assert up_by_horizons(found)[2] == pytest.approx(1)
    np.testing.assert_allclose(
        np.linalg.norm(found.centers_w[:, :2], axis=1),
        np.linalg.norm(true.centers_w[:, :2], axis=1),
        atol=20,
    )
    assert 'an assumption' in note


def test_grounding_changes_no_image():
    rig = ring_rig(4)
    grounded, _ = ground_rig(rig.in_world(np.diag([1.0, -1, -1])))
    assert all((a.K == b.K).all() and (a.dist == b.dist).all() for a, b in zip(rig, grounded))
    apart = [np.linalg.norm(r.centers_w[:, None] - r.centers_w, axis=-1) for r in (rig, grounded)]
    np.testing.assert_allclose(*apart, atol=1e-6)


def test_horizons_that_tell_nothing():
    aside = [
        Camera.looking_at(f'c{x}', (x, 0, 1500), (x, 5000, 1200), 800, (1280, 720))
        for x in (0, 700, 1400)
    ]
    with fails(CalibrationError, code='no-data', expected=0.03):
        up_by_horizons(CameraRig(tuple(aside)))
    rolled = list(ring_rig(4))
    roll = cv2.Rodrigues(np.array([0, 0, 1.2]))[0]
    rolled[2] = dataclasses.replace(
        rolled[2], R_w2c=roll @ rolled[2].R_w2c, t_w2c=roll @ rolled[2].t_w2c
    )
    with fails(CalibrationError, code='conflict', camera='cam2', expected=15.0):
        up_by_horizons(CameraRig(tuple(rolled)))


@pytest.mark.parametrize(
    'up',
    [
        (0, 0, 1),
        (0, 0, -1),
        (1, 0, 0),
        (0.6, 0, -0.8),
        (0.3, -0.4, 0.866),
        (1e-6, 2e-6, -1),
        (1e-13, 0, -1),
    ],
)
def test_rotation_onto_z(up):
    up = np.array(up) / np.linalg.norm(up)
    R = rotation_onto_z(up)
    np.testing.assert_allclose(R @ up, (0, 0, 1), atol=1e-9)
    np.testing.assert_allclose(R @ R.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(R) == pytest.approx(1)


def test_moving_the_origin_moves_the_points_along():
    rig, shift = ring_rig(3), np.array([100.0, -200.0, 300.0])
    np.testing.assert_allclose(
        rig.moved(shift).project(people_points() + shift)[0],
        rig.project(people_points())[0],
        atol=1e-8,
    )


def _rolled(rig, degrees):
    """Cameras turned about their optical axes."""
    cameras = []
    for camera, angle in zip(rig, degrees):
        roll = cv2.Rodrigues(np.array([0, 0, np.radians(angle)]))[0]
        cameras.append(
            dataclasses.replace(camera, R_w2c=roll @ camera.R_w2c, t_w2c=roll @ camera.t_w2c)
        )
    return CameraRig(tuple(cameras))


def test_a_level_world_is_not_turned_by_rolled_cameras():
    """As of Pose2Sim's demo: four cameras whose horizons agree within 14 degrees only."""
    rolled = _rolled(ring_rig(4), (14, 0, 6, -9))
    horizons = find_horizons(rolled)
    assert horizons.lean_degrees > 5
    assert horizons.uncertainty_degrees > horizons.lean_degrees
    assert horizons.up_or_z.tolist() == [0, 0, 1]
    grounded, _ = ground_rig(rolled)
    for before, after in zip(rolled, grounded):
        np.testing.assert_allclose(after.R_w2c, before.R_w2c, atol=1e-12)
    assert judge_orientation(rolled)[1] is None


def test_a_leaning_world_is_turned_if_the_cameras_are_level():
    lean = cv2.Rodrigues(np.array([np.radians(8), 0, 0]))[0]
    leaning = _rolled(ring_rig(5), (0.5, -0.4, 0.3, 0, -0.5)).in_world(lean)
    horizons = find_horizons(leaning)
    assert horizons.lean_degrees == pytest.approx(8, abs=0.7)
    assert horizons.uncertainty_degrees < 4
    assert horizons.up_or_z is horizons.up
    assert judge_orientation(leaning)[1].topic == 'orientation'


@pytest.mark.parametrize('seed', range(3))
def test_the_uncertainty_covers_the_error(seed):
    rng = np.random.default_rng(seed)
    inside = [find_horizons(_rolled(ring_rig(6), rng.normal(0, 2, 6))) for _ in range(100)]
    assert np.mean([h.lean_degrees <= h.uncertainty_degrees for h in inside]) > 0.95
