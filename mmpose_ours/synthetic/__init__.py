"""Synthetic people: poses, scenes in a capture volume, and the detections of a noisy detector."""

from mmpose_ours.synthetic.crowd import Crowd, Scene
from mmpose_ours.synthetic.detector_noise import DetectorNoise
from mmpose_ours.synthetic.poses.body_model import ACTIONS, built_in_poses
from mmpose_ours.synthetic.poses.pose_bank import PoseBank
from mmpose_ours.synthetic.scene import SceneSampler

__all__ = [
    'ACTIONS',
    'Crowd',
    'DetectorNoise',
    'PoseBank',
    'Scene',
    'SceneSampler',
    'built_in_poses',
]
