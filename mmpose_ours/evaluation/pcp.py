"""Percentage of correct parts (PCP) on Campus and Shelf, as published.

Belagiannis et al., "3D Pictorial Structures for Multiple Human Pose Estimation",
CVPR 2014, in the form that later papers use. Frames without a prediction are **not** skipped:
all ten parts of each person annotated there are wrong.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Sequence

import numpy as np

from mmpose_ours.errors import InputError
from mmpose_ours.evaluation.distance import FOUND_MM, pose_distances
from mmpose_ours.structures.skeletons import SKELETONS

# Nine limbs and the torso: the group that published tables put it in, and its two ends.
PARTS = (
    ('lower legs', 'right_ankle', 'right_knee'),
    ('upper legs', 'right_knee', 'right_hip'),
    ('upper legs', 'left_hip', 'left_knee'),
    ('lower legs', 'left_knee', 'left_ankle'),
    ('lower arms', 'right_wrist', 'right_elbow'),
    ('upper arms', 'right_elbow', 'right_shoulder'),
    ('upper arms', 'left_shoulder', 'left_elbow'),
    ('lower arms', 'left_elbow', 'left_wrist'),
    ('head', 'bottom_head', 'top_head'),
    ('torso', 'mid_hip', 'bottom_head'),
)
GROUPS = ('head', 'torso', 'upper arms', 'lower arms', 'upper legs', 'lower legs')
ALPHA = 0.5

_JOINTS = SKELETONS['campus14']
# The middle of the hips is put behind the fourteen joints.
_ENDS = np.array(
    [
        [len(_JOINTS) if name == 'mid_hip' else _JOINTS.index(name)[0] for name in part[1:]]
        for part in PARTS
    ]
)


@dataclasses.dataclass(frozen=True, eq=False)
class PCPResult:
    """Counts of one evaluation and the figures that follow from them.

    Args:
        correct: (A, 10) correct parts per actor and entry of :data:`PARTS`.
        total: (A, 10) annotated parts.
        actors: Indices of the actors that the average is taken over.
        unmatched: (F,) predictions per frame that are not matched with an annotated person.
        annotated: Annotated people, summed over frames and actors.
        found: Those with a prediction within 500 mm.
        error_mm: Mean joint error of the people found; NaN if there is none.
        empty_frames: Frames with annotated people and not one prediction.
    """

    correct: np.ndarray
    total: np.ndarray
    actors: tuple[int, ...]
    unmatched: np.ndarray
    annotated: int
    found: int
    error_mm: float
    empty_frames: int

    @property
    def per_actor(self) -> np.ndarray:
        """(A,) percent; NaN for an actor who is annotated in none of the frames."""
        return _percent(self.correct.sum(1), self.total.sum(1))

    @property
    def average(self) -> float:
        """Mean percent over those of ``actors`` who are annotated."""
        return _mean(self.per_actor[list(self.actors)])

    @property
    def per_group(self) -> dict[str, np.ndarray]:
        """(A,) percent for each of :data:`GROUPS`."""
        figures = {}
        for group in GROUPS:
            columns = [i for i, part in enumerate(PARTS) if part[0] == group]
            correct, total = self.correct[:, columns].sum(1), self.total[:, columns].sum(1)
            figures[group] = _percent(correct, total)
        return figures

    @property
    def recall(self) -> float:
        """Share of annotated people with a prediction within 500 mm."""
        return self.found / self.annotated if self.annotated else float('nan')

    @property
    def unmatched_per_frame(self) -> float:
        """Mean number of unmatched predictions per frame."""
        return float(self.unmatched.mean()) if len(self.unmatched) else 0.0

    def summary(self) -> dict[str, Any]:
        """Everything as plain numbers, lists and dictionaries; NaN where undefined."""
        actors = list(self.actors)
        groups = self.per_group
        return {
            'pcp': self.average,
            'actors': [
                {
                    'actor': index + 1,
                    'pcp': float(percent),
                    'correct': int(self.correct[index].sum()),
                    'total': int(self.total[index].sum()),
                    'groups': {name: float(figures[index]) for name, figures in groups.items()},
                }
                for index, percent in enumerate(self.per_actor)
            ],
            'averaged_actors': [index + 1 for index in actors],
            'groups': {name: _mean(figures[actors]) for name, figures in groups.items()},
            'frames': len(self.unmatched),
            'empty_frames': self.empty_frames,
            'annotated_people': self.annotated,
            'recall_500mm': self.recall,
            'error_mm': self.error_mm,
            'unmatched': int(self.unmatched.sum()),
            'unmatched_per_frame': self.unmatched_per_frame,
        }


def pcp(
    predictions: Sequence[np.ndarray],
    truth: np.ndarray,
    actors: Sequence[int] = (0, 1, 2),
    alpha: float = ALPHA,
) -> PCPResult:
    """Compare predicted people with annotated ones, frame by frame.

    Each annotated person is judged by the nearest prediction of the frame (mean joint
    distance; two people may share one). A part is right if the mean error of its two ends
    is at most ``alpha`` times its annotated length. A part with an end that the prediction
    lacks is wrong; a part with an end that is not annotated is not counted.

    Args:
        predictions: Per frame (P, 14, 3) mm in the skeleton ``campus14``; P may be 0 and
            missing joints are NaN.
        truth: (F, A, 14, 3) mm; NaN where an actor or joint is not annotated.
        actors: Whom the average is taken over; all A are counted.
        alpha: Tolerance as a share of the part's length.

    Returns:
        The counts and what follows from them.

    Raises:
        InputError: A shape does not fit, or there is no such actor.
    """
    truth = np.asarray(truth, dtype=np.float64)
    if truth.ndim != 4 or truth.shape[2:] != (len(_JOINTS), 3):
        raise InputError(
            f'truth must be (frames, actors, 14, 3), got {truth.shape}',
            code='wrong-shape',
            found=truth.shape,
            expected=('F', 'A', len(_JOINTS), 3),
        )
    if len(predictions) != len(truth):
        raise InputError(
            f'{len(predictions)} frames of predictions for {len(truth)} of truth',
            code='wrong-shape',
            found=len(predictions),
            expected=len(truth),
        )
    absent = [index for index in actors if not 0 <= index < truth.shape[1]]
    if absent:
        raise InputError(
            f'no actor {absent[0]} among {truth.shape[1]}; actors count from 0',
            code='out-of-range',
            found=absent[0],
            expected=(0, truth.shape[1] - 1),
        )

    visible = np.isfinite(truth).all(-1)
    ends, length = _part_ends(truth)
    total = np.isfinite(length)
    correct = np.zeros(total.shape, dtype=bool)
    unmatched = np.zeros(len(truth), dtype=int)
    errors: list[float] = []
    empty = 0
    for frame, poses in enumerate(predictions):
        poses = np.asarray(poses, dtype=np.float64)
        if poses.ndim != 3 or poses.shape[1:] != (len(_JOINTS), 3):
            raise InputError(
                f'frame {frame}: predictions must be (P, 14, 3), got {poses.shape}',
                code='wrong-shape',
                frame=frame,
                found=poses.shape,
                expected=('P', len(_JOINTS), 3),
            )
        people = np.flatnonzero(visible[frame].any(-1))
        if not len(poses):
            empty += bool(len(people))
            continue
        distance, error = pose_distances(poses, truth[frame], visible[frame])
        claimed = set()
        for person in people:
            nearest = int(distance[person].argmin())
            if np.isinf(distance[person, nearest]):
                continue
            off = np.linalg.norm(_part_ends(poses[nearest])[0] - ends[frame, person], axis=-1)
            correct[frame, person] = off.mean(-1) <= alpha * length[frame, person]
            if distance[person, nearest] < FOUND_MM:
                claimed.add(nearest)
                errors.append(float(error[person, nearest]))
        unmatched[frame] = len(poses) - len(claimed)
    return PCPResult(
        correct=correct.sum(0),
        total=total.sum(0),
        actors=tuple(actors),
        unmatched=unmatched,
        annotated=int(visible.any(-1).sum()),
        found=len(errors),
        error_mm=_mean(np.array(errors)),
        empty_frames=empty,
    )


def _part_ends(poses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(..., 14, 3) poses to the parts' ends (..., 10, 2, 3) and lengths (..., 10)."""
    with_hip = np.concatenate([poses, _JOINTS.root_of(poses)[..., None, :]], axis=-2)
    ends = with_hip[..., _ENDS, :]
    return ends, np.linalg.norm(ends[..., 0, :] - ends[..., 1, :], axis=-1)


def _percent(correct: np.ndarray, total: np.ndarray) -> np.ndarray:
    return np.where(total > 0, 100.0 * correct / np.maximum(total, 1), np.nan)


def _mean(values: np.ndarray) -> float:
    """Mean of the finite values as a plain float; NaN, and no warning, for none."""
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else float('nan')
