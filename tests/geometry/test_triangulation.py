"""Triangulation against points that are known, and against OpenCV's."""

import cv2
import numpy as np
import pytest

from mmpose_ours.errors import InputError
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.triangulation import triangulate
from tests.helpers.errors import fails

SIZE = (1280, 720)


def ring(count=4, dist=(-0.21, 0.17, 0.0004, -0.0007, 0.02)):
    cameras = []
    for i in range(count):
        angle = 2 * np.pi * i / count + 0.1
        center = (4000 * np.cos(angle), 4000 * np.sin(angle), 2500)
        pinhole = Camera.looking_at(f'cam{i}', center, (0, 0, 1000), 700, SIZE)
        cameras.append(Camera(f'cam{i}', pinhole.K, pinhole.R_w2c, pinhole.t_w2c, SIZE, dist))
    return CameraRig(tuple(cameras))


def people(count=200):
    return np.random.default_rng(0).uniform((-1000, -1000, 0), (1000, 1000, 2000), (count, 3))


@pytest.mark.parametrize('count', [2, 3, 8])
def test_known_points_come_back(count):
    rig, points = ring(count), people()
    xyz, error = triangulate(rig, rig.project(points)[0])
    np.testing.assert_allclose(xyz, points, atol=1e-3)
    assert error.max() < 1e-4


def test_two_views_equal_opencv():
    rig, points = ring(2 + 1, dist=()).select(['cam0', 'cam1']), people()
    P = [c.K @ np.column_stack([c.R_w2c, c.t_w2c]) for c in rig]
    uv = rig.project(points)[0]
    expected = cv2.triangulatePoints(P[0], P[1], uv[0].T, uv[1].T)
    np.testing.assert_allclose(
        triangulate(rig, uv)[0], (expected[:3] / expected[3]).T, rtol=0, atol=1e-3
    )


def test_noise_is_averaged_over_views():
    points, rng = people(), np.random.default_rng(1)
    errors = []
    for count in (3, 8):
        rig = ring(count)
        uv = rig.project(points)[0]
        xyz, error = triangulate(rig, uv + rng.normal(scale=2.0, size=uv.shape))
        errors.append(np.linalg.norm(xyz - points, axis=-1).mean())
        assert 1.0 < error.mean() < 4.0, 'pixels: near the noise put in'
    assert errors[1] < errors[0] < 30


def test_noisy_result_is_a_minimum_of_the_weighted_error():
    rig, points, rng = ring(5, dist=()), people(20), np.random.default_rng(2)
    uv = rig.project(points)[0]
    uv = uv + rng.normal(scale=3.0, size=uv.shape)
    weight = rng.uniform(0.2, 1.0, size=uv.shape[:-1])
    xyz, error = triangulate(rig, uv, weight)

    def cost(x):
        squared = ((rig.project(x)[0] - uv) ** 2).sum(-1)
        return np.sqrt((weight * squared).sum(0) / weight.sum(0))

    np.testing.assert_allclose(error, cost(xyz), atol=1e-6)
    for step in np.vstack([np.eye(3), -np.eye(3)]):
        assert (cost(xyz + step) >= error).all()


def test_weight_zero_and_nan_are_left_out():
    rig, points = ring(4), people(10)
    uv = rig.project(points)[0]
    weight = np.ones(uv.shape[:-1])
    uv[0, :5], weight[0, :5] = 9999.0, 0.0
    uv[1, 5:] = np.nan
    np.testing.assert_allclose(triangulate(rig, uv, weight)[0], points, atol=1e-3)


def test_pixels_that_no_ray_reaches_have_no_weight():
    """A lens that folds inside its image: OpenCV's ray of such a pixel is a false one."""
    rig, points = ring(4, (-0.5, 0, 0, 0)), people(10)
    uv = rig.project(points)[0]
    uv[0, :5] = (5.0, 5.0)  # a corner
    xyz, error = triangulate(rig, uv)
    np.testing.assert_allclose(xyz, points, atol=1e-2)
    uv[1:3, 0] = (5.0, 5.0)
    assert np.isnan(triangulate(rig, uv)[0][0]).all(), 'one ray is left'


def test_fewer_than_two_views_give_nan():
    rig, points = ring(3), people(4)
    uv = rig.project(points)[0]
    uv[:2, 1] = np.nan
    uv[:, 2] = np.nan
    xyz, error = triangulate(rig, uv)
    assert np.isnan(xyz[[1, 2]]).all() and np.isnan(error[[1, 2]]).all()
    np.testing.assert_allclose(xyz[[0, 3]], points[[0, 3]], atol=1e-3)


def test_shapes_are_kept():
    rig, points = ring(3), people(34).reshape(2, 17, 3)
    xyz, error = triangulate(rig, rig.project(points)[0])
    assert xyz.shape == (2, 17, 3) and error.shape == (2, 17)


def test_nobody_is_no_error():
    xyz, error = triangulate(ring(3), np.zeros((3, 0, 17, 2)))
    assert xyz.shape == (0, 17, 3) and error.shape == (0, 17)


def test_views_must_match_the_rig():
    with fails(InputError, code='wrong-shape', found=2, expected=3):
        triangulate(ring(3), np.zeros((2, 5, 2)))


def test_rays_that_meet_behind_the_cameras_are_no_point():
    """Diverging rays of two cameras side by side meet behind both, without any error."""
    left = Camera.looking_at('left', (0, 0, 1000), (0, 1000, 1000), 500, (640, 480))
    right = Camera.looking_at('right', (1000, 0, 1000), (1000, 1000, 1000), 500, (640, 480))
    uv = np.array([[[220.0, 239.5]], [[420.0, 239.5]]])
    xyz, error = triangulate(CameraRig((left, right)), uv)
    assert np.isnan(xyz).all() and np.isnan(error).all()
