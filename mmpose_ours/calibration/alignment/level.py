"""A level world from the cameras alone: up from their horizons, the floor by assumption.

Photographers and tripods keep the horizon level, so every camera's x axis is horizontal
and up is what they all stand across. Cameras that are rolled against each other leave up uncertain:
a world whose z axis is up within that uncertainty is not turned. How far down the floor lies is not
in a calibration; it is put a metre below the point that the cameras look at, where people's hips
are. For a measured floor see ``mmpose-ours align-rig``.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.calibration.checks.optical_axes import degrees_off_z, focus_point
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.text import argument

HIPS_ABOVE_FLOOR_MM = 1000.0
# Horizons of real rigs agree within a few degrees; beyond this some camera is rolled.
MAX_ROLL_DEGREES = 15.0
# Axes that all point the same way leave up undecided about them: 10 degrees of spread.
MIN_SPREAD = 0.03
# Standard deviation of the roll of a camera, and the number of cameras that it counts as, where few
# cameras tell how level they are.
USUAL_ROLL_DEGREES, USUAL_ROLL_COUNT = 2.0, 2
# The z axis of a world is up if it is within so many standard deviations.
MAX_DEVIATIONS = 3.0


@dataclasses.dataclass(frozen=True, eq=False)
class Horizons:
    """The up axis by the horizons of cameras.

    Args:
        up: (3,) unit vector.
        roll_degrees: (V,) by how much each camera is rolled against it.
        covariance: (3, 3) of ``up``, in squared radians.
    """

    up: np.ndarray
    roll_degrees: np.ndarray
    covariance: np.ndarray

    @property
    def lean_degrees(self) -> float:
        """Angle between up and the z axis."""
        return degrees_off_z(self.up)

    @property
    def uncertainty_degrees(self) -> float:
        """:data:`MAX_DEVIATIONS` standard deviations of :attr:`lean_degrees`."""
        across = np.array([0.0, 0.0, 1.0]) - self.up[2] * self.up
        length = np.linalg.norm(across)
        if length < 1e-9:
            return MAX_DEVIATIONS * float(np.degrees(np.sqrt(np.trace(self.covariance) / 2)))
        across /= length
        return MAX_DEVIATIONS * float(np.degrees(np.sqrt(across @ self.covariance @ across)))

    @property
    def up_or_z(self) -> np.ndarray:
        """(3,) the z axis if it is up within the uncertainty, else :attr:`up`."""
        if self.lean_degrees <= self.uncertainty_degrees:
            return np.array([0.0, 0.0, 1.0])
        return self.up


def find_horizons(rig: CameraRig) -> Horizons:
    """The up axis across all cameras' horizons, and its uncertainty.

    Raises:
        CalibrationError: The cameras all look one way, or their horizons disagree by more
            than 15 degrees.
    """
    right = np.stack([camera.R_w2c[0] for camera in rig])
    down = np.stack([camera.R_w2c[1] for camera in rig])
    values, vectors = np.linalg.eigh(right.T @ right / len(rig))
    if values[1] < MIN_SPREAD:
        raise CalibrationError(
            'the cameras all look the same way or opposite ways, so their horizons do not tell '
            f'which way is up; say the up axis with {argument("up")}, or measure the floor with '
            '`mmpose-ours align-rig`',
            code='no-data',
            found=float(values[1]),
            expected=MIN_SPREAD,
        )
    up = vectors[:, 0]
    if (down @ up).sum() > 0:
        up = -up
    roll = np.degrees(np.arcsin(np.abs(right @ up).clip(0, 1)))
    if roll.max() > MAX_ROLL_DEGREES:
        name = rig.names[int(roll.argmax())]
        raise CalibrationError(
            f'the cameras are not level to each other (camera {name!r} is rolled by '
            f'{roll.max():.0f} degrees), so their horizons do not tell which way is up; say '
            f'the up axis with {argument("up")}, or measure the floor with `mmpose-ours align-rig`',
            code='conflict',
            camera=name,
            found=float(roll.max()),
            expected=MAX_ROLL_DEGREES,
        )
    # Turning up by a small angle changes the roll of a camera by its x axis in that direction; the
    # two angles are fitted to the rolls.
    usual = USUAL_ROLL_COUNT * USUAL_ROLL_DEGREES**2
    freedom = max(0, len(rig) - 2) + USUAL_ROLL_COUNT
    variance = np.radians(np.sqrt(((roll**2).sum() + usual) / freedom)) ** 2
    plane = vectors[:, 1:]
    covariance = variance * plane @ np.diag(1 / (len(rig) * values[1:])) @ plane.T
    return Horizons(up, roll, covariance)


def up_by_horizons(rig: CameraRig) -> np.ndarray:
    """(3,) unit vector that points up, see :func:`find_horizons`."""
    return find_horizons(rig).up


def ground_rig(rig: CameraRig) -> tuple[CameraRig, str]:
    """Turn a rig upright by its horizons and put the floor below what it looks at.

    Args:
        rig: Two or more cameras, millimetres, any axes.

    Returns:
        The rig with z up (the z axis of ``rig`` if it is up within the uncertainty of the
        horizons), the floor z = 0 and the origin below the point that the cameras
        look at; and a sentence that says by how much it was turned and moved.

    Raises:
        CalibrationError: See :func:`find_horizons`; or the cameras look at no common point.
    """
    up = find_horizons(rig).up_or_z
    turn = rotation_onto_z(up)
    level = rig.in_world(turn)
    focus = focus_point(level)
    if focus is None:
        raise CalibrationError(
            'the cameras look at no common point, so nobody knows where the floor is; measure '
            'it with `mmpose-ours align-rig`',
            code='no-data',
        )
    shift_mm = np.array([-focus[0], -focus[1], HIPS_ABOVE_FLOOR_MM - focus[2]])
    note = (
        f'turned by {degrees_off_z(up):.1f} degrees so that the horizons are level, and moved by '
        f'({shift_mm[0]:.0f}, {shift_mm[1]:.0f}, {shift_mm[2]:.0f}) mm so that the floor is '
        f'{HIPS_ABOVE_FLOOR_MM:g} mm below the point that the cameras look at (an assumption: '
        'measure it with `mmpose-ours align-rig`)'
    )
    return level.moved(shift_mm), note


def rotation_onto_z(up: np.ndarray) -> np.ndarray:
    """(3, 3) rotation that takes the unit vector ``up`` to (0, 0, 1), exact near -z too."""
    x, y, z = up
    if z < 0:
        # Near -z the smallest rotation is not a matter of ``up`` but of its rounding.
        over = np.diag([1.0, -1.0, -1.0])
        return rotation_onto_z(over @ up) @ over
    factor = 1 / (1 + z)
    return np.array(
        [[1 - x * x * factor, -x * y * factor, -x], [-x * y * factor, 1 - y * y * factor, -y],
         [x, y, z]]
    )  # fmt: skip
