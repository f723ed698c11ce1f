"""TRC: joints over time, tab separated, as OpenSim and Pose2Sim read them.

Five lines of header, of which the first ends with the skeleton's name, the third holds rates and
counts and the fourth the markers, each above three columns; then frame, time and coordinates.
Format after the "Marker (.trc) Files" page of OpenSim's documentation. OpenSim has y up.

A marker that is missing is three times ``NaN``: OpenSim takes that, and nothing between two tabs,
for a missing marker, but refuses a row that ends with such an empty marker.
"""

from __future__ import annotations

import os

import numpy as np

from mmpose_ours.errors import PathLike
from mmpose_ours.export.markers import markers_of
from mmpose_ours.io.disk.files import write_whole
from mmpose_ours.text import printable
from mmpose_ours.tracking.trajectories import Timeline

# Micrometres.
_DIGITS = {'mm': 3, 'm': 6}


def write_trc(
    timeline: Timeline, path: PathLike, up: str = 'y', program: str | None = None
) -> None:
    """Write people over time as TRC, whole or not at all.

    Markers are named after the joints, in mm; of several people each has its person before it:
    ``p3_left_knee``. Frames that have names are numbered from 1.

    Args:
        timeline: The people.
        path: File to write.
        up: ``'y'``, as OpenSim expects, or ``'z'``.
        program: Whose names, unit and axes the markers have, see
            :func:`mmpose_ours.export.markers.markers_of`.

    Raises:
        InputError: ``up`` is another axis, or the program is unknown.
        OSError: The file cannot be written.
    """
    markers = markers_of(timeline, up, program)
    values = markers.xyz.reshape(len(timeline.frames), -1)
    rate, count = f'{timeline.rate_hz:.6f}', len(timeline.frames)
    numbers = [f if isinstance(f, int) else row for row, f in enumerate(timeline.frames, 1)]
    columns = [f'{axis}{n}' for n in range(1, len(markers.names) + 1) for axis in 'XYZ']
    header = (
        ('PathFileType', 4, '(X/Y/Z)', os.path.basename(os.fspath(path)),
         'Skeleton', timeline.joints.name),
        ('DataRate', 'CameraRate', 'NumFrames', 'NumMarkers', 'Units', 'OrigDataRate',
         'OrigDataStartFrame', 'OrigNumFrames'),
        (rate, rate, count, len(markers.names), markers.unit, rate, numbers[0], count),
        ('Frame#', 'Time', *(cell for marker in markers.names for cell in (marker, '', ''))),
        ('', '', *columns),
        (),
    )  # fmt: skip
    digits = _DIGITS[markers.unit]
    with write_whole(path) as file:
        for line in header:
            file.write('\t'.join(printable(cell) for cell in line) + '\n')
        for number, time_s, row in zip(numbers, timeline.seconds, values.tolist()):
            cells = ['NaN' if np.isnan(value) else f'{value:.{digits}f}' for value in row]
            file.write('\t'.join([str(number), f'{time_s:.6f}', *cells]) + '\n')
