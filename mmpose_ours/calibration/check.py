"""What every rig is checked for before it is used: cheap, and from the rig alone.

Each check is for a mistake that otherwise ends in silent nonsense: another unit, width
and height swapped, too few cameras. It does **not** look at images or keypoints, so a
rig that passes may still be wrong.
"""

from __future__ import annotations

import numpy as np

from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.cameras import Camera, CameraRig
from mmpose_ours.files import PathLike

# Cameras around people: closer than two hand-held stereo heads, or farther apart than
# the stands of a stadium, means another unit than millimetres.
MIN_EXTENT_MM = 300.0
MAX_EXTENT_MM = 300_000.0
# Where the cameras' axes meet people stand; at half a metre only a face fits the image.
MIN_WORKING_DISTANCE_MM = 500.0
TYPICAL_EXTENT_MM = 5000.0
# The axes meet somewhere only if they are not parallel: smallest eigenvalue of the
# mean projector across the axes, 0 for parallel ones; 0.01 is about 10 degrees of spread.
MIN_AXIS_SPREAD = 0.01

UNITS_MM = {'mm': 1.0, 'cm': 10.0, 'm': 1000.0}


def check_rig(
    rig: CameraRig,
    *,
    path: PathLike | None = None,
    unit: str = 'mm',
    any_scale: bool = False,
) -> None:
    """Refuse a rig that cannot be what its owner meant.

    Args:
        rig: Cameras in millimetres.
        path: Where the rig comes from, for messages.
        unit: The unit of lengths in that file, a key of :data:`UNITS_MM`, for messages.
        any_scale: Accept a rig that is too small or too large for people, as one around
            hands, animals or a desk is.

    Raises:
        CalibrationError: Fewer than two cameras; width and height swapped; all cameras
            within 300 mm of each other, working at less than 500 mm, or spread over
            more than 300 m. Names file, cameras and mend.
    """
    where = '' if path is None else f'{path}: '
    check_count(rig, path=path)
    for camera in rig:
        _check_orientation_of_size(camera, where)
    apart = np.linalg.norm(rig.centers_w[:, None] - rig.centers_w, axis=-1)
    if apart.max() < 1e-6:
        raise CalibrationError(
            f'{where}all cameras, from {rig.names[0]!r} to {rig.names[-1]!r}, stand in one '
            'place, so nothing can be triangulated; give each camera its own extrinsics'
        )
    if not any_scale:
        _check_unit(rig, apart, unit, where)


def check_count(rig: CameraRig, *, path: PathLike | None = None) -> None:
    """Raise a CalibrationError where a rig has fewer than two cameras."""
    if len(rig) < 2:
        where = '' if path is None else f'{path}: '
        raise CalibrationError(
            f'{where}only one camera, {rig.names[0]!r}, but 3D needs two or more; '
            'add the other cameras of the site'
        )


def _check_orientation_of_size(camera: Camera, where: str) -> None:
    """A principal point far from the middle that fits the turned image tells a swap.

    The camera itself refuses a principal point outside the image; a full-HD one with
    width and height swapped still has it inside.
    """
    if camera.size is None:
        return
    point = camera.K[:2, 2]
    size = np.array(camera.size, dtype=float)
    as_given, as_turned = (np.abs((point + 0.5) / s - 0.5).max() for s in (size, size[::-1]))
    if as_given > 0.1 and as_turned * 2.5 < as_given:
        width, height = camera.size
        raise CalibrationError(
            f'{where}camera {camera.name!r}: principal point ({point[0]:.1f}, {point[1]:.1f}) '
            f'is far from the middle of its {width}x{height} image and close to that of a '
            f'{height}x{width} one, so width and height look swapped; say {height}x{width}'
        )


def _check_unit(rig: CameraRig, apart: np.ndarray, unit: str, where: str) -> None:
    a, b = np.unravel_index(apart.argmax(), apart.shape)
    extent = float(apart[a, b])
    pair = f'{rig.names[a]!r} and {rig.names[b]!r}'
    distance = working_distance(rig)
    if extent < MIN_EXTENT_MM or extent > MAX_EXTENT_MM:
        found = (
            f'cameras {pair} are the farthest apart, at {_length(extent)}, but around people '
            f'that is {MIN_EXTENT_MM:g} mm to {MAX_EXTENT_MM / 1000:g} m'
        )
    elif distance is not None and distance < MIN_WORKING_DISTANCE_MM:
        found = (
            f'cameras {pair} and the others look at a point {_length(distance)} away, but '
            f'around people that is {MIN_WORKING_DISTANCE_MM:g} mm or more'
        )
    else:
        return
    # Centred on a room: the power of ten that brings the cameras 5 m apart.
    power = int(round(np.log10(TYPICAL_EXTENT_MM / extent)))
    factor = f'{10 ** abs(power)}'
    likely = [name for name, mm in UNITS_MM.items() if mm == UNITS_MM[unit] * 10.0**power]
    guess = f', as if {likely[0]} stood where {unit} is due' if likely else ''
    raise CalibrationError(
        f'{where}{found}, so lengths look {factor} times too {"small" if power > 0 else "large"}'
        f'{guess}; {"multiply" if power > 0 else "divide"} the translations (or camera centres) '
        f'by {factor}, or say --any-scale (any_scale=True) where the rig is not around people'
    )


def working_distance(rig: CameraRig) -> float | None:
    """Median distance in mm from the cameras to where their optical axes come closest.

    Returns:
        None where the axes are nearly parallel or the cameras look apart.
    """
    axes = np.stack([camera.R_w2c[2] for camera in rig])
    across = np.eye(3) - axes[:, :, None] * axes[:, None, :]
    mean = across.mean(0)
    if np.linalg.eigvalsh(mean)[0] < MIN_AXIS_SPREAD:
        return None
    focus = np.linalg.solve(mean, np.einsum('vij,vj->i', across, rig.centers_w) / len(rig))
    distance = float(np.median(((focus - rig.centers_w) * axes).sum(-1)))
    return distance if distance > 0 else None


def _length(mm: float) -> str:
    return (
        f'{mm:.3g} mm' if mm < 1000 else f'{mm / 1000:.3g} m' if mm < 1e6 else f'{mm / 1e6:.3g} km'
    )
