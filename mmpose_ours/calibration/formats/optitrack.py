"""OptiTrack: the ``.mcal`` that Motive 3.2 and newer keep (XML, UTF-16).

==============  ==================================================================
unit            metre
world           right-handed, **y up**
extrinsics      ``Extrinsic``: ``X Y Z`` camera **centre**; ``OrientMatrix0 .. 8`` row by
                row, **camera to world**, axes x right, y **up**, z **backward**
intrinsics      ``IntrinsicStandardCameraModel``: ``HorizontalFocalLength``,
                ``VerticalFocalLength``, ``LensCenterX Y``, pixels
distortion      ``k1 k2 k3``, ``TangentialX Y`` = p1 p2, OpenCV's meaning
image size      ``ImagerPixelWidth``, ``ImagerPixelHeight`` of ``Attributes``
==============  ==================================================================

Names are serial numbers. ``Intrinsic`` holds the same lens in a model of Motive's own, which is
not documented: a camera that has only this one is uncalibrated. Tracking cameras stand in the
same file as colour cameras. ``.cal`` of older versions is binary and not documented: open it in
Motive 3.2 or newer and export it again.

Source: https://docs.optitrack.com/motive/calibration/.mcal-xml-calibration-files. The page does
not say the direction of the matrix: public programs that project markers into the images of
colour cameras agree on it.
"""

from __future__ import annotations

import numpy as np

from mmpose_ours.calibration.errors import CalibrationError, about
from mmpose_ours.calibration.formats.camera_axes import FLIP_Y_AND_Z
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.calibration.parsing.source import Reading, Source
from mmpose_ours.calibration.parsing.xml_elements import Element
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig

CONVENTION = 'X Y Z is the camera centre, the matrix is camera to world'
UNIT, UP = 'm', 'y'

_LENS = 'IntrinsicStandardCameraModel'


def recognise(source: Source) -> str:
    """Say why a file is Motive's, or return an empty string."""
    if source.one.kind != 'xml':
        return ''
    cameras = source.one.xml.findall('Calibration/Cameras/Camera')
    if not any(
        camera.get('Serial') is not None and camera.find('Extrinsic') is not None
        for camera in cameras
    ):
        return ''
    return '<Calibration> of <Cameras> with Serial and <Extrinsic>'


def read(source: Source) -> Reading:
    """Read a rig.

    Args:
        source: The file.

    Returns:
        The cameras in file order, metres, y up; those without a pose or a lens of the standard
        model are ``uncalibrated``.

    Raises:
        CalibrationError: A value is missing or impossible, or no camera is calibrated.
    """
    root = Element.root_of(source)
    calibrated: list[Element] = []
    uncalibrated: list[str] = []
    for element in root['Calibration']['Cameras'].all('Camera'):
        name = element.node['Serial'].text('serial number')
        if element.find(_LENS) is None or element.find('Extrinsic') is None:
            uncalibrated.append(name)
        else:
            calibrated.append(element.of_camera(name))
    if not calibrated:
        raise CalibrationError(
            f'{source.path}: none of {len(uncalibrated)} cameras has <Extrinsic> and <{_LENS}>; '
            'calibrate in Motive and export the calibration again',
            code='no-data',
            file=source.path,
            found=uncalibrated,
        )
    with about(source.path):
        return Reading(CameraRig(tuple(map(_camera, calibrated))), tuple(uncalibrated))


def _camera(element: Element) -> Camera:
    lens, pose = element[_LENS].node, element['Extrinsic'].node
    fx, fy = (lens[f'{side}FocalLength'].number('pixels') for side in ('Horizontal', 'Vertical'))
    cx, cy = (lens[f'LensCenter{axis}'].number('pixels') for axis in 'XY')
    k1, k2, k3, p1, p2 = (
        lens[key].number() if key in lens else 0.0
        for key in ('k1', 'k2', 'k3', 'TangentialX', 'TangentialY')
    )
    turn = [pose[f'OrientMatrix{i}'].number('rotation') for i in range(9)]
    return Camera.from_camera_to_world(
        name=element.node.camera or '',
        K=np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]]),
        R_c2w=np.reshape(turn, (3, 3)) @ FLIP_Y_AND_Z,
        center_w=[pose[axis].number('metres') for axis in 'XYZ'],
        size=_size(element),
        dist=[k1, k2, p1, p2, k3],
    )


def _size(element: Element) -> tuple[int, int] | None:
    found = element.find('Attributes')
    if found is None or 'ImagerPixelWidth' not in found.node:
        return None
    node = found.node
    pair = [node[f'ImagerPixel{side}'].value for side in ('Width', 'Height')]
    return Node(pair, node.path, node.place, node.camera).image_size()
