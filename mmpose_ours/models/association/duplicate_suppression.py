"""Duplicate suppression by the distance of a pose's rays from the limbs of higher-scored poses.

A detector that reports a person twice in a view fits the second skeleton into a part of the person:
a trunk into an arm, a whole body into two legs, often with left and right swapped. The joints of
such a duplicate are far from the same joints of the person, so that the mean joint distance of the
two poses does not reveal it. But all of its rays pass through the person's limbs, in every view.
"""

from __future__ import annotations

import numpy as np

from mmpose_ours.kernels.suppression import suppress
from mmpose_ours.models.association.rays import Arrays
from mmpose_ours.structures.skeleton import Skeleton


def limb_pairs(joints: Skeleton) -> np.ndarray:
    """(L, 2) indices of the joints at the ends of limbs, and of the two diagonals of the trunk."""
    diagonals = [('left_shoulder', 'right_hip'), ('right_shoulder', 'left_hip')]
    pairs = [pair for pair in (*joints.limbs, *diagonals) if set(pair) <= set(joints.joints)]
    return np.array([joints.index(*pair) for pair in pairs])


def suppress_duplicates(
    rays: Arrays, poses: np.ndarray, limbs: np.ndarray, limit_mm: float
) -> np.ndarray:
    """Indices of the poses that are kept, of N poses in descending order of score.

    Args:
        rays: By person, of the N poses: origins (N, V, 3), directions (N, V, J, 3) and weights
            (N, V, J).
        poses: (N, J, 3) in mm.
        limbs: (L, 2) pairs of joints from :func:`limb_pairs`.
        limit_mm: A pose is suppressed if its mean ray-to-limb distance
            (:func:`mmpose_ours.kernels.suppression.ray_to_limb_distance`) to a higher-scored pose
            that is kept is at most this; 0 keeps all.
    """
    if len(poses) < 2 or limit_mm <= 0:
        return np.arange(len(poses))
    return suppress(*rays, poses, limbs, limit_mm)
