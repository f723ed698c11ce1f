"""JARVIS-MoCap: a FileStorage YAML per camera, every matrix transposed.

==============  ==================================================================
files           ``<camera>.yaml``: ``intrinsicMatrix``, ``distortionCoefficients``, ``R``, ``T``
unit, world     those of the calibration board (JARVIS: millimetre)
extrinsics      ``R`` is the **transpose** of world to camera, ``T`` the translation: JARVIS
                multiplies rows, ``x_cam = x_world R + T``
intrinsics      ``intrinsicMatrix`` is the **transpose** of K
distortion      5 in OpenCV's order
image size      none
==============  ==================================================================

Trap: as R and T of OpenCV, the files give cameras that look elsewhere.

Source: https://github.com/JARVIS-MoCap/JARVIS-HybridNet (``jarvis/utils/reprojection.py``).
"""

from __future__ import annotations

import numpy as np

from mmpose_ours.calibration.errors import about, check_limit
from mmpose_ours.calibration.formats.opencv.storage_reader import is_matrix, read_storage
from mmpose_ours.calibration.parsing.file import File
from mmpose_ours.calibration.parsing.file_names import name_by_file
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.calibration.parsing.source import Reading, Source
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig

CONVENTION = 'R is transposed (from camera to world), T is the translation'
UNIT = UP = None

_KEYS = ('intrinsicMatrix', 'distortionCoefficients', 'R', 'T')


def recognise(source: Source) -> str:
    """Say why files are JARVIS's, or return an empty string."""
    return 'a transposed intrinsicMatrix, R and T' if all(map(_is_camera, source)) else ''


def _is_camera(file: File) -> bool:
    content = file.parsed('yaml') if file.kind == 'yaml' else None
    if not isinstance(content, dict) or not all(is_matrix(content.get(key)) for key in _KEYS):
        return False
    numbers = content['intrinsicMatrix']['data']
    # K itself has its zeros elsewhere, and is of another tool.
    return isinstance(numbers, list) and len(numbers) == 9 and numbers[2] == numbers[5] == 0


def read(source: Source) -> Reading:
    """Read a rig.

    Args:
        source: A file per camera, or their folder.

    Returns:
        The cameras in file order, in the unit and axes of their poses.

    Raises:
        CalibrationError: A file is broken.
    """
    check_limit('cameras', len(source.files), 'cameras', source.path)
    names = name_by_file(source.paths, source.path)
    with about(source.path):
        nodes = [read_storage(file).of_camera(name) for name, file in zip(names, source)]
        cameras = tuple(_camera(name, node) for name, node in zip(names, nodes))
        return Reading(CameraRig(cameras))


def _camera(name: str, node: Node) -> Camera:
    K = node['intrinsicMatrix'].array(3, 3, what='transposed intrinsics').T
    if K[2, 0] or K[2, 1] or K[2, 2] != 1:
        node['intrinsicMatrix'].fail(
            'is not transposed', 'fx 0 0, skew fy 0, cx cy 1, row by row', code='file-format'
        )
    R = node['R'].array(3, 3, what='transposed rotation').T
    t = node['T'].array(3, what='translation')
    dist = node['distortionCoefficients'].one_of((4, 5), 'distortion in the order of OpenCV')
    return Camera(name, K, R, t, None, np.asarray(dist))
