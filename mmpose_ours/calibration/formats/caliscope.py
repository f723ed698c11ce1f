"""Caliscope (formerly PyXY3D): ``config.toml`` and ``camera_array.toml``, read only.

==============  ==================================================================
unit            metre
world           not in the file: that of the board as the user placed it
extrinsics      world to camera: ``rotation`` is a 3x3 matrix in older files and a
                Rodrigues vector in newer ones, ``translation`` the translation:
                ``x_cam = R x_world + t``
intrinsics      ``matrix`` 3x3 in pixels of the full image
distortion      ``distortions`` in OpenCV's order, 5; with ``fisheye = true`` the 4 of
                ``cv2.fisheye``
image size      ``size`` = [width, height] of the image before any turning
==============  ==================================================================

Two styles: sections ``[cam_N]`` beside those of the session, and sections ``[cameras.N]``. The
camera's name is its ``cam_id`` (``port`` before that), or the number of the section.

Traps: ``rotation_count`` turns the image on the screen only, K and size are of the
unturned image; numbers of old files are texts; what is not known is left out, empty or
the text ``"null"``; ``ignore = true`` marks a camera that was left out of the rig, whose pose may
be of an earlier one: it is left out here too.

Source: https://github.com/mprib/caliscope (``src/caliscope/persistence.py``).
"""

from __future__ import annotations

import re
from typing import Any, Iterator

from mmpose_ours.calibration.errors import about
from mmpose_ours.calibration.formats.camera_toml import given, reading, to_camera
from mmpose_ours.calibration.formats.opencv.storage_reader import rotation
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.calibration.parsing.source import Reading, Source, note_left_out

CONVENTION = 'translation is the translation'
UNIT, UP = 'm', None

_NUMBERS = ('cam_id', 'port')
_SECTION = re.compile(r'cam_(\d{1,9})\Z')
_ONLY_CALISCOPES = {'rotation_count', 'grid_count'}
_TELLING_KEYS = {*_NUMBERS, *_ONLY_CALISCOPES, 'exposure', 'ignore'}


def recognise(source: Source) -> str:
    """Say why a file is Caliscope's, or return an empty string."""
    data = source.one.parsed('toml')
    if not isinstance(data, dict):
        return ''
    cameras = data.get('cameras')
    if isinstance(cameras, dict) and any(map(_is_camera, cameras.values())):
        return 'sections [cameras.N] with ' + ', '.join(_listed(cameras))
    if any(map(_is_of_session, data.keys(), data.values())):
        return 'sections [cam_N] with ' + ', '.join(_listed(data))
    return ''


def _is_of_session(key: str, section: Any) -> bool:
    """A camera's section beside those of the session: numbered inside, or by its name."""
    if not _is_camera(section):
        return False
    numbered = _SECTION.match(key) is not None and bool(section.keys() & _ONLY_CALISCOPES)
    return bool(section.keys() & set(_NUMBERS)) or numbered


def _is_camera(section: Any) -> bool:
    """A section of a camera, which has a size or a matrix and a key of Caliscope's own."""
    return (
        isinstance(section, dict)
        and bool(section.keys() & _TELLING_KEYS)
        and bool(section.keys() & {'size', 'matrix'})
    )


def _listed(sections: dict) -> list[str]:
    found = next(section for section in sections.values() if _is_camera(section))
    return sorted(found.keys() & _TELLING_KEYS)


def read(source: Source) -> Reading:
    """Read a rig.

    Args:
        source: The file.

    Returns:
        The cameras in file order, metres, but for those to be ignored; those without matrix,
        rotation or translation are ``uncalibrated``.

    Raises:
        CalibrationError: The file is broken, or no camera in it is calibrated.
    """
    path = source.one.path
    cameras, uncalibrated, ignored = [], [], []
    with about(path):
        for key, section in _sections(Node.of(source.one, 'toml')):
            name = _name(key, section)
            section = section.of_camera(name)
            ignore = given(section, 'ignore')
            if ignore is not None and ignore.flag('whether the camera is left out'):
                ignored.append(name)
                continue
            pose = [given(section, key) for key in ('rotation', 'translation', 'matrix')]
            if None in pose:
                uncalibrated.append(name)
                continue
            R_w2c = rotation(pose[:1])
            assert R_w2c is not None
            cameras.append(to_camera(section, name, R_w2c))
        notes = note_left_out(ignored, 'ignore = true')
        return reading(path, cameras, uncalibrated, notes)


def _name(key: str, section: Node) -> str:
    number = given(section, _NUMBERS[0]) or given(section, _NUMBERS[1])
    if number is not None:
        return number.text('number of the camera')
    numbered = _SECTION.match(key)
    return key if numbered is None else numbered[1]


def _sections(root: Node) -> Iterator[tuple[str, Node]]:
    """The cameras' sections of either style."""
    cameras = root.get('cameras')
    if cameras is not None:
        return cameras.items()
    return (
        (key, section)
        for key, section in root.items()
        if _is_of_session(key, section.value)
        or (isinstance(section.value, dict) and set(_NUMBERS) & section.value.keys())
    )
