"""The input of all drawings: 3D poses with track IDs and 2D keypoints of each frame."""

from __future__ import annotations

import dataclasses
from typing import Sequence

import numpy as np

from mmpose_ours.detections import KeypointFrames
from mmpose_ours.errors import InputError
from mmpose_ours.predictions.reading import Predictions
from mmpose_ours.recordings.footage import frame_key, frames_by_key
from mmpose_ours.recordings.frame_matching import frame_order
from mmpose_ours.structures.frames import FrameResult
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import as_skeleton
from mmpose_ours.tracking.tracks import assign_track_ids, patience_at


def results_of(
    predictions: Predictions, keypoints: KeypointFrames | None = None
) -> list[FrameResult]:
    """The frames of a predictions file, in the order of time.

    Args:
        predictions: The predictions. If they have no track IDs,
            :func:`~mmpose_ours.tracking.tracks.assign_track_ids` assigns them.
        keypoints: Frame to camera to 2D keypoints, as
            :func:`~mmpose_ours.detections.read_keypoints` gives them.

    Returns:
        One per frame of the predictions, frames that are numbers by number.

    Raises:
        FileFormatError: Two frames of the keypoints are the same.
    """
    frames = sorted(predictions.frames, key=frame_order)
    poses = [predictions.frames[frame] for frame in frames]
    if not predictions.tracked:
        linked = assign_track_ids([p.xyz_mm for p in poses], patience=patience_at(predictions.fps))
        poses = [dataclasses.replace(p, track_ids=ids) for p, ids in zip(poses, linked)]
    keypoints = keypoints or {}
    named = frames_by_key(keypoints)
    return [
        FrameResult(frame, people, keypoints=keypoints.get(named.get(frame_key(frame), ''), {}))
        for frame, people in zip(frames, poses)
    ]


def detected_in(result: FrameResult, camera: str) -> np.ndarray | None:
    """(D, J', 3) ``u, v, score`` of the people whom a camera detected, or None."""
    found = result.keypoints.get(camera)
    return None if found is None else found.array


def places_of(poses: np.ndarray, joints: Skeleton | str) -> np.ndarray:
    """Where people are: their roots, or the mean of the joints known where a root is missing.

    Args:
        poses: (P, J, 3), NaN where a joint is missing.
        joints: The skeleton, or its name.

    Returns:
        (P, 3); NaN for a person without a joint.
    """
    roots = as_skeleton(joints).root_of(poses)
    known = np.isfinite(poses).all(-1, keepdims=True)
    mean = np.where(known, poses, 0.0).sum(1) / np.maximum(known.sum(1), 1)
    mean = np.where(known.any(1), mean, np.nan)
    return np.where(np.isfinite(roots).all(-1, keepdims=True), roots, mean)


def check_joints(frames: Sequence[FrameResult], joints: Skeleton | str) -> None:
    """Refuse people who are not of a skeleton.

    Raises:
        InputError: Names the frame, what it has and what was expected.
    """
    expected = as_skeleton(joints)
    for result in frames:
        if result.poses.skeleton.joints != expected.joints:
            raise InputError(
                f'frame {result.frame}: people of {result.poses.skeleton.name}, expected '
                f'{expected.name}; say which skeleton they are of',
                code='conflict',
                frame=result.frame,
                found=result.poses.skeleton.name,
                expected=expected.name,
            )
