"""What every rig is checked for before it is used: cheap, and from the rig alone.

Each check is for a mistake that otherwise ends in silent nonsense: another unit, width
and height swapped, R transposed, too few cameras. It does **not** look at images or keypoints, so a
rig that passes may still be wrong.
"""

from __future__ import annotations

import numpy as np

from mmpose_ours.calibration.axes import better_reading, working_distance
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.cameras import Camera, CameraRig
from mmpose_ours.files import MM_PER_UNIT, PathLike

# Cameras around people: closer than two hand-held stereo heads, or farther apart than
# the stands of a stadium, means another unit than millimetres.
MIN_EXTENT_MM = 300.0
MAX_EXTENT_MM = 300_000.0
# Where the cameras' axes meet people stand; at half a metre only a face fits the image.
MIN_WORKING_DISTANCE_MM = 500.0
TYPICAL_EXTENT_MM = 5000.0
# Share of a side; lenses sit within 0.05 of the middle, crops seldom beyond 0.2.
MAX_OFF_MIDDLE = 0.3
_SLASHES = frozenset('/\\')


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
        unit: The unit of lengths in that file, for messages: a key of
            :data:`mmpose_ours.files.MM_PER_UNIT`.
        any_scale: Accept a rig that is too small or too large for people, as one around
            hands, animals or a desk is, with extrinsics as they are.

    Raises:
        CalibrationError: Fewer than two cameras; a name that no folder can have; width
            and height swapped, or an image size that is not that of the intrinsics; R
            transposed, or centre and translation exchanged; all cameras within 300 mm of
            each other, working at less than 500 mm, or spread over more than 300 m.
            Names file, cameras and mend.
    """
    where = '' if path is None else f'{path}: '
    check_count(rig, path=path)
    check_names(rig, path=path)
    for camera in rig:
        _check_orientation_of_size(camera, where)
        _check_middle(camera, where)
    apart = np.linalg.norm(rig.centers_w[:, None] - rig.centers_w, axis=-1)
    if apart.max() < 1e-6:
        raise CalibrationError(
            f'{where}all cameras, from {rig.names[0]!r} to {rig.names[-1]!r}, stand in one '
            'place, so nothing can be triangulated; give each camera its own extrinsics'
        )
    if not any_scale:
        _check_reading(rig, where)
        _check_unit(rig, apart, unit, where)


def check_count(rig: CameraRig, *, path: PathLike | None = None) -> None:
    """Raise a CalibrationError where a rig has fewer than two cameras."""
    if len(rig) < 2:
        where = '' if path is None else f'{path}: '
        raise CalibrationError(
            f'{where}only one camera, {rig.names[0]!r}, but 3D needs two or more; '
            'add the other cameras of the site'
        )


def check_names(rig: CameraRig, *, path: PathLike | None = None) -> None:
    """Raise a CalibrationError where a camera's name cannot be that of its image folder."""
    where = '' if path is None else f'{path}: '
    for position, name in enumerate(rig.names):
        if (
            not name.strip()
            or name in ('.', '..')
            or not name.isprintable()
            or _SLASHES & set(name)
        ):
            raise CalibrationError(
                f'{where}camera {position + 1} of {len(rig)} has the name {name!r}, but a '
                "camera's name is also its image folder's, so it must be a text without "
                'slashes; give it another name in the file'
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


def _check_middle(camera: Camera, where: str) -> None:
    """The size of a scaled or cropped image puts the principal point near an edge."""
    if camera.size is None:
        return
    point, (width, height) = camera.K[:2, 2], camera.size
    off = np.abs((point + 0.5) / (width, height) - 0.5).max()
    if off > MAX_OFF_MIDDLE:
        raise CalibrationError(
            f'{where}camera {camera.name!r}: principal point ({point[0]:.1f}, {point[1]:.1f}) '
            f'is {off:.0%} of a side off the middle of its {width}x{height} image, so the size '
            'is not that of the calibrated image; say the size of the full images that the '
            'intrinsics were found on'
        )


_MEND_EXTRINSICS = (
    'give R from world to camera, with centre or translation as the format says, or export '
    'the calibration again'
)


def _check_reading(rig: CameraRig, where: str) -> None:
    mistake = better_reading(rig)
    if mistake:
        raise CalibrationError(
            f'{where}as given the cameras {rig.names[0]!r} to {rig.names[-1]!r} look past each '
            f'other or stand on their heads, but read otherwise all stand upright and look at '
            f'one place, so the extrinsics look like {mistake}; {_MEND_EXTRINSICS}'
        )


def around_people(rig: CameraRig) -> bool:
    """Whether the cameras stand as far apart and as far away as they do around people."""
    return not _misplaced(rig, np.linalg.norm(rig.centers_w[:, None] - rig.centers_w, axis=-1))


def _misplaced(rig: CameraRig, apart: np.ndarray) -> str:
    """What is wrong with the distances (V, V) between cameras, or an empty text."""
    a, b = np.unravel_index(apart.argmax(), apart.shape)
    extent = float(apart[a, b])
    pair = f'{rig.names[a]!r} and {rig.names[b]!r}'
    if extent < MIN_EXTENT_MM or extent > MAX_EXTENT_MM:
        return (
            f'cameras {pair} are the farthest apart, at {_length(extent)}, but around people '
            f'that is {MIN_EXTENT_MM:g} mm to {MAX_EXTENT_MM / 1000:g} m'
        )
    distance = working_distance(rig)
    if distance is not None and distance < MIN_WORKING_DISTANCE_MM:
        return (
            f'cameras {pair} and the others look at a point {_length(distance)} away, but '
            f'around people that is {MIN_WORKING_DISTANCE_MM:g} mm or more'
        )
    return ''


def _check_unit(rig: CameraRig, apart: np.ndarray, unit: str, where: str) -> None:
    found = _misplaced(rig, apart)
    if not found:
        return
    # Centred on a room: the power of ten that brings the cameras 5 m apart.
    power = int(round(np.log10(TYPICAL_EXTENT_MM / apart.max())))
    if power == 0:
        raise CalibrationError(
            f'{where}{found}, though the cameras are {_length(float(apart.max()))} apart, so the '
            'extrinsics look like translation taken for centre (or the reverse), or like R '
            f'transposed (camera to world); {_MEND_EXTRINSICS}'
        )
    factor = f'{10 ** abs(power)}'
    likely = [name for name, mm in MM_PER_UNIT.items() if mm == MM_PER_UNIT[unit] * 10.0**power]
    guess = f', as if {likely[0]} stood where {unit} is due' if likely else ''
    raise CalibrationError(
        f'{where}{found}, so lengths look {factor} times too {"small" if power > 0 else "large"}'
        f'{guess}; {"multiply" if power > 0 else "divide"} the translations (or camera centres) '
        f'by {factor}, or say --any-scale (any_scale=True) where the rig is not around people'
    )


def _length(mm: float) -> str:
    return (
        f'{mm:.3g} mm' if mm < 1000 else f'{mm / 1000:.3g} m' if mm < 1e6 else f'{mm / 1e6:.3g} km'
    )
