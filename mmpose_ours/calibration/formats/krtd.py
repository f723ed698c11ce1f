"""KRTD: one text file of numbers per camera, as KWIVER, VIAME and MEVA keep them.

==============  ==================================================================
unit, world     none fixed
content         **K** 3x3, **R** 3x3, **t** 3, then the **d**istortion: numbers row by
                row, parted by spaces and line ends
extrinsics      ``R`` world to camera, ``t`` translation: ``x_cam = R x_world + t``
distortion      OpenCV's order, any number; a single 0 stands for none
image size      none
==============  ==================================================================

A camera's name is its file's without the ending, or its folder's where all files are called
alike. Give the folder or several files.

Source: KWIVER's ``vital/types/camera_perspective.cxx``
(https://github.com/Kitware/kwiver); https://mevadata.org for "OpenCV conventions".
"""

from __future__ import annotations

import numpy as np

from mmpose_ours.calibration.errors import CalibrationError, about
from mmpose_ours.calibration.parsing.file import File
from mmpose_ours.calibration.parsing.file_names import name_by_file
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.calibration.parsing.source import Reading, Source
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig

CONVENTION = 't is the translation'
UNIT = UP = None

MAX_FILE_BYTES = 16 << 10
_COUNTS = (0, 1, 2, 4, 5, 8, 12, 14)


def recognise(source: Source) -> str:
    """Say why files are KRTD, or return an empty string."""
    if not all(map(_looks_like, source)):
        return ''
    return f'numbers only: K, R and t in {"each" if len(source.files) > 1 else "the"} file'


def _looks_like(file: File) -> bool:
    if file.size > MAX_FILE_BYTES:
        return False
    try:
        values = np.array(file.text.split(), dtype=float)
    except (CalibrationError, ValueError):
        return False
    if len(values) < 21 or not np.isfinite(values).all():
        return False
    K, R = values[:9].reshape(3, 3), values[9:18].reshape(3, 3)
    with np.errstate(over='ignore', invalid='ignore'):
        is_rotation = np.abs(R @ R.T - np.eye(3)).max() < 1e-2
    return bool(is_rotation) and K[1, 0] == 0 and list(K[2]) == [0, 0, 1]


def read(source: Source) -> Reading:
    """Read a rig.

    Args:
        source: One file per camera.

    Returns:
        The cameras in the order of the files, unit and axes unknown, no image size.

    Raises:
        CalibrationError: A file holds something else, or a camera is impossible.
    """
    with about(source.path):
        names = name_by_file(source.paths, source.path)
        return Reading(CameraRig(tuple(map(_camera, source, names))))


def _camera(file: File, name: str) -> Camera:
    if file.size > MAX_FILE_BYTES:
        raise CalibrationError(
            f'{file.path}: {file.size >> 10} kB is too large for the numbers of one camera; name '
            'the KRTD files only',
            code='limit-exceeded',
            file=file.path,
            camera=name,
            found=file.size,
            expected=MAX_FILE_BYTES,
        )
    node = Node(file.text.split(), file.path, (), name)
    values = node.numbers('K, R, t and distortion')
    count = len(values) - 21
    if count not in _COUNTS:
        node.fail(
            f'has {len(values)} numbers',
            f'K (9), R (9), t (3) and {", ".join(map(str, _COUNTS))} distortion coefficients',
            code='wrong-shape',
            found=len(values),
            expected=[21 + count for count in _COUNTS],
        )
    K, R, t, dist = np.split(values, (9, 18, 21))
    dist = np.pad(dist, (0, max(4 - count, 0))) if dist.any() else np.zeros(0)
    with about(file.path):
        return Camera(name, K.reshape(3, 3), R.reshape(3, 3), t, None, dist)
