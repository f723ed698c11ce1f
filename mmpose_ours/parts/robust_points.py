"""Single joints from the rays of several views, a part of which are wrong.

A joint's hypotheses are the points where two of its rays come closest; the one on which most rays
agree is refined by IRLS with Geman-McClure weights. How often a view agrees on the joints of a part
says how far it is trusted on each of them: a detector that takes one hand for another is wrong in
all of its joints. The work is done by :mod:`mmpose_ours.kernels.parts`.

Letters of dimensions: N items (a person's part), J joints of the part, V views.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.kernels import parts as kernels

# Detected joints whose score is not above this are missing.
MIN_SCORE = 0.1


@dataclasses.dataclass(frozen=True)
class PartRays:
    """The rays of N parts.

    Args:
        origins: (V, 3) camera centres, mm.
        directions: (N, V, J, 3) unit vectors.
        weights: (N, V, J) 0 where a view does not show the joint.
    """

    origins: np.ndarray
    directions: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, rig: CameraRig, seen: np.ndarray) -> PartRays:
        """From detections (N, V, J, 3), ``u, v, score`` in pixels; weights are the scores."""
        weights = np.where(seen[..., 2] > MIN_SCORE, seen[..., 2], 0.0)
        xy = rig.normalise_points(seen[..., :2].swapaxes(0, 1), weights.swapaxes(0, 1) > 0)
        x, y = xy.swapaxes(0, 1)[..., :1], xy.swapaxes(0, 1)[..., 1:]
        rotation = np.stack([camera.R_w2c for camera in rig])[:, None]
        directions = x * rotation[:, :, 0] + y * rotation[:, :, 1] + rotation[:, :, 2]
        directions /= np.sqrt(np.square(directions).sum(-1, keepdims=True))
        # NaN where no ray of the lens reaches the pixel.
        reached = np.isfinite(directions).all(-1)
        weights[~reached], directions[~reached] = 0.0, 0.0
        return cls(rig.centers_w, directions, weights)

    @property
    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """As the kernels take them."""
        directions, weights = (
            np.ascontiguousarray(part, np.float64) for part in (self.directions, self.weights)
        )
        return np.ascontiguousarray(self.origins, np.float64), directions, weights


@dataclasses.dataclass(frozen=True)
class Points:
    """Joints of N parts.

    Args:
        xyz_mm: (N, J, 3), NaN where fewer than two views agree.
        covariance: (N, J, 3, 3) mm^2.
        std_mm: (N,) standard deviation across the rays of a part, as its residuals say.
    """

    xyz_mm: np.ndarray
    covariance: np.ndarray
    std_mm: np.ndarray


def robust_points(
    rays: PartRays, std_mm: float | np.ndarray, anchors: np.ndarray, reach_mm: np.ndarray
) -> Points:
    """Triangulate the joints of parts.

    Args:
        rays: Of N parts.
        std_mm: Standard deviation of a joint across its ray; one for all parts, or (N,).
        anchors: (N, A, 3) points of the body that each part hangs on; NaN where missing.
        reach_mm: (N, J) Joints farther than this from all anchors are none of the part.
    """
    each = _of_each(std_mm, len(rays.weights))
    near = (np.ascontiguousarray(part, np.float64) for part in (anchors, reach_mm))
    return Points(*kernels.robust_points(*rays.arrays, each, *near))


def agreeing(rays: PartRays, xyz_mm: np.ndarray, std_mm: float | np.ndarray) -> np.ndarray:
    """(N, V, J) which rays pass their joint (N, J, 3)."""
    each = _of_each(std_mm, len(rays.weights))
    return kernels.agreeing(*rays.arrays, np.ascontiguousarray(xyz_mm, np.float64), each)


def _of_each(std_mm: float | np.ndarray, count: int) -> np.ndarray:
    return np.broadcast_to(np.asarray(std_mm, np.float64), count).copy()
