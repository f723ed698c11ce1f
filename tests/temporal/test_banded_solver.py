"""The banded solution equals that of the dense system."""

import numpy as np

from mmpose_ours.temporal.banded_solver import Spring, solve_component


def dense_solution(A, b, weight, springs, before):
    """The same minimum by a full matrix: joints (T, M, 3), and std (T, M)."""
    frames, joints = b.shape[:2]
    size = frames * joints * 3
    place = np.arange(size).reshape(frames, joints, 3)
    H, right = 1e-8 * np.eye(size), (b + 1e-8 * before).ravel()
    for t in range(frames):
        for j in range(joints):
            H[np.ix_(place[t, j], place[t, j])] += A[t, j]
            if 0 < t < frames - 1:
                D = np.zeros((3, size))
                for frame, factor in ((t - 1, 1), (t, -2), (t + 1, 1)):
                    D[np.arange(3), place[frame, j]] = factor
                H += weight[t, j] * D.T @ D
        for spring in springs:
            row = np.zeros(size)
            row[place[t, spring.second]] = spring.direction[t]
            row[place[t, spring.first]] -= spring.direction[t]
            H += spring.precision * np.outer(row, row)
            right = right + spring.precision * spring.length_mm * row
    variance = np.diag(np.linalg.inv(H)).reshape(frames, joints, 3)
    return np.linalg.solve(H, right).reshape(b.shape), np.sqrt(variance.mean(-1))


def problem(frames, joints, seed=0):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(frames, joints, 3, 3))
    u = rng.normal(size=(frames, 3))
    u /= np.linalg.norm(u, axis=-1, keepdims=True)
    springs = [Spring(0, joints - 1, u, 100.0, 0.5)] if joints > 1 else []
    return (
        0.01 * A @ A.swapaxes(-1, -2),
        rng.normal(size=(frames, joints, 3)),
        rng.uniform(0.1, 1, (frames, joints)),
        springs,
        rng.normal(size=(frames, joints, 3)),
    )


def test_solution_and_std_are_those_of_the_dense_system():
    for frames, joints in ((25, 3), (12, 1), (3, 2), (2, 2), (1, 3)):
        given = problem(frames, joints)
        x, std = solve_component(*given, want_std=True)
        expected, expected_std = dense_solution(*given)
        np.testing.assert_allclose(x, expected, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(std, expected_std, rtol=1e-6)


def test_std_only_where_wanted():
    assert solve_component(*problem(5, 2))[1] is None
