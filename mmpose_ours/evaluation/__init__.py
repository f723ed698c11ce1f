"""Figures for 3D people: PCP on Campus and Shelf, AP, AR, recall and MPJPE elsewhere.

Where there is no truth, 2D people, time and anatomy judge (:func:`unlabelled_figures`).

Pure functions on NumPy arrays. The metrics for MMEngine that wrap them are in
:mod:`mmpose_ours.evaluation.metrics`, which is not imported from here: it needs torch.
"""

from mmpose_ours.evaluation.actors import read_actors
from mmpose_ours.evaluation.matching import MatchingResult, match_poses
from mmpose_ours.evaluation.panoptic import read_panoptic_truth
from mmpose_ours.evaluation.pcp import PCPResult, pcp
from mmpose_ours.evaluation.report import evaluate_files
from mmpose_ours.evaluation.unlabelled import Instant, unlabelled_figures
from mmpose_ours.evaluation.unlabelled_report import evaluate_without_truth
from mmpose_ours.evaluation.unlabelled_result import UnlabelledResult

__all__ = [
    'Instant',
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
