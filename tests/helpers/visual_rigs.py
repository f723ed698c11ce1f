"""A rig and people made by code for the tests of this folder."""

import numpy as np

from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.synthetic import built_in_poses

SPACE = CaptureVolume((0, 0, 1000), (4000, 4000, 2400))
SIZE = (640, 480)


def small_rig(count=3, size=SIZE):
    """Cameras on a circle of 5 m that look at the middle of the scene."""
    cameras = []
    for i in range(count):
        angle = 2 * np.pi * i / max(count, 3) + 0.5
        center = (5000 * np.cos(angle), 5000 * np.sin(angle), 2200)
        cameras.append(Camera.looking_at(f'camera {i}', center, (0, 0, 1000), 420, size))
    return CameraRig(tuple(cameras))


def people(*spots):
    """Standing people, one at each spot (x, y) in mm."""
    poses = built_in_poses(len(spots), np.random.default_rng(2), ('stand',))
    poses[..., :2] += np.array(spots, dtype=float).reshape(-1, 1, 2)
    return poses
