"""Arguments of a session that cannot be."""

from __future__ import annotations

import math
from typing import Mapping, Sequence

from mmpose_ours.errors import InputError
from mmpose_ours.text import argument


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
        ('fps', fps, fps is None or (math.isfinite(fps) and fps > 0), 'a number above 0'),
        ('min_track_s', min_track_s, 0 <= min_track_s < math.inf, '0 or more seconds'),
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
