"""Distances of rays from the limbs of poses, for duplicate suppression."""

from __future__ import annotations

import math

import numpy as np

from mmpose_ours.kernels.compiling import compiled
from mmpose_ours.kernels.constants import POINTS_PER_LIMB, RAY_TO_LIMB_LIMIT_MM


@compiled
def suppress(origins, directions, weights, poses, limbs, limit_mm):
    """The poses that are no duplicates, of N poses in descending order of score.

    Args:
        origins: (N, V, 3) mm, of the rays of each.
        directions: (N, V, J, 3).
        weights: (N, V, J); rays of weight 0 do not count.
        poses: (N, J, 3) mm.
        limbs: (L, 2) joints.
        limit_mm: A pose whose :func:`ray_to_limb_distance` to a kept pose before it is at most this
            is a duplicate.

    Returns:
        Their indices.
    """
    kept, found = np.empty(len(poses), np.int64), 0
    points = np.empty((len(poses), len(limbs) * POINTS_PER_LIMB, 3))
    center, radius = np.empty((len(poses), 3)), np.empty(len(poses))
    for n in range(len(poses)):
        duplicate = False
        for k in range(found):
            if not duplicate:
                m = kept[k]
                distance = ray_to_limb_distance(
                    origins[n], directions[n], weights[n], points[m], center[m], radius[m], limit_mm
                )
                duplicate = distance <= limit_mm
        if not duplicate:
            radius[n] = points_of_limbs(poses[n], limbs, points[n], center[n])
            kept[found] = n
            found += 1
    return kept[:found]


@compiled
def ray_to_limb_distance(origins, directions, weights, points, center, radius, limit_mm):
    """Mean distance of a person's rays from the limbs of a pose, in mm.

    The distance of a ray is that from the nearest point of a limb, at most
    ``c = RAY_TO_LIMB_LIMIT_MM``. The mean over n rays includes one pseudo-ray at the distance c:
    ``(sum_i d_i + c) / (n + 1)``.

    Args:
        origins: (V, 3) mm.
        directions: (V, J, 3).
        weights: (V, J); rays of weight 0 do not count.
        points: (L * POINTS_PER_LIMB, 3) of :func:`points_of_limbs`, as the following two.
        center: (3,) of a sphere around them.
        radius: Of the sphere.
        limit_mm: Distances above this need not be exact; infinite where they are to be.
    """
    views, joints = weights.shape
    rays = 1.0
    for v in range(views):
        for j in range(joints):
            rays += 1.0 if weights[v, j] > 0 else 0.0
    total = RAY_TO_LIMB_LIMIT_MM
    for v in range(views):
        for j in range(joints):
            if weights[v, j] <= 0:
                continue
            origin, direction = origins[v], directions[v, j]
            # Most rays pass far from the whole person.
            d2 = _squared_distance_in_front(origin, direction, center)
            if d2 >= (radius + RAY_TO_LIMB_LIMIT_MM) ** 2:
                total += RAY_TO_LIMB_LIMIT_MM
            else:
                nearest = RAY_TO_LIMB_LIMIT_MM**2
                for k in range(len(points)):
                    d2 = _squared_distance_in_front(origin, direction, points[k])
                    nearest = min(nearest, d2)
                total += math.sqrt(max(nearest, 0.0))
            if total > limit_mm * rays:
                return total / rays
    return total / rays


@compiled
def points_of_limbs(pose, limbs, points, center):
    """Points at equal distances on the limbs; returns the radius of a sphere around them.

    Args:
        pose: (J, 3) mm.
        limbs: (L, 2) joints.
        points: (L * POINTS_PER_LIMB, 3), the result.
        center: (3,) of the sphere, the result.
    """
    k = 0
    for axis in range(3):
        center[axis] = 0.0
    for limb in range(len(limbs)):
        for step in range(POINTS_PER_LIMB):
            share = step / (POINTS_PER_LIMB - 1)
            for axis in range(3):
                start, end = pose[limbs[limb, 0], axis], pose[limbs[limb, 1], axis]
                points[k, axis] = start * (1 - share) + end * share
                center[axis] += points[k, axis] / len(points)
            k += 1
    radius2 = 0.0
    for k in range(len(points)):
        d2 = 0.0
        for axis in range(3):
            d2 += (points[k, axis] - center[axis]) ** 2
        radius2 = max(radius2, d2)
    return math.sqrt(radius2)


@compiled
def _squared_distance_in_front(origin, direction, point):
    """Squared distance of a point from a ray; behind the camera, that from the camera."""
    x, y, z = point[0] - origin[0], point[1] - origin[1], point[2] - origin[2]
    depth = max(x * direction[0] + y * direction[1] + z * direction[2], 0.0)
    return x * x + y * y + z * z - depth * depth
