"""Joints of files that name each of them."""

from __future__ import annotations

from typing import Sequence

import numpy as np

from mmpose_ours.io.json_values import Place
from mmpose_ours.structures.metainfo import skeleton_of
from mmpose_ours.structures.skeleton import Skeleton


def skeleton_of_names(names: Sequence[str], tool: str, place: Place) -> Skeleton:
    """The skeleton of joints by their names, one that this package knows where it is the same.

    Args:
        names: Of the joints, in the file's order.
        tool: The name of a new skeleton.
        place: Where they stand.

    Raises:
        FileFormatError: A name comes twice, is empty or too long, or there are too many.
    """
    metainfo = {'dataset_name': tool, 'keypoint_id2name': dict(enumerate(names))}
    return skeleton_of(metainfo, place)


def scored(uv: np.ndarray, scores: np.ndarray | None = None) -> np.ndarray:
    """Joints (J, 3) of coordinates (J, 2) and, where the tool has any, scores (J,).

    A joint with a coordinate or a score of NaN is missing. Without scores, or where all of them
    are NaN, as in labels, every joint with coordinates counts as found.
    """
    found = np.isfinite(uv).all(-1)
    if scores is None or np.isnan(scores).all():
        scores = np.ones(len(uv))
    values = np.where(found, scores, 0.0)
    return np.concatenate([np.where(found[:, None], uv, 0.0), values[:, None]], axis=1)
