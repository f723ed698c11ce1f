"""Whether a rig's world stands upright, by the cameras' horizons or by people."""

from __future__ import annotations

import numpy as np

from mmpose_ours.calibration.alignment.level import find_horizons
from mmpose_ours.calibration.checks.optical_axes import degrees_off_z
from mmpose_ours.calibration.checks.sanity import Problem
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.calibration.world_axes import Z_UP_FROM
from mmpose_ours.geometry.rig import CameraRig

# A world is upright enough for people's feet to be below their heads.
MAX_LEAN_DEGREES = 30.0
SOME_LEAN_DEGREES = 5.0


def judge_orientation(rig: CameraRig, file_up: str = 'z') -> tuple[str, Problem | None]:
    """Which way is up, by the cameras' horizons.

    Args:
        rig: The cameras, z up.
        file_up: See :func:`lean_problem`.

    Returns:
        The evidence, and the problem where up is not z.
    """
    try:
        horizons = find_horizons(rig)
    except CalibrationError as error:
        return f'undecided by the cameras alone: {error}', None
    up, uncertainty = horizons.up, horizons.uncertainty_degrees
    evidence = (
        f'by the horizons of {len(rig)} cameras up is ({up[0]:.2f}, {up[1]:.2f}, {up[2]:.2f}), '
        f'{degrees_off_z(up):.1f} degrees off z, with an uncertainty of {uncertainty:.1f} degrees'
    )
    by_whom = f'by the horizons of {len(rig)} cameras'
    return evidence, lean_problem(up, by_whom, max(SOME_LEAN_DEGREES, uncertainty), file_up)


def lean_problem(
    up: np.ndarray,
    by_whom: str,
    harmless_degrees: float = SOME_LEAN_DEGREES,
    file_up: str = 'z',
) -> Problem | None:
    """The problem with a world whose true up (unit vector) is not z, or None.

    Args:
        up: (3,) unit vector that truly points up.
        by_whom: Where that is known from, the start of a sentence.
        harmless_degrees: A lean that the evidence cannot tell from none.
        file_up: The axis that was taken for up when the file was read; the advice names the one
            that is up in the file.
    """
    lean = degrees_off_z(up)
    if lean <= harmless_degrees:
        return None
    axis = nearest_axis(up)
    in_file = nearest_axis(Z_UP_FROM[file_up].T @ Z_UP_FROM[axis][2])
    found = f'{by_whom} up is ({up[0]:.2f}, {up[1]:.2f}, {up[2]:.2f})'
    if lean <= MAX_LEAN_DEGREES:
        return Problem(
            'orientation',
            f'{found}, so the world leans by {lean:.1f} degrees; level it with '
            '`mmpose-ours align-rig`',
            warning=True,
        )
    if axis == '-z':
        return Problem(
            'orientation',
            f'{found}, so the world is upside down (a calibration board that was turned over?); '
            f'turn it with `mmpose-ours convert-calibration ... --up {in_file}`',
        )
    if axis == 'z' or degrees_off_z(Z_UP_FROM[axis] @ up) > MAX_LEAN_DEGREES:
        return Problem(
            'orientation',
            f'{found}, so the world leans by {lean:.0f} degrees; level it with '
            '`mmpose-ours align-rig` or `mmpose-ours convert-calibration ... --ground`',
        )
    return Problem(
        'orientation',
        f'{found}, so the world has {axis} up where z is due (an axis was left unturned); '
        f'turn it with `mmpose-ours convert-calibration ... --up {in_file}`',
    )


def nearest_axis(up: np.ndarray) -> str:
    """The name of the axis that a vector is nearest to: ``x -x y -y z -z``."""
    return max(Z_UP_FROM, key=lambda axis: float(Z_UP_FROM[axis][2] @ up))
