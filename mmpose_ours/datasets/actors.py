"""Campus and Shelf as datasets; :mod:`mmpose_ours.sources.benchmarks` reads them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Sequence

from mmengine.logging import print_log

from mmpose_ours.calibration.image_size import ImageSizes
from mmpose_ours.datasets.multiview import MultiviewDataset
from mmpose_ours.scope import DATASETS
from mmpose_ours.sources import CAMPUS, SHELF, ActorsLayout, read_benchmark
from mmpose_ours.text import printable


class ActorsDataset(MultiviewDataset):
    """Detections and annotated people of a TUM multi-person benchmark.

    Args:
        data_root: The dataset's folder.
        rig_file: Calibration; None takes the official name, as for the files below.
        keypoint_file: 2D detections (VoxelPose's pickle or this package's JSON).
        truth_file: ``actorsGT.mat``.
        frames: Ranges ``(first, last)``, inclusive; None takes the published test frames.
            A frame without an entry in the detection file is a frame with nobody seen.
        **kwargs: See :class:`MultiviewDataset`.
    """

    LAYOUT: ActorsLayout

    def __init__(
        self,
        data_root: str,
        rig_file: str | None = None,
        keypoint_file: str | None = None,
        truth_file: str | None = None,
        frames: Sequence[tuple[int, int]] | None = None,
        image_size: ImageSizes | None = None,
        **kwargs: Any,
    ):
        layout = self.LAYOUT
        self.keypoint_file = Path(data_root) / (keypoint_file or layout.keypoint_file)
        self.truth_file = Path(data_root) / (truth_file or layout.truth_file)
        self.frames = [(first, last) for first, last in frames or layout.test_frames]
        super().__init__(
            rig_file or layout.rig_file,
            data_root=data_root,
            image_size=image_size or layout.image_size,
            **kwargs,
        )

    def load_data_list(self) -> list[dict]:
        """One entry per test frame that has truth; one without detections counts as empty."""
        return read_benchmark(
            self.rig,
            self.LAYOUT,
            self.data_root,
            self.keypoint_file,
            self.truth_file,
            self.frames,
            lambda message: print_log(printable(message), logger='current', level=logging.WARNING),
        )


@DATASETS.register_module()
class ShelfDataset(ActorsDataset):
    """Shelf (Belagiannis et al., CVPR 2014): 5 cameras, 4 actors of whom 3 are scored."""

    METAINFO = dict(dataset_name='shelf', joints='coco17')
    LAYOUT = SHELF


@DATASETS.register_module()
class CampusDataset(ActorsDataset):
    """Campus (Belagiannis et al., CVPR 2014): 3 cameras, 3 actors."""

    METAINFO = dict(dataset_name='campus', joints='coco17')
    LAYOUT = CAMPUS
