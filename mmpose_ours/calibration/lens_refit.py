"""The nearest lens that a poorer format can hold, and how far off it is."""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.calibration.capabilities import Holds
from mmpose_ours.calibration.errors import CalibrationError, about
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.lenses import distort
from mmpose_ours.geometry.rig import CameraRig

# Pixels along and down the image.
GRID = (41, 31)
# Wider than this from the axis no polynomial in the tangent follows a fisheye.
MAX_TANGENT = 5.0


@dataclasses.dataclass(frozen=True)
class Fit:
    """How near a refitted camera comes.

    Args:
        camera: The camera that fits.
        error_px: Largest distance, over the image, between where it and the original see
            the same ray.
        left_out: Share of the image, 0 to 1, whose rays are too wide for any such lens.
    """

    camera: Camera
    error_px: float
    left_out: float


def image_grid(camera: Camera) -> np.ndarray:
    """(1271, 2) pixels of a regular grid over a camera's image, edges and corners included.

    Raises:
        ValueError: The image size is unknown.
    """
    sides = zip(camera.need_size(), GRID)
    columns, rows = (np.linspace(-0.5, side - 0.5, count) for side, count in sides)
    return np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)


def approximate_rig(rig: CameraRig, holds: Holds) -> tuple[CameraRig, list[Fit]]:
    """Refit the cameras that a format cannot hold.

    Args:
        rig: Cameras with image sizes where a refit is needed.
        holds: What the format can hold.

    Returns:
        The rig that fits, and the cameras that were refitted.

    Raises:
        CalibrationError: A camera to refit has no image size, or sees so wide that no such
            lens comes near.
    """
    fits = {c.name: approximate_camera(c, holds) for c in rig if holds.lacks(c)}
    cameras = (fits[c.name].camera if c.name in fits else c for c in rig)
    return CameraRig(tuple(cameras)), list(fits.values())


def approximate_camera(camera: Camera, holds: Holds) -> Fit:
    """Fit focal lengths, principal point and OpenCV coefficients to a camera's rays.

    Args:
        camera: Any lens and skew, with an image size.
        holds: How many coefficients there may be, and whether skew.

    Raises:
        CalibrationError: The size is unknown, or most of the image is too wide.
    """
    from scipy.optimize import least_squares

    with about():
        camera.need_size('over which its lens would be refitted')
    uv = image_grid(camera)
    rays = camera.normalise_points(uv)
    with np.errstate(invalid='ignore'):
        wide = ~((rays * rays).sum(-1) <= min(MAX_TANGENT**2, camera.max_radius2))
    if wide.mean() > 0.5:
        raise CalibrationError(
            f'camera {camera.name!r} sees too wide for {holds.coefficients} coefficients; '
            'render pinhole images of its middle with `mmpose-ours undistort`',
            code='cannot-express',
            camera=camera.name,
            found=float(wide.mean()),
            expected=0.5,
        )
    uv, rays = uv[~wide], rays[~wide]
    count = max(n for n in (0, 4, 5, 8) if n <= holds.coefficients)

    def unpack(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        fx, fy, cx, cy = values[:4]
        skew = values[4 + count] if holds.skew else 0.0
        return np.array([[fx, skew, cx], [0, fy, cy], [0, 0, 1]]), values[4 : 4 + count]

    def off(values: np.ndarray) -> np.ndarray:
        K, dist = unpack(values)
        return (_project(K, dist, rays) - uv).ravel()

    focal_and_middle = camera.K[[0, 1, 0, 1], [0, 1, 2, 2]]
    skew = camera.K[0, 1:2] if holds.skew else ()
    starts = [np.concatenate([focal_and_middle, np.zeros(count), skew])]
    if camera.lens == 'opencv':
        starts.append(np.concatenate([focal_and_middle, camera.dist_full[:count], skew]))
    scale = np.concatenate([focal_and_middle[[0, 1, 0, 1]], np.ones(count + len(skew))])
    fits = [least_squares(off, start, x_scale=scale, max_nfev=200) for start in starts]
    K, dist = unpack(min(fits, key=lambda fit: fit.cost).x)
    try:
        fitted = dataclasses.replace(camera, K=K, dist=dist, lens='opencv')
    except ValueError as error:  # a principal point that left the image
        raise CalibrationError(
            f'no lens of {count} coefficients comes near: {error}',
            code='cannot-express',
            camera=camera.name,
        ) from error
    off_px = np.sqrt(((_project(K, dist, rays) - uv) ** 2).sum(-1))
    return Fit(fitted, float(off_px.max()), float(wide.mean()))


def _project(K: np.ndarray, dist: np.ndarray, rays: np.ndarray) -> np.ndarray:
    bent = distort('opencv', np.pad(dist, (0, 14 - len(dist))), rays)
    return bent @ K[:2, :2].T + K[:2, 2]
