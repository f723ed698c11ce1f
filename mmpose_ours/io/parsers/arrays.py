"""NumPy's ``.npy`` and ``.npz`` files of numbers and texts, within limits of size.

``numpy.load`` makes room for what a header claims before it looks whether it is there, reads
headers as Python, and unpacks whatever a zip file holds. Here a header is a few fields that are
checked, an array takes as much memory as the file has numbers for, and a zip file's claims are
held against each other before anything is unpacked and against the bytes while it is.

Source: ``numpy.lib.format``, versions 1.0 to 3.0.
"""

from __future__ import annotations

import collections
import contextlib
import errno
import math
import os
import re
import struct
import zipfile
from typing import IO, Any, Iterator, NamedTuple

import numpy as np

from mmpose_ours.errors import FileFormatError, InputError, PathLike
from mmpose_ours.io.disk.regular_files import open_regular
from mmpose_ours.io.disk.temporary import temporary_file
from mmpose_ours.io.limits import limits
from mmpose_ours.io.parsers.zip_input import BROKEN_ZIP, ZipInput

# Of an .npy file: the name of its only array.
ALONE = ''

_MAGIC = b'\x93NUMPY'
_MAX_HEADER = 10_000
_MAX_DIMENSIONS = 32
# The list of a zip file's members, each 50 bytes or more.
_MAX_DIRECTORY = 1 << 20
_FREE = 64 << 20
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_AT_ONCE = 1 << 18
_FIELD = re.compile(
    r"""\s*['"](descr|fortran_order|shape)['"]\s*:\s*"""
    r"""('[^'\\]*'|"[^"\\]*"|True|False|\([\dL,\s]*\))\s*(?:,|(?=\}))"""
)
_NUMBERS = re.compile(r'[<>|=]?(?:b1|[iu][1248]|f[248])')
_TEXTS = re.compile(r'[<>=]?U(\d{1,10})')


def check_array_text(text: str, path: PathLike) -> None:
    """Refuse a text that an array would give back without its end.

    Args:
        text: For example a name.
        path: The file that is to hold it, for the message.

    Raises:
        InputError: It ends with a null character.
    """
    if text.endswith('\0'):
        raise InputError(
            f'{os.fspath(path)}: cannot hold {text[-40:]!r}, since NumPy drops null characters at '
            'the end of texts; rename what is called so',
            code='cannot-express',
            file=path,
            found=text,
        )


class Header(NamedTuple):
    """What an array is.

    Args:
        shape: Its shape.
        dtype: Its type: numbers, or texts of a fixed width.
        by_columns: Whether the first index varies fastest.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    by_columns: bool

    @property
    def bytes(self) -> int:
        """How many bytes its values take."""
        return math.prod(self.shape) * self.dtype.itemsize


class ArrayFile:
    """The arrays of one file; see :func:`open_arrays`.

    Attributes:
        headers: Name to header. Arrays of anything but numbers and texts have None: reading
            objects would run what the file says.
    """

    def __init__(self, path: PathLike, file: IO[bytes]):
        self.path = path
        self._file = file
        self._size = os.fstat(file.fileno()).st_size
        self._archive: zipfile.ZipFile | None = None
        start = file.read(len(_MAGIC))
        # What begins as neither kind of file is none, and not a damaged one.
        self._fault = 'damaged' if start[:2] in (b'PK', _MAGIC[:2]) else 'file-format'
        if start == _MAGIC:
            self.headers = {ALONE: self._header(ALONE)}
            return
        with self._damage():
            self._archive = zipfile.ZipFile(file)
        names = [info.filename for info in self._archive.infolist()]
        if len(set(names)) < len(names):
            twice = collections.Counter(names).most_common(1)[0][0]
            why = f'has the member {twice[:80]!r} twice, of which one would be lost'
            raise self.bad(why, 'duplicate', twice)
        self.headers = {
            name[:-4]: self._header(name[:-4]) for name in names if name.endswith('.npy')
        }

    def bad(self, why: str, code: str = 'file-format', found: Any = None) -> FileFormatError:
        """An error that says what is wrong with the file."""
        return FileFormatError(
            f'{self.path}: no file of plain NumPy arrays ({why}); write it again',
            code=code,
            file=self.path,
            found=why if found is None else found,
            expected='an .npy or .npz file of numbers and texts',
        )

    def read(self, name: str) -> np.ndarray:
        """Read one array.

        Args:
            name: One of :attr:`headers`.

        Returns:
            The array, writable.

        Raises:
            FileFormatError: It breaks off, is damaged, holds objects, or texts that are none.
            LimitError: It is larger than is allowed.
        """
        header = self._plain(name)
        # Only what is written to takes memory.
        array = np.empty(math.prod(header.shape), header.dtype)
        left: Any = memoryview(array.view(np.uint8) if array.size else b'')  # type: ignore[arg-type]
        for part in self._content(name, header):
            left[: len(part)] = part
            left = left[len(part) :]
        if header.dtype.kind == 'U':
            self._check_texts(name, array)
        return array.reshape(header.shape, order='F' if header.by_columns else 'C')

    def unpack(self, name: str) -> IO[bytes]:
        """One array's numbers in a temporary file.

        Args:
            name: See :meth:`read`.

        Raises:
            FileFormatError, LimitError: See :meth:`read`.
            OSError: There is no room for temporary files; names their folder.
        """
        header = self._plain(name)
        file = temporary_file()
        for part in self._content(name, header):
            file.write(part)
        file.flush()
        return file

    def _plain(self, name: str) -> Header:
        """The header of an array that can be read, held against what the file has."""
        header = self.headers[name]
        if header is None:
            raise self.bad(f'array {name[:80]!r} is neither of numbers nor of texts', found=name)
        with self._damage():
            member = self._member(name)
            _parse_header(member)
            begin = member.tell()
        packed = size = self._size
        if self._archive is not None:
            info = self._archive.getinfo(f'{name}.npy')
            packed, size = min(info.compress_size, self._size), info.file_size
        if size != begin + header.bytes:
            why = f'array {name[:80]!r} has {size} bytes, which is not {header.shape}'
            raise self.bad(why, 'damaged', size)
        what = f'bytes of array {name[:80]!r}'
        limits().check('array_bytes', header.bytes, what, self.path)
        if header.bytes > _FREE:
            ratio = header.bytes / max(packed, 1)
            limits().check('unpack_ratio', ratio, f'{what} for each byte on the disk', self.path)
        return header

    def _member(self, name: str) -> IO[bytes]:
        if self._archive is None:
            self._file.seek(0)
            return self._file
        info = self._archive.getinfo(f'{name}.npy')
        if info.flag_bits & 1 or info.compress_type not in (
            zipfile.ZIP_STORED,
            zipfile.ZIP_DEFLATED,
        ):
            raise self.bad(
                f'array {name[:80]!r} is encrypted, or packed in another way than NumPy does',
                found=name,
            )
        return self._archive.open(info)

    def _header(self, name: str) -> Header | None:
        with self._damage():
            return _parse_header(self._member(name))

    def _content(self, name: str, header: Header) -> Iterator[bytes]:
        """The bytes of an array, piece by piece, as many as the header says."""
        with self._damage():
            member = self._member(name)
            _parse_header(member)
            left = header.bytes
            while left:
                part = member.read(min(left, _AT_ONCE))
                if not part:
                    raise self.bad(f'array {name!r} breaks off', 'damaged', name)
                left -= len(part)
                yield part
            member.read(1)  # where zipfile compares the checksum

    def _check_texts(self, name: str, array: np.ndarray) -> None:
        codes = array.view(array.dtype.byteorder.replace('|', '=') + 'u4') if array.size else array
        for start in range(0, codes.size, _AT_ONCE):
            part = codes[start : start + _AT_ONCE]
            if (part > 0x10FFFF).any() or ((part >= 0xD800) & (part < 0xE000)).any():
                raise self.bad(f'array {name!r} has texts that are none', 'damaged', name)

    @contextlib.contextmanager
    def _damage(self) -> Iterator[None]:
        """Turn what a damaged file makes others raise into one error."""
        try:
            yield
        except FileFormatError:
            raise
        except BROKEN_ZIP as error:
            why = ' '.join(str(error).split())[:200] or type(error).__name__
            code = 'file-format' if isinstance(error, ValueError) else self._fault
            raise self.bad(why, code) from error
        except OSError as error:
            if error.errno != errno.EINVAL:  # a place before the file's beginning
                raise
            raise self.bad('it is damaged', 'damaged') from error


@contextlib.contextmanager
def open_arrays(path: PathLike) -> Iterator[ArrayFile]:
    """Open a file of arrays.

    Args:
        path: An ``.npz`` file, or an ``.npy`` file, whose array has the name ``''``.

    Raises:
        FileFormatError: It is neither, is damaged, or holds an array twice.
        OSError: It cannot be read.
    """
    with ZipInput(open_regular(path).detach(), max(_MAX_DIRECTORY, _AT_ONCE)) as file:
        yield ArrayFile(path, file)


def _parse_header(file: IO[bytes]) -> Header | None:
    """The header that begins here; None for an array of other things than numbers and texts.

    Raises:
        ValueError, struct.error: It is none.
    """
    start = file.read(len(_MAGIC) + 2)
    version = tuple(start[len(_MAGIC) :])
    if start[: len(_MAGIC)] != _MAGIC or version not in ((1, 0), (2, 0), (3, 0)):
        raise ValueError('an array does not begin as NumPy writes it')
    kind = '<H' if version == (1, 0) else '<I'
    (length,) = struct.unpack(kind, file.read(struct.calcsize(kind)))
    if length > _MAX_HEADER:
        raise ValueError(f'an array has a header of {length} bytes')
    text = file.read(length).decode('utf-8' if version == (3, 0) else 'latin1').strip()
    if len(text) > 2 and text[0] == '{' and "'descr': [" in text:
        return None  # a table of several columns
    fields, at = {}, 1
    while field := _FIELD.match(text, at):
        fields[field[1]], at = field[2], field.end()
    if text[:1] != '{' or text[at:].strip() != '}' or len(fields) != 3:
        raise ValueError('the header of an array cannot be read')
    descr, sides = fields['descr'][1:-1], re.findall(r'\d+', fields['shape'])
    if fields['fortran_order'] not in ('True', 'False') or fields['shape'][0] != '(':
        raise ValueError('the header of an array cannot be read')
    if len(sides) > _MAX_DIMENSIONS or any(len(side) > 18 for side in sides):
        raise ValueError('an array of an impossible shape')
    shape = tuple(map(int, sides))
    if math.prod(max(side, 1) for side in shape) >= 1 << 62:
        raise ValueError('an array of an impossible shape')
    texts = _TEXTS.fullmatch(descr)
    if not _NUMBERS.fullmatch(descr) and not (texts and 0 < int(texts[1]) < 1 << 29):
        return None
    return Header(shape, np.dtype(descr), fields['fortran_order'] == 'True')
