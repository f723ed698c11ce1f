"""3D poses over time into the files of other tools: one table of formats by suffix."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, NamedTuple

from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.export.bvh import without_hips, write_bvh
from mmpose_ours.export.c3d import write_c3d
from mmpose_ours.export.csv_table import write_csv
from mmpose_ours.export.npz import write_npz
from mmpose_ours.export.trc import write_trc
from mmpose_ours.tracking.trajectories import Timeline


class ExportFormat(NamedTuple):
    """A kind of file.

    Args:
        write: ``write(timeline, path, up)``, whole or not at all.
        up: The axis that points up where nobody says.
        one_person: Whether a file holds one person only.
        misfit: Why a person cannot be written, ``''`` if they can.
    """

    write: Callable[[Timeline, PathLike, str], None]
    up: str
    one_person: bool = False
    misfit: Callable[[Timeline], str] = lambda person: ''


FORMATS = {
    '.csv': ExportFormat(write_csv, 'z'),
    '.trc': ExportFormat(write_trc, 'y'),
    '.c3d': ExportFormat(write_c3d, 'z'),
    '.bvh': ExportFormat(write_bvh, 'y', one_person=True, misfit=without_hips),
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
    timeline: Timeline, path: PathLike, up: str | None = None, each: bool = False
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

    Returns:
        The files that were written. Each is written whole or not at all.

    Raises:
        InputError: The suffix or axis is unknown, or a person cannot be written.
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
    if not each and not (kind.one_person and len(timeline.people) > 1):
        kind.write(timeline, path, up)
        return [path]
    people = [one for one in map(timeline.of, timeline.people) if not kind.misfit(one)]
    if not people:
        raise InputError(
            f'{path}: none of {len(timeline.people)} people can be written',
            code='cannot-express',
            file=path,
            found=len(timeline.people),
        )
    paths = [path.with_name(f'{path.stem}_{one.people[0]}{path.suffix}') for one in people]
    for one, file in zip(people, paths):
        kind.write(one, file, up)
    return paths
