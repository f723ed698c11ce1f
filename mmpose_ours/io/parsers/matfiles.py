"""MATLAB's MAT files, versions 5 to 7, within limits of size, count and depth.

``scipy.io.loadmat`` allocates what headers claim and follows what they say in compiled code,
so a damaged file can take all memory or the process with it. Here every claim is held
against the bytes at hand before anything is built, and only plain data is built. This module
does **not** read version 7.3 (which is HDF5) or version 4, and has no sparse arrays,
function handles or objects.

Source: the "MAT-File Format" document of MathWorks.
"""

from __future__ import annotations

import dataclasses
import os
import struct
import zlib
from typing import Any, BinaryIO, Collection, Iterator

import numpy as np

from mmpose_ours.errors import FileFormatError, LimitError, PathLike
from mmpose_ours.io.disk.regular_files import open_regular
from mmpose_ours.io.limits import limits

MAX_VARIABLES = 2000
SAVE_AGAIN = 'save it again in MATLAB with -v7'

_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT, _CHAR = 1, 2, 4
_COMPLEX, _LOGICAL = 0x0800, 0x0200
# Data types of stored values, and the classes that arrays have in memory.
_STORED = {1: 'i1', 2: 'u1', 3: 'i2', 4: 'u2', 5: 'i4', 6: 'u4', 7: 'f4', 9: 'f8', 12: 'i8',
           13: 'u8'}  # fmt: skip
_CLASSES = {6: 'f8', 7: 'f4', 8: 'i1', 9: 'u1', 10: 'i2', 11: 'u2', 12: 'i4', 13: 'u4', 14: 'i8',
            15: 'u8'}  # fmt: skip
_TEXTS = {1: 'latin1', 2: 'latin1', 4: 'utf-16', 16: 'utf-8', 17: 'utf-16', 18: 'utf-32'}
_OPAQUE = 17
_REFUSED = {3: 'an object', 5: 'a sparse array', 16: 'a function handle', _OPAQUE: 'an object'}


def read_mat(path: PathLike, names: Collection[str] | None = None) -> dict[str, Any]:
    """Read variables of a MAT file.

    Args:
        path: A MAT file of version 5, 6 or 7.
        names: The variables wanted; the others are not unpacked. None is all.

    Returns:
        Values by name, those that are there. Numbers are arrays of MATLAB's shape and class,
        texts are ``str`` (several rows: an object array of them), a cell array is an object
        array, a struct a dictionary (a struct array: an object array of them).

    Raises:
        FileFormatError: The file is truncated, damaged, of another version or too large, or a
            variable wanted holds something other than plain data.
        LimitError: It is larger, or holds more arrays, than is allowed.
        FileNotFoundError: There is no such file.
    """
    with open_regular(path) as file:
        return read_open_mat(file, path, names)


def read_open_mat(
    file: BinaryIO,
    path: PathLike,
    names: Collection[str] | None = None,
    plain_only: bool = False,
) -> dict[str, Any]:
    """Read variables of an open MAT file.

    Args:
        file: A file on disk, at its beginning.
        path: Where it lies, for messages.
        names: See :func:`read_mat`, also for what is returned.
        plain_only: Give an :class:`Unread` for variables that are no plain data (objects,
            function handles, sparse arrays) instead of refusing the file.

    Raises:
        FileFormatError: See :func:`read_mat`.
    """
    try:
        order = _byte_order(file.read(_HEADER))
        found: dict[str, Any] = {}
        for name, value in _variables(file, order, names, _Budget(path), plain_only):
            if name in found:
                raise _BrokenError(f'it holds the variable {name[:63]!r} twice', 'duplicate')
            found[name] = value
        return found
    except LimitError:
        raise
    except (_BrokenError, ValueError, zlib.error) as error:
        code = error.code if isinstance(error, _BrokenError) else 'damaged'
        raise FileFormatError(
            f'{path}: not a MATLAB file of version 7 or older ({error}); {SAVE_AGAIN}',
            code=code,
            file=path,
            found=str(error),
            expected='a MATLAB file of version 5 to 7',
        ) from error


@dataclasses.dataclass(frozen=True)
class Unread:
    """Stands for a variable that is no plain data; ``what`` is the class of an object."""

    what: str


class _BrokenError(Exception):
    """Says what is wrong, and the code of the error that users see."""

    def __init__(self, why: str, code: str = 'damaged'):
        super().__init__(why)
        self.code = code


class _NotPlainError(_BrokenError):
    """The variable holds something that is not read."""


def _byte_order(header: bytes) -> str:
    """'<' or '>'."""
    if header[:10] == b'MATLAB 7.3' or header[:4] == b'\x89HDF':
        raise _BrokenError('it is version 7.3', 'file-format')
    order = {b'IM': '<', b'MI': '>'}.get(header[126:128])
    if order is None:
        raise _BrokenError('its header is not that of version 5', 'file-format')
    version = struct.unpack(order + 'H', header[124:126])[0]
    if version >> 8 != 1:
        raise _BrokenError(f'its version number is {version >> 8}', 'file-format')
    return order


def _variables(
    file: BinaryIO,
    order: str,
    names: Collection[str] | None,
    budget: _Budget,
    plain_only: bool,
) -> Iterator[tuple[str, Any]]:
    """Name and value of each variable wanted."""
    left = os.fstat(file.fileno()).st_size - _HEADER
    for _ in range(MAX_VARIABLES):
        if left <= 0:
            return
        tag = file.read(8)
        if len(tag) < 8:
            raise _BrokenError('it ends inside an element')
        kind, size = struct.unpack(order + 'II', tag)
        left -= 8 + size
        if kind not in (_MATRIX, _COMPRESSED) or left < 0:
            raise _BrokenError(
                'it ends inside an element' if left < 0 else f'element of type {kind}'
            )
        # A name stands in the first bytes; those of other variables are not unpacked further.
        head = file.read(min(size, 4096))
        if kind == _COMPRESSED:
            head = zlib.decompressobj().decompress(head, 4096)
            inner = _Bytes(head, order).tag()[0] if len(head) >= 8 else None
            if inner != _MATRIX:
                raise _BrokenError(f'a compressed element of type {inner}')
            head = head[8:]
        unread: Unread | None = None
        if _class_of(_Bytes(head, order)) == _OPAQUE:
            name, unread = _object_header(_Bytes(head, order))
        else:
            name = _array_header(_Bytes(head, order))[3]
        wanted = names is None or name in names
        if not wanted or (unread is not None and plain_only):
            file.seek(max(size - 4096, 0), os.SEEK_CUR)
            if wanted:
                yield name, unread
            continue
        file.seek(-min(size, 4096), os.SEEK_CUR)
        budget.take(size)
        content = file.read(size)
        if kind == _COMPRESSED:
            content = _unpacked(content, budget)
            _, inner_size, start = _Bytes(content, order).tag()
            content = content[start : start + inner_size]
            if len(content) < inner_size:
                raise _BrokenError('it ends inside an element')
        try:
            value = _matrix(_Bytes(content, order), budget, 0)
        except _NotPlainError as error:
            if not plain_only:
                raise
            value = Unread(str(error))
        yield name, value
    raise _BrokenError(f'more than {MAX_VARIABLES} variables')


class _Budget:
    """What may still be built."""

    def __init__(self, path: PathLike) -> None:
        self.path, self.allowed = path, limits()
        self.bytes = self.arrays = 0

    @property
    def left(self) -> int:
        """Bytes."""
        return self.allowed.mat_bytes - self.bytes

    def take(self, count: int) -> None:
        """Account for bytes that are read or unpacked."""
        self.bytes += count
        self.allowed.check('mat_bytes', self.bytes, 'bytes', self.path)

    def array(self, depth: int) -> None:
        """Account for an array, in so many others."""
        self.arrays += 1
        self.allowed.check('mat_arrays', self.arrays, 'arrays', self.path)
        self.allowed.check('depth', depth, 'arrays in each other', self.path)


def _unpacked(content: bytes, budget: _Budget) -> bytes:
    inflate = zlib.decompressobj()
    unpacked = inflate.decompress(content, budget.left + 1)
    budget.take(len(unpacked))
    if not inflate.eof:
        raise _BrokenError('it ends inside compressed data')
    return unpacked


class _Bytes:
    """Elements one after the other in a piece of the file."""

    def __init__(self, content: bytes, order: str):
        self.content, self.order, self.at = memoryview(content), order, 0

    def tag(self) -> tuple[int, int, int]:
        """Type, size and start of the element at hand."""
        if self.at + 8 > len(self.content):
            raise _BrokenError('it ends inside an element')
        first, second = struct.unpack_from(self.order + 'II', self.content, self.at)
        if first >> 16:  # up to four bytes stand in the tag itself
            return first & 0xFFFF, first >> 16, self.at + 4
        return first, second, self.at + 8

    def next(self) -> tuple[int, memoryview]:
        """Type and content of the element at hand, which is left behind."""
        kind, size, start = self.tag()
        small = start == self.at + 4
        if (small and size > 4) or start + size > len(self.content):
            raise _BrokenError('an element is larger than what holds it')
        self.at = self.at + 8 if small else start + size + -size % 8
        return kind, self.content[start : start + size]

    def numbers(self, *kinds: int) -> np.ndarray:
        """The values of the element at hand."""
        kind, content = self.next()
        if kind not in (kinds or _STORED):
            raise _BrokenError(f'values of type {kind}')
        dtype = np.dtype(self.order + _STORED[kind])
        if len(content) % dtype.itemsize:
            raise _BrokenError('values are cut off')
        return np.frombuffer(content, dtype)

    def text(self) -> str:
        """The bytes of the element at hand as ASCII."""
        return bytes(self.next()[1]).decode('latin1')


def _class_of(source: _Bytes) -> int:
    """The class of an array, without moving on: an object's header is another than an array's."""
    start = source.at
    flags = source.numbers(6)
    source.at = start
    return int(flags[0]) & 0xFF if len(flags) else 0


def _object_header(source: _Bytes) -> tuple[str, Unread]:
    """Name and class of an object, whose header has no shape."""
    source.numbers(6)
    name, _, of_class = source.text(), source.text(), source.text()
    return name, Unread(of_class)


def _array_header(source: _Bytes) -> tuple[int, int, tuple[int, ...], str]:
    """Class, flags, shape and name of an array."""
    flags = source.numbers(6)
    if len(flags) != 2:
        raise _BrokenError('array flags are cut off')
    shape = tuple(int(side) for side in source.numbers(5, 6))
    if not 2 <= len(shape) <= 32 or min(shape) < 0:
        raise _BrokenError(f'an array of shape {shape[:8]}')
    return int(flags[0]) & 0xFF, int(flags[0]), shape, source.text()


def _matrix(source: _Bytes, budget: _Budget, depth: int) -> Any:
    budget.array(depth)
    if not len(source.content):
        return np.empty((0, 0))
    if _class_of(source) in _REFUSED:
        raise _NotPlainError(f'it holds {_REFUSED[_class_of(source)]}')
    array_class, flags, shape, _ = _array_header(source)
    count = 1
    for side in shape:
        count *= side
    # An element takes a byte at least, a nested one eight.
    room = len(source.content) - source.at
    if count > room:
        raise _BrokenError(f'an array of shape {shape[:8]} in {room} bytes')
    if array_class in _CLASSES:
        return _numeric(source, array_class, flags, shape, count)
    if array_class == _CHAR:
        return _char(source, shape, count)
    if array_class == _CELL:
        return _shaped([_nested(source, budget, depth) for _ in range(count)], shape)
    if array_class == _STRUCT:
        fields = _fields(source)
        if count * max(len(fields), 1) > room:
            raise _BrokenError(f'a struct of shape {shape[:8]} in {room} bytes')
        values = [{f: _nested(source, budget, depth) for f in fields} for _ in range(count)]
        return values[0] if count == 1 else _shaped(values, shape)
    raise _BrokenError(f'it holds class {array_class}')


def _nested(source: _Bytes, budget: _Budget, depth: int) -> Any:
    kind, content = source.next()
    if kind != _MATRIX:
        raise _BrokenError(f'element of type {kind} where an array is due')
    inside = _Bytes(b'', source.order)
    inside.content = content
    return _matrix(inside, budget, depth + 1)


def _shaped(values: list, shape: tuple[int, ...]) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    for index, value in enumerate(values):  # at once, NumPy would look into them
        array[index] = value
    return array.reshape(shape, order='F')


def _numeric(
    source: _Bytes, array_class: int, flags: int, shape: tuple[int, ...], count: int
) -> np.ndarray:
    if flags & _COMPLEX:
        raise _BrokenError('it holds complex numbers')
    values = source.numbers()
    if len(values) != count:
        raise _BrokenError(f'{len(values)} values for an array of shape {shape[:8]}')
    dtype = np.dtype(bool if flags & _LOGICAL else _CLASSES[array_class])
    with np.errstate(invalid='ignore'):
        return values.astype(dtype).reshape(shape, order='F')


def _char(source: _Bytes, shape: tuple[int, ...], count: int) -> Any:
    if not count:  # or a text of no columns might have any number of rows
        return ''
    kind, content = source.next()
    if kind not in _TEXTS:
        raise _BrokenError(f'text of type {kind}')
    endian = {'<': '-le', '>': '-be'}[source.order] if _TEXTS[kind][-2:] in ('16', '32') else ''
    text = bytes(content).decode(_TEXTS[kind] + endian)
    if len(text) != count:
        raise _BrokenError(f'{len(text)} characters for a text of shape {shape[:8]}')
    if shape[0] <= 1:
        return text
    # Column after column, as MATLAB stores everything.
    return _shaped([text[row :: shape[0]] for row in range(shape[0])], (shape[0],))


def _fields(source: _Bytes) -> list[str]:
    """The names of a struct's fields."""
    length = source.numbers(5)
    names = bytes(source.next()[1])
    if len(length) != 1 or not 0 < length[0] <= 256 or len(names) % int(length[0]):
        raise _BrokenError('field names are cut off')
    width = int(length[0])
    fields = [
        names[start : start + width].split(b'\x00')[0].decode('latin1')
        for start in range(0, len(names), width)
    ]
    if len(set(fields)) < len(fields) or len(fields) > 1000:
        raise _BrokenError('a field stands twice')
    return fields
