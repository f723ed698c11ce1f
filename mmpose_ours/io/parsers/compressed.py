"""Compressed streams, unpacked piece by piece: gzip, bzip2, xz, or not compressed at all."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from typing import Any, BinaryIO, Callable

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.limits import limits

_CHUNK = 1 << 16
# An .xz says how much memory it takes; `xz -9` asks for 65 MiB.
XZ_MEMORY = 1 << 28
_DECOMPRESSORS: tuple[tuple[bytes, Callable[[], Any]], ...] = (
    (b'\x1f\x8b', lambda: _Gzip()),
    (b'BZh', bz2.BZ2Decompressor),
    (b'\xfd7zXZ\0', lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY)),
)


class Unpacked:
    """The unpacked content of a file, read from its start to its end.

    Args:
        file: The file, at its start.
        path: For messages.
        limit: The field of :class:`mmpose_ours.io.limits.Limits` that holds for all of it.
    """

    def __init__(self, file: BinaryIO, path: PathLike, limit: str):
        self._file, self._path, self._limit = file, path, limit
        self._waiting = file.read(_CHUNK)
        self._make = next(
            (m for magic, m in _DECOMPRESSORS if self._waiting.startswith(magic)), None
        )
        self._decompressor: Any = self._make() if self._make else None
        self._count = 0

    def read(self, size: int) -> bytes:
        """So many bytes; fewer only at the end.

        Raises:
            FileFormatError: The stream is damaged or breaks off.
            LimitError: More was unpacked than is allowed.
        """
        pieces = io.BytesIO()
        while pieces.tell() < size:
            piece = self._some(min(size - pieces.tell(), _CHUNK))
            if not piece:
                break
            pieces.write(piece)
        self._count += pieces.tell()
        limits().check(self._limit, self._count, 'unpacked bytes', self._path)
        return pieces.getvalue()

    def skip(self, size: int) -> bool:
        """Leave out so many bytes; says whether they were there."""
        while size > 0:
            found = len(self.read(min(size, _CHUNK)))
            if not found:
                return False
            size -= found
        return True

    def _some(self, size: int) -> bytes:
        """At least one byte, at most so many; none at the end."""
        while True:
            if self._make is None:
                piece, self._waiting = self._waiting[:size], self._waiting[size:]
                if piece:
                    return piece
                self._waiting = self._file.read(_CHUNK)
                if not self._waiting:
                    return b''
                continue
            if self._decompressor.eof:  # another stream may follow, as pbzip2 and pigz write
                left = self._decompressor.unused_data or self._file.read(_CHUNK)
                if not left.strip(b'\0'):  # padding
                    return b''
                self._waiting, self._decompressor = left, self._make()
            try:
                piece = self._decompressor.decompress(self._waiting, size)
            except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
                raise self._damaged(str(error)) from error
            self._waiting = b''
            if piece:
                return piece
            if self._decompressor.needs_input and not self._decompressor.eof:
                self._waiting = self._file.read(_CHUNK)
                if not self._waiting:
                    raise self._damaged('it breaks off')

    def _damaged(self, why: str) -> FileFormatError:
        return FileFormatError(
            f'{self._path}: cannot be unpacked ({why}); continue the download with `wget -c`, then '
            'run this again',
            code='damaged',
            file=self._path,
            found=why,
        )


class _Gzip:
    """zlib's decompressor with the interface of those of bz2 and lzma."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(16 + zlib.MAX_WBITS)

    eof = property(lambda self: self._inner.eof)
    unused_data = property(lambda self: self._inner.unused_data)
    needs_input = property(lambda self: not self._inner.unconsumed_tail)

    def decompress(self, data: bytes, size: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, size)
