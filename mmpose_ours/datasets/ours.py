"""The user's own recordings: a folder of images per camera, a calibration, 2D people."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Collection

import numpy as np
from mmengine.logging import print_log

from mmpose_ours.datasets.multiview import MultiviewDataset
from mmpose_ours.detections import check_pixels, read_detections, stack_views
from mmpose_ours.files import FileFormatError
from mmpose_ours.instants import frame_key, frame_order, frames_of_images
from mmpose_ours.keypoints import JOINT_SETS, convert_joints
from mmpose_ours.recordings import images_of
from mmpose_ours.registry import DATASETS
from mmpose_ours.results.predictions import read_predictions


@DATASETS.register_module()
class OursDataset(MultiviewDataset):
    """``data/Ours``: ``camera_parameters.json`` and the images of every camera.

    Images lie in a folder per camera, or all in one, see :mod:`mmpose_ours.recordings`.

    Args:
        data_root: The folder.
        rig_file: Calibration, Panoptic JSON by custom.
        keypoint_file: 2D people, see :func:`~mmpose_ours.detections.read_detections`;
            None works from images only (image mode).
        truth_file: 3D people in the format that ``mmpose-ours evaluate`` reads, if any. A
            frame that it does not list is an instant with nobody there.
        **kwargs: See :class:`MultiviewDataset`.

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
        **kwargs: Any,
    ):
        self.keypoint_file = Path(data_root) / keypoint_file if keypoint_file else None
        self.truth_file = Path(data_root) / truth_file if truth_file else None
        super().__init__(rig_file, data_root=data_root, **kwargs)

    def load_data_list(self) -> list[dict]:
        """One entry per frame of the keypoint file, or instant of the images."""
        images = {name: self._images(name) for name in self.rig.names}
        detections = self._detections() if self.keypoint_file else None
        truth = self._truth() if self.truth_file else None
        frames = list(detections) if detections is not None else self._common_frames(images)
        if truth is not None:
            self._compare_frames(frames, truth)
        items = []
        for frame in sorted(frames, key=frame_order):
            item: dict[str, Any] = dict(
                recording=str(self.data_root),
                frame_id=frame,
                img_paths=[images[name].get(frame_key(frame)) for name in self.rig.names],
            )
            if detections is not None:
                item['keypoints_2d'] = stack_views(detections[frame], self.rig.names)
            if truth is not None:
                nobody = np.zeros((0, len(JOINT_SETS[self.metainfo['joints']]), 3))
                poses = truth.get(frame_key(frame), nobody)
                visible = ~np.isnan(poses).any(-1)
                item['keypoints_3d'] = np.where(visible[..., None], poses, 0.0)
                item['visible'] = visible
            items.append(item)
        if not items:
            raise ValueError(f'{self.keypoint_file or self.data_root}: no frame to work on')
        return items

    def _detections(self) -> dict[str, dict[str, np.ndarray]]:
        detections = read_detections(self.keypoint_file, self.rig.names)
        check_pixels(detections, self.rig, self.keypoint_file)
        by_key: dict[str, str] = {}
        for frame in detections:
            other = by_key.setdefault(frame_key(frame), frame)
            if other != frame:
                raise FileFormatError(
                    f'{self.keypoint_file}: frames {other!r} and {frame!r} are the same instant; '
                    'leading zeros do not count, so name it once'
                )
        return detections

    def _images(self, camera: str) -> dict[str, str]:
        paths = images_of(Path(self.data_root), camera, self.rig.names)
        if not paths and self.keypoint_file is None:
            raise FileNotFoundError(
                f'{self.data_root}: no images of camera {camera!r}; name their folder after it '
                f'({camera}/), or choose cameras with `cameras`'
            )
        return dict(zip(frames_of_images(paths, camera), map(str, paths)))

    def _common_frames(self, images: dict[str, dict[str, str]]) -> set[str]:
        common = set.intersection(*(set(frames) for frames in images.values()))
        if not common:
            counts = ', '.join(f'{name}: {len(frames)}' for name, frames in images.items())
            raise ValueError(
                f'{self.data_root}: no image name occurs for every camera ({counts}); '
                'images of one instant must share their file name'
            )
        everything = set.union(*(set(frames) for frames in images.values()))
        if len(common) < len(everything):
            message = (
                f'{self.data_root}: {len(everything) - len(common)} of {len(everything)} instants '
                'lack an image in some camera and are left out'
            )
            print_log(message, logger='current', level=logging.WARNING)
        return common

    def _compare_frames(self, frames: Collection[str], truth: dict[str, np.ndarray]) -> None:
        unknown = sum(frame_key(frame) not in truth for frame in frames)
        if unknown == len(frames):
            first = min(frames, key=frame_order)
            raise ValueError(
                f'{self.truth_file} has none of the {unknown} frames of '
                f'{self.keypoint_file or self.data_root} (such as {first!r}); '
                'name its frames after the image files'
            )
        if unknown:
            message = (
                f'{unknown} of {len(frames)} frames are not in {self.truth_file}: nobody there'
            )
            print_log(message, logger='current', level=logging.WARNING)

    def _truth(self) -> dict[str, np.ndarray]:
        truth = read_predictions(self.truth_file)
        joints = self.metainfo['joints']
        return {
            frame_key(frame): convert_joints(poses, truth.joints, joints)
            for frame, poses in truth.frames.items()
        }
