"""How well detections agree with poses, and which detection is assigned to which pose.

Letters of dimensions: V views, D detections of a frame, view by view, H poses, J joints.
"""

from __future__ import annotations

import math

import numpy as np

from mmpose_ours.kernels.compiling import compiled
from mmpose_ours.kernels.constants import MIN_HYPOTHESIS_JOINTS
from mmpose_ours.kernels.small_matrices import MAX_EXPONENT


@compiled
def agreements(poses, known, std_mm, sigma_mm, lines, detected, view, origins):
    """Agreement of detections with poses.

    With the distance d_j of the joint j from the detection's ray of that joint and its variance
    ``s_j^2 = sigma_mm^2 + std_mm_j^2``, summed over the n joints that both have, it is
    ``sum_j exp(-d_j^2 / (2 s_j^2)) / (n + 1)``, and 0 if n is below
    :data:`~mmpose_ours.kernels.constants.MIN_HYPOTHESIS_JOINTS`. The 1 in the denominator lowers
    the agreement of detections with few joints.

    Args:
        poses: (H, J, 3) mm.
        known: (H, J) bool, which of the joints are valid.
        std_mm: (H, J) standard deviation of each joint.
        sigma_mm: Standard deviation of the Gaussian on the distance of a joint from a ray.
        lines: (D, 7, J), see :func:`mmpose_ours.kernels.pairs.flatten`.
        detected: (D, J).
        view: (D,).
        origins: (V, 3).

    Returns:
        (H, D), 0 to below 1.
    """
    count, joints = known.shape
    result = np.zeros((count, len(view)))
    x, y, z, valid = np.empty(joints), np.empty(joints), np.empty(joints), np.empty(joints)
    factor, squared, exponent = np.empty(joints), np.empty(joints), np.empty(joints)
    for h in range(count):
        for j in range(joints):
            x[j], y[j], z[j] = poses[h, j, 0], poses[h, j, 1], poses[h, j, 2]
            factor[j] = 0.5 / (sigma_mm**2 + std_mm[h, j] ** 2)
            valid[j] = 1.0 if known[h, j] else 0.0
        last = -1
        for d in range(len(view)):
            if view[d] != last:
                last = view[d]
                a, b, c = origins[last, 0], origins[last, 1], origins[last, 2]
                for j in range(joints):
                    p, q, r = x[j] - a, y[j] - b, z[j] - c
                    squared[j] = p * p + q * q + r * r
            line = lines[d]
            common, least = 0.0, MAX_EXPONENT
            for j in range(joints):
                depth = x[j] * line[0, j] + y[j] * line[1, j] + z[j] * line[2, j] - line[6, j]
                both = valid[j] * detected[d, j]
                value = max(squared[j] - depth * depth, 0.0) * factor[j]
                value = value if (depth > 0) & (both > 0) else MAX_EXPONENT
                exponent[j] = value
                least = min(least, value)
                common += both
            if common < MIN_HYPOTHESIS_JOINTS or least >= MAX_EXPONENT:
                continue
            total = 0.0
            for j in range(joints):
                if exponent[j] < MAX_EXPONENT:
                    total += math.exp(-exponent[j])
            result[h, d] = total / (common + 1)
    return result


@compiled
def assign_greedily(agreement, starts, min_agreement, max_people):
    """Greedy assignment of detections to hypotheses.

    Accept the hypothesis with the highest sum of agreements over the views (its best free inlier
    of each view, two views at least), mark its detections as assigned, and repeat.

    Args:
        agreement: (H, D).
        starts: (V + 1,), where the detections of each view begin.
        min_agreement: Detections that do not agree more are outliers.
        max_people: Largest number of groups.

    Returns:
        ``groups`` (G, V), the detections in D, -1 where a view has none; and ``accepted`` (G,), the
        hypotheses.
    """
    count, views = len(agreement), len(starts) - 1
    groups, accepted = np.empty((max_people, views), np.int64), np.empty(max_people, np.int64)
    taken = np.zeros(agreement.shape[1], np.bool_)
    found = 0
    while found < max_people:
        winner, highest = -1, 0.0
        for h in range(count):
            support, inliers = 0.0, 0
            for v in range(views):
                best = 0.0
                for d in range(starts[v], starts[v + 1]):
                    if not taken[d]:
                        best = max(best, agreement[h, d])
                if best > min_agreement:
                    support += best
                    inliers += 1
            if inliers >= 2 and support > highest:
                winner, highest = h, support
        if winner < 0:
            break
        accepted[found] = winner
        for v in range(views):
            best, chosen = min_agreement, -1
            for d in range(starts[v], starts[v + 1]):
                if not taken[d] and agreement[winner, d] > best:
                    best, chosen = agreement[winner, d], d
            groups[found, v] = chosen
            if chosen >= 0:
                taken[chosen] = True
        found += 1
    return groups[:found], accepted[:found]


@compiled
def assign_mutual_best(agreement, starts, min_agreement, min_views):
    """Assign to each pose at most one detection per view, by mutual best agreement.

    A detection is a candidate only of the pose with which it agrees most. Of its candidates in a
    view a pose gets the one that agrees most with it.

    Args:
        agreement: (H, D).
        starts: (V + 1,), where the detections of each view begin.
        min_agreement: Detections that do not agree more are outliers.
        min_views: A pose with inliers in fewer views gets no detection at all.

    Returns:
        (H, V) the detections in D, -1 where the view has no inlier.
    """
    count, views = len(agreement), len(starts) - 1
    groups, highest = np.empty((count, views), np.int64), np.zeros(agreement.shape[1])
    for h in range(count):
        for d in range(len(highest)):
            highest[d] = max(highest[d], agreement[h, d])
    for h in range(count):
        inliers = 0
        for v in range(views):
            best, chosen = min_agreement, -1
            for d in range(starts[v], starts[v + 1]):
                if agreement[h, d] > best and agreement[h, d] >= highest[d]:
                    best, chosen = agreement[h, d], d
            groups[h, v] = chosen
            if chosen >= 0:
                inliers += 1
        if inliers < min_views:
            for v in range(views):
                groups[h, v] = -1
    return groups
