"""Temporary files for what does not fit into memory."""

from __future__ import annotations

import contextlib
import tempfile
from typing import IO, Iterator


def scratch_file() -> IO[bytes]:
    """A file that nobody else sees and that is gone with the program."""
    with blaming_scratch_folder():
        return tempfile.TemporaryFile()


@contextlib.contextmanager
def blaming_scratch_folder() -> Iterator[None]:
    """Let an error of writing such a file name the folder of temporary files.

    The system names no file where the disk is full, and the one that is being read is not at fault.

    Raises:
        OSError: The same, with the folder as its ``filename``.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror, tempfile.gettempdir()) from error
