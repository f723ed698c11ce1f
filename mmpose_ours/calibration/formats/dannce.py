"""DANNCE and Label3D: camera parameters in MATLAB files.

==============  ==================================================================
unit            millimetre
world           that of the calibration object; no axis is fixed as up
files           ``*_dannce.mat`` of Label3D: ``params`` (a cell of structs) and
                ``camnames``; or several ``hires_cam1_params.mat``, one camera each,
                named like the file
extrinsics      ``r``, ``t``, world to camera for **row** vectors: ``x_cam = x r + t``,
                so r is the transpose of R; ``t`` is the translation
intrinsics      ``K`` for row vectors, the transpose of the usual one; skew possible
distortion      ``RDistort`` = k1 k2 [k3], ``TDistort`` = p1 p2, OpenCV's meaning
image size      none
==============  ==================================================================

MATLAB counts pixels from 1, so the principal point may be one pixel too far; DANNCE and its
converters do not agree on it, and K is taken as stored.

Source: https://github.com/spoonsso/dannce and https://github.com/diegoaldarondo/Label3D.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mmpose_ours.calibration.errors import CalibrationError, about, check_limit
from mmpose_ours.calibration.parsing.file import File
from mmpose_ours.calibration.parsing.file_names import name_by_file
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.calibration.parsing.source import Reading, Source
from mmpose_ours.errors import FileFormatError
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.parsers.matfiles import read_open_mat

CONVENTION = 't is the translation, r and K are transposed'
UNIT, UP = 'mm', None

_KEYS = ('K', 'r', 't', 'RDistort', 'TDistort')
_WANTED = (*_KEYS, 'params', 'camnames')


def recognise(source: Source) -> str:
    """Say why files are of DANNCE, or return an empty string."""
    if any(file.kind != 'mat' for file in source):
        return ''
    contents = [_content(file) for file in source]
    if all({'K', 'r', 't'} <= content.keys() for content in contents):
        return 'MATLAB variables K, r and t'
    first = next(iter(_items(contents[0].get('params'))), None) if len(contents) == 1 else None
    if isinstance(first, dict) and {'K', 'r', 't'} <= first.keys():
        return "a MATLAB cell 'params' of structs with K, r and t"
    return ''


def read(source: Source) -> Reading:
    """Read a rig.

    Args:
        source: Label3D's file, or one file per camera.

    Returns:
        The cameras in file order, millimetres, no image size.

    Raises:
        CalibrationError: A file is damaged, a value missing or impossible.
    """
    found: list[tuple[str, Node]] = []
    for file, name in zip(source, name_by_file(source.paths, source.path)):
        content = _content(file)
        if 'params' in content:
            found += _of_label3d(file, content)
        else:
            found.append((name, Node(content, file.path, (), name)))
    with about(source.path):
        return Reading(CameraRig(tuple(_camera(name, node) for name, node in found)))


def _content(file: File) -> dict[str, Any]:
    return file.once('dannce', lambda: _parsed(file))


def _parsed(file: File) -> dict[str, Any]:
    try:
        with file.opened() as stream:
            return read_open_mat(stream, file.path, _WANTED)
    except FileFormatError as error:
        raise error.reworded(CalibrationError, str(error), file=file.path) from error


def _items(value: Any) -> list:
    """The elements of a cell or struct array; a single struct."""
    if isinstance(value, np.ndarray):
        return value.ravel(order='F').tolist() if value.dtype == object else []
    return [value] if isinstance(value, (dict, str)) else []


def _of_label3d(file: File, content: dict[str, Any]) -> list[tuple[str, Node]]:
    cameras = _items(content['params'])
    node = Node(content, file.path)
    if not cameras:
        node['params'].fail(
            'is empty or no cell', 'a cell of one struct per camera', code='no-data'
        )
    check_limit('cameras', len(cameras), 'cameras', file.path)
    names = [name if isinstance(name, str) else '' for name in _items(content.get('camnames'))]
    if not names:  # Label3D before 2020 saved none
        names = [f'Camera{index + 1}' for index in range(len(cameras))]
    if len(names) != len(cameras):
        node['camnames'].fail(
            f'has {len(names)} names',
            f'one for each of {len(cameras)} params',
            code='wrong-shape',
            found=len(names),
            expected=len(cameras),
        )
    return [
        (name, Node(camera, file.path, ('params', index), name))
        for index, (name, camera) in enumerate(zip(names, cameras))
    ]


def _camera(name: str, node: Node) -> Camera:
    radial = node['RDistort'].one_of((2, 3), 'k1 k2 k3')
    p1, p2 = node['TDistort'].array(2, what='p1 p2')
    k1, k2, k3 = np.pad(radial, (0, 3 - len(radial)))
    return Camera(
        name=name,
        K=node['K'].array(3, 3).T,
        R_w2c=node['r'].array(3, 3).T,
        t_w2c=node['t'].array(3, what='millimetres'),
        dist=np.array([k1, k2, p1, p2, k3]),
    )
