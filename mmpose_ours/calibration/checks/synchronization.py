"""Frame offsets between the recordings of a rig, from the epipolar errors of moving people.

The 2D detections of synchronised frames have small epipolar errors. If the recording of a camera is
shifted by some frames, its errors become small when its detections are shifted back.
"""

from __future__ import annotations

import dataclasses
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
MAX_COMPARED, MAX_CAMERAS = 24, 8
# Shifts are reported only if they reduce the mean error to at most this ratio.
EXPLAINS = 0.7


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
    curves = {}
    for first, name in enumerate(names):
        for other in names[first + 1 :]:
            curve = _curve(rig, seen, name, other, most)
            if np.isfinite(curve[most]):
                curves[name, other] = curve
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


def _curve(
    rig: CameraRig, seen: Mapping[str, SeenPeople], name: str, other: str, most: int
) -> np.ndarray:
    """(2 most + 1,) error of one camera's frames against the other's, lag by lag."""
    curve = np.full(2 * most + 1, np.nan)
    ours, theirs = seen[name], seen[other]
    fit = np.arange(most, len(ours.found) - most)
    fit = fit[ours.found[fit].any((1, 2))]
    fit = fit[:: max(1, len(fit) // MAX_COMPARED)]
    for lag in range(-most, most + 1) if len(fit) else ():
        error = epipolar_errors(rig[name], rig[other], ours.at(fit), theirs.at(fit + lag))
        values = best_matches(error)
        if len(values) >= MIN_COMPARISONS:
            curve[most + lag] = typical(values)
    return curve
