"""Wall-clock time of the stages of a run."""

from __future__ import annotations

import contextlib
import time
from typing import Iterator

# Seconds per frame; the summary omits stages that take less.
MIN_SECONDS = 5e-5


class StageTimer:
    """Accumulates seconds per stage.

    The time of a nested stage counts for that stage only, not for the enclosing one.

    Attributes:
        seconds: Stage name to its total time.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._running: list[str] = []
        self._since = 0.0

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time of the ``with`` block to a stage."""
        self._add_elapsed()
        self._running.append(name)
        try:
            yield
        finally:
            self._add_elapsed()
            self._running.pop()

    def _add_elapsed(self) -> None:
        """Add the time since the last change of stage to the stage that was running."""
        now = time.perf_counter()
        if self._running:
            name = self._running[-1]
            self.seconds[name] = self.seconds.get(name, 0.0) + now - self._since
        self._since = now

    def summary(self, count: int = 1) -> str:
        """``3D poses 8.7 ms, page 1.2 s``: each stage's time divided by ``count``."""
        means = ((name, seconds / max(1, count)) for name, seconds in self.seconds.items())
        return ', '.join(
            f'{name} {format_seconds(mean)}' for name, mean in means if mean > MIN_SECONDS
        )


def format_seconds(seconds: float) -> str:
    """A duration as text, in ms below one second."""
    return f'{1e3 * seconds:.1f} ms' if seconds < 1 else f'{seconds:.1f} s'
