"""From a batch of frames to the poses of each: by a model, or without one for objects."""

from __future__ import annotations

import dataclasses
from typing import Any, Mapping, NamedTuple, Sequence, Tuple

import numpy as np
import torch
from mmengine.dataset import pseudo_collate

from mmpose_ours.apis.adaptation import Adaptation
from mmpose_ours.apis.model_runner import poses_of
from mmpose_ours.apis.object_adaptation import ObjectAdaptation
from mmpose_ours.detections import stack_keypoints
from mmpose_ours.models.ops.threads import torch_threads
from mmpose_ours.structures.frames import FrameSet
from mmpose_ours.structures.poses import Poses3D

# mm. People whose hips are farther than this outside a given capture volume are dropped.
MARGIN_MM = 500.0
# A frame and its decoded images, which are empty unless the model takes images.
Entry = Tuple[FrameSet, Mapping[str, np.ndarray]]


class Estimate(NamedTuple):
    """The poses of one frame.

    Args:
        poses: In the world of the results.
        best_score: The highest score that the model gave to a pose; None if unknown.
        min_score: The model's score threshold; None if unknown.
    """

    poses: Poses3D
    best_score: float | None = None
    min_score: float | None = None


class ModelEstimation:
    """People by the model of an inferencer.

    Args:
        adaptation: What was measured on the recording.
        recording: A name by which temporal tracking distinguishes recordings.
    """

    def __init__(self, adaptation: Adaptation, recording: str):
        self._adaptation, self._recording = adaptation, recording
        self._inferencer = adaptation.inferencer

    def __call__(self, batch: Sequence[Entry]) -> list[Estimate]:
        """Estimate the poses of each frame; nobody where fewer than two cameras take part."""
        joints = self._inferencer.model.joints
        samples: list[Any] = [None] * len(batch)
        min_cameras = min(2, len(self._inferencer.rig))
        rows = [row for row, entry in enumerate(batch) if len(cameras_of(*entry)) >= min_cameras]
        with torch.no_grad(), torch_threads(self._adaptation.threads):
            packed = [self._inferencer.pipeline(self._packed(*batch[row])) for row in rows]
            for item in packed if self._adaptation.noise is not None else ():
                item['data_samples'].set_metainfo(dict(noise=self._adaptation.noise))
            if packed:
                predicted = self._inferencer.model.test_step(pseudo_collate(packed))
                for row, sample in zip(rows, predicted):
                    samples[row] = sample.cpu()
        estimates = []
        for sample in samples:
            values = {} if sample is None else sample
            poses = self._in_world(poses_of(sample, joints))
            scores = values.get('best_score'), values.get('score_threshold')
            estimates.append(Estimate(poses, *scores))
        return estimates

    def _packed(self, frame_set: FrameSet, pixels: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """The dictionary that the dataset's pipeline packs."""
        joints = self._inferencer.model.joints
        rig = self._adaptation.rig_of(cameras_of(frame_set, pixels))
        data: dict[str, Any] = dict(
            rig=rig,
            space=self._adaptation.scene.space,
            joints=joints.name,
            recording=self._recording,
            frame_id=frame_set.frame,
        )
        if frame_set.keypoints is None:
            return dict(data, images=list(pixels.values()))
        return dict(data, keypoints_2d=stack_keypoints(frame_set.keypoints, rig.names, joints))

    def _in_world(self, poses: Poses3D) -> Poses3D:
        """Poses in the world of the results; those outside a given volume are dropped."""
        scale, space = self._adaptation.scene.from_world.scale, self._inferencer.given_space
        std_mm = None if poses.std_mm is None else poses.std_mm / scale
        xyz_mm = self._adaptation.in_world(poses.xyz_mm)
        poses = dataclasses.replace(poses, xyz_mm=xyz_mm, std_mm=std_mm)
        if space is None or not len(poses):
            return poses
        position = poses.skeleton.root_of(poses.xyz_mm)
        return poses.only(space.contains(position, MARGIN_MM))


class ObjectEstimation:
    """Animals and objects, of whom no model knows anything.

    Args:
        adaptation: What was measured on the recording.
    """

    def __init__(self, adaptation: ObjectAdaptation):
        self._estimator = adaptation.estimator
        self._space = adaptation.inferencer.given_space

    def __call__(self, batch: Sequence[Entry]) -> list[Estimate]:
        """Estimate the poses of each frame; those outside a given volume are dropped."""
        return [Estimate(self._inside(self._estimator(f.keypoints or {}))) for f, _ in batch]

    def _inside(self, poses: Poses3D) -> Poses3D:
        if self._space is None or not len(poses):
            return poses
        return poses.only(self._space.contains(np.nanmedian(poses.xyz_mm, axis=1)))


def cameras_of(frame_set: FrameSet, pixels: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    """The cameras with an image or with keypoints in a frame."""
    return tuple(pixels if frame_set.keypoints is None else frame_set.keypoints)
