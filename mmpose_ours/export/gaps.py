"""Short gaps of markers, filled for programs that cannot do with missing ones.

OpenSim's inverse kinematics leaves out a marker in the frames where it is missing, but its scaling
gives up a segment of which one marker is missing in one frame of the time range.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator

# Seconds between the last position before a gap and the first after it: longer ones stay.
MAX_GAP_S = 0.2


def fill_gaps(xyz: np.ndarray, rate_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """Interpolate markers over gaps of at most :data:`MAX_GAP_S`.

    Monotone cubic interpolation (Fritsch and Carlson, 1980) of each coordinate over time. Nothing
    is put before the first known position or behind the last.

    Args:
        xyz: (T, M, 3), NaN where a marker is missing.
        rate_hz: Frames per second.

    Returns:
        (T, M, 3) with short gaps filled, and (T, M) bool where that is.
    """
    filled, where = xyz.copy(), np.zeros(xyz.shape[:2], bool)
    rows = np.arange(len(xyz))
    for marker in range(xyz.shape[1]):
        known = np.flatnonzero(np.isfinite(xyz[:, marker]).all(-1))
        steps = np.diff(known)
        # A rate such as 29.97 must not make a gap of six frames longer than 0.2 s.
        short = (steps > 1) & (steps <= MAX_GAP_S * rate_hz + 0.01)
        if not short.any():
            continue
        for first, last in zip(known[:-1][short], known[1:][short]):
            where[first + 1 : last, marker] = True
        curve = PchipInterpolator(known, xyz[known, marker])
        filled[where[:, marker], marker] = curve(rows[where[:, marker]])
    return filled, where


def longest_run(complete: np.ndarray) -> slice:
    """The longest run of True in (T,); empty where there is none."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], complete.astype(int), [0]])))
    starts, ends = edges[::2], edges[1::2]
    if not len(starts):
        return slice(0, 0)
    best = (ends - starts).argmax()
    return slice(int(starts[best]), int(ends[best]))
