"""Checkpoints that cost none of the earlier ones, whatever happens while they are written."""

from __future__ import annotations

import errno
from collections import deque
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from mmpose_ours.checkpoints.work_dir import LAST, MID_EPOCH
from mmpose_ours.io.disk.files import explain_os_error, write_whole
from mmpose_ours.scope import HOOKS

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@HOOKS.register_module()
class WholeCheckpointHook(CheckpointHook):
    """MMEngine's ``CheckpointHook``, of which nothing that was written is ever lost.

    Each file appears whole or not at all (:func:`mmpose_ours.compat.write_files_whole`), the
    oldest goes only when the newest is there, and a checkpoint that the disk has no room for
    costs a warning, not the training: room may be there again at the next. Only where the last
    one of the training cannot be written does it end with an error.

    Args:
        **kwargs: See MMEngine's ``CheckpointHook``.
    """

    max_keep_ckpts: int
    keep_ckpt_ids: deque[int]

    def before_train(self, runner: Runner) -> None:
        """Remove what a killed process left of a file that it was writing."""
        super().before_train(runner)
        if is_main_process():
            for folder in {Path(self.out_dir), Path(runner.work_dir)}:
                for half in (*folder.glob('.*.pth.*'), *folder.glob(f'.{LAST}.*')):
                    half.unlink()
                    runner.logger.info(f'removed {half}, which a killed process had begun')

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict[str, Any]) -> None:
        try:
            self._save_then_forget(runner, step, meta)
        except OSError as error:
            # Raised in the main process only: the others write nothing.
            if error.errno not in _NO_ROOM or self._is_the_end(runner):
                raise
            runner.logger.warning(
                f'NO CHECKPOINT: {explain_os_error(error)}. Training goes on; what was written '
                'before stays, and the next checkpoint is tried as usual.'
            )

    def _is_the_end(self, runner: Runner) -> bool:
        return (
            self.is_last_train_epoch(runner) if self.by_epoch else self.is_last_train_iter(runner)
        )

    def _save_then_forget(self, runner: Runner, step: int, meta: dict[str, Any]) -> None:
        """Write the newest before the oldest is removed; MMEngine does it the other way."""
        keep = self.max_keep_ckpts
        if keep <= 0:
            super()._save_checkpoint_with_step(runner, step, meta)
        else:
            kept = list(self.keep_ckpt_ids)
            self.max_keep_ckpts, self.keep_ckpt_ids = keep + 1, deque(kept, keep + 1)
            try:
                super()._save_checkpoint_with_step(runner, step, meta)
            except BaseException:
                self.keep_ckpt_ids = deque(kept, keep)
                raise
            finally:
                self.max_keep_ckpts = keep
            ids = list(self.keep_ckpt_ids)
            self.keep_ckpt_ids = deque(ids[-keep:], keep)
            if is_main_process():
                for old in ids[:-keep]:
                    (Path(self.out_dir) / self.filename_tmpl.format(old)).unlink(missing_ok=True)
        if is_main_process():
            write_last(runner.work_dir, self.last_ckpt)
            (Path(runner.work_dir) / MID_EPOCH).unlink(missing_ok=True)


def write_last(work_dir: str, checkpoint: str) -> None:
    """Name the latest checkpoint, whole or not at all."""
    with write_whole(Path(work_dir) / LAST) as file:
        file.write(checkpoint)
