"""The table of formats, and the two functions that every rig passes through.

To add a format: write a module as CONTRIBUTING says, and add one line to :data:`FORMATS`.
Its rigs are in the file's own unit and axes; these functions turn them to ours and back.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import json
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, Sequence

from mmpose_ours.calibration.checks.sanity import check_count, check_names, check_rig
from mmpose_ours.calibration.errors import CalibrationError, CalibrationLimitError, about
from mmpose_ours.calibration.formats import (
    agisoft,
    anipose,
    caliscope,
    campus,
    crossview,
    dannce,
    easymocap,
    kalibr,
    krtd,
    nerfstudio,
    panoptic,
    pose2sim,
    qualisys,
    vicon,
)
from mmpose_ours.calibration.formats import simple_camera as mmpose
from mmpose_ours.calibration.formats.colmap import model as colmap
from mmpose_ours.calibration.formats.opencv import file_storage as opencv
from mmpose_ours.calibration.parsing.source import Reading, Source
from mmpose_ours.calibration.world_axes import from_ours, to_ours
from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.cameras import CameraRig, list_names
from mmpose_ours.io.files import write_whole
from mmpose_ours.io.terminal import shell_word

FORMATS: dict[str, Any] = {
    'panoptic': panoptic,
    'campus': campus,
    'opencv': opencv,
    'easymocap': easymocap,
    'anipose': anipose,
    'pose2sim': pose2sim,
    'caliscope': caliscope,
    'qualisys': qualisys,
    'vicon': vicon,
    'agisoft': agisoft,
    'dannce': dannce,
    'krtd': krtd,
    'crossview': crossview,
    'mmpose': mmpose,
    'colmap': colmap,
    'nerfstudio': nerfstudio,
    'kalibr': kalibr,
}


def writable_formats() -> tuple:
    """Names that :func:`write_rig` takes."""
    return tuple(name for name, module in FORMATS.items() if hasattr(module, 'write'))


def recognise_format(path: PathLike | Sequence[PathLike]) -> tuple[str, str]:
    """Tell a calibration's format by its content; the file's name does not matter.

    Args:
        path: The file, the folder, or several files.

    Returns:
        The format's name and the reason.

    Raises:
        CalibrationError: No format, or more than one, fits.
    """
    return _recognise(Source(path))[1:]


def _recognise(source: Source) -> tuple[Source, str, str]:
    """The files that are a calibration, its format, and why."""
    found = _claims(source)
    if not found and len(source.files) > 1:
        # A calibration among other files: a folder of images and keypoints, say.
        alone = [(one, _claims(one)) for one in map(source.only, source)]
        alone = [(one, c) for one, c in alone if any(_is_whole(one, FORMATS[n]) for n in c)]
        if len(alone) > 1:
            each = ', '.join(f'{Path(file.path).name} ({next(iter(c))})' for file, c in alone[:5])
            raise CalibrationError(
                f'{source.path}: holds more than one calibration: {each}; name the file that you '
                'mean'
            )
        if alone:
            source, found = alone[0]
    if source.budget.exceeded is not None:  # another calibration may be among what was not parsed
        raise source.budget.exceeded
    if len(found) == 1:
        return source, *next(iter(found.items()))
    if found:
        raise CalibrationError(
            f'{source.path}: fits more than one format ({", ".join(found)}); '
            'name the right one with --from (format=...)'
        )
    for file in source:
        file.check_syntax()
    raise CalibrationError(
        f'{source.path}: its content fits no known format ({", ".join(FORMATS)}); '
        'name the format with --from (format=...) to learn what is missing'
    )


def _claims(source: Source) -> dict[str, str]:
    """Why, by name of each format that takes these files for its own."""
    reasons = {name: _reason(module.recognise, source) for name, module in FORMATS.items()}
    return {name: reason for name, reason in reasons.items() if reason}


def _only_of(source: Source, module: Any) -> Source:
    """Of several files that are no calibration together, the one that is one by itself."""
    if len(source.files) > 1 and not _reason(module.recognise, source):
        alone = [one for one in map(source.only, source) if _is_whole(one, module)]
        if len(alone) == 1:
            return alone[0]
    return source


def _is_whole(source: Source, module: Any) -> bool:
    """Whether one file is a rig by itself, and not a camera or half of a calibration."""
    try:
        return bool(module.recognise(source)) and len(module.read(source).rig) > 1
    except CalibrationError:
        return False


def _reason(recognise: Callable[[Source], str], source: Source) -> str:
    """Whatever is too broken to be recognised is not recognised."""
    try:
        return recognise(source)
    except CalibrationError:
        return ''


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
    """

    path: PathLike
    rig: CameraRig
    format: str
    reason: str
    unit: str
    up: str
    uncalibrated: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def convention(self) -> str:
        """One line on the file's convention."""
        return describe(self.format, self.unit, self.up)


def describe(format: str, unit: str, up: str) -> str:
    """One line on a format's convention: unit, axes and the meaning of R and t."""
    unit = unit if unit.isalpha() else f'{unit} mm'
    up = 'y down' if up == '-y' else f'{up} up'
    return f'{unit}, {up}, {FORMATS[format].CONVENTION}'


def read_calibration(
    path: PathLike | Sequence[PathLike],
    format: str = 'auto',
    *,
    unit: str | float | None = None,
    up: str | None = None,
    image_size: tuple[int, int] | None = None,
    any_up: bool = False,
    any_unit: bool = False,
) -> Read:
    """Read a calibration with all that is to be known of it, whether or not it makes sense.

    Args:
        path: The file, the folder, or several files of one calibration.
        format: A name of :data:`FORMATS`, or ``'auto'`` to tell by content.
        unit: The unit of the file's lengths: ``mm``, ``cm``, ``m`` or millimetres per unit.
            None takes the format's own.
        up: The axis that points up in the file: ``x -x y -y z -z``. None takes the format's.
        image_size: (width, height) in pixels, for formats whose intrinsics mean nothing
            without it; other cameras do not get it.
        any_up: Take z where nobody says which axis points up: the rig will be turned later.
        any_unit: Take millimetres where nobody says the unit: the rig will be scaled later.

    Raises:
        CalibrationError: The file is missing or broken, the format unknown, or it does not
            fix unit or up axis and nobody said.
    """
    source = Source(path, image_size)
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
        source, format, reason = _recognise(source)
    elif format not in FORMATS:
        raise CalibrationError(
            f'{source.path}: unknown format {format!r}, expected one of '
            f'{", ".join(FORMATS)} or auto'
        )
    module = FORMATS[format]
    source = _only_of(source, module)
    try:
        reading: Reading = module.read(source)
    except CalibrationLimitError:
        raise
    except CalibrationError:
        _refuse_other_format(source, format)
        raise
    notes = [*reading.notes, *_easily_lost(source, reading)]
    if any_up and up is None and module.UP is None:
        up = 'z'
    if any_unit and unit is None and module.UNIT is None:
        unit = 'mm'
    given = {'unit': (unit, module.UNIT), 'up': (up, module.UP)}
    for word, (said, fixed) in given.items():
        if said is None and fixed is None:
            choices = '{mm,cm,m,FACTOR}' if word == 'unit' else '{x,-x,y,-y,z,-z}'
            meaning = (
                'of their lengths (FACTOR: millimetres per unit)'
                if word == 'unit'
                else 'axis of their world'
            )
            raise CalibrationError(
                f'{source.path}: {format} files do not say the {word} {meaning}; say '
                f'--{word} {choices} ({word}=... in Python)'
            )
        if said is not None and fixed is not None and str(said) != fixed:
            notes.append(f'{word} {said} as given; {format} files have {fixed}')
    unit = module.UNIT if unit is None else str(unit)
    up = module.UP if up is None else up
    try:
        rig = to_ours(reading.rig, unit, up)
    except CalibrationError as error:
        raise CalibrationError(f'{source.path}: {error}') from error
    return Read(source.path, rig, format, reason, unit, up, reading.uncalibrated, tuple(notes))


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
    image_size: tuple[int, int] | None = None,
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
            not say.
        any_scale: Accept a rig too small or too large for people; see
            :func:`mmpose_ours.calibration.checks.whole_report.check`.

    Returns:
        The cameras in millimetres, z up.

    Raises:
        CalibrationError: The file is missing or broken, the format unknown, a camera
            not in it or not calibrated, or the rig implausible. One sentence with file,
            camera and fix.
    """
    read = read_calibration(path, format, unit=unit, up=up, image_size=image_size)
    where, rig = read.path, read.rig
    if image_size is not None:
        rig = with_size(rig, image_size, where)
    # The unit is judged on all cameras of the file: more cameras, more evidence.
    check_rig(rig, path=where, unit=read.unit, up=read.up, any_scale=any_scale)
    rig = choose_cameras(rig, read.uncalibrated, cameras, where)
    check_count(rig, path=where)
    return rig


def write_rig(rig: CameraRig, path: PathLike, format: str) -> None:
    """Write a rig to a calibration file, whole or not at all.

    Args:
        rig: Cameras in millimetres, z up; the format's own unit and axes are written.
        path: The file to write, of a format with several files the folder.
        format: A name of :data:`FORMATS`.

    Raises:
        CalibrationError: The format is unknown or cannot hold one of the cameras, or a
            camera's name cannot be that of a folder.
    """
    module = writer_of(format, path)
    check_names(rig, path=path)
    module.HOLDS.check(rig, path)
    module.write(from_ours(rig, *written_world(format)), path)


def write_rig_and_report(
    rig: CameraRig, path: PathLike, format: str, report_path: PathLike | None, report: Any
) -> None:
    """Write a rig and, if wanted, plain data about it as JSON: both or neither.

    Raises:
        CalibrationError: See :func:`write_rig`.
        OSError: One of the two cannot be written.
    """
    with contextlib.ExitStack() as stack:
        if report_path is not None:
            # Complete, beside its place, before the rig is written
            file = stack.enter_context(write_whole(report_path))
            file.write(json.dumps(report, indent=1, allow_nan=False) + '\n')
            file.flush()
        write_rig(rig, path, format)


def writer_of(format: str, path: PathLike) -> Any:
    """The module that writes a format.

    Raises:
        CalibrationError: None does.
    """
    if format not in writable_formats():
        raise CalibrationError(
            f'{path}: cannot write format {format!r}, expected one of '
            f'{", ".join(writable_formats())}'
        )
    return FORMATS[format]


def written_world(format: str) -> tuple[str, str]:
    """Unit and up axis in which a format is written."""
    module = FORMATS[format]
    return getattr(module, 'WRITTEN', None) or (module.UNIT, module.UP)


def _refuse_other_format(source: Source, format: str) -> None:
    """Where the content is plainly another format's, say that instead of a detail."""
    try:
        _, other, reason = _recognise(source)
    except CalibrationError:
        return
    # Formats of one layout: the detail is the better answer.
    if other != format and other not in getattr(FORMATS[format], 'SAME_LAYOUT', ()):
        raise CalibrationError(
            f'{source.path}: is no {format} file but looks like {other} ({reason}); '
            f'say --from {other} (format={other!r})'
        )


def with_size(rig: CameraRig, size: tuple[int, int], path: PathLike) -> CameraRig:
    """Fill in image sizes.

    Raises:
        CalibrationError: A camera has another size, or its principal point does not fit.
    """
    for camera in rig:
        if camera.size is not None and camera.size != tuple(size):
            raise CalibrationError(
                f'{path}: camera {camera.name!r} is {camera.size[0]}x{camera.size[1]} in the '
                f'file, but the image size given is {size[0]}x{size[1]}; leave it out'
            )
    try:
        return rig.with_size((size[0], size[1]))
    except ValueError as error:
        raise CalibrationError(f'{path}: {error}') from error


def choose_cameras(
    rig: CameraRig,
    uncalibrated: Sequence[str],
    names: Sequence[str] | None,
    path: PathLike,
) -> CameraRig:
    """The cameras asked for, in the order asked for; None is all.

    Raises:
        CalibrationError: One of them is not there, or is not calibrated.
    """
    if isinstance(names, str) or not isinstance(names, (Iterable, type(None))):
        kind = type(names).__name__
        kind = 'the text' if kind == 'str' else f'{"an" if kind == "int" else "a"} {kind},'
        raise CalibrationError(
            f'{path}: cameras must be a list of names, got {kind} {names!r}; say [{str(names)!r}]'
        )
    names = None if names is None else [str(name) for name in names]
    if names is not None and not names:
        raise CalibrationError(
            f'{path}: an empty list of cameras was asked for; it has {list_names(rig.names)}'
        )
    lost = set(uncalibrated)
    wanted = [n for n in (uncalibrated if names is None else names) if n in lost]
    if wanted:
        listed = list_names([repr(name) for name in wanted])
        who, it = (
            (f'camera {listed} is', 'it') if len(wanted) == 1 else (f'cameras {listed} are', 'them')
        )
        raise CalibrationError(
            f'{path}: {who} listed but not calibrated; calibrate {it}, or take the others with '
            f'--cameras {list_names(list(map(shell_word, rig.names)), sep=" ")} (cameras=[...])'
        )
    if names is None:
        return rig
    twice = sorted(n for n, count in collections.Counter(names).items() if count > 1)
    if twice:
        raise CalibrationError(
            f'{path}: {", ".join(map(repr, twice))} asked for twice; say it once'
        )
    try:
        return rig.select(names)
    except ValueError as error:
        raise CalibrationError(f'{path}: {error}; ask for one of those') from error
