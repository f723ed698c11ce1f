"""Rotations as vectors and quaternions, the way calibration files hold them."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmpose_ours.errors import InputError


def _rotation() -> Any:
    # scipy.spatial takes a moment to import, and only some formats need it.
    from scipy.spatial.transform import Rotation

    return Rotation


def from_vector(rvec: np.ndarray) -> np.ndarray:
    """(3, 3) rotation of a Rodrigues vector (3,), as ``cv2.Rodrigues`` has it."""
    return _rotation().from_rotvec(np.array(rvec, dtype=float).reshape(3)).as_matrix()


def to_vector(R: np.ndarray) -> np.ndarray:
    """(3,) Rodrigues vector of a rotation; the nearest one where R (3, 3) is rounded."""
    return _rotation().from_matrix(np.array(R)).as_rotvec()


def from_quaternion(wxyz: np.ndarray) -> np.ndarray:
    """(3, 3) rotation of a quaternion ``w x y z``, which need not be of unit length.

    Raises:
        InputError: All four are zero.
    """
    if not np.any(wxyz):
        raise InputError('a quaternion of zeros describes no rotation', code='out-of-range')
    w, x, y, z = np.reshape(wxyz, 4)
    return _rotation().from_quat([x, y, z, w]).as_matrix()


def from_angles(axes: str, angles: np.ndarray) -> np.ndarray:
    """(3, 3) rotation of three angles in radians about ``axes``, SciPy's ``from_euler``.

    Capital letters are axes that turn along, small ones those that stay.
    """
    return _rotation().from_euler(axes, np.reshape(angles, 3)).as_matrix()


def to_quaternion(R: np.ndarray) -> np.ndarray:
    """(4,) unit quaternion ``w x y z``, w not negative, of a rotation (3, 3)."""
    x, y, z, w = _rotation().from_matrix(np.array(R)).as_quat()
    sign = -1.0 if w < 0 else 1.0
    return sign * np.array([w, x, y, z])
