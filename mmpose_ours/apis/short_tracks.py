"""Short tracks: people who are there for a moment only, recognised while a recording runs."""

from __future__ import annotations

import collections
import dataclasses
from typing import Iterable, Iterator

import numpy as np

from mmpose_ours.structures.frames import FrameResult


@dataclasses.dataclass
class _Stay:
    """How often somebody was found, and in which frame last."""

    count: int = 0
    last: int = 0


class BriefTracks:
    """Counts tracks of few frames, and leaves them out if asked to.

    Whether somebody stays is known when he has been found often enough, or lost for good. If
    people are left out, frames wait for that: never more than ``least * (patience + 2)``, so
    that memory does not grow with the recording.

    Args:
        least: Frames that somebody who stays is found in.
        patience: For how many frames somebody may be lost and still be the same person.
        drop: Whether those who do not stay are left out. If not, no frame waits.

    Attributes:
        stayed: How many tracks stayed; complete at the end of the recording.
        brief: How many did not.
        left_out: People of all frames who were left out.
    """

    def __init__(self, least: int, patience: int, drop: bool):
        self.least, self.patience, self.drop = least, patience, drop
        self.stayed = self.brief = self.left_out = 0
        self._stays: dict[int, _Stay] = {}

    def __call__(self, frames: Iterable[FrameResult]) -> Iterator[FrameResult]:
        """The same frames a little later, without those people."""
        waiting: collections.deque[tuple[int, FrameResult]] = collections.deque()
        for now, people in enumerate(frames):
            self._count(people, now)
            if self.drop:
                # Decoded images of many frames would fill the memory; files are only named.
                shown = {n: p for n, p in people.images.items() if not isinstance(p, np.ndarray)}
                people = dataclasses.replace(people, images=shown)
            waiting.append((now, people))
            while waiting and self._is_settled(waiting[0][1], now):
                yield self._without_brief(waiting.popleft()[1])
            self._forget(now, waiting[0][0] if waiting else now)
        for _, people in waiting:
            yield self._without_brief(people)
        self._forget()

    def _count(self, people: FrameResult, now: int) -> None:
        for number in people.track_ids.tolist():
            stay = self._stays.setdefault(number, _Stay())
            stay.count, stay.last = stay.count + 1, now

    def _is_lost(self, stay: _Stay, now: int) -> bool:
        return now - stay.last > self.patience + 1

    def _is_settled(self, people: FrameResult, now: int) -> bool:
        if not self.drop:
            return True
        stays = (self._stays[number] for number in people.track_ids.tolist())
        return all(stay.count >= self.least or self._is_lost(stay, now) for stay in stays)

    def _without_brief(self, people: FrameResult) -> FrameResult:
        if not self.drop:
            return people
        stay = np.array(
            [self._stays[n].count >= self.least for n in people.track_ids.tolist()], bool
        )
        self.left_out += int((~stay).sum())
        return dataclasses.replace(people, poses=people.poses.only(stay))

    def _forget(self, now: int | None = None, oldest: int = 0) -> None:
        """Count tracks that are lost and that no waiting frame shows; all at the end."""
        for number, stay in list(self._stays.items()):
            if now is None or (self._is_lost(stay, now) and stay.last < oldest):
                self.stayed += stay.count >= self.least
                self.brief += stay.count < self.least
                del self._stays[number]
