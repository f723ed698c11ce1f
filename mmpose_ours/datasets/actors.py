"""Campus and Shelf: one reader, two descriptions of what the official folders hold."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path
from typing import Any, Sequence

import numpy as np
from mmengine.logging import print_log

from mmpose_ours.datasets.multiview import MultiviewDataset
from mmpose_ours.detections import check_pixels, read_detections, stack_views
from mmpose_ours.evaluation.actors import read_actors
from mmpose_ours.registry import DATASETS


@dataclasses.dataclass(frozen=True)
class ActorsLayout:
    """What a benchmark's folder holds and how it is scored.

    Args:
        rig_file: Calibration in the Campus/Shelf JSON schema, which lacks the image size.
        image_size: (width, height) of every camera.
        keypoint_file: Detections, keyed ``<camera>_<frame>``.
        truth_file: ``actorsGT.mat``.
        image_pattern: Image path with ``{camera}`` and ``{frame}``.
        test_frames: Published test ranges, first and last inclusive, counted from 0.
    """

    rig_file: str
    image_size: tuple[int, int]
    keypoint_file: str
    truth_file: str
    image_pattern: str
    test_frames: tuple[tuple[int, int], ...]


class ActorsDataset(MultiviewDataset):
    """Detections and annotated people of a TUM multi-person benchmark.

    Args:
        data_root: The dataset's folder.
        rig_file: Calibration; None takes the official name, as for the files below.
        keypoint_file: 2D detections (VoxelPose's pickle or this package's JSON).
        truth_file: ``actorsGT.mat``.
        frames: Ranges ``(first, last)``, inclusive; None takes the published test frames.
            A frame without an entry in the detection file is an instant with nobody seen.
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
        image_size: tuple[int, int] | None = None,
        **kwargs: Any,
    ):
        layout = self.LAYOUT
        self.keypoint_file = Path(data_root) / (keypoint_file or layout.keypoint_file)
        self.truth_file = Path(data_root) / (truth_file or layout.truth_file)
        self.frames = [tuple(pair) for pair in frames or layout.test_frames]
        super().__init__(
            rig_file or layout.rig_file,
            data_root=data_root,
            image_size=image_size or layout.image_size,
            **kwargs,
        )

    def load_data_list(self) -> list[dict]:
        """One entry per test frame that has truth; one without detections counts as empty."""
        detections = read_detections(self.keypoint_file, self.rig.names)
        check_pixels(detections, self.rig, self.keypoint_file)
        actors = read_actors(self.truth_file)
        wanted = [f for first, last in self.frames for f in range(first, last + 1)]
        covered = [frame for frame in wanted if frame < len(actors)]
        detected = [frame for frame in covered if str(frame) in detections]
        if not detected:
            ranges = ', '.join(f'{first}-{last}' for first, last in self.frames)
            raise ValueError(
                f'{self.keypoint_file} and {self.truth_file} share none of the frames {ranges}'
            )
        for frames, what in (
            (set(wanted) - set(covered), f'are beyond {self.truth_file} and left out'),
            (set(covered) - set(detected), f'have no entry in {self.keypoint_file}: nobody seen'),
        ):
            if frames:
                message = f'{len(frames)} of {len(wanted)} test frames {what}'
                print_log(message, logger='current', level=logging.WARNING)
        return [self._item(f, detections.get(str(f), {}), actors[f]) for f in covered]

    def _item(self, frame: int, views: dict, actors: np.ndarray) -> dict:
        paths = [
            Path(self.data_root) / self.LAYOUT.image_pattern.format(camera=camera, frame=frame)
            for camera in self.rig.names
        ]
        return dict(
            recording=str(self.data_root),
            frame_id=frame,
            keypoints_2d=stack_views(views, self.rig.names),
            actors=actors,
            img_paths=[str(path) if path.is_file() else None for path in paths],
        )


@DATASETS.register_module()
class ShelfDataset(ActorsDataset):
    """Shelf (Belagiannis et al., CVPR 2014): 5 cameras, 4 actors of whom 3 are scored."""

    METAINFO = dict(dataset_name='shelf', joints='coco17')
    LAYOUT = ActorsLayout(
        rig_file='calibration_shelf.json',
        image_size=(1032, 776),
        keypoint_file='pred_shelf_maskrcnn_hrnet_coco.pkl',
        truth_file='actorsGT.mat',
        image_pattern='Camera{camera}/img_{frame:06d}.png',
        test_frames=((300, 600),),
    )


@DATASETS.register_module()
class CampusDataset(ActorsDataset):
    """Campus (Belagiannis et al., CVPR 2014): 3 cameras, 3 actors."""

    METAINFO = dict(dataset_name='campus', joints='coco17')
    LAYOUT = ActorsLayout(
        rig_file='calibration_campus.json',
        image_size=(360, 288),
        keypoint_file='pred_campus_maskrcnn_hrnet_coco.pkl',
        truth_file='actorsGT.mat',
        image_pattern='Camera{camera}/campus4-c{camera}-{frame:05d}.png',
        test_frames=((350, 470), (650, 750)),
    )
