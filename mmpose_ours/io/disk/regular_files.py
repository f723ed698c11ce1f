"""Opening files for reading that must be regular files: no folder, pipe, socket or device.

A pipe blocks its reader and a device never ends, whatever they are named.
"""

from __future__ import annotations

import errno
import io
import os
import stat

from mmpose_ours.errors import PathLike
from mmpose_ours.io.limits import limits


def open_regular(path: PathLike) -> io.BufferedReader:
    """Open a regular file for reading, without ever waiting for one that is not.

    Raises:
        OSError: It cannot be opened, or is no regular file; its ``filename`` is ``path``.
    """
    flags = os.O_RDONLY | getattr(os, 'O_BINARY', 0) | getattr(os, 'O_NONBLOCK', 0)
    try:
        _check_mode(os.stat(path).st_mode, path)  # opening some devices has an effect already
        descriptor = os.open(path, flags)
    except ValueError as error:  # a null character in the name
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(path)) from error
    try:
        _check_mode(os.fstat(descriptor).st_mode, path)
        return os.fdopen(descriptor, 'rb')
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: PathLike, limit: str) -> bytes:
    """Read all of a regular file.

    Args:
        path: The file.
        limit: The field of :class:`mmpose_ours.io.limits.Limits` that holds for its size.

    Raises:
        LimitError: It is larger than the limit.
        OSError: See :func:`open_regular`.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        limits().check(limit, size, 'bytes', path)
        return file.read(size)  # and not what is appended meanwhile


def _check_mode(mode: int, path: PathLike) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, 'not a regular file', os.fspath(path))
