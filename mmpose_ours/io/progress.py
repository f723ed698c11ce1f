"""A line now and then, so that nobody takes a long command for a stuck one."""

from __future__ import annotations

import sys
import time
from typing import Callable

# Between two lines.
SECONDS = 4.0


def to_stderr(line: str) -> None:
    """Print a line where no output of the command is expected, at once."""
    print(line, file=sys.stderr, flush=True)


class Progress:
    """Says every few seconds how far something is.

    Args:
        what: What it is that goes on, for example ``'3D poses'``.
        things: What is counted, for example ``'frames'``.
        say: Takes the lines.
    """

    def __init__(self, what: str, things: str, say: Callable[[str], None] = to_stderr):
        self.what, self.things, self.say = what, things, say
        self._said = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        """Say that so many are done, if it is time to and they are not all.

        Args:
            done: How many.
            total: Of how many; 0 where nobody knows.
        """
        now = time.monotonic()
        if now - self._said > SECONDS and (done < total or not total):
            self._said = now
            self.say(f'{self.what}: {done} of {total or "an unknown number of"} {self.things}')
