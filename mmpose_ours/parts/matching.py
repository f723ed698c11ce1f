"""Which detection of each view is which person in 3D."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from mmpose_ours.geometry.camera import Camera

# mm at the person's depth: largest mean distance of a detection's joints from the projected pose,
# distances of single joints clamped to LIMIT_MM.
MAX_MEAN_MM, LIMIT_MM = 150.0, 400.0
# Joints that both must have.
MIN_COMMON_JOINTS = 3


def match_detections(
    xyz_mm: np.ndarray,
    people: np.ndarray,
    camera: Camera,
    min_score: float = 0.1,
    scale: float | np.ndarray = 1.0,
) -> np.ndarray:
    """Assign a view's detections to people in 3D, each at most once.

    Args:
        xyz_mm: (P, J, 3) poses in the world of the camera; NaN where a joint is missing.
        people: (D, J, 3) ``u, v, score`` in pixels, of the same joints.
        camera: The view.
        min_score: Joints whose score is not above this are missing.
        scale: Size relative to that of people, for all or (P,); distances are divided by it.

    Returns:
        (P,) index of each person's detection; -1 where the view has none.
    """
    found = np.full(len(xyz_mm), -1)
    if not len(xyz_mm) or not len(people):
        return found
    projected, visible = camera.project(xyz_mm)
    depth = xyz_mm @ camera.R_w2c[2] + camera.t_w2c[2]
    mm_per_px = np.where(visible, depth, 0.0) / camera.K[0, 0] / np.reshape(scale, (-1, 1))
    projected = np.where(visible[..., None], projected, 0.0)
    away = projected[:, None] - people[None, ..., :2]
    apart = np.sqrt((away * away).sum(-1))
    apart = np.minimum(apart * mm_per_px[:, None], LIMIT_MM)
    common = visible[:, None] & (people[None, ..., 2] > min_score)
    count = common.sum(-1)
    mean = np.where(common, apart, 0.0).sum(-1) / np.maximum(count, 1)
    fits = (count >= MIN_COMMON_JOINTS) & (mean < MAX_MEAN_MM)
    rows, columns = linear_sum_assignment(np.where(fits, mean, 10 * LIMIT_MM))
    taken = fits[rows, columns]
    found[rows[taken]] = columns[taken]
    return found
