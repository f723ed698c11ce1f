"""Bias correction of the fitted noise model: simulate it, measure again, correct the difference.

This is one step of the parametric bootstrap (Efron and Tibshirani 1993, chapter 10).
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from mmpose_ours.synthetic.detector_noise import DetectorNoise

# Parameters with an additive bias, and parameters of which a certain fraction is recognised.
ADDITIVE_BIAS = ('outlier_share', 'occluded_share', 'far_face_share', 'border_share',
                      'lower_body_share', 'score_error')  # fmt: skip
PARTLY_RECOGNISED = ('duplicate_share', 'split_share')
# Probabilities up to this rest on too few cases to estimate a ratio.
NEGLIGIBLE = 0.005


def rounds_needed(fitted: DetectorNoise) -> int:
    """Number of rounds of simulation and correction, 1 or 2.

    Some split and duplicate detections are not recognised and look like missed joints. To correct
    the missed joints, the simulation must contain the corrected number of them: a second round.
    """
    return 2 if any(getattr(fitted, name) > NEGLIGIBLE for name in PARTLY_RECOGNISED) else 1


def corrected(
    simulated: DetectorNoise,
    recorded_fit: DetectorNoise,
    simulated_fit: DetectorNoise,
    counts: dict[str, Any],
) -> DetectorNoise:
    """Correct the parameters of the simulation so that its fit approaches that of the recording.

    The fit is biased: 3D poses are accurate to a few centimetres, which makes some occluded joints
    look missed, and swaps that cannot be recognised look like outliers. The fit of a simulation has
    the same bias. Jitter, missed joints and split or duplicate detections are divided by the ratio
    of the two fits, the other parameters are changed by their difference. Swap probabilities are
    not corrected: recognised swaps are almost always right, and so few that a simulation would add
    more variance than it removes bias.

    Args:
        simulated: Parameters of the simulation.
        recorded_fit: Parameters measured on the recording.
        simulated_fit: Parameters measured on the simulation.
        counts: Numbers of cases behind ``simulated_fit``.

    Returns:
        Corrected parameters.
    """
    fits = simulated, recorded_fit, simulated_fit
    changes: dict[str, Any] = {}
    for name in ('jitter', 'missed_joint_share'):
        true, recorded, measured = (np.asarray(getattr(noise, name)) for noise in fits)
        ratio = _significant_ratio(recorded.mean(), measured.mean(), counts[name][0])
        maximum = np.inf if name == 'jitter' else 1.0
        changes[name] = np.round(np.minimum(true / ratio, maximum), 4).tolist()
    for name in ADDITIVE_BIAS:
        true, recorded, measured = (getattr(noise, name) for noise in fits)
        changes[name] = round(float(np.clip(true + recorded - measured, 0.0, 1.0)), 4)
    for name in PARTLY_RECOGNISED:
        true, recorded, measured = (getattr(noise, name) for noise in fits)
        factor = np.clip(recorded / measured, 0.5, 2.5) if measured > NEGLIGIBLE else 1.0
        changes[name] = round(float(min(true * factor, 1.0)), 4)
    return dataclasses.replace(simulated, **changes)


def _significant_ratio(recorded: float, measured: float, events: float) -> float:
    """Ratio of a parameter measured on the simulation to the recording's, shrunk towards 1.

    With e = measured / recorded - 1 and the standard error ``events**-0.5`` of e, the result is
    1 + e * max(0, 1 - 1 / (events * e**2)), clipped to 0.5 to 2 (James and Stein 1961).
    """
    if not recorded or not events:
        return 1.0
    excess = measured / recorded - 1
    shrinkage = max(0.0, 1 - 1 / max(events * excess**2, 1.0))
    return float(np.clip(1 + excess * shrinkage, 0.5, 2.0))
