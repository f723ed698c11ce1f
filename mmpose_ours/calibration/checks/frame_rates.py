"""Cameras whose detections have another frame rate, from the epipolar errors of moving people.

Frame n of a camera at 30 frames per second is frame 2n of one at 60. Where the frames of all
cameras are numbered from 0, detections of the same moment have small epipolar errors, and those of
frame n of both have not, once people have moved.
"""

from __future__ import annotations

import dataclasses
import itertools
from fractions import Fraction
from typing import Mapping

import numpy as np

from mmpose_ours.association.epipolar import epipolar_errors
from mmpose_ours.calibration.checks.view_agreement import (
    MAX_ERROR,
    MIN_COMPARISONS,
    Pair,
    Sightings,
    best_matches,
    typical,
)
from mmpose_ours.geometry.rig import CameraRig

# Rates of one camera per frame of another: of 24, 25, 30, 50, 60, 100 and 120 frames per second,
# and every third frame.
RATES = tuple(
    Fraction(rate)
    for rate in ('1', '1/2', '2', '5/6', '6/5', '4/5', '5/4', '1/4', '4', '2/5', '5/2', '5/12',
                 '12/5', '3/5', '5/3', '1/3', '3', '2/3', '3/2')
)  # fmt: skip
# Frames that are compared per pair of cameras and rate, and cameras that are compared.
MAX_COMPARED, MAX_CAMERAS = 24, 8
# Rates are reported only if they reduce the mean error, and that of each such camera, to at most
# this ratio.
EXPLAINS = 0.6
# Another rate must reduce the error by this much to be tried further.
IMPROVES = 0.98


@dataclasses.dataclass(frozen=True)
class FrameRates:
    """Frame rates of cameras, and the mean epipolar error with and without them.

    Args:
        rates: Camera name to its frames per frame of most cameras; only those that are not 1.
        error: Mean epipolar error of frames of the same number, as a share of the person's size.
        error_matched: Mean epipolar error of frames that are matched by these rates.
    """

    rates: dict[str, Fraction]
    error: float
    error_matched: float


def find_frame_rates(
    rig: CameraRig, frames: Mapping[int, Mapping[str, np.ndarray]]
) -> FrameRates | None:
    """Find cameras whose detections have another frame rate than those of most cameras.

    Args:
        rig: V cameras.
        frames: Number of a frame, from the beginning of all recordings on, to camera name to
            (P, 17, 3) ``u, v, score``.

    Returns:
        The rates; None if none explains the errors, or too few detections can be compared.
    """
    comparison = _Comparison(rig, frames)
    names = comparison.names
    rates = dict.fromkeys(names, Fraction(1))
    given = best = comparison.error(rates)
    if np.isnan(given):
        return None
    while True:
        tried = [
            (comparison.error({**rates, name: rate}), place, name, rate)
            for name in names
            for place, rate in enumerate(RATES)
        ]
        least, _, name, rate = min(tried)
        if not least <= IMPROVES * best:
            break
        best, rates = least, {**rates, name: rate}
    # Rates are defined up to a factor: choose it so that most cameras have 1.
    usual = max(rates.values(), key=lambda rate: (list(rates.values()).count(rate), rate))
    others = {name: rate / usual for name, rate in rates.items() if rate != usual}
    if not others or best > EXPLAINS * given:
        return None
    for name in others:
        before = comparison.error(dict.fromkeys(names, Fraction(1)), name)
        if not comparison.error(rates, name) <= EXPLAINS * before:
            return None
    return FrameRates(others, given, best)


class _Comparison:
    """Epipolar errors of pairs of cameras whose frames are matched by rates.

    Args:
        rig: V cameras.
        frames: See :func:`find_frame_rates`.
    """

    def __init__(self, rig: CameraRig, frames: Mapping[int, Mapping[str, np.ndarray]]):
        self._rig = rig
        self._numbers = np.array(sorted(frames), int)
        views = [frames[number] for number in self._numbers.tolist()]
        names = [name for name in rig.names if any(len(v.get(name, ())) for v in views)]
        self.names = names[:MAX_CAMERAS]
        sightings = Sightings(self.names, views, len(views))
        self._seen = {name: sightings.seen_by(rig[name]) for name in self.names}
        self._errors: dict[tuple[Pair, Fraction], float] = {}
        # A pair that sees too few people together tells nothing.
        self._pairs = [
            pair
            for pair in itertools.combinations(self.names, 2)
            if np.isfinite(self._of_pair(pair, Fraction(1)))
        ]

    def error(self, rates: Mapping[str, Fraction], only: str | None = None) -> float:
        """Mean error of pairs of cameras, of those with one camera or of all; NaN without any."""
        pairs = [pair for pair in self._pairs if only is None or only in pair]
        errors = [self._of_pair(pair, rates[pair[1]] / rates[pair[0]]) for pair in pairs]
        known = np.nan_to_num(errors, nan=MAX_ERROR)
        return float(known.mean()) if len(pairs) else float('nan')

    def _of_pair(self, pair: Pair, rate: Fraction) -> float:
        if (pair, rate) not in self._errors:
            self._errors[pair, rate] = self._compare(pair, rate)
        return self._errors[pair, rate]

    def _compare(self, pair: Pair, rate: Fraction) -> float:
        """Error of one camera's frames against those of the other at the same moments."""
        ours, theirs = self._seen[pair[0]], self._seen[pair[1]]
        # Only moments at which both have a frame: every so many frames of the first.
        here = self._numbers[self._numbers % rate.denominator == 0]
        there = here // rate.denominator * rate.numerator
        known = np.isin(there, self._numbers)
        rows = np.searchsorted(self._numbers, here[known])
        other_rows = np.searchsorted(self._numbers, there[known])
        both = np.flatnonzero(ours.found[rows].any((1, 2)) & theirs.found[other_rows].any((1, 2)))
        if not len(both):
            return float('nan')
        both = both[:: -(-len(both) // MAX_COMPARED)]
        first, second = self._rig[pair[0]], self._rig[pair[1]]
        error = epipolar_errors(first, second, ours.at(rows[both]), theirs.at(other_rows[both]))
        values = best_matches(error)
        return typical(values) if len(values) >= MIN_COMPARISONS else float('nan')
