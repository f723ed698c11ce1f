"""Points to pixels and pixels to rays, for one camera or for several at once.

The numbers of one camera are scalars. Those of C cameras with the same lens model are arrays
(C, 1), so that the same expressions give (C, M) values for M points.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Sequence

import numpy as np

from mmpose_ours.geometry.lenses import distort, undistort

if TYPE_CHECKING:
    from mmpose_ours.geometry.camera import Camera


@dataclasses.dataclass(frozen=True, eq=False)
class CameraNumbers:
    """What projects points and gives pixels their rays.

    Args:
        lens: The lens model of all cameras.
        intrinsics: fx, skew, cx, fy, cy.
        pose: Rows of ``[R_w2c | t_w2c]``, t in mm.
        dist: Coefficients in full, (n,) or (n, C, 1).
        max_radius2: Squared radius beyond which the lens model folds back.
    """

    lens: str
    intrinsics: tuple[Any, ...]
    pose: tuple[tuple[Any, ...], ...]
    dist: np.ndarray
    max_radius2: Any

    @classmethod
    def of(cls, camera: Camera) -> CameraNumbers:
        """Those of one camera."""
        (fx, skew, cx), (_, fy, cy), _ = camera.K.tolist()
        pose = np.column_stack([camera.R_w2c, camera.t_w2c]).tolist()
        rows = tuple(tuple(row) for row in pose)
        return cls(camera.lens, (fx, skew, cx, fy, cy), rows, camera.dist_full, camera.max_radius2)

    @classmethod
    def of_several(cls, cameras: Sequence[Camera]) -> CameraNumbers:
        """Those of cameras with the same lens model; with ``opencv`` no sensor may be tilted."""
        each = [cls.of(camera) for camera in cameras]

        def stacked(values: Sequence) -> np.ndarray:
            return np.array(values)[:, None]

        intrinsics = tuple(map(stacked, zip(*(one.intrinsics for one in each))))
        rows = zip(*(one.pose for one in each))
        pose = tuple(tuple(map(stacked, zip(*row))) for row in rows)
        dist = np.stack([one.dist for one in each], axis=1)[..., None]
        return cls(each[0].lens, intrinsics, pose, dist, stacked([one.max_radius2 for one in each]))

    @property
    def bends(self) -> bool:
        """Whether the lens does anything."""
        return self.lens != 'opencv' or bool(self.dist.any())


def to_camera(numbers: CameraNumbers, xyz_w: np.ndarray) -> tuple[np.ndarray, ...]:
    """x, y and z of world points (..., 3) in the frame of the camera, in mm."""
    # Sums written out: x, y and z then lie apart in memory, which is several times faster than a
    # product per point, and a point's rounding does not depend on its neighbours.
    x, y, z = np.ascontiguousarray(np.moveaxis(np.asarray(xyz_w, dtype=np.float64), -1, 0))
    return tuple(a * x + b * y + c * z + t for a, b, c, t in numbers.pose)


def project(numbers: CameraNumbers, xyz_w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Project world points; see :meth:`mmpose_ours.geometry.camera.Camera.project`.

    Args:
        numbers: Of one camera, or of C.
        xyz_w: (..., 3) in mm; for several cameras (M, 3).

    Returns:
        ``uv`` (..., 2) and ``valid`` (...), for several cameras (C, M, 2) and (C, M).
    """
    x, y, depth = to_camera(numbers, xyz_w)
    in_front = depth > 0
    depth = np.where(in_front, depth, np.nan)
    x, y = x / depth, y / depth
    # NaN stays NaN through the lens, and no comparison with it holds.
    with np.errstate(invalid='ignore'):
        valid = in_front & (x * x + y * y <= numbers.max_radius2)
    if numbers.bends:
        bent = distort(numbers.lens, numbers.dist, np.stack([x, y], axis=-1))
        x, y = bent[..., 0], bent[..., 1]
    fx, skew, cx, fy, cy = numbers.intrinsics
    uv = np.stack([fx * x + skew * y + cx, fy * y + cy], axis=-1)
    uv[~valid] = np.nan
    return uv, valid


def normalise(
    numbers: CameraNumbers, uv: np.ndarray, known: np.ndarray | None = None
) -> np.ndarray:
    """Take the lens off pixels; see :meth:`mmpose_ours.geometry.camera.Camera.normalise_points`.

    Args:
        numbers: Of one camera, or of C.
        uv: (..., 2); for several cameras (C, M, 2).
        known: (...) or (C, M) which of them mean something; None is all.

    Returns:
        Rays ``(x/z, y/z)`` of the same shape; NaN where there is none, or nothing is known.
    """
    fx, skew, cx, fy, cy = numbers.intrinsics
    uv = np.asarray(uv, dtype=np.float64)
    y = (uv[..., 1] - cy) / fy
    x = (uv[..., 0] - cx - skew * y) / fx
    if known is not None:
        # A ray is looked for at every pixel, and at the middle it is found at once.
        x, y = np.where(known, x, 0.0), np.where(known, y, 0.0)
    rays = np.stack([x, y], axis=-1)
    if numbers.bends and rays.size:
        rays = undistort(numbers.lens, numbers.dist, rays, numbers.max_radius2)
    return rays if known is None else np.where(known[..., None], rays, np.nan)
