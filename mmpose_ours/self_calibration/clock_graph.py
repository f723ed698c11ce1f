"""Candidates of the clocks of pairs of cameras to the clocks of all."""

from __future__ import annotations

import math
from typing import Mapping, Sequence

from mmpose_ours.errors import InputError
from mmpose_ours.geometry.rig import list_names
from mmpose_ours.self_calibration.clock_search import APART, Agreement, PairTable
from mmpose_ours.self_calibration.clocks import Clock

# The least agreement of people along a clock, in standard deviations of chance, and how near to it
# the best other clock may come, as a share. Right clocks of synthetic people have 40 to 65 and 0.1
# to 0.7; a camera of another recording has up to 16.
MIN_SCORE, MAX_SECOND = 15.0, 0.75

Ranked = list[tuple[float, Clock]]


class ClockGraph:
    """All cameras, and what each pair of them says.

    Args:
        names: V cameras.
        lengths: (V,) frames of each.
        tables: Of each pair a < b.
        rates: Ratios of frame rates that are tried.
    """

    def __init__(
        self,
        names: Sequence[str],
        lengths: Sequence[int],
        tables: Mapping[tuple[int, int], PairTable],
        rates: Sequence[float],
    ):
        self._names, self._lengths, self._tables = names, lengths, tables
        self._options: dict[tuple[int, int], list[Clock]] = {}
        for (a, b), table in tables.items():
            self._options[a, b] = table.candidates(rates)
            self._options[b, a] = [clock.inverse() for clock in self._options[a, b]]

    def clocks(self) -> tuple[list[Clock], list[float]]:
        """Clocks by the frames of one of the cameras, and the score of the best other as a share.

        Raises:
            InputError: People do not tell the clock of a camera (``no-data``).
        """
        start = max(self._options, key=lambda pair: self._best(pair[1], {pair[0]: Clock()})[0])
        placed = {start[0]: Clock()}
        while len(placed) < len(self._names):
            best = {c: self._best(c, placed) for c in range(len(self._names)) if c not in placed}
            camera = max(best, key=lambda each: best[each][0])
            if best[camera][0] < MIN_SCORE:
                raise self._unknown(list(best), best[camera][0])
            placed[camera] = best[camera][1]
        seconds = [self._second(camera, placed) for camera in range(len(self._names))]
        unclear = [camera for camera, share in enumerate(seconds) if share > MAX_SECOND]
        if unclear:
            raise self._ambiguous(unclear, max(seconds))
        return [placed[camera] for camera in range(len(self._names))], seconds

    def _agreement(self, camera: int, clock: Clock, placed: Mapping[int, Clock]) -> Agreement:
        total = Agreement(0.0, 0.0)
        for other, theirs in placed.items():
            if other < camera:
                total += self._tables[other, camera].agreement(clock.after(theirs.inverse()))
            else:
                total += self._tables[camera, other].agreement(theirs.after(clock.inverse()))
        return total

    def _ranked(self, camera: int, placed: Mapping[int, Clock]) -> Ranked:
        """Candidates for a camera, best first, by what all placed cameras say of them."""
        found = [
            option.after(theirs)
            for other, theirs in placed.items()
            for option in self._options.get((other, camera), ())
        ]
        scored = [(self._agreement(camera, clock, placed).score, clock) for clock in found]
        return sorted(scored, key=lambda each: -each[0])

    def _best(self, camera: int, placed: Mapping[int, Clock]) -> tuple[float, Clock]:
        return next(iter(self._ranked(camera, placed)), (0.0, Clock()))

    def _second(self, camera: int, placed: Mapping[int, Clock]) -> float:
        """The score of the best clock that differs from a camera's, as a share of its score."""
        clock = placed[camera]
        others = {other: theirs for other, theirs in placed.items() if other != camera}
        score = self._agreement(camera, clock, others).score
        middle = self._lengths[camera] / 2
        time = clock.inverse().at(middle)
        rivals = [
            value
            for value, other in self._ranked(camera, others)
            if abs(other.at(time) - middle) > APART
        ]
        return max(rivals, default=0.0) / score if score > 0 else math.inf

    def _unknown(self, cameras: Sequence[int], score: float) -> InputError:
        names = [self._names[camera] for camera in cameras]
        return InputError(
            f'no time offset brings the people of {list_names(names)} into agreement with those '
            f'of the other cameras: {score:.1f} standard deviations of chance, expected '
            f'{MIN_SCORE:g} or more; check that these cameras recorded at the same time and that '
            'the calibration is right, and give a part of the recording in which people walk '
            'where other cameras see them too',
            code='no-data',
            camera=names[0] if len(names) == 1 else None,
            found=score,
            expected=MIN_SCORE,
        )

    def _ambiguous(self, cameras: Sequence[int], share: float) -> InputError:
        names = [self._names[camera] for camera in cameras]
        return InputError(
            f'several time offsets of {list_names(names)} bring people into agreement about '
            f'equally well: another one reaches {share:.0%} of the best, expected {MAX_SECOND:.0%} '
            'or less; give a longer part of the recording, in which people walk about',
            code='no-data',
            camera=names[0] if len(names) == 1 else None,
            found=share,
            expected=MAX_SECOND,
        )
