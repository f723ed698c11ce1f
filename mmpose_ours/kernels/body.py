"""Maximum a posteriori (MAP) poses from rays and a Gaussian prior of bodies, person by person.

``body`` is a tuple of arrays: mean (J, 3) of the prior in the person frame, precision (3 J, 3 J),
their product (3 J,), inverse variance (J,) of detected joints across their rays in mm^-2, the
indices of the root's joints, and the indices of shoulders and hips, see
:func:`mmpose_ours.kernels.person_frame.person_frame`.
"""

from __future__ import annotations

import math

import numpy as np

from mmpose_ours.kernels.compiling import compiled
from mmpose_ours.kernels.constants import (
    DEFAULT_DEPTH_MM,
    HEADINGS,
    MAX_DEPTH_MM,
    MIN_ELEVATION_SINE,
    MIN_LOCATED_JOINTS,
)
from mmpose_ours.kernels.person_frame import person_frame
from mmpose_ours.kernels.small_matrices import (
    add_ray,
    factorise,
    inverse_diagonal,
    solve_factorised,
    squared_distance,
)


@compiled
def map_pose(rays, body, shift, rotation, start, scales_mm, prior, pose, std):
    """The MAP pose of one person by IRLS with Geman-McClure weights.

    Args:
        rays: origins (V, 3), directions (V, J, 3) and weights (V, J) of the person.
        body: The prior.
        shift: (3,) of the person frame.
        rotation: (3, 3) of the person frame.
        start: (J, 3) joints at which the first weights are computed, in the frame of the rays.
            Where a joint is NaN, the solution without Geman-McClure weights is taken.
        scales_mm: (S,) scales of the Geman-McClure weights, one per IRLS step.
        prior: A second prior of each joint, isotropic: mean (J, 3), in the frame of the rays, and
            inverse variance (J,), 0 where there is none.
        pose: (J, 3), the result, in the frame of the rays.
        std: (J, 3), the result, along the axes of the person frame.
    """
    joints, n = len(pose), 3 * len(pose)
    origins, directions, weights = _transformed(rays, shift, rotation)
    known_mean = (prior[0] + shift) @ rotation.T
    own = (origins, directions, weights, known_mean, prior[1])
    system, x = np.empty((n, n)), np.empty((joints, 3))
    missing = False
    for j in range(joints):
        missing |= math.isnan(start[j, 0])
    begin = (start + shift) @ rotation.T
    if missing:
        _solve(own, body, begin, math.inf, system, x)
        for j in range(joints):
            if math.isnan(start[j, 0]):
                begin[j] = x[j]
    for scale in scales_mm:
        _solve(own, body, begin, scale, system, x)
        begin[:] = x
    variance = np.empty(n)
    inverse_diagonal(system, np.empty((n, n)), variance)
    for j in range(joints):
        for axis in range(3):
            std[j, axis] = math.sqrt(max(variance[3 * j + axis], 1.0))
    pose[:] = x @ rotation - shift


@compiled
def _transformed(rays, shift, rotation):
    """The rays in the person frame, views without a detection left out."""
    origins, directions, weights = rays
    count = 0
    for v in range(len(weights)):
        count += weights[v].max() > 0
    joints = weights.shape[1]
    new = np.empty((count, 3)), np.empty((count, joints, 3)), np.empty((count, joints))
    row = 0
    for v in range(len(weights)):
        if weights[v].max() <= 0:
            continue
        for axis in range(3):
            a, b, c = rotation[axis]
            new[0][row, axis] = (
                a * (origins[v, 0] + shift[0])
                + b * (origins[v, 1] + shift[1])
                + c * (origins[v, 2] + shift[2])
            )
            for j in range(joints):
                x, y, z = directions[v, j]
                new[1][row, j, axis] = a * x + b * y + c * z
        new[2][row] = weights[v]
        row += 1
    return new


@compiled
def _solve(own, body, at, scale_mm, system, x):
    """The MAP pose for fixed weights, all in the person frame.

    Args:
        own: The rays of the person, and the second prior, in the person frame.
        body: The prior.
        at: (J, 3) where the Geman-McClure weights are computed.
        scale_mm: Their scale; infinite for none.
        system: (3 J, 3 J), becomes the Cholesky factor of the inverse covariance.
        x: (J, 3), the result.
    """
    origins, directions, weights, known_mean, known_precision = own
    _, precision, precision_times_mean, ray_precision, _, _ = body
    joints = len(x)
    system[:] = precision
    right = x.ravel()
    right[:] = precision_times_mean
    matrix, right_side = np.empty(6), np.empty(3)
    for j in range(joints):
        matrix[:] = 0.0
        matrix[0] = matrix[3] = matrix[5] = known_precision[j]
        for axis in range(3):
            right_side[axis] = known_precision[j] * known_mean[j, axis]
        for v in range(len(weights)):
            weight = weights[v, j] * ray_precision[j]
            if weight <= 0:
                continue
            if scale_mm < math.inf:
                d2, _ = squared_distance(origins[v], directions[v, j], at[j, 0], at[j, 1], at[j, 2])
                weight /= (1 + d2 / scale_mm**2) ** 2
            add_ray(matrix, right_side, origins[v], directions[v, j], weight)
        i = 3 * j
        system[i, i] += matrix[0]
        system[i + 1, i] += matrix[1]
        system[i + 2, i] += matrix[2]
        system[i + 1, i + 1] += matrix[3]
        system[i + 2, i + 1] += matrix[4]
        system[i + 2, i + 2] += matrix[5]
        for axis in range(3):
            right[i + axis] += right_side[axis]
    factorise(system)
    solve_factorised(system, right)


@compiled
def energy(rays, body, pose, shift, rotation, scale_mm):
    """Negative logarithm of the posterior density of a pose, up to a constant.

    ``0.5 * (sum of Geman-McClure costs of the rays + squared Mahalanobis distance from the prior's
    mean)``, where a ray's cost at the distance d is ``weight * d^2 / std^2 / (1 + d^2 / c^2)``.
    """
    origins, directions, weights = rays
    mean, precision, _, ray_precision, _, _ = body
    total = 0.0
    for v in range(len(weights)):
        for j in range(len(pose)):
            if weights[v, j] > 0:
                d2, _ = squared_distance(
                    origins[v], directions[v, j], pose[j, 0], pose[j, 1], pose[j, 2]
                )
                total += weights[v, j] * ray_precision[j] * d2 / (1 + d2 / scale_mm**2)
    offset = ((pose + shift) @ rotation.T - mean).ravel()
    for i in range(len(offset)):
        row = 0.0
        for k in range(len(offset)):
            row += precision[i, k] * offset[k]
        total += row * offset[i]
    return 0.5 * total


@compiled
def initial_pose(rays, body, floor_mm, points, known, steps, out):
    """The pose of a person without a starting pose.

    Args:
        rays: origins (V, 3), directions (V, J, 3) and weights (V, J) of the person.
        body: The prior.
        floor_mm: Height of the floor in the frame of the rays.
        points: (J, 3) approximate joints in mm.
        known: (J,) which of them are known.
        steps: Scales of the Geman-McClure weights in mm, of the initial estimate and of the
            refinement; the last one is that of :func:`energy`.
        out: pose (J, 3), standard deviations (J, 3), shift (3,) and rotation (3, 3), the result.
    """
    pose, std, shift, rotation = out
    root, sides = body[4], body[5]
    usable = known[sides[0]] and known[sides[1]] or known[sides[2]] and known[sides[3]]
    if not usable or known.sum() < MIN_LOCATED_JOINTS:
        _try_headings(rays, body, floor_mm, steps, out)
        return
    person_frame(points, known, -floor_mm, root, sides, shift, rotation)
    start = points.copy()
    for j in range(len(start)):
        if not known[j]:
            start[j] = math.nan
    nothing = np.zeros(start.shape), np.zeros(len(start))
    map_pose(rays, body, shift, rotation, start, steps[0], nothing, pose, std)


@compiled
def _try_headings(rays, body, floor_mm, steps, out):
    """The pose of a person with too few triangulated joints, mostly of one view.

    One IRLS step for each of ``HEADINGS`` headings, of which the one with the lowest energy is
    taken, and another step from there.
    """
    pose, std, shift, rotation = out
    _position_on_floor(rays, body[0], floor_mm, shift)
    nothing = np.zeros(pose.shape), np.zeros(len(pose))
    unknown = np.full(pose.shape, math.nan)
    turned, start = np.zeros((3, 3)), np.empty(pose.shape)
    turned[2, 2] = 1.0
    lowest = math.inf
    for heading in range(HEADINGS):
        angle = heading * (2 * math.pi / HEADINGS)
        turned[0, 0] = turned[1, 1] = math.cos(angle)
        turned[0, 1] = math.sin(angle)
        turned[1, 0] = -turned[0, 1]
        map_pose(rays, body, shift, turned, unknown, steps[0], nothing, pose, std)
        value = energy(rays, body, pose, shift, turned, steps[1][-1])
        if value < lowest:
            lowest = value
            rotation[:] = turned
            start[:] = pose
    map_pose(rays, body, shift, rotation, start, steps[0], nothing, pose, std)


@compiled
def _position_on_floor(rays, mean, floor_mm, shift):
    """The shift (3,) of a person by rays at the heights of the mean pose's joints.

    The ray of each joint is intersected with the horizontal plane at the height of that joint in
    the mean pose; the position is the median of the intersections.
    """
    origins, directions, weights = rays
    views, joints = weights.shape
    x, y = np.empty(views * joints), np.empty(views * joints)
    count = 0
    for v in range(views):
        met = 0
        # The default depth only counts in views where no joint has a usable intersection.
        for default in range(2):
            if default and met:
                break
            for j in range(joints):
                if weights[v, j] <= 0:
                    continue
                depth, up = DEFAULT_DEPTH_MM, directions[v, j, 2]
                if not default:
                    if abs(up) < MIN_ELEVATION_SINE:
                        continue
                    depth = (mean[j, 2] + floor_mm - origins[v, 2]) / up
                    if depth <= 0 or depth >= MAX_DEPTH_MM:
                        continue
                    met += 1
                x[count] = origins[v, 0] + depth * directions[v, j, 0]
                y[count] = origins[v, 1] + depth * directions[v, j, 1]
                count += 1
    shift[0] = shift[1] = 0.0
    shift[2] = -floor_mm
    if count:
        # Of an even number the lower one of the two middle values.
        shift[0] = -np.sort(x[:count])[(count - 1) // 2]
        shift[1] = -np.sort(y[:count])[(count - 1) // 2]


@compiled
def refine(rays, body, scales_mm, prior, out):
    """The MAP pose by IRLS from a given pose.

    Args:
        rays: origins (V, 3), directions (V, J, 3) and weights (V, J) of the person.
        body: The prior.
        scales_mm: Scales of the Geman-McClure weights, one per step.
        prior: See :func:`map_pose`.
        out: pose (J, 3), standard deviations (J, 3), shift (3,) and rotation (3, 3): where it
            starts, and the result.
    """
    pose, std, shift, rotation = out
    known = np.ones(len(pose), np.bool_)
    person_frame(pose, known, shift[2], body[4], body[5], shift, rotation)
    map_pose(rays, body, shift, rotation, pose, scales_mm, prior, pose, std)
