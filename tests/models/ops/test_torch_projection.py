"""The torch twin of the cameras."""

import dataclasses

import numpy as np
import pytest
import torch
from errors import fails
from model_rigs import ring

from mmpose_ours.errors import InputError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.models.ops.projection import TorchRig, space_points


@pytest.mark.parametrize('count', [0, 4, 5, 8])
def test_twin_equals_the_cameras(count):
    dist = np.array([-0.1, 0.05, 0.001, -0.0005, 0.01, 0.02, -0.01, 0.005])[:count]
    rig = ring(4, dist)
    points = np.random.default_rng(0).uniform(-6000, 6000, (500, 3))
    uv, valid = rig.project(points)
    twin_uv, twin_valid = TorchRig(rig, dtype=torch.float64).project(torch.from_numpy(points))
    np.testing.assert_array_equal(twin_valid.numpy(), valid)
    assert 0.2 < valid.mean() < 0.98  # points behind cameras are among them
    np.testing.assert_allclose(twin_uv.numpy()[valid], uv[valid], atol=1e-6)
    assert not twin_uv.numpy()[~valid].any()


def test_twin_equals_the_cameras_through_a_fisheye():
    fisheye, pinhole = ring(4), ring(4, np.array([-0.1, 0.05, 0.001, -0.0005]))
    cameras = [
        dataclasses.replace(camera, dist=(-0.02, 0.01, 0.003, -0.001), lens='fisheye')
        for camera in fisheye.cameras[:2]
    ]
    rig = CameraRig((*cameras, *pinhole.cameras[2:]))  # one rig may have both
    points = np.random.default_rng(0).uniform(-6000, 6000, (500, 3))
    uv, valid = rig.project(points)
    twin_uv, twin_valid = TorchRig(rig, dtype=torch.float64).project(torch.from_numpy(points))
    np.testing.assert_array_equal(twin_valid.numpy(), valid)
    assert 0.2 < valid.mean() < 0.98
    np.testing.assert_allclose(twin_uv.numpy()[valid], uv[valid], atol=1e-6)


@pytest.mark.parametrize(
    ('lens', 'dist'), [('fov', (0.8,)), ('eucm', (0.6, 1.1)), ('opencv', (0,) * 8 + (0.1, 0, 0, 0))]
)
def test_lenses_without_a_twin_are_refused(lens, dist):
    good, other = ring(2)
    rig = CameraRig((good, dataclasses.replace(other, dist=dist, lens=lens)))
    found = dict(lens=lens, dist=list(dist))
    with fails(InputError, code='cannot-express', camera=other.name, found=found):
        TorchRig(rig)


def test_cameras_without_an_image_size_are_refused():
    good, other = ring(2)
    rig = CameraRig((good, dataclasses.replace(other, size=None)))
    with fails(InputError, code='missing-value', camera=other.name):
        TorchRig(rig)


def test_space_points_reach_the_faces():
    space = CaptureVolume((450, -320, 800), (8000, 6000, 2000))
    points = space_points(space, (5, 4, 3))
    np.testing.assert_allclose(points[0, 0, 0], space.lower_mm)
    np.testing.assert_allclose(points[-1, -1, -1], space.upper_mm)
    np.testing.assert_allclose(points[1, 0, 0] - points[0, 0, 0], (2000, 0, 0), atol=1e-9)


def test_autocast_leaves_places_alone():
    rig, points = TorchRig(ring(3)), torch.rand(50, 3) * 2000
    expected, _ = rig.project(points)
    with torch.autocast('cpu', torch.bfloat16):
        uv, _ = rig.project(points)
    torch.testing.assert_close(uv, expected, rtol=0, atol=0)
