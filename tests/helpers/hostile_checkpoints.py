"""Checkpoints that nobody should send, in both layouts of ``torch.save``."""

import collections
import io
import os
import pickle
import struct
import zipfile

import torch


class Command:
    """Runs a command when it is unpickled without care."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def save(value, path, legacy=False):
    torch.save(value, path, _use_new_zipfile_serialization=not legacy)
    return path


def evil(path, canary, legacy=False):
    """A checkpoint that makes a file when it is unpickled."""
    return save(dict(state_dict={}, meta=Command(f'touch {canary}')), path, legacy)


def archive(path, data, members=(), compression=zipfile.ZIP_STORED, top='archive'):
    """A zip archive of torch's layout around a pickle."""
    with zipfile.ZipFile(path, 'w', compression) as file:
        file.writestr(f'{top}/data.pkl', data)
        for name, content in members:
            file.writestr(f'{top}/{name}', content)
    return path


class _Pickler(pickle._Pickler):
    """Lets a value stand for any name, and for a storage."""

    def save(self, value, save_persistent_id=True):
        if isinstance(value, Global):
            self.write(pickle.GLOBAL + f'{value.module}\n{value.name}\n'.encode())
        else:
            super().save(value, save_persistent_id)

    def persistent_id(self, value):
        return value.identity if isinstance(value, Numbers) else None


Global = collections.namedtuple('Global', 'module name')


class Numbers:
    """A storage of a kind, a name and a number of elements."""

    def __init__(self, count, key='0', kind='FloatStorage'):
        self.identity = ('storage', Global('torch', kind), key, 'cpu', count)


class Call:
    """A call of a name."""

    def __init__(self, module, name, *args, state=None):
        self.what, self.args, self.state = Global(module, name), args, state


def dumps(value):
    """A pickle of values, ``Global``, ``Call`` and ``Numbers``."""
    out = io.BytesIO()
    pickler = _Pickler(out, 2)

    def save_call(self, call):
        self.save(call.what)
        self.save(call.args)
        self.write(pickle.REDUCE)
        if call.state is not None:
            self.save(call.state)
            self.write(pickle.BUILD)

    pickler.dispatch = {**pickle._Pickler.dispatch, Call: save_call}
    pickler.dump(value)
    return out.getvalue()


def tensor(count, size, stride, offset=0, **kind):
    """What stands for a tensor over ``count`` numbers."""
    numbers = Numbers(count, **kind)
    return Call('torch._utils', '_rebuild_tensor_v2', numbers, offset, size, stride, False, Call(
        'collections', 'OrderedDict'))  # fmt: skip


FOUR = [('data/0', bytes(16))]


def _nested(depth):
    return b'\x80\x02' + b']' * depth + b'a' * (depth - 1) + b'.'


def _doubled(times):
    """A list of two of a list of two ...: 2 ** times entries of a few bytes each."""
    data = b'\x80\x02]q\x00'
    for index in range(times):
        data += b'](h' + bytes([index]) + b'h' + bytes([index]) + b'eq' + bytes([index + 1])
    return data + b'.'


def _numpy(code, state, raw=b'\0' * 8):
    dtype = Call('numpy', 'dtype', code, False, True, state=state)
    kind = Global('numpy', 'ndarray')
    array = Call('numpy.core.multiarray', '_reconstruct', kind, (0,), b'b')
    array.state = (1, (1,), dtype, False, raw)
    return array


def _again(function, *args):
    """A function of the same arguments, over and over, in five bytes each time."""
    kept = dumps(function)[2:-1], dumps(args)[2:-1]
    names = b''.join(part + b'r' + bytes([255, index, 0, 0]) for index, part in enumerate(kept))
    return b'\x80\x02(' + names + b'j\xff\0\0\0j\xff\1\0\0R' * 20_000 + b't.'


DTYPE = (3, '<', None, None, None, -1, -1, 0)
# Name to the pickle, and the members beside it.
ARCHIVES = {
    'a log of the same list, over and over': (
        _again(Global('mmengine.logging.history_buffer', 'HistoryBuffer'), *[[1] * 30_000] * 2), (),
    ),
    'bytes, over and over': (
        _again(Global('_codecs', 'encode'), 'a' * 100_000, 'latin1'), (),
    ),
    'empty sets': (b'\x80\x02(' + b'\x8f' * 1_900_000 + b't.', ()),
    'operations without end': (b'\x80\x02(' + b'N' * 3_000_000 + b't.', ()),
    'calls os.system': (dumps(Call('os', 'system', 'true')), ()),
    'names eval': (dumps({'a': Global('builtins', 'eval')}), ()),
    'calls getattr': (dumps(Call('builtins', 'getattr', 'a', 'upper')), ()),
    'an instance': (b'\x80\x02ctorch.nn.modules.linear\nLinear\n)\x81.', ()),
    'sets a key of a tensor': (
        # CVE-2026-24747
        dumps(tensor(4, (4,), (1,)))[:-1] + b'K\x00K\x01s.', FOUR,
    ),
    'beyond the storage': (dumps(tensor(4, (5,), (1,))), FOUR),
    'strides beyond the storage': (dumps(tensor(4, (2, 2), (1, 2**40))), FOUR),
    'an offset beyond the storage': (dumps(tensor(4, (1,), (1,), 4)), FOUR),
    'a negative offset': (dumps(tensor(4, (1,), (1,), -1)), FOUR),
    'a negative stride': (dumps(tensor(4, (2,), (-1,), 1)), FOUR),
    'a tensor of 2**60': (dumps(tensor(4, (2**60,), (0,))), FOUR),
    'a storage of 2**60': (dumps(tensor(2**60, (1,), (1,))), FOUR),
    'a storage of less': (dumps(tensor(3, (1,), (1,))), FOUR),
    'a storage that is not there': (dumps(tensor(4, (1,), (1,), key='../data.pkl')), FOUR),
    'a storage as two types': (
        dumps([tensor(4, (1,), (1,)), tensor(2, (1,), (1,), kind='DoubleStorage')]), FOUR,
    ),
    'objects in an array': (dumps(_numpy('O', (3, '|', None, None, None, -1, -1, 63))), ()),
    'objects by the state of a type': (
        dumps(_numpy('f8', (3, '<', None, ('a',), {'a': (Global('numpy', 'dtype'), 0)}, 8, 1, 27))),
        (),
    ),
    'an array of more than its bytes': (dumps(_numpy('f8', DTYPE, b'\0' * 7)), ()),
    'a deep list': (_nested(100_000), ()),
    'a list in itself': (b'\x80\x02]q\x00h\x00a.', ()),
    'lists that double': (_doubled(90), ()),
    'keys whose hashes collide': (
        dumps({index * (2**61 - 1): 0 for index in range(1, 50_000)}), (),
    ),
    'a tuple as a key': (dumps({(1, 2): 0}), ()),
    'a key twice': (b'\x80\x02}(U\x01aK\x01U\x01aK\x02u.', ()),
    'a memo far away': (b'\x80\x02]r\xff\xff\xff\x7fj\x00\x00\x00\x7f.', ()),
    'bytes that are not there': (b'\x80\x04\x8e' + struct.pack('<Q', 2**40) + b'.', ()),
    'a bytearray that is not there': (b'\x80\x05\x96' + struct.pack('<Q', 2**40) + b'.', ()),
    'a frame that is not there': (b'\x80\x04\x95' + struct.pack('<Q', 2**40) + b'.', ()),
    'a number of a megabyte': (
        b'\x80\x02\x8b' + struct.pack('<i', 2**20) + b'\x7f' * 2**20 + b'.', (),
    ),
    'an object of a model': (b'\x80\x02(cbuiltins\nprint\no.', ()),
    'no end': (b'\x80\x02]', ()),
    'nothing': (b'', ()),
}  # fmt: skip
