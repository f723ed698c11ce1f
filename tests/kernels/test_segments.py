"""Joints with lengths of segments, against dense linear algebra and SciPy's minimiser."""

import numpy as np
import pytest
from scipy.optimize import least_squares

from mmpose_ours.kernels.constants import LENGTH_STIFFNESS
from mmpose_ours.kernels.segments import (
    estimated_lengths,
    filled,
    learn_lengths,
    solve_with_lengths,
)
from mmpose_ours.parts.layout import parts_of
from mmpose_ours.structures.skeletons import SKELETONS

PARTS = {part.name: part for part in parts_of(SKELETONS['coco_wholebody']) if part.segments}


def problem(part, seed):
    """Equations of rays, a start, which joints are known, and lengths that differ from it."""
    rng, joints, ends = np.random.default_rng(seed), len(part.joints), part.segment_ends
    root = rng.normal(0, 0.03, (2, joints, 3, 3))
    A = root @ root.swapaxes(-1, -2) + 1e-3 * np.eye(3)
    start = rng.normal(0, 60, (2, joints + 1, 3))
    b = (A @ (start[:, :-1] + rng.normal(0, 2, (2, joints, 3)))[..., None])[..., 0]
    known = np.ones((2, joints + 1), bool)
    known[1] = rng.random(joints + 1) < 0.8
    length = np.linalg.norm(start[:, ends[:, 1]] - start[:, ends[:, 0]], axis=-1)
    length *= rng.uniform(0.99, 1.01, length.shape)
    tension = np.where(known[:, ends].all(-1), (LENGTH_STIFFNESS * length) ** -2, 0.0)
    return A, b, start, known, ends, length, tension


@pytest.mark.parametrize('name', ['left_hand', 'right_foot'])
@pytest.mark.parametrize('seed', range(2))
def test_joints_and_variances_are_those_of_the_minimum(name, seed):
    part = PARTS[name]
    A, b, start, known, ends, length, tension = problem(part, seed)
    x, variance = solve_with_lengths(A, b, start, known, ends, length, tension, part.filled)
    for n in range(2):
        free = np.flatnonzero(known[n, :-1])
        np.testing.assert_array_equal(x[n, ~known[n, :-1]], start[n, :-1][~known[n, :-1]])
        factors = np.linalg.cholesky(A[n, free]).swapaxes(-1, -2)
        targets = np.linalg.solve(A[n, free], b[n, free][..., None])

        def residuals(values, n=n, free=free, factors=factors, targets=targets):
            points = start[n].copy()
            points[free] = values.reshape(-1, 3)
            apart = np.linalg.norm(points[ends[:, 1]] - points[ends[:, 0]], axis=-1)
            of_rays = factors @ (points[free][..., None] - targets)
            return np.concatenate([of_rays.ravel(), np.sqrt(tension[n]) * (apart - length[n])])

        found = least_squares(residuals, start[n, free].ravel(), xtol=1e-14, ftol=1e-14)
        np.testing.assert_allclose(x[n, free].ravel(), found.x, atol=0.02)
        covariance = np.linalg.inv(found.jac.T @ found.jac)
        expected = np.diag(covariance).reshape(-1, 3).mean(-1)
        np.testing.assert_allclose(variance[n, free], expected, rtol=0.02)


def test_elimination_of_a_hand_fills_nothing_in():
    hand = PARTS['left_hand']
    inside = (hand.segment_ends < len(hand.joints)).all(1)
    assert hand.filled.sum() == inside.sum() >= 20
    # A ring does: without its last joint, the neighbours of that joint meet.
    ring = filled(np.array([[0, 1], [1, 2], [2, 3], [0, 3]]), 4)
    assert ring[0, 2] and ring.sum() == 5


def test_lengths_are_learned_from_noisy_ends():
    """Noise across a segment does not make it longer, and what is measured tells of the others."""
    rng, true = np.random.default_rng(0), np.array([80.0, 40.0, 60.0])
    usual, spread = np.array([100.0, 50.0, 75.0]), 0.05
    mean, precision, size = np.zeros(3), np.zeros(3), np.array([1.0, 16.0])
    assert estimated_lengths(usual, spread, mean, precision, size)[0] == pytest.approx(usual)
    covariance = np.tile(25.0 * np.eye(3), (3, 2, 1, 1))
    for _ in range(300):
        direction = rng.normal(size=(3, 3))
        direction *= (true / np.linalg.norm(direction, axis=-1))[:, None]
        ends = np.stack([np.zeros((3, 3)), direction], 1) + rng.normal(0, 5, (3, 2, 3))
        ends[2] = np.nan  # never seen
        learn_lengths(ends, covariance, usual, spread, mean, precision, size)
    found, std = estimated_lengths(usual, spread, mean, precision, size)
    np.testing.assert_allclose(found[:2], true[:2], rtol=0.02)
    assert size[0] == pytest.approx(0.8, abs=0.03) and found[2] == pytest.approx(60, abs=3)
    assert std[0] < 1.0 < std[2] < 10


def test_what_nobody_knows_stays_unknown():
    unknown = np.array([np.nan])
    state = unknown, 0.1, np.zeros(1), np.zeros(1), np.array([1.0, 16.0])
    mean, std = estimated_lengths(*state)
    assert np.isnan(mean[0]) and np.isinf(std[0])
    ends = np.array([[[0.0, 0, 0], [30.0, 0, 0]]])
    learn_lengths(ends, np.tile(np.eye(3), (1, 2, 1, 1)), *state)
    assert estimated_lengths(*state)[0][0] == pytest.approx(30, abs=0.1)
