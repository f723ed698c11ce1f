"""How good 3D poses are, frame by frame, and what can be determined of a difference.

One score says it all: the share of joints that are right, of those that are due and those that
are claimed (the F1 score, or Dice's coefficient), so that people who are missed cost as much as
people who are not there. A difference of two models on the same frames gets an interval by
the moving-block bootstrap (Kuensch 1989): whole runs of neighbouring frames are drawn, because
neighbours err alike.
"""

from __future__ import annotations

import dataclasses
from typing import Mapping, Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from mmpose_ours.association.epipolar import MIN_SCORE
from mmpose_ours.evaluation.distance import FOUND_MM
from mmpose_ours.evaluation.without_truth.scores import EvaluatedFrame
from mmpose_ours.evaluation.without_truth.support import find_support
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.predictions.reading import FrameId, Predictions

# A joint is right within so many millimetres of the true one, or within this share of the 2D
# person's box of the detected one (17 cm on somebody who stands upright).
RIGHT_MM, RIGHT_SHARE = 100.0, 0.1
DRAWS, CONFIDENCE = 2000, 0.95
FEWEST_BLOCKS = 10


@dataclasses.dataclass(frozen=True, eq=False)
class Tally:
    """Joints of N frames.

    Args:
        right: (N,) joints that are where they are due.
        due: (N,) joints that are to be found.
        claimed: (N,) joints that a model says are there.
    """

    right: np.ndarray
    due: np.ndarray
    claimed: np.ndarray

    def score(self, rows: np.ndarray | None = None) -> np.ndarray:
        """The F1 score, 0 to 1, NaN where there is nobody and nobody is claimed.

        Args:
            rows: (..., n) frames to take; None takes all of them once.
        """
        rows = np.arange(len(self.right)) if rows is None else rows
        right, due, claimed = (a[rows].sum(-1) for a in (self.right, self.due, self.claimed))
        with np.errstate(invalid='ignore', divide='ignore'):
            return 2 * right / (due + claimed)


@dataclasses.dataclass(frozen=True)
class Difference:
    """How much better one model's score is than another's on the same frames.

    Args:
        points: The difference in hundredths.
        low: Lower end of the interval that holds it with 95 per cent confidence.
        high: Upper end.
        frames: How many were compared.
    """

    points: float
    low: float
    high: float
    frames: int

    @property
    def better(self) -> bool:
        """Whether it is better beyond doubt."""
        return self.low > 0

    @property
    def worse(self) -> bool:
        """Whether it is worse beyond doubt."""
        return self.high < 0


def difference(one: Tally, other: Tally, block: int = 1, seed: int = 0) -> Difference:
    """Compare two models.

    Args:
        one: Joints of N frames by the first.
        other: The same frames by the second.
        block: How many neighbouring frames err alike; made smaller where there are too few.
        seed: Of the draws.

    Returns:
        The difference of ``one`` from ``other``; NaN where there is nothing to compare.
    """
    count = len(one.right)
    assert count == len(other.right), 'the same frames'
    points = 100 * float(one.score() - other.score()) if count else float('nan')
    if not np.isfinite(points):
        return Difference(float('nan'), float('nan'), float('nan'), count)
    block = max(1, min(block, count // FEWEST_BLOCKS))
    pieces = -(-count // block)
    starts = np.random.default_rng(seed).integers(0, count - block + 1, (DRAWS, pieces))
    rows = (starts[..., None] + np.arange(block)).reshape(DRAWS, -1)[:, :count]
    drawn = 100 * (one.score(rows) - other.score(rows))
    low, high = np.nanquantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Difference(points, float(low), float(high), count)


def against_truth(truth: Predictions, found: Predictions) -> tuple[Tally, dict[str, float]]:
    """Hold people (P, J, 3) mm against true ones (G, J, 3), NaN where a joint is unknown.

    Returns:
        The joints, and figures: ``people_found`` (0 to 1, within 500 mm), ``error_mm`` (mean
        over the joints of those found), ``false_positives_per_frame``.
    """
    rows, errors = [], [np.zeros(0)]
    seen = people = false_positives = 0
    for frame, people_there in truth.frames.items():
        true = people_there.xyz_mm
        true = true[np.isfinite(true).any((1, 2))]
        poses = found.of(frame).xyz_mm
        distance = np.linalg.norm(poses[:, None] - true, axis=-1)  # (P, G, J)
        due = np.isfinite(true).all(-1)
        # Somebody without a joint costs as much as somebody who is missed.
        capped = np.where(np.isfinite(distance), np.minimum(distance, FOUND_MM), FOUND_MM)
        mean = np.where(due, capped, 0.0).sum(-1) / np.maximum(due.sum(-1), 1)
        pairs = [(p, g) for p, g in zip(*linear_sum_assignment(mean)) if mean[p, g] < FOUND_MM]
        near = [distance[p, g][np.isfinite(distance[p, g])] for p, g in pairs]
        errors += near
        right = sum(int((values <= RIGHT_MM).sum()) for values in near)
        # A joint that nobody knows the truth of is no wrong claim.
        unknown = sum(int((~due[g] & np.isfinite(poses[p]).all(-1)).sum()) for p, g in pairs)
        rows.append((right, int(due.sum()), int(np.isfinite(poses).all(-1).sum()) - unknown))
        seen, people, false_positives = (
            seen + len(pairs),
            people + len(true),
            false_positives + len(poses) - len(pairs),
        )
    error = np.concatenate(errors)
    return _tally(rows), {
        'people_found': seen / people if people else float('nan'),
        'error_mm': float(error.mean()) if len(error) else float('nan'),
        'false_positives_per_frame': false_positives / max(len(rows), 1),
    }


def against_views(left_out: Mapping[str, Sequence[EvaluatedFrame]]) -> Tally:
    """Hold people against the 2D keypoints of a camera that they were found without.

    Args:
        left_out: By camera, the same frames with the poses found without it; their rigs and
            keypoints are those of all cameras.

    Returns:
        The joints of each frame, over all cameras.
    """
    counted = [[_seen_by(frame, name) for frame in some] for name, some in left_out.items()]
    return _tally(np.sum(counted, axis=0) if counted else [])


def _seen_by(frame: EvaluatedFrame, camera: str) -> tuple[int, int, int]:
    """Joints right, due and claimed in one view."""
    rig, view = frame.rig.select([camera]), frame.rig.names.index(camera)
    keypoints = frame.keypoints[[view]]
    support = find_support(rig, frame.poses, keypoints)
    uv, valid = rig.project(frame.poses)
    near = support.error_px[0] <= RIGHT_SHARE * support.box_px[0][:, None]
    inside = valid[0] & rig[camera].in_image(uv[0]) & support.due[0][:, None]
    due = int((keypoints[..., 2] > MIN_SCORE).sum())
    # Somebody at the image's edge is judged by what the view shows of them.
    return int(near.sum()), due, int((inside | near).sum())


def frames_of(
    found: Predictions, seen: Mapping[FrameId, np.ndarray], rig: CameraRig
) -> list[EvaluatedFrame]:
    """3D poses and (V, D, J, 3) 2D keypoints of the same frames, side by side."""
    return [EvaluatedFrame(frame, rig, found.of(frame).xyz_mm, seen[frame]) for frame in seen]


def _tally(rows: Sequence) -> Tally:
    columns = np.asarray(rows, dtype=float).reshape(-1, 3).T
    return Tally(*columns)
