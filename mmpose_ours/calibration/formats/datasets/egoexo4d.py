"""Ego-Exo4D: the ``gopro_calibs.csv`` of a take, with its static cameras.

==============  ==================================================================
unit            metre
world           right-handed, **z up**, origin anywhere (the floor is not z = 0)
extrinsics      ``tx ty tz _world_cam`` camera **centre**, ``qx qy qz qw _world_cam``
                quaternion, **camera to world**; x right, y down, z forward
intrinsics      ``intrinsics_0 .. 3`` = fx fy cx cy, pixels, (0, 0) the **centre** of the
                first pixel
distortion      ``intrinsics_4 .. 7`` = k1 .. k4 of ``cv2.fisheye``
                (``intrinsics_type`` KANNALABRANDTK3, the only one)
image size      ``image_width``, ``image_height``: of the full video; those scaled to a
                height of 448 need the intrinsics scaled
==============  ==================================================================

``quality`` 0 is a bad calibration: uncalibrated. ``start_frame_idx`` and ``end_frame_idx`` say
while which frames the camera stood still, -1 all of them. Cameras of two ``graph_uid`` are in
two worlds.

Source: https://facebookresearch.github.io/projectaria_tools ("Ego-Exo4D Data Format", "2D image
coordinate system conventions"; the world is that of MPS, with gravity along -z) and
``core/mps/StaticCameraCalibration*`` of https://github.com/facebookresearch/projectaria_tools.
"""

from __future__ import annotations

import csv
from pathlib import PurePosixPath

import numpy as np

from mmpose_ours.calibration.errors import CalibrationError, about, check_limit
from mmpose_ours.calibration.parsing.file import File
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.calibration.parsing.source import Reading, Source
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.rotations import from_quaternion

CONVENTION = 't is the camera centre, q is camera to world'
UNIT, UP = 'm', 'z'

_MODEL = 'KANNALABRANDTK3'
_TELLING = {'cam_uid', 'tx_world_cam', 'qw_world_cam', 'intrinsics_type'}


def recognise(source: Source) -> str:
    """Say why a file is Ego-Exo4D's, or return an empty string."""
    head = source.one.head.split(b'\n')[0].decode('utf-8', 'replace')
    columns = {column.strip().strip('\ufeff"') for column in head.split(',')}
    return 'a table with cam_uid, tx_world_cam and intrinsics_type' if _TELLING <= columns else ''


def read(source: Source) -> Reading:
    """Read a rig.

    Args:
        source: The file.

    Returns:
        The cameras in file order, metres, z up; those of bad quality are ``uncalibrated``.

    Raises:
        CalibrationError: It is no such table, holds cameras of several worlds, or a value is
            missing or impossible.
    """
    cameras: list[Camera] = []
    bad: list[str] = []
    notes: list[str] = []
    worlds: dict[str, str] = {}
    with about(source.path):
        for row in _rows(source.one):
            name = _name(row['cam_uid'].text('camera'))
            row = row.of_camera(name)
            world = row.get('graph_uid')
            worlds.setdefault(world.text('world') if world is not None else '', name)
            quality = row.get('quality')
            if quality is not None and quality.number('quality') == 0:
                bad.append(name)
                continue
            cameras.append(_camera(name, row))
            notes += _moves(name, row)
        if len(worlds) > 1:
            raise CalibrationError(
                f'{source.path}: its cameras are in {len(worlds)} worlds (graph_uid; for example '
                f'cameras {" and ".join(map(repr, list(worlds.values())[:2]))}), whose relation is '
                'not known; keep the rows of one',
                code='ambiguous',
                file=source.path,
                found=sorted(worlds),
            )
        if not cameras:
            raise CalibrationError(
                f'{source.path}: none of {len(bad)} cameras has a good calibration (quality 0); '
                'take the file of another take',
                code='no-data',
                file=source.path,
                found=bad,
            )
        return Reading(CameraRig(tuple(cameras)), tuple(bad), tuple(notes))


def _name(uid: str) -> str:
    """A camera's name of its identifier, which Project Aria's tools let be its video's path."""
    from mmpose_ours.recordings.endings import VIDEO_ENDINGS

    path = PurePosixPath(uid)
    return path.stem if path.suffix.lower() in VIDEO_ENDINGS else path.name or uid


def _rows(file: File) -> list[Node]:
    """The lines below the first, as mappings of texts by its columns."""
    try:
        lines = list(csv.reader(file.text.splitlines(), skipinitialspace=True))
    except csv.Error as error:
        raise CalibrationError(
            f'{file.path}: is no table of comma-separated values ({error}); take the file again',
            code='file-format',
            file=file.path,
            expected='csv',
        ) from error
    check_limit('cameras', len(lines), 'lines', file.path)
    columns = [column.strip() for column in lines[0]] if lines else []
    return [
        Node({c: text.strip() for c, text in zip(columns, line) if text.strip()}, file.path, (i,))
        for i, line in enumerate(lines[1:], start=2)
        if any(text.strip() for text in line)
    ]


def _camera(name: str, row: Node) -> Camera:
    kind = row['intrinsics_type'].text('lens model')
    if kind != _MODEL:
        row['intrinsics_type'].fail(
            f'is {kind!r}', _MODEL, 'lens model', code='cannot-express', found=kind, expected=_MODEL
        )
    fx, fy, cx, cy, *dist = (row[f'intrinsics_{i}'].number() for i in range(8))
    wxyz = np.array([row[f'q{axis}_world_cam'].number('quaternion') for axis in 'wxyz'])
    if not 0.9 < np.linalg.norm(wxyz) < 1.1:
        row['qw_world_cam'].fail(
            'is of no quaternion',
            'qx qy qz qw of length 1',
            code='out-of-range',
            found=wxyz.tolist(),
        )
    sides = [row[f'image_{side}'].value for side in ('width', 'height')]
    return Camera.from_camera_to_world(
        name=name,
        K=np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]]),
        R_c2w=from_quaternion(wxyz),
        center_w=[row[f't{axis}_world_cam'].number('metres') for axis in 'xyz'],
        size=Node(sides, row.path, (*row.place, 'image_width'), name).image_size(),
        dist=dist,
        lens='fisheye',
    )


def _moves(name: str, row: Node) -> list[str]:
    first, last = (row.get(f'{word}_frame_idx') for word in ('start', 'end'))
    if first is None or last is None:
        return []
    frames = first.whole('first frame'), last.whole('last frame')
    if frames == (-1, -1):
        return []
    return [
        f'camera {name!r} stands still from frame {frames[0]} to {frames[1]} only: its calibration '
        'is wrong for other frames'
    ]
