"""XRPrimer and XRMoCap: JSON of their ``PinholeCameraParameter`` and ``FisheyeCameraParameter``.

==============  ==================================================================
files           a file per camera, or one file with a list or mapping of such objects
unit, world     none fixed (XRMoCap's scenes: metre)
extrinsics      ``extrinsic_r`` and ``extrinsic_t``; ``world2cam`` true: from world to
                camera, false: **camera to world**, t is then the centre
intrinsics      ``intrinsic`` 3x3, or 4x4 with K in its first rows and columns and the
                last two rows exchanged (``0 0 0 1`` before ``0 0 1 0``) or not
distortion      ``k1 .. k6``, ``p1 p2`` of a ``FisheyeCameraParameter``, which despite its
                name is OpenCV's rational lens: XRPrimer hands them to ``cv2.undistort``
image size      ``width``, ``height``
cannot be read  other ``convention`` than ``opencv``, orthographic cameras,
                ``OmniCameraParameter``
==============  ==================================================================

Names: ``name`` of each camera where the names differ, else the name of the file or the key.

Traps: without ``world2cam`` the C++ reader takes false and the Python class true, so it must be
there; a camera that was never set has an ``intrinsic`` of zeros and is uncalibrated.

Source: https://github.com/openxrlab/xrprimer (``cpp/xrprimer/data_structure/camera``,
``python/xrprimer/data_structure/camera``, ``python/xrprimer/transform/camera``).
"""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from mmpose_ours.calibration.errors import CalibrationError, about, check_limit
from mmpose_ours.calibration.parsing.file import File
from mmpose_ours.calibration.parsing.file_names import name_by_file
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.calibration.parsing.source import Reading, Source
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig

CONVENTION = 'world2cam says whether extrinsic_r and extrinsic_t are world to camera'
UNIT = UP = None

_POSE = ('extrinsic_r', 'extrinsic_t')
_CLASSES = ('PinholeCameraParameter', 'FisheyeCameraParameter')
_CLASS_KEYS = ('class_name', 'type_name')


def recognise(source: Source) -> str:
    """Say why files are XRPrimer's, or return an empty string."""
    for file in source:
        content = file.parsed('json') if file.kind == 'json' else None
        if not any(map(_is_camera, _entries(content))):
            return ''
    return 'cameras with intrinsic, extrinsic_r and extrinsic_t'


def _is_camera(value: Any) -> bool:
    if not isinstance(value, dict) or 'intrinsic' not in value:
        return False
    named = any(str(value.get(key)).endswith('CameraParameter') for key in _CLASS_KEYS)
    return named or value.keys() >= set(_POSE)


def _entries(content: Any) -> Sequence[Any]:
    """What may be cameras: the only one, the elements of a list, or the values of a mapping."""
    if isinstance(content, dict):
        return [content] if 'intrinsic' in content else list(content.values())
    return content if isinstance(content, list) else ()


def read(source: Source) -> Reading:
    """Read a rig.

    Args:
        source: A file per camera (also their folder), or one file of several cameras.

    Returns:
        The cameras in file order, in the unit and axes of their poses; those without
        intrinsics or a pose are ``uncalibrated``.

    Raises:
        CalibrationError: A file is broken, or a camera is of another convention or lens.
    """
    entries = [entry for file in source for entry in _of_file(file)]
    check_limit('cameras', len(entries), 'cameras', source.path)
    names = _names(source, entries)
    cameras: list[Camera] = []
    uncalibrated: list[str] = []
    with about(source.path):
        for name, (_, node) in zip(names, entries):
            node = node.of_camera(name)
            if _is_set(node):
                cameras.append(_camera(name, node))
            else:
                uncalibrated.append(name)
        if not cameras:
            raise CalibrationError(
                f'{source.path}: no camera has both intrinsic and extrinsic_r, extrinsic_t '
                f'(listed: {", ".join(names[:10]) or "none"}); calibrate the cameras and save them '
                'again',
                code='no-data',
                file=source.path,
                found=names,
            )
        return Reading(CameraRig(tuple(cameras)), tuple(uncalibrated))


def _of_file(file: File) -> list[tuple[str, Node]]:
    """The cameras of a file by key; by an empty one where it is the file itself."""
    whole = Node.of(file, 'json')
    if isinstance(whole.value, list):
        return [('', node) for node in whole.elements()]
    if 'intrinsic' in whole:
        return [('', whole)]
    return [(key, node) for key, node in whole.items() if isinstance(node.value, dict)]


def _names(source: Source, entries: Sequence[tuple[str, Node]]) -> list[str]:
    stated = [_stated_name(node) for _, node in entries]
    keys = [key for key, _ in entries]
    for names in (stated, keys):
        if all(names) and len(set(names)) == len(names):
            return names
    if len(entries) == len(source.files):
        return name_by_file(source.paths, source.path)
    raise CalibrationError(
        f'{source.path}: the names of the cameras ({", ".join(stated[:10])}) do not tell them '
        'apart; give each camera a name of its own',
        code='duplicate',
        file=source.path,
        found=stated,
    )


def _stated_name(node: Node) -> str:
    name = node.get('name')
    return '' if name is None else name.text('name of the camera')


def _is_set(node: Node) -> bool:
    """Whether lens and pose are there; XRPrimer's objects begin with zeros."""
    values = [node.get(key) for key in ('intrinsic', *_POSE)]
    if any(value is None for value in values):
        return False
    return all(value.numbers().any() for value in values[:2] if value is not None)


def _camera(name: str, node: Node) -> Camera:
    convention = node.get('convention')
    stated = '' if convention is None else convention.text('convention of the camera axes')
    if convention is not None and stated not in ('', 'opencv'):
        convention.fail(
            f'is {stated[:40]!r}',
            "'opencv'; convert the cameras to it with XRPrimer",
            code='cannot-express',
            expected='opencv',
        )
    R = node['extrinsic_r'].array(3, 3, what='rotation')
    t = node['extrinsic_t'].array(3, what='translation')
    if not node['world2cam'].flag('whether the extrinsics are from world to camera'):
        R = R.T
        t = -R @ t
    return Camera(name, _intrinsics(node['intrinsic']), R, t, _size(node), _distortion(node))


def _intrinsics(node: Node) -> np.ndarray:
    values = node.one_of((9, 16), 'intrinsics, 3x3 or 4x4')
    if len(values) == 9:
        return values.reshape(3, 3)
    matrix = values.reshape(4, 4)
    if matrix[:2, 3].any() and not matrix[:2, 2].any():
        node.fail(
            'is of an orthographic camera (its principal point is in the fourth column)',
            'a perspective one',
            code='cannot-express',
            found=matrix.tolist(),
        )
    K = np.eye(3)
    K[:2] = matrix[:2, :3]
    return K


def _size(node: Node) -> tuple[int, int] | None:
    width, height = node.get('width'), node.get('height')
    if width is None or height is None or not (width.number() and height.number()):
        return None
    both = Node([width.value, height.value], node.path, width.place, node.camera)
    return both.image_size()


def _distortion(node: Node) -> np.ndarray:
    kind = node.get(*_CLASS_KEYS)
    stated = '' if kind is None else kind.text('class of the camera')
    if kind is not None and stated not in ('', *_CLASSES):
        kind.fail(
            f'is {stated[:40]!r}',
            f'one of {", ".join(_CLASSES)}',
            code='cannot-express',
            expected=_CLASSES,
        )

    def term(key: str) -> float:
        found = node.get(key)
        return 0.0 if found is None else found.number('distortion coefficient')

    k1, k2, k3, k4, k5, k6, p1, p2 = map(term, 'k1 k2 k3 k4 k5 k6 p1 p2'.split())
    rational = [k4, k5, k6] if k4 or k5 or k6 else []
    return np.array([k1, k2, p1, p2, k3, *rational])
