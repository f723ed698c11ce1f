"""Rays: against OpenCV's projection, and their triangulation."""

import cv2
import numpy as np
import pytest
import torch
from errors import fails
from model_rigs import SPACE, batch, ring

from mmpose_ours.errors import InputError
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.triangulation import triangulate
from mmpose_ours.models.association.rays import RayPreprocessor, Rays, keypoints_to_rays


def distance(rays: Rays, points: torch.Tensor) -> torch.Tensor:
    """(V, J) distances of points (J, 3) from rays (directions (V, J, 3))."""
    away = points - rays.origins[:, None]
    along = (away * rays.directions).sum(-1, keepdim=True)
    return (away - along * rays.directions).norm(dim=-1)


def seen_by(rig: CameraRig, points: np.ndarray) -> np.ndarray:
    """Detections (V, 1, N, 3) of points (N, 3), all found."""
    uv, valid = rig.project(points)
    assert valid.all()
    return np.concatenate([uv, np.ones((*uv.shape[:2], 1))], -1)[:, None]


@pytest.fixture
def points():
    return np.random.default_rng(0).uniform((-900, -900, 200), (900, 900, 1800), (17, 3))


def test_rays_pass_through_what_opencv_projects(points):
    rig = ring(3, dist=(-0.2, 0.1, 0.002, -0.001, 0.02))
    keypoints = np.ones((3, 1, 17, 3))
    for view, camera in enumerate(rig):
        rotation = cv2.Rodrigues(camera.R_w2c)[0]
        uv = cv2.projectPoints(points, rotation, camera.t_w2c, camera.K, camera.dist)[0]
        keypoints[view, 0, :, :2] = uv[:, 0]
    directions, weights = keypoints_to_rays(rig, keypoints)
    rays = Rays(*(torch.tensor(a) for a in (rig.centers_w, directions[:, 0], weights[:, 0])))
    assert weights.all()
    np.testing.assert_allclose(np.linalg.norm(directions, axis=-1), 1)
    assert distance(rays, torch.tensor(points)).max() < 1e-3


@pytest.mark.parametrize('lens, dist', [('fisheye', (0.05, -0.01, 0, 0)), ('fov', (0.9,))])
def test_any_lens_gives_rays(points, lens, dist):
    """Also those that no model can project through in torch."""
    rig = CameraRig(
        tuple(
            Camera(c.name, c.K / [[2], [2], [1]], c.R_w2c, c.t_w2c, c.size, dist, lens)
            for c in ring(3)
        )
    )
    directions, weights = keypoints_to_rays(rig, seen_by(rig, points))
    rays = Rays(*(torch.tensor(a) for a in (rig.centers_w, directions[:, 0], weights[:, 0])))
    assert weights.all() and distance(rays, torch.tensor(points)).max() < 1e-2


def test_nothing_found_and_pixels_without_a_ray_weigh_nothing():
    rig = ring(2, dist=(-0.5, 0, 0, 0, 0))
    keypoints = np.zeros((2, 1, 2, 3))
    keypoints[:, :, 1] = 1e5, 1e5, 1
    directions, weights = keypoints_to_rays(rig, keypoints)
    assert not weights.any() and not directions.any()


def test_scores_beyond_0_to_1_are_held_there(points):
    """A weight below 0 would push joints away from a ray."""
    rig = ring(2)
    keypoints = seen_by(rig, points[:4])
    keypoints[..., 2] = -1.0, np.nan, 100.0, 0.5
    directions, weights = keypoints_to_rays(rig, keypoints)
    np.testing.assert_array_equal(weights, np.broadcast_to([0, 0, 1, 0.5], weights.shape))
    assert not directions[..., :2, :].any() and directions[..., 2:, :].any(-1).all()


def test_preprocessor_pads_rigs_and_people_of_different_number():
    data = batch([ring(3), ring(5)], people=2)
    data['inputs']['keypoints'][0] = data['inputs']['keypoints'][0][:, :1]
    rays = RayPreprocessor()(data)['inputs']['rays']
    assert rays.weights.shape == (2, 5, 2, 17) and rays.directions.shape == (2, 5, 2, 17, 3)
    assert not rays.weights[0, 3:].any() and not rays.weights[0, :, 1:].any()
    np.testing.assert_allclose(rays.origins[1], ring(5).centers_w - SPACE.center_mm, rtol=1e-5)
    second = dict(
        inputs=dict(keypoints=data['inputs']['keypoints'][1:]),
        data_samples=data['data_samples'][1:],
    )
    alone = RayPreprocessor()(second)['inputs']['rays']
    torch.testing.assert_close(rays.directions[1], alone.directions[0])


def test_preprocessor_says_what_is_missing():
    data = batch([ring(3)])
    data['inputs'] = dict(images=[torch.zeros(3, 3, 8, 8)])
    with fails(InputError, code='missing-value', found=['images'], expected='keypoints'):
        RayPreprocessor()(data)


def of_points(rig: CameraRig, points: np.ndarray, noise_px: float = 0.0) -> tuple[Rays, np.ndarray]:
    keypoints = seen_by(rig, points)
    keypoints[..., :2] += np.random.default_rng(1).normal(0, noise_px, keypoints[..., :2].shape)
    directions, weights = keypoints_to_rays(rig, keypoints)
    arrays = (rig.centers_w, directions[:, 0], weights[:, 0])
    return Rays(*(torch.tensor(array)[None] for array in arrays)), keypoints


def test_points_are_those_of_triangulation_in_the_images(points):
    rays, keypoints = of_points(ring(5), points, noise_px=2.0)
    x = rays.triangulate(torch.zeros(1, 17, 3).double(), 1e-9, scale_mm=1e6)[0].numpy()
    reference = triangulate(ring(5), keypoints[:, 0, :, :2])[0]
    # One minimises distances in 3D, the other reprojection errors.
    assert np.linalg.norm(x - reference, axis=-1).max() < 4
    error, reference_error = (np.linalg.norm(p - points, axis=-1).mean() for p in (x, reference))
    assert error < 1.1 * reference_error


def test_one_outlier_moves_nothing(points):
    rays, _ = of_points(ring(5), points)
    rays.directions[:, 2] += 0.3 * torch.randn(17, 3, generator=torch.manual_seed(0)).double()
    rays.directions[:, 2] /= rays.directions[:, 2].norm(dim=-1, keepdim=True)
    prior_mean = torch.tensor(points)[None] + 60
    assert (rays.triangulate(prior_mean, 1e-4, start=prior_mean)[0] - torch.tensor(points)).norm(
        dim=-1
    ).max() < 20
    least_squares = rays.triangulate(prior_mean, 1e-4, scale_mm=1e9)[0]
    assert (least_squares - torch.tensor(points)).norm(dim=-1).mean() > 60


def test_with_one_ray_the_prior_mean_determines_the_depth(points):
    rays, _ = of_points(ring(3), points)
    rays.weights[:, 1:] = 0
    expected = torch.tensor(points)[None] + torch.tensor([40.0, -30, 20])
    x = rays.triangulate(expected, 1e-3, start=expected)
    one = Rays(rays.origins[0], rays.directions[0], rays.weights[0])
    assert distance(one, x[0])[0].max() < 0.5
    away = expected[0] - one.origins[0]
    along = (away * one.directions[0]).sum(-1, keepdim=True) * one.directions[0]
    torch.testing.assert_close(x[0], one.origins[0] + along, atol=0.5, rtol=0)


def test_triangulation_is_differentiable(points):
    rays, _ = of_points(ring(3), points[:2])
    prior_mean = torch.tensor(points[:2])[None].add(30).requires_grad_()
    prior_weight = torch.full((2, 3), 0.5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda n, p: rays.triangulate(n, p, start=n, steps=2), (prior_mean, prior_weight)
    )


def test_transformed_rays_give_the_transformed_points(points):
    rays, _ = of_points(ring(3), points)
    rotation = torch.tensor([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]]).double()[None]
    shift = torch.tensor([[100.0, -200, 50]]).double()
    prior_mean = torch.zeros(1, 17, 3).double()
    moved = rays.transformed(shift, rotation).triangulate(prior_mean, 1e-9)
    expected = (torch.tensor(points) + shift) @ rotation[0].T
    torch.testing.assert_close(moved[0], expected, atol=1e-2, rtol=0)


@pytest.mark.parametrize('scale', ['number', 'joints', 'people'])
def test_with_and_without_gradients_the_same_points(scale):
    """Torch's operations and the compiled kernel are two implementations of one specification."""
    generator = torch.Generator().manual_seed(3)

    def random(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=generator, dtype=torch.float64)

    directions = torch.nn.functional.normalize(random(3, 4, 17, 3) - 0.5, dim=-1)
    weights = random(3, 4, 17) * (random(3, 4, 17) > 0.2)
    weights[1, 2] = 0.0
    rays = Rays(4000 * (random(3, 4, 3) - 0.5), directions, weights)
    mean, weight = 1000 * (random(3, 17, 3) - 0.5), 0.1 + random(3, 17, 1)
    scales = dict(number=150.0, joints=50 + 100 * random(17), people=50 + 100 * random(3, 1, 17))
    for start, steps in ((None, 3), (mean + 100.0, 2)):
        given = (mean, weight, start, scales[scale], steps)
        with torch.enable_grad():
            differentiable = rays.triangulate(*given)
        with torch.no_grad():
            compiled = rays.triangulate(*given)
        torch.testing.assert_close(compiled, differentiable, atol=1e-6, rtol=0)
