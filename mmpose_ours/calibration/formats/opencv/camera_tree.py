"""A camera and a rig as the keys and values of an OpenCV FileStorage that we write.

The texts of such trees are :mod:`mmpose_ours.calibration.formats.opencv.storage_writer`'s, and
their meaning is said in :mod:`mmpose_ours.calibration.formats.opencv.file_storage`.
"""

from __future__ import annotations

import numpy as np

from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig


def rig_tree(rig: CameraRig) -> dict:
    """All cameras of a rig by name; a pair also as stereo tools read it."""
    cameras = [{'name': camera.name, **camera_tree(camera)} for camera in rig]
    return {'cameras': cameras, **_pair(rig)}


def camera_tree(camera: Camera) -> dict:
    """A camera as OpenCV's calibration sample names its values, and its pose."""
    size = {} if camera.size is None else dict(zip(('image_width', 'image_height'), camera.size))
    return {
        **size,
        **({'fisheye': 1} if camera.lens == 'fisheye' else {}),
        'camera_matrix': camera.K,
        'distortion_coefficients': _dist(camera),
        'R': camera.R_w2c,
        'T': camera.t_w2c.reshape(3, 1),
    }


def _dist(camera: Camera) -> np.ndarray:
    """(1, N) coefficients as they are; none at all are five zeros."""
    return camera.dist.reshape(1, -1) if len(camera.dist) else np.zeros((1, 5))


def _pair(rig: CameraRig) -> dict:
    """What stereo tools read of two cameras; they know no fisheye lenses."""
    if len(rig) != 2 or any(camera.lens != 'opencv' for camera in rig):
        return {}
    first, second = rig
    # The inverse, not the transpose: R may be rounded.
    R = second.R_w2c @ np.linalg.inv(first.R_w2c)
    T = second.t_w2c - R @ first.t_w2c
    return {
        'M1': first.K,
        'D1': _dist(first),
        'M2': second.K,
        'D2': _dist(second),
        'R': R,
        'T': T.reshape(3, 1),
    }
