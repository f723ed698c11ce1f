"""Take off what measuring a detector does to its faults, by measuring a known one."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from mmpose_ours.synthetic.detector_noise import DetectorNoise

# What measuring adds to or takes off, and what it finds a certain part of.
ADDED_BY_MEASURING = ('outlier_share', 'occluded_share', 'far_face_share', 'border_share',
                      'lower_body_share', 'score_error')  # fmt: skip
LOST_BY_MEASURING = ('duplicate_share', 'split_share')
RARELY = 0.005


def rounds_needed(fitted: DetectorNoise) -> int:
    """How often to draw and correct.

    Only a part of split and duplicate detections is recognised; the rest looks like missed joints.
    They can be distinguished only when people are drawn with as many split detections as there are.
    """
    return 2 if any(getattr(fitted, name) > RARELY for name in LOST_BY_MEASURING) else 1


def corrected(
    faults: DetectorNoise,
    given: DetectorNoise,
    refitted: DetectorNoise,
    counts: dict[str, Any],
) -> DetectorNoise:
    """Take off what measuring itself does to faults, by what it did to known ones.

    3D poses are known to some centimetres only, which makes a few hidden joints look
    missed, and swaps that nobody can tell look like outliers. What was drawn has the same of it
    (a step of the parametric bootstrap; Efron and Tibshirani 1993, chapter 10). Swaps are left
    alone: where they are recognised they are hardly ever wrong, and there are so few that
    another drawing would add more of chance than it takes off.

    Args:
        faults: By which people were drawn.
        given: As measured on the recording.
        refitted: As measured on what was drawn.
        counts: What ``refitted`` rests on.

    Returns:
        Faults that should be measured as ``given``.
    """
    changes: dict[str, Any] = {}
    for name in ('jitter', 'missed_joint_share'):
        drawn, first, again = (np.asarray(getattr(f, name)) for f in (faults, given, refitted))
        too_large = _beyond_chance(first.mean(), again.mean(), counts[name][0])
        most = np.inf if name == 'jitter' else 1.0
        changes[name] = np.round(np.minimum(drawn / too_large, most), 4).tolist()
    for name in ADDED_BY_MEASURING:
        drawn, first, again = (getattr(f, name) for f in (faults, given, refitted))
        changes[name] = round(float(np.clip(drawn + first - again, 0.0, 1.0)), 4)
    for name in LOST_BY_MEASURING:
        drawn, first, again = (getattr(f, name) for f in (faults, given, refitted))
        # A handful of events would correct for chance.
        factor = np.clip(first / again, 0.5, 2.5) if again > RARELY else 1.0
        changes[name] = round(float(min(drawn * factor, 1.0)), 4)
    return dataclasses.replace(faults, **changes)


def _beyond_chance(given: float, refitted: float, events: float) -> float:
    """How many times larger a fault is measured again, as far as chance does not explain it.

    The ratio deviates by the inverse of the root of ``events``; as much of its square is taken
    off (as James and Stein 1961 shrink a mean).
    """
    if not given or not events:
        return 1.0
    excess = refitted / given - 1
    certain = max(0.0, 1 - 1 / max(events * excess**2, 1.0))
    return float(np.clip(1 + excess * certain, 0.5, 2.0))
