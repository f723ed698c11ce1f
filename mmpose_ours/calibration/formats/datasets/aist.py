"""AIST++: the camera settings ``setting1.json`` and so on, and which are its worlds.

==============  ==================================================================
unit            centimetre
world           right-handed, **y up**, the floor about y = 0
layout          a list of Anipose's cameras, see :mod:`mmpose_ours.calibration.formats.anipose`
extrinsics      world to camera: ``rotation`` a Rodrigues vector, ``translation``
==============  ==================================================================

The layout is Anipose's as JSON, which says neither unit nor axes. What is AIST++'s own are its
cameras c01 .. c09 of 1920x1080; other files are ``anipose``. ``mapping.txt`` beside the settings
says which of them a sequence has: name that file.

Source: https://github.com/google/aistplusplus_api (``aist_plusplus/loader.py``;
``processing/run_estimate_camera.py``, whose first guess puts cameras 180 high and 500 away).
"""

from __future__ import annotations

from mmpose_ours.calibration.formats import camera_toml
from mmpose_ours.calibration.parsing.source import Reading, Source

CONVENTION = 'rotation is a Rodrigues vector, translation the translation'
UNIT, UP = 'cm', 'y'
SAME_LAYOUT = ('anipose',)

_VIEWS = {f'c{number:02d}' for number in range(1, 10)}


def recognise(source: Source) -> str:
    """Say why a file is AIST++'s, or return an empty string."""
    file = source.one
    if not isinstance(file.parsed('json'), list):
        return ''
    cameras = camera_toml.plain_sections(file).values()
    names = [camera.get('name') for camera in cameras]
    sizes = [camera.get('size') for camera in cameras]
    if len(names) > 1 and all(isinstance(n, str) and n in _VIEWS for n in names):
        if all(size == [1920, 1080] for size in sizes):
            return 'a list of cameras c01 .. c09 of 1920x1080 with matrix, rotation, translation'
    return ''


def read(source: Source) -> Reading:
    """Read a rig.

    Args:
        source: The file.

    Returns:
        The cameras in file order, centimetres, y up.

    Raises:
        CalibrationError: The file is broken, or no camera in it is calibrated.
    """
    return camera_toml.read_sections(source.one, source.any_pose)
