"""Duplicate suppression by the distance of a pose's rays from the limbs of higher-scored poses.

A detector that reports a person twice in a view fits the second skeleton into a part of the person:
a trunk into an arm, a whole body into two legs, often with left and right swapped. The joints of
such a duplicate are far from the same joints of the person, so that the mean joint distance of the
two poses does not reveal it. But all of its rays pass through the person's limbs, in every view.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mmpose_ours.kernels.suppression import ray_to_limb_distances
from mmpose_ours.models.association.rays import Rays
from mmpose_ours.structures.skeleton import Skeleton


def limb_pairs(joints: Skeleton) -> Tensor:
    """(L, 2) indices of the joints at the ends of limbs, and of the two diagonals of the trunk."""
    diagonals = [('left_shoulder', 'right_hip'), ('right_shoulder', 'left_hip')]
    pairs = [pair for pair in (*joints.limbs, *diagonals) if set(pair) <= set(joints.joints)]
    return torch.tensor([joints.index(*pair) for pair in pairs])


def ray_to_limb_distance_mm(rays: Rays, poses: Tensor, limbs: Tensor) -> Tensor:
    """Mean distance of the rays of N people from the limbs of M poses.

    The distance of a ray from a pose is that from the nearest of the
    :data:`~mmpose_ours.kernels.constants.POINTS_PER_LIMB` points of every limb, at most
    ``c = RAY_TO_LIMB_LIMIT_MM``. The mean over the n rays of a person includes one pseudo-ray at
    the distance c: ``(sum_i d_i + c) / (n + 1)``.

    Args:
        rays: By person: origins (N, V, 3), directions (N, V, J, 3), weights (N, V, J). Rays of
            weight 0 do not count.
        poses: (M, J, 3) in mm, in the frame of the rays.
        limbs: (L, 2) pairs of joints from :func:`limb_pairs`.

    Returns:
        (N, M) in mm.
    """
    parts = poses.detach().double().cpu().numpy(), limbs.cpu().numpy()
    return torch.from_numpy(ray_to_limb_distances(*rays.arrays(), *parts)).to(poses)


def suppress_duplicates(rays: Rays, poses: Tensor, limbs: Tensor, limit_mm: float) -> list[int]:
    """Indices of the poses that are kept, of N poses in descending order of score.

    Args:
        rays: By person, of the N poses: directions (N, V, J, 3).
        poses: (N, J, 3) in mm.
        limbs: (L, 2) pairs of joints from :func:`limb_pairs`.
        limit_mm: A pose is suppressed if its mean ray-to-limb distance to a higher-scored pose that
            is kept is at most this; 0 keeps all.
    """
    if len(poses) < 2 or limit_mm <= 0:
        return list(range(len(poses)))
    distance = ray_to_limb_distance_mm(rays, poses, limbs).tolist()
    kept: list[int] = []
    for index in range(len(poses)):
        if all(distance[index][better] > limit_mm for better in kept):
            kept.append(index)
    return kept
