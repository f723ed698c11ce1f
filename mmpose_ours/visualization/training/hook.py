"""The hook behind ``tools/test.py --show-dir``."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmpose_ours.datasets.data_sample import MultiviewDataSample
from mmpose_ours.io.disk.file_names import file_name
from mmpose_ours.scope import HOOKS
from mmpose_ours.text import printable


@HOOKS.register_module()
class MultiviewVisualizationHook(Hook):
    """Draws every ``interval``-th frame of a test.

    The stock scripts set ``enable``, ``show``, ``out_dir``, ``interval`` and ``wait_time`` from
    their command line.

    Args:
        enable: Whether to draw at all.
        interval: Draw every n-th frame.
        show: Whether to open a window.
        wait_time: Seconds that a window waits.
        out_dir: Folder for the images.
    """

    def __init__(
        self,
        enable: bool = False,
        interval: int = 25,
        show: bool = False,
        wait_time: float = 0.0,
        out_dir: str | None = None,
    ):
        self.enable, self.interval = enable, max(int(interval), 1)
        self.show, self.wait_time = show, wait_time
        self.out_dir = out_dir
        self.seen = 0

    def before_test(self, runner: Runner) -> None:
        """Count from the start."""
        self.seen = 0

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict,
        outputs: Sequence[MultiviewDataSample],
    ) -> None:
        """Draw the frames of a batch that are due."""
        if not self.enable:
            return
        for sample in outputs:
            if self.seen % self.interval == 0:
                self._draw(runner, sample)
            self.seen += 1

    def _draw(self, runner: Runner, sample: MultiviewDataSample) -> None:
        frame = str(sample.frame_id)
        out_file = None
        if self.out_dir is not None:
            out_file = str(Path(self.out_dir) / f'{file_name(frame.zfill(6))}.png')
        people = len(sample.pred_instances.scores)
        name = f'frame {frame}: {people} {"person" if people == 1 else "people"}'
        runner.visualizer.add_datasample(
            name,
            None,
            sample,
            show=self.show,
            wait_time=self.wait_time,
            out_file=out_file,
            step=self.seen,
        )
        if out_file is not None:
            runner.logger.info(f'image: {printable(out_file)}')
