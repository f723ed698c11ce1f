"""The people of one frame, from the rays of all detections to refined poses.

Letters of dimensions: V views, P detections per view, J joints, D detections of all views (see
:func:`mmpose_ours.kernels.pairs.flatten`), N people. ``options`` are max_people, max_gap_mm,
sigma_mm, min_agreement and max_pairs of :class:`mmpose_ours.models.association.proposals.Proposer`.
"""

from __future__ import annotations

import numpy as np

from mmpose_ours.kernels.agreement import agreements, assign_greedily, assign_mutual_best
from mmpose_ours.kernels.constants import ANKLE_MM, ANKLE_STD_MM, FLOOR_LIMIT_MM, FLOOR_STD_MM
from mmpose_ours.kernels.estimates import initial_estimates, refine_poses
from mmpose_ours.kernels.pairs import best_partners, flatten, midpoints, pairs_to_try
from mmpose_ours.kernels.triangulation import triangulate_weakly


def hypotheses_of_pairs(flat, origins, options):
    """Hypotheses from pairs of detections: poses (H, J, 3) mm, and which joints are known (H, J).

    Args:
        flat: The result of :func:`~mmpose_ours.kernels.pairs.flatten`.
        origins: (V, 3).
        options: See above.
    """
    lines, detected, view, index, starts = flat
    gap, partner = best_partners(lines, detected, view, starts, origins)
    most = max(options[4], (int(index.max()) + 1) * len(origins)) if len(index) else 0
    pairs = pairs_to_try(gap, partner, view, options[1], most)
    return midpoints(pairs, lines, detected, view, origins)


def groups_from_pairs(flat, origins, options):
    """Groups of detections by greedy assignment to hypotheses from pairs.

    Arguments are those of :func:`hypotheses_of_pairs`.

    Returns:
        ``groups`` (G, V), the detections in D, -1 where a view has none; ``poses`` (G, J, 3) of
        their hypotheses in mm, inaccurate in depth; and ``known`` (G, J), which joints of these
        both detections of the pair contain.
    """
    lines, detected, view, _, starts = flat
    max_people, _, sigma_mm, min_agreement, _ = options
    poses, known = hypotheses_of_pairs(flat, origins, options)
    exact = np.zeros(known.shape)
    agreement = agreements(poses, known, exact, sigma_mm, lines, detected, view, origins)
    groups, accepted = assign_greedily(agreement, starts, min_agreement, max_people)
    return groups, poses[accepted], known[accepted]


def group_detections(rays, options):
    """Group the detections of one frame, without a body prior.

    Args:
        rays: Of the frame: origins (V, 3) mm, directions (V, P, J, 3) and weights (V, P, J).
        options: See above.

    Returns:
        (G, V) index of each view's detection, -1 where it has none; two views or more.
    """
    flat, origins = flatten(*rays), rays[0]
    lines, detected, view, index, starts = flat
    _, _, sigma_mm, min_agreement, _ = options
    groups = groups_from_pairs(flat, origins, options)[0]
    # The depth of a hypothesis from two rays is inaccurate. Triangulate from all views of its
    # group, and assign the detections again.
    frame = np.zeros(len(groups), np.int64)
    poses, known = triangulate_weakly(_one_frame(rays), frame, _in_views(groups, index))
    exact = np.zeros(known.shape)
    agreement = agreements(poses, known, exact, sigma_mm, lines, detected, view, origins)
    return _in_views(assign_mutual_best(agreement, starts, min_agreement, 2), index)


def find_people(rays, floor_mm, options, body, ankles, steps):
    """Find the people of one frame whom two views or more show, and estimate their poses.

    Args:
        rays: Of the frame: origins (V, 3) mm, directions (V, P, J, 3) and weights (V, P, J).
        floor_mm: Height of the floor in the frame of the rays.
        options: See above.
        body: See :mod:`mmpose_ours.kernels.body`.
        ankles: (2,) indices of the ankles.
        steps: See :func:`~mmpose_ours.kernels.estimates.estimate_poses`.

    Returns:
        ``detections`` (N, V), -1 where a view has none; ``poses`` (N, J, 3), ``std`` (N, J, 3),
        ``shift`` (N, 3) and ``rotation`` (N, 3, 3); ``highest`` (V, P), the highest agreement of
        each detection with any of them; and the height of the floor, corrected by their ankles.
    """
    flat, origins = flatten(*rays), rays[0]
    lines, detected, view, index, starts = flat
    _, _, sigma_mm, min_agreement, _ = options
    one_frame = _one_frame(rays)
    groups, *joints = groups_from_pairs(flat, origins, options)
    frame, floor = np.zeros(len(groups), np.int64), np.full(len(groups), floor_mm)
    found = initial_estimates(
        one_frame, frame, _in_views(groups, index), floor, joints, body, steps
    )
    # Assign the detections of all views again, now to the complete poses.
    known = np.ones(joints[1].shape, bool)
    std_mm = np.sqrt(np.square(found[1]).mean(-1))
    agreement = agreements(found[0], known, std_mm, sigma_mm, lines, detected, view, origins)
    groups = assign_mutual_best(agreement, starts, min_agreement, 2)
    kept = groups.max(1, initial=-1) >= 0
    groups, (poses, std, shift, rotation) = groups[kept], (part[kept] for part in found)
    # Agreements with groups that were dropped do not count.
    highest = np.zeros(rays[2].shape[:2])
    highest[view, index] = agreement[kept].max(0, initial=0.0)
    floor_mm = floor_from_ankles(groups, poses, detected, ankles, floor_mm)
    shift[:, 2] = -floor_mm
    detections = _in_views(groups, index)
    estimates = poses, std, shift, rotation
    estimates = refine_poses(one_frame, frame[kept], detections, estimates, body, steps[1])
    return detections, *estimates, highest, floor_mm


def assign_poses(rays, poses, std_mm, options):
    """The detections (M, V) of one frame that agree with known poses, in one view or more.

    Args:
        rays: Of the frame: origins (V, 3) mm, directions (V, P, J, 3) and weights (V, P, J).
        poses: (M, J, 3) mm.
        std_mm: (M, J).
        options: See above.
    """
    lines, detected, view, index, starts = flatten(*rays)
    known = np.ones(std_mm.shape, bool)
    agreement = agreements(poses, known, std_mm, options[2], lines, detected, view, rays[0])
    return _in_views(assign_mutual_best(agreement, starts, options[3], 1), index)


def floor_from_ankles(groups, poses, detected, ankles, floor_mm):
    """Height of the floor: the given one, corrected by the ankles of N people.

    Each person's lower ankle that two views show, minus ``ANKLE_MM``, measures the floor with
    the standard deviation ``ANKLE_STD_MM``. Measurements more than ``FLOOR_LIMIT_MM`` off are
    rejected. The result is the maximum a posteriori height with the given height as prior mean
    and ``FLOOR_STD_MM`` as prior standard deviation.

    Args:
        groups: (N, V) detections in D, -1 where a view has none.
        poses: (N, J, 3) mm.
        detected: (D, J).
        ankles: (2,) indices of the ankles.
        floor_mm: Height of the floor in the frame of the poses.
    """
    if not len(poses):
        return floor_mm
    views = (detected[groups][..., ankles] * (groups >= 0)[..., None]).sum(1)
    lower = np.where(views >= 2, poses[:, ankles, 2], np.inf).min(1)
    offset = lower - ANKLE_MM - floor_mm
    standing = np.abs(offset) < FLOOR_LIMIT_MM
    weight = standing.sum() + (ANKLE_STD_MM / FLOOR_STD_MM) ** 2
    return floor_mm + float(offset[standing].sum() / weight)


def _in_views(groups, index):
    """Groups (G, V) of detections in D as indices in their views."""
    return np.where(groups >= 0, index[groups], -1) if len(index) else groups


def _one_frame(rays):
    """Rays of one frame as those of F = 1 frames."""
    return tuple(part[None] for part in rays)
