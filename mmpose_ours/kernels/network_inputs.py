"""What the network of the learned prior is given about people: of their rays, and as a whole.

Arrays of N people with V views and J joints: origins (N, V, 3) in mm, directions (N, V, J, 3) and
weights (N, V, J) of their rays, 0 for missing joints.
"""

from __future__ import annotations

import math

import numpy as np

from mmpose_ours.kernels.compiling import compiled
from mmpose_ours.kernels.constants import (
    DEPTH_UNIT_MM,
    MAX_OFFSET_MM,
    MAX_VIEWS,
    NO_NEIGHBOUR_M,
    NUM_PERSON_INPUTS,
    NUM_RAY_INPUTS,
    OFFSET_UNIT_MM,
)


@compiled
def ray_inputs(origins, directions, weights, poses, shift, rotation):
    """Poses in their person frames, and what is known of each ray there.

    Args:
        origins: See above, as the following two.
        directions: (N, V, J, 3).
        weights: (N, V, J).
        poses: (N, J, 3) mm.
        shift: (N, 3) of the person frames.
        rotation: (N, 3, 3) of the person frames.

    Returns:
        ``own`` (N, J, 3) mm, the poses in their person frames; and ``inputs`` (N, V, J, 9), around
        1: direction, offset of the joint from the ray (shortened to ``MAX_OFFSET_MM``), depth of
        the joint along the ray, weight, and whether there is a ray.
    """
    people, views, joints = weights.shape
    own = np.empty((people, joints, 3))
    inputs = np.empty((people, views, joints, NUM_RAY_INPUTS), np.float32)
    for n in range(people):
        r = rotation[n]
        a0, a1, a2 = r[0, 0], r[0, 1], r[0, 2]
        b0, b1, b2 = r[1, 0], r[1, 1], r[1, 2]
        c0, c1, c2 = r[2, 0], r[2, 1], r[2, 2]
        for j in range(joints):
            x, y, z = poses[n, j, 0] + shift[n, 0], poses[n, j, 1] + shift[n, 1], poses[n, j, 2]
            z += shift[n, 2]
            own[n, j, 0] = a0 * x + a1 * y + a2 * z
            own[n, j, 1] = b0 * x + b1 * y + b2 * z
            own[n, j, 2] = c0 * x + c1 * y + c2 * z
        for v in range(views):
            for j in range(joints):
                dx, dy, dz = directions[n, v, j, 0], directions[n, v, j, 1], directions[n, v, j, 2]
                x, y, z = poses[n, j, 0], poses[n, j, 1], poses[n, j, 2]
                x -= origins[n, v, 0]
                y -= origins[n, v, 1]
                z -= origins[n, v, 2]
                depth = x * dx + y * dy + z * dz
                x -= depth * dx
                y -= depth * dy
                z -= depth * dz
                length = max(math.sqrt(x * x + y * y + z * z), 1e-3)
                # Outliers keep their direction.
                scale = min(length, MAX_OFFSET_MM) / length / OFFSET_UNIT_MM
                row = inputs[n, v, j]
                row[0] = a0 * dx + a1 * dy + a2 * dz
                row[1] = b0 * dx + b1 * dy + b2 * dz
                row[2] = c0 * dx + c1 * dy + c2 * dz
                row[3] = scale * (a0 * x + a1 * y + a2 * z)
                row[4] = scale * (b0 * x + b1 * y + b2 * z)
                row[5] = scale * (c0 * x + c1 * y + c2 * z)
                row[6] = depth / DEPTH_UNIT_MM
                row[7] = weights[n, v, j]
                row[8] = 1.0 if weights[n, v, j] > 0 else 0.0
    return own, inputs


@compiled
def person_inputs(weights, detections, exists, in_image, energy, std, hips, sample):
    """What is known of each person as a whole, around 1.

    In this order: number of views with a detection; whether it is 1; mean share of joints detected
    in these; mean weight of the detected joints; energy of the MAP estimate; largest value and sum
    of the shares of joints inside the images of views without a detection; distance of the hips
    from those of the nearest other person of the frame, and of the nearest other one with two views
    or more; logarithm of the standard deviation of the joints; number of views.

    Args:
        weights: See above.
        detections: (N, V) of each person, -1 where a view has none.
        exists: (N, V) bool, which views each person's rig has.
        in_image: (N, V) share of each person's joints inside each view's image.
        energy: (N,) of the MAP estimates.
        std: (N, J, 3) mm, of the joints.
        hips: (N, 3) mm.
        sample: (N,) the frame of each person.

    Returns:
        (N, 11).
    """
    people, views, joints = weights.shape
    result = np.empty((people, NUM_PERSON_INPUTS), np.float32)
    shown = np.empty(people, np.int64)
    for n in range(people):
        shown[n] = 0
        for v in range(views):
            shown[n] += detections[n, v] >= 0
    for n in range(people):
        rays, weight, missed, worst, there = 0, 0.0, 0.0, 0.0, 0
        for v in range(views):
            there += exists[n, v]
            if exists[n, v] and detections[n, v] < 0:
                missed += in_image[n, v]
                worst = max(worst, in_image[n, v])
            for j in range(joints):
                if weights[n, v, j] > 0:
                    rays += 1
                    weight += weights[n, v, j]
        nearest, nearest_sure, variance = NO_NEIGHBOUR_M, NO_NEIGHBOUR_M, 0.0
        for other in range(people):
            if other == n or sample[other] != sample[n]:
                continue
            x, y = hips[n, 0] - hips[other, 0], hips[n, 1] - hips[other, 1]
            z = hips[n, 2] - hips[other, 2]
            distance = math.sqrt(x * x + y * y + z * z) / 1000
            nearest = min(nearest, distance)
            if shown[other] > 1:
                nearest_sure = min(nearest_sure, distance)
        for j in range(joints):
            for axis in range(3):
                variance += std[n, j, axis] ** 2
        row = result[n]
        row[0] = min(shown[n], MAX_VIEWS) / 3
        row[1] = 1.0 if shown[n] == 1 else 0.0
        row[2] = rays / max(shown[n], 1) / joints
        row[3] = weight / max(rays, 1)
        row[4] = min(energy[n] / 50, 4.0)
        row[5] = worst
        row[6] = min(missed, 4.0) / 2
        row[7] = nearest
        row[8] = nearest_sure
        row[9] = math.log(math.sqrt(variance / (3 * joints)) / 100)
        row[10] = min(there, MAX_VIEWS) / 4
    return result
