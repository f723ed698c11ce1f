"""Hypotheses of people from pairs of detections of one frame.

Letters of dimensions: V views, P detections per view (some are padding), J joints; D detections
that are none, view by view; H hypotheses.
"""

from __future__ import annotations

import math

import numpy as np

from mmpose_ours.kernels.compiling import compiled
from mmpose_ours.kernels.constants import GAP_LIMIT_MM, MIN_COMMON_JOINTS, MIN_SINE

# Stands for an infinite distance in mm (1 km).
FAR_MM = 1e6


@compiled
def flatten(origins, directions, weights):
    """The detections of all views in one row, joints along memory.

    Args:
        origins: (V, 3) mm.
        directions: (V, P, J, 3) unit vectors.
        weights: (V, P, J); 0 for missing joints, and for all of padding.

    Returns:
        ``lines`` (D, 7, J): direction, moment ``o x a``, and ``o . a``; ``detected`` (D, J), 1.0 or
        0.0; ``view`` (D,); ``index`` (D,) in its view; and ``starts`` (V + 1,), where the
        detections of each view begin.
    """
    views, per_view, joints = weights.shape
    detected = np.zeros((views * per_view, joints))
    view, index = np.empty(len(detected), np.int64), np.empty(len(detected), np.int64)
    starts = np.empty(views + 1, np.int64)
    lines = np.empty((len(detected), 7, joints))
    d = 0
    for v in range(views):
        starts[v] = d
        x, y, z = origins[v, 0], origins[v, 1], origins[v, 2]
        for p in range(per_view):
            some = False
            for j in range(joints):
                a, b, c = directions[v, p, j, 0], directions[v, p, j, 1], directions[v, p, j, 2]
                lines[d, 0, j], lines[d, 1, j], lines[d, 2, j] = a, b, c
                lines[d, 3, j], lines[d, 4, j] = y * c - z * b, z * a - x * c
                lines[d, 5, j], lines[d, 6, j] = x * b - y * a, x * a + y * b + z * c
                detected[d, j] = 1.0 if weights[v, p, j] > 0 else 0.0
                some |= weights[v, p, j] > 0
            if some:
                view[d], index[d] = v, p
                d += 1
    starts[views] = d
    return lines[:d], detected[:d], view[:d], index[:d], starts


@compiled
def mean_gap(line1, line2, detected1, detected2, origin1, origin2):
    """Mean ray-to-ray distance in mm of two detections over the joints that both have.

    With origins o1, o2, unit directions a1, a2, c = a1 . a2, b1 = a1 . (o2 - o1) and
    b2 = a2 . (o1 - o2), the lines come closest at the depths t1 = (b1 + c b2) / (1 - c^2) and
    t2 = (b2 + c b1) / (1 - c^2). Their distance is the reciprocal product a1 . m2 + a2 . m1 of
    their Pluecker coordinates divided by the sine between them.

    Returns:
        ``FAR_MM`` with too few common joints. Distances of single joints are clamped to
        ``GAP_LIMIT_MM``, which also stands for rays that come closest behind a camera.
    """
    total, count = 0.0, 0.0
    x1, y1, z1 = origin1[0], origin1[1], origin1[2]
    x2, y2, z2 = origin2[0], origin2[1], origin2[2]
    for j in range(len(detected1)):
        a, b, c = line1[0, j], line1[1, j], line1[2, j]
        d, e, f = line2[0, j], line2[1, j], line2[2, j]
        cosine = a * d + b * e + c * f
        sine2 = max(1 - cosine * cosine, MIN_SINE**2)
        b1 = a * x2 + b * y2 + c * z2 - line1[6, j]
        b2 = d * x1 + e * y1 + f * z1 - line2[6, j]
        product = (
            a * line2[3, j] + b * line2[4, j] + c * line2[5, j]
            + d * line1[3, j] + e * line1[4, j] + f * line1[5, j]
        )  # fmt: skip
        gap = min(abs(product) / math.sqrt(sine2), GAP_LIMIT_MM)
        behind = (b1 + cosine * b2 <= 0) | (b2 + cosine * b1 <= 0)
        both = detected1[j] * detected2[j]
        total += both * (GAP_LIMIT_MM if behind else gap)
        count += both
    return total / count if count >= MIN_COMMON_JOINTS else FAR_MM


@compiled
def best_partners(lines, detected, view, starts, origins):
    """The best partner of every detection in every view, by mean ray-to-ray distance.

    Returns:
        ``gap`` (D, V) in mm, ``FAR_MM`` where there is none, and ``partner`` (D, V).
    """
    count, views = len(view), len(starts) - 1
    gap, partner = np.empty((count, views)), np.zeros((count, views), np.int64)
    for d in range(count):
        for v in range(views):
            gap[d, v] = FAR_MM
    for first in range(count):
        for second in range(starts[view[first] + 1], count):
            v1, v2 = view[first], view[second]
            value = mean_gap(
                lines[first], lines[second], detected[first], detected[second],
                origins[v1], origins[v2],
            )  # fmt: skip
            if value < gap[first, v2]:
                gap[first, v2], partner[first, v2] = value, second
            if value < gap[second, v1]:
                gap[second, v1], partner[second, v1] = value, first
    return gap, partner


def pairs_to_try(gap, partner, view, max_gap_mm, max_pairs):
    """The pairs of detections that become hypotheses, (H, 2), best first.

    They are sorted by the rank of the partner among those of the same detection, then by the mean
    gap: otherwise people with many detections would fill the list and leave no place for others.
    A pair that is the best for both is one hypothesis, though it counts as two of ``max_pairs``.
    """
    views = gap.shape[1]
    rank = gap.argsort(1, kind='stable').argsort(1)
    key = np.where(gap < max_gap_mm, rank * GAP_LIMIT_MM + gap, FAR_MM)
    order = key.ravel().argsort(kind='stable')[:max_pairs]
    own = key.ravel()[order]
    order, own = order[own < FAR_MM], own[own < FAR_MM]
    first = order // views
    second = partner[first, order % views]
    again = key[second, view[first]]
    twice = (again < own) | ((again == own) & (second < first))
    kept = ~(twice & (partner[second, view[first]] == first))
    return np.stack([first[kept], second[kept]], 1)


@compiled
def midpoints(pairs, lines, detected, view, origins):
    """Midpoints of the shortest segments between the rays of H pairs of detections.

    Args:
        pairs: (H, 2) detections of two views each.
        lines: See :func:`flatten`, as for the following ones.
        detected: (D, J).
        view: (D,).
        origins: (V, 3).

    Returns:
        ``points`` (H, J, 3) mm, 0 where they are not known; and ``known`` (H, J) bool, which joints
        both detect in front of both cameras.
    """
    count, joints = len(pairs), detected.shape[1]
    points, known = np.zeros((count, joints, 3)), np.zeros((count, joints), np.bool_)
    for h in range(count):
        first, second = pairs[h, 0], pairs[h, 1]
        o1, o2 = origins[view[first]], origins[view[second]]
        for j in range(joints):
            if detected[first, j] * detected[second, j] <= 0:
                continue
            a, b, c = lines[first, 0, j], lines[first, 1, j], lines[first, 2, j]
            d, e, f = lines[second, 0, j], lines[second, 1, j], lines[second, 2, j]
            cosine = a * d + b * e + c * f
            sine2 = max(1 - cosine * cosine, MIN_SINE**2)
            b1 = a * o2[0] + b * o2[1] + c * o2[2] - lines[first, 6, j]
            b2 = d * o1[0] + e * o1[1] + f * o1[2] - lines[second, 6, j]
            t1, t2 = (b1 + cosine * b2) / sine2, (b2 + cosine * b1) / sine2
            if t1 <= 0 or t2 <= 0:
                continue
            known[h, j] = True
            points[h, j, 0] = 0.5 * (o1[0] + t1 * a + o2[0] + t2 * d)
            points[h, j, 1] = 0.5 * (o1[1] + t1 * b + o2[1] + t2 * e)
            points[h, j, 2] = 0.5 * (o1[2] + t1 * c + o2[2] + t2 * f)
    return points, known
