"""Distances of rays from the limbs of poses, for duplicate suppression."""

from __future__ import annotations

import math

import numpy as np

from mmpose_ours.kernels.compiling import compiled
from mmpose_ours.kernels.constants import POINTS_PER_LIMB, RAY_TO_LIMB_LIMIT_MM


@compiled
def ray_to_limb_distances(origins, directions, weights, poses, limbs):
    """(N, M) mean distance in mm of the rays of N people from the limbs of M poses.

    See :func:`mmpose_ours.models.association.duplicate_suppression.ray_to_limb_distance_mm`.

    Args:
        origins: (N, V, 3) mm.
        directions: (N, V, J, 3).
        weights: (N, V, J); rays of weight 0 do not count.
        poses: (M, J, 3) mm.
        limbs: (L, 2) joints.
    """
    count, views, joints = weights.shape
    result = np.empty((count, len(poses)))
    points, center = np.empty((len(limbs) * POINTS_PER_LIMB, 3)), np.empty(3)
    for m in range(len(poses)):
        radius = _points_of_limbs(poses[m], limbs, points, center)
        for n in range(count):
            total, rays = RAY_TO_LIMB_LIMIT_MM, 1.0
            for v in range(views):
                for j in range(joints):
                    if weights[n, v, j] > 0:
                        origin, direction = origins[n, v], directions[n, v, j]
                        rays += 1.0
                        # Most rays pass far from the whole person.
                        d2 = _squared_distance_in_front(origin, direction, center)
                        if d2 >= (radius + RAY_TO_LIMB_LIMIT_MM) ** 2:
                            total += RAY_TO_LIMB_LIMIT_MM
                            continue
                        nearest = RAY_TO_LIMB_LIMIT_MM**2
                        for k in range(len(points)):
                            d2 = _squared_distance_in_front(origin, direction, points[k])
                            nearest = min(nearest, d2)
                        total += math.sqrt(max(nearest, 0.0))
            result[n, m] = total / rays
    return result


@compiled
def _points_of_limbs(pose, limbs, points, center):
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
