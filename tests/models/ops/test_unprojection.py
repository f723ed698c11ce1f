"""Feature volumes: ``embedding_bag`` on the CPU against ``grid_sample``."""

import dataclasses

import numpy as np
import pytest
import torch
from model_rigs import SPACE, ring

from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.models.ops.projection import TorchRig, box_points, space_points
from mmpose_ours.models.ops.unprojection import (
    point_samples,
    sample_heatmaps,
    sampling_grid,
    sum_samples,
)
from mmpose_ours.models.voxelpose.center import CenterDetector
from mmpose_ours.models.voxelpose.pose import PoseRegressor

SIZE = (40, 32)  # another shape than the images: letterboxed
# The cubes of somebody in the middle, at the edge of what is seen, and beyond a camera
CENTERS = torch.tensor([[0.0, 0, 900], [3000, -2500, 800], [6000, 2000, 2500]])


def fisheyes(rig, count):
    cameras = [
        dataclasses.replace(camera, dist=(-0.02, 0.01, 0.003, -0.001), lens='fisheye')
        for camera in rig.cameras[:count]
    ]
    return CameraRig((*cameras, *rig.cameras[count:]))


RIGS = dict(
    pinhole=ring(4, ()), opencv=ring(4), fisheye=fisheyes(ring(4), 4), mixed=fisheyes(ring(4), 2)
)


def smooth_heatmaps(views, dtype=torch.float32):
    noise = torch.rand(views, 3, SIZE[1], SIZE[0], dtype=dtype)
    return torch.nn.functional.avg_pool2d(noise, 5, stride=1, padding=2)


def sampled(heatmaps, rig, points):
    """The oracle, in double precision: (J, N), and which points no image's border decides."""
    twin = TorchRig(rig, dtype=torch.float64)
    points = points.double().reshape(-1, 3)
    uv, valid = twin.project(points)
    border = torch.minimum(uv.abs(), (uv - twin.size[:, None]).abs()).amin(-1)
    clear = ((border > 0.01) | ~valid).all(0)
    grid, seen = sampling_grid(twin, points, SIZE)
    assert 0.1 < seen.double().mean() < 1
    return sample_heatmaps(heatmaps.double(), grid, seen), clear


def assert_same_volumes(volume, expected, clear):
    difference = (volume.reshape(expected.shape) - expected).abs() * clear
    assert difference.max() < 1e-5 and expected.max() > 0.3 and clear.double().mean() > 0.99


@pytest.mark.parametrize('name', RIGS)
def test_the_space_collects_what_grid_sample_finds(name):
    detector = CenterDetector(3, (16, 16, 8), SIZE, channels=(1,) * 4)
    heatmaps = smooth_heatmaps(4)
    space = dataclasses.replace(SPACE, size_mm=(9500, 9500, 2400))  # reaches behind the cameras
    expected, clear = sampled(heatmaps, RIGS[name], space_points(space, detector.bins))
    for _ in range(2):  # anew, and with what was kept
        assert_same_volumes(detector.volume(heatmaps, RIGS[name], space), expected, clear)


@pytest.mark.parametrize('name', RIGS)
def test_cubes_collect_what_grid_sample_finds(name, monkeypatch):
    regressor = PoseRegressor(3, (8, 12, 16), 2000.0, SIZE, channels=(1,) * 4)
    heatmaps, rig = smooth_heatmaps(4), TorchRig(RIGS[name])
    points = box_points(CENTERS, torch.full((3,), 2000.0), regressor.bins)
    expected, clear = sampled(heatmaps, RIGS[name], points)
    volumes = regressor.volumes(heatmaps, rig, CENTERS)
    assert_same_volumes(volumes.transpose(0, 1), expected, clear)
    assert volumes.is_contiguous(memory_format=torch.channels_last_3d)
    monkeypatch.setattr('mmpose_ours.models.ops.unprojection.CPU_CHUNK', 4000)
    torch.testing.assert_close(regressor.volumes(heatmaps, rig, CENTERS), volumes)
    with torch.autocast('cpu', torch.bfloat16):
        torch.testing.assert_close(regressor.volumes(heatmaps, rig, CENTERS), volumes)
    assert regressor.volumes(heatmaps, rig, CENTERS[:0]).shape == (0, 3, 8, 12, 16)


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_gradients_reach_the_heatmaps(dtype):
    """A 2D network may learn from volumes."""
    regressor = PoseRegressor(3, (8, 8, 8), 2000.0, SIZE, channels=(1,) * 4)
    detector = CenterDetector(3, (8, 8, 4), SIZE, channels=(1,) * 4)
    rig = RIGS['opencv']
    first = smooth_heatmaps(4).to(dtype).requires_grad_()
    second = first.detach().double().requires_grad_()
    cubes = regressor.volumes(first, TorchRig(rig), CENTERS[:1])
    whole = detector.volume(first, rig, SPACE)
    both = torch.cat([cubes[0].flatten(1), whole.flatten(1)], dim=1)
    points = torch.cat(
        [
            box_points(CENTERS[0].double(), torch.full((3,), 2000.0), (8, 8, 8)).view(-1, 3),
            space_points(SPACE, (8, 8, 4)).view(-1, 3),
        ]
    )
    expected, clear = sampled(second, rig, points)
    weight = torch.rand(expected.shape) * clear
    (both * weight).sum().backward()
    (expected * weight).sum().backward()
    tolerance = dict(atol=1e-4, rtol=1e-4) if dtype == torch.float32 else dict(atol=0.1, rtol=0.02)
    torch.testing.assert_close(first.grad.double(), second.grad, **tolerance)


def test_what_is_not_a_probability_is_held():
    """A 2D network's output may leave the range of 0 to 1."""
    detector = CenterDetector(3, (8, 8, 4), SIZE, channels=(1,) * 4)
    heatmaps = torch.rand(4, 3, SIZE[1], SIZE[0]) * 4 - 1
    volume = detector.volume(heatmaps, RIGS['pinhole'], SPACE)
    assert volume.min() == 0 and volume.max() == 1


def test_only_the_last_rigs_are_kept():
    detector = CenterDetector(3, (8, 8, 4), SIZE, channels=(1,) * 4)
    for views in range(2, 9):
        detector.volume(smooth_heatmaps(views), ring(views), SPACE)
    assert len(detector._sampling) == 4


def test_a_voxel_behind_a_camera_gets_no_value():
    """The stock projection mirrors it into the image."""
    camera = Camera.looking_at('front', (0, 0, 1000), (1000, 0, 1000), 500, (640, 480))
    side = Camera.looking_at('side', (0, 5000, 1000), (0, 0, 1000), 500, (640, 480))
    behind = torch.tensor([[-1000.0, 0.0, 1000.0]])
    grid, seen = sampling_grid(TorchRig(CameraRig((camera, side))), behind, (64, 48))
    assert seen[:, 0].tolist() == [False, True]
    heatmaps = torch.stack([torch.ones(1, 48, 64), torch.zeros(1, 48, 64)])
    assert sample_heatmaps(heatmaps, grid, seen).item() == 0.0
    samples = point_samples(TorchRig(CameraRig((camera, side))), behind, (64, 48))
    assert sum_samples(heatmaps, samples, 1).item() == 0.0


def test_an_unseen_voxel_is_zero_and_chunks_do_not_matter(monkeypatch):
    rig = TorchRig(ring(3))
    points = torch.from_numpy(np.random.default_rng(1).uniform(-9000, 9000, (301, 3))).float()
    grid, seen = sampling_grid(rig, points, (80, 60))
    heatmaps = torch.rand(3, 5, 60, 80)
    whole = sample_heatmaps(heatmaps, grid, seen)
    assert not whole[:, ~seen.any(0)].any()
    monkeypatch.setattr('mmpose_ours.models.ops.unprojection.GPU_CHUNK', 100)
    torch.testing.assert_close(sample_heatmaps(heatmaps, grid, seen), whole)
