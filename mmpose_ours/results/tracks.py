"""Who is who over time: predicted people linked from frame to frame by nearest distance."""

from __future__ import annotations

from typing import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

# Nobody moves farther between two frames (a sprint at 15 frames per second).
MAX_STEP_MM = 500.0
# Somebody who is not found for so many frames comes back as somebody else.
PATIENCE = 5


def link_people(
    poses: Sequence[np.ndarray], max_step_mm: float = MAX_STEP_MM, patience: int = PATIENCE
) -> list[np.ndarray]:
    """Give every person of every frame the number of a track.

    Args:
        poses: Per frame (P, J, 3) mm in the order of time; NaN where a joint is missing.
        max_step_mm: Largest mean distance, over the joints known in both, between a person
            and where the track was last.
        patience: Frames that a track outlives without being found.

    Returns:
        Per frame (P,) numbers of tracks, each at most once. Pairs are chosen so that the
        summed distance is least.
    """
    last: dict[int, tuple[int, np.ndarray]] = {}  # track -> frame and pose
    numbers, begun = [], 0
    for frame, people in enumerate(poses):
        last = {t: (f, pose) for t, (f, pose) in last.items() if frame - f <= patience + 1}
        tracks = list(last)
        number = np.full(len(people), -1)
        if tracks and len(people):
            known = np.stack([pose for _, pose in last.values()])
            distance = _distances(known, people)
            near = distance < max_step_mm
            # What is too far costs more than all near pairs together.
            cost = np.where(near, distance, max_step_mm * (1 + min(near.shape)))
            for row, person in zip(*linear_sum_assignment(cost)):
                if near[row, person]:
                    number[person] = tracks[row]
        for person in np.flatnonzero(number < 0):
            number[person], begun = begun, begun + 1
        last.update({int(t): (frame, pose) for t, pose in zip(number, people)})
        numbers.append(number)
    return numbers


def _distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(N, J, 3) and (P, J, 3): (N, P) mean distances, infinite without a common joint."""
    per_joint = np.linalg.norm(first[:, None] - second, axis=-1)
    known = np.isfinite(per_joint)
    count = known.sum(-1)
    mean = np.where(known, per_joint, 0.0).sum(-1) / np.maximum(count, 1)
    return np.where(count > 0, mean, np.inf)
