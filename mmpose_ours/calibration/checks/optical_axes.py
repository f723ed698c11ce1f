"""Where the optical axes meet: how far away people stand, and misread extrinsics.

Cameras around people look at them, so their axes nearly meet, in front of every camera,
and the cameras stand upright. Extrinsics of another convention (R from camera to world,
centre and translation exchanged) lose that, and get it back when they are read as meant.
This module does **not** say that cameras must look at one point: a rig is suspicious
only if another reading of its numbers is plainly the better one.
"""

from __future__ import annotations

import numpy as np

from mmpose_ours.calibration.world_axes import Z_UP_FROM
from mmpose_ours.geometry.rig import CameraRig, farthest_pair

# The axes meet somewhere only if they are not parallel: smallest eigenvalue of the
# mean projector across the axes, 0 for parallel ones; 0.01 is about 10 degrees of spread.
MIN_AXIS_SPREAD = 0.01
# Two axes nearly meet under too many readings.
MIN_CAMERAS = 3
# Real rigs: at most 7 degrees off the common point, upright by 0.59 (1 is level).
GOOD_DEGREES, GOOD_UPRIGHT = 10.0, 0.25
POOR_DEGREES, POOR_UPRIGHT = 25.0, -0.05
TIMES_BETTER = 4.0
# Sine of the roll of cameras that stand on one floor: 15 degrees.
MAX_ROLL = 0.26
# Readings that draw the cameras together make any axes meet.
MIN_SHRINKAGE = 0.3


def working_distance(rig: CameraRig) -> float | None:
    """Median distance in mm from the cameras to where their optical axes come closest.

    Returns:
        None where the axes are nearly parallel, or some camera looks elsewhere.
    """
    focus = focus_point(rig)
    if focus is None:
        return None
    axes = np.stack([camera.R_w2c[2] for camera in rig])
    if off_axis_degrees(axes, rig.centers_w, focus).max() > POOR_DEGREES:
        return None
    distance = float(np.median(((focus - rig.centers_w) * axes).sum(-1)))
    return distance if distance > 0 else None


def focus_point(rig: CameraRig) -> np.ndarray | None:
    """(3,) world point nearest to all optical axes; None where they are nearly parallel."""
    return _focus(np.stack([camera.R_w2c[2] for camera in rig]), rig.centers_w)


def angle_degrees(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Angles (...) between vectors (..., 3) of any length, exact near 0 and 180 degrees.

    The arc cosine loses half of the digits there.
    """
    across = np.linalg.norm(np.cross(a, b), axis=-1)
    return np.degrees(np.arctan2(across, (np.asarray(a) * b).sum(-1)))


def degrees_off_z(up: np.ndarray) -> float:
    """Degrees between a (3,) vector and the z axis."""
    return float(angle_degrees(up, np.array([0.0, 0.0, 1.0])))


def off_axis_degrees(axes: np.ndarray, centers_w: np.ndarray, point_w: np.ndarray) -> np.ndarray:
    """How far off the cameras' axes a point lies.

    Args:
        axes: (V, 3) optical axes in the world.
        centers_w: (V, 3) camera centres.
        point_w: (3,) the point, in the unit of the centres.

    Returns:
        (V,) degrees; 0 for a camera that stands at the point.
    """
    return angle_degrees(axes, point_w - centers_w)


def better_reading(rig: CameraRig, up: str = 'z') -> str:
    """Tell which other meaning of R, t and the centres makes plainly better sense.

    Args:
        rig: Cameras with z up, in any unit.
        up: The axis that points up in the file that they come from.

    Returns:
        The mistake, e.g. ``'translations taken for camera centres'``, or an empty text.
    """
    if len(rig) < MIN_CAMERAS:
        return ''
    centers = rig.centers_w
    R = np.stack([camera.R_w2c for camera in rig])
    degrees, upright = _judge(R, centers)
    if degrees <= GOOD_DEGREES and _level_somehow(R):
        return ''  # they look at one place and are level as they are, whatever axis is up
    for mistake, R_read, centers_read in other_readings(rig, up):
        if _extent(centers_read) < MIN_SHRINKAGE * _extent(centers):
            continue
        degrees_read, upright_read = _judge(R_read, centers_read)
        if degrees_read > GOOD_DEGREES or upright_read < GOOD_UPRIGHT:
            continue
        if degrees > max(POOR_DEGREES, TIMES_BETTER * degrees_read):
            return mistake
        if upright < POOR_UPRIGHT and degrees_read < degrees:
            return mistake
    return ''


def _level_somehow(R_w2c: np.ndarray) -> bool:
    """Whether all cameras (V, 3, 3) stand upright on some floor, not necessarily on z = 0."""
    right, down = R_w2c[:, 0], R_w2c[:, 1]
    up = np.linalg.eigh(right.T @ right)[1][:, 0]
    upright = -down @ up * np.sign(-(down @ up).sum())
    return bool(np.abs(right @ up).max() < MAX_ROLL and upright.min() > GOOD_UPRIGHT)


def other_readings(rig: CameraRig, up: str = 'z') -> list[tuple[str, np.ndarray, np.ndarray]]:
    """What the numbers of a rig would say if R, t and the centres meant something else.

    Args:
        rig: V cameras with z up.
        up: The axis that points up in the file that they come from: numbers are exchanged
            in the file's axes, not in ours.

    Returns:
        Per reading the mistake that was made if it is the right one, rotations world to
        camera (V, 3, 3) and camera centres (V, 3), with z up.
    """
    t = np.stack([camera.t_w2c for camera in rig])
    readings = []
    for axis in dict.fromkeys((up, 'z')):
        ours_from_theirs = Z_UP_FROM[axis]
        R = np.stack([camera.R_w2c for camera in rig]) @ ours_from_theirs
        turned, centers = R.swapaxes(1, 2), rig.centers_w @ ours_from_theirs
        readings += [
            (mistake, R_read @ ours_from_theirs.T, centers_read @ ours_from_theirs.T)
            for mistake, R_read, centers_read in (
                ('translations taken for camera centres', R, -_each(turned, centers)),
                ('camera centres taken for translations', R, t),
                ('R transposed (camera to world)', turned, centers),
                ('R transposed (camera to world)', turned, -_each(R, t)),
                ('R transposed, and camera centres exchanged with translations', turned, t),
            )
        ]
    return readings


def _judge(R_w2c: np.ndarray, centers_w: np.ndarray) -> tuple[float, float]:
    """Largest angle between an axis and the common point, and the least upright camera."""
    axes = R_w2c[:, 2]
    upright = float(-R_w2c[:, 1, 2].max())
    focus = _focus(axes, centers_w)
    if focus is None:
        return 180.0, upright
    return float(off_axis_degrees(axes, centers_w, focus).max()), upright


def _focus(axes: np.ndarray, centers_w: np.ndarray) -> np.ndarray | None:
    """(3,) point nearest to all axes (V, 3); None where they are nearly parallel."""
    across = np.eye(3) - axes[:, :, None] * axes[:, None, :]
    mean = across.mean(0)
    if np.linalg.eigvalsh(mean)[0] < MIN_AXIS_SPREAD:
        return None
    return np.linalg.solve(mean, np.einsum('vij,vj->i', across, centers_w) / len(axes))


def focuses_of_others(axes: np.ndarray, centers_w: np.ndarray) -> np.ndarray:
    """Where the axes of all cameras but one come closest, in linear time.

    Args:
        axes: (V, 3) optical axes in the world, which are not all parallel.
        centers_w: (V, 3) camera centres.

    Returns:
        (V, 3) the point without each camera.
    """
    across = np.eye(3) - axes[:, :, None] * axes[:, None, :]
    projected = np.einsum('vij,vj->vi', across, centers_w)
    mean = (across.sum(0) - across) / (len(axes) - 1)
    # Parallel axes meet nowhere: a point far along them.
    mean += 1e-9 * np.eye(3)
    return np.linalg.solve(mean, ((projected.sum(0) - projected) / (len(axes) - 1))[..., None])[
        ..., 0
    ]


def _each(R: np.ndarray, points: np.ndarray) -> np.ndarray:
    return np.einsum('vij,vj->vi', R, points)


def _extent(points: np.ndarray) -> float:
    return farthest_pair(points)[2]


def makes_sense(R_w2c: np.ndarray, centers_w: np.ndarray) -> bool:
    """Whether cameras (V, 3, 3), (V, 3) stand upright on some floor and look at one place."""
    if len(R_w2c) < MIN_CAMERAS:
        return False
    return _judge(R_w2c, centers_w)[0] <= POOR_DEGREES and _level_somehow(R_w2c)
