"""Single joints from the rays of several views, a part of which are wrong.

See :mod:`mmpose_ours.parts.robust_points`. Letters of dimensions: N items (a person's part), J
joints of the part, V views. Rays are origins (V, 3) in mm, unit directions (N, V, J, 3) and weights
(N, V, J), 0 where a view does not show the joint; a joint that is not known is NaN.
"""

from __future__ import annotations

import math

import numpy as np

from mmpose_ours.kernels.compiling import compiled
from mmpose_ours.kernels.constants import (
    INLIER_STDS,
    LEAST_JOINTS,
    LEAST_TRUST,
    MAX_HYPOTHESIS_VIEWS,
    MIN_PART_SINE,
    PART_SCALE_STDS,
    PART_STEPS,
    USUAL_FREEDOM,
    WEAK_PRECISION,
)
from mmpose_ours.kernels.segments import invert3
from mmpose_ours.kernels.small_matrices import add_ray, solve3, squared_distance


@compiled
def robust_points(origins, directions, weights, std_mm, anchors, reach_mm):
    """Triangulate the joints of parts.

    Args:
        origins: Of the rays, as the following two.
        directions: (N, V, J, 3).
        weights: (N, V, J).
        std_mm: (N,) standard deviation of a joint across its ray.
        anchors: (N, A, 3) points that each part hangs on; NaN where missing.
        reach_mm: (N, J) joints farther than this from all anchors are none of the part.

    Returns:
        Joints (N, J, 3), NaN where fewer than two views agree; their covariances (N, J, 3, 3) in
        mm^2; and (N,) the standard deviation across the rays of a part, as its residuals say.
    """
    count, views, joints = weights.shape
    xyz, covariance = np.empty((count, joints, 3)), np.empty((count, joints, 3, 3))
    std, own, share = np.empty(count), np.empty((views, joints)), np.empty(views)
    inlier = np.empty((views, joints), np.bool_)
    for n in range(count):
        own[:, :] = weights[n]
        item = origins, directions[n], own
        _best_hypotheses(*item, std_mm[n], anchors[n], reach_mm[n], xyz[n])
        agree(*item, xyz[n], std_mm[n], inlier)
        doubted = False
        for v in range(views):
            agreed, seen = 0, 0
            for j in range(joints):
                agreed += inlier[v, j]
                seen += own[v, j] > 0 and not math.isnan(xyz[n, j, 0])
            share[v] = agreed / max(seen, 1)
            share[v] = share[v] if share[v] >= LEAST_TRUST else 0.0
            doubted |= share[v] < 1
        # Of two joints or one, nothing tells which view to trust.
        if joints >= LEAST_JOINTS and doubted:
            for v in range(views):
                for j in range(joints):
                    own[v, j] *= share[v]
            _best_hypotheses(*item, std_mm[n], anchors[n], reach_mm[n], xyz[n])
        std[n] = _refine(*item, std_mm[n], inlier, xyz[n], covariance[n])
    return xyz, covariance, std


@compiled
def _best_hypotheses(origins, directions, weights, std_mm, anchors, reach_mm, best):
    """For each joint of an item the point of two rays with which most others agree, or NaN."""
    views, joints = weights.shape
    chosen = np.argsort(-weights.sum(1), kind='mergesort')[:MAX_HYPOTHESIS_VIEWS]
    scale2 = (PART_SCALE_STDS * std_mm) ** 2
    x, anchored = np.empty(3), False
    for k in range(len(anchors)):
        anchored |= not math.isnan(anchors[k, 0])
    for j in range(joints):
        highest = 0.0
        for axis in range(3):
            best[j, axis] = math.nan
        for place in range(len(chosen)):
            first = chosen[place]
            if weights[first, j] <= 0:
                continue
            a = directions[first, j]
            for later in range(place + 1, len(chosen)):
                second = chosen[later]
                if weights[second, j] <= 0:
                    continue
                b = directions[second, j]
                cosine, along1, along2 = 0.0, 0.0, 0.0
                for axis in range(3):
                    between = origins[second, axis] - origins[first, axis]
                    cosine += a[axis] * b[axis]
                    along1 += between * a[axis]
                    along2 += between * b[axis]
                sine2 = max(1 - cosine * cosine, 1e-12)
                depth1 = (along1 - cosine * along2) / sine2
                depth2 = (cosine * along1 - along2) / sine2
                if sine2 <= MIN_PART_SINE**2 or depth1 <= 0 or depth2 <= 0:
                    continue
                for axis in range(3):
                    x[axis] = 0.5 * (
                        origins[first, axis] + depth1 * a[axis]
                        + origins[second, axis] + depth2 * b[axis]
                    )  # fmt: skip
                near = not anchored
                for k in range(len(anchors)):
                    apart = 0.0
                    for axis in range(3):
                        apart += (x[axis] - anchors[k, axis]) ** 2
                    near |= apart < reach_mm[j] ** 2
                if not near:
                    continue
                score = 0.0
                for v in range(views):
                    if weights[v, j] > 0 and _in_front(origins[v], directions[v, j], x):
                        d2 = squared_distance(origins[v], directions[v, j], x)
                        score += weights[v, j] / (1 + d2 / scale2) ** 2
                if score > highest:
                    highest = score
                    for axis in range(3):
                        best[j, axis] = x[axis]


@compiled
def _in_front(origin, direction, point):
    depth = 0.0
    for axis in range(3):
        depth += (point[axis] - origin[axis]) * direction[axis]
    return depth > 0


@compiled
def agree(origins, directions, weights, xyz, std_mm, inlier):
    """Which rays of an item pass their joint: ``inlier`` (V, J) bool is the result."""
    views, joints = weights.shape
    limit2 = (INLIER_STDS * std_mm) ** 2
    for v in range(views):
        for j in range(joints):
            inlier[v, j] = False
            if weights[v, j] > 0 and not math.isnan(xyz[j, 0]):
                if _in_front(origins[v], directions[v, j], xyz[j]):
                    d2 = squared_distance(origins[v], directions[v, j], xyz[j])
                    inlier[v, j] = d2 < limit2


@compiled
def weighted_equations(origins, directions, weights, xyz, std_mm, j, matrix, right):
    """Normal equations (6,) and (3,) of a joint with Geman-McClure weights at where it is."""
    scale2 = (PART_SCALE_STDS * std_mm) ** 2
    for k in range(6):
        matrix[k] = 0.0
    for axis in range(3):
        right[axis] = 0.0
    for v in range(len(weights)):
        if weights[v, j] > 0 and _in_front(origins[v], directions[v, j], xyz[j]):
            d2 = squared_distance(origins[v], directions[v, j], xyz[j])
            weight = weights[v, j] / (1 + d2 / scale2) ** 2
            add_ray(matrix, right, origins[v], directions[v, j], weight)


@compiled
def _refine(origins, directions, weights, std_mm, inlier, xyz, covariance):
    """IRLS from the best hypotheses of an item, in place; returns its standard deviation."""
    views, joints = weights.shape
    item = origins, directions, weights
    matrix, right, block = np.empty(6), np.empty(3), np.empty((3, 3))
    for j in range(joints):
        for _ in range(PART_STEPS):
            if not math.isnan(xyz[j, 0]):
                weighted_equations(*item, xyz, std_mm, j, matrix, right)
                for k in (0, 3, 5):
                    matrix[k] += WEAK_PRECISION
                solve3(matrix, right, xyz[j])
    agree(*item, xyz, std_mm, inlier)
    total, freedom = 0.0, 0
    for j in range(joints):
        rays, squared = 0, 0.0
        mean = np.zeros(3)
        for v in range(views):
            if inlier[v, j]:
                rays += 1
                squared += squared_distance(origins[v], directions[v, j], xyz[j])
                for axis in range(3):
                    mean[axis] += directions[v, j, axis]
        # The mean of unit vectors is shorter the farther they are apart: of two at the angle a, it
        # is cos(a / 2). Two of the rays must come from clearly different directions.
        length2 = (mean[0] ** 2 + mean[1] ** 2 + mean[2] ** 2) / max(rays, 1) ** 2
        if rays >= 2 and length2 < 1 - (MIN_PART_SINE / 2) ** 2:
            total += squared
            # Two residuals per ray, three unknowns per joint.
            freedom += 2 * rays - 3
        else:
            for axis in range(3):
                xyz[j, axis] = math.nan
    # Variance across a ray: what is usual, and what the residuals of the part say.
    variance = (USUAL_FREEDOM * std_mm**2 + total) / (USUAL_FREEDOM + freedom)
    for j in range(joints):
        for k in range(6):
            matrix[k] = 0.0
        if not math.isnan(xyz[j, 0]):
            weighted_equations(*item, xyz, std_mm, j, matrix, right)
        k = 0
        for p in range(3):
            for q in range(p, 3):
                block[p, q] = block[q, p] = matrix[k] / variance
                k += 1
            block[p, p] += WEAK_PRECISION
        invert3(block, covariance[j])
    return math.sqrt(variance)


@compiled
def equations_of_parts(origins, directions, weights, xyz, std_mm, variance):
    """Normal equations of all joints with Geman-McClure weights, divided by (N,) a variance.

    Returns:
        ``A`` (N, J, 3, 3) in mm^-2 and ``b`` (N, J, 3); 0 for joints that are NaN.
    """
    count, _, joints = weights.shape
    A, b = np.zeros((count, joints, 3, 3)), np.zeros((count, joints, 3))
    matrix, right = np.empty(6), np.empty(3)
    for n in range(count):
        for j in range(joints):
            if math.isnan(xyz[n, j, 0]):
                continue
            weighted_equations(origins, directions[n], weights[n], xyz[n], std_mm, j, matrix, right)
            k = 0
            for p in range(3):
                b[n, j, p] = right[p] / variance[n]
                for q in range(p, 3):
                    A[n, j, p, q] = A[n, j, q, p] = matrix[k] / variance[n]
                    k += 1
    return A, b


@compiled
def agreeing(origins, directions, weights, xyz, std_mm):
    """(N, V, J) which rays of parts pass their joint; ``std_mm`` (N,)."""
    result = np.empty(weights.shape, np.bool_)
    for n in range(len(weights)):
        agree(origins, directions[n], weights[n], xyz[n], std_mm[n], result[n])
    return result
