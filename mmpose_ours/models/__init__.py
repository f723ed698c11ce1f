"""MMEngine models that estimate 3D poses from the 2D keypoints or images of a rig."""

from mmpose_ours.models.association.rays import RayPreprocessor
from mmpose_ours.models.data_preprocessor import MultiviewDataPreprocessor
from mmpose_ours.models.faster_voxelpose.model import FasterVoxelPose
from mmpose_ours.models.keypoint_prior.model import KeypointPrior
from mmpose_ours.models.ops.v2v import V2VNet
from mmpose_ours.models.optim import AutocastOptimWrapper
from mmpose_ours.models.triangulate_pose import TriangulatePose
from mmpose_ours.models.voxelpose.backbone import PoseResNet
from mmpose_ours.models.voxelpose.model import VoxelPose

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
