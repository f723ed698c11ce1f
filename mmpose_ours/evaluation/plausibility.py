"""Anatomical plausibility and acceleration of 3D poses, without ground truth or cameras."""

from __future__ import annotations

from typing import Sequence

import numpy as np

from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import as_skeleton

# Joints of the head; a skeleton has some of them.
_HEAD = ('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear', 'top_head')
_HIPS = ('left_hip', 'right_hip', 'mid_hip')
# Left and right of each limb lie side by side. Bones fix their lengths, unlike the trunk's.
LIMBS = tuple(
    (f'{side}_{first}', f'{side}_{second}')
    for first, second in (
        ('shoulder', 'elbow'),
        ('elbow', 'wrist'),
        ('hip', 'knee'),
        ('knee', 'ankle'),
    )
    for side in ('left', 'right')
)


def limb_lengths(poses: np.ndarray, joints: Skeleton | str) -> np.ndarray:
    """Lengths of :data:`LIMBS`: (..., J, 3) mm to (..., 8) mm, NaN where a joint is missing."""
    return segment_lengths(poses, joints, LIMBS)


def segment_lengths(
    poses: np.ndarray, joints: Skeleton | str, segments: Sequence[Sequence]
) -> np.ndarray:
    """Lengths of segments: (..., J, 3) mm to (..., S) mm, NaN where a joint is missing.

    Args:
        poses: (..., J, 3).
        joints: Their skeleton, which may lack joints of segments.
        segments: S sequences that begin with the names of both ends.
    """
    skeleton = as_skeleton(joints)
    lengths = np.full((*poses.shape[:-2], len(segments)), np.nan)
    for column, segment in enumerate(segments):
        if set(segment[:2]) <= set(skeleton.joints):
            first, second = skeleton.index(*segment[:2])
            away = poses[..., first, :] - poses[..., second, :]
            lengths[..., column] = np.linalg.norm(away, axis=-1)
    return lengths


def relative_variation(values: np.ndarray) -> float:
    """A robust coefficient of variation: (p84 - p16) / (2 median), with percentiles p16 and p84.

    For a normal distribution this is the standard deviation divided by the median; it is robust to
    outliers.

    Args:
        values: (N,) positive; NaN is ignored.

    Returns:
        NaN for fewer than two values.
    """
    known = values[np.isfinite(values)]
    if len(known) < 2:
        return float('nan')
    low, middle, high = np.percentile(known, [16, 50, 84])
    return float((high - low) / 2 / middle) if middle > 0 else float('nan')


def side_differences(lengths_mm: np.ndarray) -> np.ndarray:
    """Difference between the lengths of left and right limbs, divided by their mean.

    Args:
        lengths_mm: (..., 8) of :func:`limb_lengths`.

    Returns:
        (..., 4) 2 |left - right| / (left + right); NaN where one is unknown.
    """
    left, right = lengths_mm[..., ::2], lengths_mm[..., 1::2]
    with np.errstate(invalid='ignore', divide='ignore'):
        return 2 * np.abs(left - right) / (left + right)


def head_above_hips(poses: np.ndarray, joints: Skeleton | str) -> np.ndarray:
    """Whether heads are higher than hips.

    Args:
        poses: (P, J, 3), z up.
        joints: Their skeleton.

    Returns:
        (P,) 1 or 0; NaN where no joint of the head, or none of the hips, is known.
    """
    heights = []
    for part in (_HEAD, _HIPS):
        names = [name for name in part if name in as_skeleton(joints).joints]
        z = poses[:, as_skeleton(joints).index(*names), 2]
        known = np.isfinite(z)
        with np.errstate(invalid='ignore', divide='ignore'):
            heights.append(np.where(known, z, 0.0).sum(-1) / known.sum(-1))
    head, hips = heights
    return np.where(np.isfinite(head) & np.isfinite(hips), (head > hips) * 1.0, np.nan)


def jitter_mm(times: Sequence[float], poses: np.ndarray, step: float) -> np.ndarray:
    """Acceleration of a track's joints: second differences, in mm per frame step squared.

    Args:
        times: (F,) frame numbers of the poses, increasing.
        poses: (F, J, 3) mm.
        step: The frame step; only triples of frames one step apart are used.

    Returns:
        (N,) lengths of ``x[t-1] - 2 x[t] + x[t+1]`` in mm over joints known in all three.
    """
    gaps = np.diff(np.asarray(times, dtype=np.float64))
    even = np.isclose(gaps[:-1], step) & np.isclose(gaps[1:], step)
    second = poses[:-2] - 2 * poses[1:-1] + poses[2:]
    lengths = np.linalg.norm(second[even], axis=-1).ravel()
    return lengths[np.isfinite(lengths)]
