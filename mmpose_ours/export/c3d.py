"""C3D: joints as points, the binary file of biomechanics (c3d.org), in mm.

It is written by ``ezc3d`` (Michaud and Begon, JOSS 2021), the extra ``[c3d]``. Points that are
missing have the residual -1, as the format asks for. The standard deviation of a point is an
analog channel under its name, in mm, -1 where it is not known: residuals are bytes, whose order
readers do not agree on. There are none where readers would not take so many. The parameter
``SKELETON:NAME`` says which joints they are.
"""

from __future__ import annotations

import errno
import os
import struct
from pathlib import Path

import numpy as np

from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.io.disk.files import whole_path
from mmpose_ours.tracking.trajectories import Timeline

# The header counts frames in 16 bits.
MAX_FRAMES = 65535
# Scales and offsets of channels are one array, whose length is a byte.
MAX_CHANNELS = 255


def write_c3d(timeline: Timeline, path: PathLike, up: str = 'z') -> None:
    """Write people over time as C3D, whole or not at all.

    Points are named as the markers of :func:`mmpose_ours.export.trc.write_trc`.
    ``POINT:X_SCREEN`` and ``Y_SCREEN`` say which axis is up.

    Args:
        timeline: The people.
        path: File to write.
        up: ``'z'``, as most laboratories have it, or ``'y'``.

    Raises:
        ImportError: ``ezc3d`` is not installed.
        InputError: ``up`` is another axis, or there are more frames than C3D holds.
        OSError: The file cannot be written.
    """
    try:
        import ezc3d  # late: it is an extra
    except ImportError as error:
        raise ImportError(
            "C3D files are written by ezc3d: pip install 'mmpose-ours[c3d]'"
        ) from error

    if len(timeline.frames) > MAX_FRAMES:
        raise InputError(
            f'{path}: C3D holds {MAX_FRAMES} frames, found {len(timeline.frames)}; write .trc, '
            '.csv or .npz',
            code='cannot-express',
            file=path,
            found=len(timeline.frames),
            expected=MAX_FRAMES,
        )
    xyz = timeline.turned(up).reshape(len(timeline.frames), -1, 3)
    markers = timeline.markers()
    file = ezc3d.c3d()
    point = file['parameters']['POINT']
    point['RATE']['value'] = [timeline.rate_hz]
    point['UNITS']['value'] = ['mm']
    point['LABELS']['value'] = markers
    point['DESCRIPTIONS']['value'] = [''] * len(markers)
    file.add_parameter('POINT', 'X_SCREEN', ['+X'])
    file.add_parameter('POINT', 'Y_SCREEN', [f'+{up.upper()}'])
    file.add_parameter('SKELETON', 'NAME', [timeline.joints.name])
    with_std = timeline.std_mm is not None and not too_many_channels(timeline)
    if timeline.std_mm is not None and with_std:
        analog = file['parameters']['ANALOG']
        analog['RATE']['value'] = [timeline.rate_hz]
        analog['LABELS']['value'] = markers
        analog['DESCRIPTIONS']['value'] = ['standard deviation'] * len(markers)
        analog['UNITS']['value'] = ['mm'] * len(markers)
        stds = timeline.std_mm.reshape(1, len(xyz), -1).transpose(0, 2, 1)
        file['data']['analogs'] = np.where(np.isnan(stds), -1.0, stds)
    # (4, markers, frames), the last row for homogeneous coordinates; NaN becomes residual -1.
    ones = np.ones((1, len(markers), len(xyz)))
    file['data']['points'] = np.concatenate([xyz.transpose(2, 1, 0), ones])
    with whole_path(path, '.c3d') as temporary:
        file.write(str(temporary))
        words = 5 if with_std else 4
        _check_size(temporary, len(xyz) * len(markers) * words * 4)


def too_many_channels(timeline: Timeline) -> bool:
    """Whether the file has no place for the standard deviations."""
    return len(timeline.markers()) > MAX_CHANNELS


def _check_size(file: Path, data: int) -> None:
    """ezc3d says nothing where the disk is full."""
    with open(file, 'rb') as opened:
        header = opened.read(18)
    first_block = struct.unpack_from('<h', header, 16)[0] if len(header) == 18 else 1
    if file.stat().st_size < max(2, first_block - 1) * 512 + data:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
