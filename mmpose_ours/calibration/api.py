"""Calibration files into rigs: millimetres, z up, whatever the file has."""

from __future__ import annotations

import dataclasses
from typing import Iterator, Mapping, Sequence

from mmpose_ours.calibration.camera_choice import choose_cameras, with_size
from mmpose_ours.calibration.checks.sanity import check_count, check_rig, problems_of
from mmpose_ours.calibration.direction import (
    FIXED,
    UnsaidDirectionError,
    check_direction,
    fixed_direction,
)
from mmpose_ours.calibration.errors import CalibrationError, CalibrationLimitError, about
from mmpose_ours.calibration.format_table import (
    FORMATS,
    GENERIC,
    only_of,
    recognise_files,
    refuse_other_format,
)
from mmpose_ours.calibration.image_size import ImageSizes
from mmpose_ours.calibration.parsing.source import Reading, Source
from mmpose_ours.calibration.world_axes import Z_UP_FROM, to_ours
from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.rig import CameraRig, list_names
from mmpose_ours.io.disk.files import MM_PER_UNIT
from mmpose_ours.text import argument


@dataclasses.dataclass(frozen=True)
class Read:
    """A rig and how its file was understood.

    Args:
        path: The file, folder or files, as messages call it.
        rig: The cameras in millimetres, z up.
        format: The name of the format.
        reason: Why it was recognised; empty where it was said.
        unit: The unit of the file's lengths, ``mm``, ``cm``, ``m`` or millimetres as text.
        up: The axis that points up in the file.
        uncalibrated: Cameras that the file lists without a pose or a lens.
        notes: What a user should see of it.
        rigs: The names of each rig's cameras, where the file holds several rigs.
        direction: What R and T mean in this file, where files of the format differ in that.
    """

    path: PathLike
    rig: CameraRig
    format: str
    reason: str
    unit: str
    up: str
    uncalibrated: tuple[str, ...]
    notes: tuple[str, ...]
    rigs: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    direction: str = ''

    @property
    def convention(self) -> str:
        """One line on the file's convention."""
        return describe(self.format, self.unit, self.up, self.direction)


def describe(format: str, unit: str, up: str, direction: str = '') -> str:
    """One line on a format's convention: unit, axes and the meaning of R and t."""
    unit = unit if unit.isalpha() else f'{unit} mm'
    up = 'y down' if up == '-y' else f'{up} up'
    return f'{unit}, {up}, {direction or FORMATS[format].CONVENTION}'


def read_calibration(
    path: PathLike | Sequence[PathLike],
    format: str = 'auto',
    *,
    unit: str | float | None = None,
    up: str | None = None,
    image_size: ImageSizes | None = None,
    extrinsics: str | None = None,
    translation: str | None = None,
    any_up: bool = False,
    any_unit: bool = False,
    any_direction: bool = False,
    any_pose: bool = False,
) -> Read:
    """Read a calibration with all that is to be known of it, whether or not it makes sense.

    Args:
        path: The file, the folder, or several files of one calibration.
        format: A name of :data:`FORMATS`, or ``'auto'`` to tell by content.
        unit: The unit of the file's lengths: ``mm``, ``cm``, ``m`` or millimetres per unit.
            None takes the format's own.
        up: The axis that points up in the file: ``x -x y -y z -z``. None takes the format's.
        image_size: (width, height) in pixels, for formats whose intrinsics mean nothing
            without it, or by camera; other cameras do not get it.
        extrinsics: What the file's R is, where neither it nor its format says that:
            ``'world-to-camera'`` or ``'camera-to-world'``.
        translation: What its T is: ``'vector'``, which is t of ``x_cam = R_w2c x_world + t``, or
            ``'center'``, the place of the camera.
        any_up: Take z where nobody says which axis points up: the rig will be turned later.
        any_unit: Take millimetres where nobody says the unit: the rig will be scaled later.
        any_direction: Take any meaning of R and T where nobody says it: only names, sizes and
            lenses will be looked at.
        any_pose: Take cameras without a pose too, see
            :class:`~mmpose_ours.calibration.parsing.source.Source`.

    Raises:
        CalibrationError: The file is missing or broken, the format unknown, or it does not
            fix unit, up axis or direction and nobody said; or fixes a direction that was said.
    """
    check_direction(extrinsics, translation)
    source = Source(path, image_size, extrinsics, translation, any_direction, any_pose)
    with about(source.path):
        return _read_source(source, format, unit, up, any_up, any_unit)


def _read_source(
    source: Source,
    format: str,
    unit: str | float | None,
    up: str | None,
    any_up: bool,
    any_unit: bool,
) -> Read:
    reason = ''
    if format == 'auto':
        source, format, reason = recognise_files(source)
    elif format not in FORMATS:
        raise CalibrationError(
            f'{source.path}: unknown format {format!r}, expected one of '
            f'{", ".join(FORMATS)} or auto',
            code='unknown-name',
            file=source.path,
            found=format,
            expected=[*FORMATS, 'auto'],
        )
    module = FORMATS[format]
    directions = {'extrinsics': source.extrinsics, 'translation': source.translation}
    said_directions = {name: word for name, word in directions.items() if word is not None}
    fixed_directions = dict(zip(directions, FIXED.get(format, ())))
    if not (
        getattr(module, 'ASKS_DIRECTION', False)
        or said_directions.items() <= fixed_directions.items()
    ):
        raise fixed_direction(source.path, format, module.CONVENTION, said_directions, GENERIC)
    source = only_of(source, module)
    try:
        reading: Reading = module.read(source)
    except (CalibrationLimitError, UnsaidDirectionError):
        raise
    except CalibrationError:
        refuse_other_format(source, format)
        raise
    notes = [*reading.notes, *_easily_lost(source, reading)]
    if any_up and up is None and module.UP is None:
        up = 'z'
    if any_unit and unit is None and module.UNIT is None:
        unit = 'mm'
    given = {'unit': (unit, module.UNIT), 'up': (up, module.UP)}
    for word, (said, fixed) in given.items():
        if said is None and fixed is None:
            raise _unsaid(source, format, word)
        if said is not None and fixed is not None and str(said) != fixed:
            notes.append(f'{word} {said} as given; {format} files have {fixed}')
    unit = module.UNIT if unit is None else str(unit)
    up = module.UP if up is None else up
    with about(source.path, nameless=True):
        rig = to_ours(reading.rig, unit, up)
    if module.UNIT is not None and unit != module.UNIT:
        _check_unit(source.path, format, rig, unit, to_ours(reading.rig, module.UNIT, up))
    return Read(
        source.path,
        rig,
        format,
        reason,
        unit,
        up,
        reading.uncalibrated,
        tuple(notes),
        reading.rigs,
        reading.convention,
    )


def _check_unit(
    path: PathLike, format: str, rig: CameraRig, unit: str, as_fixed: CameraRig
) -> None:
    """Refuse a unit that contradicts the format's, where only the format's fits people."""
    fixed = FORMATS[format].UNIT

    def fits(rig: CameraRig, unit: str) -> bool:
        return not any(problem.topic == 'unit' for problem in problems_of(rig, unit))

    if not fits(rig, unit) and fits(as_fixed, fixed):
        apart, usual = (of.farthest_pair[2] for of in (rig, as_fixed))
        raise CalibrationError(
            f'{path}: {argument("unit", unit)} contradicts the format: lengths in {format} files '
            f'are in {fixed}. Cameras would be {apart:.4g} mm apart at most instead of '
            f'{usual:.4g} mm; leave it out',
            code='conflict',
            file=path,
            found=unit,
            expected=fixed,
        )


def _unsaid(source: Source, format: str, word: str) -> CalibrationError:
    """The error for a unit or up axis that neither the format nor the caller says."""
    known, what, example = {
        'unit': (list(MM_PER_UNIT), 'unit of their lengths', 'm'),
        'up': (list(Z_UP_FROM), 'up axis of their world', 'z'),
    }[word]
    more = ' or the number of millimetres in one unit' if word == 'unit' else ''
    return CalibrationError(
        f'{source.path}: {format} files do not say the {what}; say one of {", ".join(known)}'
        f'{more}, for example {argument(word, example)}',
        code='missing-value',
        file=source.path,
        expected=known,
    )


def _easily_lost(source: Source, reading: Reading) -> Iterator[str]:
    """What was left out, and names that differ in what some file systems take for the same."""
    if source.hidden:
        yield (
            f'{list_names(sorted(source.hidden), 5)}: hidden files were left out; rename '
            'those that are cameras, without a point at the beginning'
        )
    alike: dict[str, list[str]] = {}
    for name in (*reading.rig.names, *reading.uncalibrated):
        alike.setdefault(' '.join(name.split()).casefold(), []).append(name)
    names = next((names for names in alike.values() if len(set(names)) > 1), None)
    if names:
        yield (
            f'the names {" and ".join(map(repr, names[:5]))} differ only in case or spaces, which '
            'not every file system tells apart; rename one'
        )


def read_rig(
    path: PathLike | Sequence[PathLike],
    format: str = 'auto',
    *,
    unit: str | float | None = None,
    up: str | None = None,
    cameras: Sequence[str] | None = None,
    image_size: ImageSizes | None = None,
    extrinsics: str | None = None,
    translation: str | None = None,
    any_scale: bool = False,
) -> CameraRig:
    """Read a calibration into a checked rig.

    Args:
        path: The calibration file, the folder, or several files.
        format: A name of :data:`FORMATS`, or ``'auto'`` to tell by content.
        unit: See :func:`read_calibration`.
        up: See :func:`read_calibration`.
        cameras: Names of the cameras wanted, in the order wanted; None is all of them.
        image_size: (width, height) in pixels of the cameras whose size the file does
            not say; or sizes by camera, under None that of the cameras which are not named.
        extrinsics: See :func:`read_calibration`.
        translation: See :func:`read_calibration`.
        any_scale: Accept a rig too small or too large for people; see
            :func:`mmpose_ours.calibration.checks.whole_report.check`.

    Returns:
        The cameras in millimetres, z up.

    Raises:
        CalibrationError: The file is missing or broken, the format unknown, a camera
            not in it or not calibrated, or the rig implausible. One sentence with file,
            camera and fix.

    Examples:
        >>> from mmpose_ours import Camera, CameraRig, write_rig
        >>> places = [(-3000, -3000, 2000), (3000, -3000, 2000), (0, 3000, 2000)]
        >>> rig = CameraRig(tuple(
        ...     Camera.looking_at(f'cam{i}', place, (0, 0, 1000), 800, (1280, 720))
        ...     for i, place in enumerate(places)
        ... ))
        >>> write_rig(rig, 'calibration.toml', 'anipose')  # a format that states no unit
        >>> read_rig('calibration.toml', unit='mm', up='z').names
        ('cam0', 'cam1', 'cam2')
        >>> read_rig('calibration.toml', unit='mm', up='z', cameras=['cam2', 'cam0']).names
        ('cam2', 'cam0')
    """
    read = read_calibration(
        path,
        format,
        unit=unit,
        up=up,
        image_size=image_size,
        extrinsics=extrinsics,
        translation=translation,
    )
    where, rig = read.path, read.rig
    if image_size is not None:
        rig = with_size(rig, image_size, where, read.uncalibrated)
    # The unit is judged on all cameras of the file: more cameras, more evidence.
    check_rig(rig, path=where, unit=read.unit, up=read.up, any_scale=any_scale)
    rig = choose_cameras(rig, read.uncalibrated, cameras, where, read.rigs)
    check_count(rig, path=where)
    return rig
