"""3D poses over time into the files of other tools: one table of formats by suffix."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Callable, NamedTuple

from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.export.bvh import without_hips, write_bvh
from mmpose_ours.export.c3d import too_many_channels, write_c3d
from mmpose_ours.export.csv_table import write_csv
from mmpose_ours.export.markers import check_program
from mmpose_ours.export.npz import write_npz
from mmpose_ours.export.std_table import write_std_beside
from mmpose_ours.export.trc import write_trc
from mmpose_ours.tracking.trajectories import Timeline


class ExportFormat(NamedTuple):
    """A kind of file.

    Args:
        write: ``write(timeline, path, up)``, whole or not at all.
        up: The axis that points up where nobody says.
        one_person: Whether a file holds one person only.
        misfit: Why a person cannot be written, ``''`` if they can.
        std_beside: Whether standard deviations go into a table beside the file, because it has no
            place for them.
        for_program: ``write`` with the argument ``program``, one of
            :data:`mmpose_ours.export.markers.PROGRAMS`; None where they do not read the format.
    """

    write: Callable[[Timeline, PathLike, str], None]
    up: str
    one_person: bool = False
    misfit: Callable[[Timeline], str] = lambda person: ''
    std_beside: Callable[[Timeline], bool] = lambda timeline: False
    for_program: Callable[..., None] | None = None


def _always(timeline: Timeline) -> bool:
    return True


FORMATS = {
    '.csv': ExportFormat(write_csv, 'z'),
    '.trc': ExportFormat(write_trc, 'y', std_beside=_always, for_program=write_trc),
    '.c3d': ExportFormat(write_c3d, 'z', std_beside=too_many_channels),
    '.bvh': ExportFormat(write_bvh, 'y', one_person=True, misfit=without_hips, std_beside=_always),
    '.npz': ExportFormat(write_npz, 'z'),
}


def format_of(path: PathLike) -> ExportFormat:
    """The format that a file name asks for.

    Raises:
        InputError: Its suffix is none of :data:`FORMATS`.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise InputError(
            f'{path}: the suffix is {suffix!r}, expected one of {", ".join(FORMATS)}, which '
            'choose the format',
            code='unknown-name',
            file=path,
            found=suffix,
            expected=list(FORMATS),
        )
    return FORMATS[suffix]


def write_timeline(
    timeline: Timeline,
    path: PathLike,
    up: str | None = None,
    each: bool = False,
    program: str | None = None,
) -> list[Path]:
    """Write people over time in the format that the file's suffix tells.

    Args:
        timeline: The people.
        path: File to write. Where several people need a file each, ``people.bvh`` stands for
            ``people_3.bvh`` and so on, with the person's track ID.
        up: ``'y'`` or ``'z'``. None: as the format has it.
        each: Whether each person gets a file, from their first to their last frame. Formats
            of one person always do so where there are several, and leave out those whom they
            cannot hold.
        program: Whose marker names, unit and axes the file has, one of
            :data:`mmpose_ours.export.markers.PROGRAMS`: TRC with a file for each person.

    Returns:
        The files that were written, each whole or not at all: those of the people, and behind
        them the tables of standard deviations (:mod:`.std_table`) where the format has no place
        for these.

    Raises:
        InputError: The suffix, axis or program is unknown, the program does not read the format,
            or a person cannot be written.
        OSError: A file cannot be written.

    Examples:
        >>> import numpy as np
        >>> from mmpose_ours import read_predictions, timeline_of, write_predictions
        >>> walking = {t: np.full((1, 17, 3), 20.0 * t) for t in range(10)}
        >>> write_predictions('people.json', walking, fps=25)
        >>> timeline = timeline_of(read_predictions('people.json'), smooth=True)
        >>> [path.name for path in write_timeline(timeline, 'people.trc')]
        ['people.trc']
    """
    kind, path = format_of(path), Path(path)
    up = kind.up if up is None else up
    write = _writer(kind, path, program)
    one_each = each or kind.one_person or program is not None
    if len(timeline.people) > 1 and one_each or each:
        people = [one for one in map(timeline.of, timeline.people) if not kind.misfit(one)]
        paths = [path.with_name(f'{path.stem}_{one.people[0]}{path.suffix}') for one in people]
    else:
        people, paths = [timeline], [path]
    if not people:
        raise InputError(
            f'{path}: none of {len(timeline.people)} people can be written',
            code='cannot-express',
            file=path,
            found=len(timeline.people),
        )
    for one, file in zip(people, paths):
        write(one, file, up)
    beside = [
        write_std_beside(one, file, program)
        for one, file in zip(people, paths)
        if kind.std_beside(one)
    ]
    return paths + [table for table in beside if table is not None]


def _writer(
    kind: ExportFormat, path: Path, program: str | None
) -> Callable[[Timeline, PathLike, str], None]:
    """How to write a file, for a program where one is named."""
    check_program(program)
    if program is None:
        return kind.write
    if kind.for_program is None:
        fitting = [suffix for suffix, other in FORMATS.items() if other.for_program is not None]
        raise InputError(
            f'{path}: files for {program} end with {", ".join(fitting)}',
            code='cannot-express',
            file=path,
            found=path.suffix,
            expected=fitting,
        )
    return functools.partial(kind.for_program, program=program)
