"""Triangulation and the body prior, against closed forms and SciPy's minimisers."""

import numpy as np
import pytest
from scipy.optimize import minimize

from mmpose_ours.kernels.body import energies, map_poses
from mmpose_ours.kernels.constants import POINTS_PER_LIMB, RAY_TO_LIMB_LIMIT_MM
from mmpose_ours.kernels.person_frame import person_frames
from mmpose_ours.kernels.suppression import points_of_limbs, ray_to_limb_distance, suppress
from mmpose_ours.kernels.triangulation import (
    joint_distances2,
    triangulate,
    triangulate_weakly,
    triangulated_std,
)

SIDES = np.array([0, 1, 2, 3])  # shoulders and hips of a made-up skeleton of six joints


def scene(seed: int, people: int = 3, views: int = 4, joints: int = 6, noise: float = 0.01):
    """True joints (N, J, 3) in mm and noisy rays of one frame; detections in another order."""
    rng = np.random.default_rng(seed)
    points = rng.normal(0, 300, (people, joints, 3)) + rng.normal(0, 800, (people, 1, 3))
    angle = 2 * np.pi * np.arange(views) / views
    origins = np.stack([5000 * np.cos(angle), 5000 * np.sin(angle), 0 * angle + 1500], -1)
    groups = np.stack([rng.permutation(people) for _ in range(views)], 1)
    directions = np.zeros((1, views, people, joints, 3))
    weights = rng.uniform(0.3, 1.0, directions.shape[:-1])
    for person in range(people):
        for view, detection in enumerate(groups[person]):
            ray = points[person] - origins[view]
            ray /= np.linalg.norm(ray, axis=-1, keepdims=True)
            ray += rng.normal(0, noise, ray.shape)
            directions[0, view, detection] = ray / np.linalg.norm(ray, axis=-1, keepdims=True)
    weights[0, 0, :, 2] = 0.0  # the first view shows no left hip
    return points, (origins[None], directions, weights), np.zeros(people, np.int64), groups


def distances2(rays, group, points) -> np.ndarray:
    """(V, J) squared distances of points (J, 3) from the lines of a person's rays."""
    origins, directions, _ = rays
    own = directions[0, np.arange(len(group)), group]
    offset = points - origins[0][:, None]
    return np.square(np.cross(offset, own)).sum(-1)


def own_weights(rays, group) -> np.ndarray:
    return rays[2][0, np.arange(len(group)), group]


@pytest.mark.parametrize('seed', range(3))
def test_one_step_is_the_closed_form(seed):
    _, rays, frame, groups = scene(seed)
    mean, precision = np.full((3, 6, 3), 50.0), np.full((3, 6), 0.3)
    nan, scale = np.full((3, 6, 3), np.nan), np.full((3, 6), 100.0)
    found = triangulate(*rays, frame, groups, mean, precision, nan, scale, 1)
    for person in range(3):
        for joint in range(6):
            rows, values = [np.sqrt(0.3) * np.eye(3)], [np.full(3, np.sqrt(0.3) * 50.0)]
            for view, detection in enumerate(groups[person]):
                a = rays[1][0, view, detection, joint]
                root = np.sqrt(rays[2][0, view, detection, joint])
                across = root * np.linalg.svd(a[None])[2][1:]
                rows.append(across)
                values.append(across @ rays[0][0, view])
            best = np.linalg.lstsq(np.concatenate(rows), np.concatenate(values), rcond=None)[0]
            np.testing.assert_allclose(found[person, joint], best, atol=1e-6)


@pytest.mark.parametrize('seed', range(3))
def test_many_steps_minimise_the_geman_mcclure_cost(seed):
    points, rays, frame, groups = scene(seed)
    mean, precision = points + 30.0, np.full((3, 6), 0.2)
    scale = np.full((3, 6), 120.0)
    found = triangulate(*rays, frame, groups, mean, precision, points.copy(), scale, 300)
    for person in range(3):

        def cost(x, person=person):
            x = x.reshape(6, 3)
            d2 = distances2(rays, groups[person], x)
            robust = own_weights(rays, groups[person]) * d2 / (1 + d2 / 120.0**2)
            return robust.sum() + 0.2 * np.square(x - mean[person]).sum()

        best = minimize(cost, points[person].ravel(), method='BFGS', options=dict(gtol=1e-4))
        np.testing.assert_allclose(found[person].ravel(), best.x, atol=0.05)


def test_a_ray_far_off_does_not_move_a_joint():
    points, rays, frame, groups = scene(0, noise=0.0)
    rays[1][0, 1, groups[0, 1], 4] = rays[1][0, 1, groups[0, 1], 5]
    found, known = triangulate_weakly(rays, frame, groups)
    assert known.all()
    # A cost of far-off rays is bounded, not 0: three of four rays pull back.
    assert np.linalg.norm(found - points, axis=-1).max() < 15


def prior(seed: int, joints: int = 6):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(3 * joints, 3 * joints)) / 150
    mean, precision = rng.normal(0, 300, (joints, 3)), root @ root.T
    return mean, precision, precision @ mean.ravel(), rng.uniform(1, 3, joints) / 1000, SIDES


def cost_of_pose(x, rays, group, body, shift, rotation, scale) -> float:
    """Energy of a pose, written down again in NumPy."""
    points = x.reshape(-1, 3)
    d2 = distances2(rays, group, points)
    offset = ((points + shift) @ rotation.T - body[0]).ravel()
    rays_cost = (own_weights(rays, group) * body[3] * d2 / (1 + d2 / scale**2)).sum()
    return 0.5 * (rays_cost + offset @ body[1] @ offset)


@pytest.mark.parametrize('seed', range(3))
def test_map_poses_minimise_the_energy(seed):
    points, rays, frame, groups = scene(seed)
    body, known = prior(seed), np.ones((3, 6), bool)
    shift, rotation = person_frames(points, known, np.zeros(3), SIDES)
    nothing = np.zeros((3, 6, 3)), np.zeros((3, 6))
    poses, std = map_poses(
        *rays, frame, groups, body, shift, rotation, points.copy(), np.full(300, 200.0), *nothing,
        True,
    )  # fmt: skip
    energy = energies(*rays, frame, groups, body, poses, shift, rotation, 200.0)
    assert (std >= 1.0).all()
    for person in range(3):
        given = rays, groups[person], body, shift[person], rotation[person], 200.0
        assert energy[person] == pytest.approx(cost_of_pose(poses[person].ravel(), *given))

        def gradient(x, *given):
            steps = 1e-2 * np.eye(len(x))
            return np.array(
                [(cost_of_pose(x + s, *given) - cost_of_pose(x - s, *given)) / 2e-2 for s in steps]
            )

        start = poses[person].ravel() + 3.0
        best = minimize(cost_of_pose, start, given, jac=gradient, options=dict(gtol=1e-8))
        np.testing.assert_allclose(poses[person].ravel(), best.x, atol=0.05)


def test_without_robust_weights_standard_deviations_are_those_of_least_squares():
    points, rays, frame, groups = scene(5)
    body, known = prior(5), np.ones((3, 6), bool)
    shift, rotation = person_frames(points, known, np.zeros(3), SIDES)
    second = points + 10.0, np.full((3, 6), 2e-4)
    nan = np.full(points.shape, np.nan)
    poses, std = map_poses(
        *rays, frame, groups, body, shift, rotation, nan, np.full(1, 1e9), *second, True
    )
    for person in range(3):
        rows = [np.linalg.cholesky(body[1]).T, np.sqrt(2e-4) * np.eye(18)]
        own = (second[0][person] + shift[person]) @ rotation[person].T
        values = [rows[0] @ body[0].ravel(), rows[1] @ own.ravel()]
        for view, detection in enumerate(groups[person]):
            origin = rotation[person] @ (rays[0][0, view] + shift[person])
            for joint in range(6):
                a = rotation[person] @ rays[1][0, view, detection, joint]
                weight = rays[2][0, view, detection, joint] * body[3][joint]
                row = np.zeros((2, 6, 3))
                row[:, joint] = np.sqrt(weight) * np.linalg.svd(a[None])[2][1:]
                rows.append(row.reshape(2, 18))
                values.append(row[:, joint] @ origin)
        system = np.concatenate(rows)
        best = np.linalg.lstsq(system, np.concatenate(values), rcond=None)[0].reshape(6, 3)
        in_frame = (poses[person] + shift[person]) @ rotation[person].T
        np.testing.assert_allclose(in_frame, best, atol=1e-3)
        covariance = np.linalg.inv(system.T @ system)
        expected = np.sqrt(np.diag(covariance).clip(1.0)).reshape(6, 3)
        np.testing.assert_allclose(std[person], expected, rtol=1e-5)


def test_person_frames_of_people_who_stand_and_who_lie():
    standing = np.array(
        [[200, 0, 1400], [-200, 0, 1400], [120, 0, 900], [-120, 0, 900], [0, -90, 1600],
         [0, 0, 100]], float,
    )  # fmt: skip
    tip = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], float)  # backwards, onto the floor
    poses = np.stack([standing + [700, 300, 0], standing @ tip.T])
    shift, rotation = person_frames(poses, np.ones((2, 6), bool), np.array([5.0, 5.0]), SIDES)
    np.testing.assert_allclose(shift[0], [-700, -300, 5])
    for n in range(2):
        np.testing.assert_allclose(rotation[n] @ rotation[n].T, np.eye(3), atol=1e-12)
        assert np.linalg.det(rotation[n]) == pytest.approx(1)
        own = (poses[n] + shift[n]) @ rotation[n].T
        assert own[0, 0] > own[1, 0] + 300 and own[0, 2] > own[2, 2] + 400  # left, and up
        np.testing.assert_allclose(own[2:4, 1], 0.0, atol=1e-9)


@pytest.mark.parametrize('seed', range(2))
def test_distances_from_limbs_are_the_least_over_their_points(seed):
    points, (origins, directions, weights), _, groups = scene(seed, noise=0.03)
    own = [part[0, np.arange(4), groups] for part in (directions, weights)]
    rays = np.repeat(origins, 3, axis=0), *own
    rays[1][0, 1] *= -1  # a person behind a camera
    limbs = np.array([[0, 1], [0, 2], [4, 5]])
    found = np.zeros((3, 3))
    for n, m in np.ndindex(3, 3):
        on_limbs, center = np.empty((3 * POINTS_PER_LIMB, 3)), np.empty(3)
        of_limbs = on_limbs, center, points_of_limbs(points[m], limbs, on_limbs, center)
        own = (part[n] for part in rays)
        found[n, m] = ray_to_limb_distance(*own, *of_limbs, np.inf)
        ends = points[m][limbs]
        share = np.linspace(0, 1, POINTS_PER_LIMB)[:, None, None]
        on_limbs = (ends[:, 0] * (1 - share) + ends[:, 1] * share).reshape(-1, 3)
        distances = [RAY_TO_LIMB_LIMIT_MM]
        for v, j in np.argwhere(rays[2][n] > 0):
            offset, a = on_limbs - rays[0][n, v], rays[1][n, v, j]
            foot = np.maximum(offset @ a, 0.0)[:, None] * a
            nearest = np.linalg.norm(offset - foot, axis=-1).min()
            distances.append(min(nearest, RAY_TO_LIMB_LIMIT_MM))
        assert found[n, m] == pytest.approx(np.mean(distances))
    # A pose is kept unless its rays pass close to the limbs of one that is kept before it.
    for limit in np.sort(found.ravel())[::2] + 0.01:
        kept = [0]
        for n in (1, 2):
            if (found[n, kept] > limit).all():
                kept.append(n)
        assert suppress(*rays, points, limbs, limit).tolist() == kept


def test_distances_and_deviations_of_triangulated_joints():
    """Against cross products, and against the inverse of the matrix of the normal equations."""
    points, rays, frame, groups = scene(4)
    own = [part[0, np.arange(4), groups] for part in rays[1:]]
    origins = np.repeat(rays[0], 3, axis=0)
    distance2 = joint_distances2(origins, own[0], points)
    for n in range(3):
        np.testing.assert_allclose(distance2[n], distances2(rays, groups[n], points[n]), rtol=1e-6)
    precision, scale = np.full((3, 6), 0.02), np.full((3, 6), 50.0)
    weights = 0.01 * own[1]
    found = triangulated_std(origins, own[0], weights, points, precision, scale)
    for n, j in np.ndindex(3, 6):
        a = own[0][n, :, j]
        robust = weights[n, :, j] / (1 + distance2[n, :, j] / 50.0**2) ** 2
        across = np.eye(3) - a[:, :, None] * a[:, None]
        matrix = 0.02 * np.eye(3) + (robust[:, None, None] * across).sum(0)
        variance = np.diag(np.linalg.inv(matrix)).mean()
        assert found[n, j] == pytest.approx(np.sqrt(variance))
