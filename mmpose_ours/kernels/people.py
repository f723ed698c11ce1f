"""The people of one frame, from the rays of all detections to refined poses.

Letters of dimensions: V views, P detections per view, J joints, N people.
"""

from __future__ import annotations

import math

import numpy as np

from mmpose_ours.kernels.agreement import agreements, assign_greedily, assign_mutual_best
from mmpose_ours.kernels.body import initial_pose, refine
from mmpose_ours.kernels.compiling import compiled
from mmpose_ours.kernels.constants import (
    ANKLE_MM,
    ANKLE_STD_MM,
    FLOOR_LIMIT_MM,
    FLOOR_STD_MM,
    TRIANGULATION_SCALE_MM,
    WEAK_PRIOR_WEIGHT,
)
from mmpose_ours.kernels.pairs import best_partners, flatten, midpoints, pairs_to_try
from mmpose_ours.kernels.small_matrices import triangulate


@compiled
def hypotheses_of_pairs(flat, origins, options):
    """Hypotheses from pairs of detections: poses (H, J, 3) mm, and which joints are known (H, J).

    Args:
        flat: The result of :func:`~mmpose_ours.kernels.pairs.flatten`.
        origins: (V, 3).
        options: max_people, max_gap_mm, sigma_mm, min_agreement, max_pairs, see
            :class:`mmpose_ours.models.association.proposals.Proposer`.
    """
    lines, detected, view, _, starts, most = flat
    joints = detected.shape[1]
    gap, partner = best_partners(lines, detected, view, starts, origins)
    most_pairs = max(options[4], most * len(origins))
    pairs = pairs_to_try(gap, partner, view, options[1], most_pairs)
    poses, known = np.empty((len(pairs), joints, 3)), np.empty((len(pairs), joints), np.bool_)
    for h in range(len(pairs)):
        first, second = pairs[h]
        midpoints(first, second, lines, detected, view, origins, poses[h], known[h])
    return poses, known


@compiled
def groups_from_pairs(flat, origins, options):
    """Groups of detections by greedy assignment to hypotheses from pairs.

    Arguments are those of :func:`hypotheses_of_pairs`.

    Returns:
        ``groups`` (G, V), the detections in D, -1 where a view has none; ``poses`` (G, J, 3) of
        their hypotheses in mm, inaccurate in depth; and ``known`` (G, J), which joints of these
        both detections of the pair contain.
    """
    lines, detected, view, _, starts, _ = flat
    max_people, _, sigma_mm, min_agreement, _ = options
    poses, known = hypotheses_of_pairs(flat, origins, options)
    exact = np.zeros(known.shape)
    agreement = agreements(poses, known, exact, sigma_mm, lines, detected, view, origins)
    groups, accepted = assign_greedily(agreement, starts, min_agreement, max_people)
    return groups, poses[accepted], known[accepted]


@compiled
def rays_of(group, flat, directions, weights):
    """The rays of a group (V,) of detections: directions (V, J, 3) and weights (V, J)."""
    index = flat[3]
    views, _, joints = weights.shape
    own = np.zeros((views, joints, 3)), np.zeros((views, joints))
    for v in range(views):
        if group[v] >= 0:
            own[0][v] = directions[v, index[group[v]]]
            own[1][v] = weights[v, index[group[v]]]
    return own


@compiled
def group_detections(origins, directions, weights, options):
    """Group the detections of one frame, without a body prior.

    Args:
        origins: (V, 3) mm.
        directions: (V, P, J, 3).
        weights: (V, P, J).
        options: See :func:`hypotheses_of_pairs`.

    Returns:
        (G, V) index of each view's detection, -1 where it has none; two views or more.
    """
    flat = flatten(origins, directions, weights)
    lines, detected, view, index, starts, _ = flat
    _, _, sigma_mm, min_agreement, _ = options
    groups, poses, known = groups_from_pairs(flat, origins, options)
    # The depth of a hypothesis from two rays is inaccurate. Triangulate from all views of its
    # group, and assign the detections again.
    for g in range(len(groups)):
        own = rays_of(groups[g], flat, directions, weights)
        triangulate(origins, own[0], own[1], WEAK_PRIOR_WEIGHT, TRIANGULATION_SCALE_MM, 3, poses[g])
        known[g] = (own[1] > 0).sum(0) >= 2
    exact = np.zeros(known.shape)
    agreement = agreements(poses, known, exact, sigma_mm, lines, detected, view, origins)
    groups = assign_mutual_best(agreement, starts, min_agreement, 2)
    return in_views(groups, index)


@compiled
def in_views(groups, index):
    """Groups (G, V) of detections in D as indices in their views."""
    result = np.full(groups.shape, -1)
    for g in range(groups.shape[0]):
        for v in range(groups.shape[1]):
            if groups[g, v] >= 0:
                result[g, v] = index[groups[g, v]]
    return result


@compiled
def root_mean_square(std):
    """(N, J) standard deviations of joints from those of their axes (N, J, 3)."""
    result = np.empty(std.shape[:2])
    for g in range(std.shape[0]):
        for j in range(std.shape[1]):
            a, b, c = std[g, j]
            result[g, j] = math.sqrt((a * a + b * b + c * c) / 3)
    return result


@compiled
def find_people(origins, directions, weights, floor_mm, options, body, ankles, steps):
    """Find the people of one frame whom two views or more show, and estimate their poses.

    Args:
        origins: (V, 3) mm.
        directions: (V, P, J, 3).
        weights: (V, P, J).
        floor_mm: Height of the floor in the frame of the rays.
        options: See :func:`hypotheses_of_pairs`.
        body: See :mod:`mmpose_ours.kernels.body`.
        ankles: (2,) indices of the ankles.
        steps: Scales of the Geman-McClure weights in mm, of the initial estimate and of the
            refinement.

    Returns:
        ``detections`` (N, V), -1 where a view has none; ``poses`` (N, J, 3), ``std`` (N, J, 3),
        ``shift`` (N, 3) and ``rotation`` (N, 3, 3); ``highest`` (V, P), the highest agreement of
        each detection with any of them; and the height of the floor, corrected by their ankles.
    """
    flat = flatten(origins, directions, weights)
    lines, detected, view, index, starts, _ = flat
    _, _, sigma_mm, min_agreement, _ = options
    joints = weights.shape[2]
    groups, pair_poses, known = groups_from_pairs(flat, origins, options)
    count = len(groups)
    poses, std = np.empty((count, joints, 3)), np.empty((count, joints, 3))
    shift, rotation = np.empty((count, 3)), np.empty((count, 3, 3))
    for g in range(count):
        own = rays_of(groups[g], flat, directions, weights)
        out = poses[g], std[g], shift[g], rotation[g]
        rays = origins, own[0], own[1]
        initial_pose(rays, body, floor_mm, pair_poses[g], known[g], steps, out)
    # Assign the detections of all views again, now to the complete poses.
    everything = np.ones((count, joints), np.bool_)
    agreement = agreements(
        poses, everything, root_mean_square(std), sigma_mm, lines, detected, view, origins
    )
    groups = assign_mutual_best(agreement, starts, min_agreement, 2)
    highest = np.zeros(weights.shape[:2])
    kept = 0
    for g in range(count):
        if groups[g].max() < 0:
            continue
        # Agreements with groups that were dropped do not count.
        for d in range(len(view)):
            value = highest[view[d], index[d]]
            highest[view[d], index[d]] = max(value, agreement[g, d])
        groups[kept], poses[kept], shift[kept] = groups[g], poses[g], shift[g]
        kept += 1
    groups, poses, std = groups[:kept], poses[:kept], std[:kept]
    shift, rotation = shift[:kept], rotation[:kept]
    floor_mm = floor_from_ankles(groups, poses, detected, ankles, floor_mm)
    nothing = np.zeros((joints, 3)), np.zeros(joints)
    for g in range(kept):
        own = rays_of(groups[g], flat, directions, weights)
        shift[g, 2] = -floor_mm
        out = poses[g], std[g], shift[g], rotation[g]
        refine((origins, own[0], own[1]), body, steps[1], nothing, out)
    return in_views(groups, index), poses, std, shift, rotation, highest, floor_mm


@compiled
def assign_poses(origins, directions, weights, poses, std_mm, options):
    """The detections (M, V) of one frame that agree with known poses, in one view or more.

    Args:
        origins: (V, 3) mm.
        directions: (V, P, J, 3).
        weights: (V, P, J).
        poses: (M, J, 3) mm.
        std_mm: (M, J).
        options: See :func:`hypotheses_of_pairs`.
    """
    lines, detected, view, index, starts, _ = flatten(origins, directions, weights)
    known = np.ones(std_mm.shape, np.bool_)
    agreement = agreements(poses, known, std_mm, options[2], lines, detected, view, origins)
    return in_views(assign_mutual_best(agreement, starts, options[3], 1), index)


@compiled
def floor_from_ankles(groups, poses, detected, ankles, floor_mm):
    """Height of the floor: the given one, corrected by the ankles of N people.

    Each person's lower ankle that two views show, minus ``ANKLE_MM``, measures the floor with
    the standard deviation ``ANKLE_STD_MM``. Measurements more than ``FLOOR_LIMIT_MM`` off are
    rejected. The result is the maximum a posteriori height with the given height as prior mean
    and ``FLOOR_STD_MM`` as prior standard deviation.
    """
    total, count = 0.0, 0.0
    for g in range(len(groups)):
        lower = math.inf
        for ankle in ankles:
            views = 0.0
            for d in groups[g]:
                if d >= 0:
                    views += detected[d, ankle]
            if views >= 2:
                lower = min(lower, poses[g, ankle, 2])
        offset = lower - ANKLE_MM - floor_mm
        if abs(offset) < FLOOR_LIMIT_MM:
            total += offset
            count += 1
    return floor_mm + total / (count + (ANKLE_STD_MM / FLOOR_STD_MM) ** 2)
