"""Figures for 3D poses: PCP on Campus and Shelf, AP, AR, recall and MPJPE elsewhere.

Where there is no truth, 2D keypoints, time and anatomy judge (:func:`unlabelled_figures`).

Pure functions on NumPy arrays. The metrics for MMEngine that wrap them are in
:mod:`mmpose_ours.engine.metrics`, which is not imported from here: it needs torch.
"""

from mmpose_ours.evaluation.campus_shelf_truth import read_actors
from mmpose_ours.evaluation.matching import MatchingResult, match_poses
from mmpose_ours.evaluation.panoptic_truth import read_panoptic_truth
from mmpose_ours.evaluation.pcp import PCPResult, pcp
from mmpose_ours.evaluation.report import evaluate_files
from mmpose_ours.evaluation.without_truth.report import evaluate_without_truth
from mmpose_ours.evaluation.without_truth.result import UnlabelledResult
from mmpose_ours.evaluation.without_truth.scores import EvaluatedFrame, unlabelled_figures

__all__ = [
    'EvaluatedFrame',
    'MatchingResult',
    'PCPResult',
    'UnlabelledResult',
    'evaluate_files',
    'evaluate_without_truth',
    'match_poses',
    'pcp',
    'read_actors',
    'read_panoptic_truth',
    'unlabelled_figures',
]
