"""Pose2Sim: ``Calib.toml``.

==============  ==================================================================
unit            metre
world           right-handed, **z up**; Pose2Sim turns it to y up itself after
                triangulation
extrinsics      world to camera: ``rotation`` is a Rodrigues **vector**,
                ``translation`` the translation: ``x_cam = R x_world + t``
intrinsics      ``matrix`` 3x3 in pixels of the full image, no skew
distortion      ``distortions`` in OpenCV's order: four by custom, k1 k2 p1 p2; its
                readers hand them to OpenCV, so that five are written where k3 is not 0
image size      ``size`` = [width, height], as floats
cannot hold     k4 k5 k6, fisheye lenses (it writes ``fisheye = false`` and does not
                read it), skew, unknown image sizes
==============  ==================================================================

Traps: the layout is Anipose's, of which nothing says the unit. What tells them apart is
that Pose2Sim writes ``fisheye = false`` into every section, which aniposelib never does,
beside four coefficients or image sizes as floats. What has none of it is taken for
Anipose's, whose unit must be given. Until it has found the poses Pose2Sim writes zeros for
them: such cameras are not calibrated. Where it calibrates again from its own file, it cuts
the fifth coefficient.

Source: https://github.com/perfanalytics/pose2sim (``Pose2Sim/calibration.py`` and
``Pose2Sim/common.py``).
"""

from __future__ import annotations

import itertools
from typing import Any

from mmpose_ours.calibration.capabilities import Holds
from mmpose_ours.calibration.formats import camera_toml
from mmpose_ours.calibration.parsing.source import Reading, Source
from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig

CONVENTION = 'rotation is a Rodrigues vector, translation the translation'
UNIT, UP = 'm', 'z'
SAME_LAYOUT = ('anipose',)
HOLDS = Holds('Pose2Sim TOML', coefficients=5, needs_size=True)

# Sections that Pose2Sim takes for no camera, whatever they hold.
_NO_CAMERAS = {camera_toml.METADATA, 'capture_volume', 'charuco', 'checkerboard'}


def recognise(source: Source) -> str:
    """Say why a file is Pose2Sim's, or return an empty string."""
    sections = camera_toml.plain_sections(source.one)
    if not sections or not all(section.get('fisheye') is False for section in sections.values()):
        return ''
    if all(_length(section.get('distortions')) == 4 for section in sections.values()):
        return 'fisheye = false and four distortions in every section, as Pose2Sim writes'
    if all(_has_float_size(section) for section in sections.values()):
        return 'fisheye = false and sizes as floats in every section, as Pose2Sim writes'
    return ''


def _length(value: Any) -> int:
    return len(value) if isinstance(value, list) else 0


def _has_float_size(section: dict) -> bool:
    size = section.get('size')
    return _length(size) == 2 and all(isinstance(side, float) for side in size or ())


def read(source: Source) -> Reading:
    """Read a rig.

    Args:
        source: The file.

    Returns:
        The cameras in file order, by their ``name``, metres, z up.

    Raises:
        CalibrationError: The file is broken, or no camera in it is calibrated.
    """
    return camera_toml.read_sections(source.one, source.any_pose)


def write(rig: CameraRig, path: PathLike) -> None:
    """Write a rig in metres, z up, whole or not at all."""
    camera_toml.write_sections(rig, path, _section_names(rig), _values)


def _section_names(rig: CameraRig) -> list[str]:
    """The cameras' names; where Pose2Sim would skip one, the next ``cam_N`` that none has."""
    taken = set(rig.names)
    names = []
    for index, name in enumerate(rig.names):
        if name in _NO_CAMERAS:
            name = next(n for n in map('cam_{}'.format, itertools.count(index)) if n not in taken)
            taken.add(name)
        names.append(name)
    return names


def _values(camera: Camera) -> dict:
    return {
        'size': [float(side) for side in camera.size or ()],
        'distortions': camera.dist_full[: 5 if camera.dist_full[4] else 4].tolist(),
        'fisheye': False,
    }
