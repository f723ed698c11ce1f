"""Figures for 3D people: PCP on Campus and Shelf, AP, AR, recall and MPJPE elsewhere.

Pure functions on NumPy arrays. The metrics for MMEngine that wrap them are in
:mod:`mmpose_ours.evaluation.metrics`, which is not imported from here: it needs torch.
"""

from mmpose_ours.evaluation.actors import read_actors
from mmpose_ours.evaluation.matching import MatchingResult, match_poses
from mmpose_ours.evaluation.panoptic import read_panoptic_truth
from mmpose_ours.evaluation.pcp import PCPResult, pcp
from mmpose_ours.evaluation.predictions import Predictions, read_predictions, write_predictions
from mmpose_ours.evaluation.report import evaluate_files

__all__ = [
    'MatchingResult',
    'PCPResult',
    'Predictions',
    'evaluate_files',
    'match_poses',
    'pcp',
    'read_actors',
    'read_panoptic_truth',
    'read_predictions',
    'write_predictions',
]
