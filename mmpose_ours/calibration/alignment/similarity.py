"""Similarity transforms and measured floors, for :mod:`mmpose_ours.calibration.alignment.align`.

Nothing here knows of files or units: lengths go in and come out in the unit of the rig.
"""

from __future__ import annotations

import dataclasses
from typing import Mapping, Sequence

import numpy as np

from mmpose_ours.calibration.camera_choice import unknown_cameras
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.triangulation import triangulate
from mmpose_ours.text import argument

# The thresholds of the triangulation are in millimetres: rigs of any scale are scaled to this
# largest distance between cameras first.
NORMALISED_EXTENT_MM = 5000.0
# Second singular value divided by the first: below this, the points are collinear.
MIN_WIDTH = 0.02
# Third singular value divided by the second: above this, the points are not coplanar.
MAX_THICKNESS = 0.3
MIN_FLOOR_POINTS = 3


@dataclasses.dataclass(frozen=True, eq=False)
class Similarity:
    """``x_new = scale * R @ x_old + shift``.

    Args:
        R: (3, 3) rotation.
        scale: New lengths per old length.
        shift: (3,) in new lengths.
    """

    R: np.ndarray = dataclasses.field(default_factory=lambda: np.eye(3))
    scale: float = 1.0
    shift: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(3))

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Move points (..., 3)."""
        return self.scale * np.asarray(points, dtype=np.float64) @ self.R.T + self.shift

    def of_rig(self, rig: CameraRig) -> CameraRig:
        """The same cameras described in the new world."""
        return rig.in_world(self.R, self.scale).moved(self.shift)

    def inverse(self) -> Similarity:
        """The transform back."""
        return Similarity(self.R.T, 1 / self.scale, -self.R.T @ self.shift / self.scale)

    def after(self, first: Similarity) -> Similarity:
        """The transform that does ``first`` and then this one."""
        return Similarity(self.R @ first.R, self.scale * first.scale, self(first.shift))

    @property
    def matrix(self) -> np.ndarray:
        """(4, 4) for homogeneous points."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.scale * self.R
        matrix[:3, 3] = self.shift
        return matrix


def normalised_scale(rig: CameraRig) -> tuple[CameraRig, float]:
    """The rig centred and scaled so that its cameras are at most 5 m apart; and the factor."""
    factor = NORMALISED_EXTENT_MM / rig.farthest_pair[2]
    # Centred, because far from the origin precision is lost.
    return rig.moved(-rig.centers_w.mean(0)).in_world(np.eye(3), factor), factor


@dataclasses.dataclass(frozen=True, eq=False)
class Plane:
    """A floor.

    Args:
        point: (3,) on it.
        up: (3,) unit normal, on the side of the cameras.
        residual: Root mean square distance of the points that it was fitted to.
        count: How many those are.
    """

    point: np.ndarray
    up: np.ndarray
    residual: float
    count: int


def fit_floor(points: np.ndarray, rig: CameraRig) -> Plane:
    """Fit a plane to floor points by least squares; up is the side on which the cameras are.

    Args:
        points: (N, 3) in the rig's world and unit, three or more.
        rig: The cameras.

    Raises:
        CalibrationError: Fewer than three points; points on one line or in no plane; the
            cameras are in the plane or on both sides alike.
    """
    points = np.asarray(points, dtype=np.float64).reshape(-1, 3)
    if len(points) < MIN_FLOOR_POINTS:
        raise CalibrationError(
            f'{len(points)} floor points, expected three or more that are not on one line',
            code='no-data',
            found=len(points),
            expected=MIN_FLOOR_POINTS,
        )
    middle = points.mean(0)
    _, singular, axes = np.linalg.svd(points - middle, full_matrices=False)
    if not singular[1] > MIN_WIDTH * singular[0]:
        raise CalibrationError(
            f'the {len(points)} floor points lie on one line{_width(singular)}, so they do not '
            'tell how the floor lies; add a point beside the line',
            code='no-data',
            found=float(singular[1] / singular[0]) if singular[0] > 0 else 0.0,
            expected=MIN_WIDTH,
        )
    if singular[2] > MAX_THICKNESS * singular[1]:
        raise CalibrationError(
            f'the {len(points)} floor points are no plane (they are off it by '
            f'{singular[2] / np.sqrt(len(points)):.3g}, and only '
            f'{singular[1] / np.sqrt(len(points)):.3g} wide, in the units of the calibration); '
            'check them one by one',
            code='conflict',
            found=float(singular[2] / singular[1]),
            expected=MAX_THICKNESS,
        )
    up = axes[2]
    heights = (rig.centers_w - middle) @ up
    if abs(heights.mean()) < 0.1 * np.abs(heights).max():
        raise CalibrationError(
            'the cameras are on both sides of the floor points, so these do not tell which side '
            f'is up; check the points, or say the up axis with {argument("up")}',
            code='ambiguous',
            found=heights.tolist(),
        )
    residual = float(singular[2] / np.sqrt(len(points)))
    return Plane(middle, up * np.sign(heights.mean()), residual, len(points))


def _width(singular: np.ndarray) -> str:
    share = singular[1] / singular[0] if singular[0] > 0 else 0.0
    return f' (they are {share:.1%} as wide as long)' if share >= 0.001 else ''


def triangulate_floor(
    rig: CameraRig, pixels: Mapping[str, Sequence[Sequence[float] | None]]
) -> tuple[np.ndarray, np.ndarray]:
    """Where floor points are that are marked in images.

    Args:
        rig: The cameras.
        pixels: Camera name to the pixels ``[u, v]`` of the same points in the same order;
            None where a camera does not see one.

    Returns:
        Points (N, 3) in the rig's world and unit, and the root mean square reprojection
        error of each in pixels, (N,).

    Raises:
        CalibrationError: An unknown camera, lists of different lengths, pixels that are none,
            a point in fewer than two cameras, or one whose rays meet behind a camera.
    """
    unknown = [name for name in pixels if name not in rig.names]
    if unknown:
        raise unknown_cameras(unknown, rig)
    counts = {name: len(points) for name, points in pixels.items()}
    if len(set(counts.values())) != 1:
        each = ', '.join(f'{count} of camera {name!r}' for name, count in counts.items())
        raise CalibrationError(
            'every camera must list the same points, null for one that it does not see; found '
            f'{each or "none"}',
            code='wrong-shape' if counts else 'no-data',
            found=counts,
        )
    uv = np.full((len(rig), next(iter(counts.values())), 2), np.nan)
    for name, points in pixels.items():
        for index, point in enumerate(points):
            if point is not None:
                uv[rig.names.index(name), index] = _pixel(point, name, index)
    views = np.isfinite(uv).all(-1).sum(0)
    for index in np.flatnonzero(views < 2).tolist():
        cameras = 'only one camera' if views[index] else 'no camera'
        raise CalibrationError(
            f'floor point {index + 1} is marked in {cameras}, expected two or more',
            code='no-data',
            found=int(views[index]),
            expected=2,
        )
    normalised, factor = normalised_scale(rig)
    xyz_mm, error_px = triangulate(normalised, uv)
    for index in np.flatnonzero(~np.isfinite(xyz_mm).all(-1)).tolist():
        raise CalibrationError(
            f'floor point {index + 1}: its rays meet behind a camera, so the pixels are not of '
            'one point; check their order',
            code='no-match',
            found=int(index),
        )
    return xyz_mm / factor + rig.centers_w.mean(0), error_px


def _pixel(point: Sequence[float], name: str, index: int) -> np.ndarray:
    try:
        uv = np.array(point, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):  # JSON's integers have no end
        uv = np.zeros(0)
    if uv.shape != (2,) or not np.isfinite(uv).all():
        raise CalibrationError(
            f'camera {name!r}, floor point {index + 1} is {_short(point)}, expected [u, v] in '
            'pixels or null',
            code='wrong-shape' if uv.shape != (2,) else 'not-finite',
            camera=name,
            found=point,
            expected=(2,),
        )
    return uv


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + '...'
