"""Robust joints of parts, against brute force in NumPy and SciPy's robust minimiser."""

import itertools

import numpy as np
import pytest
from scipy.optimize import minimize

from mmpose_ours.kernels.constants import INLIER_STDS, PART_SCALE_STDS
from mmpose_ours.kernels.parts import agreeing, equations_of_parts, robust_points

VIEWS, JOINTS, STD_MM = 5, 6, 8.0


def scene(seed, noise_mm=5.0):
    """True joints of two parts, their rays, and which view is wrong in the second part."""
    rng = np.random.default_rng(seed)
    true = rng.normal(0, 80, (2, JOINTS, 3)) + rng.normal(0, 500, (2, 1, 3))
    angle = 2 * np.pi * np.arange(VIEWS) / VIEWS + rng.uniform(0, 1)
    origins = np.stack([4000 * np.cos(angle), 4000 * np.sin(angle), 0 * angle + 1500], -1)
    aims = true[:, None] + rng.normal(0, noise_mm, (2, VIEWS, JOINTS, 3))
    wrong = int(rng.integers(VIEWS))
    aims[1, wrong] += (0, 0, 400)  # another hand, in all joints
    directions = aims - origins[:, None]
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    weights = rng.uniform(0.4, 1.0, (2, VIEWS, JOINTS))
    weights[0, 2:, 0] = 0.0  # two views show this joint,
    weights[0, 1:, 1] = 0.0  # one this
    return true, (origins, directions, weights), wrong


def found_in(rays, true, reach_mm=500.0):
    std, reach = np.full(2, STD_MM), np.full((2, JOINTS), reach_mm)
    return robust_points(*rays, std, true.mean(1, keepdims=True), reach)


def across2(rays, n, j, x):
    """(V,) squared distances of a point from the rays of a joint."""
    away = x - rays[0]
    return np.square(np.cross(away, rays[1][n, :, j])).sum(-1)


@pytest.mark.parametrize('seed', range(3))
def test_joints_minimise_the_robust_cost(seed):
    true, rays, wrong = scene(seed)
    xyz, covariance, std = found_in(rays, true)
    missing = np.zeros((2, JOINTS), bool)
    missing[0, 1] = True
    np.testing.assert_array_equal(np.isnan(xyz).all(-1), missing)
    for n, j in itertools.product(range(2), range(JOINTS)):
        if missing[n, j]:
            continue
        own = rays[2][n, :, j].copy()
        if n == 1:
            own[wrong] = 0.0  # a view that agrees on none of the joints takes no part

        def cost(x, n=n, j=j, own=own):
            scaled = across2(rays, n, j, x) / (PART_SCALE_STDS * STD_MM) ** 2
            return (own * scaled / (1 + scaled)).sum()

        best = minimize(cost, true[n, j], method='Nelder-Mead', options=dict(xatol=1e-4))
        # A few IRLS steps come close to the minimum, and views are trusted by how often they agree.
        assert np.linalg.norm(xyz[n, j] - best.x) < 2.0
        assert np.linalg.norm(xyz[n, j] - true[n, j]) < 25
    assert (std > 2).all() and (std < 12).all()
    assert (np.linalg.eigvalsh(covariance[~missing]) > 0).all()


def test_which_rays_agree():
    true, rays, wrong = scene(1)
    inlier = agreeing(*rays, true, np.full(2, STD_MM))
    for n, v, j in itertools.product(range(2), range(VIEWS), range(JOINTS)):
        near = across2(rays, n, j, true[n, j])[v] < (INLIER_STDS * STD_MM) ** 2
        assert inlier[n, v, j] == (near and rays[2][n, v, j] > 0)
    assert not inlier[1, wrong].any() and inlier[1].any()


def test_what_is_out_of_reach_or_behind_the_cameras_is_missing():
    true, rays, _ = scene(2)
    away = true + (5000.0, 0, 0)
    assert np.isnan(found_in(rays, away)[0]).all()
    assert np.isfinite(found_in(rays, away, 2e4)[0][1]).all()
    behind = rays[0], -rays[1], rays[2]
    assert np.isnan(found_in(behind, true)[0]).all()
    nowhere = np.full((2, 1, 3), np.nan)  # without an anchor nothing is out of reach
    std, reach = np.full(2, STD_MM), np.zeros((2, JOINTS))
    assert np.isfinite(robust_points(*rays, std, nowhere, reach)[0][1]).all()


def test_equations_are_those_of_weighted_least_squares():
    true, rays, _ = scene(3)
    true[0, 2] = np.nan
    A, b = equations_of_parts(*rays, true, STD_MM, np.array([4.0, 9.0]))
    assert not A[0, 2].any() and not b[0, 2].any()
    for n, j in ((0, 0), (1, 4)):
        scaled = across2(rays, n, j, true[n, j]) / (PART_SCALE_STDS * STD_MM) ** 2
        weight = rays[2][n, :, j] / (1 + scaled) ** 2 / (4.0, 9.0)[n]
        a = rays[1][n, :, j]
        across = np.eye(3) - a[:, :, None] * a[:, None]
        np.testing.assert_allclose(A[n, j], (weight[:, None, None] * across).sum(0))
        expected = (weight[:, None] * (across @ rays[0][..., None])[..., 0]).sum(0)
        np.testing.assert_allclose(b[n, j], expected, atol=1e-9 * np.abs(expected).max())
