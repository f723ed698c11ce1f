"""Epochs that never repeat a sample."""

from __future__ import annotations

from mmcv.runner import HOOKS, BaseRunner, Hook


@HOOKS.register_module()
class FreshEpochHook(Hook):
    """Tells the training dataset which epoch begins, so that each has new people.

    A resumed run goes on with the people it would have seen. Worker processes must not outlive
    an epoch (``persistent_workers``, off unless asked for): they would not be reported.
    """

    def before_train_epoch(self, runner: BaseRunner) -> None:
        """Pass the number of the epoch on."""
        runner.data_loader.dataset.set_epoch(runner.epoch)
