"""Frame offsets between the recordings of a rig, from the epipolar errors of moving people.

The 2D detections of synchronised frames have small epipolar errors. If the recording of a camera is
shifted by some frames, its errors become small when its detections are shifted back.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Mapping, Sequence

import numpy as np

from mmpose_ours.association.epipolar import SeenPeople, epipolar_errors
from mmpose_ours.calibration.checks.view_agreement import (
    MAX_ERROR,
    MIN_COMPARISONS,
    Sightings,
    best_matches,
    typical,
)
from mmpose_ours.geometry.rig import CameraRig

# The largest shift, in frames.
MAX_SHIFT = 15
# Frames that are compared per pair of cameras and shift, and cameras that are compared.
MAX_COMPARED, MAX_CAMERAS = 16, 8
# Lags that are tried first, in frames; if none is better than 0, the others are not tried.
FIRST_LAGS = (0, 1, 3, 6, 9, 12, 15)
# Shifts are reported only if they reduce the mean error to at most this ratio.
EXPLAINS = 0.7
# All lags are tried if one of the first reduces the error of a pair to this ratio.
WORTH_TRYING = 0.9


@dataclasses.dataclass(frozen=True)
class Shifts:
    """Frame offsets, and the mean epipolar error with and without them.

    Args:
        frames: Camera name to its frame offset: the number of its frames before the first common
            frame. At least one is 0, none is negative.
        error: Mean epipolar error without offsets, as a share of the person's size.
        error_shifted: Mean epipolar error with the offsets.
    """

    frames: dict[str, int]
    error: float
    error_shifted: float

    @property
    def any(self) -> bool:
        """Whether an offset is not 0."""
        return any(self.frames.values())


def find_shifts(
    rig: CameraRig,
    sequence: Sequence[Mapping[str, np.ndarray]],
    most: int = MAX_SHIFT,
) -> Shifts | None:
    """Find the frame offsets with the least mean epipolar error.

    Args:
        rig: V cameras.
        sequence: Consecutive frames: camera name to (P, 17, 3) ``u, v, score``.
        most: The largest shift in frames.

    Returns:
        The shifts, all 0 if none explains the errors; None if too few detections can be compared.
    """
    names = [name for name in rig.names if any(len(v.get(name, ())) for v in sequence)]
    names = names[:MAX_CAMERAS]
    sightings = Sightings(names, sequence, len(sequence))
    seen = {name: sightings.seen_by(rig[name]) for name in names}
    pairs = list(itertools.combinations(names, 2))
    first_lags = sorted({sign * lag for lag in FIRST_LAGS if lag <= most for sign in (-1, 1)})
    curves = {pair: np.full(2 * most + 1, np.nan) for pair in pairs}
    for pair, curve in curves.items():
        _evaluate(rig, seen, pair, curve, first_lags)
    curves = {pair: curve for pair, curve in curves.items() if np.isfinite(curve[most])}
    if any(np.nanmin(curve) < WORTH_TRYING * curve[most] for curve in curves.values()):
        others = [lag for lag in range(-most, most + 1) if lag not in first_lags]
        for pair, curve in curves.items():
            _evaluate(rig, seen, pair, curve, others)
    if not curves:
        return None

    def error(shifts: Mapping[str, int]) -> float:
        values = []
        for (name, other), curve in curves.items():
            lag = shifts[other] - shifts[name]
            values.append(curve[most + lag] if abs(lag) <= most else MAX_ERROR)
        return float(np.mean(np.nan_to_num(values, nan=MAX_ERROR)))

    shifts = dict.fromkeys(names, 0)
    given = best = error(shifts)
    while True:
        # Change the shift of one camera at a time, the one that reduces the error most.
        tried = [
            (error({**shifts, name: shift}), name, shift)
            for name in names
            for shift in range(-most, most + 1)
        ]
        least, name, shift = min(tried)
        if least > best * 0.98:
            break
        best, shifts = least, {**shifts, name: shift}
    if best > EXPLAINS * given:
        shifts, best = dict.fromkeys(names, 0), given
    # Shifts are defined up to a constant: choose it so that most cameras have the same 0.
    usual = sorted(shifts.values())[(len(shifts) - 1) // 2]
    frames = {name: shift - usual for name, shift in shifts.items()}
    lowest = min(0, *frames.values())
    return Shifts({name: shift - lowest for name, shift in frames.items()}, given, best)


def _evaluate(
    rig: CameraRig,
    seen: Mapping[str, SeenPeople],
    pair: tuple[str, str],
    curve: np.ndarray,
    lags: Sequence[int],
) -> None:
    """Fill a curve (2 most + 1,) with the error of one camera's frames against the other's."""
    most = len(curve) // 2
    ours, theirs = seen[pair[0]], seen[pair[1]]
    fit = np.arange(most, len(ours.found) - most)
    fit = fit[ours.found[fit].any((1, 2))]
    fit = fit[:: max(1, len(fit) // MAX_COMPARED)]
    for lag in lags if len(fit) else ():
        error = epipolar_errors(rig[pair[0]], rig[pair[1]], ours.at(fit), theirs.at(fit + lag))
        values = best_matches(error)
        if len(values) >= MIN_COMPARISONS:
            curve[most + lag] = typical(values)
