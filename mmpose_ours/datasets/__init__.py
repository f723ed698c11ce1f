"""Datasets of MMEngine that yield keypoints per view, the rig and the capture volume."""

from mmpose_ours.datasets.actors import CampusDataset, ShelfDataset
from mmpose_ours.datasets.data_sample import MultiviewDataSample
from mmpose_ours.datasets.multiview import MultiviewDataset
from mmpose_ours.datasets.ours import OursDataset
from mmpose_ours.datasets.panoptic import PanopticDataset
from mmpose_ours.datasets.random_rigs import RandomRigsDataset
from mmpose_ours.datasets.sampler import FreshEpochSampler
from mmpose_ours.datasets.synthetic import SyntheticDataset
from mmpose_ours.datasets.transforms import LoadMultiviewImages, PackMultiviewInputs

__all__ = [
    'CampusDataset',
    'FreshEpochSampler',
    'LoadMultiviewImages',
    'MultiviewDataSample',
    'MultiviewDataset',
    'OursDataset',
    'PackMultiviewInputs',
    'PanopticDataset',
    'RandomRigsDataset',
    'ShelfDataset',
    'SyntheticDataset',
]
