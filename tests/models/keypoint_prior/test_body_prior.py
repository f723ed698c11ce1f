"""The Gaussian body: against least squares written down row by row, and on people."""

import numpy as np
import torch
from errors import fails
from model_rigs import ring

from mmpose_ours.errors import InputError
from mmpose_ours.models.association.rays import Rays, keypoints_to_rays
from mmpose_ours.models.keypoint_prior import body_prior
from mmpose_ours.models.keypoint_prior.body_prior import GaussianBody
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic import PoseBank, built_in_poses
from mmpose_ours.synthetic.poses.whole_body import bodies_in

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
    directions, weights = keypoints_to_rays(
        rig, np.concatenate([uv, np.ones_like(uv[..., :1])], -1)
    )
    origins = np.broadcast_to(rig.centers_w, (len(poses), views, 3)).copy()
    arrays = origins, directions.transpose(1, 0, 2, 3), weights.transpose(1, 0, 2)
    return Rays(*(torch.tensor(array).float() for array in arrays))


def fitted(rays: Rays):
    return GaussianBody(COCO17)(rays, torch.zeros(len(rays.origins)))


def errors(estimates, poses) -> torch.Tensor:
    return (estimates.poses - torch.tensor(poses).float()).norm(dim=-1)


def test_is_the_least_squares_solution(monkeypatch):
    """Rows for every ray and for the whitened mean body, solved by NumPy in double precision."""
    monkeypatch.setattr(body_prior, 'SCALES_MM', (1e6, 1e6))
    poses = people(3)
    rays = seen(poses, 3, noise_px=4.0)
    rays.weights[:, 1:, LEGS] = 0.0
    estimates = fitted(rays)
    mean, covariance = body_prior._prior_mean_and_covariance()
    white = np.linalg.cholesky(np.linalg.inv(covariance)).T
    own = rays.transformed(estimates.shift, estimates.rotation)
    for person in range(3):
        rows, values = [white], [white @ mean.ravel()]
        for view, joint in np.argwhere(own.weights[person].numpy() > 0):
            a = own.directions[person, view, joint].double().numpy()
            across = np.linalg.svd(a[None])[2][1:] / body_prior.ray_std_of(COCO17)[joint]
            row = np.zeros((2, 17, 3))
            row[:, joint] = across
            rows.append(row.reshape(2, 51))
            values.append(across @ own.origins[person, view].double().numpy())
        rows, values = np.concatenate(rows), np.concatenate(values)
        expected = np.linalg.lstsq(rows, values, rcond=None)[0].reshape(17, 3)
        std = np.sqrt(np.diag(np.linalg.inv(rows.T @ rows))).reshape(17, 3)
        found = estimates.to_person_frame(estimates.poses)[person].numpy()
        np.testing.assert_allclose(found, expected, atol=0.5)
        np.testing.assert_allclose(estimates.std[person].numpy(), std, rtol=1e-2)


def test_with_many_rays_the_prior_hardly_matters():
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


def test_joints_without_rays_follow_from_the_others():
    poses = people(200)
    rays = seen(poses, 4)
    rays.weights[:, :, MIDDLES] = 0.0
    estimates = fitted(rays)
    error = errors(estimates, poses)[:, MIDDLES]
    # Without a prior, half way between the limb's ends is the best guess.
    ends = [COCO17.index(f'{side}_{end}') for end in ENDS for side in ('left', 'right')]
    truth = torch.tensor(poses).float()
    half_way = torch.stack([truth[:, a + b].mean(1) for a, b in zip(ends[:4], ends[4:])], 1)
    assert error.mean() < 0.7 * (half_way - truth[:, MIDDLES]).norm(dim=-1).mean()
    # The errors have about the standard deviation that is reported.
    reported = estimates.std[:, MIDDLES].square().sum(-1).mean().sqrt()
    assert 0.6 < error.square().mean().sqrt() / reported < 1.6
    assert estimates.std[:, MIDDLES].mean() > 2 * estimates.std[:, COCO17.index('left_hip')].mean()


def test_a_rigid_transform_of_the_rays_transforms_the_poses():
    poses = people(8)
    rays = seen(poses, 3, noise_px=3.0)
    angle = torch.full((8,), 2.0)
    rotation, shift = (
        body_prior.rotation_from_heading(angle),
        torch.tensor([[300.0, -500.0, 0.0]]).repeat(8, 1),
    )
    moved = fitted(rays.transformed(shift, rotation))
    expected = (fitted(rays).poses + shift[:, None]) @ rotation.transpose(1, 2)
    torch.testing.assert_close(moved.poses, expected, atol=2.0, rtol=0)


def test_one_view_gives_place_and_heading_of_most_people():
    poses = people(200)
    rays = seen(poses, 4)
    rays.weights[:, 1:] = 0.0
    estimates = fitted(rays)
    root = COCO17.index(*COCO17.root)
    away = (estimates.poses - torch.tensor(poses).float())[:, root].mean(1).norm(dim=-1)
    assert away.median() < 250
    left, right = COCO17.index('left_shoulder', 'right_shoulder')
    across = estimates.poses[:, left] - estimates.poses[:, right]
    true = torch.tensor(poses[:, left] - poses[:, right]).float()
    assert ((across * true).sum(-1) > 0).float().mean() > 0.8


def test_joints_that_the_built_in_body_lacks_are_refused():
    with fails(InputError, code='cannot-express') as caught:
        GaussianBody(SKELETONS['kinect25'])
    assert {'spine_mid', 'left_hand_tip'} <= set(caught.value.found)


def test_the_body_of_another_skeleton_is_that_of_coco_where_both_have_joints():
    halpe = SKELETONS['halpe26']
    mean, covariance = body_prior._prior_mean_and_covariance('halpe26')
    of_coco, coco_covariance = body_prior._prior_mean_and_covariance()
    np.testing.assert_allclose(mean[:17], of_coco, atol=1e-6)
    np.testing.assert_allclose(covariance[:51, :51], coco_covariance, rtol=1e-6, atol=1e-3)
    # The middle of the hips has less noise of its own than JOINT_STD_MM allows each hip.
    hips = halpe.index('mid_hip', 'left_hip', 'right_hip')
    np.testing.assert_allclose(mean[hips[0]], mean[hips[1:]].mean(0), atol=1e-6)
    # Toes are in front of the ankles (the person's back is +y), heels behind; below them all.
    ankle, toe, heel = halpe.index('left_ankle', 'left_big_toe', 'left_heel')
    assert mean[toe, 1] < mean[ankle, 1] - 100 and mean[heel, 1] > mean[ankle, 1] + 10
    assert max(mean[toe, 2], mean[heel, 2]) < mean[ankle, 2] - 30


def test_feet_that_one_view_or_none_shows_have_honest_standard_deviations():
    halpe = SKELETONS['halpe26']
    rng = np.random.default_rng(5)
    poses = bodies_in(halpe, built_in_poses(60, np.random.default_rng(9)), rng)
    feet = halpe.index(*(joint for joint in halpe.joints if 'toe' in joint or 'heel' in joint))
    errors, stds = {}, {}
    for shown in (0, 1, 3):
        rays = seen(poses, 3, noise_px=2.0)
        rays.weights[:, shown:, feet] = 0.0
        found = GaussianBody(halpe)(rays, torch.zeros(len(rays.origins)))
        offset = (found.poses - torch.tensor(poses).float())[:, feet]
        errors[shown] = offset.square().mean().sqrt().item()
        stds[shown] = found.std[:, feet].square().mean().sqrt().item()
    assert errors[3] < errors[1] < errors[0] < 60.0
    assert stds[3] < stds[1] < stds[0]
    for shown in (0, 1):
        assert 0.45 < errors[shown] / stds[shown] < 1.2
