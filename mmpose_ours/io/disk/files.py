"""Writes that appear whole or not at all, and what the operating system refuses, in sentences."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import tempfile
from pathlib import Path
from typing import IO, Any, Iterator, Mapping

from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.io.disk import leftovers
from mmpose_ours.io.disk.links import LinkError, behind_link
from mmpose_ours.io.disk.locks import hold_folder
from mmpose_ours.io.disk.temporary import TemporaryFolderError, temporary_file, temporary_folder

__all__ = [
    'MM_PER_UNIT',
    'TemporaryFolderError',
    'check_unicode',
    'explain_os_error',
    'is_writable',
    'temporary_file',
    'temporary_folder',
    'whole_path',
    'write_files_whole',
    'write_json',
    'write_whole',
]

# The units in which files state lengths.
MM_PER_UNIT = {'mm': 1.0, 'cm': 10.0, 'm': 1000.0}

# By errno: what to do about it. The others are met with "check the path".
_FIXES = {
    errno.ENOENT: 'correct the path',
    errno.EISDIR: 'name a file in that folder',
    errno.ENOTDIR: 'choose another folder, a file stands where one is due',
    errno.EEXIST: 'choose another folder, a file stands where one is due',
    errno.EACCES: 'check its permissions or choose another place',
    errno.EPERM: 'check its permissions or choose another place',
    errno.EROFS: 'choose another place, nothing can be written there',
    errno.ENOSPC: 'make room on the disk or choose another one',
    errno.ENAMETOOLONG: 'choose a shorter name',
    errno.ELOOP: 'remove the link, which leads to itself',
}


def explain_os_error(error: OSError) -> str:
    """Say what the system refused in one sentence: path, reason and next step.

    An error that this package raised with a sentence of its own keeps it.
    """
    if error.errno is None or error.strerror is None:
        return str(error)
    where = '' if error.filename is None else f'{os.fsdecode(error.filename)}: '
    reason = error.strerror[:1].lower() + error.strerror[1:]
    if isinstance(error, TemporaryFolderError):
        fix = 'make room in this temporary folder or name another one in TMPDIR'
        return f'{where}{reason}; {fix}'
    if isinstance(error, LinkError):
        return f'{where}{reason}; remove the link, or name the file that it leads to'
    return f'{where}{reason}; {_FIXES.get(error.errno, "check the path")}'


@contextlib.contextmanager
def whole_path(path: PathLike, suffix: str = '') -> Iterator[Path]:
    """Let ``path`` appear complete or not at all, also with several writers.

    Yields a temporary file in the same folder, which replaces ``path`` when the block
    ends without an exception. Parent folders are made. What a killed run has left of such
    files is removed, see :mod:`mmpose_ours.io.disk.leftovers`.

    Args:
        path: The file to write.
        suffix: The temporary file's ending, for writers that go by it.

    Raises:
        OSError: ``path`` cannot be written; its ``filename`` is ``path``.
    """
    target = _place_of(path)
    handle, name = _temporary_for(target, suffix)
    os.close(handle)
    try:
        yield Path(name)
        _put_in_place(name, target)
    except BaseException as error:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        # A full disk names no file.
        if isinstance(error, OSError) and error.errno and error.filename in (None, name):
            raise OSError(error.errno, error.strerror, str(target)) from error
        raise


def _place_of(path: PathLike) -> Path:
    """Where a file is to be, see :func:`behind_link`, and only where a plain file is or may be.

    Raises:
        OSError: A folder or a device is there, or a file that may not be written.
    """
    target = behind_link(path)
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if target.exists() and not target.is_file():
        raise OSError(errno.EINVAL, 'is no plain file', str(path))
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    return target


def is_writable(path: PathLike) -> bool:
    """Whether a file can be written or replaced: not on a read-only disk, for example.

    True where nobody can know yet, since its folder is missing.
    """
    try:
        target = _place_of(path)
        if target.parent.is_dir():
            tempfile.TemporaryFile(dir=target.parent).close()
    except OSError as error:
        return error.errno not in (errno.EROFS, errno.EACCES, errno.EPERM)
    return True


def _temporary_for(target: Path, suffix: str = '') -> tuple[int, str]:
    """A new file beside the target, open for writing: its handle and its path."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return leftovers.new_file(target, suffix)
    except OSError as error:  # which names the folder or the temporary file
        raise OSError(error.errno, error.strerror, str(target)) from error


def _put_in_place(temporary: str, target: Path) -> None:
    # mkstemp makes private files; give the result what a plain open() would.
    if target.exists():
        mode = target.stat().st_mode & 0o777
    else:
        umask = os.umask(0)
        os.umask(umask)
        mode = 0o666 & ~umask
    os.chmod(temporary, mode)
    os.replace(temporary, target)


@contextlib.contextmanager
def write_whole(path: PathLike, mode: str = 'w') -> Iterator[IO]:
    """Open ``path`` for writing so that it appears complete or not at all.

    See :func:`whole_path`, which this opens.

    Args:
        path: The file to write.
        mode: ``'w'`` for UTF-8 text or ``'wb'`` for bytes.

    Raises:
        OSError: ``path`` cannot be written; its ``filename`` is ``path``.
        InputError: A text, such as a name, is no Unicode, so that UTF-8 cannot hold it.
    """
    encoding = None if 'b' in mode else 'utf-8'
    with whole_path(path) as temporary, open(temporary, mode, encoding=encoding) as file:
        try:
            yield file
        except UnicodeEncodeError as error:
            raise _no_unicode(path, error) from error


def check_unicode(text: str, path: PathLike) -> None:
    """Refuse a text that UTF-8 cannot hold, and that no reader of JSON or NumPy would take back.

    Args:
        text: For example a name.
        path: The file that is to hold it, for the message.

    Raises:
        InputError: It is no Unicode; see :func:`write_whole`.
    """
    try:
        text.encode('utf-8')
    except UnicodeEncodeError as error:
        raise _no_unicode(path, error) from error


def _no_unicode(path: PathLike, error: UnicodeEncodeError) -> InputError:
    around = error.object[max(0, error.start - 20) : error.end + 20]
    return InputError(
        f'{os.fspath(path)}: cannot hold {around!r}, which is no Unicode text (of a file name '
        'that is not UTF-8, for example); rename what is called so',
        code='cannot-express',
        file=path,
        found=around,
        expected='Unicode text',
    )


def write_files_whole(folder: PathLike, contents: Mapping[str, str | bytes]) -> None:
    """Write files into a folder: all of them are complete before the first appears.

    Args:
        folder: Made where it is missing.
        contents: Text, which is written as UTF-8, or bytes by file name.

    Raises:
        OSError: One of them cannot be written. None has changed then, unless the system
            refuses to put a complete file in its place: those before it are there already.
        InputError: A text is no Unicode; see :func:`write_whole`.
        InUseError: Another program writes into the folder; see :mod:`mmpose_ours.io.disk.locks`.
    """
    complete: list[tuple[str, Path]] = []
    try:
        for name, content in contents.items():
            target = _place_of(Path(folder) / name)
            handle, temporary = _temporary_for(target)
            complete.append((temporary, target))
            with os.fdopen(handle, 'wb') as file:
                file.write(_encoded(content, target))
        with hold_folder(folder, 'folder'):  # so that no other run's files come between
            for temporary, target in complete:
                _put_in_place(temporary, target)
    finally:
        for temporary, _ in complete:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)


def _encoded(content: str | bytes, path: Path) -> bytes:
    if isinstance(content, bytes):
        return content
    check_unicode(content, path)
    return content.encode('utf-8')


def write_json(path: PathLike, data: Any, indent: int | None = None) -> None:
    """Write ``data`` as JSON, whole or not at all.

    Raises:
        InputError: There is NaN or infinity in it, or a text that is no Unicode.
        OSError: ``path`` cannot be written; its ``filename`` is ``path``.
    """
    try:
        text = json.dumps(data, indent=indent, allow_nan=False)
    except ValueError as error:
        raise InputError(
            f'{os.fspath(path)}: cannot hold NaN or infinity ({error})',
            code='not-finite',
            file=path,
        ) from error
    with write_whole(path) as file:
        file.write(text + '\n')
