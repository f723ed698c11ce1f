"""Units and up axes: from any tool's world to millimetres with z up, and back."""

from __future__ import annotations

import numpy as np

from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.disk.files import MM_PER_UNIT

# Rows are our axes in theirs: a proper rotation each, by which their up becomes z.
Z_UP_FROM = {
    'z': np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    '-z': np.array([[1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, -1.0]]),
    'y': np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]]),
    '-y': np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]]),
    'x': np.array([[0.0, 0.0, -1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]),
    '-x': np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]]),
}


def mm_per_unit(unit: str | float) -> float:
    """How many millimetres a unit is.

    Args:
        unit: ``mm``, ``cm``, ``m``, or a number of millimetres, also as text.

    Raises:
        CalibrationError: It is none of these.
    """
    if unit in MM_PER_UNIT:
        return MM_PER_UNIT[str(unit)]
    try:
        factor = float(unit)
    except (TypeError, ValueError):
        factor = float('nan')
    if not 0 < factor < 1e9:
        raise CalibrationError(
            f'the unit is {unit!r}, expected {", ".join(MM_PER_UNIT)} or the number of '
            'millimetres that one unit of the file is, e.g. 25',
            code='unknown-name',
            found=unit,
            expected=list(MM_PER_UNIT),
        )
    return factor


def to_ours(rig: CameraRig, unit: str | float, up: str) -> CameraRig:
    """Turn a rig of another world to millimetres with z up.

    Args:
        rig: Cameras in that world.
        unit: See :func:`mm_per_unit`.
        up: The axis that points up there: ``x -x y -y z`` or ``-z``.

    Raises:
        CalibrationError: Unit or axis are none.
    """
    if up not in Z_UP_FROM:
        raise CalibrationError(
            f'the up axis is {up!r}, expected {", ".join(Z_UP_FROM)}',
            code='unknown-name',
            found=up,
            expected=list(Z_UP_FROM),
        )
    return rig.in_world(Z_UP_FROM[up], mm_per_unit(unit))


def from_ours(rig: CameraRig, unit: str | float, up: str) -> CameraRig:
    """The reverse of :func:`to_ours`."""
    return rig.in_world(Z_UP_FROM[up].T, 1 / mm_per_unit(unit))
