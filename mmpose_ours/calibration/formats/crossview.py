"""Crossview JSON: the calibrations of crossview 3D pose tracking (Campus, Store Layouts).

==============  ==================================================================
unit            centimetre
world           right-handed, **z up**, floor z = 0
extrinsics      ``Tw`` (or ``pose``) 4x4, **camera to world**; x right, y down, z forward
intrinsics      ``K`` 3x3 **divided** by image width (row 1) and height (row 2); with
                ``image_wh`` in the camera it is in units of that size instead
distortion      ``dist_coeffs`` = k1 k2 [p1 p2 [k3]], OpenCV's meaning
image size      not in the file: ``image_wh`` of the data set's ``annotation_2d.json``,
                which may be named beside it, or ``--image-size``
==============  ==================================================================

K cannot be used without the image size: the same numbers fit any size.

Source: https://github.com/longcw/crossview_3d_pose_tracking
(``crossview_dataset/calib/camera.py``), which divides 2D points by width and height as well,
so that K times the size is K in their pixels.
"""

from __future__ import annotations

import numpy as np

from mmpose_ours.calibration.errors import CalibrationError, about
from mmpose_ours.calibration.image_size import size_of_camera
from mmpose_ours.calibration.parsing.matrices import rigid
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.calibration.parsing.source import Reading, Source
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.text import argument

CONVENTION = 'Tw is camera to world'
UNIT, UP = 'cm', 'z'


def recognise(source: Source) -> str:
    """Say why a file is crossview JSON, or return an empty string."""
    for file in source:
        data = file.parsed('json') if file.kind == 'json' else None
        cameras = data.get('cameras') if isinstance(data, dict) else None
        for name, camera in cameras.items() if isinstance(cameras, dict) else ():
            if isinstance(camera, dict) and 'K' in camera and {'Tw', 'pose'} & camera.keys():
                return f"an object 'cameras' whose entry {name[:40]!r} holds K and Tw"
    return ''


def read(source: Source) -> Reading:
    """Read a rig.

    Args:
        source: The file, with the data set's ``annotation_2d.json`` or not.

    Returns:
        The cameras in file order, centimetres, z up.

    Raises:
        CalibrationError: Nobody says the image size, a value is missing or impossible.
    """
    node, said = None, None
    for file in source:
        data = Node.of(file, 'json')
        stated = data.get('image_wh')
        if stated is not None:
            said = stated.image_size()
        if 'cameras' in data:
            node = data
    if node is None:
        raise CalibrationError(
            f"{source.path}: has no 'cameras'; name the calibration.json",
            code='missing-value',
            file=source.path,
            expected='cameras',
        )
    cameras = dict(node['cameras'].items())
    if not cameras:
        node['cameras'].fail('is empty', 'one entry for each camera', code='no-data')
    with about(source.path):
        rig = (
            _camera(name, camera.of_camera(name), said or size_of_camera(source.image_size, name))
            for name, camera in cameras.items()
        )
        return Reading(CameraRig(tuple(rig)))


def _camera(name: str, camera: Node, size: tuple[int, int] | None) -> Camera:
    K = camera['K'].array(3, 3, what='intrinsics divided by the image size')
    stated = camera.get('image_wh')
    if stated is not None:
        width, height = stated.array(2, what='image width and height')
        if not (width > 0 and height > 0):
            stated.fail(f'is {width:g}, {height:g}', 'two numbers above 0', code='out-of-range')
        K = np.diag([1 / width, 1 / height, 1]) @ K
        # The tool also writes a height of 1 and the width to match, which is no size.
        if height > 1:
            size = stated.image_size()
    if size is None:
        raise CalibrationError(
            f'{camera.path}: camera {name!r}, K is normalised by the image size, which this file '
            f'does not say; say {argument("image_size", (1920, 1080))}',
            code='missing-value',
            file=camera.path,
            camera=name,
            expected='image_size',
        )
    place = camera.get('Tw', 'pose') or camera['Tw']
    R_c2w, center_w = rigid(place, 'camera to world')
    coefficients = camera.get('dist_coeffs')
    dist = np.zeros(0)
    if coefficients is not None:
        dist = coefficients.one_of((0, 1, 2, 3, 4, 5), 'k1 k2 p1 p2 k3')
        dist = np.pad(dist, (0, max(4 - len(dist), 0)) if len(dist) else (0, 0))
    return Camera.from_camera_to_world(
        name=name,
        K=np.diag([*size, 1.0]) @ K,
        R_c2w=R_c2w,
        center_w=center_w,
        size=size,
        dist=dist,
    )
