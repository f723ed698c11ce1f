"""Take off what measuring a detector does to its faults, by measuring a known one."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from mmpose_ours.synthetic.detector import DetectorFaults

# What measuring adds to or takes off, and what it finds a certain part of.
ADDED_BY_MEASURING = ('outlier_share', 'occluded_share', 'far_face_share', 'border_share',
                      'lower_body_share', 'score_error')  # fmt: skip
LOST_BY_MEASURING = ('second_find_share', 'halves_share')
RARELY = 0.005


def corrected(
    fitted: DetectorFaults, refitted: DetectorFaults, counts: dict[str, Any]
) -> DetectorFaults:
    """Take off what measuring itself does to faults, by what it did to known ones.

    People in 3D are known to some centimetres only, which makes a few hidden joints look
    missed, and swaps that nobody can tell look like outliers. What was drawn from the fit has
    the same of it (a step of the parametric bootstrap; Efron and Tibshirani 1993, chapter 10).
    Swaps are left alone: where they are told they are hardly ever told wrongly, and there are so
    few that a second drawing would add more of chance than it takes off.

    Args:
        fitted: The recording's, by which people were drawn.
        refitted: Of what was drawn.
        counts: What ``refitted`` rests on.
    """
    changes: dict[str, Any] = {}
    for name in ('jitter', 'missed_joint_share'):
        value, again = (np.asarray(getattr(f, name)) for f in (fitted, refitted))
        changes[name] = value / _added_by_measuring(value.mean(), again.mean(), counts[name][0])
    changes['missed_joint_share'] = np.minimum(changes['missed_joint_share'], 1.0)
    changes = {name: np.round(value, 4).tolist() for name, value in changes.items()}
    for name in ADDED_BY_MEASURING:
        value = 2 * getattr(fitted, name) - getattr(refitted, name)
        changes[name] = round(float(np.clip(value, 0.0, 1.0)), 4)
    for name in LOST_BY_MEASURING:
        value, again = getattr(fitted, name), getattr(refitted, name)
        # A handful of events would correct for chance.
        factor = np.clip(value / again, 0.5, 2.5) if again > RARELY else 1.0
        changes[name] = round(float(min(value * factor, 1.0)), 4)
    return dataclasses.replace(fitted, **changes)


def _added_by_measuring(drawn: float, measured: float, events: float) -> float:
    """How many times too large a fault is measured, as far as chance does not explain it.

    The ratio of what was measured to what was drawn strays by the inverse of the root of
    ``events``; as much of its square is taken off (as James and Stein 1961 shrink a mean).
    """
    if not drawn or not events:
        return 1.0
    excess = measured / drawn - 1
    certain = max(0.0, 1 - 1 / max(events * excess**2, 1.0))
    return float(np.clip(1 + excess * certain, 0.5, 2.0))
