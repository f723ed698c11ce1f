"""MC-Calib: ``calibrated_cameras_data.yml``, read only.

==============  ==================================================================
unit            not in the file: that of ``square_size`` of MC-Calib's configuration
world           that of the reference camera of the group, the first one
extrinsics      ``camera_pose_matrix`` 4x4, **camera to world**: MC-Calib stores the inverse
                of the transform with which it projects points
intrinsics      ``camera_matrix`` 3x3 in pixels of the full image; files of early versions
                end in a row of zeros
distortion      ``distortion_vector``: 5 in OpenCV's order for ``distortion_type`` 0 (Brown),
                the 4 of ``cv2.fisheye`` for 1 (Kannala)
image size      ``img_width``, ``img_height``
==============  ==================================================================

Names: ``camera_0``, ``camera_1``, ... as in the file. MC-Calib counts from 0 there, but from 1 in
the folders of images: ``camera_0`` took those of ``Cam_001``, which a note says.

Traps: poses are relative to the reference camera of a ``camera_group`` and mean nothing between
groups, so that the largest group is the rig and cameras of others are uncalibrated; cameras that
``nb_camera`` counts and that are not listed are uncalibrated, too.

Source: https://github.com/rameau-fr/MC-Calib (``saveCamerasParams`` of
``McCalib/src/McCalib.cpp``, ``McCalib/src/Camera.cpp``, README).
"""

from __future__ import annotations

import collections
import re
from typing import Any

from mmpose_ours.calibration.errors import CalibrationError, about, check_limit
from mmpose_ours.calibration.formats.opencv.storage_reader import (
    is_matrix,
    may_be_storage,
    read_storage,
)
from mmpose_ours.calibration.parsing.matrices import rigid
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.calibration.parsing.source import Reading, Source
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig, list_names

CONVENTION = 'camera_pose_matrix is camera to world'
UNIT = UP = None

_NAME = re.compile(r'camera_(\d{1,9})\Z')
_POSE = 'camera_pose_matrix'
# By distortion_type: the lens and how many coefficients it has.
_LENSES = {0: ('opencv', 5), 1: ('fisheye', 4)}


def recognise(source: Source) -> str:
    """Say why a file is MC-Calib's, or return an empty string."""
    file = source.one
    if not may_be_storage(file):
        return ''
    for key, value in read_storage(file).value.items():
        if _is_camera(key, value) and _POSE in value:
            return f'{key} with camera_matrix, distortion_vector and {_POSE}'
    return ''


def _is_camera(key: Any, value: Any) -> bool:
    return (
        isinstance(key, str)
        and _NAME.match(key) is not None
        and isinstance(value, dict)
        and is_matrix(value.get('camera_matrix'))
    )


def read(source: Source) -> Reading:
    """Read a rig.

    Args:
        source: The file.

    Returns:
        The cameras in file order, in the world of the first camera of the largest group.

    Raises:
        CalibrationError: The file is broken, a lens is of another type, or no camera is
            calibrated.
    """
    root = read_storage(source.one)
    entries = {
        key: root[key].of_camera(key) for key, value in root.value.items() if _is_camera(key, value)
    }
    check_limit('cameras', len(entries), 'cameras', source.path)
    posed = {name: node for name, node in entries.items() if _POSE in node}
    if not posed:
        raise CalibrationError(
            f'{source.path}: no camera has a {_POSE} (listed: {list_names(list(entries), 10)}); '
            'calibrate with MC-Calib again',
            code='no-data',
            file=source.path,
            found=list(entries),
        )
    groups = {name: _group(node) for name, node in posed.items()}
    largest, count = collections.Counter(groups.values()).most_common(1)[0]
    in_rig = [name for name in posed if groups[name] == largest]
    uncalibrated = [name for name in (*entries, *_unlisted(root, entries)) if name not in in_rig]
    notes = [
        f'{in_rig[0]!r} took the images of the folder that ends in '
        f'{int(in_rig[0].rpartition("_")[2]) + 1:03d}: MC-Calib counts cameras from 0 and folders '
        'from 1',
        f'the world is that of the reference camera of MC-Calib, mostly {in_rig[0]!r}: z along its '
        'optical axis, y down',
    ]
    if count < len(posed):
        others = [name for name in posed if groups[name] != largest]
        notes.append(
            f'camera {list_names(others, 10)}: of another camera_group, which no board connects '
            'with the rig; left out'
        )
    with about(source.path):
        rig = CameraRig(tuple(_camera(name, posed[name]) for name in in_rig))
    return Reading(rig, tuple(uncalibrated), tuple(notes))


def _group(node: Node) -> int:
    group = node.get('camera_group')
    return 0 if group is None else group.whole('group of cameras')


def _unlisted(root: Node, entries: dict[str, Node]) -> list[str]:
    """Cameras that MC-Calib was given and could not calibrate."""
    count = root.get('nb_camera')
    if count is None:
        return []
    number = count.whole('number of cameras')
    check_limit('cameras', number, 'cameras', root.path)
    return [f'camera_{index}' for index in range(number) if f'camera_{index}' not in entries]


def _camera(name: str, node: Node) -> Camera:
    K = node['camera_matrix'].array(3, 3, what='intrinsic matrix').copy()
    if not K[2].any():
        K[2, 2] = 1
    kind = node.get('distortion_type')
    number = 0 if kind is None else kind.whole('lens model')
    if kind is not None and number not in _LENSES:
        kind.fail(
            f'is {number}',
            '0 (Brown) or 1 (Kannala); calibrate with one of these',
            code='cannot-express',
            found=number,
            expected=tuple(_LENSES),
        )
    lens, count = _LENSES[number]
    R_c2w, center_w = rigid(node[_POSE], 'camera to world')
    return Camera.from_camera_to_world(
        name=name,
        K=K,
        R_c2w=R_c2w,
        center_w=center_w,
        size=_size(node),
        dist=node['distortion_vector'].array(count, what=f'distortion of a {lens} lens'),
        lens=lens,
    )


def _size(node: Node) -> tuple[int, int] | None:
    width, height = node.get('img_width'), node.get('img_height')
    if width is None or height is None:
        return None
    both = Node([width.value, height.value], node.path, width.place, node.camera)
    return both.image_size()
