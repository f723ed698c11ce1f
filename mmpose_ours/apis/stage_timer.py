"""How long the stages of a run take."""

from __future__ import annotations

import contextlib
import time
from typing import Iterator

# What takes less than this is not worth a word.
LEAST = 5e-5


class Stopwatch:
    """Sums up seconds by stage; a stage that runs inside of another does not count for that."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._running: list[str] = []
        self._since = 0.0

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what happens in the ``with`` block for a stage."""
        self._settle()
        self._running.append(name)
        try:
            yield
        finally:
            self._settle()
            self._running.pop()

    def _settle(self) -> None:
        """Give the time since the last change to the stage that it belongs to."""
        now = time.perf_counter()
        if self._running:
            name = self._running[-1]
            self.seconds[name] = self.seconds.get(name, 0.0) + now - self._since
        self._since = now

    def summary(self, count: int = 1) -> str:
        """``3D poses 8.7 ms, page 1.2 s``: each stage's seconds over ``count``."""
        shares = ((what, seconds / max(1, count)) for what, seconds in self.seconds.items())
        return ', '.join(f'{what} {as_time(share)}' for what, share in shares if share > LEAST)


def as_time(seconds: float) -> str:
    """Seconds in words."""
    return f'{1e3 * seconds:.1f} ms' if seconds < 1 else f'{seconds:.1f} s'
