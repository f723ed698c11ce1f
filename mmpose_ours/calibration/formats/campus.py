"""Campus/Shelf JSON: the calibration files that come with VoxelPose.

==============  ==================================================================
unit            millimetre
world           right-handed, **z up**, floor z = 0
extrinsics      ``R`` world to camera, ``T`` camera **centre**:
                ``x_cam = R (x_world - T)``
intrinsics      ``fx fy cx cy`` in pixels of the full image, no skew
distortion      ``k`` = k1 k2 k3 and ``p`` = p1 p2, OpenCV's meaning
image size      none in the published files; ``width`` and ``height`` are our
                addition, which other readers ignore
cannot hold     k4 k5 k6, fisheye lenses, skew
==============  ==================================================================

Vectors are columns (3x1) in the published files; flat lists are read as well. VoxelPose
and MMPose 0.x turn each camera's name into an integer: rename cameras to ``0``, ``1``, ...
before files go there.

Source: https://github.com/microsoft/voxelpose-pytorch (``data/CampusSeq1`` and
``data/Shelf``). Schema: ``schemas/campus.schema.json``.
"""

from __future__ import annotations

import numpy as np

from mmpose_ours.calibration.capabilities import Holds
from mmpose_ours.calibration.errors import about
from mmpose_ours.calibration.parsing.schema import check_schema
from mmpose_ours.calibration.parsing.source import Reading, Source
from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.disk.files import write_json

CONVENTION = 'T is the camera centre'
UNIT, UP = 'mm', 'z'
HOLDS = Holds('Campus JSON', coefficients=5)

_TELLING_KEYS = {'R', 'T', 'fx', 'fy', 'cx', 'cy'}


def recognise(source: Source) -> str:
    """Say why a file is Campus/Shelf JSON, or return an empty string."""
    data = source.one.parsed('json')
    for name, camera in data.items() if isinstance(data, dict) else ():
        found = sorted(_TELLING_KEYS & camera.keys()) if isinstance(camera, dict) else ()
        # Others have such intrinsics with a pose of another meaning
        if len(found) >= 4 and {'R', 'T'} & camera.keys() and {'k', 'p'} & camera.keys():
            return f'an object per camera, {name!r} holds {", ".join(found)}'
    return ''


def read(source: Source) -> Reading:
    """Read a rig.

    Args:
        source: The file.

    Returns:
        The cameras in file order, millimetres, z up; size None where the file has none.

    Raises:
        CalibrationError: The file breaks the schema, or a camera is impossible.
    """
    data = source.one.json
    check_schema(data, 'campus', source.path, lambda place: place[0] if place else None)
    with about(source.path):
        return Reading(CameraRig(tuple(_camera(n, entry) for n, entry in data.items())))


def _camera(name: str, entry: dict) -> Camera:
    center_w, (k1, k2, k3), (p1, p2) = (
        [float(np.squeeze(value)) for value in entry[key]] for key in ('T', 'k', 'p')
    )
    return Camera.from_center(
        name=name,
        K=[[entry['fx'], 0, entry['cx']], [0, entry['fy'], entry['cy']], [0, 0, 1]],
        R_w2c=entry['R'],
        center_w=center_w,
        size=(entry['width'], entry['height']) if 'width' in entry else None,
        dist=(k1, k2, p1, p2, k3),
    )


def write(rig: CameraRig, path: PathLike) -> None:
    """Write a rig in millimetres, z up, whole or not at all."""
    write_json(path, {camera.name: _entry(camera) for camera in rig}, indent=1)


def _entry(camera: Camera) -> dict:
    k1, k2, p1, p2, k3 = camera.dist_full[:5].tolist()
    entry = {
        'R': camera.R_w2c.tolist(),
        'T': camera.center_w.reshape(3, 1).tolist(),
        'fx': float(camera.K[0, 0]),
        'fy': float(camera.K[1, 1]),
        'cx': float(camera.K[0, 2]),
        'cy': float(camera.K[1, 2]),
        'k': [[k1], [k2], [k3]],
        'p': [[p1], [p2]],
    }
    if camera.size is not None:
        entry['width'], entry['height'] = camera.size
    return entry
