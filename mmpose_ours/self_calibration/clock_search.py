"""Candidates of the clock of one camera by the frames of another, whatever the offset.

Epipolar errors say how well the people of any frame of one view agree with those of any frame of
another. In the plane of both views' frames a clock is a line; along the right line people agree.
Errors are computed once per pair of frames, and lines of all offsets and frame rates are then sums
of table entries.
"""

from __future__ import annotations

import dataclasses
from typing import Sequence

import numpy as np

from mmpose_ours.association.epipolar import MAX_ERROR, SeenPeople, epipolar_errors
from mmpose_ours.self_calibration.clocks import Clock
from mmpose_ours.self_calibration.moving_views import MovingView

# Frames of the first view in the table, and which frames of the second: people move by less than
# MAX_ERROR of their size in between.
ROWS, STEP = 120, 3
# Frames of the table that a clock must join, as a number and as a share of the shorter view's.
MIN_ROWS, MIN_SHARE = 15, 0.2
# Clocks that differ by fewer frames are one candidate; candidates that are kept.
APART, KEPT = 20.0, 6
# Frames of the second view that are compared at once.
_AT_ONCE = 100


@dataclasses.dataclass(frozen=True)
class Agreement:
    """How well the people of two views agree along a clock.

    Args:
        total: Sum over the joined frames of the agreement above the average.
        variance: What the square of ``total`` would be by chance, if frames were independent.
    """

    total: float
    variance: float

    @property
    def score(self) -> float:
        """Agreement in standard deviations of chance; 0 where nothing is joined."""
        return self.total / self.variance**0.5 if self.variance > 0 else 0.0

    def __add__(self, other: Agreement) -> Agreement:
        return Agreement(self.total + other.total, self.variance + other.variance)


class PairTable:
    """The agreement of the frames of two views.

    Args:
        first: A view.
        second: Another.
    """

    def __init__(self, first: MovingView, second: MovingView):
        self._sizes = len(first), len(second)
        occupied = np.flatnonzero(first.occupied)
        count = min(len(occupied), ROWS)
        spread = np.linspace(0, max(0, len(occupied) - 1), count).round().astype(int)
        self.rows = occupied[spread]
        self.columns = np.arange(0, len(second), STEP)
        table = _agreement(first, second, self.rows, self.columns)
        # What a crowded frame agrees with by chance says nothing.
        for axis in (0, 1):
            known = np.isfinite(table)
            number = known.sum(axis, keepdims=True)
            table = table - np.where(known, table, 0).sum(axis, keepdims=True) / np.fmax(number, 1)
        self._known = np.isfinite(table)
        self._table = np.where(self._known, table, 0.0)
        self._variance = float((self._table**2).sum() / max(1, self._known.sum()))

    def agreement(self, clock: Clock) -> Agreement:
        """The agreement along a clock of the second view by the frames of the first."""
        total, number = self._sums(np.array([clock.offset]), clock.rate)
        return Agreement(float(total[0]), float(number[0]) * self._variance)

    def candidates(self, rates: Sequence[float]) -> list[Clock]:
        """The best different clocks, best first.

        Args:
            rates: The ratios of frame rates to try.
        """
        if not self._variance > 0:
            return []
        found: list[tuple[float, Clock]] = []
        for rate in rates:
            offsets = np.arange(-rate * self._sizes[0], self._sizes[1], STEP, dtype=float)
            total, number = self._sums(offsets, rate)
            least = max(MIN_ROWS, MIN_SHARE * self._most_joined(rate))
            score = np.where(
                number >= least, total / np.sqrt(np.fmax(number, 1) * self._variance), -np.inf
            )
            for best in np.argsort(-score)[: 4 * KEPT]:
                if score[best] > 0:
                    found.append((float(score[best]), Clock(float(offsets[best]), rate)))
        found.sort(key=lambda each: -each[0])
        kept: list[Clock] = []
        for _, clock in found:
            if all(self.apart(clock, other) > APART for other in kept):
                kept.append(clock)
            if len(kept) == KEPT:
                break
        return kept

    def apart(self, clock: Clock, other: Clock) -> float:
        """Frames by which two clocks differ in the middle of what the first joins."""
        frames = np.linspace(0, self._sizes[0] - 1, 50)
        joined = clock.at(frames)
        frames = frames[(joined >= 0) & (joined < self._sizes[1])]
        middle = frames.mean() if len(frames) else 0.0
        return float(abs(clock.at(middle) - other.at(middle)))

    def _most_joined(self, rate: float) -> float:
        """Rows that a clock of a rate can join at most."""
        return len(self.rows) * min(1.0, self._sizes[1] / (rate * self._sizes[0]))

    def _sums(self, offsets: np.ndarray, rate: float) -> tuple[np.ndarray, np.ndarray]:
        """(O,) sums along lines, and (O,) numbers of joined frames."""
        places = (offsets[:, None] + rate * self.rows) / STEP
        columns = np.rint(places).astype(int)
        inside = (columns >= 0) & (columns < len(self.columns))
        rows = np.arange(len(self.rows))
        columns = np.where(inside, columns, 0)
        joined = inside & self._known[rows, columns]
        return np.where(joined, self._table[rows, columns], 0).sum(1), joined.sum(1)


def _agreement(
    first: MovingView, second: MovingView, rows: np.ndarray, columns: np.ndarray
) -> np.ndarray:
    """(R, C) agreement of frames, 0 to 1: the mean over the people of the view with fewer.

    NaN where either view shows nobody.
    """
    table = np.full((len(rows), len(columns)), np.nan)
    ours = _expanded(first.people.at(rows), 1)
    for start in range(0, len(columns), _AT_ONCE):
        part = columns[start : start + _AT_ONCE]
        theirs = _expanded(second.people.at(part), 0)
        error = epipolar_errors(first.camera, second.camera, ours, theirs)
        counts = [np.isfinite(each.size).sum(-1) for each in (ours, theirs)]
        least = np.minimum(*counts)
        best = np.minimum(
            *(np.fmax(0, 1 - error.min(axis) / MAX_ERROR).sum(-1) for axis in (-1, -2))
        )
        with np.errstate(invalid='ignore', divide='ignore'):
            table[:, start : start + _AT_ONCE] = np.where(least > 0, best / least, np.nan)
    return table


def _expanded(people: SeenPeople, axis: int) -> SeenPeople:
    return SeenPeople(
        np.expand_dims(people.rays, axis),
        np.expand_dims(people.found, axis),
        np.expand_dims(people.size, axis),
    )
