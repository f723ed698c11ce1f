"""Guess what a loader asks for next, so that it can be made together with what it asks for."""

from __future__ import annotations

from typing import Sequence


class ReadAhead:
    """Continues a regular sequence of batches.

    Which indices one worker sees depends on the sampler, the batch size, the number of workers
    and of processes: with batches of 4 and two workers, one sees 0 to 3, 8 to 11, 16 to 19. Of
    all these the sequence itself tells what matters, its step: once two steps were the same,
    the next batches are foreseen. In a shuffled order no two steps are the same, and nothing
    is made in vain.

    Args:
        length: How many indices to ask for together, at most.
    """

    def __init__(self, length: int):
        self.length = length
        self._last: list[int] = []
        self._step: list[int] = []

    def __call__(self, batch: Sequence[int]) -> list[int]:
        """Tell of a batch that is asked for; returns it and those that should follow it."""
        batch = [int(index) for index in batch]
        step = [now - before for now, before in zip(batch, self._last)]
        regular = step == self._step and len(step) == len(batch) and len(set(step)) == 1
        self._last, self._step = batch, step
        if not regular or step[0] == 0:
            return batch
        rounds = max(1, self.length // len(batch))
        return [index + turn * step[0] for turn in range(rounds) for index in batch]
