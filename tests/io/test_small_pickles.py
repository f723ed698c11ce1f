"""The reader of small pickles against Python's own, and against damaged and hostile ones."""

import collections
import pickle
import random
import struct
import time
import tracemalloc

import numpy as np
import pytest

from mmpose_ours.errors import FileFormatError
from mmpose_ours.io.small_pickles import parse_small_pickle

CONTENT = {
    ('S1', 54138969): {
        'R': np.arange(9.0).reshape(3, 3),
        'fortran': np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        'big endian': np.arange(3, dtype='>f4'),
        'flags': np.array([True, False]),
        'empty': np.empty((0, 2)),
        'scalar': np.float32(1.5),
        'text': 'ä',
        'none': None,
    },
    'list': [1, 2.5, -(10**20), b'\x00\xff', (1, (2, 3))],
    'ordered': collections.OrderedDict(a=1),
}


@pytest.mark.parametrize('protocol', range(6))
def test_content_is_pythons(tmp_path, protocol):
    path = tmp_path / 'a.pkl'
    path.write_bytes(pickle.dumps(CONTENT, protocol=protocol))
    found = parse_small_pickle(path.read_bytes(), path)
    assert found.keys() == CONTENT.keys()
    assert (found['list'], found['ordered']) == (CONTENT['list'], CONTENT['ordered'])
    theirs, ours = CONTENT['S1', 54138969], found['S1', 54138969]
    for key, value in theirs.items():
        if isinstance(value, np.ndarray):
            assert ours[key].dtype.newbyteorder('=') == value.dtype.newbyteorder('=')
            np.testing.assert_array_equal(ours[key], value)
        else:
            assert ours[key] == value


class Evil:
    def __reduce__(self):
        return print, ('run',)


class Plain:
    pass


def array_with(state, dtype_state=(3, '<', None, None, None, -1, -1, 0)):
    """A pickled array, written by hand, whose state and type's state are given."""

    class Dtype:
        def __reduce__(self):
            return np.dtype, ('f8', False, True), dtype_state

    class Array:
        def __reduce__(self):
            start = np.array([]).__reduce__()[:2]
            return (*start, tuple(Dtype() if part is None else part for part in state))

    return pickle.dumps(Array(), protocol=2)


EIGHT = struct.pack('<d', 2.5)
HUGE = struct.pack('<Q', 2 << 30)


def tuples(levels):
    """A tuple that is small, and takes 2 to the power of levels to hash."""
    value = ()
    for _ in range(levels):
        value = (value, value)
    return pickle.dumps({'a': [value]}, protocol=2)


def test_the_hand_written_array_is_sound(tmp_path):
    path = tmp_path / 'a.pkl'
    path.write_bytes(array_with((1, (1,), None, False, EIGHT)))
    assert parse_small_pickle(path.read_bytes(), path) == [2.5]


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (pickle.dumps(Evil()), r'it calls (builtins|__builtin__).print'),
        (pickle.dumps(Plain()), 'it calls .*Plain|holds objects'),
        (pickle.dumps(np.array([None])), 'an array of other things than numbers'),
        (pickle.dumps(np.zeros(2, dtype='f4,f4')), 'an array of other things than numbers'),
        # NumPy believes a type that says it holds objects, and follows its numbers as pointers.
        (
            array_with((1, (1,), None, False, EIGHT), (3, '<', None, None, None, -1, -1, 63)),
            'other th',
        ),
        (
            array_with((1, (1,), None, False, EIGHT), (3, '<', None, None, None, 99, -1, 0)),
            'other th',
        ),
        (array_with((1, (2**40,), None, False, EIGHT)), '8 bytes for an array of shape'),
        (array_with((1, (2**62, 4), None, False, b'')), '0 bytes for an array of shape'),
        (array_with((1, (-1,), None, False, EIGHT)), 'an array without a shape'),
        (array_with((1, (1,), None, False, [1.0])), 'an array without numbers'),
        (b'\x80\x05\x96' + HUGE + b'.', 'it breaks off'),
        (b'\x80\x05\x8e' + HUGE + b'.', r'\(.+\)'),
        (tuples(40), 'a long or deeply nested tuple'),
        (pickle.dumps(tuple(range(100))), 'a long or deeply nested tuple'),
        (b'', r'\(.+\)'),
        (b'\x80', r'\(.+\)'),
        (b'\x80\x04.', r'\(.+\)'),
        (pickle.dumps(CONTENT)[:-20], r'\(.+\)'),
        (bytes(2 << 20), 'more than 1 MB; export it as JSON'),
    ],
)
def test_others_are_refused_in_one_sentence(tmp_path, capsys, content, message):
    path = tmp_path / 'a.pkl'
    path.write_bytes(content)
    tracemalloc.start()
    start = time.perf_counter()
    with pytest.raises(FileFormatError, match=message) as caught:
        parse_small_pickle(path.read_bytes(), path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20 and time.perf_counter() - start < 1
    assert str(caught.value).startswith(str(path)) and '\n' not in str(caught.value)
    assert capsys.readouterr().out == ''


def test_a_far_place_in_the_memo_costs_nothing(tmp_path):
    path = tmp_path / 'a.pkl'
    path.write_bytes(b'\x80\x02}r\xff\xff\xff\x7f.')
    assert parse_small_pickle(path.read_bytes(), path) == {}


@pytest.mark.parametrize('protocol', [2, 4, 5])
def test_flipped_bytes_never_escape(tmp_path, protocol):
    path = tmp_path / 'a.pkl'
    whole, chance = pickle.dumps(CONTENT, protocol=protocol), random.Random(protocol)
    for _ in range(400):
        damaged = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(bytes(damaged))
        try:
            repr(parse_small_pickle(path.read_bytes(), path))
        except FileFormatError as error:
            assert '\n' not in str(error)
