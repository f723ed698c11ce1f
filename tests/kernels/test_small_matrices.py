"""The linear algebra of the kernels, against NumPy's."""

import numpy as np
import pytest

from mmpose_ours.kernels.small_matrices import (
    factorise,
    inverse_diagonal,
    solve3,
    solve_factorised,
)


def positive_definite(size: int) -> np.ndarray:
    rows = np.random.default_rng(size).normal(size=(size, 2 * size))
    return rows @ rows.T


@pytest.mark.parametrize('size', [3, 6, 51, 78, 399])
def test_factorises_solves_and_inverts(size):
    matrix = positive_definite(size)
    right_side = np.arange(size) - 3.0
    factor, x = matrix.copy(), right_side.copy()
    factorise(factor)
    np.testing.assert_allclose(np.tril(factor), np.linalg.cholesky(matrix), atol=1e-9)
    solve_factorised(factor, x)
    np.testing.assert_allclose(x, np.linalg.solve(matrix, right_side), rtol=1e-6, atol=1e-9)
    diagonal = np.empty(size)
    inverse_diagonal(factor, np.empty((size, size)), diagonal)
    np.testing.assert_allclose(diagonal, np.diag(np.linalg.inv(matrix)), rtol=1e-8)


def test_solves_three_equations():
    matrix, right_side, x = positive_definite(3), np.array([1.0, -2.0, 4.0]), np.empty(3)
    solve3(matrix[np.triu_indices(3)], right_side, x)
    np.testing.assert_allclose(x, np.linalg.solve(matrix, right_side))
