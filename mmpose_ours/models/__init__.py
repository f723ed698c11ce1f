"""Models of MMEngine: from keypoints or images of a rig to people in 3D."""

from mmpose_ours.models.backbone2d import PoseResNet
from mmpose_ours.models.data_preprocessor import MultiviewDataPreprocessor
from mmpose_ours.models.faster_voxelpose import FasterVoxelPose
from mmpose_ours.models.keypoint_prior import KeypointPrior
from mmpose_ours.models.optim import AutocastOptimWrapper
from mmpose_ours.models.rays import RayPreprocessor
from mmpose_ours.models.triangulate_pose import TriangulatePose
from mmpose_ours.models.v2v import V2VNet
from mmpose_ours.models.voxelpose import VoxelPose

__all__ = [
    'AutocastOptimWrapper',
    'FasterVoxelPose',
    'KeypointPrior',
    'MultiviewDataPreprocessor',
    'PoseResNet',
    'RayPreprocessor',
    'TriangulatePose',
    'V2VNet',
    'VoxelPose',
]
