"""Joint angles as files: OpenSim's motion files, and CSV.

``.mot`` is a storage file after the page "Storage (.sto) Files" of OpenSim's documentation: a
header that ends with ``endheader``, then tab separated columns. One person per file.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Sequence

import numpy as np

from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.export.csv_table import text_cell
from mmpose_ours.io.disk.files import write_whole
from mmpose_ours.kinematics.joint_angles import JointAngles

ENDINGS = ('.mot', '.csv')


def check_ending(path: PathLike) -> None:
    """Refuse a file name whose suffix is none of :data:`ENDINGS`.

    Raises:
        InputError: It is another one.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in ENDINGS:
        raise InputError(
            f'{path}: the suffix is {suffix!r}, expected {" or ".join(ENDINGS)}, which choose the '
            'format',
            code='unknown-name',
            file=path,
            found=suffix,
            expected=list(ENDINGS),
        )


def write_angles(people: Sequence[JointAngles], path: PathLike) -> list[Path]:
    """Write joint angles in the format that the file's suffix tells, each file whole or not at all.

    Args:
        people: Of :func:`mmpose_ours.kinematics.joint_angles`, one at least.
        path: ``.csv``: a line per frame and person, empty cells for NaN. ``.mot``: a file for each
            person, ``angles_3.mot`` and so on where there are several.

    Returns:
        The files that were written.

    Raises:
        InputError: The suffix is another one.
        OSError: A file cannot be written.
    """
    check_ending(path)
    path = Path(path)
    if path.suffix.lower() == '.csv':
        _write_csv(people, path)
        return [path]
    paths = [path]
    if len(people) > 1:
        paths = [path.with_name(f'{path.stem}_{one.person}{path.suffix}') for one in people]
    for one, file in zip(people, paths):
        _write_mot(one, file)
    return paths


def _write_csv(people: Sequence[JointAngles], path: Path) -> None:
    with write_whole(path) as file:
        table = csv.writer(file, lineterminator='\n')
        table.writerow(('frame', 'time_s', 'person', *people[0].names))
        for one in people:
            for frame, time_s, row in zip(one.frames, one.seconds, one.degrees.tolist()):
                name = frame if isinstance(frame, int) else text_cell(frame)
                cells = ('' if np.isnan(value) else f'{value:.4f}' for value in row)
                table.writerow((name, f'{time_s:.6f}', one.person, *cells))


def _write_mot(one: JointAngles, path: Path) -> None:
    with write_whole(path) as file:
        file.write(
            f'Coordinates\nversion=1\nnRows={len(one.frames)}\nnColumns={len(one.names) + 1}\n'
            'inDegrees=yes\n\nendheader\n'
        )
        file.write('\t'.join(('time', *one.names)) + '\n')
        for time_s, row in zip(one.seconds, one.degrees.tolist()):
            cells = ('NaN' if np.isnan(value) else f'{value:.6f}' for value in row)
            file.write('\t'.join((f'{time_s:.6f}', *cells)) + '\n')
