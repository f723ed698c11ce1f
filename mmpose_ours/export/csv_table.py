"""CSV: a line per frame, person and joint, for spreadsheets, pandas and R.

Columns ``frame, time_s, person, joint, x_mm, y_mm, z_mm, score, views, std_mm, skeleton``. A joint
that is missing has a line with empty coordinates, a person who is missing has none. Format after
RFC 4180, with plain line feeds.

Spreadsheets run a text as a formula that begins with ``=``, ``+``, ``-``, ``@`` or the like. Such a
name gets an apostrophe before that sign, which spreadsheets read as "this is text"; control
characters are written as escapes. Numbers stay as they are.
"""

from __future__ import annotations

import csv
import re

import numpy as np

from mmpose_ours.errors import PathLike
from mmpose_ours.io.disk.files import write_whole
from mmpose_ours.text import printable
from mmpose_ours.tracking.trajectories import Timeline

# Where a program may begin a cell: spreadsheets of some languages separate cells by semicolons.
# Signs with their full-width forms.
_FORMULA = re.compile('(^|[;,|])([ \xa0\u3000]*)(?=[-=+@|%＝＋－＠])')

COLUMNS = ('frame', 'time_s', 'person', 'joint', 'x_mm', 'y_mm', 'z_mm', 'score', 'views',
           'std_mm', 'skeleton')  # fmt: skip


def text_cell(text: str) -> str:
    """A text as a cell that no spreadsheet takes for a formula.

    Examples:
        >>> text_cell('000001'), text_cell('=1+1')
        ('000001', "'=1+1")
    """
    return _FORMULA.sub(r"\1'\2", printable(text))


def write_csv(timeline: Timeline, path: PathLike, up: str = 'z') -> None:
    """Write people over time as CSV, whole or not at all.

    Args:
        timeline: The people.
        path: File to write.
        up: ``'z'`` or ``'y'``.

    Raises:
        InputError: ``up`` is another axis.
        OSError: The file cannot be written.
    """
    poses = timeline.turned(up)
    frames = [f if isinstance(f, int) else text_cell(f) for f in timeline.frames]
    names = [text_cell(joint) for joint in timeline.joints.joints]
    skeleton = text_cell(timeline.joints.name)
    stds = np.full(poses.shape[:3], np.nan) if timeline.std_mm is None else timeline.std_mm
    with write_whole(path) as file:
        table = csv.writer(file, lineterminator='\n')
        table.writerow(COLUMNS)
        for row, column in np.argwhere(timeline.present).tolist():
            views = int(timeline.views[row, column])
            before = (
                frames[row],
                f'{timeline.seconds[row]:.6f}',
                timeline.people[column],
            )
            after = (f'{timeline.scores[row, column]:.6g}', '' if views < 0 else views)
            joints = zip(names, poses[row, column].tolist(), stds[row, column].tolist())
            for joint, xyz, std in joints:
                place = map(_cell, xyz)
                table.writerow((*before, joint, *place, *after, _cell(std), skeleton))


def _cell(value: float) -> str:
    return '' if np.isnan(value) else f'{value:.3f}'
