"""What every rig is checked for before it is used: cheap, and from the rig alone.

Each check is for a mistake that otherwise ends in silent nonsense: another unit, width
and height swapped, R transposed, too few cameras. It does **not** look at images or keypoints, so a
rig that passes may still be wrong (``mmpose-ours check-rig`` looks at them).
"""

from __future__ import annotations

import dataclasses
from typing import Any, Collection, Iterator

import numpy as np

from mmpose_ours.calibration.checks.optical_axes import better_reading, working_distance
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.calibration.image_size import looks_turned, off_middle
from mmpose_ours.calibration.world_axes import mm_per_unit
from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.disk.file_names import unfit_file_names
from mmpose_ours.io.disk.files import MM_PER_UNIT
from mmpose_ours.text import argument

# Cameras around people: closer than two hand-held stereo heads, or farther apart than
# the stands of a stadium, means another unit than millimetres.
MIN_EXTENT_MM = 300.0
MAX_EXTENT_MM = 300_000.0
# Where the cameras' axes meet people stand; at half a metre only a face fits the image.
MIN_WORKING_DISTANCE_MM = 500.0
TYPICAL_EXTENT_MM = 5000.0
# A ratio between units is likelier than another power of ten, by so many decades.
UNIT_BONUS = 0.45
# Share of a side; lenses sit within 0.05 of the middle, crops seldom beyond 0.2.
MAX_OFF_MIDDLE = 0.3
_SLASHES = frozenset('/\\')


@dataclasses.dataclass(frozen=True)
class Problem:
    """Something about a rig that cannot be what its owner meant.

    Args:
        topic: ``count``, ``names``, ``size``, ``place``, ``reading`` (another meaning of R and
            t), ``unit``, and what ``mmpose-ours check-rig`` adds to these.
        sentence: What was found, what was expected, cameras and fix.
        cameras: Names of the cameras it is about; empty where it is the rig as a whole.
        power_of_ten: Of ``unit``: how many powers of ten lengths seem off.
        warning: Whether the rig can be used all the same.
        found: What was found, see :class:`mmpose_ours.errors.InputError`.
        expected: What was expected.
    """

    topic: str
    sentence: str
    cameras: tuple[str, ...] = ()
    power_of_ten: int = 0
    warning: bool = False
    found: Any = None
    expected: Any = None


# The code of the error by topic, see :data:`mmpose_ours.errors.CODES`.
_CODES = {
    'count': 'no-data',
    'names': 'unsafe',
    'size': 'conflict',
    'place': 'no-data',
    'reading': 'conflict',
    'unit': 'out-of-range',
    'resolution': 'conflict',
    'orientation': 'out-of-range',
    'view': 'no-data',
    'images': 'no-match',
}
# What :func:`problems_of` finds. Where the rig is not one around people, those of scale do
# not apply; with those of images, images and cameras do not belong together; and with
# those of geometry the cameras tell nothing of the scene.
TOPICS = ('count', 'names', 'size', 'place', 'reading', 'unit')
OF_SCALE = ('reading', 'unit')
OF_IMAGES = ('names', 'size')
OF_GEOMETRY = ('count', 'names', 'size', 'place')


def problems_of(rig: CameraRig, unit: str = 'mm', up: str = 'z') -> Iterator[Problem]:
    """Find what :func:`check_rig` refuses, one after the other.

    Args:
        rig: Cameras in millimetres.
        unit: The unit of lengths in the file, for sentences.
        up: The axis that points up in the file, in whose axes R and t may have been exchanged.
    """
    yield from _of_count(rig)
    yield from _of_names(rig)
    for camera in rig:
        yield from _of_size(camera)
    if len(rig) < 2:
        return
    if rig.farthest_pair[2] < 1e-6:
        yield Problem(
            'place',
            f'all cameras, from {rig.names[0]!r} to {rig.names[-1]!r}, stand in one place, so '
            'nothing can be triangulated; give each camera its own extrinsics',
            found=rig.farthest_pair[2],
            expected=(MIN_EXTENT_MM, MAX_EXTENT_MM),
        )
        return
    yield from _of_reading(rig, up)
    yield from _of_unit(rig, unit)


def check_rig(
    rig: CameraRig,
    *,
    path: PathLike | None = None,
    unit: str = 'mm',
    up: str = 'z',
    any_scale: bool = False,
) -> None:
    """Refuse a rig that cannot be what its owner meant.

    Args:
        rig: Cameras in millimetres.
        path: Where the rig comes from, for messages.
        unit: The unit of lengths in that file, for messages: a key of
            :data:`mmpose_ours.io.disk.files.MM_PER_UNIT` or a number of millimetres.
        up: The axis that points up in that file.
        any_scale: Accept a rig that is too small or too large for people, as one around
            hands, animals or a desk is, with extrinsics as they are.

    Raises:
        CalibrationError: Fewer than two cameras; a name that no folder can have; width
            and height swapped, or an image size that is not that of the intrinsics; R
            transposed, or centre and translation exchanged; all cameras within 300 mm of
            each other, working at less than 500 mm, or spread over more than 300 m.
            Names file, cameras and fix.
    """
    topics = [topic for topic in TOPICS if not (any_scale and topic in OF_SCALE)]
    refuse(rig, path, unit, topics, up=up)


def refuse(
    rig: CameraRig,
    path: PathLike | None,
    unit: str,
    topics: Collection[str],
    more: str = '',
    up: str = 'z',
) -> list[Problem]:
    """Refuse a rig that has a problem of some topics.

    Args:
        rig: Cameras in millimetres.
        path: Where the rig comes from, for messages.
        unit: The unit of lengths in that file, for messages.
        topics: Those that must not occur, of :data:`TOPICS`; see also :data:`OF_IMAGES` and
            :data:`OF_GEOMETRY`.
        more: What the message says at its end, after a semicolon.
        up: The axis that points up in that file.

    Returns:
        The problems of the other topics.

    Raises:
        CalibrationError: There is one of these topics.
    """
    others = []
    for problem in problems_of(rig, unit, up):
        if problem.topic in topics:
            raise refusal(problem, path, more)
        others.append(problem)
    return others


def refusal(problem: Problem, path: PathLike | None, more: str = '') -> CalibrationError:
    """The error for a problem that :func:`problems_of` found; ``more`` comes last in it."""
    where = '' if path is None else f'{path}: '
    return CalibrationError(
        where + problem.sentence + (f'; {more}' if more else ''),
        code=_CODES.get(problem.topic, 'conflict'),
        file=path,
        camera=problem.cameras[0] if len(problem.cameras) == 1 else None,
        found=problem.found,
        expected=problem.expected,
    )


def check_count(rig: CameraRig, *, path: PathLike | None = None) -> None:
    """Raise a CalibrationError where a rig has fewer than two cameras."""
    for problem in _of_count(rig):
        raise refusal(problem, path)


def check_names(rig: CameraRig, *, path: PathLike | None = None) -> None:
    """Raise a CalibrationError where a camera's name cannot be that of its image folder."""
    for problem in _of_names(rig):
        raise refusal(problem, path)


def check_file_names(rig: CameraRig, *, path: PathLike) -> None:
    """Refuse cameras whose names cannot be those of files or folders beside each other.

    Args:
        rig: The cameras.
        path: What is to be written, or where the rig comes from.

    Raises:
        CalibrationError: A name would be lost there, or not be found on another system.
    """
    unfit = unfit_file_names(rig.names)
    if unfit is not None:
        name, why = unfit
        raise CalibrationError(
            f'{path}: camera {name[:80]!r} cannot give its name to a file or folder: it {why}; '
            'rename it with `mmpose-ours convert-calibration ... --rename OLD=NEW`',
            code='unsafe',
            file=path,
            camera=name,
            found=name,
        )


def _of_count(rig: CameraRig) -> Iterator[Problem]:
    if len(rig) < 2:
        yield Problem(
            'count',
            f'only one camera, {rig.names[0]!r}, but 3D needs two or more; add the other cameras '
            'of the site',
            found=len(rig),
            expected=2,
        )


def _of_names(rig: CameraRig) -> Iterator[Problem]:
    for position, name in enumerate(rig.names):
        if (
            not name.strip()
            or name in ('.', '..')
            or not name.isprintable()
            or _SLASHES & set(name)
        ):
            yield Problem(
                'names',
                f"camera {position + 1} of {len(rig)} has the name {name!r}, but a camera's "
                "name is also its image folder's, so it must be a text without slashes; give it "
                'another name in the file',
                (name,),
                found=name,
            )


def _of_size(camera: Camera) -> Iterator[Problem]:
    """The camera itself refuses a principal point outside the image; what is left is inside.

    A principal point far from the middle that fits the turned image tells a swap (a full-HD
    one stays inside); the size of a scaled or cropped image puts it near an edge.
    """
    if camera.size is None:
        return
    point, (width, height) = camera.K[:2, 2], camera.size
    off = off_middle(camera.K, camera.size)
    at = f'camera {camera.name!r}: principal point ({point[0]:.1f}, {point[1]:.1f})'
    if looks_turned(camera.K, camera.size):
        yield Problem(
            'size',
            f'{at} is far from the middle of its {width}x{height} image and close to that of a '
            f'{height}x{width} one, so width and height look swapped; correct the size in the '
            f'file, or give {argument("image_size", {camera.name: (height, width)})} where it says '
            'none',
            (camera.name,),
            found=camera.size,
            expected=(height, width),
        )
    elif off > MAX_OFF_MIDDLE:
        yield Problem(
            'size',
            f'{at} is {off:.0%} of a side off the middle of its {width}x{height} image, so the '
            f'{_other_size(camera)}',
            (camera.name,),
            found=camera.size,
        )


def _other_size(camera: Camera) -> str:
    """What a principal point near an edge tells, and what to do."""
    if np.abs(camera.K[:2]).max() < _SHARES:
        return (
            'intrinsics look divided by the image size; multiply the first row of K by the width '
            'and the second by the height'
        )
    return (
        'size is not that of the calibrated image; give the size of the full images that the '
        f'intrinsics were found on, in the file or with {argument("image_size")} where it says none'
    )


# Of the image's width and height, the longest focal length.
_SHARES = 20.0


def _fix_extrinsics() -> str:
    return (
        'give R from world to camera, with centre or translation as the format says, or say what '
        f'they are with {argument("extrinsics")} and {argument("translation")} where it does not, '
        'or export the calibration again'
    )


def _of_reading(rig: CameraRig, up: str) -> Iterator[Problem]:
    mistake = better_reading(rig, up)
    if mistake:
        yield Problem(
            'reading',
            f'as given the cameras {rig.names[0]!r} to {rig.names[-1]!r} look past each other or '
            'stand on their heads, but read otherwise all stand upright and look at one place, '
            f'so the extrinsics look like {mistake}; {_fix_extrinsics()}',
            found=mistake,
        )


def around_people(rig: CameraRig) -> bool:
    """Whether the cameras stand as far apart and as far away as they do around people."""
    return not _misplaced(rig)


def _misplaced(rig: CameraRig) -> str:
    """What is wrong with the distances between cameras, or an empty text."""
    a, b, extent = rig.farthest_pair
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


def _of_unit(rig: CameraRig, unit: str) -> Iterator[Problem]:
    found, extent = _misplaced(rig), rig.farthest_pair[2]
    if not found:
        return
    given_mm = mm_per_unit(unit)
    # What the lengths may have to be multiplied with, where that makes a room of it.
    too_small = extent <= MAX_EXTENT_MM
    ratios = [ratio if too_small else 1 / ratio for ratio in (10.0, 100.0, 1000.0)]
    ratios = [r for r in ratios if MIN_EXTENT_MM <= extent * r <= MAX_EXTENT_MM]
    meant = {r: _unit_of(given_mm * r) for r in ratios}
    if not ratios or TYPICAL_EXTENT_MM / 3 < extent < TYPICAL_EXTENT_MM * 3:
        yield Problem(
            'reading',
            f'{found}, though the cameras are {_length(extent)} apart, so the '
            'extrinsics look like translation taken for centre (or the reverse), or like R '
            f'transposed (camera to world); {_fix_extrinsics()}',
            found=extent,
            expected=(MIN_EXTENT_MM, MAX_EXTENT_MM),
        )
        return

    def decades_off(ratio: float) -> float:
        named = UNIT_BONUS if meant[ratio] else 0.0
        return abs(np.log10(extent * ratio / TYPICAL_EXTENT_MM)) - named

    ratio = min(ratios, key=decades_off)
    times = f'{max(ratio, 1 / ratio):g}'
    guess = f', as if {meant[ratio]} stood where {unit} is due' if meant[ratio] else ''
    say_unit = f'say {argument("unit", meant[ratio])}, or ' if meant[ratio] else ''
    if not guess:
        others = [f'{name} for {unit} would be {r:g} times' for r, name in meant.items() if name]
        guess = f' ({" and ".join(others)})' if others else ''
    yield Problem(
        'unit',
        f'{found}, so lengths look {times} times too {"small" if too_small else "large"}'
        f'{guess}; {say_unit}{"multiply" if too_small else "divide"} the translations (or camera '
        f'centres) by {times}, or say {argument("any_scale", True)} where the rig is not around '
        'people',
        power_of_ten=round(np.log10(ratio)),
        found=extent,
        expected=(MIN_EXTENT_MM, MAX_EXTENT_MM),
    )


def _unit_of(mm: float) -> str:
    """The name of a unit of so many millimetres, or an empty text."""
    return next((name for name, length in MM_PER_UNIT.items() if np.isclose(length, mm)), '')


def _length(mm: float) -> str:
    return (
        f'{mm:.3g} mm' if mm < 1000 else f'{mm / 1000:.3g} m' if mm < 1e6 else f'{mm / 1e6:.3g} km'
    )
