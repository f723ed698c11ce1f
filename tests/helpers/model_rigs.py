"""A small rig and batches of synthetic people for the model tests."""

import numpy as np
import torch

from mmpose_ours.datasets.transforms import PackMultiviewInputs
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.synthetic import DetectorNoise, PoseBank, SceneSampler

SPACE = CaptureVolume((0, 0, 1000), (4000, 4000, 2400))


def ring(views: int = 4, dist=(-0.1, 0.05, 0.001, -0.0005, 0.01)) -> CameraRig:
    """Cameras around the space, all looking at its middle."""
    angles = np.linspace(0, 2 * np.pi, views, endpoint=False) + 0.3
    cameras = []
    for i, angle in enumerate(angles):
        center = (4500 * np.cos(angle), 4500 * np.sin(angle), 2300 + 100 * i)
        pinhole = Camera.looking_at(f'cam{i}', center, (0, 0, 900), 700 + 20 * i, (960, 720))
        cameras.append(
            Camera(pinhole.name, pinhole.K, pinhole.R_w2c, pinhole.t_w2c, pinhole.size, dist)
        )
    return CameraRig(tuple(cameras))


def batch(rigs, people: int = 2, faults=None, seed: int = 0) -> dict:
    """A collated batch: one frame per rig."""
    packed = []
    for index, rig in enumerate(rigs):
        rng = np.random.default_rng((seed, index))
        bank = PoseBank.built_in(50)
        scene = SceneSampler(rig, SPACE, bank, people=(people, people)).sample(rng)
        detect = (faults or DetectorNoise.none()).detect
        packed.append(
            PackMultiviewInputs()(
                dict(
                    rig=rig,
                    space=SPACE,
                    joints='coco17',
                    frame_id=index,
                    keypoints_2d=detect(scene, rig, rng),
                    keypoints_3d=scene.poses,
                    visible=scene.visible,
                )
            )
        )
    return dict(
        inputs=dict(keypoints=[p['inputs']['keypoints'] for p in packed]),
        data_samples=[p['data_samples'] for p in packed],
    )


def tiny_model(**changes):
    """A VoxelPose that runs in milliseconds; the same weights every time."""
    from mmpose_ours.models import VoxelPose

    torch.manual_seed(0)
    net = dict(channels=(4, 4, 6, 8), front_kernel=3)
    size = (80, 60)
    settings = dict(
        heatmap_size=size,
        data_preprocessor=dict(type='MultiviewDataPreprocessor', heatmap_size=size, sigma=1.5),
        center=dict(bins=(16, 16, 8), **net),
        pose=dict(bins=(12, 12, 12), shortcut=True, beta=20.0, **net),
    )
    return VoxelPose(**{**settings, **changes})
