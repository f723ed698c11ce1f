"""The user's own recordings: a folder of images per camera, a calibration, 2D keypoints."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from mmengine.logging import print_log

from mmpose_ours.datasets.multiview import MultiviewDataset
from mmpose_ours.scope import DATASETS
from mmpose_ours.sources import read_recording
from mmpose_ours.text import printable


@DATASETS.register_module()
class OursDataset(MultiviewDataset):
    """``data/Ours``: ``camera_parameters.json`` and the images of every camera.

    Images lie in a folder per camera, or all in one, see :mod:`mmpose_ours.recordings.files`.

    Args:
        data_root: The folder.
        rig_file: Calibration, Panoptic JSON by custom.
        keypoint_file: 2D keypoints, see :func:`~mmpose_ours.detections.read_detections`;
            None works from images only (image mode).
        truth_file: 3D poses in the format that ``mmpose-ours evaluate`` reads, if any. A
            frame that it does not list is a frame with nobody there.
        rename: Name of images or keypoints to the camera that they are of.
        frame_offsets: Camera name to the number of its keypoints before the first frame.
        skeleton: The joints of the keypoints, where their file does not name them: the name of a
            skeleton, or a file of MMPose's METAINFO.
        **kwargs: See :class:`MultiviewDataset`; ``metainfo=dict(joints=...)`` names the skeleton to
            which keypoints and truth are converted, that of the model.

    Raises:
        FileNotFoundError: The keypoint file or, in image mode, a camera's images are missing.
        ValueError: No frame is common to the cameras, or to the truth and the rest.
    """

    METAINFO = dict(dataset_name='ours', joints='coco17')

    def __init__(
        self,
        data_root: str = 'data/Ours',
        rig_file: str = 'camera_parameters.json',
        keypoint_file: str | None = 'keypoints_2d.json',
        truth_file: str | None = None,
        rename: dict[str, str] | None = None,
        frame_offsets: dict[str, int] | None = None,
        skeleton: str | None = None,
        **kwargs: Any,
    ):
        self.keypoint_file = Path(data_root) / keypoint_file if keypoint_file else None
        self.rename, self.frame_offsets, self.skeleton = rename, frame_offsets, skeleton
        self.truth_file = Path(data_root) / truth_file if truth_file else None
        super().__init__(rig_file, data_root=data_root, **kwargs)

    def load_data_list(self) -> list[dict]:
        """One entry per frame of the keypoint file, or frame of the images."""
        return read_recording(
            self.rig,
            self.data_root,
            self.keypoint_file,
            self.truth_file,
            self.metainfo['joints'],
            lambda message: print_log(printable(message), logger='current', level=logging.WARNING),
            self.rename,
            self.frame_offsets,
            self.skeleton,
        )
