"""Angles of segments: Cardan angles of frames, and of a long axis alone.

Axes of a segment after the recommendations of the International Society of Biomechanics: x forward,
y up along the segment, z to the right (Wu et al., J. Biomechanics 35, 2002, and 38, 2005). All
angles are degrees, and turns about an axis are right-handed. Where the middle angle is within
:data:`LOCK_DEG` of 90 degrees, the outer two are not determined, and NaN.
"""

from __future__ import annotations

import numpy as np

LOCK_DEG = 5.0


def unit(vectors: np.ndarray) -> np.ndarray:
    """(..., 3) of length 1; NaN where a vector has next to no length."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(length > 1e-9, length, np.nan)


def frame_from(exact: np.ndarray, near: np.ndarray, axis: str) -> np.ndarray:
    """Frames with one axis along a vector, and another as near to a second one as it can be.

    Args:
        exact: (T, 3) where ``axis`` points.
        near: (T, 3) where the other of y and z points nearly.
        axis: ``'y'`` or ``'z'``.

    Returns:
        (T, 3, 3), segment to world. Where ``near`` is NaN, or parallel to ``exact``, only the axis
        along ``exact`` is known, and the others are NaN.
    """
    first = unit(exact)
    x = unit(np.cross(first, near) if axis == 'y' else np.cross(near, first))
    third = np.cross(x, first) if axis == 'y' else np.cross(first, x)
    y, z = (first, third) if axis == 'y' else (third, first)
    return np.stack([x, y, z], axis=-1)


def cardan_zxy(matrices: np.ndarray) -> np.ndarray:
    """Angles about z, the turned x, and the twice turned y.

    Args:
        matrices: (T, 3, 3) ``Rz(a) @ Rx(b) @ Ry(c)``.

    Returns:
        (T, 3) degrees a, b, c.
    """
    swing = swing_zx(matrices[:, :, 1])
    return np.stack([*swing.T, twist_y(matrices[:, :, 1], matrices[:, :, 2])], axis=-1)


def cardan_yxz(matrices: np.ndarray) -> np.ndarray:
    """Angles about y, the turned x, and the twice turned z.

    Args:
        matrices: (T, 3, 3) ``Ry(a) @ Rx(b) @ Rz(c)``.

    Returns:
        (T, 3) degrees a, b, c.
    """
    middle = _arcsine(-matrices[:, 1, 2])
    first = np.degrees(np.arctan2(matrices[:, 0, 2], matrices[:, 2, 2]))
    last = np.degrees(np.arctan2(matrices[:, 1, 0], matrices[:, 1, 1]))
    locked = _locked(middle)
    return np.stack([np.where(locked, np.nan, first), middle, np.where(locked, np.nan, last)], -1)


def swing_zx(long_axis: np.ndarray) -> np.ndarray:
    """The first two angles of :func:`cardan_zxy`, which the long axis (y) alone determines.

    Args:
        long_axis: (T, 3) of length 1, in the frame of the other segment.

    Returns:
        (T, 2) degrees about z and about the turned x.
    """
    x, y, z = long_axis.T
    second = _arcsine(z)
    first = np.where(_locked(second), np.nan, np.degrees(np.arctan2(-x, y)))
    return np.stack([first, second], axis=-1)


def twist_y(long_axis: np.ndarray, z_axis: np.ndarray) -> np.ndarray:
    """The last angle of :func:`cardan_zxy`.

    Args:
        long_axis: (T, 3) the segment's y, in the frame of the other segment.
        z_axis: (T, 3) its z.

    Returns:
        (T,) degrees about the segment's own y.
    """
    x_axis = np.cross(long_axis, z_axis)
    angle = np.degrees(np.arctan2(-x_axis[:, 2], z_axis[:, 2]))
    return np.where(_locked(_arcsine(long_axis[:, 2])), np.nan, angle)


def angle_between(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(T,) degrees from 0 to 180 between vectors (T, 3) of length 1."""
    across = np.linalg.norm(np.cross(first, second), axis=-1)
    return np.degrees(np.arctan2(across, (first * second).sum(-1)))


def into(matrices: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """(T, 3) vectors of the world in the coordinates of frames (T, 3, 3)."""
    return np.einsum('tji,tj->ti', matrices, vectors)


def _arcsine(values: np.ndarray) -> np.ndarray:
    return np.degrees(np.arcsin(np.clip(values, -1, 1)))


def _locked(middle: np.ndarray) -> np.ndarray:
    return np.abs(middle) > 90 - LOCK_DEG
