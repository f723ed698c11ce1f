"""The values in a file of ``torch.save``, put together from what its pickle says of them.

Each function here stands for a name of torch, NumPy, Python or MMEngine, and checks all that it
is given; see :mod:`mmpose_ours.checkpoints.torch_pickle`.
"""

from __future__ import annotations

import collections
import math
from typing import Any, Callable, Mapping, Sequence

import numpy as np
import torch

_MAX_KEY = 2**31
_MAX_DIMENSIONS = 32

# Types of tensors, and those of the storages that are named after one.
_DTYPES = ('float64', 'float32', 'float16', 'bfloat16', 'uint8', 'int8', 'int16', 'int32', 'int64',
           'bool', 'complex64', 'complex128', 'uint16', 'uint32', 'uint64')  # fmt: skip
_STORAGES = {
    'Double': 'float64', 'Float': 'float32', 'Half': 'float16', 'BFloat16': 'bfloat16',
    'Byte': 'uint8', 'Char': 'int8', 'Short': 'int16', 'Int': 'int32', 'Long': 'int64',
    'Bool': 'bool', 'ComplexFloat': 'complex64', 'ComplexDouble': 'complex128',
    'Untyped': 'uint8',
}  # fmt: skip


class ContentError(Exception):
    """What a file holds is damaged, or no plain data; the message says what.

    Args:
        message: What it is.
        code: One of :data:`mmpose_ours.errors.CODES`.
    """

    def __init__(self, message: str, code: str = 'damaged'):
        super().__init__(message)
        self.code = code


class History:
    """The log of one figure, as MMEngine's ``HistoryBuffer`` holds it.

    Attributes:
        values: (N,) the figures.
        counts: (N,) how many samples each is of.
        max_length: The most that are kept.
    """

    values: np.ndarray
    counts: np.ndarray
    max_length: int

    def fill(self, values: Any, counts: Any, max_length: Any) -> History:
        """Set the attributes.

        Raises:
            ContentError: They are not those of a log.
        """
        arrays = []
        for numbers in (values, counts):
            if isinstance(numbers, list) and all(type(n) in (int, float, bool) for n in numbers):
                numbers = np.array([float(number) for number in numbers])
            if not isinstance(numbers, np.ndarray) or numbers.ndim != 1:
                raise ContentError('a log that is not a list of numbers')
            arrays.append(numbers)
        if len(arrays[0]) != len(arrays[1]) or type(max_length) is not int or max_length < 1:
            raise ContentError('a log with other counts than values')
        self.values, self.counts = arrays
        self.max_length = max_length
        return self


class Storage:
    """Numbers that tensors look at.

    Args:
        data: 1-D, contiguous.
    """

    def __init__(self, data: torch.Tensor):
        self.data = data


class Name:
    """What a name in the pickle stands for, wrapped so that nothing else can be called."""

    def __init__(self, call: Callable[..., Any] | None = None, value: Any = None):
        self.call, self.value = call, value


def check_shape(shape: Sequence[int]) -> None:
    """Refuse a shape that torch cannot work with, though a tensor can have it.

    Args:
        shape: Whole numbers, none negative.

    Raises:
        ContentError: It has too many sides, or they are too long.
    """
    # The sides first: the product of a million takes long.
    if len(shape) > _MAX_DIMENSIONS or math.prod(max(side, 1) for side in shape) >= 2**62:
        raise ContentError(f'a tensor of an impossible shape, of {len(shape)} sides')


def build_tensor(storage: Any, offset: Any, size: Any, stride: Any) -> torch.Tensor:
    """A tensor that looks at a storage.

    Raises:
        ContentError: It would look beside it, or at parts of it more than once.
    """
    if not isinstance(storage, Storage):
        raise ContentError('a tensor without numbers')
    sides = [offset, *size, *stride] if type(size) is type(stride) is tuple else [None]
    if len(size) != len(stride) or not all(type(n) is int and 0 <= n < 2**48 for n in sides):
        raise ContentError('a tensor without a shape')
    check_shape(size)
    count = math.prod(size)
    reach = offset + 1 + sum((n - 1) * step for n, step in zip(size, stride)) if count else offset
    there = storage.data.numel()
    if reach > there or count > there:
        raise ContentError(
            f'a tensor of shape {size[:8]} over {there} numbers, of which it would need '
            f'{max(reach, count)}'
        )
    return storage.data.as_strided(size, stride, offset)


def _tensor(storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> torch.Tensor:
    return build_tensor(storage, offset, size, stride)


def _tensor_of_dtype(
    storage: Any, offset: Any, size: Any, stride: Any, grad: Any, hooks: Any, dtype: Any, *_: Any
) -> torch.Tensor:
    if not isinstance(storage, Storage) or not isinstance(dtype, torch.dtype):
        raise ContentError('a tensor without numbers')
    if storage.data.dtype != torch.uint8 or storage.data.numel() % itemsize(dtype):
        raise ContentError('a tensor of a type that its numbers do not fill')
    return build_tensor(Storage(storage.data.view(dtype)), offset, size, stride)


def _parameter(data: Any, *_: Any) -> torch.Tensor:
    if not isinstance(data, torch.Tensor):
        raise ContentError('a parameter without a tensor')
    return data


def _from_type(build: Any, kind: Any, args: Any, state: Any) -> torch.Tensor:
    """A tensor with attributes of its own, which are left out."""
    if not isinstance(build, Name) or build.call not in (_tensor, _tensor_of_dtype, _parameter):
        raise ContentError('a tensor of an unknown kind')
    return build.call(*args)


def _ordered_dict(*pairs: Any) -> collections.OrderedDict:
    out: collections.OrderedDict = collections.OrderedDict()
    if len(pairs) > 1 or (pairs and not isinstance(pairs[0], list)):
        raise ContentError('a dictionary that is none')
    for pair in pairs[0] if pairs else ():
        key, value = pair
        put(out, key, value)
    return out


def _counter(*counts: Any) -> collections.Counter:
    if len(counts) > 1 or (counts and type(counts[0]) is not dict):
        raise ContentError('a counter that is none')
    out: collections.Counter = collections.Counter()
    out.update(*counts)
    return out


def _size(sides: Any = ()) -> tuple:
    if not isinstance(sides, tuple) or not all(type(side) is int for side in sides):
        raise ContentError('a shape that is none')
    return sides


def _device(*words: Any) -> str:
    """A device, as text: everything is read to the CPU."""
    if not words or not all(type(word) in (str, int) for word in words[:2]):
        raise ContentError('a device that is none')
    return ':'.join(str(word)[:20] for word in words[:2])


def _set(items: Any = ()) -> set:
    out: set = set()
    for item in items if isinstance(items, (list, tuple)) else [None, items]:
        out.add(check_key(item))
    return out


def _complex(real: Any, imag: Any) -> complex:
    if type(real) is not float or type(imag) is not float:
        raise ContentError('a complex number that is none')
    return complex(real, imag)


def _encode(text: Any, encoding: Any) -> bytes:
    """How protocols before 3 keep bytes."""
    if encoding != 'latin1' or type(text) is not str:
        raise ContentError('bytes in another encoding')
    return text.encode('latin1')


def _bytes(*nothing: Any) -> bytes:
    """How protocols before 3 keep empty bytes."""
    if nothing:
        raise ContentError('bytes that are none')
    return b''


def _bytearray(data: Any = b'', encoding: Any = 'latin1') -> bytearray:
    return bytearray(_encode(data, encoding) if isinstance(data, str) else _raw(data))


def _raw(data: Any) -> bytes:
    if not isinstance(data, (bytes, bytearray)):
        raise ContentError('bytes that are none')
    return bytes(data)


class Dtype:
    """A numeric type of NumPy whose byte order follows."""

    def __init__(self, code: Any, *_: Any):
        if not isinstance(code, str) or code not in _NUMPY_CODES:
            raise ContentError('an array of other things than numbers')
        self.code, self.order = code, '<'

    def set(self, state: Any) -> None:
        """Take the byte order from a pickled state."""
        # Version, byte order, no fields, size and alignment of the kind, no flags.
        if type(state) is not tuple or len(state) < 8 or state[2:5] != (None, None, None):
            raise ContentError('an array of other things than numbers')
        if state[1] not in ('<', '>', '|', '='):
            raise ContentError('numbers in an unknown byte order')
        self.order = state[1]

    @property
    def dtype(self) -> np.dtype:
        """The type itself."""
        return np.dtype(self.order + self.code)


_NUMPY_CODES = {f'{kind}{size}' for kind in 'iuf' for size in (1, 2, 4, 8)} - {'f1'} | {'b1'}


def make_array(shape: Any, dtype: Any, data: Any, fortran: Any) -> np.ndarray:
    """An array of numbers, of exactly the bytes that are there."""
    if isinstance(data, str):
        data = data.encode('latin1')
    sides = shape if isinstance(shape, tuple) else (None,)
    if len(sides) > 32 or not all(type(side) is int and side >= 0 for side in sides):
        raise ContentError('an array without a shape')
    if not isinstance(dtype, Dtype):
        raise ContentError('an array without a type')
    data = _raw(data)
    if math.prod(sides) * dtype.dtype.itemsize != len(data):
        raise ContentError(f'an array of shape {sides[:8]} with {len(data)} bytes')
    numbers = np.frombuffer(data, dtype.dtype)
    return numbers.astype(dtype.dtype.newbyteorder('=')).reshape(
        sides, order='F' if fortran in (True, 1, 'F') else 'C'
    )


def _frombuffer(data: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
    return make_array(shape, dtype, data, order)


def _scalar(dtype: Any, data: Any) -> Any:
    return make_array((1,), dtype, data, False)[0]


def _reconstruct(kind: Any, shape: Any, code: Any) -> np.ndarray:
    """An array whose shape, type and numbers follow."""
    return np.ndarray((0,), np.int8)


def _attribute(owner: Any, name: Any) -> None:
    """How MMEngine's logs name their methods; they have the same ones when they are read."""
    if not isinstance(owner, Name) or owner.value is not History:
        raise ContentError('it calls builtins.getattr')


def _history(values: Any, counts: Any, max_length: Any = 1_000_000) -> History:
    return History().fill(values, counts, max_length)


def storage_dtype(kind: Any, named: Any) -> torch.dtype:
    """The type of a storage's numbers.

    Args:
        kind: The first word of its persistent ID.
        named: The second: what its class stands for.
    """
    if kind != 'storage' or type(named) is not Name or not isinstance(named.value, torch.dtype):
        raise ContentError('numbers of an unknown type')
    return named.value


def itemsize(dtype: torch.dtype) -> int:
    """Bytes of one number."""
    return torch.empty((), dtype=dtype).element_size()


def check_key(value: Any) -> Any:
    """A key, of which millions take no more time than others."""
    if type(value) not in (str, bool, type(None)) and not (
        type(value) is int and abs(value) < _MAX_KEY
    ):
        raise ContentError(f'a key that is neither text nor a small number, {type(value).__name__}')
    return value


def put(target: Any, key: Any, value: Any) -> None:
    """Set a key of a dictionary, once."""
    if type(target) not in (dict, collections.OrderedDict):
        raise ContentError('a key of something that is no dictionary')
    if check_key(key) in target:
        raise ContentError(f'the key {str(key)[:80]!r} twice')
    target[key] = value


def read_versions(metadata: Any) -> collections.OrderedDict:
    """Versions of modules by name, which layers ask for when they load; nothing else."""
    if not isinstance(metadata, dict):
        raise ContentError('versions that are none')
    kept: collections.OrderedDict = collections.OrderedDict()
    for name, module in metadata.items():
        version = module.get('version') if isinstance(module, dict) else None
        if isinstance(name, str) and type(version) is int:
            kept[name] = {'version': version}
    return kept


def _known() -> Mapping[tuple[str, str], Any]:
    """What may be named: types of numbers, and functions of this module."""
    dtypes = {name: getattr(torch, name) for name in _DTYPES if hasattr(torch, name)}
    known: dict[tuple[str, str], Any] = {('torch', name): dtypes[name] for name in dtypes}
    for name, dtype in _STORAGES.items():
        for module in ('torch', 'torch.cuda', 'torch.storage'):
            known[module, f'{name}Storage'] = Name(value=dtypes[dtype])
    calls: dict[Callable, tuple[str, ...]] = {
        _tensor: ('torch._utils _rebuild_tensor', 'torch._utils _rebuild_tensor_v2'),
        _tensor_of_dtype: ('torch._utils _rebuild_tensor_v3',),
        _parameter: (
            'torch._utils _rebuild_parameter',
            'torch._utils _rebuild_parameter_with_state',
        ),
        _from_type: ('torch._tensor _rebuild_from_type_v2',),
        _size: ('torch Size',),
        _device: ('torch device',),
        _ordered_dict: ('collections OrderedDict',),
        _counter: ('collections Counter',),
        _set: ('builtins set', '__builtin__ set'),
        _complex: ('builtins complex', '__builtin__ complex'),
        _bytes: ('builtins bytes', '__builtin__ bytes', '__builtin__ str'),
        _bytearray: ('builtins bytearray', '__builtin__ bytearray'),
        _encode: ('_codecs encode',),
        _attribute: ('builtins getattr', '__builtin__ getattr'),
        Dtype: ('numpy dtype',),
        _reconstruct: (
            'numpy.core.multiarray _reconstruct',
            'numpy._core.multiarray _reconstruct',
        ),
        _scalar: ('numpy.core.multiarray scalar', 'numpy._core.multiarray scalar'),
        _frombuffer: ('numpy.core.numeric _frombuffer', 'numpy._core.numeric _frombuffer'),
    }
    for call, names in calls.items():
        known.update({tuple(name.split()): Name(call) for name in names})  # type: ignore[misc]
    known['mmengine.logging.history_buffer', 'HistoryBuffer'] = Name(_history, History)
    for method in ('min', 'max', 'current', 'mean'):  # which a log has when it is read, too
        known['mmengine.logging.history_buffer', f'HistoryBuffer.{method}'] = None
    for name in ('torch Tensor', 'torch.nn.parameter Parameter', 'numpy ndarray'):
        known[tuple(name.split())] = Name()  # type: ignore[index]
    return known


KNOWN = _known()
