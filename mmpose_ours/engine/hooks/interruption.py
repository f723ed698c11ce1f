"""A training that is asked to stop writes a checkpoint first, also in mid-epoch."""

from __future__ import annotations

import functools
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any, Callable, Sequence

import torch
from mmengine.dist import all_reduce, barrier, get_world_size, is_main_process
from mmengine.hooks import CheckpointHook, Hook
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement

from mmpose_ours.checkpoints.work_dir import MID_EPOCH
from mmpose_ours.engine.hooks.checkpoint import write_last
from mmpose_ours.engine.loaders import Loader
from mmpose_ours.io.disk.files import explain_os_error
from mmpose_ours.scope import HOOKS
from mmpose_ours.text import argument

# "Temporary failure, try again", of BSD's sysexits.h.
EXIT_STATUS = 75
SIGNALS = (signal.SIGTERM, signal.SIGUSR1)
_GO_ON, _SAVE, _STOP = 0, 1, 2


@HOOKS.register_module()
class InterruptionHook(Hook):
    """Stops all processes together, and loses no more than some minutes to those that die.

    On SIGTERM (Slurm before it takes a node away) or SIGUSR1 (``--signal=USR1@60``) in any
    process, or when the launcher has died, all processes finish the step they are in, write
    ``mid_epoch.pth`` and exit with status 75. ``--resume`` goes on after that step, at the item
    that was next. Every ``minutes`` such a checkpoint is written anyway, for what gives no
    notice. The next checkpoint of a whole epoch removes it.

    The processes agree by reducing one number per step, which takes them no longer than they
    wait for each other anyway.

    Args:
        minutes: Between checkpoints in mid-epoch; 0 writes none until asked to.
    """

    priority = 'LOWEST'  # after the schedulers have stepped: the state is that of a whole step

    def __init__(self, minutes: float = 10.0):
        self.minutes = minutes
        self._asked = ''
        self._saved_at = time.monotonic()
        self._before: dict[int, Any] = {}
        self._launcher = os.getppid() if 'TORCHELASTIC_RUN_ID' in os.environ else None
        self._samples_done = 0

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Keep how much of the epoch is done already."""
        self._samples_done = (checkpoint.get('meta') or {}).get('samples_done', 0)

    def before_train(self, runner: Runner) -> None:
        """Listen; tell the loop where to go on; catch up on a validation that was cut off."""
        self._saved_at = time.monotonic()
        if threading.current_thread() is threading.main_thread():
            self._before = {number: _restorable(number) for number in SIGNALS}
            for number in SIGNALS:
                signal.signal(number, self._heard)
        for loop in (runner.train_loop, runner.val_loop):
            if loop is not None:
                keep_workers(loop.dataloader)
        if runner.iter == 0:
            return  # a new training, maybe from weights
        if self._samples_done:
            self._go_on_within(runner)
        elif _validation_is_due(runner):
            runner.logger.info('validation of the last epoch, which may have been cut off')
            runner.val_loop.run()

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict[str, Any] | None = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Save or stop, if some process wants to."""
        wrapper = runner.optim_wrapper
        if (runner.iter + 1) % getattr(wrapper, '_accumulative_counts', 1):
            return  # gradients are being gathered, and are not in a checkpoint
        wish = self._agreed()
        if wish == _GO_ON:
            return
        done = (batch_idx + 1) * _samples_per_step(runner)
        meta = dict(epoch=runner.epoch, iter=runner.iter + 1, samples_done=done)
        self._save(runner, meta)
        if wish == _STOP:
            self._leave(runner, f'after step {batch_idx + 1} of epoch {runner.epoch + 1}')

    def after_val_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict[str, Any] | None = None,
        outputs: Sequence[BaseDataElement] | None = None,
    ) -> None:
        """Stop; the epoch is done, only its validation is not."""
        if not self._before or batch_idx >= _common_steps(runner.val_dataloader):
            return
        if self._agreed() == _STOP:
            self._save(runner, dict(epoch=runner.epoch, iter=runner.iter))
            self._leave(runner, f'in the validation after epoch {runner.epoch}')

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Any checkpoint puts the next one off."""
        self._saved_at = time.monotonic()

    def after_train(self, runner: Runner) -> None:
        """Listen no more."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def after_run(self, runner: Runner) -> None:
        """Wait for each other before the first process closes its connections."""
        barrier()

    def _heard(self, number: int, frame: Any) -> None:
        self._asked = signal.Signals(number).name

    def _agreed(self) -> int:
        """What the most urgent process wants."""
        if self._launcher is not None and os.getppid() != self._launcher:
            self._asked = self._asked or 'the end of the launcher'
        due = self.minutes and time.monotonic() - self._saved_at > 60 * self.minutes
        wish = _STOP if self._asked else _SAVE if due and is_main_process() else _GO_ON
        wishes = torch.tensor(wish)
        all_reduce(wishes, 'max')
        return int(wishes)

    def _save(self, runner: Runner, meta: dict[str, Any]) -> None:
        if not any(isinstance(hook, CheckpointHook) for hook in runner.hooks):
            return  # this training keeps none
        try:
            runner.save_checkpoint(runner.work_dir, MID_EPOCH, meta=meta, by_epoch=False)
            if is_main_process():
                write_last(runner.work_dir, str(Path(runner.work_dir) / MID_EPOCH))
        except OSError as error:
            self._saved_at = time.monotonic()
            runner.logger.warning(
                f'NO CHECKPOINT: {explain_os_error(error)}. What was written before stays.'
            )

    def _leave(self, runner: Runner, where: str) -> None:
        barrier()  # nobody leaves, and makes its launcher end the others, before all is written
        self.after_train(runner)
        why = self._asked or 'another process was asked to stop'
        runner.logger.warning(
            f'stopped {where} ({why}); {argument("resume", True)} goes on from there'
        )
        raise SystemExit(EXIT_STATUS)

    def _go_on_within(self, runner: Runner) -> None:
        done, left_over = divmod(self._samples_done, _samples_per_step(runner))
        runner.train_loop.batches_done = done
        runner.logger.info(
            f'going on within epoch {runner.epoch + 1}, after {self._samples_done} samples'
        )
        if left_over:
            runner.logger.warning(
                f'other processes or batches than before: {left_over} samples come again'
            )


def _restorable(number: int) -> Any:
    """The handler to put back; not that of a training that failed in this very process."""
    handler = signal.getsignal(number)
    failed = isinstance(getattr(handler, '__self__', None), InterruptionHook)
    return signal.SIG_DFL if failed or handler is None else handler


def _samples_per_step(runner: Runner) -> int:
    """Of all processes together."""
    return runner.train_dataloader.batch_sampler.batch_size * get_world_size()


def _common_steps(loader: Loader) -> int:
    """How many steps every process takes; some may take one more."""
    return len(loader.dataset) // (loader.batch_sampler.batch_size * get_world_size())


def _validation_is_due(runner: Runner) -> bool:
    loop = runner.train_loop
    return (
        runner.val_loop is not None
        and getattr(loop, 'dataloader_iterator', None) is None  # else it counts steps
        and loop.epoch >= loop.val_begin
        and (loop.epoch % loop.val_interval == 0 or loop.epoch == loop.max_epochs)
    )


def keep_workers(loader: Any) -> None:
    """Let the workers of a ``DataLoader`` outlive a signal to the whole job.

    Slurm signals every process; the step that is being finished may still need its workers. They
    end when their process ends, or when it ends them.
    """
    loader.worker_init_fn = functools.partial(_steady, loader.worker_init_fn)
    if not hasattr(signal, 'sigwaitinfo'):  # macOS
        return
    make_iterator = loader._get_iterator

    def get_iterator() -> Any:
        # Once torch's number of threads was set, a thread begins in each worker before any code of
        # ours runs there. Its signal mask is that of the thread that forks: this one's.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        try:
            return make_iterator()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    loader._get_iterator = get_iterator


def _steady(init: Callable | None, worker: int) -> None:
    """Begin a worker of :func:`keep_workers`."""
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    if hasattr(signal, 'sigwaitinfo'):  # not on macOS
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        threading.Thread(target=_obey_the_parent, daemon=True).start()
    if init is not None:
        init(worker)


def _obey_the_parent() -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
        pass
    os._exit(0)
