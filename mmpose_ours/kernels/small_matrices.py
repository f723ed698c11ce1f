"""Linear algebra of the sizes that occur here, and rays: written out, without allocations."""

from __future__ import annotations

import math

from mmpose_ours.kernels.compiling import compiled

# Exponents from this on count as infinite: exp(-30) = 1e-13.
MAX_EXPONENT = 30.0


@compiled
def solve3(matrix, right_side, x):
    """Solve a symmetric positive definite system of 3 equations by Cholesky factorisation.

    Args:
        matrix: (6,) xx, xy, xz, yy, yz, zz.
        right_side: (3,).
        x: (3,), the result.
    """
    a = math.sqrt(matrix[0])
    b, c = matrix[1] / a, matrix[2] / a
    d = math.sqrt(matrix[3] - b * b)
    e = (matrix[4] - b * c) / d
    f = math.sqrt(matrix[5] - c * c - e * e)
    u = right_side[0] / a
    v = (right_side[1] - b * u) / d
    w = (right_side[2] - c * u - e * v) / f
    x[2] = w / f
    x[1] = (v - e * x[2]) / d
    x[0] = (u - b * x[1] - c * x[2]) / a


@compiled
def factorise(a):
    """Cholesky factorisation of (n, n) in place, n a multiple of 3; only the lower triangle counts.

    In blocks of 3 x 3, so that every number that is loaded is used three times.
    """
    n = len(a)
    for i in range(0, n, 3):
        for j in range(0, i, 3):
            s00, s01, s02 = a[i, j], a[i, j + 1], a[i, j + 2]
            s10, s11, s12 = a[i + 1, j], a[i + 1, j + 1], a[i + 1, j + 2]
            s20, s21, s22 = a[i + 2, j], a[i + 2, j + 1], a[i + 2, j + 2]
            for k in range(j):
                p, q, r = a[i, k], a[i + 1, k], a[i + 2, k]
                x, y, z = a[j, k], a[j + 1, k], a[j + 2, k]
                s00 -= p * x
                s01 -= p * y
                s02 -= p * z
                s10 -= q * x
                s11 -= q * y
                s12 -= q * z
                s20 -= r * x
                s21 -= r * y
                s22 -= r * z
            d0, d1, d2 = 1 / a[j, j], 1 / a[j + 1, j + 1], 1 / a[j + 2, j + 2]
            b, c, e = a[j + 1, j], a[j + 2, j], a[j + 2, j + 1]
            s00 *= d0
            s10 *= d0
            s20 *= d0
            s01 = (s01 - s00 * b) * d1
            s11 = (s11 - s10 * b) * d1
            s21 = (s21 - s20 * b) * d1
            a[i, j], a[i, j + 1], a[i, j + 2] = s00, s01, (s02 - s00 * c - s01 * e) * d2
            a[i + 1, j], a[i + 1, j + 1] = s10, s11
            a[i + 1, j + 2] = (s12 - s10 * c - s11 * e) * d2
            a[i + 2, j], a[i + 2, j + 1] = s20, s21
            a[i + 2, j + 2] = (s22 - s20 * c - s21 * e) * d2
        s00, s10, s11 = a[i, i], a[i + 1, i], a[i + 1, i + 1]
        s20, s21, s22 = a[i + 2, i], a[i + 2, i + 1], a[i + 2, i + 2]
        for k in range(i):
            p, q, r = a[i, k], a[i + 1, k], a[i + 2, k]
            s00 -= p * p
            s10 -= q * p
            s11 -= q * q
            s20 -= r * p
            s21 -= r * q
            s22 -= r * r
        s00 = math.sqrt(s00)
        s10, s20 = s10 / s00, s20 / s00
        s11 = math.sqrt(s11 - s10 * s10)
        s21 = (s21 - s20 * s10) / s11
        a[i, i], a[i + 1, i], a[i + 1, i + 1] = s00, s10, s11
        a[i + 2, i], a[i + 2, i + 1] = s20, s21
        a[i + 2, i + 2] = math.sqrt(s22 - s20 * s20 - s21 * s21)


@compiled
def solve_factorised(factor, x):
    """Solve with the factor of :func:`factorise`; x (n,) is the right side, then the result."""
    n = len(factor)
    for i in range(n):
        total = x[i]
        for k in range(i):
            total -= factor[i, k] * x[k]
        x[i] = total / factor[i, i]
    for i in range(n - 1, -1, -1):
        x[i] /= factor[i, i]
        value = x[i]
        for k in range(i):
            x[k] -= factor[i, k] * value


@compiled
def inverse_diagonal(factor, inverse, diagonal):
    """The diagonal (n,) of the inverse of a matrix, from the factor of :func:`factorise`.

    Args:
        factor: (n, n).
        inverse: (n, n) work space.
        diagonal: (n,), the result.
    """
    n = len(factor)
    for i in range(n):
        diagonal[i] = 0.0
    for i in range(0, n, 3):
        for row in range(i, i + 3):
            for k in range(i + 3):
                inverse[row, k] = 0.0
        for k in range(i):
            p, q, r = factor[i, k], factor[i + 1, k], factor[i + 2, k]
            for c in range(k + 1):
                value = inverse[k, c]
                inverse[i, c] -= p * value
                inverse[i + 1, c] -= q * value
                inverse[i + 2, c] -= r * value
        inverse[i, i] = inverse[i + 1, i + 1] = inverse[i + 2, i + 2] = 1.0
        d0, d1, d2 = 1 / factor[i, i], 1 / factor[i + 1, i + 1], 1 / factor[i + 2, i + 2]
        b, c1, e = factor[i + 1, i], factor[i + 2, i], factor[i + 2, i + 1]
        for c in range(i + 3):
            x = inverse[i, c] * d0
            y = (inverse[i + 1, c] - b * x) * d1
            z = (inverse[i + 2, c] - c1 * x - e * y) * d2
            inverse[i, c], inverse[i + 1, c], inverse[i + 2, c] = x, y, z
            diagonal[c] += x * x + y * y + z * z


@compiled
def squared_distance(origin, direction, point):
    """Squared distance in mm^2 of a point from the line of a ray; all (3,)."""
    x, y, z = point[0] - origin[0], point[1] - origin[1], point[2] - origin[2]
    depth = x * direction[0] + y * direction[1] + z * direction[2]
    return max(x * x + y * y + z * z - depth * depth, 0.0)


@compiled
def add_ray(matrix, right_side, origin, direction, weight):
    """Add ``weight * (I - a a^T)`` to (6,) and ``weight * (I - a a^T) o`` to (3,)."""
    a, b, c = direction[0], direction[1], direction[2]
    along = origin[0] * a + origin[1] * b + origin[2] * c
    matrix[0] += weight * (1 - a * a)
    matrix[1] -= weight * a * b
    matrix[2] -= weight * a * c
    matrix[3] += weight * (1 - b * b)
    matrix[4] -= weight * b * c
    matrix[5] += weight * (1 - c * c)
    right_side[0] += weight * (origin[0] - along * a)
    right_side[1] += weight * (origin[1] - along * b)
    right_side[2] += weight * (origin[2] - along * c)
