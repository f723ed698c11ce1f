"""SLEAP's analysis as CSV: a row per frame and animal.

Columns ``track``, ``frame_idx`` (from 0), ``instance.score``, and of each node ``<node>.x``,
``<node>.y`` and, where SLEAP predicted it, ``<node>.score``, in any order. Pixels, empty cells for
a missing joint. A file per video, ``<labels>.<number>_<video>.analysis.csv``; the video is the
camera.

Projects and analysis as HDF5 (``.slp``, ``.analysis.h5``) are not read: "Export Analysis CSV..." in
SLEAP writes the CSV, as ``sio convert labels.slp -o cam1.csv`` of the package sleap-io does.

Source: SLEAP, ``sleap/io/format/csv.py`` and sleap-io's ``save_csv(format='sleap')``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Iterator

import numpy as np

from mmpose_ours.detections.formats.delimited import floats, head_of, rows_of, whole
from mmpose_ours.detections.formats.imported import Found, Hints
from mmpose_ours.detections.formats.named_joints import scored, skeleton_of_names
from mmpose_ours.detections.formats.source import Source
from mmpose_ours.detections.formats.unlisted import camera_of_file, every_view
from mmpose_ours.io.json_values import Place
from mmpose_ours.io.limits import limits
from mmpose_ours.recordings.endings import VIDEO_ENDINGS

ENDINGS = ('.csv',)
LAYOUT = 'CSV with the columns track, frame_idx, instance.score, <node>.x, <node>.y, <node>.score'
KEYS = ('frame_idx', '<node>.x', '<node>.y')

_FRAME = 'frame_idx'
_INSTANCE = 'instance'
_LABELS = re.compile(r'.*\.\d{3}_(?=.)')
_APPENDED = re.compile(
    rf'(\.analysis|\.predictions|\.slp|{"|".join(map(re.escape, VIDEO_ENDINGS))})$', re.IGNORECASE
)


def recognise(source: Source) -> str:
    """Why this is such a file or folder, or ''."""
    for file in source.all_files[:1]:
        head = head_of(file, 1)
        if head and _nodes(head[0]):
            return f'the column {_FRAME} and {len(_nodes(head[0]))} nodes'
    return ''


def read(source: Source, hints: Hints) -> Iterator[Found]:
    """Read a file per camera.

    Raises:
        FileFormatError: One of them is something else, or they have different nodes.
        LimitError: A file is too large, or has too many rows.
    """
    views: dict[tuple[str, int], list[np.ndarray]] = {}
    cameras: dict[str, Path] = {}
    nodes: tuple[str, ...] = ()
    skeleton = hints.skeleton
    files = source.recordings(_camera)
    for done, (named, file) in enumerate(files.items(), start=1):
        camera = camera_of_file(named, file, hints, _camera)
        cameras[camera] = file
        rows = rows_of(file)
        header = next(rows, [])
        columns = _nodes(header)
        if not columns or nodes and tuple(columns) != nodes:
            raise Place(file).error(
                f'has the columns {", ".join(header)[:200]}',
                'the nodes of the other files' if columns else LAYOUT,
                value=header[:100],
                wanted=list(nodes or KEYS),
                code='conflict' if columns else 'file-format',
            )
        nodes = tuple(columns)
        skeleton = skeleton or skeleton_of_names(nodes, 'sleap', Place(file, 'nodes'))
        place_of = np.array(list(columns.values()))
        at = [cell.strip() for cell in header].index(_FRAME)
        for number, row in enumerate(rows, start=2):
            limits().check('frames', number, 'rows', file)
            place = Place(file, f'row {number}', camera)
            row += [''] * (len(header) - len(row))
            frame = whole(row[at], place)
            # The last value stands for a column that is not there.
            cells = [row[column] if column >= 0 else '' for column in place_of.ravel()]
            values = floats(cells, place).reshape(-1, 3)
            person = scored(values[:, :2], values[:, 2])
            people = views.setdefault((camera, frame), [])
            if (person[:, 2] > 0).any():
                people.append(person)
        hints.progress(done, len(files))
    yield from every_view(views, cameras, source, skeleton)


def _nodes(header: list[str]) -> dict[str, list[int]]:
    """The columns of x, y and score of each node, -1 where there is none; {} of another table."""
    names = {name.strip(): column for column, name in reversed([*enumerate(header)])}
    if _FRAME not in names:
        return {}
    nodes = [name[:-2] for name in reversed([*names]) if name.endswith('.x')]
    return {
        node: [names[f'{node}.x'], names[f'{node}.y'], names.get(f'{node}.score', -1)]
        for node in nodes
        if node and node != _INSTANCE and f'{node}.y' in names
    }


def _camera(stem: str) -> str:
    """The camera that a file is named after: ``cam1`` of ``labels.v001.000_cam1.analysis``."""
    while (shorter := _APPENDED.sub('', stem)) != stem:
        stem = shorter
    return _LABELS.sub('', stem)
