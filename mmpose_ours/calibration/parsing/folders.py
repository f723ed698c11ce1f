"""Which files of a folder may be of one calibration: its own, or those below it.

Tools put a calibration's files side by side, or into a folder for each camera
(``Cam0/camera.xml``) or for each kind of file (``intrinsic/``, ``extrinsic/``), sometimes with
folders between (``sparse/0/``, ``Videos/Cam0/``).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Iterator

from mmpose_ours.calibration.errors import CalibrationError, check_limit

# What a file of one camera may end in.
_CAMERA_ENDINGS = ('.yml', '.yaml', '.xml', '.json', '.krtd')
# So far below a folder files are looked for: a session, its videos, a camera.
_DEEPEST = 3
_DOCUMENTS = ('.md', '.rst', '.html', '.pdf')


def files_of(folder: Path, hidden: list[str]) -> list[Path]:
    """The files of a folder; where it holds none but images and documents, those below it.

    Args:
        folder: The folder.
        hidden: Gets the names of hidden files that are named like a camera's.

    Raises:
        CalibrationError: It holds no file, cannot be read, or holds more files than a rig may
            have cameras.
    """
    inside = _files(folder, hidden)
    files = [path for path in inside if _may_be_data(path)] or files_below(folder, hidden) or inside
    if not files:
        raise CalibrationError(
            f'{folder}: holds no calibration, nor do its folders; name the calibration itself',
            code='no-data',
            file=folder,
        )
    return files


def files_below(folder: Path, hidden: list[str]) -> list[Path]:
    """The files of a folder's folders, without images and documents, of the first level with any.

    Args:
        folder: The folder; its hidden folders are left out.
        hidden: See :func:`files_of`.

    Raises:
        CalibrationError: A folder cannot be read, or they hold more files together than a rig may
            have cameras.
    """
    folders: list[Path] = [folder]
    found: list[Path] = []
    for _ in range(_DEEPEST):
        folders = [inside for above in folders for inside in _folders(above)]
        check_limit('cameras', len(folders), 'folders', folder)
        for inside in folders:
            found += filter(_may_be_data, _files(inside, hidden))
            check_limit('cameras', len(found), 'files', folder)
        if found:
            break
    return found


def _folders(folder: Path) -> list[Path]:
    """By name, without hidden ones."""
    inside = [
        folder / entry.name
        for entry in _entries(folder)
        if entry.is_dir() and not entry.name.startswith('.')
    ]
    check_limit('cameras', len(inside), 'folders', folder)
    return sorted(inside)


def _files(folder: Path, hidden: list[str]) -> list[Path]:
    """By name, hidden ones left out."""
    found = []
    for entry in _entries(folder):
        if entry.name.startswith('.'):
            # Those of ._ are the Finder's.
            if entry.name.endswith(_CAMERA_ENDINGS) and entry.name[1] != '_':
                hidden.append(entry.name)
        elif entry.is_file():
            found.append(folder / entry.name)
            check_limit('cameras', len(found), 'files', folder)
    return sorted(found)


def _may_be_data(path: Path) -> bool:
    """Neither an image, a video nor a document, by its name."""
    from mmpose_ours.recordings.endings import IMAGE_ENDINGS, VIDEO_ENDINGS

    ending = path.suffix.lower()
    return ending not in IMAGE_ENDINGS + VIDEO_ENDINGS + _DOCUMENTS


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except OSError as error:
        raise CalibrationError(
            f'{folder}: cannot be read ({error.strerror}); check its permissions',
            code='no-data',
            file=folder,
        ) from error
