"""Lengths of a person's bones, measured over all frames of the track."""

from __future__ import annotations

from typing import Sequence

import numpy as np

from mmpose_ours.temporal.bones import PRIOR_SPREAD, Anatomy

# Errors of neighbouring frames are alike: so many seconds count as one measurement.
INDEPENDENT_S = 0.5
# Standard deviation of one of them, as a share.
MEASURED_SPREAD = 0.06


def measure_lengths(
    tracks: Sequence[np.ndarray], measured: Sequence[np.ndarray], anatomy: Anatomy, rate_hz: float
) -> np.ndarray:
    """Length of each group of bones: an interquartile mean over frames and sides, and a prior.

    Args:
        tracks: Per piece of the track joints (T, J, 3) mm.
        measured: Per piece (T, J), whether a joint is measured and not only assumed.
        anatomy: The bones, G groups.
        rate_hz: Frames per second.

    Returns:
        (G,) mm; NaN where nothing is known.
    """
    samples: list[list[np.ndarray]] = [[] for _ in range(anatomy.groups)]
    assumed: list[list[np.ndarray]] = [[] for _ in range(anatomy.groups)]
    usual = np.full(anatomy.groups, np.nan)
    for bone in anatomy.bones:
        usual[bone.group] = np.nan if bone.usual_mm is None else bone.usual_mm
        for xyz, known in zip(tracks, measured):
            length = np.linalg.norm(xyz[:, bone.first] - xyz[:, bone.second], axis=-1)
            both = known[:, bone.first] & known[:, bone.second] & np.isfinite(length)
            samples[bone.group].append(length[both])
            assumed[bone.group].append(length[np.isfinite(length) & ~both])
    lengths = np.full(anatomy.groups, np.nan)
    counts = np.zeros(anatomy.groups)
    for group in range(anatomy.groups):
        values = np.concatenate([*samples[group], np.zeros(0)])
        counts[group] = len(values) / max(1.0, INDEPENDENT_S * rate_hz)
        if len(values):
            lengths[group] = _middle_mean(values)
    with np.errstate(invalid='ignore'):
        ratio = lengths / usual
    sure = np.isfinite(ratio) & (counts >= 2)
    size = float(np.median(ratio[sure])) if sure.any() else 1.0
    expected = usual * size
    for group in range(anatomy.groups):
        if counts[group] < 1 and not np.isfinite(expected[group]):
            # Nobody has measured it elsewhere: what the poses of single frames assume.
            values = np.concatenate([*assumed[group], np.zeros(0)])
            lengths[group] = _middle_mean(values) if len(values) else np.nan
            continue
        prior = 0.0 if np.isnan(expected[group]) else PRIOR_SPREAD**-2
        data = counts[group] * MEASURED_SPREAD**-2
        if prior + data > 0:
            terms = np.nan_to_num(expected[group]) * prior + np.nan_to_num(lengths[group]) * data
            lengths[group] = terms / (prior + data)
    return lengths


def _middle_mean(values: np.ndarray) -> float:
    """Mean of the values between the quartiles."""
    low, high = np.percentile(values, [25, 75])
    # A percentile of equal values may be off by a rounding.
    return float(values[(values >= low - 1e-6) & (values <= high + 1e-6)].mean())
