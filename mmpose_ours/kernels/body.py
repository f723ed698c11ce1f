"""Maximum a posteriori (MAP) poses from rays and a Gaussian prior of bodies.

``body`` is a tuple of arrays: mean (J, 3) of the prior in the person frame, precision (3 J, 3 J),
their product (3 J,), inverse variance (J,) of detected joints across their rays in mm^-2, and the
indices (4,) of shoulders and hips, see :func:`mmpose_ours.kernels.person_frame.person_frames`. Rays
and people are those of :mod:`mmpose_ours.kernels.triangulation`.
"""

from __future__ import annotations

import math

import numpy as np

from mmpose_ours.kernels.compiling import compiled
from mmpose_ours.kernels.small_matrices import (
    add_ray,
    factorise,
    inverse_diagonal,
    solve_factorised,
    squared_distance,
)


@compiled
def map_poses(
    origins, directions, weights, frame, groups, body, shift, rotation, start, scales_mm, mean,
    known_precision, want_std,
):  # fmt: skip
    """The MAP poses of N people by IRLS with Geman-McClure weights.

    Args:
        origins: (F, V, 3).
        directions: (F, V, P, J, 3).
        weights: (F, V, P, J).
        frame: (N,) of each person.
        groups: (N, V) of each person.
        body: The prior.
        shift: (N, 3) of the person frames.
        rotation: (N, 3, 3) of the person frames.
        start: (N, J, 3) joints at which the first weights are computed, in the frame of the rays.
            Where a joint is NaN, the solution without Geman-McClure weights is taken.
        scales_mm: (S,) scales of the Geman-McClure weights, one per IRLS step.
        mean: (N, J, 3) mean of a second, isotropic prior of each joint, in the frame of the rays.
        known_precision: (N, J) its inverse variance, 0 where there is none.
        want_std: Whether standard deviations are wanted, a third of the time.

    Returns:
        ``poses`` (N, J, 3), in the frame of the rays, and standard deviations (N, J, 3) along the
        axes of the person frame, 0 if they are not wanted.
    """
    count, joints, _ = start.shape
    views = groups.shape[1]
    poses, std = np.empty((count, joints, 3)), np.zeros((count, joints, 3))
    system, work = np.empty((3 * joints, 3 * joints)), np.empty((3 * joints, 3 * joints))
    x, at, known = np.empty(3 * joints), np.empty((joints, 3)), np.empty((joints, 3))
    own_origins, own_directions = np.empty((views, 3)), np.empty((views, joints, 3))
    own_weights, variance = np.empty((views, joints)), np.empty(3 * joints)
    for n in range(count):
        f, r = frame[n], rotation[n]
        _into_person_frame(mean[n], shift[n], r, known)
        _into_person_frame(start[n], shift[n], r, at)
        used = _own_rays(
            origins[f], directions[f], weights[f], groups[n], body[3], shift[n], r, own_origins,
            own_directions, own_weights,
        )  # fmt: skip
        missing = False
        for j in range(joints):
            missing |= math.isnan(at[j, 0])
        for step in range(-1 if missing else 0, len(scales_mm)):
            scale = math.inf if step < 0 else scales_mm[step]
            _normal_equations(
                own_origins, own_directions, own_weights, used, body, at, scale, known,
                known_precision[n], system, x,
            )  # fmt: skip
            factorise(system)
            solve_factorised(system, x)
            for j in range(joints):
                # Without Geman-McClure weights only the missing joints are taken.
                if step >= 0 or math.isnan(at[j, 0]):
                    for axis in range(3):
                        at[j, axis] = x[3 * j + axis]
        for j in range(joints):
            for axis in range(3):
                poses[n, j, axis] = (
                    r[0, axis] * at[j, 0] + r[1, axis] * at[j, 1] + r[2, axis] * at[j, 2]
                ) - shift[n, axis]
        if want_std:
            inverse_diagonal(system, work, variance)
            for j in range(joints):
                for axis in range(3):
                    std[n, j, axis] = math.sqrt(max(variance[3 * j + axis], 1.0))
    return poses, std


@compiled
def _own_rays(
    origins, directions, weights, group, ray_precision, shift, rotation, own_origins,
    own_directions, own_weights,
):  # fmt: skip
    """Rays of one person to the person frame; returns of how many views they are.

    Args:
        origins: (V, 3).
        directions: (V, P, J, 3).
        weights: (V, P, J).
        group: (V,) the person's detections.
        ray_precision: (J,) inverse variance of rays of weight 1.
        shift: (3,) of the person frame.
        rotation: (3, 3) of the person frame.
        own_origins: (V, 3), the result, as the following ones: views without a detection left out.
        own_directions: (V, J, 3).
        own_weights: (V, J) inverse variances.
    """
    used = 0
    for v in range(len(group)):
        p = group[v]
        if p < 0:
            continue
        for axis in range(3):
            a, b, c = rotation[axis, 0], rotation[axis, 1], rotation[axis, 2]
            own_origins[used, axis] = (
                a * (origins[v, 0] + shift[0])
                + b * (origins[v, 1] + shift[1])
                + c * (origins[v, 2] + shift[2])
            )
            for j in range(len(ray_precision)):
                ray = directions[v, p, j]
                own_directions[used, j, axis] = a * ray[0] + b * ray[1] + c * ray[2]
        for j in range(len(ray_precision)):
            own_weights[used, j] = weights[v, p, j] * ray_precision[j]
        used += 1
    return used


@compiled
def _into_person_frame(points, shift, rotation, result):
    """Points (J, 3) in the frame of the rays to the person frame."""
    for j in range(len(points)):
        a, b, c = points[j, 0] + shift[0], points[j, 1] + shift[1], points[j, 2] + shift[2]
        for axis in range(3):
            result[j, axis] = rotation[axis, 0] * a + rotation[axis, 1] * b + rotation[axis, 2] * c


@compiled
def _normal_equations(
    origins, directions, weights, views, body, at, scale_mm, mean, known_precision, system,
    right_side,
):  # fmt: skip
    """Normal equations of the MAP pose for fixed weights, all in the person frame.

    Args:
        origins: (V, 3).
        directions: (V, J, 3).
        weights: (V, J) inverse variances of the rays.
        views: How many of them are used.
        body: The prior.
        at: (J, 3) where the Geman-McClure weights are computed.
        scale_mm: Their scale; infinite for none.
        mean: (J, 3) of the second prior.
        known_precision: (J,) its inverse variance.
        system: (3 J, 3 J), the result; only its lower triangle.
        right_side: (3 J,), the result.
    """
    joints = len(at)
    for i in range(3 * joints):
        right_side[i] = body[2][i]
        for k in range(i + 1):
            system[i, k] = body[1][i, k]
    matrix, right = np.empty(6), np.empty(3)
    for j in range(joints):
        for k in range(6):
            matrix[k] = 0.0
        matrix[0] = matrix[3] = matrix[5] = known_precision[j]
        for axis in range(3):
            right[axis] = known_precision[j] * mean[j, axis]
        for v in range(views):
            weight = weights[v, j]
            if weight <= 0:
                continue
            if scale_mm < math.inf:
                d2 = squared_distance(origins[v], directions[v, j], at[j])
                weight /= (1 + d2 / scale_mm**2) ** 2
            add_ray(matrix, right, origins[v], directions[v, j], weight)
        i = 3 * j
        system[i, i] += matrix[0]
        system[i + 1, i] += matrix[1]
        system[i + 2, i] += matrix[2]
        system[i + 1, i + 1] += matrix[3]
        system[i + 2, i + 1] += matrix[4]
        system[i + 2, i + 2] += matrix[5]
        for axis in range(3):
            right_side[i + axis] += right[axis]


@compiled
def energies(origins, directions, weights, frame, groups, body, poses, shift, rotation, scale_mm):
    """(N,) negative logarithm of the posterior density of poses, up to a constant.

    ``0.5 * (sum of Geman-McClure costs of the rays + squared Mahalanobis distance from the prior's
    mean)``, where a ray's cost at the distance d is ``weight * d^2 / std^2 / (1 + d^2 / c^2)``.
    """
    count, joints, _ = poses.shape
    result, offset = np.empty(count), np.empty((joints, 3))
    for n in range(count):
        f, total = frame[n], 0.0
        for v in range(groups.shape[1]):
            p = groups[n, v]
            if p < 0:
                continue
            for j in range(joints):
                if weights[f, v, p, j] > 0:
                    d2 = squared_distance(origins[f, v], directions[f, v, p, j], poses[n, j])
                    cost = d2 / (1 + d2 / scale_mm**2)
                    total += weights[f, v, p, j] * body[3][j] * cost
        _into_person_frame(poses[n], shift[n], rotation[n], offset)
        for j in range(joints):
            for axis in range(3):
                offset[j, axis] -= body[0][j, axis]
        for i in range(3 * joints):
            row = 0.0
            for k in range(3 * joints):
                row += body[1][i, k] * offset[k // 3, k % 3]
            total += row * offset[i // 3, i % 3]
        result[n] = 0.5 * total
    return result
