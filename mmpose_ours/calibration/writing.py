"""Rigs into calibration files, whole or not at all."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from mmpose_ours.calibration.checks.sanity import check_names
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.calibration.format_table import FORMATS, writable_formats, written_world
from mmpose_ours.calibration.world_axes import from_ours
from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.disk.files import write_whole


def write_rig(rig: CameraRig, path: PathLike, format: str) -> None:
    """Write a rig to a calibration file, whole or not at all.

    Args:
        rig: Cameras in millimetres, z up; the format's own unit and axes are written.
        path: The file to write, of a format with several files the folder.
        format: A name of :data:`FORMATS`.

    Raises:
        CalibrationError: The format is unknown or cannot hold one of the cameras, or a
            camera's name cannot be that of a folder.

    Examples:
        >>> from mmpose_ours import Camera, CameraRig, read_rig
        >>> places = [(-3000, -3000, 2000), (3000, -3000, 2000), (0, 3000, 2000)]
        >>> rig = CameraRig(tuple(
        ...     Camera.looking_at(f'cam{i}', place, (0, 0, 1000), 800, (1280, 720))
        ...     for i, place in enumerate(places)
        ... ))
        >>> write_rig(rig, 'Calib.toml', 'pose2sim')  # in metres
        >>> same = read_rig('Calib.toml')  # in millimetres again
        >>> same['cam1'].center_w.round(3).tolist()
        [3000.0, -3000.0, 2000.0]
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
            f'{", ".join(writable_formats())}',
            code='unknown-name',
            file=path,
            found=format,
            expected=list(writable_formats()),
        )
    return FORMATS[format]
