"""The Gaussian body: against least squares written down row by row, and on people."""

import numpy as np
import torch
from errors import fails
from model_rigs import ring

from mmpose_ours.errors import InputError
from mmpose_ours.models.association.rays import Rays, rays_of
from mmpose_ours.models.keypoint_prior import body_prior
from mmpose_ours.models.keypoint_prior.body_prior import GaussianBody
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic import PoseBank

COCO17 = SKELETONS['coco17']
MIDDLES = COCO17.index('left_knee', 'right_knee', 'left_elbow', 'right_elbow')
ENDS = ('hip', 'shoulder', 'ankle', 'wrist')
LEGS = COCO17.index('left_knee', 'right_knee', 'left_ankle', 'right_ankle')


def people(count: int, seed: int = 1) -> np.ndarray:
    """(N, 17, 3) synthetic people who turn every way, near the middle of the scene."""
    rng = np.random.default_rng(seed)
    poses = PoseBank.built_in(count, seed=seed).poses.copy()
    angle = rng.uniform(0, 2 * np.pi, count)
    c, s, zero = np.cos(angle), np.sin(angle), 0 * angle
    turn = np.stack([c, -s, zero, s, c, zero, zero, zero, zero + 1], -1).reshape(-1, 3, 3)
    poses = poses @ turn.transpose(0, 2, 1)
    poses[..., :2] += rng.uniform(-800, 800, (count, 1, 2))
    return poses


def seen(poses: np.ndarray, views: int, noise_px: float = 0.0, seed: int = 0) -> Rays:
    """The people's rays from a ring of cameras, each person by itself."""
    rig = ring(views)
    uv = rig.project(poses)[0]
    uv = uv + np.random.default_rng(seed).normal(0, noise_px, uv.shape)
    directions, weights = rays_of(rig, np.concatenate([uv, np.ones_like(uv[..., :1])], -1))
    origins = np.broadcast_to(rig.centers_w, (len(poses), views, 3)).copy()
    arrays = origins, directions.transpose(1, 0, 2, 3), weights.transpose(1, 0, 2)
    return Rays(*(torch.tensor(array).float() for array in arrays))


def fitted(rays: Rays):
    return GaussianBody(COCO17)(rays, torch.zeros(len(rays.origins)))


def errors(bodies, poses) -> torch.Tensor:
    return (bodies.poses - torch.tensor(poses).float()).norm(dim=-1)


def test_is_the_least_squares_solution(monkeypatch):
    """Rows for every ray and for the whitened mean body, solved by NumPy in double precision."""
    monkeypatch.setattr(body_prior, 'REACHES_MM', (1e6, 1e6))
    poses = people(3)
    rays = seen(poses, 3, noise_px=4.0)
    rays.weights[:, 1:, LEGS] = 0.0
    bodies = fitted(rays)
    mean, covariance = body_prior._statistics()
    white = np.linalg.cholesky(np.linalg.inv(covariance)).T
    own = rays.moved(bodies.shift, bodies.turn)
    for person in range(3):
        rows, values = [white], [white @ mean.ravel()]
        for view, joint in np.argwhere(own.weights[person].numpy() > 0):
            a = own.directions[person, view, joint].double().numpy()
            across = np.linalg.svd(a[None])[2][1:] / body_prior.RAY_SPREAD_MM[joint]
            row = np.zeros((2, 17, 3))
            row[:, joint] = across
            rows.append(row.reshape(2, 51))
            values.append(across @ own.origins[person, view].double().numpy())
        rows, values = np.concatenate(rows), np.concatenate(values)
        expected = np.linalg.lstsq(rows, values, rcond=None)[0].reshape(17, 3)
        spread = np.sqrt(np.diag(np.linalg.inv(rows.T @ rows))).reshape(17, 3)
        found = bodies.own(bodies.poses)[person].numpy()
        np.testing.assert_allclose(found, expected, atol=0.5)
        np.testing.assert_allclose(bodies.spread[person].numpy(), spread, rtol=1e-2)


def test_good_rays_are_believed():
    poses = people(20)
    error = errors(fitted(seen(poses, 5)), poses)
    assert error.mean() < 15 and error.max() < 80


def test_an_outlier_moves_nothing():
    poses = people(10)
    rays = seen(poses, 5)
    before = fitted(rays).poses
    wrist = COCO17.index('left_wrist')[0]
    rays.directions[:, 0, wrist] = rays.directions[:, 0, COCO17.index('right_ankle')[0]]
    moved = (fitted(rays).poses - before).norm(dim=-1)
    assert moved.median() < 1 and moved.amax(1).median() < 40


def test_joints_that_nobody_sees_follow_from_the_others():
    poses = people(200)
    rays = seen(poses, 4)
    rays.weights[:, :, MIDDLES] = 0.0
    bodies = fitted(rays)
    error = errors(bodies, poses)[:, MIDDLES]
    # Without a body, half way between the limb's ends is the best guess.
    ends = [COCO17.index(f'{side}_{end}') for end in ENDS for side in ('left', 'right')]
    truth = torch.tensor(poses).float()
    half_way = torch.stack([truth[:, a + b].mean(1) for a, b in zip(ends[:4], ends[4:])], 1)
    assert error.mean() < 0.7 * (half_way - truth[:, MIDDLES]).norm(dim=-1).mean()
    # And it says how sure it is: errors have about the spread that is reported.
    reported = bodies.spread[:, MIDDLES].square().sum(-1).mean().sqrt()
    assert 0.6 < error.square().mean().sqrt() / reported < 1.6
    assert bodies.spread[:, MIDDLES].mean() > 2 * bodies.spread[:, COCO17.index('left_hip')].mean()


def test_turning_and_moving_the_scene_turns_and_moves_bodies():
    poses = people(8)
    rays = seen(poses, 3, noise_px=3.0)
    angle = torch.full((8,), 2.0)
    turn, shift = body_prior.turn_to(angle), torch.tensor([[300.0, -500.0, 0.0]]).repeat(8, 1)
    moved = fitted(rays.moved(shift, turn))
    expected = (fitted(rays).poses + shift[:, None]) @ turn.transpose(1, 2)
    torch.testing.assert_close(moved.poses, expected, atol=2.0, rtol=0)


def test_one_view_gives_place_and_heading_of_most_people():
    poses = people(200)
    rays = seen(poses, 4)
    rays.weights[:, 1:] = 0.0
    bodies = fitted(rays)
    root = COCO17.index(*COCO17.root)
    away = (bodies.poses - torch.tensor(poses).float())[:, root].mean(1).norm(dim=-1)
    assert away.median() < 250
    left, right = COCO17.index('left_shoulder', 'right_shoulder')
    across = bodies.poses[:, left] - bodies.poses[:, right]
    true = torch.tensor(poses[:, left] - poses[:, right]).float()
    assert ((across * true).sum(-1) > 0).float().mean() > 0.8


def test_other_skeletons_are_refused():
    with fails(InputError, code='cannot-express', found='panoptic15', expected='coco17'):
        GaussianBody(SKELETONS['panoptic15'])
