"""Removal of duplicate detections: the same person reported twice in one view.

A detector that reports a person twice often fits the second skeleton into a part of the first: a
whole body into two legs. The same joints of the two are then far apart, so that OKS and box overlap
are small. But the joints of the duplicate lie on the limbs of the person.

In two recordings with MediaPipe's duplicates, 34 % of the pairs of detections have a mean
joint-to-limb distance below 6 % of the larger one's size; in three with OpenPose's detections of
several people, 0.2 % have.
"""

from __future__ import annotations

from typing import Mapping

import numpy as np

from mmpose_ours.structures.skeletons import SKELETONS

# Largest mean distance of a duplicate's joints from the nearest limbs of the person, as a share of
# the person's size in the image.
MAX_DISTANCE = 0.06
# Joints whose score is not above this count as missing.
MIN_SCORE = 0.1
_COCO = SKELETONS['coco17']
# (L, 2) joints at the ends of limbs and of the two diagonals of the trunk.
_LIMBS = np.array(
    [
        _COCO.index(*pair)
        for pair in (
            *_COCO.limbs,
            ('left_shoulder', 'right_hip'),
            ('right_shoulder', 'left_hip'),
        )
    ]
)


def distinct_detections(people: np.ndarray) -> np.ndarray:
    """Indices of the detections of one view that are no duplicates.

    Args:
        people: (P, 17, 3) ``u, v, score``, COCO-17.

    Returns:
        (K,) ascending indices. Of a person and their duplicate the larger and more certain one is
        kept. Detections of another skeleton are all kept.
    """
    people = np.asarray(people, dtype=np.float64)
    if len(people) < 2 or people.shape[1] != len(_COCO.joints):
        return np.arange(len(people))
    found = (people[..., 2] > MIN_SCORE) & np.isfinite(people[..., :2]).all(-1)
    uv = np.where(found[..., None], people[..., :2], np.nan)
    low = np.where(found[..., None], uv, np.inf).min(1)
    high = np.where(found[..., None], uv, -np.inf).max(1)
    size = np.linalg.norm(np.where(found.any(1)[:, None], high - low, 0.0), axis=-1)
    rank = size * np.where(found, people[..., 2], 0.0).sum(1)
    # The joints of a duplicate lie inside the bounding box of the person, but for the tolerance.
    margin = 2 * MAX_DISTANCE * size[:, None]
    with np.errstate(invalid='ignore'):
        middle = 0.5 * (low + high)
        inside = ((middle[:, None] >= low - margin) & (middle[:, None] <= high + margin)).all(-1)
    kept: list[int] = []
    for index in np.argsort(-rank, kind='stable'):
        if not any(
            inside[index, other]
            and _joint_to_limb_distance(uv[index], uv[other]) <= MAX_DISTANCE * size[other]
            for other in kept
        ):
            kept.append(int(index))
    return np.sort(np.array(kept, dtype=int))


def without_duplicates(views: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The detections of one frame without duplicates.

    Args:
        views: Camera name to (P, 17, 3) ``u, v, score``.
    """
    return {name: people[distinct_detections(people)] for name, people in views.items()}


def _joint_to_limb_distance(joints: np.ndarray, person: np.ndarray) -> float:
    """Mean distance in pixels of joints from the nearest limbs of a person.

    Args:
        joints: (J, 2) pixels, NaN for missing joints.
        person: (J, 2) likewise.

    Returns:
        Infinite without joints or limbs.
    """
    start = person[_LIMBS[:, 0]]
    along = person[_LIMBS[:, 1]] - start
    known = np.isfinite(along).all(-1)
    joints = joints[np.isfinite(joints).all(-1)]
    if not known.any() or not len(joints):
        return float('inf')
    start, along = start[known], along[known]
    offset = joints[:, None] - start  # (J, L, 2)
    length2 = np.maximum((along**2).sum(-1), 1e-9)
    share = ((offset * along).sum(-1) / length2).clip(0, 1)
    off = offset - share[..., None] * along
    return float(np.sqrt((off**2).sum(-1).min(-1)).mean())
