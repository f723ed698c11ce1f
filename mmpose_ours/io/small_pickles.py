"""Small pickles of plain data, every step of which is checked.

:func:`mmpose_ours.io.pickles.read_pickle` runs nothing either, but it hands NumPy what the file
says of an array's type and Python's memo whatever place a byte claims. A damaged file can so
take all memory or the process with it. Here arrays are put together from checked parts, by
Python's own slow unpickler: for files of a few cameras, not for detections.
"""

from __future__ import annotations

import collections
import io
import math
import pickle
from typing import Any

import numpy as np

from mmpose_ours.errors import FileFormatError, PathLike

MAX_BYTES = 1 << 20
# Array states hold a shape, keys hold names: none is longer or deeper.
_MAX_TUPLE = 32
_MAX_DEPTH = 3
_CODE_LENGTH = 8


def parse_small_pickle(content: bytes, path: PathLike) -> Any:
    """Parse the content of a pickle of at most a megabyte.

    Args:
        content: A pickle of any protocol that holds numbers, texts, lists, dictionaries,
            tuples and numeric NumPy arrays, Python 2 ones included.
        path: The file, for messages.

    Returns:
        The stored object.

    Raises:
        FileFormatError: The file is too large, truncated, no pickle, or holds anything else.
            Nothing of it is run.
    """
    if len(content) > MAX_BYTES:
        raise FileFormatError(f'{path}: more than {MAX_BYTES >> 20} MB; export it as JSON')
    try:
        return _Unpickler(io.BytesIO(content), encoding='latin1').load()
    except Exception as error:  # a broken pickle can raise nearly anything
        why = ' '.join(str(error).split())[:200] or type(error).__name__
        raise FileFormatError(
            f'{path}: not a pickle of plain arrays and containers ({why}); export the data as JSON '
            'or as NumPy arrays instead'
        ) from error


class _Array:
    """Stands for ``numpy.ndarray`` in the pickle: nothing that could be called."""


_ARRAY = _Array()


def _reconstruct(kind: Any, shape: Any, code: Any) -> np.ndarray:
    """An empty array, whose state follows."""
    if kind is not _ARRAY or shape != (0,):
        raise pickle.UnpicklingError('an array begins in another way')
    return np.ndarray((0,), np.int8)


def _dtype(code: Any, align: Any = False, copy: Any = False) -> np.dtype:
    """A numeric type of its own, whose byte order follows."""
    dtype = np.dtype(code) if isinstance(code, str) and len(code) <= _CODE_LENGTH else None
    if dtype is None or dtype.kind not in 'biuf':
        raise pickle.UnpicklingError('an array of other things than numbers')
    return np.dtype(code, False, True)


def _scalar(dtype: Any, data: Any) -> Any:
    return _frombuffer(data, dtype, (1,), 'C')[0]


def _frombuffer(data: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
    data = data.encode('latin1') if isinstance(data, str) else data
    _check_array(shape, dtype, data)
    return np.frombuffer(data, dtype).reshape(shape, order='F' if order == 'F' else 'C').copy()


def _encode(text: Any, encoding: Any) -> bytes:
    """How Python 2 and protocols before 3 keep bytes."""
    if encoding != 'latin1' or not isinstance(text, str):
        raise pickle.UnpicklingError('bytes in another encoding')
    return text.encode('latin1')


def _no_bytes() -> bytes:
    """How protocols before 3 keep an empty ``bytes``."""
    return b''


_KNOWN = {
    ('builtins', 'bytes'): _no_bytes,
    ('__builtin__', 'bytes'): _no_bytes,
    ('numpy', 'ndarray'): _ARRAY,
    ('numpy', 'dtype'): _dtype,
    ('_codecs', 'encode'): _encode,
    ('collections', 'OrderedDict'): collections.OrderedDict,
    **{
        (f'numpy.{core}.{module}', function.__name__.replace('_scalar', 'scalar')): function
        for core in ('core', '_core')
        for module, function in (
            ('multiarray', _reconstruct),
            ('multiarray', _scalar),
            ('numeric', _frombuffer),
        )
    },
}


def _check_array(shape: Any, dtype: Any, data: Any) -> None:
    """Raise where bytes are not those of an array of this shape and type."""
    sides = shape if isinstance(shape, tuple) else (None,)
    if not all(type(side) is int and side >= 0 for side in sides):
        raise pickle.UnpicklingError('an array without a shape')
    if not isinstance(dtype, np.dtype) or not isinstance(data, (bytes, bytearray)):
        raise pickle.UnpicklingError('an array without numbers')
    if math.prod(sides) * dtype.itemsize != len(data):
        raise pickle.UnpicklingError(f'{len(data)} bytes for an array of shape {sides[:8]}')


_Python: Any = pickle._Unpickler  # type: ignore[attr-defined, unused-ignore]


class _Unpickler(_Python):
    """Python's unpickler in Python, whose memo is a dictionary."""

    dispatch = dict(_Python.dispatch)

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f'it calls {module}.{name}')
        return _KNOWN[module, name]

    def load_build(self) -> None:
        """Give an array or its type its state, checked; nothing else has one."""
        state, target = self.stack.pop(), self.stack[-1]
        state = list(state) if isinstance(state, tuple) else []
        if isinstance(target, np.dtype):
            # Version, byte order, no fields, size and alignment of the kind, no flags.
            if len(state) != 8 or state[1] not in ('<', '>', '|', '=') or state[2:] != [
                None, None, None, -1, -1, 0,
            ]:  # fmt: skip
                raise pickle.UnpicklingError('an array of other things than numbers')
            target.__setstate__((3, *state[1:]))  # type: ignore[attr-defined]
        elif isinstance(target, np.ndarray) and len(state) == 5:
            _, shape, dtype, is_fortran, data = state
            data = data.encode('latin1') if isinstance(data, str) else data
            _check_array(shape, dtype, data)
            target.__setstate__((1, shape, dtype, bool(is_fortran), bytes(data)))
        else:
            raise pickle.UnpicklingError('it holds objects')

    dispatch[pickle.BUILD[0]] = load_build

    def load_bytearray8(self) -> None:
        """Read before making room, which the original does the other way round."""
        size = int.from_bytes(self.read(8), 'little')
        if size > MAX_BYTES:
            raise pickle.UnpicklingError('it breaks off')
        self.append(bytearray(self.read(size)))

    dispatch[0x96] = load_bytearray8

    def load_object(self) -> None:
        raise pickle.UnpicklingError('it holds objects')

    for _code in (pickle.INST, pickle.OBJ, pickle.NEWOBJ, pickle.NEWOBJ_EX, pickle.PERSID,
                  pickle.BINPERSID, pickle.EXT1, pickle.EXT2, pickle.EXT4):  # fmt: skip
        dispatch[_code[0]] = load_object


def _checked_tuple(load: Any) -> Any:
    """A tuple operation that refuses long and deep ones, which take forever to hash."""

    def load_tuple(self: _Unpickler) -> None:
        load(self)
        if len(self.stack[-1]) > _MAX_TUPLE or _depth(self.stack[-1]) > _MAX_DEPTH:
            raise pickle.UnpicklingError('a long or deeply nested tuple')

    return load_tuple


def _depth(value: Any) -> int:
    return 1 + max(map(_depth, value), default=0) if isinstance(value, tuple) else 0


for _opcode in (pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3):
    _Unpickler.dispatch[_opcode[0]] = _checked_tuple(_Unpickler.dispatch[_opcode[0]])
