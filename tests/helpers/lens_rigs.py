"""A rig of cameras with lens distortion around a scene."""

import numpy as np

from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig

DIST = (-0.1, 0.02, 0.001, -0.001, 0.0)


def rig_of(names='abcd'):
    """Cameras 5 m around a room, with a lens."""
    cameras = []
    for index, name in enumerate(names):
        angle = 2 * np.pi * index / len(names) + 0.2
        center = (5000 * np.cos(angle), 5000 * np.sin(angle), 2200)
        plain = Camera.looking_at(name, center, (0, 0, 900), 900, (1280, 960))
        cameras.append(Camera(name, plain.K, plain.R_w2c, plain.t_w2c, plain.size, dist=DIST))
    return CameraRig(tuple(cameras))
