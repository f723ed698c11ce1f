"""Tar archives, read member by member as they come off the disk, within limits.

Python's own ``tarfile`` reads headers of any size into memory and writes sparse files as large as
they claim to be. What is read here: POSIX ustar and pax, and GNU with long names.
"""

from __future__ import annotations

from typing import Iterator, NamedTuple, NoReturn

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.limits import limits
from mmpose_ours.io.parsers.compressed import Unpacked

BLOCK = 512
# What an extended header may take; it holds a name and a few numbers.
MAX_HEADER = 1 << 20
_FILES = (b'0', b'\0', b'7')
_EMPTY = (b'1', b'2', b'3', b'4', b'5', b'6')
_PAX, _PAX_ALL, _LONG_NAME, _LONG_LINK, _SPARSE = b'x', b'g', b'L', b'K', b'S'


class Member(NamedTuple):
    """One entry of an archive.

    Args:
        name: Its path in the archive.
        is_file: Whether it is a regular file.
        size: Bytes of its content.
    """

    name: str
    is_file: bool
    size: int


class TarReader:
    """The members of a tar archive, once, from its start to its end.

    Args:
        stream: The archive, unpacked.
        path: For messages.
    """

    def __init__(self, stream: Unpacked, path: PathLike):
        self._stream, self._path = stream, path
        self._left = self._padding = 0

    def __iter__(self) -> Iterator[Member]:
        """Go through the members; the content of each may be read before the next.

        Raises:
            FileFormatError: It is no tar archive, is damaged or breaks off, or holds a sparse
                file.
            LimitError: It has more members or bytes than allowed.
        """
        count = 0
        name: str | None = None
        size: int | None = None
        while True:
            if not self._stream.skip(self._left + self._padding):
                self._broken('it breaks off')
            self._left = self._padding = 0
            header = self._stream.read(BLOCK)
            if len(header) == BLOCK and not any(header):
                return
            kind, own_name, own_size = self._parse(header)
            count += 1
            limits().check('archive_members', count, 'members', self._path)
            if kind in (_PAX, _PAX_ALL, _LONG_NAME, _LONG_LINK):
                content = self._extended(own_size)
                if kind == _LONG_NAME:
                    name = self._text(content.rstrip(b'\0'))
                elif kind != _LONG_LINK:
                    fields = self._pax(content)
                    if kind == _PAX_ALL and fields:
                        why = f'a global header sets {", ".join(sorted(fields))}'
                        self._broken(why, 'cannot-express')
                    name = fields.get('path', name)
                    size = self._whole(fields['size']) if 'size' in fields else size
                continue
            name = own_name if name is None else name
            size = own_size if size is None else size
            if kind == _SPARSE:
                self._broken(f'{name!r} is a sparse file', 'cannot-express')
            is_file = kind in _FILES and not name.endswith('/')
            # Links, folders and devices have no content, whatever size they claim.
            self._left = 0 if kind in _EMPTY or name.endswith('/') else size
            self._padding = -self._left % BLOCK
            yield Member(name, is_file, self._left)
            name = size = None

    def read(self, size: int) -> bytes:
        """So many bytes of the current member's content; none at its end.

        Raises:
            FileFormatError: The archive breaks off.
        """
        wanted = min(size, self._left)
        content = self._stream.read(wanted)
        if len(content) < wanted:
            self._broken('it breaks off')
        self._left -= wanted
        return content

    def _parse(self, header: bytes) -> tuple[bytes, str, int]:
        """Kind, name and size of a header block."""
        if len(header) < BLOCK:
            self._broken('it breaks off')
        unsigned = sum(header) - sum(header[148:156]) + 8 * 0x20
        signed = unsigned - 256 * sum(b > 127 for b in header[:148] + header[156:])
        if self._number(header[148:156]) not in (unsigned, signed):
            self._broken('a header is damaged')
        name = header[:100].partition(b'\0')[0]
        if header[257:263] == b'ustar\0' and header[345]:
            name = header[345:500].partition(b'\0')[0] + b'/' + name
        return header[156:157], self._text(name), self._number(header[124:136])

    def _number(self, field: bytes) -> int:
        if field[0] == 0x80:  # GNU: too large for octal digits
            return int.from_bytes(field[1:], 'big')
        digits = field.partition(b'\0')[0].strip()
        if not digits.isdigit() or b'8' in digits or b'9' in digits:
            if digits:
                self._broken('a header is damaged')
            return 0
        return int(digits, 8)

    def _text(self, name: bytes) -> str:
        try:
            return name.decode('utf-8')
        except UnicodeDecodeError:
            self._broken(f'the name {name[:60]!r} is not UTF-8', 'cannot-express')

    def _extended(self, size: int) -> bytes:
        if size > MAX_HEADER:
            self._broken(f'a header of {size:,} bytes, expected at most {MAX_HEADER:,}')
        content = self._stream.read(size)
        if len(content) < size or not self._stream.skip(-size % BLOCK):
            self._broken('it breaks off')
        return content

    def _pax(self, content: bytes) -> dict[str, str]:
        """Path and size of a pax header, ``<length> <key>=<value>`` line by line."""
        fields = {}
        position = 0
        while position < len(content):
            digits, space, _ = content[position : position + 20].partition(b' ')
            length = int(digits) if digits.isdigit() else 0
            record = content[position + len(digits) + 1 : position + length]
            key, equals, value = record.partition(b'=')
            if not space or not equals or not value.endswith(b'\n'):
                if not content[position:].strip(b'\0'):
                    break
                self._broken('a pax header is damaged')
            if key.startswith(b'GNU.sparse'):
                self._broken('it holds a sparse file', 'cannot-express')
            if key in (b'path', b'size'):
                fields[key.decode()] = self._text(value[:-1])
            position += length
        return fields

    def _whole(self, text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            self._broken('a pax header is damaged')
        return int(text)

    def _broken(self, why: str, code: str = 'damaged') -> NoReturn:
        raise FileFormatError(
            f'{self._path}: no tar archive, or it is damaged ({why}); continue the download with '
            '`wget -c`, then run this again',
            code=code,
            file=self._path,
            found=why,
        )
