"""Robust triangulation of joints from rays.

Rays of F frames are origins (F, V, 3) in mm, unit directions (F, V, P, J, 3) and weights
(F, V, P, J), 0 for missing joints, of V views with P detections each, some of them padding. A
person is a frame and a group (V,) of detections, the index of one in each view, -1 where a view has
none.
"""

from __future__ import annotations

import math

import numpy as np

from mmpose_ours.kernels.compiling import compiled
from mmpose_ours.kernels.constants import TRIANGULATION_SCALE_MM, WEAK_PRIOR_WEIGHT
from mmpose_ours.kernels.small_matrices import add_ray, solve3, squared_distance


@compiled
def triangulate(
    origins, directions, weights, frame, groups, mean, precision, start, scale_mm, steps
):
    """Triangulate the joints of N people by IRLS with Geman-McClure weights.

    See :meth:`mmpose_ours.models.association.rays.Rays.triangulate`.

    Args:
        origins: Of rays, as the following two, see above.
        directions: (F, V, P, J, 3).
        weights: (F, V, P, J).
        frame: (N,) of each person.
        groups: (N, V) of each person.
        mean: (N, J, 3) prior mean in mm.
        precision: (N, J) its weight, above 0.
        start: (N, J, 3) points at which the first weights are computed; where it is NaN, the first
            step takes the rays' own.
        scale_mm: (N, J) scales of the Geman-McClure weights.
        steps: IRLS steps.

    Returns:
        (N, J, 3) mm.
    """
    count, joints = precision.shape
    points = np.empty((count, joints, 3))
    matrix, right_side, x = np.empty(6), np.empty(3), np.empty(3)
    for n in range(count):
        f = frame[n]
        for j in range(joints):
            for axis in range(3):
                x[axis] = start[n, j, axis]
            for _ in range(steps):
                robust = not math.isnan(x[0])
                for k in range(6):
                    matrix[k] = 0.0
                matrix[0] = matrix[3] = matrix[5] = precision[n, j]
                for axis in range(3):
                    right_side[axis] = precision[n, j] * mean[n, j, axis]
                for v in range(groups.shape[1]):
                    p = groups[n, v]
                    if p < 0 or weights[f, v, p, j] <= 0:
                        continue
                    weight = weights[f, v, p, j]
                    if robust:
                        d2 = squared_distance(origins[f, v], directions[f, v, p, j], x)
                        weight /= (1 + d2 / scale_mm[n, j] ** 2) ** 2
                    add_ray(matrix, right_side, origins[f, v], directions[f, v, p, j], weight)
                solve3(matrix, right_side, x)
            for axis in range(3):
                points[n, j, axis] = x[axis]
    return points


@compiled
def triangulated_std(origins, directions, weights, points, precision, scale_mm):
    """Standard deviations of triangulated joints of N people, mean over the axes.

    Args:
        origins: (N, V, 3) mm.
        directions: (N, V, J, 3).
        weights: (N, V, J) inverse variances of the rays in mm^-2, 0 where there is none.
        points: (N, J, 3) the joints, in mm.
        precision: (N, J) inverse variance of the prior mean in mm^-2.
        scale_mm: (N, J) scales of the Geman-McClure weights.

    Returns:
        (N, J) mm, along one axis.
    """
    count, views, joints = weights.shape
    result, matrix, ignored = np.empty((count, joints)), np.empty(6), np.zeros(3)
    for n in range(count):
        for j in range(joints):
            for k in range(6):
                matrix[k] = 0.0
            matrix[0] = matrix[3] = matrix[5] = precision[n, j]
            for v in range(views):
                if weights[n, v, j] > 0:
                    d2 = squared_distance(origins[n, v], directions[n, v, j], points[n, j])
                    weight = weights[n, v, j] / (1 + d2 / scale_mm[n, j] ** 2) ** 2
                    add_ray(matrix, ignored, origins[n, v], directions[n, v, j], weight)
            a, b, c, d, e, f = matrix
            minors = d * f - e * e, a * f - c * c, a * d - b * b
            determinant = a * minors[0] - b * (b * f - c * e) + c * (b * e - c * d)
            result[n, j] = math.sqrt((minors[0] + minors[1] + minors[2]) / (3 * determinant))
    return result


@compiled
def joint_distances2(origins, directions, points):
    """(N, V, J) squared distances in mm^2 of joints (N, J, 3) from the lines of their rays.

    Rays are origins (N, V, 3) and directions (N, V, J, 3).
    """
    count, views, joints, _ = directions.shape
    result = np.empty((count, views, joints))
    for n in range(count):
        for v in range(views):
            for j in range(joints):
                result[n, v, j] = squared_distance(origins[n, v], directions[n, v, j], points[n, j])
    return result


def triangulate_weakly(rays, frame, groups):
    """Triangulate people with a prior that only keeps the equations solvable.

    Returns:
        ``points`` (N, J, 3) mm, and ``known`` (N, J), which joints two rays or more show.
    """
    _, _, weights = rays
    shape = len(groups), weights.shape[-1]
    nowhere = np.zeros((*shape, 3))
    prior, scale = np.full(shape, WEAK_PRIOR_WEIGHT), np.full(shape, TRIANGULATION_SCALE_MM)
    points = triangulate(*rays, frame, groups, nowhere, prior, nowhere * np.nan, scale, 3)
    return points, (weights_of(rays, frame, groups) > 0).sum(1) >= 2


def weights_of(rays, frame, groups):
    """(N, V, J) weights of the rays of people."""
    view = np.arange(groups.shape[1])
    own = rays[2][frame[:, None], view, np.maximum(groups, 0)]
    return own * (groups >= 0)[..., None]
