"""People made by code who walk about a rig, as its cameras detect them."""

import numpy as np

from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.synthetic.poses.body_model import built_in_poses

SIZE = (1280, 720)
SPACE = CaptureVolume(center_mm=(0, 0, 1000), size_mm=(6000, 6000, 2400))


def room_rig(count=4):
    """Cameras in the corners of a room, of different heights, that look at its middle."""
    cameras = []
    for index in range(count):
        angle = 2 * np.pi * index / count + 0.3 * index
        center = (5000 * np.cos(angle), 4200 * np.sin(angle), 2000 + 300 * index)
        cameras.append(Camera.looking_at(f'cam{index}', center, (0, 0, 900), 800, SIZE))
    return CameraRig(tuple(cameras))


def walk(people=2, frames=100, seed=0):
    """(T, P, 17, 3) mm of people who walk in circles of their own."""
    rng = np.random.default_rng(seed)
    bodies = built_in_poses(people, rng, ('stand',))
    angle = np.linspace(0, 2.5, frames)[:, None] + rng.uniform(0, 6, people)
    radius = rng.uniform(900, 1800, people)
    cos, sin = np.cos(angle), np.sin(angle)
    turned = np.stack(
        [
            bodies[..., 0] * -sin[..., None] - bodies[..., 1] * cos[..., None],
            bodies[..., 0] * cos[..., None] - bodies[..., 1] * sin[..., None],
            np.broadcast_to(bodies[..., 2], (frames, *bodies.shape[:2])),
        ],
        -1,
    )
    place = np.stack([radius * cos, radius * sin, 0 * cos], -1)
    return turned + place[:, :, None]


def detected(rig, poses, noise_px=2.0, seed=0):
    """Per frame camera name to (P, 17, 3) ``u, v, score``."""
    rng = np.random.default_rng(seed)
    uv, valid = rig.project(poses.reshape(-1, 17, 3))
    uv = (uv + rng.normal(0, noise_px, uv.shape)).reshape(len(rig), *poses.shape[:3], 2)
    score = 0.9 * valid.reshape(uv.shape[:-1])
    both = np.concatenate([uv, score[..., None]], -1).astype(np.float32)
    return [
        {name: both[view, frame] for view, name in enumerate(rig.names)}
        for frame in range(len(poses))
    ]
