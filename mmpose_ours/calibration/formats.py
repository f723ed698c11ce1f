"""The table of formats, and the two doors that every rig passes through.

To add a format: write a module with ``CONVENTION``, ``UNIT``, ``recognise``, ``read`` and
``write`` (or leave ``write`` out), and add one line to :data:`FORMATS`.
"""

from __future__ import annotations

from typing import Any, Sequence

from mmpose_ours.calibration import campus, panoptic
from mmpose_ours.calibration.check import check_count, check_names, check_rig
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.calibration.source import Source
from mmpose_ours.cameras import CameraRig
from mmpose_ours.files import PathLike

FORMATS: dict[str, Any] = {
    'panoptic': panoptic,
    'campus': campus,
}


def readable_formats() -> tuple:
    """Names that :func:`read_rig` takes, ``'auto'`` apart."""
    return tuple(name for name, module in FORMATS.items() if hasattr(module, 'read'))


def writable_formats() -> tuple:
    """Names that :func:`write_rig` takes."""
    return tuple(name for name, module in FORMATS.items() if hasattr(module, 'write'))


def recognise_format(path: PathLike) -> tuple[str, str]:
    """Tell a calibration file's format by its content; its name does not matter.

    Args:
        path: The file.

    Returns:
        The format's name and the reason.

    Raises:
        CalibrationError: No format, or more than one, fits.
    """
    return _recognise(Source(path))


def _recognise(source: Source) -> tuple[str, str]:
    source.check_syntax()
    reasons = {name: FORMATS[name].recognise(source) for name in readable_formats()}
    found = [name for name, reason in reasons.items() if reason]
    if len(found) == 1:
        return found[0], reasons[found[0]]
    if found:
        raise CalibrationError(
            f'{source.path}: fits more than one format ({", ".join(found)}); '
            'name the right one with --from (format=...)'
        )
    raise CalibrationError(
        f'{source.path}: its content fits no known format ({", ".join(readable_formats())}); '
        'name the format with --from (format=...) to learn what is missing'
    )


def read_rig(
    path: PathLike,
    format: str = 'auto',
    *,
    cameras: Sequence[str] | None = None,
    image_size: tuple[int, int] | None = None,
    any_scale: bool = False,
) -> CameraRig:
    """Read a calibration file into a checked rig.

    Args:
        path: The calibration file.
        format: A name of :data:`FORMATS`, or ``'auto'`` to tell by content.
        cameras: Names of the cameras wanted, in the order wanted; None is all of them.
        image_size: (width, height) in pixels of the cameras whose size the file does
            not say.
        any_scale: Accept a rig too small or too large for people; see
            :func:`mmpose_ours.calibration.check_rig`.

    Returns:
        The cameras in millimetres, z up.

    Raises:
        CalibrationError: The file is missing or broken, the format unknown, a camera
            not in it, or the rig implausible. One sentence with file, camera and mend.
    """
    source = Source(path)
    if format == 'auto':
        format, _ = _recognise(source)
    elif format not in readable_formats():
        raise CalibrationError(
            f'{path}: unknown format {format!r}, expected one of '
            f'{", ".join(readable_formats())} or auto'
        )
    try:
        rig = FORMATS[format].read(source)
    except CalibrationError:
        _refuse_other_format(source, format)
        raise
    if image_size is not None:
        rig = _with_size(rig, image_size, path)
    # The unit is judged on all cameras of the file: more cameras, more evidence.
    check_rig(rig, path=path, unit=FORMATS[format].UNIT, any_scale=any_scale)
    if cameras is not None:
        rig = _select(rig, cameras, path)
        check_count(rig, path=path)
    return rig


def write_rig(rig: CameraRig, path: PathLike, format: str) -> None:
    """Write a rig to a calibration file, whole or not at all.

    Args:
        rig: Cameras in millimetres, z up; the format's own unit and axes are written.
        path: The file to write.
        format: A name of :data:`FORMATS`.

    Raises:
        CalibrationError: The format is unknown or cannot hold one of the cameras, or a
            camera's name cannot be that of a folder.
    """
    if format not in writable_formats():
        raise CalibrationError(
            f'{path}: cannot write format {format!r}, expected one of '
            f'{", ".join(writable_formats())}'
        )
    check_names(rig, path=path)
    FORMATS[format].write(rig, path)


def _refuse_other_format(source: Source, format: str) -> None:
    """Where the content is plainly another format's, say that instead of a detail."""
    try:
        other, reason = _recognise(source)
    except CalibrationError:
        return
    if other != format:
        raise CalibrationError(
            f'{source.path}: is no {format} file but looks like {other} ({reason}); '
            f'say --from {other} (format={other!r})'
        )


def _with_size(rig: CameraRig, size: tuple[int, int], path: PathLike) -> CameraRig:
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


def _select(rig: CameraRig, names: Sequence[str], path: PathLike) -> CameraRig:
    if isinstance(names, str):
        raise CalibrationError(
            f'{path}: cameras must be a list of names, got the text {names!r}; say [{names!r}]'
        )
    if not len(names):
        raise CalibrationError(
            f'{path}: an empty list of cameras was asked for; it has {", ".join(rig.names)}'
        )
    try:
        return rig.select(names)
    except ValueError as error:
        raise CalibrationError(f'{path}: {error}; ask for one of those') from error
