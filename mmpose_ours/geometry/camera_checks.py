"""What the numbers of a camera must be like; whatever is not is refused by the camera's name."""

from __future__ import annotations

import math
from typing import Any, NoReturn, Sequence

import numpy as np

from mmpose_ours.errors import InputError
from mmpose_ours.geometry.lenses import LENSES

ROTATION_TOLERANCE = 1e-3
# Of any number of a camera: products of larger ones overflow.
LARGEST = 1e100


def checked_array(camera: str, values: Any, shape: tuple[int, ...], what: str) -> np.ndarray:
    """Numbers of a shape that nobody can change.

    Raises:
        InputError: They have another shape, or one is not finite, or too large.
    """
    array = np.array(values, dtype=np.float64)
    if array.size == math.prod(shape):
        array = array.reshape(shape)
    if array.shape != shape:
        what = f'{what} must have shape {shape}, got {array.shape}'
        _fail(camera, what, 'wrong-shape', array.shape, shape)
    if not np.isfinite(array).all():
        _fail(camera, f'{what} holds values that are not finite', 'not-finite', array.tolist())
    largest = float(np.abs(array).max(initial=0.0))
    if largest > LARGEST:
        what = f'{what} holds {largest:.3g}, expected at most {LARGEST:g}'
        _fail(camera, what, 'out-of-range', largest, LARGEST)
    array.setflags(write=False)
    return array


def checked_size(camera: str, size: Sequence[float]) -> tuple[int, int]:
    """The (width, height) of an image in whole pixels.

    Raises:
        InputError: These are not two positive numbers.
    """
    sides = tuple(int(side) for side in size)
    if len(sides) != 2:
        _fail(camera, f'image size must be (width, height), got {sides}', 'wrong-shape', sides)
    width, height = sides
    if width <= 0 or height <= 0:
        what = f'image size must be positive, got {width}x{height}'
        _fail(camera, what, 'out-of-range', sides)
    return width, height


def check_lens(camera: str, lens: str, count: int) -> None:
    """Refuse an unknown lens model, and a number of coefficients that it does not have."""
    if lens not in LENSES:
        what = f'unknown lens {lens!r}, expected {", ".join(LENSES)}'
        _fail(camera, what, 'unknown-name', lens, list(LENSES))
    lengths = LENSES[lens].lengths
    if count not in lengths:
        order = " in OpenCV's order k1 k2 p1 p2 k3 k4 k5 k6" if lens == 'opencv' else ''
        what = (
            f'{count} distortion coefficients, expected '
            f'{"one of " if len(lengths) > 1 else ""}{", ".join(map(str, lengths))}{order}'
        )
        _fail(camera, what, 'wrong-shape', count, list(lengths))


def check_rotation(camera: str, R_w2c: np.ndarray) -> None:
    """Refuse a (3, 3) matrix that is not a rotation matrix."""
    error = np.abs(R_w2c @ R_w2c.T - np.eye(3)).max()
    if error > ROTATION_TOLERANCE:
        what = (
            'R is not a rotation matrix (R times its transpose is off the identity by '
            f'{error:.3g}); give a 3x3 rotation matrix from world to camera'
        )
        _fail(camera, what, 'invalid-input', R_w2c.tolist())
    if np.linalg.det(R_w2c) < 0:
        what = (
            'R is a reflection (determinant -1), so one axis is mirrored; '
            'the world must be right-handed'
        )
        _fail(camera, what, 'invalid-input', R_w2c.tolist())


def check_intrinsics(camera: str, K: np.ndarray, size: tuple[int, int] | None) -> None:
    """Refuse an intrinsic matrix that no camera has, or none with images of this size."""
    fx, fy, cx, cy = K[[0, 1, 0, 1], [0, 1, 2, 2]].tolist()
    if fx <= 0 or fy <= 0:
        what = f'focal lengths must be positive, got {fx:g} and {fy:g}'
        _fail(camera, what, 'out-of-range', (fx, fy))
    if np.any(K[[1, 2, 2, 2], [0, 0, 1, 2]] != (0, 0, 0, 1)):
        what = 'K must be upper triangular with 1 in its last corner'
        _fail(camera, what, 'invalid-input', K.tolist())
    if size is None:
        return
    width, height = size
    if not (0 <= cx <= width and 0 <= cy <= height):
        swapped = 0 <= cx <= height and 0 <= cy <= width
        fix = (
            f'width and height look swapped: say {height}x{width}'
            if swapped
            else 'K must be in pixels of the full image that the size describes, so one of '
            'the two is of another resolution'
        )
        what = (
            f'principal point ({cx:.1f}, {cy:.1f}) lies outside its {width}x{height} image; {fix}'
        )
        _fail(camera, what, 'out-of-range', (cx, cy), size)


def _fail(camera: str, what: str, code: str, found: Any, expected: Any = None) -> NoReturn:
    raise InputError(
        f'camera {camera!r}: {what}', code=code, camera=camera, found=found, expected=expected
    )
