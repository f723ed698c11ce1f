"""Which detection of each view is which person in 3D."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.optimize import linear_sum_assignment

from mmpose_ours.geometry.rig import CameraRig

# mm at the person's depth: largest mean distance of a detection's joints from the projected pose,
# distances of single joints clamped to LIMIT_MM.
MAX_MEAN_MM, LIMIT_MM = 150.0, 400.0
# Joints that both must have.
MIN_COMMON_JOINTS = 3


@dataclasses.dataclass(frozen=True)
class Projected:
    """People as V cameras see them.

    Args:
        uv: (V, P, J, 2) pixels, 0 where a joint is not visible.
        visible: (V, P, J).
        mm_per_px: (V, P, J) at the depth of each joint, relative to the size of a person.
    """

    uv: np.ndarray
    visible: np.ndarray
    mm_per_px: np.ndarray

    @classmethod
    def of(cls, rig: CameraRig, xyz_mm: np.ndarray, scale: float | np.ndarray = 1.0) -> Projected:
        """Project poses.

        Args:
            rig: The cameras.
            xyz_mm: (P, J, 3) poses in the world of the cameras; NaN where a joint is missing.
            scale: Size relative to that of people, for all or (P,).
        """
        uv, visible = rig.project(xyz_mm)
        forward = np.stack([camera.R_w2c[2] / camera.K[0, 0] for camera in rig])
        shift = np.array([camera.t_w2c[2] / camera.K[0, 0] for camera in rig])
        mm_per_px = np.einsum('pji,vi->vpj', xyz_mm, forward) + shift[:, None, None]
        mm_per_px = np.where(visible, mm_per_px, 0.0) / np.reshape(scale, (-1, 1))
        return cls(np.where(visible[..., None], uv, 0.0), visible, mm_per_px)

    def view(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Pixels (P, J, 2), visible (P, J) and mm per pixel (P, J) of one camera."""
        return self.uv[index], self.visible[index], self.mm_per_px[index]


def match_detections(
    seen: tuple[np.ndarray, np.ndarray, np.ndarray], people: np.ndarray, min_score: float = 0.1
) -> np.ndarray:
    """Assign a view's detections to people in 3D, each at most once.

    Args:
        seen: The people in this view, :meth:`Projected.view`.
        people: (D, J, 3) ``u, v, score`` in pixels, of the same joints.
        min_score: Joints whose score is not above this are missing.

    Returns:
        (P,) index of each person's detection; -1 where the view has none.
    """
    projected, visible, mm_per_px = seen
    found = np.full(len(projected), -1)
    if not len(projected) or not len(people):
        return found
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
