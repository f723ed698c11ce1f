"""Unpack downloaded archives: nothing outside the folder, nothing half written, resumable.

An archive is gone through once, from start to end, as it comes off the disk. A file that is
there already in its full size is not written again, so an interrupted run goes on; a note in
the folder (``.unpacked.json``) says which archives are done.
"""

from __future__ import annotations

import lzma
import os
import shutil
import tarfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Callable

from mmpose_ours.errors import FileFormatError
from mmpose_ours.io.files import whole_path, write_json
from mmpose_ours.io.json_files import read_json
from mmpose_ours.io.locks import hold_folder

STAMP = '.unpacked.json'
MEGABYTE = 1 << 20


def unpack(
    archive: Path,
    folder: Path,
    top: str = '',
    progress: Callable[[int, int], None] | None = None,
) -> int | None:
    """Unpack a tar archive, compressed or not.

    Args:
        archive: ``.tar``, ``.tar.bz2``, ``.tar.gz`` or ``.tar.xz``.
        folder: Where its files go; made where it is missing.
        top: A folder within the archive that is left away: of ``CampusSeq1/Camera0/...`` with
            top ``CampusSeq1`` remains ``Camera0/...``.
        progress: Called with megabytes of the archive read, and all of them.

    Returns:
        Files written; those that were there in full size do not count. None where the
        folder says that this archive is done.

    Raises:
        FileFormatError: It is no archive, breaks off, or has a path that leaves the folder.
        InUseError: Another program writes into the folder.
        OSError: A file cannot be read or written.
    """
    size = archive.stat().st_size
    with hold_folder(folder, 'folder'):
        return _unpack(archive, size, folder, top, progress)


def _unpack(
    archive: Path,
    size: int,
    folder: Path,
    top: str,
    progress: Callable[[int, int], None] | None,
) -> int | None:
    done = _done(folder)
    if done.get(archive.name) == size:
        return None
    written = 0
    with open(archive, 'rb') as raw:
        try:
            with tarfile.open(fileobj=raw, mode='r|*') as members:
                for member in members:
                    place = _place(archive, member, top)
                    if place is not None:
                        written += _extract(members, member, _inside(archive, folder, place))
                    if progress is not None:
                        progress(raw.tell() // MEGABYTE, size // MEGABYTE)
        except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError) as error:
            raise _broken(archive, written, error) from error
        except OSError as error:
            if error.errno is not None:  # the disk's, not the archive's
                raise
            raise _broken(archive, written, error) from error
    write_json(folder / STAMP, {**done, archive.name: size})
    return written


def _done(folder: Path) -> dict[str, int]:
    """Names and sizes of the archives that were unpacked into a folder."""
    path = folder / STAMP
    data = read_json(path) if path.is_file() else {}
    return data if isinstance(data, dict) else {}


def _broken(archive: Path, written: int, error: Exception) -> FileFormatError:
    return FileFormatError(
        f'{archive}: no tar archive, or it breaks off after {written} files ({error}); continue '
        'the download with `wget -c`, then run this again'
    )


def _place(archive: Path, member: tarfile.TarInfo, top: str) -> PurePosixPath | None:
    """Where a file of the archive goes, relative to the folder; None for what is left out.

    Links and devices are left out: no data set has any, and a link may lead elsewhere. So are
    folders, which come with their files, and the files that macOS leaves beside others.
    """
    path = PurePosixPath(member.name)
    if path.is_absolute() or '..' in path.parts or '\\' in member.name or ':' in member.name:
        raise FileFormatError(
            f'{archive}: holds {member.name!r}, which would leave the folder; this is not the '
            'official archive, download it again'
        )
    if not member.isfile() or path.name.startswith('._'):
        return None
    parts = path.parts[1:] if path.parts[:1] == (top,) else path.parts
    return PurePosixPath(*parts) if parts else None


def _inside(archive: Path, folder: Path, place: PurePosixPath) -> Path:
    """The file's path, which no link in the folder may lead out of it."""
    target = folder / place
    home = str(folder.resolve())
    if os.path.commonpath([home, str(target.resolve())]) != home:
        raise FileFormatError(
            f'{archive}: {target} is behind a link that leaves {folder}; remove the link'
        )
    return target


def _extract(members: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> bool:
    """Write a file unless it is there in full size; returns whether it was written."""
    if target.is_file() and target.stat().st_size == member.size:
        return False
    content = members.extractfile(member)
    assert content is not None
    with content, whole_path(target) as temporary:
        with open(temporary, 'wb') as file:
            shutil.copyfileobj(content, file, MEGABYTE)
        if temporary.stat().st_size != member.size:
            raise tarfile.ReadError('a file is shorter than the archive says')
    return True
