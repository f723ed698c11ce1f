"""The person frame of a pose: see :mod:`mmpose_ours.models.keypoint_prior.person_frame`."""

from __future__ import annotations

import math

import numpy as np

from mmpose_ours.kernels.compiling import compiled
from mmpose_ours.kernels.constants import HIPS_MM, MIN_UPRIGHT


@compiled
def person_frame(pose, known, up_shift, root, sides, shift, rotation):
    """Shift and rotation of a pose's person frame, which is ``rotation @ (x + shift)``.

    Args:
        pose: (J, 3) mm.
        known: (J,) bool, which joints may be used.
        up_shift: Minus the height of the floor, for people who are upright.
        root: Indices of the joints whose mean is the person's position, the hips.
        sides: (4,) indices of left shoulder, right shoulder, left hip, right hip.
        shift: (3,), the result.
        rotation: (3, 3), the result.
    """
    center, hips = _center(pose, known, root)
    shift[0], shift[1], shift[2] = -center[0], -center[1], up_shift
    upright = np.eye(3)
    if hips and known[sides[0]] and known[sides[1]]:
        trunk = 0.5 * (pose[sides[0]] + pose[sides[1]]) - center
        trunk /= max(math.sqrt((trunk * trunk).sum()), 1e-12)
        if trunk[2] < MIN_UPRIGHT:
            rotate_onto_z(trunk, upright)
            # The hips of people who lie come to (0, 0, HIPS_MM).
            for axis in range(3):
                shift[axis] = upright[2, axis] * HIPS_MM - center[axis]
    x, y = 0.0, 0.0
    for pair in range(0, 4, 2):
        left, right = sides[pair], sides[pair + 1]
        if known[left] and known[right]:
            for axis in range(3):
                away = pose[left, axis] - pose[right, axis]
                x += upright[0, axis] * away
                y += upright[1, axis] * away
    length = math.sqrt(x * x + y * y)
    cos, sin = (x / length, y / length) if length > 0 else (1.0, 0.0)
    for axis in range(3):
        rotation[0, axis] = cos * upright[0, axis] + sin * upright[1, axis]
        rotation[1, axis] = cos * upright[1, axis] - sin * upright[0, axis]
        rotation[2, axis] = upright[2, axis]


@compiled
def _center(pose, known, root):
    """(3,) the mean of the root's joints, or of all known ones, and whether it is the former."""
    center, count = np.zeros(3), 0
    for j in root:
        if known[j]:
            center += pose[j]
            count += 1
    if count == len(root):
        return center / count, True
    center[:] = 0.0
    count = 0
    for j in range(len(pose)):
        if known[j]:
            center += pose[j]
            count += 1
    return center / max(count, 1), False


@compiled
def rotate_onto_z(direction, rotation):
    """The smallest rotation (3, 3) that turns a unit vector to +z; of -z, one about x."""
    x, y, z = direction
    rotation[:] = 0.0
    if z < -0.9999:
        rotation[0, 0], rotation[1, 1], rotation[2, 2] = 1.0, -1.0, -1.0
        return
    factor = 1 / (1 + z)
    rotation[0, 0], rotation[0, 1], rotation[0, 2] = 1 - x * x * factor, -x * y * factor, -x
    rotation[1, 0], rotation[1, 1], rotation[1, 2] = -x * y * factor, 1 - y * y * factor, -y
    rotation[2, 0], rotation[2, 1], rotation[2, 2] = x, y, z
