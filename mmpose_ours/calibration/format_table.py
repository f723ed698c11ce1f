"""The table of calibration formats, and which of them a file is.

To add a format: write a module as CONTRIBUTING says, and add one line to :data:`FORMATS`.
"""

from __future__ import annotations

from typing import Any, Callable, Sequence

from mmpose_ours.calibration.direction import UnsaidDirectionError
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.calibration.formats import (
    agisoft,
    anipose,
    bodypose3d,
    calibio,
    caliscope,
    campus,
    crossview,
    dannce,
    easymocap,
    jarvis,
    kalibr,
    krtd,
    matlab,
    mccalib,
    multical,
    nerfstudio,
    opencap,
    optitrack,
    panoptic,
    pose2sim,
    qualisys,
    vicon,
    xrprimer,
)
from mmpose_ours.calibration.formats import simple_camera as mmpose
from mmpose_ours.calibration.formats.colmap import model as colmap
from mmpose_ours.calibration.formats.datasets import aist, egoexo4d, human36m, thu
from mmpose_ours.calibration.formats.krt import reader as krt
from mmpose_ours.calibration.formats.opencv import file_storage as opencv
from mmpose_ours.calibration.parsing.source import Source
from mmpose_ours.calibration.unknown_format import unknown_format
from mmpose_ours.errors import PathLike
from mmpose_ours.text import argument

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
    'xrprimer': xrprimer,
    'mccalib': mccalib,
    'matlab': matlab,
    'thu': thu,
    'multical': multical,
    'opencap': opencap,
    'aist': aist,
    'human36m': human36m,
    'bodypose3d': bodypose3d,
    'egoexo4d': egoexo4d,
    'optitrack': optitrack,
    'calibio': calibio,
    'jarvis': jarvis,
    'krt': krt,
}
# The format that takes K, R and T of any origin, and asks what they mean.
GENERIC = 'krt'


def writable_formats() -> tuple:
    """Names that :func:`write_rig` takes."""
    return tuple(name for name, module in FORMATS.items() if hasattr(module, 'write'))


def written_world(format: str) -> tuple[str, str]:
    """Unit and up axis in which a format is written."""
    module = FORMATS[format]
    return getattr(module, 'WRITTEN', None) or (module.UNIT, module.UP)


def recognise_format(path: PathLike | Sequence[PathLike]) -> tuple[str, str]:
    """Tell a calibration's format by its content; the file's name does not matter.

    Args:
        path: The file, the folder, or several files.

    Returns:
        The format's name and the reason.

    Raises:
        CalibrationError: No format, or more than one, fits.

    Examples:
        >>> from mmpose_ours import Camera, CameraRig, write_rig
        >>> places = [(-3000, -3000, 2000), (3000, -3000, 2000), (0, 3000, 2000)]
        >>> rig = CameraRig(tuple(
        ...     Camera.looking_at(f'cam{i}', place, (0, 0, 1000), 800, (1280, 720))
        ...     for i, place in enumerate(places)
        ... ))
        >>> write_rig(rig, 'cameras.json', 'panoptic')
        >>> recognise_format('cameras.json')[0]
        'panoptic'
    """
    return recognise_files(Source(path))[1:]


def recognise_files(source: Source) -> tuple[Source, str, str]:
    """The files that are a calibration, its format, and why."""
    try:
        return _recognise(source)
    except CalibrationError as error:
        below = _below(source) if error.code == 'file-format' else None
        if below is not None:
            try:
                return _recognise(below)
            except CalibrationError as deeper:
                if deeper.code == 'ambiguous':
                    raise
        raise


def _below(source: Source) -> Source | None:
    """What lies one level deeper: a folder may hold notes beside a folder for each camera."""
    try:
        return source.below()
    except CalibrationError:
        return None


def _recognise(source: Source) -> tuple[Source, str, str]:
    found = _or_generic(source, _claims(source))
    if not found and len(source.files) > 1:
        # A calibration among other files: a folder of images and keypoints, say.
        alone = [(one, _claims(one)) for one in map(source.only, source)]
        alone = [(one, c) for one, c in alone if any(_is_whole(one, FORMATS[n]) for n in c)]
        if len(alone) > 1:
            each = ', '.join(f'{file.path} ({next(iter(c))})' for file, c in alone[:5])
            raise CalibrationError(
                f'{source.path}: holds more than one calibration: {each}; name the file that you '
                'mean',
                code='ambiguous',
                file=source.path,
                found=[str(file.path) for file, _ in alone],
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
            f'name the right one with {argument("format")}',
            code='ambiguous',
            file=source.path,
            found=list(found),
        )
    for file in source:
        file.check_syntax()
    raise unknown_format(source, list(FORMATS))


def _claims(source: Source) -> dict[str, str]:
    """Why, by name of each format that takes these files for its own."""
    reasons = {
        name: _reason(module.recognise, source)
        for name, module in FORMATS.items()
        if name != GENERIC
    }
    found = {name: reason for name, reason in reasons.items() if reason}
    if found:
        return found
    reason = _reason(FORMATS[GENERIC].recognise, source)
    return {GENERIC: reason} if reason else {}


def _or_generic(source: Source, found: dict[str, str]) -> dict[str, str]:
    """The generic format where the only other one finds nothing that it reads in its own files."""
    name = next(iter(found)) if len(found) == 1 else ''
    if not name or not getattr(FORMATS[name], 'YIELDS', False):
        return found
    reason = _reason(FORMATS[GENERIC].recognise, source)
    if reason:
        try:
            FORMATS[name].read(source)
        except CalibrationError as error:
            if error.code in ('no-data', 'missing-value'):
                return {GENERIC: reason}
    return found


def only_of(source: Source, module: Any) -> Source:
    """Of several files that are no calibration together, the one that is one by itself.

    Else those one level deeper, where they are one.
    """
    if _reason(module.recognise, source):
        return source
    if len(source.files) > 1:
        alone = [one for one in map(source.only, source) if _is_whole(one, module)]
        if len(alone) == 1:
            return alone[0]
    below = _below(source)
    return below if below is not None and _reason(module.recognise, below) else source


def _is_whole(source: Source, module: Any) -> bool:
    """Whether one file is a rig by itself, and not a camera or half of a calibration."""
    try:
        return bool(module.recognise(source)) and len(module.read(source).rig) > 1
    except UnsaidDirectionError:
        return True
    except CalibrationError:
        return False


def _reason(recognise: Callable[[Source], str], source: Source) -> str:
    """Whatever is too broken to be recognised is not recognised."""
    try:
        return recognise(source)
    except CalibrationError:
        return ''


def refuse_other_format(source: Source, format: str) -> None:
    """Where the content is plainly another format's, say that instead of a detail."""
    try:
        _, other, reason = recognise_files(source)
    except CalibrationError:
        return
    # Formats of one layout: the detail is the better answer.
    if other not in (format, GENERIC) and other not in getattr(FORMATS[format], 'SAME_LAYOUT', ()):
        raise CalibrationError(
            f'{source.path}: is no {format} file but looks like {other} ({reason}); '
            f'say {argument("format", other)}',
            code='file-format',
            file=source.path,
            found=other,
            expected=format,
        )
