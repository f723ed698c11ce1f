"""TRC: markers or joints over time, tab separated, of OpenSim, Pose2Sim and Cortex.

Two lines of header name the unit, a line names the markers (each stands above three columns),
a line numbers the columns; then frame, time and coordinates per line, empty where a marker was
not seen. Format after the "Marker (.trc) Files" page of OpenSim's documentation. OpenSim has y up,
but not every writer follows (:mod:`.mocap` tells).

Markers on the skin are not joints: only joints by name are read, as Pose2Sim writes them, or
joint centres such as ``LHJC``.
"""

from __future__ import annotations

import array
import io
import os

import numpy as np

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.disk.files import MM_PER_UNIT
from mmpose_ours.io.disk.regular_files import open_regular
from mmpose_ours.io.limits import limits
from mmpose_ours.synthetic.poses.anthropometry import COCO17
from mmpose_ours.synthetic.poses.mocap import Recording
from mmpose_ours.synthetic.poses.mocap_names import (
    BODY,
    FACE,
    check_found,
    coco_joints,
    middle_joint,
)

_UNITS = {**{unit: unit for unit in MM_PER_UNIT}, 'meters': 'm', 'millimeters': 'mm',
          'centimeters': 'cm'}  # fmt: skip
# Frames and time stand before the coordinates.
_BEFORE = 2
_SPARE_CELLS = 10**6
# No unit makes a person of so many.
_LARGEST = 1e9


def read_trc(path: PathLike) -> tuple[list[str], np.ndarray, str]:
    """Read a TRC file.

    Returns:
        Names of M markers, (T, M, 3) in the file's unit and axes, NaN where a marker was not
        seen, and the unit ``mm``, ``cm`` or ``m``.

    Raises:
        FileFormatError: Names the line, what was found and what was expected.
        FileNotFoundError: There is no such file.
    """
    with io.TextIOWrapper(open_regular(path), 'utf-8-sig', 'replace') as file:
        size = os.fstat(file.fileno()).st_size
        limits().check('motion_bytes', size, 'bytes', path)
        lines = [line.rstrip('\r\n') for line in file]
    if len(lines) < 6 or not lines[0].startswith('PathFileType'):
        raise FileFormatError(
            f'{path}: found {lines[0][:40] if lines else ""!r} at its start, expected '
            'PathFileType, four more lines of header, and frames',
            code='file-format',
            file=path,
            found=lines[0] if lines else '',
            expected='PathFileType',
        )
    facts = dict(zip(lines[1].split(), lines[2].split()))
    stated = facts.get('Units', '')[:40]
    unit = _UNITS.get(stated.lower())
    if unit is None:
        raise FileFormatError(
            f'{path}, line 3: the unit is {stated!r}, expected mm, cm or m; correct it',
            code='unknown-name',
            file=path,
            found=stated,
            expected=list(dict.fromkeys(_UNITS.values())),
        )
    header = [name.strip() for name in lines[3].split('\t')]
    columns = [i for i, name in enumerate(header) if name and i >= _BEFORE]
    names = [header[i] for i in columns]
    if not names or any(b - a != 3 for a, b in zip(columns, columns[1:])):
        raise FileFormatError(
            f'{path}, line 4: found {len(names)} marker names, expected them tab separated, each '
            'above three columns; export it again',
            code='file-format',
            file=path,
            found=names,
        )
    width = columns[-1] + 3 - columns[0]
    values, rows = array.array('d'), 0
    for number, line in enumerate(lines[5:], 6):
        cells = line.split('\t')
        if not ''.join(cells).strip():
            continue
        rows += 1
        # Lines may end with the last marker that was seen, but not all of them early.
        if rows * width > size + _SPARE_CELLS:
            raise FileFormatError(
                f'{path}, line {number}: the lines have far fewer cells than the {len(names)} '
                'markers of line 4 need; export it again',
                code='wrong-shape',
                file=path,
                found=len(cells),
                expected=width,
            )
        try:
            here = [_number(cell) for cell in cells[columns[0] : columns[-1] + 3]]
            values.extend(here)
            values.extend([np.nan] * (width - len(here)))
        except ValueError as error:
            raise FileFormatError(
                f'{path}, line {number}: {str(error)[:100]}, expected numbers, or nothing where a '
                'marker was not seen',
                code='file-format',
                file=path,
                found=str(error),
                expected='numbers',
            ) from error
    if not rows:
        raise FileFormatError(
            f'{path}: it has no frames; export it again', code='no-data', file=path
        )
    limits().check('frames', rows, 'frames', path)
    xyz = np.array(values).reshape(rows, len(names), 3)
    # Cortex and others write zeros for a marker that was not seen.
    return names, np.where((xyz == 0).all(-1, keepdims=True), np.nan, xyz), unit


def _number(cell: str) -> float:
    text = cell.strip()
    if '_' in text:  # which Python takes for a separator of digits
        raise ValueError(f'found {text[:40]!r}')
    value = float(text) if text else np.nan
    return value if abs(value) < _LARGEST else np.nan


def record_trc(path: PathLike) -> Recording:
    """COCO's joints of a TRC file; the face where the file has one.

    Raises:
        FileFormatError: See :func:`read_trc`; or its markers are no joints.
    """
    names, markers, unit = read_trc(path)
    found = coco_joints(names, (*BODY, *FACE))
    check_found(path, names, found)
    nose = middle_joint(names, 'nose')
    if nose is not None:
        found['nose'] = nose
    xyz = np.full((len(markers), len(COCO17), 3), np.nan)
    xyz[:, COCO17.index(*found)] = markers[:, list(found.values())]
    return Recording(xyz, unit=unit)
