"""Whom to report of everybody that a model has found."""

from __future__ import annotations

from typing import Sequence

from torch import Tensor

from mmpose_ours.datasets.data_sample import MultiviewDataSample
from mmpose_ours.geometry.volume import CaptureVolume

# More candidates than these are not compared with each other, and more people not reported.
MOST_COMPARED, MOST_REPORTED = 500, 100


def choose_people(
    poses: Tensor,
    rank: Tensor,
    good: Tensor,
    space: CaptureVolume,
    root: Sequence[int],
    duplicate_mm: float,
    margin_mm: float,
) -> Tensor:
    """Choose the people of one frame.

    Args:
        poses: (N, J, 3) mm, relative to the middle of the space.
        rank: (N,) the best people have the highest.
        good: (N,) bool, who may be reported at all.
        space: Where people are looked for.
        root: Indices of the joints whose mean is a person's place.
        duplicate_mm: Of two poses with a smaller mean joint distance the lower one is dropped.
        margin_mm: People farther outside the space than this are dropped; infinite keeps
            everybody whom the cameras see.

    Returns:
        (P,) rows, best first; the best :data:`MOST_REPORTED` where there are more.
    """
    reach = poses.new_tensor(space.size_mm) / 2 + margin_mm
    inside = (poses[:, root].mean(1).abs() <= reach).all(-1)
    order = rank.argsort(descending=True)
    order = order[(good & inside)[order]][:MOST_COMPARED]
    return order[without_duplicates(poses[order], duplicate_mm)[:MOST_REPORTED]]


def without_duplicates(poses: Tensor, limit_mm: float) -> list[int]:
    """Indices of poses (P, J, 3), best first, that are not a better one's double."""
    distance = (poses[:, None] - poses[None]).norm(dim=-1).mean(-1).tolist()
    kept: list[int] = []
    for person in range(len(poses)):
        if all(distance[person][other] >= limit_mm for other in kept):
            kept.append(person)
    return kept


def tell_scores(data_sample: MultiviewDataSample, scores: Tensor, least: float) -> None:
    """Leave word of the best score, of people who are dropped too, and of what is needed."""
    best = float(scores.max()) if len(scores) else 0.0
    data_sample.set_metainfo(dict(best_score=best, least_score=least))
