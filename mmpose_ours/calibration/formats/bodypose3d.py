"""bodypose3d and python_stereo_camera_calibrate: two text files (``.dat``) for each camera.

==============  ==================================================================
unit            that of the board's squares
world           that of the first camera, or of a board; no axis is fixed as up
files           ``c0.dat`` and ``rot_trans_c0.dat``, or ``camera0_intrinsics.dat`` and
                ``camera0_rot_trans.dat``, and so on for each camera
content         ``intrinsic:`` K 3x3, ``distortion:`` coefficients; ``R:`` 3x3, ``T:`` 3
extrinsics      world to camera, ``T`` the translation: ``x_cam = R x_world + T``
distortion      OpenCV's order
image size      none
==============  ==================================================================

Names are those of the files without ``rot_trans`` and ``intrinsics``. ``world_to_camera0...``
is a second world for the same cameras: name the files of one.

bodypose3d crops images of 1280x720 to the 720x720 in the middle, for which its K is.

Source: https://github.com/TemugeB/bodypose3d (``utils.py``) and
https://github.com/TemugeB/python_stereo_camera_calibrate (``calib.py``).
"""

from __future__ import annotations

import re

from mmpose_ours.calibration.errors import CalibrationError, about
from mmpose_ours.calibration.parsing.file import File
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.calibration.parsing.source import Reading, Source
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig

CONVENTION = 'T is the translation'
UNIT = UP = None

MAX_FILE_BYTES = 16 << 10
_INTRINSIC, _EXTRINSIC = {'intrinsic', 'distortion'}, {'R', 'T'}
# What the names of a camera's two files differ in.
_KINDS = re.compile(r'(?:^|_)(?:world_to|rot_trans|intrinsics?|extrinsics?)(?=_|$)')


def recognise(source: Source) -> str:
    """Say why files are of this layout, or return an empty string."""
    kinds = [_kind(file) for file in source]
    if _INTRINSIC in kinds and _EXTRINSIC in kinds:
        return 'text files with intrinsic: and distortion:, and others with R: and T:'
    return ''


def read(source: Source) -> Reading:
    """Read a rig.

    Args:
        source: Two files for each camera; files of other kinds are ignored.

    Returns:
        The cameras in the order of the files with intrinsics, unit and axes unknown, no size;
        those that lack the other file are ``uncalibrated``.

    Raises:
        CalibrationError: Two files claim the same half of a camera, none has both, or a value is
            missing or impossible.
    """
    lenses, poses = (_by_camera(source, kind) for kind in (_INTRINSIC, _EXTRINSIC))
    both = [name for name in lenses if name in poses]
    lost = [name for name in (*lenses, *poses) if name not in both]
    if not both:
        raise CalibrationError(
            f'{source.path}: no camera has both a file with intrinsic: and one with R: and T:, '
            'named alike (c0.dat and rot_trans_c0.dat); name both files of each camera',
            code='no-data',
            file=source.path,
            found=lost,
        )
    with about(source.path):
        rig = CameraRig(tuple(_camera(name, lenses[name], poses[name]) for name in both))
    return Reading(rig, tuple(lost))


def _kind(file: File) -> set[str]:
    """Which of the two kinds a file is of, by its headings; none where it is neither."""
    return next(
        (kind for kind in (_INTRINSIC, _EXTRINSIC) if kind <= _sections(file).keys()), set()
    )


def _sections(file: File) -> dict[str, list[str]]:
    """Numbers, as texts, by the heading above or before them."""
    if file.size > MAX_FILE_BYTES or b':' not in file.head:
        return {}
    try:
        text = file.text
    except CalibrationError:
        return {}
    found: dict[str, list[str]] = {}
    heading = None
    for word in text.replace(':', ': ').split():
        if word.endswith(':') and word[:-1] in _INTRINSIC | _EXTRINSIC:
            heading = word[:-1]
            if heading in found:  # another kind of file
                return {}
            found[heading] = []
        elif heading is None:
            return {}
        else:
            found[heading].append(word)
    return found


def _by_camera(source: Source, kind: set[str]) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for file in source:
        if _kind(file) != kind:
            continue
        name = _KINDS.sub('', file.path.stem).strip('_') or file.path.stem
        if name in found:
            both = ' and '.join(sorted(kind))
            raise CalibrationError(
                f'{source.path}: {found[name].path} and {file.path} both hold {both} '
                f'of camera {name!r}; name the files of one world only',
                code='ambiguous',
                file=source.path,
                camera=name,
                found=[str(found[name].path), str(file.path)],
            )
        found[name] = Node(_sections(file), file.path, (), name)
    return found


def _camera(name: str, lens: Node, pose: Node) -> Camera:
    return Camera(
        name=name,
        K=lens['intrinsic'].array(3, 3, what='intrinsic matrix'),
        R_w2c=pose['R'].array(3, 3, what='rotation'),
        t_w2c=pose['T'].array(3, what='translation'),
        dist=lens['distortion'].one_of((4, 5, 8, 12, 14), "distortion in OpenCV's order"),
    )
