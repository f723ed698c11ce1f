"""The state of the interpreter of pickles, and the values that it reads; see :mod:`pickles`."""

from __future__ import annotations

import re
import struct
from typing import Any, Iterable

import numpy as np

from mmpose_ours.errors import PathLike

# What decoded texts and arrays may take together, as a multiple of the file, and at least.
COPIES, ROOM = 4, 16 << 20
SCALARS = (str, bytes, int, float, bool, type(None), np.generic)
_MAX_LINE = 1 << 10
_MAX_INT_BYTES, _MAX_DIGITS = 64, 150
_MAX_KEY_PARTS = 16
_SET_BYTES, _ITEM_BYTES = 200, 32
# Whole numbers of fewer bits than the prime that Python divides by for a hash have all different
# hashes. Floats of one hash are few, texts are hashed with a secret; tuples may collide, so that
# each is compared with all before it.
_MAX_KEY_BITS = 60
_MAX_TUPLES_AS_KEYS = 5000
_ESCAPE = re.compile(rb'\\(x[0-9a-fA-F]{2}|[\\\'"nrt])')
_ESCAPED = {b'n': b'\n', b'r': b'\r', b't': b'\t'}


class BrokenError(Exception):
    """Says what is wrong, and the code and ``found`` of the error that users see."""

    def __init__(self, why: str, code: str = 'file-format', found: str | None = None):
        super().__init__(why)
        self.code, self.found = code, found


class ArrayClass:
    """Stands for ``numpy.ndarray``, which is never called."""


class ArrayType:
    """Stands for a ``numpy.dtype``: numbers only, whose byte order may follow."""

    def __init__(self, code: str):
        self.code = code[-2:]
        self.order = code[0] if len(code) > 2 else '='

    @property
    def dtype(self) -> np.dtype:
        """NumPy's type of these numbers."""
        return np.dtype(self.order + self.code)


class Machine:
    """Where the reading of one pickle stands.

    Args:
        content: The pickle.
        path: The file, for messages.
    """

    def __init__(self, content: bytes, path: PathLike):
        self.content, self.path, self.at = content, path, 0
        self.stack: list[Any] = []
        self.marked: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.room = COPIES * len(content) + ROOM
        # Arrays that have no numbers yet, by identity.
        self.unfilled: dict[int, np.ndarray] = {}
        self.tuples_as_keys = 0

    def take(self, count: int) -> bytes:
        """The next bytes."""
        start = self.at
        self.at = start + count
        if self.at > len(self.content):
            raise BrokenError('it breaks off', 'damaged')
        return self.content[start : self.at]

    def sized(self, kind: str) -> bytes:
        """Bytes behind their number."""
        return self.take(self.number(kind))

    def number(self, kind: str) -> int:
        """The next integer."""
        (value,) = struct.unpack_from(kind, self.content, self.at)
        self.at += struct.calcsize(kind)
        return value

    def line(self, longest: int = _MAX_LINE) -> bytes:
        """The next line, without its end."""
        end = self.content.find(b'\n', self.at, self.at + longest + 1)
        if end < 0:
            raise BrokenError('a line has no end', 'damaged')
        line = self.content[self.at : end]
        self.at = end + 1
        return line.rstrip(b'\r')

    def charge(self, count: int) -> None:
        """Account for bytes that are decoded or copied."""
        self.room -= count
        if self.room < 0:
            raise BrokenError('it uses the same bytes over and over')

    def charge_items(self, count: int) -> None:
        """Account for a container that is copied, which a file may ask for over and over."""
        self.charge(_ITEM_BYTES * count)

    def items(self) -> list[Any]:
        """What was put on the stack since the mark."""
        items = self.stack
        self.stack = self.marked.pop()
        return items


def _is_key(value: Any) -> bool:
    """Whether a value can be hashed in little time."""
    return isinstance(value, SCALARS) or (
        type(value) is tuple
        and len(value) <= _MAX_KEY_PARTS
        and all(isinstance(part, SCALARS) for part in value)
    )


def _check_key(machine: Machine, value: Any) -> None:
    if not _is_key(value):
        raise BrokenError('a key is a list, or a long or nested tuple')
    if type(value) is tuple:
        machine.tuples_as_keys += 1
        if machine.tuples_as_keys > _MAX_TUPLES_AS_KEYS:
            raise BrokenError(f'more than {_MAX_TUPLES_AS_KEYS} keys that are tuples')
    elif isinstance(value, (int, np.integer)) and int(value).bit_length() > _MAX_KEY_BITS:
        raise BrokenError(f'a key is a number of more than {_MAX_KEY_BITS} bits')


def set_items(machine: Machine, target: Any, items: list[Any]) -> None:
    """Add keys and values, one after the other, to a dictionary."""
    if not isinstance(target, dict) or len(items) % 2:
        raise BrokenError('it adds keys to something else than a dictionary')
    for index in range(0, len(items), 2):
        key = items[index]
        _check_key(machine, key)
        target[key] = items[index + 1]


def new_set(machine: Machine) -> set:
    """An empty set, which takes much more memory than the byte that asks for it."""
    machine.charge(_SET_BYTES)
    return set()


def set_of(machine: Machine, values: Iterable[Any], target: set) -> set:
    """Add values to a set."""
    for value in values:
        _check_key(machine, value)
        target.add(value)
    return target


def append(target: Any, items: list[Any]) -> None:
    """Add values to a list."""
    if type(target) is not list:
        raise BrokenError('it adds values to something else than a list')
    target.extend(items)


def text_of(content: bytes, encoding: str = 'utf-8') -> str:
    """Decode a text that can be printed."""
    text = content.decode(encoding)
    if encoding == 'raw-unicode-escape':
        text.encode('utf-8')  # which refuses halves of surrogate pairs
    return text


def quoted(line: bytes) -> str:
    """Python 2's text, as ``repr`` writes it."""
    if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in b'"\'':
        raise BrokenError('a text has no quotes')
    return _ESCAPE.sub(_unescaped, line[1:-1]).decode('latin1')


def _unescaped(match: re.Match[bytes]) -> bytes:
    what = match[1]
    return bytes([int(what[1:], 16)]) if what[:1] == b'x' else _ESCAPED.get(what, what)


def decimal(line: bytes) -> Any:
    """Read a whole number, or True or False, which were numbers once."""
    if line in (b'00', b'01'):
        return line == b'01'
    if not re.fullmatch(rb'[+-]?\d{1,%d}L?' % _MAX_DIGITS, line):
        raise BrokenError('a number has too many digits, or none')
    return int(line.rstrip(b'L'))


def integer(content: bytes) -> int:
    """Read a whole number, least byte first."""
    if len(content) > _MAX_INT_BYTES:
        raise BrokenError('a number has too many digits')
    return int.from_bytes(content, 'little', signed=True)


def float_of(line: bytes) -> float:
    """Read a number."""
    if len(line) > _MAX_DIGITS:
        raise BrokenError('a number has too many digits')
    return float(line.decode('ascii'))
