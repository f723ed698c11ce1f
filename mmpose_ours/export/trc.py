"""TRC: joints over time, tab separated, as OpenSim and Pose2Sim read them.

Five lines of header, of which the third holds rates and counts and the fourth the markers, each
above three columns; then frame, time and coordinates in mm, empty where a joint is missing.
Format after the "Marker (.trc) Files" page of OpenSim's documentation. OpenSim has y up.
"""

from __future__ import annotations

import os

import numpy as np

from mmpose_ours.errors import PathLike
from mmpose_ours.io.disk.files import write_whole
from mmpose_ours.text import printable
from mmpose_ours.tracking.trajectories import Timeline


def write_trc(timeline: Timeline, path: PathLike, up: str = 'y') -> None:
    """Write people over time as TRC, whole or not at all.

    Markers are named after the joints; of several people each has its person before it:
    ``p3_left_knee``. Frames that have names are numbered from 1.

    Args:
        timeline: The people.
        path: File to write.
        up: ``'y'``, as OpenSim expects, or ``'z'``.

    Raises:
        InputError: ``up`` is another axis.
        OSError: The file cannot be written.
    """
    markers = timeline.markers()
    values = timeline.turned(up).reshape(len(timeline.frames), -1)
    rate, count = f'{timeline.rate_hz:.6f}', len(timeline.frames)
    numbers = [f if isinstance(f, int) else row for row, f in enumerate(timeline.frames, 1)]
    columns = [f'{axis}{n}' for n in range(1, len(markers) + 1) for axis in 'XYZ']
    header = (
        ('PathFileType', 4, '(X/Y/Z)', os.path.basename(os.fspath(path))),
        ('DataRate', 'CameraRate', 'NumFrames', 'NumMarkers', 'Units', 'OrigDataRate',
         'OrigDataStartFrame', 'OrigNumFrames'),
        (rate, rate, count, len(markers), 'mm', rate, numbers[0], count),
        ('Frame#', 'Time', *(cell for marker in markers for cell in (marker, '', ''))),
        ('', '', *columns),
        (),
    )  # fmt: skip
    with write_whole(path) as file:
        for line in header:
            file.write('\t'.join(printable(cell) for cell in line) + '\n')
        for number, time_s, row in zip(numbers, timeline.seconds, values.tolist()):
            cells = ['' if np.isnan(value) else f'{value:.3f}' for value in row]
            file.write('\t'.join([str(number), f'{time_s:.6f}', *cells]) + '\n')
