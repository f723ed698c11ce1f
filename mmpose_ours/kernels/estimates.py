"""The kernels of :mod:`mmpose_ours.kernels.body` for N people, each with rays of their own.

Arrays are origins (N, V, 3), directions (N, V, J, 3) and weights (N, V, J).
"""

from __future__ import annotations

import numpy as np

from mmpose_ours.kernels.body import energy, initial_pose, refine
from mmpose_ours.kernels.compiling import compiled
from mmpose_ours.kernels.constants import TRIANGULATION_SCALE_MM, WEAK_PRIOR_WEIGHT
from mmpose_ours.kernels.small_matrices import triangulate


@compiled
def estimate_poses(origins, directions, weights, floor_mm, body, steps):
    """MAP poses of people, without a starting pose.

    Args:
        origins: As the following ones, see above.
        directions: (N, V, J, 3).
        weights: (N, V, J).
        floor_mm: (N,) height of the floor in the frame of the rays.
        body: See :mod:`mmpose_ours.kernels.body`.
        steps: See :func:`~mmpose_ours.kernels.body.initial_pose`.

    Returns:
        poses (N, J, 3), standard deviations (N, J, 3), shift (N, 3) and rotation (N, 3, 3).
    """
    count, _, joints = weights.shape
    poses, std = np.empty((count, joints, 3)), np.empty((count, joints, 3))
    shift, rotation = np.empty((count, 3)), np.empty((count, 3, 3))
    points = np.empty((joints, 3))
    nothing = np.zeros((joints, 3)), np.zeros(joints)
    for n in range(count):
        rays = origins[n], directions[n], weights[n]
        triangulate(*rays, WEAK_PRIOR_WEIGHT, TRIANGULATION_SCALE_MM, 3, points)
        known = (weights[n] > 0).sum(0) >= 2
        out = poses[n], std[n], shift[n], rotation[n]
        initial_pose(rays, body, floor_mm[n], points, known, steps, out)
        refine(rays, body, steps[1], nothing, out)
    return poses, std, shift, rotation


@compiled
def refine_poses(origins, directions, weights, estimates, body, scales_mm, prior):
    """MAP poses from given ones, in place.

    Args:
        origins: As the following ones, see above.
        directions: (N, V, J, 3).
        weights: (N, V, J).
        estimates: The result of :func:`estimate_poses`.
        body: See :mod:`mmpose_ours.kernels.body`.
        scales_mm: See :func:`~mmpose_ours.kernels.body.refine`.
        prior: mean (N, J, 3) and inverse variance (N, J) of a second prior.
    """
    poses, std, shift, rotation = estimates
    for n in range(len(poses)):
        rays = origins[n], directions[n], weights[n]
        out = poses[n], std[n], shift[n], rotation[n]
        refine(rays, body, scales_mm, (prior[0][n], prior[1][n]), out)


@compiled
def energies(origins, directions, weights, estimates, body, scale_mm):
    """(N,) the energies of :func:`~mmpose_ours.kernels.body.energy`."""
    poses, _, shift, rotation = estimates
    result = np.empty(len(poses))
    for n in range(len(poses)):
        rays = origins[n], directions[n], weights[n]
        result[n] = energy(rays, body, poses[n], shift[n], rotation[n], scale_mm)
    return result
