"""What a pickle of plain data may name and call, and what is done instead of calling it.

Arrays are made here, of bytes that are there and of a type that this module puts together.

Source: how NumPy 1.x and 2.x reduce arrays, types and scalars.
"""

from __future__ import annotations

import collections
import math
import re
from typing import Any

import numpy as np

from mmpose_ours.io.parsers.pickle_machine import (
    ArrayClass,
    ArrayType,
    BrokenError,
    Machine,
    new_set,
    set_items,
    set_of,
)

_MAX_DIMENSIONS = 32
_TYPE = re.compile(r'[<>=|]?(b1|[iu][1248]|f[248])')


def _new_array(machine: Machine, kind: Any, shape: Any, code: Any) -> np.ndarray:
    """An array that has no numbers yet; its state follows."""
    if kind is not ArrayClass or shape != (0,):
        raise BrokenError('an array begins in another way')
    array: np.ndarray = np.ndarray((0,), np.int8)
    machine.unfilled[id(array)] = array
    return array


def _new_type(machine: Machine, code: Any, align: Any = False, copy: Any = False) -> ArrayType:
    if not isinstance(code, str) or not _TYPE.fullmatch(code):
        raise BrokenError('an array of other things than numbers')
    return ArrayType(code)


def _numbers(machine: Machine, shape: Any, kind: Any, data: Any) -> tuple[np.dtype, bytes]:
    """Type and bytes of an array, held against its shape."""
    sides = shape if isinstance(shape, tuple) and len(shape) <= _MAX_DIMENSIONS else (None,)
    if not all(type(side) is int and 0 <= side <= len(machine.content) for side in sides):
        raise BrokenError('an array without a shape, or of an impossible one')
    data = data.encode('latin1') if isinstance(data, str) else data
    if not isinstance(kind, ArrayType) or not isinstance(data, bytes):
        raise BrokenError('an array without numbers')
    dtype = kind.dtype
    if math.prod(sides) * dtype.itemsize != len(data):
        raise BrokenError(f'{len(data)} bytes for an array of shape {sides[:8]}')
    machine.charge(len(data))
    return dtype, data


def _array_of(machine: Machine, data: Any, kind: Any, shape: Any, order: Any) -> np.ndarray:
    dtype, data = _numbers(machine, shape, kind, data)
    order = 'F' if isinstance(order, str) and order == 'F' else 'C'
    return np.frombuffer(data, dtype).reshape(shape, order=order).copy(order)


def _scalar(machine: Machine, kind: Any, data: Any) -> Any:
    return _array_of(machine, data, kind, (1,), 'C')[0]


def _encode(machine: Machine, text: Any, encoding: Any) -> bytes:
    """How Python 2 and protocols before 3 keep bytes."""
    if encoding not in ('latin1', 'latin-1') or not isinstance(text, str):
        raise BrokenError('bytes in another encoding')
    machine.charge(len(text))
    return text.encode('latin1')


def _bytes(machine: Machine, *parts: Any) -> bytes:
    """``bytes`` of nothing, or ``bytearray`` of bytes or of a text."""
    if not parts:
        return b''
    if len(parts) == 1 and isinstance(parts[0], bytes):
        return parts[0]
    if len(parts) == 2:
        return _encode(machine, *parts)
    raise BrokenError('bytes of something else than bytes')


def _set(machine: Machine, values: Any = ()) -> set:
    if not isinstance(values, (list, tuple)):
        raise BrokenError('a set of no list')
    machine.charge_items(len(values))
    return set_of(machine, values, new_set(machine))


def _ordered(machine: Machine, pairs: Any = ()) -> dict:
    """An ``OrderedDict``; Python 2 lists its pairs."""
    if not isinstance(pairs, (list, tuple)):
        raise BrokenError('an OrderedDict of no pairs')
    machine.charge_items(1 + len(pairs))
    if not all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in pairs):
        raise BrokenError('an OrderedDict of no pairs')
    ordered: dict[Any, Any] = collections.OrderedDict()
    for pair in pairs:
        set_items(machine, ordered, list(pair))
    return ordered


# By the numbers of arguments that each takes.
_CALLS: dict[Any, range] = {
    _new_array: range(3, 4),
    _new_type: range(1, 4),
    _array_of: range(4, 5),
    _scalar: range(2, 3),
    _encode: range(2, 3),
    _bytes: range(0, 3),
    _set: range(0, 2),
    _ordered: range(0, 2),
}
_NAMES: dict[Any, Any] = {
    ('numpy', 'ndarray'): ArrayClass,
    ('numpy', 'dtype'): _new_type,
    ('_codecs', 'encode'): _encode,
    ('collections', 'OrderedDict'): _ordered,
    **{
        (module, name): function
        for module in ('builtins', '__builtin__')
        for name, function in (
            ('set', _set),
            ('frozenset', _set),
            ('bytes', _bytes),
            ('bytearray', _bytes),
        )
    },
    **{
        (f'numpy.{core}.{module}', name): function
        for core in ('core', '_core')
        for module, name, function in (
            ('multiarray', '_reconstruct', _new_array),
            ('multiarray', 'scalar', _scalar),
            ('numeric', '_frombuffer', _array_of),
        )
    },
}


def named(module: Any, name: Any) -> Any:
    """What stands for a name of a file; it is not looked up."""
    if not isinstance(module, str) or not isinstance(name, str):
        # And not which: the text of lists that hold each other may take all memory.
        raise BrokenError('it calls what is no name', 'unsafe')
    if (module, name) not in _NAMES:
        raise BrokenError(f'it calls {module[:60]}.{name[:60]}', 'unsafe', f'{module}.{name}')
    return _NAMES[module, name]


def reduce(machine: Machine) -> None:
    """Do what a file calls, with the arguments on the stack."""
    arguments, function = machine.stack.pop(), machine.stack.pop()
    allowed = _CALLS.get(function) if callable(function) else None
    if allowed is None or type(arguments) is not tuple or len(arguments) not in allowed:
        raise BrokenError('it calls something in another way', 'unsafe')
    machine.stack.append(function(machine, *arguments))


def build(machine: Machine) -> None:
    """Give an array or a type its state; nothing else has one."""
    state, target = machine.stack.pop(), machine.stack[-1]
    state = state if type(state) is tuple else ()
    if isinstance(target, ArrayType):
        # Version, byte order, no fields, size and alignment of the kind, no flags.
        if len(state) != 8 or state[1] not in ('<', '>', '|', '=') or state[2:] != (
            None, None, None, -1, -1, 0,
        ):  # fmt: skip
            raise BrokenError('an array of other things than numbers')
        target.order = state[1]
    elif machine.unfilled.pop(id(target), None) is not None and len(state) == 5:
        _, shape, kind, by_columns, data = state
        dtype, data = _numbers(machine, shape, kind, data)
        target.__setstate__((1, shape, dtype, bool(by_columns), data))
    else:
        raise BrokenError('it holds objects', 'unsafe')
