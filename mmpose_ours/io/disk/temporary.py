"""Temporary files whose errors name the temporary folder, and not the file that is being read."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import tempfile
from pathlib import Path
from typing import Any, BinaryIO, Iterator

from mmpose_ours.io.disk import leftovers

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


class TemporaryFolderError(OSError):
    """The temporary folder cannot be written, for example because it is full.

    ``filename`` is the folder; ``TMPDIR`` in the environment names another one.
    """


def temporary_file(suffix: str = '', folder: str | os.PathLike[str] | None = None) -> BinaryIO:
    """Open a temporary file that disappears with the program.

    Args:
        suffix: The ending of its name, while it has one.
        folder: Where it lies; None means the system's temporary folder.

    Returns:
        The file, binary, open for reading and writing. What the operating system refuses,
        then and later, is a :class:`TemporaryFolderError`.

    Raises:
        TemporaryFolderError: The folder cannot be written.
    """
    with _blamed_on(folder):
        handle, name = tempfile.mkstemp(suffix=suffix, dir=folder)
    delete = os.name == 'nt'
    if not delete:
        os.unlink(name)
    raw = _RawTemporary(handle, 'r+b')
    raw.folder, raw.path = folder, name if delete else None
    return _Temporary(raw)


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Make a folder for a block, within the system's temporary folder.

    What a killed run has left of such folders is removed.

    Raises:
        TemporaryFolderError: It cannot be made or written.
    """
    with contextlib.ExitStack() as stack:
        with _blamed_on(None):
            beside = leftovers.folder_beside(Path(tempfile.gettempdir()) / 'mmpose_ours')
            folder = stack.enter_context(beside)
        try:
            yield folder
        except OSError as error:
            place = None if error.filename is None else Path(os.fsdecode(error.filename))
            if place is not None and folder in place.parents and error.errno in _NO_ROOM:
                raise _blame(error, None) from error
            raise


class _Temporary(io.BufferedRandom):
    def __del__(self) -> None:
        # It lasts as long as what is read from it, which no block of `with` bounds.
        with contextlib.suppress(OSError):
            self.close()


class _RawTemporary(io.FileIO):
    folder: Any = None
    path: str | None = None

    def write(self, data: Any) -> int:
        with _blamed_on(self.folder):
            return super().write(data)

    def truncate(self, size: int | None = None) -> int:
        with _blamed_on(self.folder):
            return super().truncate(size)

    def close(self) -> None:
        super().close()
        if self.path is not None:
            with contextlib.suppress(OSError):
                os.unlink(self.path)


@contextlib.contextmanager
def _blamed_on(folder: Any) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _blame(error, folder) from error


def _blame(error: OSError, folder: Any) -> TemporaryFolderError:
    if folder is None:
        # Where none can be written, tempfile has none to name either.
        try:
            folder = tempfile.gettempdir()
        except OSError:
            folder = os.environ.get('TMPDIR', tempfile.tempdir or '/tmp')
    number = error.errno or errno.EIO
    return TemporaryFolderError(number, error.strerror or os.strerror(number), os.fspath(folder))
