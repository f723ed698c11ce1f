"""Unpack downloaded archives: nothing outside the folder, nothing half written, resumable.

An archive is gone through once, from start to end, as it comes off the disk. A file that is
there already in its full size is not written again, so an interrupted run goes on; a note in
the folder (``.unpacked.json``) says which archives are done.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import unicodedata
from pathlib import Path, PurePosixPath
from typing import Callable

from mmpose_ours.errors import FileFormatError
from mmpose_ours.io.disk.files import whole_path, write_json
from mmpose_ours.io.disk.locks import hold_folder, is_lock
from mmpose_ours.io.disk.regular_files import open_regular
from mmpose_ours.io.json_files import read_json
from mmpose_ours.io.limits import limits
from mmpose_ours.io.parsers.compressed import Unpacked
from mmpose_ours.io.parsers.tar_files import Member, TarReader

STAMP = '.unpacked.json'
MEGABYTE = 1 << 20
# Bytes of one part of a path that file systems take, and characters of a whole path.
MAX_PART, MAX_PATH = 255, 1000


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
        FileFormatError: It is no archive, breaks off, has a path that leaves the folder, or two
            files of one path.
        InUseError: Another program writes into the folder.
        LimitError: It has more members or bytes than allowed.
        OSError: A file cannot be read or written, or there is no room for it.
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
    with open_regular(archive) as raw:
        names = _Names(archive)
        members = TarReader(Unpacked(raw, archive, 'archive_bytes'), archive)
        for member in members:
            place = _place(archive, member, top)
            if place is not None:
                names.add(place)
                written += _extract(members, member, _inside(archive, folder, place))
            if progress is not None:
                progress(raw.tell() // MEGABYTE, size // MEGABYTE)
    write_json(folder / STAMP, {**done, archive.name: size})
    return written


def _done(folder: Path) -> dict[str, int]:
    """Names and sizes of the archives that were unpacked into a folder."""
    path = folder / STAMP
    data = read_json(path) if path.is_file() else {}
    return data if isinstance(data, dict) else {}


def _place(archive: Path, member: Member, top: str) -> PurePosixPath | None:
    """Where a file of the archive goes, relative to the folder; None for what is left out.

    Links and devices are left out: no data set has any, and a link may lead elsewhere. So are
    folders, which come with their files, the files that macOS leaves beside others, and locks of
    this package, of which one is held meanwhile.
    """
    path = PurePosixPath(member.name)
    if path.is_absolute() or '..' in path.parts or '\\' in member.name or ':' in member.name:
        raise _refused(archive, '{}, which would leave the folder', member.name)
    if not member.name.isprintable():
        raise _refused(archive, '{}, a name with control characters', member.name)
    longest = max((len(os.fsencode(part)) for part in path.parts), default=0)
    if len(member.name) > MAX_PATH or longest > MAX_PART:
        raise _refused(archive, '{}..., a name that is too long', member.name)
    if not member.is_file or path.name.startswith('._'):
        return None
    parts = path.parts[1:] if path.parts[:1] == (top,) else path.parts
    if not parts or parts == (STAMP,) or is_lock(Path(parts[-1])):
        return None
    return PurePosixPath(*parts)


class _Names:
    """The paths of an archive, each once, also where the file system ignores case.

    Kept as digests: an archive may have a million.
    """

    def __init__(self, archive: Path):
        self._archive = archive
        self._files: set[bytes] = set()
        self._folders: set[bytes] = set()

    def add(self, place: PurePosixPath) -> None:
        """Note a file; raises a FileFormatError where another one is in its way."""
        path, *folders = map(_digest, (place, *list(place.parents)[:-1]))
        if path in self._files or path in self._folders or not self._files.isdisjoint(folders):
            what = '{} twice, or as a file and as a folder'
            raise _refused(self._archive, what, str(place), 'duplicate')
        self._files.add(path)
        self._folders.update(folders)


def _digest(place: PurePosixPath) -> bytes:
    text = unicodedata.normalize('NFC', str(place)).casefold()
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _refused(archive: Path, what: str, name: str, code: str = 'unsafe') -> FileFormatError:
    return FileFormatError(
        f'{archive}: holds {what.format(repr(name[:80]))}; this is not the official archive, '
        'download it again',
        code=code,
        file=archive,
        found=name,
    )


def _inside(archive: Path, folder: Path, place: PurePosixPath) -> Path:
    """The file's path, which no link in the folder may lead out of it."""
    target = folder / place
    home = str(folder.resolve())
    if os.path.commonpath([home, str(target.resolve())]) != home:
        raise FileFormatError(
            f'{archive}: {target} is behind a link that leaves {folder}; remove the link',
            code='unsafe',
            file=archive,
            found=str(target),
        )
    return target


def _extract(members: TarReader, member: Member, target: Path) -> bool:
    """Write a file unless it is there in full size; returns whether it was written."""
    if target.is_file() and target.stat().st_size == member.size:
        return False
    limits().check('archive_bytes', member.size, 'bytes of one file', target)
    with whole_path(target) as temporary:
        if member.size > shutil.disk_usage(str(temporary.parent)).free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))
        with open(temporary, 'wb') as file:
            while True:
                content = members.read(MEGABYTE)
                if not content:
                    break
                file.write(content)
    return True
