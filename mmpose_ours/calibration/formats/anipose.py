"""Anipose TOML: ``calibration.toml``, also of FreeMoCap and sleap-anipose; or its keys as JSON.

==============  ==================================================================
unit            not in the file: that of the board's squares, millimetre by custom
                (written: millimetre); FreeMoCap's is millimetre
world           not in the file, mostly that of the first camera or the board
                (written: z up)
extrinsics      world to camera: ``rotation`` is a Rodrigues **vector**,
                ``translation`` the translation: ``x_cam = R x_world + t``
intrinsics      ``matrix`` 3x3 in pixels of the full image; its users' OpenCV ignores a
                skew
distortion      ``distortions`` in OpenCV's order, mostly 5; with ``fisheye = true`` the
                4 of ``cv2.fisheye``
image size      ``size`` = [width, height]; aniposelib cannot load a file without it
cannot hold     other lenses, skew, unknown image sizes
==============  ==================================================================

Traps: the camera's name is the field ``name``, not the section ``[cam_0]``; ``fisheye =
true`` with four coefficients is FreeMoCap's usual file, and reading them as k1 k2 p1 p2
is wrong; Pose2Sim writes this layout in **metres**, see
:mod:`mmpose_ours.calibration.formats.pose2sim`, and so does Caliscope's export for aniposelib.

Source: https://github.com/lambdaloop/aniposelib (``aniposelib/cameras.py``).
"""

from __future__ import annotations

from mmpose_ours.calibration.capabilities import Holds
from mmpose_ours.calibration.formats import camera_toml, pose2sim
from mmpose_ours.calibration.formats.datasets import aist
from mmpose_ours.calibration.parsing.source import Reading, Source
from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.text import argument

CONVENTION = 'rotation is a Rodrigues vector, translation the translation'
UNIT = UP = None
WRITTEN = ('mm', 'z')
SAME_LAYOUT = ('pose2sim', 'aist')
HOLDS = Holds(
    'Anipose TOML', coefficients=14, lenses=('opencv', 'fisheye'), needs_size=True
)  # fmt: skip


def recognise(source: Source) -> str:
    """Say why a file is Anipose's, or return an empty string."""
    sections = camera_toml.plain_sections(source.one)
    if not sections or pose2sim.recognise(source) or aist.recognise(source):
        return ''
    if source.one.kind == 'json':
        return f"camera {next(iter(sections))[:40]!r} holds Anipose's matrix, rotation, translation"
    return (
        f'sections [{next(iter(sections))}] ... with matrix, rotation and translation; Pose2Sim '
        f'writes the same layout in metres ({argument("format", "pose2sim")})'
    )


def read(source: Source) -> Reading:
    """Read a rig in the file's own unit and axes.

    Args:
        source: The file.

    Returns:
        The cameras in file order, by their ``name``.

    Raises:
        CalibrationError: The file is broken, or no camera in it is calibrated.
    """
    return camera_toml.read_sections(source.one, source.any_pose)


def write(rig: CameraRig, path: PathLike) -> None:
    """Write a rig in millimetres, z up, whole or not at all."""
    sections = [f'cam_{index}' for index in range(len(rig))]
    camera_toml.write_sections(rig, path, sections, _values)


def _values(camera: Camera) -> dict:
    values: dict = {
        'size': list(camera.size or ()),
        # aniposelib's own files hold five.
        'distortions': camera.dist.tolist() or [0.0] * 5,
    }
    return {**values, 'fisheye': True} if camera.lens == 'fisheye' else values
