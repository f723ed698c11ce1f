"""Kalibr: ``camchain.yaml`` and ``camchain-imucam.yaml``, also of OpenVINS.

==============  ==================================================================
unit            metre
world           ``cam0`` where the file chains cameras, else the IMU; a note says which.
                Its axes are that sensor's, so no axis is up
extrinsics      ``T_cn_cnm1`` of camera n leads from camera n-1 to camera n;
                ``T_cam_imu`` from the IMU to the camera; OpenVINS' ``T_imu_cam`` from
                the camera to the IMU, so it is inverted; 4x4 or 3x4
intrinsics      ``pinhole``: fu fv pu pv; ``eucm``: alpha beta fu fv pu pv; no skew
distortion      ``radtan``: k1 k2 p1 p2 of OpenCV; ``equidistant``: k1 k2 k3 k4 of
                ``cv2.fisheye``; ``fov``: omega; ``none``
image size      ``resolution`` = [width, height]
cannot hold     read only; ``omni`` and ``ds`` cameras have no lens here
==============  ==================================================================

Traps: the chain is between neighbours, not from the first camera; where it breaks, the
cameras behind it have no pose, unless every camera has one to the IMU.

Source: https://github.com/ethz-asl/kalibr (wiki "yaml formats" and "supported models",
``aslam_cv/aslam_cameras``) and https://docs.openvins.com.
"""

from __future__ import annotations

import re

import numpy as np

from mmpose_ours.calibration.errors import CalibrationError, about
from mmpose_ours.calibration.parsing.matrices import rigid
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.calibration.parsing.source import Reading, Source
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig

CONVENTION = 'T leads from camera n-1 or the IMU to the camera'
UNIT, UP = 'm', None

_TELLING_KEYS = {
    'camera_model', 'intrinsics', 'distortion_model', 'distortion_coeffs', 'T_cn_cnm1',
    'T_cam_imu', 'T_imu_cam', 'cam_overlaps', 'rostopic',
}  # fmt: skip
# Lens and number of coefficients by Kalibr's name
_DISTORTIONS = {
    'radtan': ('opencv', 4),
    'equidistant': ('fisheye', 4),
    'fov': ('fov', 1),
    'none': ('opencv', 0),
}
_INTRINSICS = {'pinhole': 'fu fv pu pv', 'eucm': 'alpha beta fu fv pu pv'}

Pose = tuple  # R (3, 3) and t (3,), from the world to the camera


def recognise(source: Source) -> str:
    """Say why a file is Kalibr's, or return an empty string."""
    file = source.one
    if file.kind != 'yaml':
        return ''
    data = file.yaml
    for key, camera in data.items() if isinstance(data, dict) else ():
        if _number(key) is not None and isinstance(camera, dict):
            found = sorted(_TELLING_KEYS & {str(key) for key in camera})
            if len(found) >= 3:
                return f'{key} with {", ".join(found)}'
    return ''


def _number(key: object) -> int | None:
    """The n of ``cam<n>``."""
    match = re.fullmatch(r'cam(\d{1,6})', str(key))
    return int(match.group(1)) if match else None


def read(source: Source) -> Reading:
    """Read a rig in metres, in the axes of the first camera or of the IMU.

    Args:
        source: The file.

    Returns:
        The cameras in file order; those without intrinsics, or that no chain of poses
        reaches, are ``uncalibrated``.

    Raises:
        CalibrationError: A value is missing or impossible, or a camera's model has no lens
            here.
    """
    whole = Node.of(source.one, 'yaml')
    nodes = {
        name: node.of_camera(name) for name, node in whole.items() if _number(name) is not None
    }
    if not nodes:
        whole.fail('lists 0 cameras', 'cam0, cam1, ...', code='no-data', found=0)
    poses, world = _poses(nodes)
    cameras, uncalibrated = [], []
    with about(source.path):
        for name, node in nodes.items():
            if name in poses and 'intrinsics' in node:
                cameras.append(_camera(name, node, poses[name]))
            else:
                uncalibrated.append(name)
        if not cameras:
            raise CalibrationError(
                f'{source.path}: no camera has both intrinsics and a pose (cameras: '
                f'{", ".join(list(nodes)[:10])}), expected T_cn_cnm1, T_cam_imu or T_imu_cam; '
                'calibrate the cameras together',
                code='no-data',
                file=source.path,
                found=list(nodes),
                expected=['T_cn_cnm1', 'T_cam_imu', 'T_imu_cam'],
            )
        return Reading(CameraRig(tuple(cameras)), tuple(uncalibrated), (world,))


def _poses(nodes: dict[str, Node]) -> tuple[dict[str, Pose], str]:
    """World to camera by name, and what the world is."""
    chained, by_imu = _chained(nodes), _by_imu(nodes)
    if by_imu and (len(by_imu) > len(chained) or not any('T_cn_cnm1' in n for n in nodes.values())):
        return by_imu, "the world is the IMU's: its origin and axes"
    first = next(iter(chained), 'cam0')
    return chained, f"the world is {first}'s: its centre, x right, y down, z forward"


def _chained(nodes: dict[str, Node]) -> dict[str, Pose]:
    """First camera to camera, for as many as the chain reaches."""
    by_number = {_number(name): name for name in nodes}
    number = min(n for n in by_number if n is not None)
    R, t = np.eye(3), np.zeros(3)
    found = {by_number[number]: (R, t)}
    while by_number.get(number + 1) in nodes and 'T_cn_cnm1' in nodes[by_number[number + 1]]:
        number += 1
        step_R, step_t = rigid(nodes[by_number[number]]['T_cn_cnm1'], 'previous camera to this')
        R, t = step_R @ R, step_R @ t + step_t
        found[by_number[number]] = (R, t)
    return found


def _by_imu(nodes: dict[str, Node]) -> dict[str, Pose]:
    """IMU to camera, for those that say."""
    found = {}
    for name, node in nodes.items():
        if 'T_cam_imu' in node:
            found[name] = rigid(node['T_cam_imu'], 'IMU to camera')
        elif 'T_imu_cam' in node:
            R, center = rigid(node['T_imu_cam'], 'camera to IMU')
            found[name] = (R.T, -R.T @ center)
    return found


def _camera(name: str, node: Node, pose: Pose) -> Camera:
    model = node['camera_model'].text('camera model') if 'camera_model' in node else 'pinhole'
    if model not in _INTRINSICS:
        node['camera_model'].fail(
            f'is {model[:40]!r}, a model without a lens here',
            'pinhole or eucm; calibrate again with pinhole-equi, pinhole-radtan or eucm-none',
            code='cannot-express',
            expected=list(_INTRINSICS),
        )
    expected = _INTRINSICS[model]
    values = node['intrinsics'].array(len(expected.split()), what=expected)
    lens, dist = _distortion(node)
    if model == 'eucm':
        if dist.size:
            node['distortion_model'].fail(
                f'is {node["distortion_model"].text()!r}',
                "'none', all that eucm goes with",
                code='conflict',
                expected='none',
            )
        lens, dist = 'eucm', values[:2]
        alpha, beta = dist
        if not (0 <= alpha <= 1 and beta > 0):
            node['intrinsics'].fail(
                f'has alpha {alpha:g}, beta {beta:g}',
                'alpha from 0 to 1, beta above 0',
                code='out-of-range',
                found=(alpha, beta),
            )
    fu, fv, pu, pv = values[-4:]
    R, t = pose
    size = node['resolution'].image_size() if 'resolution' in node else None
    K = np.array([[fu, 0, pu], [0, fv, pv], [0, 0, 1]])
    return Camera(name, K, R, t, size, dist, lens)


def _distortion(node: Node) -> tuple[str, np.ndarray]:
    stated = node.get('distortion_model')
    coefficients = node.get('distortion_coeffs')
    if stated is None:
        if coefficients is not None and coefficients.numbers().size:
            node.fail(
                "has distortion_coeffs but no 'distortion_model'",
                ' or '.join(_DISTORTIONS),
                code='missing-value',
                found='distortion_coeffs',
                expected='distortion_model',
            )
        return 'opencv', np.zeros(0)
    model = stated.text('distortion model')
    if model not in _DISTORTIONS:
        stated.fail(
            f'is {model[:40]!r}',
            ' or '.join(_DISTORTIONS),
            code='cannot-express',
            expected=list(_DISTORTIONS),
        )
    lens, count = _DISTORTIONS[model]
    if coefficients is None and not count:
        return lens, np.zeros(0)
    return lens, node['distortion_coeffs'].one_of((count,), f'distortion of {model}')
