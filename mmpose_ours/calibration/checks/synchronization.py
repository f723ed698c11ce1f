"""Which camera began at another moment: detected people tell, if they move.

People of one moment lie on each other's epipolar lines. If one camera's recording is shifted by
some frames, they do so again with its detections shifted back.
"""

from __future__ import annotations

import dataclasses
from typing import Mapping, Sequence

import numpy as np

from mmpose_ours.association.epipolar import SeenPeople, epipolar_errors
from mmpose_ours.calibration.checks.view_agreement import CUT, MIN_COMPARISONS
from mmpose_ours.geometry.rig import CameraRig

MOST_SHIFT = 15
# So many frames are compared, and joints of so many others with them.
COMPARED, MOST_CAMERAS = 24, 8
# A shift explains the errors if they shrink to this share of what they were.
EXPLAINS = 0.7


@dataclasses.dataclass(frozen=True)
class Shifts:
    """What the people say.

    Args:
        frames: Camera name to how many frames later than the others its recording shows the
            same moment; 0 for those that agree. One camera at least has 0, none is negative:
            these are frame offsets.
        error: Mean error between views as they are, as a share of a person's size.
        error_shifted: The same with the offsets.
    """

    frames: dict[str, int]
    error: float
    error_shifted: float

    @property
    def any(self) -> bool:
        """Whether some camera is shifted."""
        return any(self.frames.values())


def find_shifts(
    rig: CameraRig,
    sequence: Sequence[Mapping[str, np.ndarray]],
    most: int = MOST_SHIFT,
) -> Shifts | None:
    """Find the frame offsets with which people agree best.

    Args:
        rig: V cameras.
        sequence: Consecutive frames: camera name to (P, 17, 3) ``u, v, score``.
        most: The largest shift that is looked for.

    Returns:
        The shifts, all 0 where none explains the errors; None where too few people can be
        compared.
    """
    names = [name for name in rig.names if any(len(v.get(name, ())) for v in sequence)]
    names = names[:MOST_CAMERAS]
    seen = [
        {n: SeenPeople.by(rig[n], views[n]) for n in names if len(views.get(n, ()))}
        for views in sequence
    ]
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
            values.append(curve[most + lag] if abs(lag) <= most else CUT)
        return float(np.mean(np.nan_to_num(values, nan=CUT)))

    shifts = dict.fromkeys(names, 0)
    given = best = error(shifts)
    while True:
        # One camera at a time, the one that gains most.
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
    # Of shifts that differ by a constant only those count that leave most cameras alone.
    usual = sorted(shifts.values())[(len(shifts) - 1) // 2]
    frames = {name: shift - usual for name, shift in shifts.items()}
    lowest = min(0, *frames.values())
    return Shifts({name: shift - lowest for name, shift in frames.items()}, given, best)


def _curve(rig: CameraRig, seen: Sequence, name: str, other: str, most: int) -> np.ndarray:
    """(2 most + 1,) mean error of one camera's frames against the other's, lag by lag."""
    curve = np.full(2 * most + 1, np.nan)
    fit = [i for i in range(most, len(seen) - most) if name in seen[i]]
    fit = fit[:: max(1, len(fit) // COMPARED)]
    for lag in range(-most, most + 1):
        best: list[np.ndarray] = []
        for index in fit:
            there = seen[index + lag].get(other)
            if there is not None:
                errors = epipolar_errors(rig[name], rig[other], seen[index][name], there)
                best += [errors.min(1), errors.min(0)]
        values = np.concatenate(best) if best else np.zeros(0)
        values = values[np.isfinite(values)]
        if len(values) >= MIN_COMPARISONS:
            curve[most + lag] = np.minimum(values, CUT).mean()
    return curve
