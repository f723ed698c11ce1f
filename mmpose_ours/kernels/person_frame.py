"""The person frame of poses: see :mod:`mmpose_ours.models.keypoint_prior.person_frame`."""

from __future__ import annotations

import math

import numpy as np

from mmpose_ours.kernels.compiling import compiled
from mmpose_ours.kernels.constants import HIPS_MM, MIN_UPRIGHT


@compiled
def person_frames(poses, known, up_shift, sides):
    """Shift and rotation of the person frames of N poses, which are ``rotation @ (x + shift)``.

    Args:
        poses: (N, J, 3) mm.
        known: (N, J) bool, which joints may be used.
        up_shift: (N,) minus the height of the floor, for people who are upright.
        sides: (4,) indices of left shoulder, right shoulder, left hip, right hip.

    Returns:
        ``shift`` (N, 3) and ``rotation`` (N, 3, 3).
    """
    count, joints = known.shape
    shift, rotation = np.empty((count, 3)), np.empty((count, 3, 3))
    center, trunk, upright = np.empty(3), np.empty(3), np.empty((3, 3))
    for n in range(count):
        pose, ok = poses[n], known[n]
        hips = ok[sides[2]] and ok[sides[3]]
        located = 0
        for axis in range(3):
            center[axis] = 0.0
            for other in range(3):
                upright[axis, other] = 1.0 if axis == other else 0.0
        for j in range(joints):
            if ok[j] and (not hips or j == sides[2] or j == sides[3]):
                located += 1
                for axis in range(3):
                    center[axis] += pose[j, axis]
        for axis in range(3):
            center[axis] /= max(located, 1)
        shift[n, 0], shift[n, 1], shift[n, 2] = -center[0], -center[1], up_shift[n]
        if hips and ok[sides[0]] and ok[sides[1]]:
            length = 0.0
            for axis in range(3):
                trunk[axis] = 0.5 * (pose[sides[0], axis] + pose[sides[1], axis]) - center[axis]
                length += trunk[axis] ** 2
            length = max(math.sqrt(length), 1e-12)
            if trunk[2] < MIN_UPRIGHT * length:
                for axis in range(3):
                    trunk[axis] /= length
                _rotate_onto_z(trunk, upright)
                # The hips of people who lie come to (0, 0, HIPS_MM).
                for axis in range(3):
                    shift[n, axis] = upright[2, axis] * HIPS_MM - center[axis]
        x, y = 0.0, 0.0
        for pair in range(0, 4, 2):
            left, right = sides[pair], sides[pair + 1]
            if ok[left] and ok[right]:
                for axis in range(3):
                    away = pose[left, axis] - pose[right, axis]
                    x += upright[0, axis] * away
                    y += upright[1, axis] * away
        length = math.sqrt(x * x + y * y)
        cos, sin = (x / length, y / length) if length > 0 else (1.0, 0.0)
        for axis in range(3):
            rotation[n, 0, axis] = cos * upright[0, axis] + sin * upright[1, axis]
            rotation[n, 1, axis] = cos * upright[1, axis] - sin * upright[0, axis]
            rotation[n, 2, axis] = upright[2, axis]
    return shift, rotation


@compiled
def _rotate_onto_z(direction, rotation):
    """The smallest rotation (3, 3) that turns a unit vector to +z; of -z, one about x."""
    x, y, z = direction[0], direction[1], direction[2]
    if z < -0.9999:
        # Rotation starts as the identity.
        rotation[1, 1], rotation[2, 2] = -1.0, -1.0
        return
    factor = 1 / (1 + z)
    rotation[0, 0], rotation[0, 1], rotation[0, 2] = 1 - x * x * factor, -x * y * factor, -x
    rotation[1, 0], rotation[1, 1], rotation[1, 2] = -x * y * factor, 1 - y * y * factor, -y
    rotation[2, 0], rotation[2, 1], rotation[2, 2] = x, y, z
