"""Simulated false positives, duplicate detections and split detections."""

from __future__ import annotations

from typing import Sequence

import numpy as np

from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.synthetic.draws import Draws, to_index

# Probability that a joint of a false positive is missing.
FALSE_POSITIVE_MISSED_PROB = 0.3
# A joint of a duplicate detection is missing if a standard normal draw is above this: 30 %.
DUPLICATE_MISSED_ABOVE = 0.5244


def false_positives_of(
    real: np.ndarray,
    views: np.ndarray,
    rig: CameraRig,
    draws: Draws,
    rate: float,
    min_joints: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Simulate false positives: copies of detections of the same view, moved to random pixels.

    Args:
        real: (D, J, 3) detections of all scenes and views.
        views: (D,) view indices ``scene * V + view``.
        rig: V cameras.
        draws: Random numbers of S scenes.
        rate: Mean number in a view with detections (Poisson).
        min_joints: False positives with fewer joints are dropped.

    Returns:
        (F, J, 3) false positives, (F,) their view indices as ``views``, and (F,) sort keys.
    """
    joints = real.shape[1]
    real_count = np.bincount(views, minlength=len(draws) * len(rig))
    count = draws.poisson(rate, len(rig)).ravel() * (real_count > 0)
    view = np.repeat(np.arange(len(count)), count)
    drawn = draws.uniform(count.reshape(-1, len(rig)).sum(1), joints + 5)
    missed = drawn[:, :joints] < FALSE_POSITIVE_MISSED_PROB
    copied_draw, score_draw, order, *centre_draw = drawn[:, joints:].T

    by_view = np.argsort(views, kind='stable')
    first = np.cumsum(real_count) - real_count
    false_positives = real[by_view[first[view] + to_index(copied_draw, real_count[view])]]
    found = false_positives[..., 2:] > 0
    middle = (false_positives[..., :2] * found).sum(1) / np.maximum(found.sum(1), 1)
    size = np.array([camera.size for camera in rig])[view % len(rig)]
    false_positives[..., :2] += (np.stack(centre_draw, -1) * size - middle)[:, None]
    false_positives[..., 2] *= 0.3 + 0.6 * score_draw[:, None]
    uv = false_positives[..., :2]
    inside = ((uv >= -0.5) & (uv < size[:, None] - 0.5)).all(-1)
    false_positives[~(inside & found[..., 0]) | missed] = 0.0
    enough = np.count_nonzero(false_positives[..., 2], axis=-1) >= min_joints
    return false_positives[enough], view[enough], order[enough]


def duplicates_of(
    detections: np.ndarray, shift_px: np.ndarray, missed_draw: np.ndarray, score_draw: np.ndarray
) -> np.ndarray:
    """Simulate a duplicate of each detection, with fewer joints and lower scores.

    Args:
        detections: (D, J, 3).
        shift_px: (D, J, 2) offset of each joint from the first detection.
        missed_draw: (D, J) standard normal; a joint is missing above DUPLICATE_MISSED_ABOVE.
        score_draw: (D,) uniform in 0 to 1; scores are multiplied by ``0.4 + 0.5 * score_draw``.

    Returns:
        (D, J, 3).
    """
    duplicates = detections.copy()
    duplicates[..., :2] += shift_px
    duplicates[..., 2] *= (0.4 + 0.5 * score_draw)[..., None]
    duplicates[(detections[..., 2] == 0) | (missed_draw > DUPLICATE_MISSED_ABOVE)] = 0.0
    return duplicates


def split_detections_of(
    detections: np.ndarray, below_waist: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Split detections (..., J, 3) in two of the same shape: the others, and hips to feet."""
    upper, lower = detections.copy(), np.zeros_like(detections)
    lower[..., below_waist, :] = detections[..., below_waist, :]
    upper[..., below_waist, :] = 0.0
    return upper, lower
