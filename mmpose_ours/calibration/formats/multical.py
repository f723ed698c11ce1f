"""multical: the ``calibration.json`` that it exports.

==============  ==================================================================
unit            metre (boards are drawn at 1000 ``pixels_mm`` for a length of 1)
world           that of the master camera, or of the rig; no axis is fixed as up
extrinsics      ``camera_poses``: ``R`` and ``T`` (the translation), **world to camera**;
                ``cam2_to_cam1`` holds the pose of cam2 in that of cam1: it takes points
                **from cam1 to cam2**, ``x_cam2 = R x_cam1 + T``
intrinsics      ``cameras``: ``K`` 3x3 in pixels
distortion      ``dist`` in OpenCV's order; a **column** of four, as fisheye calibrations
                have it, is ``cv2.fisheye``'s
image size      ``image_size`` = width height
==============  ==================================================================

A camera without a pose was not seen together with others: uncalibrated. The names of images
(``image_sets``) are not read.

Source: https://github.com/oliver-batchelor/multical: ``FORMAT.md``, ``io/export_calib.py`` (the
poses), ``io/import_calib.py``, ``motion/static_frames.py`` (how it projects),
``interface/camera_params.py`` (the shape of fisheye coefficients), ``board/charuco.py``.
"""

from __future__ import annotations

import collections
from typing import Iterator

import numpy as np

from mmpose_ours.calibration.errors import CalibrationError, about
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.calibration.parsing.source import Reading, Source
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig

CONVENTION = 'R and T are world to camera'
UNIT, UP = 'm', None

_TO = '_to_'
# 4x4, from the world to a camera, or from one camera to another
_Pose = np.ndarray


def recognise(source: Source) -> str:
    """Say why a file is multical's, or return an empty string."""
    data = source.one.parsed('json')
    if not isinstance(data, dict):
        return ''
    cameras, poses = data.get('cameras'), data.get('camera_poses')
    if not isinstance(cameras, dict) or not isinstance(poses, dict):
        return ''
    for camera in cameras.values():
        if isinstance(camera, dict) and {'K', 'dist', 'image_size'} <= camera.keys():
            return "'cameras' with K, dist and image_size beside 'camera_poses'"
    return ''


def read(source: Source) -> Reading:
    """Read a rig.

    Args:
        source: The file.

    Returns:
        The cameras in file order, metres; those without a pose are ``uncalibrated``.

    Raises:
        CalibrationError: A value is missing or impossible, poses contradict each other, or no
            camera has a pose.
    """
    root = Node.of(source.one, 'json')
    cameras = dict(root['cameras'].items())
    with about(source.path):
        poses = _poses(root['camera_poses'], list(cameras))
        lost = [name for name in cameras if name not in poses]
        if not poses:
            raise CalibrationError(
                f'{source.path}: none of {len(lost)} cameras has a pose under camera_poses; '
                'calibrate the cameras together (multical calibrate)',
                code='no-data',
                file=source.path,
                found=lost,
            )
        found = [
            _camera(name, node.of_camera(name), poses[name])
            for name, node in cameras.items()
            if name in poses
        ]
        return Reading(CameraRig(tuple(found)), tuple(lost))


def _camera(name: str, node: Node, pose: _Pose) -> Camera:
    dist = node['dist'].one_of((0, 4, 5, 8, 12, 14), "distortion in OpenCV's order")
    rows = node['dist'].value
    is_column = len(dist) == 4 and isinstance(rows, list) and len(rows) == 4
    is_fisheye = is_column and all(isinstance(row, list) for row in rows)
    return Camera(
        name=name,
        K=node['K'].array(3, 3, what='intrinsic matrix'),
        R_w2c=pose[:3, :3],
        t_w2c=pose[:3, 3],
        size=node['image_size'].image_size(),
        dist=dist,
        lens='fisheye' if is_fisheye else 'opencv',
    )


def _poses(node: Node, names: list[str]) -> dict[str, _Pose]:
    """World to camera, by camera: those that stand there, and those that follow from them."""
    poses: dict[str, _Pose] = {}
    steps: dict[str, list] = collections.defaultdict(list)
    for key, entry in node.items():
        pose = np.eye(4)
        pose[:3, :3] = entry['R'].array(3, 3, what='rotation')
        pose[:3, 3] = entry['T'].array(3, what='translation')
        if key in names:
            poses[key] = pose
            continue
        to, base = _pair(key, names, entry)
        steps[base].append((to, pose, entry))
        inverse = np.eye(4)
        inverse[:3, :3] = pose[:3, :3].T
        inverse[:3, 3] = -pose[:3, :3].T @ pose[:3, 3]
        steps[to].append((base, inverse, entry))
    reached = collections.deque(poses)
    while reached:
        base = reached.popleft()
        for to, pose, entry in steps[base]:
            follows = pose @ poses[base]
            if to not in poses:
                poses[to] = follows
                reached.append(to)
            elif not np.allclose(follows, poses[to], rtol=1e-4, atol=1e-3):
                entry.of_camera(to).fail(
                    'contradicts the other poses', 'the same pose by every way', code='conflict'
                )
    return poses


def _pair(key: str, names: list[str], entry: Node) -> tuple[str, str]:
    """The cameras of a relative pose ``cam2_to_cam1``."""
    for to, base in _splits(key):
        if to in names and base in names:
            return to, base
    entry.fail(
        'names no camera',
        'a camera of the file, or two with _to_ between them',
        code='unknown-camera',
        found=key,
        expected=names,
    )


def _splits(key: str) -> Iterator[tuple[str, str]]:
    start = key.find(_TO)
    while start >= 0:
        yield key[:start], key[start + len(_TO) :]
        start = key.find(_TO, start + 1)
