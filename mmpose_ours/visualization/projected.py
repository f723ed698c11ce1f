"""Lines of the scene as a camera sees them: what lies too near or outside the lens is cut."""

from __future__ import annotations

import numpy as np

from mmpose_ours.geometry.camera import Camera

# A limb with an end nearer to the lens than this becomes a streak across the image.
NEAR_MM = 300.0


def project_before(camera: Camera, xyz_mm: np.ndarray) -> np.ndarray:
    """Pixels (..., 2) of world points (..., 3), lens distortion included.

    NaN where a point is missing, too near to the lens or behind it, or beyond the lens.
    """
    xyz_mm = np.asarray(xyz_mm, dtype=np.float64)
    depth = camera.to_camera(xyz_mm)[..., 2]
    with np.errstate(invalid='ignore'):
        return np.where((depth >= NEAR_MM)[..., None], camera.project(xyz_mm)[0], np.nan)


def finely(line: np.ndarray, step_mm: float) -> np.ndarray:
    """A polyline (N, 3) with points at most so far apart, for a lens that distorts it."""
    pieces = [line[:1]]
    for start, end in zip(line[:-1], line[1:]):
        count = max(int(np.ceil(np.linalg.norm(end - start) / step_mm)), 1)
        share = np.arange(1, count + 1)[:, None] / count
        pieces.append(start + share * (end - start))
    return np.concatenate(pieces)
