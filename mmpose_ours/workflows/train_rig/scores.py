"""F1 scores of 3D poses, and confidence intervals of the difference of two models.

The score is F1 = 2 TP / (annotated + predicted) over joints, so that misses and false positives
have the same cost. The difference of two models on the same frames has an interval by the
moving-block bootstrap (Kuensch 1989), which resamples blocks of consecutive frames, because their
errors are correlated.
"""

from __future__ import annotations

import dataclasses
from typing import Mapping, Sequence

import numpy as np

from mmpose_ours.association.epipolar import MIN_SCORE
from mmpose_ours.evaluation.distance import FOUND_MM
from mmpose_ours.evaluation.without_truth.scores import EvaluatedFrame
from mmpose_ours.evaluation.without_truth.support import find_support
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.predictions.reading import FrameId, Predictions

# A joint is a true positive within this distance of the true joint, or within this fraction of the
# longer side of the 2D detection's bounding box (17 cm for a standing person).
MATCH_MM, MATCH_SHARE = 100.0, 0.1
BOOTSTRAP_SAMPLES, CONFIDENCE = 2000, 0.95
# Blocks are made shorter until the frames have at least so many.
MIN_BLOCKS = 10


@dataclasses.dataclass(frozen=True, eq=False)
class Tally:
    """Numbers of joints in each of N frames.

    Args:
        true_positives: (N,) predicted joints that match an annotated one.
        annotated: (N,) ground truth joints, or joints detected in the left-out camera.
        predicted: (N,) joints that a model predicts.
    """

    true_positives: np.ndarray
    annotated: np.ndarray
    predicted: np.ndarray

    def score(self, rows: np.ndarray | None = None) -> np.ndarray:
        """The F1 score, 0 to 1, NaN if nothing is annotated or predicted.

        Args:
            rows: (..., n) indices of frames, summed over n; None means all frames.
        """
        rows = np.arange(len(self.true_positives)) if rows is None else rows
        counts = self.true_positives, self.annotated, self.predicted
        true_positives, annotated, predicted = (count[rows].sum(-1) for count in counts)
        with np.errstate(invalid='ignore', divide='ignore'):
            return 2 * true_positives / (annotated + predicted)


@dataclasses.dataclass(frozen=True)
class Difference:
    """Difference of the scores of two models on the same frames.

    Args:
        points: The difference in percentage points.
        low: Lower end of its 95 % confidence interval.
        high: Upper end.
        frames: Number of frames.
    """

    points: float
    low: float
    high: float
    frames: int

    @property
    def better(self) -> bool:
        """Whether the first model is significantly better."""
        return self.low > 0

    @property
    def worse(self) -> bool:
        """Whether the first model is significantly worse."""
        return self.high < 0


def difference(one: Tally, other: Tally, block: int = 1, seed: int = 0) -> Difference:
    """Compare two models.

    Args:
        one: Joints of N frames by the first.
        other: The same frames by the second.
        block: Number of consecutive frames with correlated errors; reduced for few frames.
        seed: Random seed of the bootstrap.

    Returns:
        The difference of ``one`` from ``other``; NaN where there is nothing to compare.
    """
    count = len(one.true_positives)
    assert count == len(other.true_positives), 'the same frames'
    points = 100 * float(one.score() - other.score()) if count else float('nan')
    if not np.isfinite(points):
        return Difference(float('nan'), float('nan'), float('nan'), count)
    block = max(1, min(block, count // MIN_BLOCKS))
    pieces = -(-count // block)
    starts = np.random.default_rng(seed).integers(0, count - block + 1, (BOOTSTRAP_SAMPLES, pieces))
    rows = (starts[..., None] + np.arange(block)).reshape(BOOTSTRAP_SAMPLES, -1)[:, :count]
    drawn = 100 * (one.score(rows) - other.score(rows))
    low, high = np.nanquantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Difference(points, float(low), float(high), count)


def against_truth(truth: Predictions, found: Predictions) -> tuple[Tally, dict[str, float]]:
    """Compare predictions with ground truth; NaN is a missing joint.

    Returns:
        The numbers of joints, and ``people_found`` (fraction of the ground truth people within
        500 mm of a prediction), ``error_mm`` (mean joint error of these) and
        ``false_positives_per_frame``.
    """
    # scipy.optimize takes a quarter of a second to import.
    from scipy.optimize import linear_sum_assignment

    rows, errors = [], [np.zeros(0)]
    seen = people = false_positives = 0
    for frame, people_there in truth.frames.items():
        true = people_there.xyz_mm
        true = true[np.isfinite(true).any((1, 2))]
        poses = found.of(frame).xyz_mm
        distance = np.linalg.norm(poses[:, None] - true, axis=-1)  # (P, G, J)
        annotated = np.isfinite(true).all(-1)
        # A missing joint has the largest distance.
        capped = np.where(np.isfinite(distance), np.minimum(distance, FOUND_MM), FOUND_MM)
        mean = np.where(annotated, capped, 0.0).sum(-1) / np.maximum(annotated.sum(-1), 1)
        pairs = [(p, g) for p, g in zip(*linear_sum_assignment(mean)) if mean[p, g] < FOUND_MM]
        near = [distance[p, g][np.isfinite(distance[p, g])] for p, g in pairs]
        errors += near
        true_positives = sum(int((values <= MATCH_MM).sum()) for values in near)
        # A predicted joint without ground truth of a matched person is not counted.
        unknown = sum(int((~annotated[g] & np.isfinite(poses[p]).all(-1)).sum()) for p, g in pairs)
        rows.append(
            (true_positives, int(annotated.sum()), int(np.isfinite(poses).all(-1).sum()) - unknown)
        )
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
    """Compare the projections of predictions with the detections of a left-out camera.

    Args:
        left_out: By camera, the same frames with the poses predicted without it; their rigs
            and keypoints are those of all cameras.

    Returns:
        The numbers of joints of each frame, summed over the cameras. A joint that no detection has
        does not count: the keypoints are of a smaller skeleton.
    """
    frames = [frame for some in left_out.values() for frame in some]
    known = np.any([(f.keypoints[..., 2] > MIN_SCORE).any((0, 1)) for f in frames], axis=0)
    counted = [[_seen_by(frame, name, known) for frame in some] for name, some in left_out.items()]
    return _tally(np.sum(counted, axis=0) if counted else [])


def _seen_by(frame: EvaluatedFrame, camera: str, known: np.ndarray) -> tuple[int, int, int]:
    """Numbers of true positives, detected and predicted joints in one view, of (J,) known ones."""
    rig, view = frame.rig.select([camera]), frame.rig.names.index(camera)
    keypoints = frame.keypoints[[view]]
    support = find_support(rig, frame.poses, keypoints)
    uv, valid = rig.project(frame.poses)
    near = support.error_px[0] <= MATCH_SHARE * support.box_px[0][:, None]
    inside = valid[0] & rig[camera].in_image(uv[0]) & support.due[0][:, None]
    detected = int((keypoints[..., 2] > MIN_SCORE).sum())
    # Of a truncated person only the joints inside the image are counted.
    return int((near & known).sum()), detected, int(((inside | near) & known).sum())


def frames_of(
    found: Predictions, seen: Mapping[FrameId, np.ndarray], rig: CameraRig
) -> list[EvaluatedFrame]:
    """3D poses and (V, D, J, 3) 2D keypoints of the same frames, side by side."""
    return [EvaluatedFrame(frame, rig, found.of(frame).xyz_mm, seen[frame]) for frame in seen]


def _tally(rows: Sequence) -> Tally:
    columns = np.asarray(rows, dtype=float).reshape(-1, 3).T
    return Tally(*columns)
