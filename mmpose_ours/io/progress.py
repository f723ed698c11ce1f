"""A line now and then, so that nobody takes a long command for a stuck one."""

from __future__ import annotations

import math
import sys
import time
from typing import Callable

# Between two lines.
SECONDS = 4.0


def to_stderr(line: str) -> None:
    """Print a line where no output of the command is expected, at once."""
    print(line, file=sys.stderr, flush=True)


def lasting(seconds: float) -> str:
    """A time that is estimated, as coarse as an estimate is.

    Examples:
        >>> lasting(7), lasting(44), lasting(200), lasting(7900)
        ('about 10 s', 'about 50 s', 'about 4 min', 'about 2 h 12 min')
    """
    if seconds <= 55:
        return f'about {max(10 * math.ceil(seconds / 10), 10)} s'
    minutes = math.ceil(seconds / 60)
    if minutes < 60:
        return f'about {minutes} min'
    return f'about {minutes // 60} h {minutes % 60} min'


class Pace:
    """Estimates the time that is left, by what was done since it began to count."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._first: tuple[float, int] | None = None

    def left(self, done: int, total: int) -> float | None:
        """Seconds until all is done; None where nobody knows.

        Args:
            done: How many are done.
            total: Of how many; 0 where nobody knows.
        """
        now = time.monotonic()
        if self._first is None:
            self._first = now, done
        # What was done at the first call was done before, or took long because it was the first.
        since, before = self._first if done > self._first[1] else (self._began, 0)
        if not total or done <= before or now <= since:
            return None
        return (total - done) * (now - since) / (done - before)


class Progress:
    """Says every few seconds how far something is, and how long it will take.

    Args:
        what: What it is that goes on, for example ``'3D poses'``.
        things: What is counted, for example ``'frames'``.
        say: Takes the lines.
    """

    def __init__(self, what: str, things: str, say: Callable[[str], None] = to_stderr):
        self.what, self.things, self.say = what, things, say
        self._said = time.monotonic()
        self._pace = Pace()

    def __call__(self, done: int, total: int) -> None:
        """Say that so many are done, if it is time to and they are not all.

        Args:
            done: How many.
            total: Of how many; 0 where nobody knows.
        """
        now, left = time.monotonic(), self._pace.left(done, total)
        if now - self._said > SECONDS and (done < total or not total):
            self._said = now
            line = f'{self.what}: {done} of {total or "an unknown number of"} {self.things}'
            self.say(line if left is None else f'{line}, {lasting(left)} left')
