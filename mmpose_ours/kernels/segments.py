"""Joints of a part from their rays and the lengths of its segments, by Gauss-Newton.

The matrix of the normal equations has a block of 3 x 3 for every joint and every segment. Segments
of a hand are nearly a tree, so that elimination from the last joint (a tip) to the first one (the
root) fills in next to nothing: its cost grows with the number of segments, not with its cube.

Letters of dimensions: N items (a person's part), J joints, S segments. The joint of the body that a
part hangs on, the anchor, is behind the last joint and stays where it is.
"""

from __future__ import annotations

import math

import numpy as np

from mmpose_ours.kernels.compiling import compiled
from mmpose_ours.kernels.constants import (
    LENGTH_STEPS,
    MODEL_SPREAD,
    PART_SIZE_SPREAD,
    PLAUSIBLE_LENGTHS,
)


def filled(ends: np.ndarray, joints: int) -> np.ndarray:
    """(J, J) bool, which blocks below the diagonal are not 0 while joints are eliminated.

    Args:
        ends: (S, 2) indices of each segment's joints; J is the anchor.
        joints: J. The last one is eliminated first.

    Returns:
        Entry (i, k) with i < k: whether eliminating the joint k changes the joint i.
    """
    mask = np.zeros((joints, joints), bool)
    for a, b in ends:
        if a < joints and b < joints:
            mask[min(a, b), max(a, b)] = True
    for k in range(joints - 1, -1, -1):
        met = np.flatnonzero(mask[:k, k])
        for place, i in enumerate(met):
            mask[i, met[place + 1 :]] = True
    return mask


@compiled
def solve_with_lengths(A, b, points, known, ends, length, tension, mask):
    """Minimise ``sum x A x - 2 b x + sum tension (|x_c - x_a| - length)^2``.

    Args:
        A: (N, J, 3, 3) mm^-2.
        b: (N, J, 3).
        points: (N, J + 1, 3) where it starts, mm; the last one is the anchor.
        known: (N, J + 1) which of them there are; the others stay where they are.
        ends: (S, 2) indices of each segment's joints.
        length: (N, S) mm.
        tension: (N, S) mm^-2; 0 where a segment does not count.
        mask: (J, J) of :func:`filled`.

    Returns:
        Joints (N, J, 3), and their variances (N, J) in mm^2, mean over the axes.
    """
    count, joints = b.shape[:2]
    x, variance = points.copy(), np.empty((count, joints))
    # H[i, k], i <= k: blocks of the matrix, and then of its factors.
    H, right = np.empty((joints, joints, 3, 3)), np.empty((joints, 3))
    inverse, u = np.empty((joints, 3, 3)), np.empty(3)
    for n in range(count):
        for _ in range(LENGTH_STEPS):
            for j in range(joints):
                for p in range(3):
                    total = 0.0
                    for q in range(3):
                        H[j, j, p, q] = A[n, j, p, q] if known[n, j] else (1.0 if p == q else 0.0)
                        total += A[n, j, p, q] * x[n, j, q]
                    right[j, p] = b[n, j, p] - total if known[n, j] else 0.0
                for k in range(j + 1, joints):
                    if mask[j, k]:
                        for p in range(3):
                            for q in range(3):
                                H[j, k, p, q] = 0.0
            for s in range(len(ends)):
                if tension[n, s] <= 0:
                    continue
                first, second = ends[s, 0], ends[s, 1]
                now = 0.0
                for p in range(3):
                    u[p] = x[n, second, p] - x[n, first, p]
                    now += u[p] * u[p]
                now = max(math.sqrt(now), 1e-6)
                pull = tension[n, s] * (now - length[n, s])
                for p in range(3):
                    u[p] /= now
                low, high = min(first, second), max(first, second)
                for p in range(3):
                    if first < joints:
                        right[first, p] += pull * u[p]
                    if second < joints:
                        right[second, p] -= pull * u[p]
                    for q in range(3):
                        stiff = tension[n, s] * u[p] * u[q]
                        if first < joints:
                            H[first, first, p, q] += stiff
                        if second < joints:
                            H[second, second, p, q] += stiff
                        if high < joints:
                            H[low, high, p, q] -= stiff
            _eliminate(H, right, mask, inverse)
            for j in range(joints):
                if known[n, j]:
                    for p in range(3):
                        x[n, j, p] += right[j, p]
        _inverse_diagonal(H, mask, inverse)
        for j in range(joints):
            variance[n, j] = (inverse[j, 0, 0] + inverse[j, 1, 1] + inverse[j, 2, 2]) / 3
    return x[:, :joints], variance


@compiled
def _eliminate(H, right, mask, inverse):
    """Solve in place: right becomes the solution, and H[i, k] the factor ``H[i, k] D_k^-1``.

    ``inverse`` (J, 3, 3) becomes the inverses of the diagonal blocks ``D_k`` of the factorisation.
    """
    joints = len(right)
    row, factor = np.empty(3), np.empty((3, 3))
    for k in range(joints - 1, -1, -1):
        invert3(H[k, k], inverse[k])
        for i in range(k):
            if not mask[i, k]:
                continue
            _times(H[i, k], inverse[k], factor)
            for p in range(3):
                for q in range(3):
                    right[i, p] -= factor[p, q] * right[k, q]
            # H[j, k] of j > i has its factor when it is its turn; up to i all are still blocks.
            for j in range(i + 1):
                if j == i or mask[j, k]:
                    for p in range(3):
                        for q in range(3):
                            total = 0.0
                            for c in range(3):
                                total += H[j, k, p, c] * factor[q, c]
                            H[j, i, p, q] -= total
        for i in range(k):
            if mask[i, k]:
                _times(H[i, k], inverse[k], factor)
                H[i, k, :, :] = factor
    for k in range(joints):
        for p in range(3):
            row[p] = 0.0
            for q in range(3):
                row[p] += inverse[k, p, q] * right[k, q]
        for i in range(k):
            if mask[i, k]:
                for p in range(3):
                    for q in range(3):
                        row[p] -= H[i, k, q, p] * right[i, q]
        for p in range(3):
            right[k, p] = row[p]


@compiled
def _inverse_diagonal(H, mask, inverse):
    """The diagonal blocks of the inverse in place of ``inverse``, from :func:`_eliminate`'s.

    From the first joint to the last: a block depends only on those of the joints that its
    elimination changed. H[i, k] becomes the block (i, k) of the inverse.
    """
    joints = len(inverse)
    column = np.empty((joints, 3, 3))
    for k in range(joints):
        for i in range(k):
            if not mask[i, k]:
                continue
            for p in range(3):
                for q in range(3):
                    total = 0.0
                    for j in range(k):
                        if mask[j, k]:
                            for c in range(3):
                                if j == i:
                                    entry = inverse[i, p, c]
                                elif i < j:
                                    entry = H[i, j, p, c]
                                else:
                                    entry = H[j, i, c, p]
                                total += entry * H[j, k, c, q]
                    column[i, p, q] = -total
        for i in range(k):
            if mask[i, k]:
                for p in range(3):
                    for q in range(3):
                        total = 0.0
                        for c in range(3):
                            total += H[i, k, c, p] * column[i, c, q]
                        inverse[k, p, q] -= total
        for i in range(k):
            if mask[i, k]:
                H[i, k, :, :] = column[i]


@compiled
def _times(a, b, result):
    for p in range(3):
        for q in range(3):
            result[p, q] = a[p, 0] * b[0, q] + a[p, 1] * b[1, q] + a[p, 2] * b[2, q]


@compiled
def invert3(a, result):
    """The inverse of a symmetric matrix (3, 3)."""
    m00 = a[1, 1] * a[2, 2] - a[1, 2] * a[1, 2]
    m01 = a[0, 2] * a[1, 2] - a[0, 1] * a[2, 2]
    m02 = a[0, 1] * a[1, 2] - a[0, 2] * a[1, 1]
    determinant = a[0, 0] * m00 + a[0, 1] * m01 + a[0, 2] * m02
    result[0, 0], result[0, 1], result[0, 2] = m00, m01, m02
    result[1, 1] = a[0, 0] * a[2, 2] - a[0, 2] * a[0, 2]
    result[1, 2] = a[0, 1] * a[0, 2] - a[0, 0] * a[1, 2]
    result[2, 2] = a[0, 0] * a[1, 1] - a[0, 1] * a[0, 1]
    result[1, 0], result[2, 0], result[2, 1] = m01, m02, result[1, 2]
    for p in range(3):
        for q in range(3):
            result[p, q] /= determinant


@compiled
def learn_lengths(ends, covariance, usual, spread, mean, precision, size):
    """Measure the segments of one person once more, in place.

    Args:
        ends: (S, 2, 3) their ends in mm; NaN where missing.
        covariance: (S, 2, 3, 3) of the ends, in mm^2.
        usual: (S,) lengths that the stature makes usual; NaN where nobody has measured them.
        spread: Standard deviation of a length around what the size makes it, as a share.
        mean: (S,) mm as measured, and changed.
        precision: (S,) mm^-2, likewise.
        size: (2,) of the part, relative to what is usual, and its precision; likewise.
    """
    low, high = PLAUSIBLE_LENGTHS
    expected, _ = estimated_lengths(usual, spread, mean, precision, size)
    for s in range(len(usual)):
        squared, along, across = 0.0, 0.0, 0.0
        for p in range(3):
            away = ends[s, 1, p] - ends[s, 0, p]
            squared += away * away
            for q in range(3):
                other = ends[s, 1, q] - ends[s, 0, q]
                along += away * other * (covariance[s, 0, p, q] + covariance[s, 1, p, q])
            across += covariance[s, 0, p, p] + covariance[s, 1, p, p]
        if math.isnan(squared) or squared <= 0:
            continue
        along /= squared
        # Noise across a segment makes it seem longer than it is.
        length = math.sqrt(max(squared - (across - along), 0.0))
        likely = low * expected[s] < length < high * expected[s] or math.isnan(expected[s])
        if length > 0 and likely:
            added = 1 / (along + (MODEL_SPREAD * length) ** 2 + 1e-6)
            precision[s] += added
            mean[s] += (length - mean[s]) * added / precision[s]
    # What is measured of one segment says how large the part is.
    size[1] = ratio = PART_SIZE_SPREAD**-2
    for s in range(len(usual)):
        if precision[s] > 0 and not math.isnan(usual[s]):
            weight = 1 / (1 / precision[s] / usual[s] ** 2 + spread**2)
            size[1] += weight
            ratio += weight * mean[s] / usual[s]
    size[0] = ratio / size[1]


@compiled
def estimated_lengths(usual, spread, mean, precision, size):
    """Mean and standard deviation (S,) in mm; NaN and inf where nothing is known.

    Arguments are those of :func:`learn_lengths`.
    """
    expected, std = np.empty(len(usual)), np.empty(len(usual))
    for s in range(len(usual)):
        prior, value = 0.0, 0.0
        if not math.isnan(usual[s]):
            value = usual[s] * size[0]
            prior = 1 / (value * value * (spread**2 + 1 / size[1]))
        total = prior + precision[s]
        expected[s] = (prior * value + precision[s] * mean[s]) / total if total > 0 else math.nan
        std[s] = total**-0.5 if total > 0 else math.inf
    return expected, std
