"""Qualisys calibration text: the ``.qca.txt`` that QTM exports (XML inside).

==============  ==================================================================
unit            millimetre
world           right-handed, **z up** (QTM's default; a transformed calibration may
                differ: say ``--up``)
extrinsics      ``x y z`` camera **centre**; ``r11 .. r33`` world to camera in axes
                x right, y **up**, z **backward**: rows 2 and 3 are negated
intrinsics      1/64 pixel of the whole sensor: ``focalLengthU V``, ``centerPointU V``
                (the video's ``left`` and ``top`` are taken off), ``skew``
distortion      ``radialDistortion1..3`` = k1 k2 k3, ``tangentalDistortion1..2`` = p1 p2
                (QTM's spelling), OpenCV's meaning, **not** in 1/64
image size      ``fov_video``: right - left + 1, bottom - top + 1
==============  ==================================================================

Names are serial numbers. ``viewrotation`` says how QTM shows the image of a camera that
hangs on its side; it follows from R, so K, R and size stay those of the unturned sensor,
and a note tells. A file in 540p or 720p (``video_resolution``) still describes the whole
sensor. Cameras with ``active="0"`` took no part in the calibration and are left out; those with
``calibrated="false"`` are uncalibrated.

Source: QTM (https://docs.qualisys.com) and its real-time protocol, whose ``calibration`` is
the same XML (https://github.com/qualisys/qualisys_cpp_sdk); Theia3D's description of the
format for ``viewrotation``; Pose2Sim for the crop.
"""

from __future__ import annotations

import numpy as np

from mmpose_ours.calibration.errors import CalibrationError, about
from mmpose_ours.calibration.formats.camera_axes import FLIP_Y_AND_Z
from mmpose_ours.calibration.parsing.source import Reading, Source, note_left_out
from mmpose_ours.calibration.parsing.xml_elements import Element
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig

CONVENTION = 'x y z is the camera centre'
UNIT, UP = 'mm', 'z'

SUBPIXELS = 64.0
_SIDES = ('left', 'top', 'right', 'bottom')


def recognise(source: Source) -> str:
    """Say why a file is a Qualisys calibration, or return an empty string."""
    if source.one.kind != 'xml':
        return ''
    root = source.one.xml
    calibration = root if root.tag == 'calibration' else root.find('calibration')
    cameras = [] if calibration is None else calibration.findall('cameras/camera')
    if not any(c.get('serial') is not None and c.find('intrinsic') is not None for c in cameras):
        return ''
    return 'a <calibration> of <cameras> with serial numbers and <intrinsic>'


def read(source: Source) -> Reading:
    """Read a rig.

    Args:
        source: The file.

    Returns:
        The cameras in file order, millimetres, z up, but for those that were not active; cameras
        without transform or intrinsic as uncalibrated.

    Raises:
        CalibrationError: A value is missing or impossible, or no camera is calibrated.
    """
    root = Element.root_of(source)
    if root.xml.tag != 'calibration':  # as the real-time protocol wraps it
        root = root['calibration']
    calibrated: list[Element] = []
    uncalibrated: list[Element] = []
    inactive: list[Element] = []
    for element in root['cameras'].all('camera'):
        element = element.of_camera(element.node['serial'].text())
        if not _is_active(element):
            inactive.append(element)
        else:
            (calibrated if _is_calibrated(element) else uncalibrated).append(element)
    if not calibrated:
        raise CalibrationError(
            f'{source.path}: none of {len(uncalibrated) + len(inactive)} cameras is active and '
            'calibrated; calibrate in QTM and export the calibration again',
            code='no-data',
            file=source.path,
            found=[element.node.camera for element in (*uncalibrated, *inactive)],
        )
    with about(source.path):
        rig = CameraRig(tuple(map(_camera, calibrated)))
    names = tuple(element.node.camera or '' for element in uncalibrated)
    left_out = note_left_out([element.node.camera or '' for element in inactive], 'active="0"')
    return Reading(rig, names, (*left_out, *_notes(root, calibrated)))


def _is_active(camera: Element) -> bool:
    active = camera.node.get('active')
    if active is None:
        return True
    if active.text().strip().lower() in ('true', 'false'):
        return active.flag()
    return bool(active.number())


def _is_calibrated(camera: Element) -> bool:
    calibrated = camera.node.get('calibrated')
    if calibrated is not None and not calibrated.flag():
        return False
    return camera.find('transform') is not None and camera.find('intrinsic') is not None


def _camera(camera: Element) -> Camera:
    field = camera.find('fov_video') or camera.find('fov_video_max')
    if field is None:
        camera.node.fail(
            'has no <fov_video>',
            "<fov_video>; the files of Theia3D look alike but mean other things: take QTM's own",
            code='missing-value',
            found=[child.tag for child in camera.xml][:100],
            expected='fov_video',
        )
    left, top, right, bottom = (field.node[side].whole() for side in _SIDES)
    size = (right - left + 1, bottom - top + 1)
    intrinsic, transform = camera['intrinsic'].node, camera['transform'].node
    fx, fy, cx, cy, skew = (
        intrinsic[key].number('1/64 pixel') / SUBPIXELS
        for key in ('focalLengthU', 'focalLengthV', 'centerPointU', 'centerPointV', 'skew')
    )
    k1, k2, k3 = (intrinsic[f'radialDistortion{i}'].number() for i in (1, 2, 3))
    p1, p2 = (intrinsic[f'tangentalDistortion{i}'].number() for i in (1, 2))
    R = np.array([[transform[f'r{i}{j}'].number() for j in (1, 2, 3)] for i in (1, 2, 3)])
    R_w2c = FLIP_Y_AND_Z @ R
    center_w = np.array([transform[axis].number('millimetres') for axis in 'xyz'])
    return Camera(
        name=camera.node.camera or '',
        K=np.array([[fx, skew, cx - left], [0, fy, cy - top], [0, 0, 1]]),
        R_w2c=R_w2c,
        t_w2c=-R_w2c @ center_w,
        size=size,
        dist=np.array([k1, k2, p1, p2, k3]),
    )


def _notes(root: Element, cameras: list[Element]) -> list[str]:
    notes = []
    turned = [f'{c.node.camera!r} by {c.node["viewrotation"].text()[:10]}' for c in cameras
              if c.xml.get('viewrotation', '0').strip() not in ('0', '')]  # fmt: skip
    if turned:
        notes.append(
            f'QTM shows the image of camera {", ".join(turned[:8])} degrees turned; K, R and '
            'size here are those of the unturned image: do not turn its images'
        )
    skewed = [c.node.camera for c in cameras if c['intrinsic'].node['skew'].number()]
    if skewed:
        notes.append(
            f'camera {", ".join(map(repr, skewed[:8]))}: skew is not 0; Qualisys does not document '
            'its unit, it was read as 1/64 pixel like the focal length'
        )
    other = sorted({c.xml.get('video_resolution', '') for c in cameras} & {'540p', '720p'})
    if other:
        notes.append(
            f'video was set to {", ".join(other)}, but the file describes the whole sensor: scale '
            'images to the size given here'
        )
    if next(root.xml.iter('scaling'), None) is not None:
        notes.append(
            'the file has a <scaling>, which Qualisys does not document and which was not applied: '
            'check a known length'
        )
    return notes
