"""THU's JSON: 4D Association, THuman, MultiHuman, AvatarReX and others of that laboratory.

==============  ==================================================================
unit            metre
world           not in the file (Shelf's has z up, AvatarReX's y down)
layout          camera name -> camera
extrinsics      ``RT`` = 3x4 (12 numbers), **world to camera**; or ``R`` (9 numbers, or a
                Rodrigues vector of 3) and ``T``, the translation; ``RT`` wins over both
intrinsics      ``K`` = 9 numbers, pixels of the image as recorded
distortion      ``distCoeff`` in OpenCV's order; left out: none
image size      ``imgSize`` = width height
==============  ==================================================================

The tool rectifies images before it uses them, by OpenCV's ``getOptimalNewCameraMatrix`` with
``rectifyAlpha``: an image that it has written has another K, and no distortion.

Source: https://github.com/zhangyux15/4d_association (``src/camera.cpp``; the limits of
``src/main.cpp`` are in metres).
"""

from __future__ import annotations

from typing import Any, Iterator

import numpy as np

from mmpose_ours.calibration.errors import about
from mmpose_ours.calibration.parsing.file import File
from mmpose_ours.calibration.parsing.matrices import rigid
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.calibration.parsing.source import Reading, Source
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.rotations import from_vector

CONVENTION = 'RT and T are world to camera'
UNIT, UP = 'm', None

_KEYS = {'K', 'R', 'T', 'RT', 'imgSize', 'distCoeff', 'rectifyAlpha'}


def recognise(source: Source) -> str:
    """Say why a file is of this layout, or return an empty string."""
    for name, camera in _cameras(source.one):
        keys = camera.keys() if isinstance(camera, dict) else set()
        # R and T alone are of any tool, and may lead the other way; so are files with other keys.
        pose = 'RT' if 'RT' in keys else 'rectifyAlpha' if {'R', 'T'} <= keys else ''
        if {'K', 'imgSize', pose} <= keys <= _KEYS:
            return f'camera {name[:40]!r} holds K, {pose} and imgSize'
    return ''


def _cameras(file: File) -> Iterator[tuple[str, Any]]:
    data = file.parsed('json')
    return iter(data.items() if isinstance(data, dict) else ())


def read(source: Source) -> Reading:
    """Read a rig.

    Args:
        source: The file.

    Returns:
        The cameras in file order, metres.

    Raises:
        CalibrationError: It is no JSON, or a value is missing or impossible.
    """
    root = Node.of(source.one, 'json')
    cameras = [(name, node.of_camera(name)) for name, node in root.items()]
    if not cameras:
        root.fail('is empty', 'one entry for each camera', code='no-data')
    with about(source.path):
        rig = CameraRig(tuple(_camera(name, node) for name, node in cameras))
    return Reading(rig, (), _notes(rig))


def _camera(name: str, node: Node) -> Camera:
    R_w2c, t_w2c = _pose(node)
    distortion = node.get('distCoeff')
    return Camera(
        name=name,
        K=node['K'].array(3, 3, what='intrinsic matrix'),
        R_w2c=R_w2c,
        t_w2c=t_w2c,
        size=node['imgSize'].image_size(),
        dist=np.zeros(0)
        if distortion is None
        else distortion.one_of((0, 4, 5, 8, 12, 14), "distortion in OpenCV's order"),
    )


def _pose(node: Node) -> tuple[np.ndarray, np.ndarray]:
    matrix = node.get('RT')
    if matrix is not None:
        return rigid(matrix, 'world to camera')
    R = node['R'].one_of((3, 9), 'rotation matrix or Rodrigues vector')
    t_w2c = node['T'].array(3, what='translation')
    return (from_vector(R) if len(R) == 3 else R.reshape(3, 3)), t_w2c


def _notes(rig: CameraRig) -> tuple[str, ...]:
    if not any(camera.dist.any() for camera in rig):
        return ()
    return (
        'K and distCoeff are those of the images as recorded; images that the tool has rectified '
        'have another K and no distortion',
    )
