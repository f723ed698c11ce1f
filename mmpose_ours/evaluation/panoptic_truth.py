"""Ground truth as CMU Panoptic ships it: ``hdPose3d_stage1_coco19/body3DScene_*.json``."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.disk.files import MM_PER_UNIT
from mmpose_ours.io.json_files import read_json
from mmpose_ours.io.limits import limits
from mmpose_ours.io.numbers import whole_number
from mmpose_ours.predictions.reading import FrameId, Predictions, is_number, to_z_up
from mmpose_ours.structures.poses import Poses3D
from mmpose_ours.structures.skeletons import SKELETONS

# Joints below this confidence are not annotated (VoxelPose's Panoptic protocol).
_MIN_CONFIDENCE = 0.1
_JOINTS = 'panoptic15'
ANNOTATED_JOINTS = 'panoptic19'


def read_panoptic_truth(folder: PathLike) -> Predictions:
    """Read the annotated people of a CMU Panoptic sequence.

    Taken over from the published protocol: the first 15 of the 19 joints count, a joint of
    confidence 0.1 or less is not annotated, and a body whose mid-hip is not is left out.

    Args:
        folder: ``hdPose3d_stage1_coco19``; one file per frame, cm, y down.

    Returns:
        The people in mm, z up, by frame number, in the skeleton ``panoptic15``.

    Raises:
        FileFormatError: The folder has no such file, or a file is not of this form.
    """
    columns = SKELETONS[ANNOTATED_JOINTS].index(*SKELETONS[_JOINTS].joints)
    skeleton = SKELETONS[_JOINTS]
    frames: dict[FrameId, Poses3D] = {}
    for frame, path in panoptic_frame_files(folder).items():
        people = people_with_root(read_panoptic_bodies(path)[:, columns])
        frames[frame] = Poses3D(skeleton, people, np.ones(len(people)))
    return Predictions(frames, skeleton, unit='cm', up='-y')


def panoptic_frame_files(folder: PathLike) -> dict[int, Path]:
    """The annotation files of a sequence by frame number, rising.

    Raises:
        FileFormatError: The folder has none, or two of one frame.
    """
    matches = (
        (re.fullmatch(r'body3DScene_([0-9]+)\.json', path.name), path)
        for path in Path(folder).glob('body3DScene_*.json')
    )
    files: dict[int, Path] = {}
    for match, path in matches:
        number = whole_number(match[1]) if match else None
        if number is None:
            continue
        if number in files:
            raise FileFormatError(
                f'{folder}: {files[number].name} and {path.name} are the same frame; keep one',
                code='duplicate',
                file=folder,
                frame=number,
            )
        files[number] = path
    if not files:
        raise FileFormatError(
            f'{folder}: has no body3DScene_*.json; name the hdPose3d_stage1_coco19 folder itself',
            code='no-data',
            file=folder,
        )
    return dict(sorted(files.items()))


def read_panoptic_bodies(path: PathLike) -> np.ndarray:
    """Read everybody who is annotated in one frame.

    Args:
        path: ``body3DScene_*.json``; cm, y down.

    Returns:
        (P, 19, 3) mm, z up, ``panoptic19``; NaN where a joint's confidence is 0.1 or less.

    Raises:
        FileFormatError: The file is not of this form; names the place in it.
    """
    data = read_json(path)
    bodies = data.get('bodies') if isinstance(data, dict) else None
    if not isinstance(bodies, list):
        raise FileFormatError(f'{path}: $.bodies: expected a list of people', file=path)
    limits().check('people_per_view', len(bodies), 'people in one frame', path)
    people = []
    for index, body in enumerate(bodies):
        values = body.get('joints19') if isinstance(body, dict) else None
        if not isinstance(values, list) or len(values) != 76 or not all(map(is_number, values)):
            count = len(values) if isinstance(values, list) else None
            raise FileFormatError(
                f'{path}: $.bodies[{index}].joints19: expected 76 numbers, x y z confidence '
                'for each of 19 joints',
                code='file-format' if count in (None, 76) else 'wrong-shape',
                file=path,
                found=count,
                expected=76,
            )
        joints = np.array(values, dtype=np.float64).reshape(19, 4)
        pose = to_z_up(joints[:, :3] * MM_PER_UNIT['cm'], '-y')
        pose[joints[:, 3] <= _MIN_CONFIDENCE] = np.nan
        people.append(pose)
    return np.array(people).reshape(-1, len(SKELETONS[ANNOTATED_JOINTS]), 3)


def people_with_root(poses: np.ndarray, joints: str = _JOINTS) -> np.ndarray:
    """Those who count by the protocol.

    Args:
        poses: (P, J, 3), NaN where a joint is not annotated.
        joints: Their skeleton.

    Returns:
        (P', J, 3) without people whose root is not annotated: the mid-hip, or a hip in
        ``coco17``. It says where a person is.
    """
    return poses[np.isfinite(SKELETONS[joints].root_of(poses)).all(-1)]
