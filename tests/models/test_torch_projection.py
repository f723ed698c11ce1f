"""The torch twin of the cameras, the heatmaps, and the votes of voxels."""

import dataclasses

import numpy as np
import pytest
import torch
from model_rigs import ring

from mmpose_ours.cameras import Camera, CameraRig, CaptureSpace
from mmpose_ours.models.heatmaps import draw_heatmaps, person_sigma
from mmpose_ours.models.projection import TorchRig, collect, sampling_grid, space_points


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
    with pytest.raises(ValueError, match=f'camera {other.name!r} has a {lens} lens.*--approximate'):
        TorchRig(rig)


def test_a_voxel_behind_a_camera_gets_no_vote():
    """The stock projection mirrors it into the image."""
    camera = Camera.looking_at('front', (0, 0, 1000), (1000, 0, 1000), 500, (640, 480))
    side = Camera.looking_at('side', (0, 5000, 1000), (0, 0, 1000), 500, (640, 480))
    behind = torch.tensor([[-1000.0, 0.0, 1000.0]])
    grid, seen = sampling_grid(TorchRig(CameraRig((camera, side))), behind, (64, 48))
    assert seen[:, 0].tolist() == [False, True]
    heatmaps = torch.stack([torch.ones(1, 48, 64), torch.zeros(1, 48, 64)])
    assert collect(heatmaps, grid, seen).item() == 0.0


def test_an_unseen_voxel_is_zero_and_chunks_do_not_matter(monkeypatch):
    rig = TorchRig(ring(3))
    points = torch.from_numpy(np.random.default_rng(1).uniform(-9000, 9000, (301, 3))).float()
    grid, seen = sampling_grid(rig, points, (80, 60))
    heatmaps = torch.rand(3, 5, 60, 80)
    whole = collect(heatmaps, grid, seen)
    assert not whole[:, ~seen.any(0)].any()
    monkeypatch.setattr('mmpose_ours.models.projection.CHUNK', 100)
    torch.testing.assert_close(collect(heatmaps, grid, seen), whole)


def test_space_points_reach_the_faces():
    space = CaptureSpace((450, -320, 800), (8000, 6000, 2000))
    points = space_points(space, (5, 4, 3))
    np.testing.assert_allclose(points[0, 0, 0], space.lower_mm)
    np.testing.assert_allclose(points[-1, -1, -1], space.upper_mm)
    np.testing.assert_allclose(points[1, 0, 0] - points[0, 0, 0], (2000, 0, 0), atol=1e-9)


def test_heatmap_peaks_stand_where_the_joints_are():
    keypoints = torch.zeros(1, 2, 3, 3)
    keypoints[0, 0] = torch.tensor([[20.0, 10, 0.9], [30, 25, 0.5], [0, 0, 0]])
    keypoints[0, 1] = torch.tensor([[60.0, 40, 0.7], [30, 25, 0.8], [0, 0, 0]])
    heatmaps = draw_heatmaps(keypoints, 1.5, (80, 60))
    assert heatmaps.shape == (1, 3, 60, 80)
    assert heatmaps[0, 0, 10, 20] == pytest.approx(0.9)
    assert heatmaps[0, 0, 40, 60] == pytest.approx(0.7)
    assert heatmaps[0, 1, 25, 30] == pytest.approx(0.8)  # the stronger of two wins
    assert not heatmaps[0, 2].any()  # score 0 draws nothing, also not at the origin
    sigma = person_sigma(keypoints[0, 0], 1.5)
    expected = 0.9 * np.exp(-0.5 * (3 / float(sigma)) ** 2)
    assert heatmaps[0, 0, 10, 23] == pytest.approx(expected, rel=1e-5)


def test_nobody_makes_empty_heatmaps():
    assert draw_heatmaps(torch.zeros(3, 0, 17, 3), 3.0, (40, 30)).shape == (3, 17, 30, 40)
