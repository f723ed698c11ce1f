"""Rigs and people made by code for the tests of this folder."""

import numpy as np

from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic import Scene

COCO17 = SKELETONS['coco17']
SIZE = (1280, 720)
SPACE = CaptureVolume(center_mm=(0, 0, 1000), size_mm=(5000, 5000, 2400))


def ring_rig(count=4, radius=5500.0, dist=(-0.1, 0.02, 0.001, -0.001, 0.0)):
    """Cameras on a circle, 2.4 m high, that look at the middle of the scene."""
    cameras = []
    for i in range(count):
        angle = 2 * np.pi * i / count + 0.2
        center = (radius * np.cos(angle), radius * np.sin(angle), 2400)
        pinhole = Camera.looking_at(f'cam{i}', center, (0, 0, 1000), 800, SIZE)
        cameras.append(Camera(pinhole.name, pinhole.K, pinhole.R_w2c, pinhole.t_w2c, SIZE, dist))
    return CameraRig(tuple(cameras))


def place(poses, *spots):
    """A scene of the poses (P, 17, 3), each moved to its spot (x, y) in mm."""
    poses = np.array(poses, dtype=float)
    poses[..., :2] += np.array(spots, dtype=float)[:, None]
    return Scene(poses, np.ones(poses.shape[:2], dtype=bool))


def joint(poses, name):
    """(N, 3) of a joint of COCO-17, or the middle of 'left_x' and 'right_x' for 'mid_x'."""
    if name.startswith('mid_'):
        sides = (f'left_{name[4:]}', f'right_{name[4:]}')
        return poses[:, COCO17.index(*sides)].mean(1)
    return poses[:, COCO17.index(name)[0]]


def binomial_spread(share, trials, sigmas=5):
    """How far an observed share may deviate: the test fails by chance once in a million runs."""
    return sigmas * np.sqrt(share * (1 - share) / trials)
