"""DeepLabCut's tables: a CSV per video, whose header has three or four rows.

================ ======================================================================
``scorer``       the model, again in every column
``individuals``  of several animals, whose each column is
``bodyparts``    the joint
``coords``       ``x``, ``y`` and ``likelihood``; other columns are left out
================ ======================================================================

Below is a row per frame, from 0, or per labelled image, which the first cell or the first three
name (``labeled-data/<video>/img012.png``). Pixels, empty cells for a missing joint. Files are
named ``<video>DLC_<model>.csv``, with ``_filtered`` or ``_el`` at the end of some; the video is the
camera. Labels (``CollectedData_<name>.csv``) have no likelihood, and the folder of the image is the
camera. Lightning Pose writes the same as ``<video>.csv``, with more columns.

Its HDF5 files (``.h5``) are not read:
``deeplabcut.analyze_videos_converth5_to_csv(folder, '.mp4')`` writes the CSV beside each.

Source: DeepLabCut, docs/HelperFunctions.md and ``analyze_videos``; Lightning Pose's documentation
on predictions.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Iterator, NamedTuple

import numpy as np

from mmpose_ours.detections.formats.delimited import floats, head_of, rows_of, whole
from mmpose_ours.detections.formats.imported import Found, Hints, people_of_joints, split_image_name
from mmpose_ours.detections.formats.named_joints import scored, skeleton_of_names
from mmpose_ours.detections.formats.source import Source
from mmpose_ours.detections.formats.unlisted import camera_of_file
from mmpose_ours.io.json_schema import show
from mmpose_ours.io.json_values import Place, checked_whole
from mmpose_ours.io.limits import limits
from mmpose_ours.structures.skeleton import Skeleton

ENDINGS = ('.csv',)
LAYOUT = 'CSV with the header rows scorer, (individuals,) bodyparts, coords'
KEYS = ('scorer', 'bodyparts', 'coords')

_ROWS = ('scorer', 'individuals', 'bodyparts', 'coords')
_COORDS = ('x', 'y', 'likelihood')
# What follows the video's name.
_MODEL = re.compile(r'[_-]?(DLC_|DeepCut_|superanimal_).*')
_LABELS = 'CollectedData'


class Table(NamedTuple):
    """What a header says.

    Args:
        joints: Their names.
        people: Of each individual, the columns of x, y and likelihood of each joint (J, 3), -1
            where there is none.
        before: How many columns stand before the coordinates.
        rows: How many rows the header has.
    """

    joints: tuple[str, ...]
    people: list[np.ndarray]
    before: int
    rows: int


def recognise(source: Source) -> str:
    """Why this is such a file or folder, or ''."""
    files = source.all_files[:1]
    return 'the header rows scorer, bodyparts, coords' if files and _header(files[0]) else ''


def read(source: Source, hints: Hints) -> Iterator[Found]:
    """Read a file per camera.

    Raises:
        FileFormatError: One of them is something else.
        LimitError: A file is too large, or has too many frames.
    """
    files = source.recordings(_camera)
    for done, (named, file) in enumerate(files.items(), start=1):
        camera = camera_of_file(named, file, hints, _camera)
        table = _table(file)
        skeleton = hints.skeleton or skeleton_of_names(
            table.joints, 'deeplabcut', Place(file, 'bodyparts')
        )
        rows = itertools.islice(rows_of(file), table.rows, None)
        for number, row in enumerate(rows, start=table.rows + 1):
            limits().check('frames', number, 'rows', file)
            yield _view(row, table, camera, skeleton, Place(file, f'row {number}'))
        hints.progress(done, len(files))


def _camera(stem: str) -> str:
    """The video that a file is named after."""
    return _MODEL.sub('', stem)


def _header(file: Path) -> list[list[str]]:
    """The rows of the header; none where the file has no such header."""
    rows = head_of(file, len(_ROWS))
    names = [row[0].strip().lower() for row in rows]
    for expected in (list(_ROWS), [name for name in _ROWS if name != 'individuals']):
        if names[: len(expected)] == expected:
            return rows[: len(expected)]
    return []


def _table(file: Path) -> Table:
    """The columns of a file.

    Raises:
        FileFormatError: The header is something else.
    """
    header = _header(file)
    coords = [cell.strip().lower() for cell in header[-1]] if header else []
    place = Place(file)
    if not {'x', 'y'} <= set(coords) or len({*map(len, header)}) != 1:
        raise place.error(
            'has another header',
            'the rows scorer, bodyparts and coords of the same length',
            'export it again as CSV',
            value=[row[0][:60] for row in head_of(file, len(_ROWS))],
            wanted=KEYS,
        )
    index = min(coords.index('x'), coords.index('y'))
    bodyparts = [cell.strip() for cell in header[-2]]
    individuals = [cell.strip() for cell in header[1]] if len(header) == len(_ROWS) else None
    joints = tuple(
        dict.fromkeys(bodyparts[i] for i in range(index, len(coords)) if coords[i] in _COORDS)
    )
    places = {joint: at for at, joint in enumerate(joints)}
    people: dict[str, np.ndarray] = {}
    for column in range(index, len(coords)):
        if coords[column] not in _COORDS:
            continue
        who = individuals[column] if individuals else ''
        columns = people.setdefault(who, np.full((len(joints), 3), -1))
        at = places[bodyparts[column]], _COORDS.index(coords[column])
        if columns[at] >= 0:
            raise place.error(
                f'has {coords[column]} of {show(bodyparts[column])} twice',
                'one column of each',
                value=bodyparts[column],
                code='duplicate',
            )
        columns[at] = column
    limits().check('people_per_view', len(people), 'individuals', file)
    return Table(joints, list(people.values()), index, len(header))


def _view(row: list[str], table: Table, camera: str, skeleton: Skeleton, place: Place) -> Found:
    """The people of one row."""
    cells = [cell.strip() for cell in row[: table.before]]
    if len(cells) == 1 and not re.search(r'[A-Za-z]', cells[0]):
        frame = whole(cells[0], place)
    else:
        image = '/'.join(cells).replace('\\', '/')
        folder, number = split_image_name(image)
        if number is None:
            raise place.error(
                f'begins with {show(image)}', 'the number of a frame, or an image', value=image
            )
        frame = checked_whole(number, place)
        camera = folder if camera.startswith(_LABELS) and folder else camera
    place = Place(place.file, place.at, camera, frame)
    coordinates = floats(row[table.before :], place)
    # A row that ends early has no more joints. The last value stands for a column that is not
    # there.
    values = np.full(max(int(columns.max()) for columns in table.people) + 2, np.nan)
    count = min(len(values) - 1 - table.before, len(coordinates))
    values[table.before : table.before + count] = coordinates[:count]
    people = []
    for columns in table.people:
        rows = values[columns]
        person = scored(rows[:, :2], rows[:, 2])
        if (person[:, 2] > 0).any():
            people.append(person)
    return Found(camera, frame, people_of_joints(people, place, skeleton), str(place))
