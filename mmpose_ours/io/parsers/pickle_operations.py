"""The operations of pickles, of protocols 0 to 5.

Source: CPython's ``Lib/pickletools.py``.
"""

from __future__ import annotations

import struct
from typing import Any, Callable

from mmpose_ours.errors import LimitError
from mmpose_ours.io.limits import limits
from mmpose_ours.io.parsers.pickle_calls import build, named, reduce
from mmpose_ours.io.parsers.pickle_machine import (
    BrokenError,
    Machine,
    append,
    decimal,
    float_of,
    integer,
    new_set,
    quoted,
    set_items,
    set_of,
    text_of,
)

_Operation = Callable[[Machine], Any]


def run(machine: Machine) -> Any:
    """Carry a pickle out.

    Returns:
        The object that it describes.

    Raises:
        BrokenError, IndexError, KeyError, ValueError, struct.error: It is damaged, or holds
            something else than plain data.
        LimitError: It has too many operations.
    """
    content, operations = machine.content, _OPERATIONS
    allowed = limits().pickle_operations
    for _ in range(allowed):
        code = content[machine.at]
        machine.at += 1
        if code == _STOP:
            if machine.unfilled or machine.marked or len(machine.stack) != 1:
                raise BrokenError('it ends too early', 'damaged')
            return machine.stack[0]
        operations[code](machine)
    raise LimitError(machine.path, 'pickle_operations', allowed + 1, allowed, 'operations')


def _refuse(machine: Machine) -> None:
    raise BrokenError('it holds objects')


def _push(value: _Operation) -> _Operation:
    def push(machine: Machine) -> None:
        made = value(machine)  # which may put another stack in the place of this one
        machine.stack.append(made)

    return push


def _tuple(count: int) -> _Operation:
    def make(machine: Machine) -> None:
        stack = machine.stack
        if len(stack) < count:
            raise BrokenError('it breaks off')
        stack[-count:] = [tuple(stack[-count:])]

    return make


def _mark(machine: Machine) -> None:
    machine.marked.append(machine.stack)
    machine.stack = []


def _pop(machine: Machine) -> None:
    if machine.stack:
        machine.stack.pop()
    else:
        machine.items()


def _memoise(place: Callable[[Machine], int]) -> _Operation:
    def put(machine: Machine) -> None:
        machine.memo[place(machine)] = machine.stack[-1]

    return put


def _place(line: bytes) -> int:
    """A place of the memo; those of more bits could all have one hash."""
    number = int(decimal(line))
    if not 0 <= number < 2**32:
        raise BrokenError('a place of the memo has too many digits')
    return number


def _protocol(machine: Machine) -> None:
    if machine.take(1)[0] > 5:
        raise BrokenError('it is of a newer protocol')


def _binput(machine: Machine) -> None:
    machine.memo[machine.content[machine.at]] = machine.stack[-1]
    machine.at += 1


def _long_binput(machine: Machine) -> None:
    machine.memo[_UINT4.unpack_from(machine.content, machine.at)[0]] = machine.stack[-1]
    machine.at += 4


def _binget(machine: Machine) -> None:
    machine.stack.append(machine.memo[machine.content[machine.at]])
    machine.at += 1


def _long_binget(machine: Machine) -> None:
    machine.stack.append(machine.memo[_UINT4.unpack_from(machine.content, machine.at)[0]])
    machine.at += 4


def _binint1(machine: Machine) -> None:
    machine.stack.append(machine.content[machine.at])
    machine.at += 1


def _stack_global(machine: Machine) -> None:
    name, module = machine.stack.pop(), machine.stack.pop()
    machine.stack.append(named(module, name))


def _setitem(machine: Machine) -> None:
    value, key = machine.stack.pop(), machine.stack.pop()
    set_items(machine, machine.stack[-1], [key, value])


def _additems(machine: Machine) -> None:
    items = machine.items()
    if type(machine.stack[-1]) is not set:
        raise BrokenError('it adds members to something else than a set')
    set_of(machine, items, machine.stack[-1])


def _dict(machine: Machine) -> dict:
    items: list[Any] = machine.items()
    made: dict[Any, Any] = {}
    set_items(machine, made, items)
    return made


def _appends(machine: Machine) -> None:
    items = machine.items()
    append(machine.stack[-1], items)


def _setitems(machine: Machine) -> None:
    items = machine.items()
    set_items(machine, machine.stack[-1], items)


_UINT4 = struct.Struct('<I')
_STOP = ord('.')
# Every operation by its byte; those that are not here are of objects, or of no pickle.
_OPERATIONS: list[_Operation] = [_refuse] * 256
_BY_CODE: dict[int | str, _Operation] = {
    0x80: _protocol,
    0x95: lambda m: m.number('<Q'),  # how long the next frame is: the end tells it too
    '(': _mark,
    '0': _pop,
    '1': lambda m: m.items(),
    '2': _push(lambda m: m.stack[-1]),
    'N': _push(lambda m: None),
    0x88: _push(lambda m: True),
    0x89: _push(lambda m: False),
    'I': _push(lambda m: decimal(m.line())),
    'L': _push(lambda m: decimal(m.line())),
    'J': _push(lambda m: m.number('<i')),
    'K': _binint1,
    'M': _push(lambda m: m.number('<H')),
    0x8A: _push(lambda m: integer(m.sized('<B'))),
    0x8B: _push(lambda m: integer(m.sized('<I'))),
    'F': _push(lambda m: float_of(m.line())),
    'G': _push(lambda m: struct.unpack('>d', m.take(8))[0]),
    'S': _push(lambda m: quoted(m.line(len(m.content)))),
    'T': _push(lambda m: text_of(m.sized('<I'), 'latin1')),
    'U': _push(lambda m: text_of(m.sized('<B'), 'latin1')),
    'V': _push(lambda m: text_of(m.line(len(m.content)), 'raw-unicode-escape')),
    'X': _push(lambda m: text_of(m.sized('<I'))),
    0x8C: _push(lambda m: text_of(m.sized('<B'))),
    0x8D: _push(lambda m: text_of(m.sized('<Q'))),
    'B': _push(lambda m: m.sized('<I')),
    'C': _push(lambda m: m.sized('<B')),
    0x8E: _push(lambda m: m.sized('<Q')),
    0x96: _push(lambda m: m.sized('<Q')),
    ')': _push(lambda m: ()),
    0x85: _tuple(1),
    0x86: _tuple(2),
    0x87: _tuple(3),
    't': _push(lambda m: tuple(m.items())),
    ']': _push(lambda m: []),
    'l': _push(lambda m: m.items()),
    'a': lambda m: append(m.stack[-2], [m.stack.pop()]),
    'e': _appends,
    '}': _push(lambda m: {}),
    'd': _push(_dict),
    's': _setitem,
    'u': _setitems,
    0x8F: _push(new_set),
    0x90: _additems,
    0x91: _push(lambda m: set_of(m, m.items(), new_set(m))),
    'p': _memoise(lambda m: _place(m.line())),
    'q': _binput,
    'r': _long_binput,
    0x94: _memoise(lambda m: len(m.memo)),
    'g': _push(lambda m: m.memo[_place(m.line())]),
    'h': _binget,
    'j': _long_binget,
    'c': _push(lambda m: named(m.line().decode('utf-8'), m.line().decode('utf-8'))),
    0x93: _stack_global,
    'R': reduce,
    'b': build,
}
for _code, _operation in _BY_CODE.items():
    _OPERATIONS[ord(_code) if isinstance(_code, str) else _code] = _operation
