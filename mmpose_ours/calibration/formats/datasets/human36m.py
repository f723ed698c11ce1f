"""Human3.6M: camera parameters of all its subjects, in the layouts in which they go around.

==============  ==================================================================
unit, world     millimetre, **z up**
rigs            one for each subject (S1 .. S11), since the cameras were calibrated again:
                camera 54138969 of S1 is ``S1_54138969``; take the cameras of one
==============  ==================================================================

``camera-parameters.json`` (karfly): ``intrinsics`` by camera with ``calibration_matrix`` and
``distortion`` = k1 k2 p1 p2 k3, ``extrinsics`` by subject and camera with ``R``, ``t``, **world to
camera**.

VideoPose3D's lists by subject, as JSON or a pickle: ``orientation`` quaternion **w x y z**,
**camera to world**, ``translation`` the **centre**; ``focal_length``, ``center``,
``radial_distortion`` = k1 k2 k3, ``tangential_distortion`` = **p2 p1**, ``res_w``, ``res_h``,
``id``. The intrinsics stand in each camera, or once in a list under a key with ``intrinsic`` in
its name, beside one with ``extrinsic``. Once that program has loaded them, pixels are divided by
half the width and counted from the middle, and lengths are in metres, which is undone. (Its own
projection has two of OpenCV's tangential terms without their factor of 2, at most 0.4 px here;
karfly's and MMPose's files take the same coefficients for OpenCV's, and so does this module.)

``metadata.xml`` of the data set: 300 numbers ``w0``. For each of 4 cameras and 11 subjects, three
angles and the **centre**; then for each camera fx fy cx cy k1 k2 k3 p1 p2.

``Human36M_subject*_camera.json`` is not among these: its ``t`` is the camera's centre in some
versions and the translation in others.

Source: https://github.com/karfly/human36m-camera-parameters (``generate.py`` for ``w0``) and
https://github.com/facebookresearch/VideoPose3D (``common/h36m_dataset.py``, ``common/camera.py``,
also for the image sizes).
"""

from __future__ import annotations

from typing import Any, Iterator

import numpy as np

from mmpose_ours.calibration.errors import CalibrationError, about, check_limit
from mmpose_ours.calibration.parsing.file import File
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.calibration.parsing.source import Reading, Source
from mmpose_ours.calibration.parsing.xml_elements import Element
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.rotations import from_angles, from_quaternion

CONVENTION = 'R and t are world to camera, orientation is camera to world'
UNIT, UP = 'mm', 'z'

# Of the files that do not say it
_SIZES = {
    '54138969': (1000, 1002),
    '55011271': (1000, 1000),
    '58860488': (1000, 1000),
    '60457274': (1000, 1002),
}
_SUBJECTS = 11
_POSE = {'orientation', 'translation'}
# A focal length below this is a share of the image's width.
_LEAST_FOCAL_PX = 20.0


def recognise(source: Source) -> str:
    """Say why a file holds Human3.6M's cameras, or return an empty string."""
    file = source.one
    if file.kind == 'xml':
        is_ours = file.xml.find('w0') is not None and file.xml.find('dbcameras') is not None
        return '<dbcameras> and <w0>' if is_ours else ''
    content = _content(file)
    if not isinstance(content, dict):
        return ''
    if _is_karfly(content):
        return "'intrinsics' with calibration_matrix beside 'extrinsics'"
    subjects = _extrinsics(content)[1]
    if any(_POSE <= camera.keys() for cameras in subjects.values() for camera in _dicts(cameras)):
        lenses = _extrinsics(content)[0]
        if any('radial_distortion' in c for c in _dicts(lenses)) or any(
            'radial_distortion' in c for cameras in subjects.values() for c in _dicts(cameras)
        ):
            return 'cameras by subject with orientation, translation and radial_distortion'
    return ''


def _content(file: File) -> Any:
    return file.parsed('pickle' if file.kind == 'pickle' else 'json')


def _dicts(cameras: Any) -> list[dict]:
    return [c for c in cameras if isinstance(c, dict)] if isinstance(cameras, list) else []


def _is_karfly(content: dict) -> bool:
    lenses = content.get('intrinsics')
    if not isinstance(lenses, dict) or not isinstance(content.get('extrinsics'), dict):
        return False
    return any(isinstance(c, dict) and 'calibration_matrix' in c for c in lenses.values())


def _extrinsics(content: dict) -> tuple[Any, dict]:
    """VideoPose3D's list of intrinsics, if there is one, and lists of cameras by subject."""
    lenses = next((v for key, v in content.items() if 'intrinsic' in str(key)), None)
    inside = next((v for key, v in content.items() if 'extrinsic' in str(key)), None)
    return lenses, inside if isinstance(inside, dict) else content


def read(source: Source) -> Reading:
    """Read the rigs of all subjects.

    Args:
        source: The file.

    Returns:
        The cameras of all subjects in file order, millimetres, z up, and which belong together;
        those without a pose are ``uncalibrated``.

    Raises:
        CalibrationError: The file is of another layout, or a value is missing or impossible.
    """
    file = source.one
    rigs: dict[str, list[str]] = {}
    cameras: list[Camera] = []
    lost: list[str] = []
    with about(file.path):
        for subject, name, camera in _cameras(file):
            if camera is None:
                lost.append(name)
                continue
            cameras.append(camera)
            rigs.setdefault(subject, []).append(name)
        check_limit('cameras', len(cameras), 'cameras', file.path)
        if not cameras:
            raise CalibrationError(
                f"{file.path}: holds no camera of a subject; name Human3.6M's camera parameters",
                code='no-data',
                file=file.path,
                found=lost,
            )
        rig = CameraRig(tuple(cameras))
    return Reading(rig, tuple(lost), rigs={name: tuple(names) for name, names in rigs.items()})


def _cameras(file: File) -> Iterator[tuple[str, str, Camera | None]]:
    """Subject, the camera's name, and the camera, or None where it has no pose."""
    if file.kind == 'xml':
        yield from _of_metadata(file)
        return
    root = Node.of(file, 'json', 'pickle')
    if isinstance(root.value, dict) and _is_karfly(root.value):
        yield from _of_karfly(root)
    else:
        yield from _of_videopose3d(root)


def _of_karfly(root: Node) -> Iterator[tuple[str, str, Camera | None]]:
    lenses = dict(root['intrinsics'].items())
    for subject, poses in root['extrinsics'].items():
        for key, pose in poses.items():
            name = f'{subject}_{key}'
            lens = lenses[key] if key in lenses else root['intrinsics'][key]
            lens, pose = lens.of_camera(name), pose.of_camera(name)
            yield (
                subject,
                name,
                Camera(
                    name=name,
                    K=lens['calibration_matrix'].array(3, 3, what='intrinsic matrix'),
                    R_w2c=pose['R'].array(3, 3, what='rotation'),
                    t_w2c=pose['t'].array(3, what='millimetres'),
                    size=_SIZES.get(key),
                    dist=lens['distortion'].array(5, what='k1 k2 p1 p2 k3'),
                ),
            )


def _of_videopose3d(root: Node) -> Iterator[tuple[str, str, Camera | None]]:
    shared: list[Node] = []
    if isinstance(root.value, dict):
        for key, node in root.items():
            if 'intrinsic' in key:
                shared = node.elements()
        root = next((node for key, node in root.items() if 'extrinsic' in key), root)
    for subject, cameras in root.items():
        if 'intrinsic' in subject:
            continue
        for index, pose in enumerate(cameras.elements()):
            lens = pose if index >= len(shared) or 'focal_length' in pose else shared[index]
            key = lens['id'].text('camera') if 'id' in lens else str(index)
            name = f'{subject}_{key}'
            has_pose = 'orientation' in pose and 'translation' in pose
            camera = None
            if has_pose:
                camera = _by_orientation(name, lens.of_camera(name), pose.of_camera(name))
            yield subject, name, camera


def _by_orientation(name: str, lens: Node, pose: Node) -> Camera:
    width, height = (lens[f'res_{side}'] for side in 'wh')
    size = Node([width.value, height.value], lens.path, width.place, name).image_size()
    f, c = (lens[key].array(2, what='pixels') for key in ('focal_length', 'center'))
    k1, k2, k3 = lens['radial_distortion'].array(3, what='k1 k2 k3')
    p2, p1 = lens['tangential_distortion'].array(2, what='p2 p1')
    center_w = pose['translation'].array(3, what='camera centre')
    if np.abs(f).max() < _LEAST_FOCAL_PX:  # as that program keeps them
        f = f * size[0] / 2
        c = (c + [1, size[1] / size[0]]) * size[0] / 2
        center_w = center_w * 1000
    return Camera.from_camera_to_world(
        name=name,
        K=[[f[0], 0, c[0]], [0, f[1], c[1]], [0, 0, 1]],
        R_c2w=from_quaternion(pose['orientation'].array(4, what='quaternion w x y z')),
        center_w=center_w,
        size=size,
        dist=[k1, k2, p1, p2, k3],
    )


def _of_metadata(file: File) -> Iterator[tuple[str, str, Camera | None]]:
    element = Element(file.xml, Node({}, file.path, (file.xml.tag,)))['w0']
    text = element.text()
    words = text.text('numbers').strip('[]').replace(';', ' ').replace(',', ' ').split()
    numbers = Node(words, text.path, text.place)
    values = numbers.array(len(_SIZES) * (6 * _SUBJECTS + 9), what='cameras of all subjects')
    poses = values[: len(_SIZES) * _SUBJECTS * 6].reshape(len(_SIZES), _SUBJECTS, 6)
    lenses = values[poses.size :].reshape(len(_SIZES), 9)
    for subject in range(_SUBJECTS):
        for index, (key, size) in enumerate(_SIZES.items()):
            name = f'S{subject + 1}_{key}'
            fx, fy, cx, cy, k1, k2, k3, p1, p2 = lenses[index]
            angles, center_w = np.split(poses[index, subject], 2)
            yield (
                f'S{subject + 1}',
                name,
                Camera.from_center(
                    name=name,
                    K=[[fx, 0, cx], [0, fy, cy], [0, 0, 1]],
                    R_w2c=from_angles('XYZ', angles),
                    center_w=center_w,
                    size=size,
                    dist=[k1, k2, p1, p2, k3],
                ),
            )
