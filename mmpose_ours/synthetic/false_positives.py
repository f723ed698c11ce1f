"""Detections beside the right ones: false positives, duplicates, split detections."""

from __future__ import annotations

import numpy as np

from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic.draws import Draws, choose

# Share of a false positive's joints that are missing.
FALSE_POSITIVE_LOSES = 0.3
# A duplicate detection lacks a joint whose normal draw is above this: three in ten.
DUPLICATE_LOSES_ABOVE = 0.5244
COCO17 = SKELETONS['coco17']
LOWER_HALF = COCO17.index(
    *(f'{side}_{joint}' for side in ('left', 'right') for joint in ('hip', 'knee', 'ankle'))
)


def false_positives_of(
    real: np.ndarray,
    views: np.ndarray,
    rig: CameraRig,
    draws: Draws,
    rate: float,
    min_joints: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Detections of nobody: real-looking people moved to anywhere in the image.

    Args:
        real: (D, 17, 3) detections of all scenes and views.
        views: (D,) which view of which scene each is in: scene * V + view.
        rig: V cameras.
        draws: Of S scenes.
        rate: Mean number in a view that has people.
        min_joints: Who has fewer is left out.

    Returns:
        (G, 17, 3) false positives, (G,) where they are, as ``views``, and (G,) draws to order by.
    """
    there = np.bincount(views, minlength=len(draws) * len(rig))
    count = draws.poisson(rate, len(rig)).ravel() * (there > 0)
    view = np.repeat(np.arange(len(count)), count)
    drawn = draws.uniform(count.reshape(-1, len(rig)).sum(1), 17 + 5)
    lost, (whom, strength, order, *spot) = drawn[:, :17] < FALSE_POSITIVE_LOSES, drawn[:, 17:].T

    by_view = np.argsort(views, kind='stable')
    first = np.cumsum(there) - there
    false_positives = real[by_view[first[view] + choose(whom, there[view])]]
    found = false_positives[..., 2:] > 0
    middle = (false_positives[..., :2] * found).sum(1) / np.maximum(found.sum(1), 1)
    size = np.array([camera.size for camera in rig])[view % len(rig)]
    false_positives[..., :2] += (np.stack(spot, -1) * size - middle)[:, None]
    false_positives[..., 2] *= 0.3 + 0.6 * strength[:, None]
    uv = false_positives[..., :2]
    inside = ((uv >= -0.5) & (uv < size[:, None] - 0.5)).all(-1)
    false_positives[~(inside & found[..., 0]) | lost] = 0.0
    enough = np.count_nonzero(false_positives[..., 2], axis=-1) >= min_joints
    return false_positives[enough], view[enough], order[enough]


def duplicates_of(
    people: np.ndarray, shift_px: np.ndarray, lost: np.ndarray, strength: np.ndarray
) -> np.ndarray:
    """The same people, found again.

    Args:
        people: (N, V, 17, 3).
        shift_px: (N, V, 17, 2) from the first detection.
        lost: (N, V, 17) normals that decide which joints are missing.
        strength: (N, V) from 0 to 1, how strong scores are.

    Returns:
        (N, V, 17, 3), weaker and with fewer joints.
    """
    again = people.copy()
    again[..., :2] += shift_px
    again[..., 2] *= (0.4 + 0.5 * strength)[..., None]
    again[(people[..., 2] == 0) | (lost > DUPLICATE_LOSES_ABOVE)] = 0.0
    return again


def split_detections_of(people: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """People (..., 17, 3) from head to wrists, and from hips to ankles."""
    upper, lower = people.copy(), np.zeros_like(people)
    lower[..., LOWER_HALF, :] = people[..., LOWER_HALF, :]
    upper[..., LOWER_HALF, :] = 0.0
    return upper, lower
