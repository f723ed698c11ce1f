"""The pinhole camera that takes the place of one with a lens, and the map between their pixels.

Both have the same centre and axes, so whatever the lens, an image of the one can be
rendered from an image of the other. A pinhole image ends below 90 degrees off its axis,
and long before that its middle has shrunk to nothing.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.errors import InputError
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.lenses import distort
from mmpose_ours.text import argument

KEEP = ('focal', 'all', 'valid')
# Tangent of the widest angle off the axis (79 degrees) that an image can be stretched to.
MAX_TANGENT = 5.0
# Points along each side of an image, and rows of a map that are worked out at once.
BORDER, ROWS = 101, 128
# Pixels.
ROUNDING = 1e-6


def pinhole_camera(camera: Camera, keep: str = 'focal') -> Camera:
    """Choose the pinhole camera of the same place, name and image size.

    Args:
        camera: A camera with an image size and any lens.
        keep: ``'focal'``: the focal lengths and the principal point, so that the middle of the
            image stays as it is. ``'all'``: every pixel, with a black rim (as
            ``cv2.getOptimalNewCameraMatrix`` with alpha 1). ``'valid'``: nothing but pixels, no
            black rim (alpha 0). Unlike OpenCV's, pixels keep their shape (fx / fy).

    Returns:
        The camera, without distortion and skew.

    Raises:
        InputError: The size is unknown, ``keep`` is none of these, or the camera sees too wide
            for a pinhole image of what is to be kept.
    """
    if keep not in KEEP:
        raise InputError(
            f'keep is {keep!r}, expected one of {", ".join(KEEP)}',
            code='unknown-name',
            found=keep,
            expected=list(KEEP),
        )
    camera.need_size('which the pinhole image gets too')
    fx, fy, cx, cy = camera.K[[0, 1, 0, 1], [0, 1, 2, 2]]
    if keep != 'focal':
        low, high = _rays_of_border(camera, keep)
        sides = np.array(camera.size, dtype=float)
        scales = (sides - 1) / ((high - low) * (fx, fy))
        scale = scales.min() if keep == 'all' else scales.max()
        if keep == 'valid':
            # Of the pixels along the border some see less far than its corners say.
            scale = _smallest_without_rim(camera, (low + high) / 2, scale)
        fx, fy = scale * fx, scale * fy
        cx, cy = (sides - 1) / 2 - np.array([fx, fy]) * (low + high) / 2
    K = np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]])
    return dataclasses.replace(camera, K=K, dist=np.zeros(5), lens='opencv')


def undistortion_map(camera: Camera, pinhole: Camera) -> np.ndarray:
    """Where each pixel of a pinhole camera's image lies in the image of the camera with a lens.

    Args:
        camera: The camera with a lens.
        pinhole: A camera without distortion at the same place, with an image size.

    Returns:
        (H, W, 2) float32 pixels ``u, v`` for ``cv2.remap``; -1e4 where the lens has no such ray.
    """
    width, height = pinhole.size or (0, 0)
    result = np.empty((height, width, 2), dtype=np.float32)
    u = np.arange(width, dtype=float)
    for first in range(0, height, ROWS):
        v = np.arange(first, min(first + ROWS, height), dtype=float)
        grid = np.stack(np.meshgrid(u, v), axis=-1)
        result[first : first + len(v)] = _lens_pixels(camera, pinhole.normalise_points(grid))
    return result


def kept_and_black(camera: Camera, pinhole: Camera, uv: np.ndarray) -> tuple[float, float]:
    """How much of an image is kept, and how much of the rendered one is black.

    Args:
        camera: The camera with a lens and an image size.
        pinhole: The pinhole camera.
        uv: (H, W, 2) the map of :func:`undistortion_map`.

    Returns:
        Shares, 0 to 1: of the original's pixels that are in the rendered image, and of the
        rendered image's pixels that show nothing.
    """
    width, height = camera.size or (0, 0)
    u, v = (np.linspace(0, side - 1, 60) for side in (width, height))
    rays = camera.normalise_points(np.stack(np.meshgrid(u, v), axis=-1))
    pixels = rays @ pinhole.K[:2, :2].T + pinhole.K[:2, 2]
    return float(pinhole.in_image(pixels).mean()), float(1 - camera.in_image(uv).mean())


def _lens_pixels(camera: Camera, rays: np.ndarray) -> np.ndarray:
    """Pixels (..., 2) of rays (..., 2) ``(x/z, y/z)`` in the image of a camera with a lens."""
    with np.errstate(invalid='ignore', over='ignore'):
        pixels = distort(camera.lens, camera.dist_full, rays) @ camera.K[:2, :2].T
        pixels = pixels + camera.K[:2, 2]
        sees = (rays * rays).sum(-1) <= camera.max_radius2
        sees &= np.isfinite(pixels).all(-1)
    return np.where(sees[..., None], pixels.clip(-1e4, 3e4), -1e4)


def _sides(size: tuple[int, int]) -> list[np.ndarray]:
    """Middles (BORDER, 2) of pixels along the left, right, top and bottom edge of an image."""
    u, v = (np.linspace(0, side - 1, BORDER) for side in size)
    columns = [np.stack([np.full(BORDER, at), v], axis=-1) for at in (u[0], u[-1])]
    rows = [np.stack([u, np.full(BORDER, at)], axis=-1) for at in (v[0], v[-1])]
    return columns + rows


def _rays_of_border(camera: Camera, keep: str) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper ``(x/z, y/z)`` of the box around all rays, or of one within them."""
    sides = [camera.normalise_points(side) for side in _sides(camera.size or (0, 0))]
    along = (0, 0, 1, 1)
    outward = [sign * side[:, axis] for side, axis, sign in zip(sides, along, (-1, 1, -1, 1))]
    with np.errstate(invalid='ignore'):
        wide = [np.isnan(side) | (side > MAX_TANGENT) for side in outward]
    # Everything is too wide if any ray is; what is valid, if a side has no other.
    too_wide = any(w.any() if keep == 'all' else w.all() for w in wide)
    if not too_wide:
        pick = np.max if keep == 'all' else np.min
        left, right, top, bottom = (pick(side[~w]) for side, w in zip(outward, wide))
        low, high = np.array([-left, -top]), np.array([right, bottom])
        if (high - low > 0).all():
            return low, high
    limit = float(np.degrees(np.arctan(MAX_TANGENT)))
    ways = [argument('keep', way) for way in (('valid', 'focal') if keep == 'all' else ('focal',))]
    raise InputError(
        f'camera {camera.name!r} ({camera.lens} lens) sees farther off its axis than the '
        f'{limit:.0f} degrees that a pinhole image can hold; render its middle only, with '
        f'{" or ".join(ways)}',
        code='cannot-express',
        camera=camera.name,
        found=keep,
        expected=limit,
    )


def _smallest_without_rim(camera: Camera, middle: np.ndarray, scale: float) -> float:
    """The smallest factor of the focal lengths at which no pixel of the border is black."""
    size = camera.size or (0, 0)
    last = np.array(size) - 1
    centred = np.concatenate(_sides(size)) - last / 2

    def black(factor: float) -> bool:
        rays = middle + centred / (factor * camera.K[[0, 1], [0, 1]])
        uv = _lens_pixels(camera, rays)
        return bool((uv < -ROUNDING).any() or (uv > last + ROUNDING).any())

    low, high = 0.9 * scale, scale
    while black(high):
        low, high = high, 1.1 * high
        if high > 100 * scale:
            raise InputError(
                f'camera {camera.name!r} has no rectangle without a black rim around its middle; '
                f'check its distortion, or say {argument("keep", "focal")}',
                code='cannot-express',
                camera=camera.name,
                found='valid',
            )
    for _ in range(30):
        tried = (low + high) / 2
        low, high = (tried, high) if black(tried) else (low, tried)
    return high
