"""Which of the poses that a model has found are reported."""

from __future__ import annotations

import math
from typing import Any, Sequence

import numpy as np

from mmpose_ours.datasets.data_sample import MultiviewDataSample
from mmpose_ours.geometry.volume import CaptureVolume

# Largest numbers of poses per frame that are compared with each other, and that are reported.
MAX_COMPARED, MAX_REPORTED = 500, 100


def choose_people(
    poses: np.ndarray,
    rank: np.ndarray,
    good: np.ndarray,
    space: CaptureVolume,
    root: Sequence[int],
    duplicate_mm: float,
    margin_mm: float,
) -> np.ndarray:
    """Choose the poses of one frame: inside the capture volume, without duplicates.

    Args:
        poses: (N, J, 3) mm, finite, relative to the middle of the capture volume.
        rank: (N,) poses are compared in descending order of this.
        good: (N,) bool, which poses may be reported at all.
        space: The capture volume.
        root: Indices of the joints whose mean is a person's position.
        duplicate_mm: Of two poses with a smaller mean joint distance the lower-ranked one is
            dropped.
        margin_mm: People farther outside the capture volume than this are dropped; infinite keeps
            all.

    Returns:
        Indices of the chosen poses in descending order of rank, at most :data:`MAX_REPORTED`.
    """
    if margin_mm < math.inf:
        limit = np.array(space.size_mm) / 2 + margin_mm
        good = good & (np.abs(poses[:, root].mean(1)) <= limit).all(-1)
    order = np.argsort(-rank, kind='stable')
    order = order[good[order]][:MAX_COMPARED]
    return order[drop_duplicates(poses[order], duplicate_mm)[:MAX_REPORTED]]


def rows_of_samples(sample: np.ndarray, count: int) -> list[slice]:
    """The rows of each of ``count`` samples, from the ascending sample (N,) of each row."""
    edges = np.searchsorted(sample, np.arange(count + 1)).tolist()
    return [slice(*pair) for pair in zip(edges, edges[1:])]


def drop_duplicates(poses: np.ndarray, limit_mm: float) -> list[int]:
    """Indices of the poses that are kept, of poses (N, J, 3) in descending order of rank.

    A pose with a mean joint distance below ``limit_mm`` from a kept pose before it is dropped.
    """
    distance = np.sqrt(np.square(poses[:, None] - poses[None]).sum(-1)).mean(-1).tolist()
    kept: list[int] = []
    for index in range(len(poses)):
        if all(distance[index][other] >= limit_mm for other in kept):
            kept.append(index)
    return kept


def record_best_score(data_sample: MultiviewDataSample, scores: Any, threshold: float) -> None:
    """Write the best score (of N, before any is dropped) and the threshold into a data sample.

    The diagnosis of a run that finds nobody reads them: ``best_score`` and ``score_threshold``.
    """
    best = float(scores.max()) if len(scores) else 0.0
    data_sample.set_metainfo(dict(best_score=best, score_threshold=threshold))
