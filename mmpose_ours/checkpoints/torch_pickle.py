"""The pickle inside of a file of ``torch.save``, read as data.

torch's own unpickler is not used, whatever its version: with ``weights_only`` it ran code before
2.6 (CVE-2025-32434) and corrupted memory before 2.10 (CVE-2026-24747), before 1.13 there is no
``weights_only``, and ``TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD`` turns it off. Here

- only the operations and names listed below exist, and a name is a function of this module,
- nothing is read or allocated that the file does not hold, and what is made of values is paid for
  each time, out of a budget that grows with the file,
- keys are texts and small integers, whose hashes cannot be made to collide,
- what comes out is a tree: no cycles, bounded depth, bounded size where it shares parts.
"""

from __future__ import annotations

import collections
import pickle
from typing import IO, Any, Callable

import numpy as np
import torch

from mmpose_ours.checkpoints.torch_values import (
    KNOWN,
    ContentError,
    Dtype,
    History,
    Name,
    Storage,
    check_key,
    make_array,
    put,
    read_versions,
)
from mmpose_ours.errors import LimitError, PathLike
from mmpose_ours.io.limits import limits

_MAX_SHARED = 16  # how often, on average, a value may stand in the tree
# Bytes that calls and sets may take for each byte of the file, and beyond.
_COPIES, _ROOM = 16, 64 << 20
# Of whatever a call makes, a tensor for example; and of each value in a list that is copied.
_CALL_BYTES, _VALUE_BYTES = 500, 50
_LEAVES = {str, int, float, bool, complex, bytes, bytearray, type(None), torch.Tensor, torch.dtype,
           np.ndarray, History}  # fmt: skip
_CONTAINERS = {dict, list, tuple, set, collections.OrderedDict, collections.Counter}


def unpickle(
    file: IO[bytes],
    size: int,
    path: PathLike,
    storage: Callable[[tuple], Storage] | None = None,
) -> Any:
    """Read one pickle.

    Args:
        file: Whose ``read(n)`` never makes room for more than it holds.
        size: How many bytes it holds.
        path: For messages.
        storage: Finds the storage that a persistent ID names; None where there is none.

    Returns:
        Plain Python containers, texts and numbers, tensors, NumPy arrays and :class:`History`.
        Not yet a tree: see :func:`check_tree`.

    Raises:
        ContentError: It is damaged, or holds something else.
        LimitError: It has too many operations.
    """
    try:
        return _Unpickler(file, size, path, storage).load()
    except (MemoryError, OSError, ContentError, LimitError):
        raise
    # What the operations of a damaged pickle raise, one with another, is open-ended.
    except Exception as error:
        reason = ' '.join(str(error).split())[:100]
        raise ContentError(f'damaged, {type(error).__name__} {reason}'.strip()) from error


def check_tree(root: Any, path: PathLike) -> int:
    """Refuse what is not a tree of plain values.

    Args:
        root: What was read.
        path: For messages.

    Returns:
        Bytes of its tensors, each counted as often as it is there.

    Raises:
        ContentError: It contains itself, or something that is no plain value, or it shares parts
            so that it would be very much larger without.
        LimitError: It is nested too deeply.
    """
    depth = limits().depth
    sizes: dict[int, int] = {}  # values below each container that is done, by its id
    open_ones: list[list] = []  # container, its parts, values below it so far
    on_the_way: set[int] = set()
    values = total_bytes = 0
    pending: list = [root]
    while True:
        for part in pending:
            kind = type(part)
            if kind is torch.Tensor:
                total_bytes += part.numel() * part.element_size()
            elif kind is History and not hasattr(part, 'values'):
                raise ContentError('a log without figures')
            if kind in _LEAVES or isinstance(part, np.generic):
                size = 1
            elif kind not in _CONTAINERS:
                raise ContentError(f'a part that is no data, {kind.__name__.lstrip("_")}')
            elif id(part) in on_the_way:
                raise ContentError('a list or dictionary that contains itself')
            elif id(part) in sizes:
                size = sizes[id(part)]
            else:
                if len(open_ones) >= depth:
                    limits().check('depth', len(open_ones) + 1, 'levels of nesting', path)
                on_the_way.add(id(part))
                parts = part.values() if isinstance(part, dict) else part
                values += len(parts)
                open_ones.append([part, iter(parts), 1])
                break
            if open_ones:
                open_ones[-1][2] += size
        else:
            if not open_ones:
                return total_bytes
            part, _, size = open_ones.pop()
            on_the_way.discard(id(part))
            sizes[id(part)] = size
            if size > _MAX_SHARED * (values + 64):
                raise ContentError('lists that share their parts many times over')
            if open_ones:
                open_ones[-1][2] += size
        pending = open_ones[-1][1] if open_ones else []


_Python: Any = pickle._Unpickler  # type: ignore[attr-defined, unused-ignore]
# Those of protocols 2 to 4 that make plain data; the methods below replace some.
_OPERATIONS = (
    pickle.PROTO, pickle.FRAME, pickle.STOP, pickle.MARK, pickle.NONE, pickle.NEWTRUE,
    pickle.NEWFALSE, pickle.BININT, pickle.BININT1, pickle.BININT2, pickle.LONG1, pickle.BINFLOAT,
    pickle.BINSTRING, pickle.SHORT_BINSTRING, pickle.BINUNICODE, pickle.SHORT_BINUNICODE,
    pickle.BINUNICODE8, pickle.BINBYTES, pickle.SHORT_BINBYTES, pickle.BINBYTES8,
    pickle.EMPTY_LIST, pickle.EMPTY_TUPLE, pickle.EMPTY_DICT, pickle.EMPTY_SET, pickle.TUPLE,
    pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3, pickle.BINPUT, pickle.LONG_BINPUT,
    pickle.MEMOIZE, pickle.BINGET, pickle.LONG_BINGET, pickle.GLOBAL, pickle.STACK_GLOBAL,
)  # fmt: skip


class _Unpickler(_Python):
    """Python's unpickler in Python, whose memo is a dictionary, without most of its operations."""

    dispatch = {operation[0]: _Python.dispatch[operation[0]] for operation in _OPERATIONS}

    def __init__(
        self,
        file: IO[bytes],
        size: int,
        path: PathLike,
        storage: Callable[[tuple], Storage] | None,
    ):
        super().__init__(file, encoding='latin1')
        self._path, self._storage = path, storage
        self._room = _COPIES * size + _ROOM

    def load(self) -> Any:
        """As the original, with as many operations as are allowed, and only those."""
        self._unframer = pickle._Unframer(self._file_read, self._file_readline)  # type: ignore[attr-defined]
        self.read, self.readline = self._unframer.read, self._unframer.readline
        self.metastack: list = []
        self.stack: list = []
        self.append = self.stack.append
        self.proto = 0
        read, known = self.read, self.dispatch.get
        allowed = limits().checkpoint_operations
        try:
            for _ in range(allowed):
                code = read(1)
                operation = known(code[0]) if code else None
                if operation is None:
                    raise ContentError(f'it uses the operation {code!r} of pickles', 'unsafe')
                operation(self)
        except pickle._Stop as stop:  # type: ignore[attr-defined]
            return stop.value
        limits().check('checkpoint_operations', allowed + 1, 'operations', self._path)

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in KNOWN:
            named = f'{module}.{name}'.encode('unicode_escape').decode('ascii')
            raise ContentError(f'it names {named[:80]}', 'unsafe')
        return KNOWN[module, name]

    def _charge(self, values: Any) -> None:
        """Pay for what is made of values: a file may name the same ones again and again."""
        self._room -= _CALL_BYTES
        for value in values:
            if isinstance(value, (str, bytes, bytearray)):
                self._room -= 2 * len(value)
            elif isinstance(value, (list, tuple, dict)):
                self._room -= _VALUE_BYTES * len(value)
        if self._room < 0:
            raise ContentError('it uses the same values over and over')

    def load_empty_set(self) -> None:
        self._charge(())
        self.append(set())

    dispatch[pickle.EMPTY_SET[0]] = load_empty_set

    def load_reduce(self) -> None:
        args, target = self.stack.pop(), self.stack[-1]
        if type(target) is not Name or target.call is None or type(args) is not tuple:
            raise ContentError('a call of something that is no function')
        self._charge(args)
        self.stack[-1] = target.call(*args)

    dispatch[pickle.REDUCE[0]] = load_reduce

    def load_newobj(self) -> None:
        args, target = self.stack.pop(), self.stack[-1]
        if type(target) is not Name or target.value is not History or args != ():
            raise ContentError('it holds objects', 'unsafe')
        self._charge(())
        self.stack[-1] = History()

    dispatch[pickle.NEWOBJ[0]] = load_newobj

    def load_build(self) -> None:
        """Give the few things that have a state theirs, checked."""
        state, target = self.stack.pop(), self.stack[-1]
        self._charge(state.values() if isinstance(state, dict) else state)
        if isinstance(target, Dtype):
            target.set(state)
        elif type(target) is np.ndarray and not target.size and type(state) is tuple:
            _, shape, dtype, fortran, data = state
            array = make_array(shape, dtype, data, fortran)
            plain: Any = (1, array.shape, array.dtype, False, array.tobytes())
            target.__setstate__(plain)
        elif type(target) is History and type(state) is dict:
            names = '_log_history', '_count_history', 'max_length'
            target.fill(*(state.get(name) for name in names))
        elif type(target) is collections.OrderedDict and type(state) is dict:
            if '_metadata' in state:
                target._metadata = read_versions(state['_metadata'])  # type: ignore[attr-defined]
        else:
            raise ContentError('it holds objects', 'unsafe')

    dispatch[pickle.BUILD[0]] = load_build

    def load_binpersid(self) -> None:
        if self._storage is None:
            raise ContentError('numbers where there are none')
        self.append(self._storage(self.stack.pop()))

    dispatch[pickle.BINPERSID[0]] = load_binpersid

    def load_bytearray8(self) -> None:
        """Read before making room, which the original does the other way round."""
        size = int.from_bytes(self.read(8), 'little')
        self.append(bytearray(self.read(size)))

    dispatch[0x96] = load_bytearray8

    def load_append(self) -> None:
        self._extend([self.stack.pop()])

    dispatch[pickle.APPEND[0]] = load_append

    def load_appends(self) -> None:
        self._extend(self.pop_mark())

    dispatch[pickle.APPENDS[0]] = load_appends

    def _extend(self, items: list) -> None:
        if type(self.stack[-1]) is not list:
            raise ContentError('an entry of something that is not a list')
        self.stack[-1].extend(items)

    def load_setitem(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        put(self.stack[-1], key, value)

    dispatch[pickle.SETITEM[0]] = load_setitem

    def load_setitems(self) -> None:
        items = self.pop_mark()
        for index in range(0, len(items), 2):
            put(self.stack[-1], items[index], items[index + 1])

    dispatch[pickle.SETITEMS[0]] = load_setitems

    def load_additems(self) -> None:
        items = self.pop_mark()
        if type(self.stack[-1]) is not set:
            raise ContentError('an entry of something that is no set')
        self.stack[-1].update(map(check_key, items))

    dispatch[pickle.ADDITEMS[0]] = load_additems
