"""Cameras that number equally many frames from different first numbers: 0 to 99 and 1 to 100.

Equal numbers may be the same frame (clips of one longer recording) or not (a tool that counts from
1, or counters that were not reset), so a note says so.
"""

from __future__ import annotations

import collections
import dataclasses
from typing import Mapping, Sequence

from mmpose_ours.errors import PathLike
from mmpose_ours.io.numbers import whole_number
from mmpose_ours.text import argument

_MOST_LISTED = 20


@dataclasses.dataclass
class Span:
    """The numbers of a camera's frames.

    Args:
        count: How many there are.
        first: The least one.
        last: The largest one.
        is_numbered: Whether all names are numbers.
    """

    count: int = 0
    first: int = 0
    last: int = 0
    is_numbered: bool = True

    @classmethod
    def of(cls, names: Sequence[str]) -> Span:
        """The span of these names."""
        span = cls()
        for name in names:
            span.add(name)
        return span

    def add(self, name: str) -> None:
        """Count one more name."""
        number = whole_number(name) if self.is_numbered else None
        if number is None:
            self.is_numbered = False
            return
        self.first = min(self.first, number) if self.count else number
        self.last = max(self.last, number) if self.count else number
        self.count += 1

    @property
    def has_no_gap(self) -> bool:
        """Whether every number from the first to the last is there."""
        return self.is_numbered and self.last - self.first + 1 == self.count


def note_on_first_numbers(spans: Mapping[str, Span], where: PathLike, things: str) -> list[str]:
    """A sentence on cameras that have equally many frames, numbered from different first ones.

    Args:
        spans: Camera -> its numbers.
        where: See :func:`match_frames`.
        things: Likewise.
    """
    firsts = {camera: span.first for camera, span in spans.items()}
    same = len({span.count for span in spans.values()}) == 1
    if not same or len({*firsts.values()}) < 2 or not all(s.has_no_gap for s in spans.values()):
        return []
    usual = collections.Counter(firsts.values()).most_common(1)[0][0]
    begin = min(firsts.values())
    late = {camera: first - begin for camera, first in firsts.items() if first > begin}
    other = {camera: first for camera, first in firsts.items() if first != usual}
    listed = ', '.join(f'{camera}: {first}' for camera, first in [*other.items()][:_MOST_LISTED])
    return [
        f'{where}: each camera has {next(iter(spans.values())).count} {things}, but not from the '
        f'same number on ({listed}; the others: {usual}). Equal numbers are taken for the same '
        f'frame; if the first {things} of all cameras belong together, give '
        f'{argument("frame_offsets", late)}'
    ]
