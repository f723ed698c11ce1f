"""The capture volume of a rig that was read from a file, and how a config states it."""

from __future__ import annotations

from mmpose_ours.calibration.api import Read
from mmpose_ours.calibration.capture_volume import MAX_EDGE_MM, NoSpaceError, fit_space
from mmpose_ours.calibration.checks.sanity import OF_SCALE, problems_of, refusal
from mmpose_ours.calibration.errors import CalibrationError, about
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.io.terminal import shell_path


def space_of(
    rig: CameraRig,
    read: Read,
    *,
    max_edge_mm: float = MAX_EDGE_MM,
    min_views: int | None = None,
    any_scale: bool = False,
) -> CaptureVolume:
    """Fit the space of a rig as read from a file, or say why there is none.

    Args:
        rig: The cameras, or some of them.
        read: What the file holds.
        max_edge_mm: See :func:`fit_space`.
        min_views: See :func:`fit_space`.
        any_scale: Do not judge whether the rig is one around people.

    Raises:
        CalibrationError: The rig cannot be one around people, or no place is seen by enough
            cameras; names the file, and the command that finds out more.
    """
    path = read.path
    more = f'`mmpose-ours check-rig {shell_path(path)}` says more of the rig'
    for problem in problems_of(rig, read.unit, read.up):
        if not problem.warning and not (any_scale and problem.topic in OF_SCALE):
            raise refusal(problem, path, more)
    with about(path, nameless=True):
        try:
            return fit_space(rig, max_edge_mm=max_edge_mm, min_views=min_views)
        except NoSpaceError as error:
            raise error.reworded(CalibrationError, f'{error}; {more}') from error


def space_line(space: CaptureVolume) -> str:
    """``space=dict(...)`` as configs take it, in millimetres."""
    center, size = (
        '(' + ', '.join(f'{value:g}' for value in values) + ')'
        for values in (space.center_mm, space.size_mm)
    )
    return f'space=dict(center_mm={center}, size_mm={size}),'
