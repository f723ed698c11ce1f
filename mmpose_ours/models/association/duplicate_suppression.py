"""Duplicate suppression: drop poses whose rays are those of a higher-scored pose, joint for limb.

A detector that reports somebody twice in a view squeezes the second skeleton into a part of
the first: a trunk into an arm, a whole body into two legs, left and right exchanged. Its joints
are far from the same joints of the person, so that no comparison joint by joint tells it. But
all of them lie on the person, in every view that shows them.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mmpose_ours.models.association.rays import Rays
from mmpose_ours.structures.skeleton import Skeleton

# 19 in 20 of MediaPipe's duplicates are below this. Of those whom Shelf's five cameras confirm
# 1 in 1000 is, where two or three cameras show them; 1 in 150, where one of those alone does.
SUPPRESSION_MM = 110.0
# Points of a limb that stand for it, its ends among them.
POINTS = 4
# Rays times points that are compared at once: bounds memory to some 200 MB.
MAX_COMPARED = 1 << 25
# A ray this far off says that somebody else is there, however much farther it is.
ELSEWHERE_MM = 300.0


def limbs_of(joints: Skeleton) -> Tensor:
    """(L, 2) pairs of joints with body between them: the limbs, and across the trunk."""
    across = [('left_shoulder', 'right_hip'), ('right_shoulder', 'left_hip')]
    pairs = [pair for pair in (*joints.limbs, *across) if set(pair) <= set(joints.joints)]
    return torch.tensor([joints.index(*pair) for pair in pairs])


def beside_mm(rays: Rays, poses: Tensor, limbs: Tensor) -> Tensor:
    """How far people's rays pass by other people's bodies.

    Args:
        rays: Of N people: origins (N, V, 3), directions (N, V, J, 3), weights (N, V, J).
        poses: (M, J, 3) other people, in the same frame.
        limbs: (L, 2) pairs of joints.

    Returns:
        (N, M) mean distance in mm of the rays that there are from the nearest limb, each at
        most :data:`ELSEWHERE_MM`. One more ray is taken to be elsewhere: few convince less.
    """
    at_once = max(1, MAX_COMPARED // max(1, rays.weights[0].numel() * poses[:, limbs].numel()))
    if len(rays.weights) > at_once:
        return torch.cat([beside_mm(part, poses, limbs) for part in rays.split(at_once)])
    ends = poses[:, limbs]  # (M, L, 2, 3)
    share = torch.linspace(0, 1, POINTS, device=poses.device)[:, None]
    points = ends[:, :, None, 0] * (1 - share) + ends[:, :, None, 1] * share
    away = points.flatten(0, 2) - rays.origins[:, :, None]  # (N, V, M * L * POINTS, 3)
    # Of what is behind a camera the distance from the camera counts, which is far.
    along = (rays.directions @ away.transpose(-1, -2)).clamp_min_(0)  # (N, V, J, M * L * POINTS)
    distance2 = away.square().sum(-1)[:, :, None] - along.square_()
    nearest2 = distance2.unflatten(-1, (len(poses), -1)).amin(-1)  # (N, V, J, M)
    there = (rays.weights > 0)[..., None]
    total = (nearest2.clamp(0, ELSEWHERE_MM**2).sqrt() * there).sum((1, 2))
    return (total + ELSEWHERE_MM) / (there.sum((1, 2)) + 1)


def suppress_duplicates(rays: Rays, poses: Tensor, limbs: Tensor, limit_mm: float) -> list[int]:
    """Indices of those of N people, best first, who are not duplicates of a better one.

    Args:
        rays: Of the people, as :func:`beside_mm` takes them.
        poses: (N, J, 3).
        limbs: (L, 2) pairs of joints.
        limit_mm: Whose rays pass this close by the body of somebody better, on average, is a
            duplicate of that body.
    """
    if len(poses) < 2 or limit_mm <= 0:
        return list(range(len(poses)))
    beside = beside_mm(rays, poses, limbs).tolist()
    kept: list[int] = []
    for person in range(len(poses)):
        if all(beside[person][better] > limit_mm for better in kept):
            kept.append(person)
    return kept
