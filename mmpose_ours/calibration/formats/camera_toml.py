"""The layout that Anipose began and others share: one section of a TOML file for each camera.

The same keys are read from JSON: a list of cameras (as aniposelib's ``get_dicts`` and AIST++ have
them), or a mapping of them; either may stand under ``cameras``.

A section holds ``matrix``, ``distortions``, ``rotation`` (a Rodrigues vector, world to
camera), ``translation`` and mostly ``name``, ``size`` and ``fisheye``. This module does
**not** know the unit: that is what the formats differ in.
"""

from __future__ import annotations

import json
import re
from typing import Any, Callable, Iterable, Sequence

import numpy as np

from mmpose_ours.calibration.errors import CalibrationError, about
from mmpose_ours.calibration.parsing.file import File
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.calibration.parsing.source import Reading
from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.lenses import LENSES
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.rotations import from_vector, to_vector
from mmpose_ours.io.disk.files import write_whole

METADATA = 'metadata'
_NEEDED = ('matrix', 'rotation', 'translation')
_GROUPS = (dict, list)
# Caliscope's sections are alike, with these keys instead of a name.
_CALISCOPE = {'port', 'cam_id', 'rotation_count', 'grid_count'}


def plain_sections(file: File) -> dict[str, dict]:
    """The sections with a camera's matrix, rotation vector and translation, unchecked.

    Returns:
        Sections by name; none where the file is neither TOML nor JSON, or of Caliscope.
    """
    data = file.parsed('json') if file.kind == 'json' else file.parsed('toml')
    if file.kind == 'json' and isinstance(data, dict) and isinstance(data.get('cameras'), _GROUPS):
        data = data['cameras']
    if isinstance(data, list):
        data = {str(index): value for index, value in enumerate(data)}
    sections = {
        name: value
        for name, value in (data.items() if isinstance(data, dict) else ())
        if isinstance(value, dict) and all(key in value for key in _NEEDED)
    }
    caliscope = any(_CALISCOPE & section.keys() for section in sections.values())
    vectors = any(_is_vector(section['rotation']) for section in sections.values())
    return sections if vectors and not caliscope else {}


def _is_vector(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and not isinstance(value[0], list)


def given(section: Node, key: str) -> Node | None:
    """A value of a section; None where it is missing, an empty list or ``"null"``."""
    found = section.get(key)
    return None if found is None or found.value in ('null', '', []) else found


def read_sections(file: File, any_pose: bool = False) -> Reading:
    """Read a rig in the file's own unit and axes.

    Args:
        file: The TOML or JSON file.
        any_pose: Whether cameras whose rotation and translation are zero count as calibrated.

    Returns:
        The cameras in file order; those that lack matrix, rotation or translation are
        ``uncalibrated``, and so are several whose rotation and translation are all zero:
        Pose2Sim writes that until it has found the poses.

    Raises:
        CalibrationError: The file is broken, or no camera in it is calibrated.
    """
    sections = [
        (key, section)
        for key, section in _sections(file)
        if key != METADATA and isinstance(section.value, dict)
    ]
    cameras: list[Camera] = []
    uncalibrated: list[str] = []
    with about(file.path):
        for key, section in sections:
            missing = [needed for needed in _NEEDED if given(section, needed) is None]
            if len(missing) == len(_NEEDED) and 'name' not in section:
                continue  # a board's or another tool's section
            name = section['name'].text('name of the camera') if 'name' in section else key
            if missing:
                uncalibrated.append(name)
            else:
                section = section.of_camera(name)
                rotation = section['rotation'].array(3, what='Rodrigues vector')
                cameras.append(to_camera(section, name, from_vector(rotation)))
        nowhere = [camera.name for camera in cameras if _is_nowhere(camera)]
        if len(nowhere) > 1 and not any_pose:
            cameras = [camera for camera in cameras if camera.name not in nowhere]
            uncalibrated += nowhere
        return reading(file.path, cameras, uncalibrated)


def _sections(file: File) -> Iterable[tuple[str, Node]]:
    """Everything in the file that may be a camera's section, by its key or index."""
    if file.kind != 'json':
        return Node.of(file, 'toml').items()
    root = Node.of(file, 'json')
    if isinstance(root.value, dict) and isinstance(root.value.get('cameras'), _GROUPS):
        root = root['cameras']
    if isinstance(root.value, dict):
        return root.items()
    return ((str(index), node) for index, node in enumerate(root.elements()))


def _is_nowhere(camera: Camera) -> bool:
    return not camera.t_w2c.any() and np.array_equal(camera.R_w2c, np.eye(3))


def reading(
    path: PathLike, cameras: list[Camera], uncalibrated: list[str], notes: tuple[str, ...] = ()
) -> Reading:
    """What was found.

    Raises:
        CalibrationError: No camera is calibrated.
    """
    if not cameras:
        listed = ', '.join(uncalibrated[:10]) or 'none'
        raise CalibrationError(
            f'{path}: no camera in it has a matrix and a pose, rotation and translation (listed: '
            f'{listed}); calibrate the cameras, or name another file',
            code='no-data',
            file=path,
            found=uncalibrated,
        )
    return Reading(CameraRig(tuple(cameras)), tuple(uncalibrated), notes)


def to_camera(section: Node, name: str, R_w2c: np.ndarray) -> Camera:
    """The camera of a section.

    Args:
        section: The section.
        name: The camera's name.
        R_w2c: (3, 3) its rotation, of which the formats hold different forms.

    Raises:
        CalibrationError: A value is missing or broken.
    """
    flag, size = given(section, 'fisheye'), given(section, 'size')
    lens = 'fisheye' if flag is not None and flag.flag('lens of cv2.fisheye') else 'opencv'
    lengths = LENSES[lens].lengths
    return Camera(
        name,
        K=section['matrix'].array(3, 3, what='intrinsic matrix'),
        R_w2c=R_w2c,
        t_w2c=section['translation'].array(3, what='translation'),
        size=None if size is None else size.image_size(),
        dist=section['distortions'].one_of(lengths, f'distortion of a {lens} lens'),
        lens=lens,
    )


def write_sections(
    rig: CameraRig,
    path: PathLike,
    sections: Sequence[str],
    values: Callable[[Camera], dict],
) -> None:
    """Write a rig, whole or not at all.

    Args:
        rig: The cameras in the format's unit and axes.
        path: The file.
        sections: The name of each camera's section, no two alike.
        values: Of a camera: its ``size``, ``distortions`` and ``fisheye`` as the format
            has them.
    """
    assert len(set(sections)) == len(rig)
    lines = []
    for section, camera in zip(sections, rig):
        own = values(camera)
        entries = {
            'name': camera.name,
            'size': own.pop('size'),
            'matrix': camera.K.tolist(),
            'distortions': own.pop('distortions'),
            'rotation': to_vector(camera.R_w2c).tolist(),
            'translation': camera.t_w2c.tolist(),
            **own,
        }
        lines.append(f'[{_key(section)}]')
        lines += [f'{key} = {_value(value)}' for key, value in entries.items()]
        lines.append('')
    lines += [f'[{METADATA}]', 'adjusted = false', 'error = 0.0']
    with write_whole(path) as file:
        file.write('\n'.join(lines) + '\n')


def _key(name: str) -> str:
    """A section's name, in quotes where TOML needs them (a dot would nest it)."""
    return name if re.fullmatch(r'[A-Za-z0-9_-]+', name) else _value(name)


def _value(value: Any) -> str:
    """Numbers, truth, texts and lists are the same in TOML and JSON."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
