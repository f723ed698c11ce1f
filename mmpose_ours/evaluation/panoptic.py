"""Ground truth as CMU Panoptic ships it: ``hdPose3d_stage1_coco19/body3DScene_*.json``."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from mmpose_ours.evaluation.predictions import FrameId, Predictions, is_number, to_z_up
from mmpose_ours.files import MM_PER_UNIT, FileFormatError, PathLike, read_json
from mmpose_ours.keypoints import JOINT_SETS

# Joints below this confidence are not annotated (VoxelPose's Panoptic protocol).
_MIN_CONFIDENCE = 0.1
_JOINTS = 'panoptic15'


def read_panoptic_truth(folder: PathLike) -> Predictions:
    """Read the annotated people of a CMU Panoptic sequence.

    Taken over from the published protocol: the first 15 of the 19 joints count, a joint of
    confidence 0.1 or less is not annotated, and a body whose mid-hip is not is left out.

    Args:
        folder: ``hdPose3d_stage1_coco19``; one file per frame, cm, y down.

    Returns:
        The people in mm, z up, by frame number, in the joint set ``panoptic15``.

    Raises:
        FileFormatError: The folder has no such file, or a file is not of this form.
    """
    frames: dict[FrameId, np.ndarray] = {}
    for path in sorted(Path(folder).glob('body3DScene_*.json')):
        match = re.fullmatch(r'body3DScene_([0-9]+)\.json', path.name)
        if match:
            frames[int(match[1])] = _read_frame(path)
    if not frames:
        raise FileFormatError(
            f'{folder}: has no body3DScene_*.json; name the hdPose3d_stage1_coco19 folder itself'
        )
    scores = {frame: np.ones(len(people)) for frame, people in frames.items()}
    return Predictions(frames, scores, _JOINTS, unit='cm', up='-y')


def _read_frame(path: Path) -> np.ndarray:
    """One frame's people, (P, 15, 3) mm."""
    data = read_json(path)
    bodies = data.get('bodies') if isinstance(data, dict) else None
    if not isinstance(bodies, list):
        raise FileFormatError(f'{path}: $.bodies: expected a list of people')
    people = []
    for index, body in enumerate(bodies):
        values = body.get('joints19') if isinstance(body, dict) else None
        if not isinstance(values, list) or len(values) != 76 or not all(map(is_number, values)):
            raise FileFormatError(
                f'{path}: $.bodies[{index}].joints19: expected 76 numbers, x y z confidence '
                'for each of 19 joints'
            )
        joints = np.array(values, dtype=np.float64).reshape(19, 4)[: len(JOINT_SETS[_JOINTS])]
        pose = to_z_up(joints[:, :3] * MM_PER_UNIT['cm'], '-y')
        pose[joints[:, 3] <= _MIN_CONFIDENCE] = np.nan
        people.append(pose)
    poses = np.array(people).reshape(-1, len(JOINT_SETS[_JOINTS]), 3)
    return poses[np.isfinite(JOINT_SETS[_JOINTS].root_of(poses)).all(-1)]
