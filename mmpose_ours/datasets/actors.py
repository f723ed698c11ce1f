"""Campus and Shelf: one reader, two descriptions of what the official folders hold."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Sequence

import numpy as np

from mmpose_ours.datasets.detections import read_detections, stack_views
from mmpose_ours.datasets.multiview import MultiviewDataset
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
            Frames for which the detection file has no entry in any view are left out.
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
        """One entry per test frame that the detection file covers."""
        detections = read_detections(self.keypoint_file, self.rig.names)
        actors = read_actors(self.truth_file)
        items = []
        for first, last in self.frames:
            for frame in range(first, last + 1):
                views = detections.get(str(frame))
                if views is None:
                    continue
                if frame >= len(actors):
                    raise ValueError(
                        f'{self.truth_file} ends at frame {len(actors) - 1}, but frame {frame} '
                        'is asked for; set `frames` to a range that it covers'
                    )
                items.append(self._item(frame, views, actors[frame]))
        if not items:
            raise ValueError(
                f'{self.keypoint_file} has no detections in frames '
                f'{", ".join(f"{a}-{b}" for a, b in self.frames)}'
            )
        return items

    def _item(self, frame: int, views: dict, actors: np.ndarray) -> dict:
        paths = [
            Path(self.data_root)
            / self.LAYOUT.image_pattern.format(camera=camera, frame=frame)
            for camera in self.rig.names
        ]
        return dict(
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
