"""AP, AR, recall and MPJPE of 3D poses, by the protocol of VoxelPose on CMU Panoptic.

Tu et al., "VoxelPose", ECCV 2020. Every prediction is assigned to the nearest annotated person of
its frame. The predictions of the whole set are processed in order of decreasing score: one whose
distance is below the threshold is a true positive if no earlier prediction matched this person; all
others are false positives.

There are two differences, both stricter: predictions in a frame without annotated people are false
positives (the published code skips the frame), and a missing joint counts as a large error, see
:func:`mmpose_ours.evaluation.distance.pose_distances`.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Sequence, Tuple

import numpy as np

from mmpose_ours.errors import InputError
from mmpose_ours.evaluation.distance import FOUND_MM, pose_distances
from mmpose_ours.evaluation.joint_groups import GroupErrors

THRESHOLDS_MM = (25, 50, 75, 100, 125, 150)
# Score, number of the nearest person, distance, error, share of joints missing; frame, and the rows
# of prediction and person in it.
Candidate = Tuple[float, int, float, float, float, int, int, int]


@dataclasses.dataclass(frozen=True)
class MatchingResult:
    """Figures of one evaluation.

    Args:
        ap: Average precision (0 to 1) per threshold in mm.
        ar: Recall reached (0 to 1) per threshold in mm.
        recall: Share of annotated people matched within 500 mm.
        mpjpe_mm: Mean of their mean joint errors, over joints that both have; NaN for none.
        missing_joints: Share of their annotated joints that are missing in the predictions.
        false_positives: Predictions that match no person within 500 mm.
        people: Annotated people with at least one visible joint.
        predictions: Predicted people.
        frames: Frames compared.
        pairs: (M, 3) frame, row of the prediction and row of the person, of those matched within
            500 mm.
        groups: Errors of those people by group of joints
            (:func:`mmpose_ours.evaluation.joint_groups.group_errors`), where somebody asks.
    """

    ap: dict[int, float]
    ar: dict[int, float]
    recall: float
    mpjpe_mm: float
    missing_joints: float
    false_positives: int
    people: int
    predictions: int
    frames: int
    pairs: np.ndarray
    groups: dict[str, GroupErrors] = dataclasses.field(default_factory=dict)

    @property
    def mean_ap(self) -> float:
        """Mean of ``ap`` over the thresholds."""
        return float(np.mean(list(self.ap.values())))

    @property
    def mean_ar(self) -> float:
        """Mean of ``ar`` over the thresholds."""
        return float(np.mean(list(self.ar.values())))

    @property
    def false_positives_per_frame(self) -> float:
        """False positives divided by frames."""
        return self.false_positives / self.frames if self.frames else 0.0

    def summary(self) -> dict[str, Any]:
        """Everything as plain numbers and dictionaries; NaN where undefined."""
        return {
            'ap': {str(threshold): value for threshold, value in self.ap.items()},
            'mean_ap': self.mean_ap,
            'ar': {str(threshold): value for threshold, value in self.ar.items()},
            'mean_ar': self.mean_ar,
            'recall_500mm': self.recall,
            'mpjpe_mm': self.mpjpe_mm,
            'missing_joints': self.missing_joints,
            'false_positives': self.false_positives,
            'false_positives_per_frame': self.false_positives_per_frame,
            'annotated_people': self.people,
            'predicted_people': self.predictions,
            'frames': self.frames,
            'joint_groups': {name: group.summary() for name, group in self.groups.items()},
        }


def match_poses(
    predictions: Sequence[np.ndarray],
    scores: Sequence[np.ndarray],
    truth: Sequence[np.ndarray],
    visible: Sequence[np.ndarray],
    thresholds: Sequence[int] = THRESHOLDS_MM,
) -> MatchingResult:
    """Compare predicted people with annotated ones over a set of frames.

    Args:
        predictions: Per frame (P, J, 3) mm; NaN where a joint is missing, P may be 0.
        scores: Per frame (P,); higher is better.
        truth: Per frame (G, J, 3) mm; G may be 0.
        visible: Per frame (G, J) bool. People without a visible joint are left out.
        thresholds: Distances in mm for AP and AR.

    Returns:
        The figures. AP, AR and recall are NaN where nobody is annotated, and 0 where
        people are annotated and nobody is predicted.

    Raises:
        InputError: Lengths or shapes do not fit together, or a score is NaN.
    """
    lengths = (len(predictions), len(scores), len(truth), len(visible))
    if len(set(lengths)) > 1:
        raise InputError(
            f'{len(predictions)} frames of predictions, {len(scores)} of scores, '
            f'{len(truth)} of truth and {len(visible)} of visibility; they must be as many',
            code='wrong-shape',
            found=lengths,
        )
    rows: list[Candidate] = []
    people = 0
    for frame, entry in enumerate(zip(predictions, scores, truth, visible)):
        poses, confidence, persons, seen = _checked(frame, *entry)
        known = np.flatnonzero(seen.any(-1))
        found = _candidates(poses, confidence, persons[known], seen[known], first=people)
        for p, row in enumerate(found):
            person = int(known[row[1] - people]) if len(known) else -1
            rows.append((*row, frame, p, person))
        people += len(known)
    # A stable sort: predictions of equal score stay in the order of their frames.
    rows.sort(key=lambda row: -row[0])
    table = np.array(rows).reshape(-1, 8)
    matched = table[_true_positives(table, FOUND_MM)]
    curves = {int(t): _average_precision(_true_positives(table, t), people) for t in thresholds}
    return MatchingResult(
        ap={threshold: curve[0] for threshold, curve in curves.items()},
        ar={threshold: curve[1] for threshold, curve in curves.items()},
        recall=len(matched) / people if people else float('nan'),
        mpjpe_mm=float(matched[:, 3].mean()) if len(matched) else float('nan'),
        missing_joints=float(matched[:, 4].mean()) if len(matched) else 0.0,
        false_positives=len(table) - len(matched),
        people=people,
        predictions=len(table),
        frames=len(predictions),
        pairs=matched[:, 5:].astype(int),
    )


def _checked(
    frame: int, poses: np.ndarray, scores: np.ndarray, persons: np.ndarray, seen: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """One frame's arrays, of fitting shapes; nothing that is NaN is visible."""
    poses, persons = np.asarray(poses, np.float64), np.asarray(persons, np.float64)
    scores, seen = np.asarray(scores, np.float64), np.asarray(seen, bool)
    if (
        poses.ndim != 3
        or persons.ndim != 3
        or poses.shape[1:] != persons.shape[1:]
        or poses.shape[-1] != 3
        or seen.shape != persons.shape[:2]
        or scores.shape != poses.shape[:1]
    ):
        raise InputError(
            f'frame {frame}: expected poses (P, J, 3), scores (P,), truth (G, J, 3) and '
            f'visible (G, J), got {poses.shape}, {scores.shape}, {persons.shape}, {seen.shape}',
            code='wrong-shape',
            frame=frame,
            found=(poses.shape, scores.shape, persons.shape, seen.shape),
        )
    if np.isnan(scores).any():
        raise InputError(
            f'frame {frame}: a score is NaN; give every prediction a number',
            code='not-finite',
            frame=frame,
        )
    seen = seen & np.isfinite(persons).all(-1)
    return poses, scores, persons, seen


def _candidates(
    poses: np.ndarray, scores: np.ndarray, persons: np.ndarray, seen: np.ndarray, first: int
) -> list[tuple[float, int, float, float, float]]:
    """Per prediction: score, its nearest person, distance, error and share of joints missing."""
    if not len(poses):
        return []
    if not len(persons):
        return [(float(score), -1, np.inf, np.nan, 1.0) for score in scores]
    distance, error = pose_distances(poses, persons, seen)
    has = np.isfinite(poses).all(-1)
    missing = 1 - (seen[:, None] & has[None]).sum(-1) / seen.sum(-1)[:, None]
    nearest = distance.argmin(0)
    return [
        (float(scores[p]), first + g, distance[g, p], error[g, p], missing[g, p])
        for p, g in enumerate(nearest)
    ]


def _true_positives(table: np.ndarray, threshold: float) -> np.ndarray:
    """(N,) bool, rows sorted by score: the first row of each person below the threshold."""
    near = np.flatnonzero(table[:, 2] < threshold)
    _, first = np.unique(table[near, 1], return_index=True)
    hits = np.zeros(len(table), dtype=bool)
    hits[near[first]] = True
    return hits


def _average_precision(hits: np.ndarray, people: int) -> tuple[float, float]:
    """Area under the precision envelope over recall, and the final recall."""
    if not people:
        return float('nan'), float('nan')
    true_positives = np.cumsum(hits)
    precision = true_positives / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(envelope[hits].sum() / people), float(hits.sum() / people)
