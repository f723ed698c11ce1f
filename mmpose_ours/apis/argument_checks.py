"""Arguments of a session that cannot be."""

from __future__ import annotations

from typing import Mapping, Sequence

from mmpose_ours.errors import InputError
from mmpose_ours.io.numbers import MAX_FPS, MIN_FPS
from mmpose_ours.text import argument

# Seconds, some thirty years.
_MAX_SECONDS = 1e9


def check_arguments(
    cameras: Sequence[str],
    frame_offsets: Mapping[str, int],
    batch_size: int,
    fps: float | None,
    min_track_s: float,
) -> None:
    """Refuse numbers that cannot be, and offsets of cameras that the rig lacks.

    Args:
        cameras: Names of the rig's cameras.
        frame_offsets: Camera name to images before the first frame.
        batch_size: Frames at once.
        fps: Frames per second, or None.
        min_track_s: Seconds of the shortest track.

    Raises:
        InputError: Names the argument.
    """
    for name, value, fits, expected in (
        ('batch_size', batch_size, batch_size >= 1, '1 or more'),
        (
            'fps',
            fps,
            fps is None or MIN_FPS <= fps <= MAX_FPS,
            f'a number from {MIN_FPS:g} to {MAX_FPS:g}',
        ),
        (
            'min_track_s',
            min_track_s,
            0 <= min_track_s <= _MAX_SECONDS,
            f'0 to {_MAX_SECONDS:g} seconds',
        ),
    ):
        if not fits:
            raise InputError(
                f'{argument(name, value)}: expected {expected}',
                code='out-of-range',
                found=value,
                expected=expected,
            )
    for camera in frame_offsets:
        if camera not in cameras:
            raise InputError(
                f'{argument("frame_offsets", {camera: frame_offsets[camera]})}: no such camera in '
                f'the rig; it has {", ".join(cameras)}',
                code='unknown-camera',
                camera=camera,
                found=camera,
                expected=list(cameras),
            )


def check_rate(fps: float | None, min_track_s: float, smooth: bool, temporal: bool) -> None:
    """Refuse what needs a frame rate where that is unknown, and two ways of smoothing at once.

    Args:
        fps: Frames per second; None if unknown.
        min_track_s: Seconds of the shortest track; 0 keeps all.
        smooth: Whether joints are smoothed frame by frame.
        temporal: Whether trajectories are estimated.

    Raises:
        InputError: Names the argument.
    """
    if smooth and temporal:
        raise InputError(
            f'{argument("smooth", True)} has no place beside {argument("temporal", True)}, which '
            'smooths without a lag; leave it out',
            code='conflict',
            found=['smooth', 'temporal'],
        )
    for wanted, what in (
        (smooth, 'smoothing'),
        (temporal, 'estimating trajectories'),
        (min_track_s, f'removing tracks shorter than {min_track_s:g} s'),
    ):
        if wanted and fps is None:
            raise InputError(
                f'{what} needs the frame rate; give {argument("fps")}',
                code='missing-value',
                expected='fps',
            )
