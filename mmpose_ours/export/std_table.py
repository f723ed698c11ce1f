"""The standard deviations of markers as CSV, beside a file whose format has no place for them.

A line per frame: ``frame``, ``time_s``, ``skeleton`` and a column per marker, in mm, empty where
the joint is missing or its standard deviation is not known. ``walk.trc`` has ``walk.std.csv``.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from mmpose_ours.errors import PathLike
from mmpose_ours.export.csv_table import text_cell
from mmpose_ours.export.markers import markers_of
from mmpose_ours.io.disk.files import write_whole
from mmpose_ours.tracking.trajectories import Timeline


def write_std_beside(timeline: Timeline, path: PathLike, program: str | None = None) -> Path | None:
    """Write the standard deviations of the markers in a file, whole or not at all.

    Args:
        timeline: The people in the file.
        path: The file.
        program: Whose names the markers have.

    Returns:
        The table that was written; None where no standard deviation is known.

    Raises:
        InputError: The program is unknown.
        OSError: The table cannot be written.
    """
    markers = markers_of(timeline, 'z', program)
    if markers.std_mm is None:
        return None
    beside = Path(path).with_suffix('.std.csv')
    skeleton = text_cell(timeline.joints.name)
    with write_whole(beside) as file:
        table = csv.writer(file, lineterminator='\n')
        table.writerow(['frame', 'time_s', 'skeleton', *map(text_cell, markers.names)])
        for frame, time_s, row in zip(timeline.frames, timeline.seconds, markers.std_mm.tolist()):
            name = frame if isinstance(frame, int) else text_cell(frame)
            cells = ['' if np.isnan(std) else f'{std:.3f}' for std in row]
            table.writerow([name, f'{time_s:.6f}', skeleton, *cells])
    return beside
