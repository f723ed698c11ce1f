"""A file for a zip reader, whose list of members is not taken at any size."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import Any

# What zipfile raises for files that are damaged or something else.
BROKEN_ZIP = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError,
    ValueError, OverflowError, IndexError, KeyError,
)  # fmt: skip


class ZipInput(io.BufferedReader):
    """A file of which no more is read at once than a list of members may have.

    ``zipfile`` takes that list whole, and makes an object of each member, before it can be asked
    how many there are.

    Args:
        raw: The file.
        most: Bytes that may be read at once; a member has 50 or more in the list.
    """

    def __init__(self, raw: Any, most: int):
        super().__init__(raw)
        self._most = most

    def read(self, size: int | None = -1) -> bytes:
        """As of any file.

        Raises:
            ValueError: More is asked for than may be read at once.
        """
        if size is not None and size > self._most:
            raise ValueError(f'a list of members of {size} bytes')
        return super().read(size)
