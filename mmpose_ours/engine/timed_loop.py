"""A training that ends by the clock, however busy the machine is."""

from __future__ import annotations

import math
import time
from typing import Any

from mmengine.runner import EpochBasedTrainLoop

from mmpose_ours.errors import InputError
from mmpose_ours.scope import LOOPS

# Of the message hub, which is part of a checkpoint.
SECONDS, SKIPPED = 'train_seconds', 'train_skipped_steps'


@LOOPS.register_module()
class TimedTrainLoop(EpochBasedTrainLoop):
    """Trains for at most so many epochs and at most so many seconds.

    Learning rates follow whichever is further, steps or seconds: where steps take longer than
    planned, schedules by step skip some of theirs and still reach their end. The epoch in which
    the time is up is the last one, with its checkpoint and its validation. The seconds of a
    training that is resumed are those of all its parts, but for the step in which one ended.

    Args:
        runner: The runner.
        dataloader: A dataloader, or a dictionary to build one.
        max_epochs: Number of epochs.
        seconds: Number of seconds, validation after the last step excluded.
        **loop: Other arguments of MMEngine's ``EpochBasedTrainLoop``.

    Raises:
        InputError: ``seconds`` is not above 0.
    """

    def __init__(self, runner: Any, dataloader: Any, max_epochs: int, seconds: float, **loop: Any):
        if not 0 < seconds < math.inf:
            raise InputError(
                f'seconds is {seconds}, expected a number above 0',
                code='out-of-range',
                found=seconds,
                expected=0,
            )
        super().__init__(runner, dataloader, max_epochs, **loop)
        self.seconds = seconds
        self._planned: int = self.max_iters
        self._before = self._begun = 0.0
        self._first = 0

    def run(self) -> Any:
        """Launch training."""
        self._begun, self._first = time.monotonic(), self._iter
        self._before = self.runner.message_hub.get_info(SECONDS, 0.0)
        return super().run()

    def run_epoch(self) -> None:
        """Iterate an epoch, or what of it there is time for."""
        try:
            super().run_epoch()
        except _TimeIsUpError:
            self.runner.logger.info(
                f'{self._elapsed():.0f} s are over: training ends after {self._iter} of '
                f'{self._planned} steps'
            )
            self._max_epochs = self._epoch + 1
            self.runner.call_hook('after_train_epoch')
            self._epoch += 1

    def run_iter(self, idx: int, data_batch: Any) -> None:
        """Iterate a step, the first of all in any case.

        Raises:
            _TimeIsUpError: There is no time for it.
        """
        if self._is_over():
            raise _TimeIsUpError
        self.runner.message_hub.update_info(SECONDS, self._elapsed())
        super().run_iter(idx, data_batch)
        self._catch_up()
        if self._is_over():
            self._max_epochs = self._epoch + 1

    def _is_over(self) -> bool:
        return self._elapsed() >= self.seconds and self._iter > 0

    def _elapsed(self) -> float:
        return self._before + time.monotonic() - self._begun

    def _catch_up(self) -> None:
        """Bring schedules, and the number of steps that logs reckon with, to where the clock is."""
        elapsed, hub = self._elapsed(), self.runner.message_hub
        skipped = hub.get_info(SKIPPED, 0)
        due = min(math.floor(elapsed / self.seconds * self._planned), self._planned - 1)
        behind = max(due - self._iter - skipped, 0)
        for scheduler in self._schedulers():
            for _ in range(behind):
                scheduler.step()
        hub.update_info(SKIPPED, skipped + behind)
        here = self._iter - self._first
        per_step = (elapsed - self._before) / here
        left = math.ceil(max(self.seconds - elapsed, 0) / per_step) if per_step else self._planned
        self._max_iters = min(self._planned, self._iter + left)

    def _schedulers(self) -> list[Any]:
        """Those that go by steps."""
        found = self.runner.param_schedulers or []
        lists = found.values() if isinstance(found, dict) else [found]
        return [scheduler for each in lists for scheduler in each if not scheduler.by_epoch]


class _TimeIsUpError(Exception):
    """Ends an epoch within it."""
