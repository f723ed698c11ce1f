"""Panoptic JSON: the calibration files of the CMU Panoptic Studio.

==============  ==================================================================
unit            centimetre
world           right-handed, **y down**, floor near y = 0; turned to z up on
                reading by ``(x, y, z) -> (x, z, -y)``
extrinsics      ``R`` world to camera, ``t`` translation: ``x_cam = R x_world + t``
intrinsics      ``K`` 3x3 in pixels of the full image, skew possible
distortion      ``distCoef`` = k1 k2 p1 p2 k3, OpenCV's order
image size      ``resolution`` = [width, height]
cannot hold     k4 k5 k6, fisheye lenses, unknown image sizes
==============  ==================================================================

Source: http://domedb.perception.cs.cmu.edu, and MMPose's Panoptic datasets, which
read the same files. Schema: ``schemas/panoptic.schema.json``.
"""

from __future__ import annotations

import re
from typing import Any, Sequence

import numpy as np

from mmpose_ours.calibration.capabilities import Holds
from mmpose_ours.calibration.errors import about
from mmpose_ours.calibration.parsing.schema import check_schema
from mmpose_ours.calibration.parsing.source import Reading, Source
from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.disk.files import write_json

CONVENTION = 't is the translation'
UNIT, UP = 'cm', '-y'
HOLDS = Holds('Panoptic JSON', coefficients=5, skew=True, needs_size=True)

_TELLING_KEYS = {'K', 'distCoef', 'R', 't', 'resolution'}


def recognise(source: Source) -> str:
    """Say why a file is Panoptic JSON, or return an empty string."""
    data = source.one.parsed('json')
    cameras = data.get('cameras') if isinstance(data, dict) else None
    for camera in cameras if isinstance(cameras, list) else ():
        found = sorted(_TELLING_KEYS & camera.keys()) if isinstance(camera, dict) else ()
        # Others have K, R and t of another direction and unit
        if {'distCoef', 'resolution'} <= set(found) and 'T' not in camera:
            return f"a list 'cameras' whose entries hold {', '.join(found)}"
    return ''


def read(source: Source) -> Reading:
    """Read a rig.

    Args:
        source: The file.

    Returns:
        The cameras in file order, centimetres, y down.

    Raises:
        CalibrationError: The file breaks the schema, or a camera is impossible.
    """
    data = source.one.json

    def camera_at(place: Sequence[Any]) -> str | None:
        try:
            name = data[place[0]][place[1]]['name']
        except (IndexError, KeyError, TypeError):
            return None
        return name if isinstance(name, str) else None

    check_schema(data, 'panoptic', source.path, camera_at)
    with about(source.path):
        return Reading(
            CameraRig(
                tuple(
                    Camera(
                        name=camera['name'],
                        K=camera['K'],
                        R_w2c=camera['R'],
                        t_w2c=np.array([float(np.squeeze(value)) for value in camera['t']]),
                        size=tuple(camera['resolution']),
                        dist=camera['distCoef'],
                    )
                    for camera in data['cameras']
                )
            )
        )


def write(rig: CameraRig, path: PathLike) -> None:
    """Write a rig in centimetres, y down, whole or not at all."""
    entries = [
        {
            'name': camera.name,
            'type': 'hd',
            'resolution': list(camera.size or ()),
            'panel': panel,
            'node': node,
            'K': camera.K.tolist(),
            'distCoef': camera.dist_full[:5].tolist(),
            'R': camera.R_w2c.tolist(),
            't': camera.t_w2c.reshape(3, 1).tolist(),
        }
        for camera, (panel, node) in zip(rig, _panels_and_nodes(rig))
    ]
    write_json(path, {'cameras': entries}, indent=1)


def _panels_and_nodes(rig: CameraRig) -> list:
    """Panel and node numbers as the names say (``00_03``), else a count."""
    if all(re.fullmatch(r'\d\d_\d\d', name) for name in rig.names):
        return [tuple(int(part) for part in name.split('_')) for name in rig.names]
    return [(0, index) for index in range(len(rig))]
