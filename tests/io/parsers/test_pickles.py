"""The reader of pickles against Python's own, and against damaged and hostile ones."""

import collections
import pickle
import random
import struct
import tracemalloc

import numpy as np
import pytest
from call_counts import counted_calls
from limited_process import run_limited

from mmpose_ours.errors import FileFormatError, LimitError
from mmpose_ours.io.limits import limited
from mmpose_ours.io.parsers.pickles import parse_pickle, read_pickle

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
    found = parse_pickle(path.read_bytes(), path)
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


def array_with(state, dtype_state=(3, '<', None, None, None, -1, -1, 0), code='f8'):
    """A pickled array, written by hand, whose state and type's state are given."""

    class Dtype:
        def __reduce__(self):
            return np.dtype, (code, False, True), dtype_state

    class Array:
        def __reduce__(self):
            start = np.array([]).__reduce__()[:2]
            return (*start, tuple(Dtype() if part is None else part for part in state))

    return pickle.dumps(Array(), protocol=2)


EIGHT = struct.pack('<d', 2.5)
HUGE = struct.pack('<Q', 2 << 30)


def nested(levels, begin, join):
    """Holds the level below twice, so that walking through it takes 2 to the power of levels."""
    return b'\x80\x02' + begin + b'q\x00' + (b'h\x00h\x00' + join + b'q\x00') * levels


def tuples(levels):
    return nested(levels, b')', b'\x86') + b'.'


def lists(levels):
    return nested(levels, b']', b'\x86q\x01](h\x01h\x01e') + b'.'


def keyed_by_tuples(levels):
    return nested(levels, b')', b'\x86') + b'0}h\x00Ns.'


def test_the_hand_written_array_is_sound(tmp_path):
    path = tmp_path / 'a.pkl'
    path.write_bytes(array_with((1, (1,), None, False, EIGHT)))
    assert parse_pickle(path.read_bytes(), path) == [2.5]


@pytest.mark.parametrize(
    'content',
    [
        pickle.dumps(Evil()),
        pickle.dumps(Plain()),
        pickle.dumps(np.array([None])),
        pickle.dumps(np.zeros(2, dtype='f4,f4')),
        pickle.dumps(np.array(['a'])),
        pickle.dumps(np.zeros(2, 'M8[s]')),
        # NumPy believes a type that says it holds objects, and follows its numbers as pointers.
        array_with((1, (1,), None, False, EIGHT), code='O'),
        array_with((1, (1,), None, False, EIGHT), (3, '<', None, None, None, -1, -1, 63)),
        array_with((1, (1,), None, False, EIGHT), (3, '<', None, None, None, 99, -1, 0)),
        array_with((1, (1,), None, False, EIGHT), (3, '|', ('O', (1,)), None, None, -1, -1, 0)),
        array_with((1, (2**40,), None, False, EIGHT)),
        array_with((1, (2**62, 4), None, False, b'')),
        array_with((1, (2**62, 0), None, False, b'')),
        array_with((1, (0,) * 40, None, False, b'')),
        array_with((1, (-1,), None, False, EIGHT)),
        array_with((1, (True,), None, False, EIGHT)),
        array_with((1, (1,), None, False, [1.0])),
        # An array that never gets its numbers.
        b'\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R.',
        b'\x80\x02cnumpy\nndarray\n.',
        b'\x80\x02cnumpy\ndtype\nU\x02f8\x85R.',
        b'\x80\x02c__builtin__\nbytearray\nJ\xff\xff\xff\x7f\x85R.',
        b'\x80\x05\x96' + HUGE + b'.',
        b'\x80\x05\x8e' + HUGE + b'.',
        b'\x80\x05\x8d' + HUGE + b'.',
        b'\x80\x02\x8b\xff\xff\xff\x7f.',
        b'\x80\x02\x8b\x00\x10\x00\x00' + bytes(4096) + b'.',
        b'I' + b'9' * 5000 + b'\n.',
        b'L' + b'9' * 100_000 + b'L\n.',
        b'F' + b'9' * 100_000 + b'\n.',
        # Halves of surrogate pairs, which nothing can print.
        b'V\\ud800\n.',
        b'\x80\x04\x8c\x03\xed\xa0\x80.',
        keyed_by_tuples(40),
        pickle.dumps({tuple(range(100)): 0}),
        pickle.dumps({(1, (2, 3)): 0}),
        pickle.dumps({n << 61: n for n in range(6000)}),
        pickle.dumps({frozenset([1]): 0}),
        tuples(40),
        lists(40),
        lists(40)[:-1] + b'h\0\x93.',  # as the name of what it calls
        b'\x80\x02]q\x00h\x00a.',  # holds itself
        b'\x80\x04](' + b'\x8f' * 200_000 + b'e.',  # 216 bytes each
        b'\x80\x02' + b']' * 2000 + b'a' * 1999 + b'.',
        # A megabyte, decoded again for each reference to it.
        b'\x80\x02X\x00\x00\x10\x00' + b'a' * (1 << 20) + b'q\x00X\x06\x00\x00\x00latin1q\x01'
        + b'c_codecs\nencode\nh\x00h\x01\x86R' * 2000 + b'.',
        b'',
        b'\x80',
        b'\x80\x04.',
        b'\x80\x02}}.',
        b'\x80\x02(}.',
        b'\x80\x06N.',
        b'\x80\x02N' + b'R.',
        pickle.dumps(CONTENT)[:-20],
        bytes(2 << 20),
    ],
)  # fmt: skip
def test_others_are_refused_in_one_sentence(tmp_path, capsys, content):
    path = tmp_path / 'a.pkl'
    path.write_bytes(content)
    tracemalloc.start()
    with counted_calls() as calls, pytest.raises(FileFormatError) as caught:
        read_pickle(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 48 << 20 and calls.count < 1_000_000
    assert caught.value.code in ('damaged', 'file-format', 'unsafe') and caught.value.found
    assert caught.value.file == str(path) and str(caught.value).startswith(str(path))
    assert '\n' not in str(caught.value) and len(str(caught.value)) < 500
    assert capsys.readouterr().out == ''


def test_no_array_of_objects_is_made_from_bytes(tmp_path):
    """A type of objects whose flags say that it holds none: NumPy follows the bytes as pointers."""
    pointers, path = b'A' * 8, tmp_path / 'pred.pkl'
    state = (3, '<', None, None, None, 8, 8, 0)
    path.write_bytes(array_with((1, (1,), None, False, pointers), state, code='O8'))
    # Else the test would prove nothing:
    theirs = run_limited('import pickle, sys; pickle.load(open(sys.argv[1], "rb"))[0].x', path)
    assert theirs.returncode < 0
    ours = run_limited(
        """
import sys
from mmpose_ours.errors import FileFormatError
from mmpose_ours.io.parsers.pickles import read_pickle
try:
    read_pickle(sys.argv[1])[0].x
except FileFormatError as error:
    print(error.code)
""",
        path,
    )
    assert (ours.returncode, ours.stdout) == (0, 'file-format\n'), ours.stderr


PRIME = 2**61 - 1  # by which Python divides numbers for their hash


def calls(name: bytes, items: bytes, count: int) -> bytes:
    """A pickle that calls something with the same list over and over."""
    lists = b'\x80\x02](' + items + b'eq\x000c' + name + b'q\x010h\x00\x85q\x020'
    return lists + b'](' + b'h\x01h\x02R' * count + b'e.'


TEXTS = [b'U\x08%08d' % number for number in range(20_000)]


@pytest.mark.parametrize(
    'content',
    [
        calls(b'collections\nOrderedDict\n', b''.join(text + b'N\x86' for text in TEXTS), 5000),
        calls(b'builtins\nset\n', b''.join(TEXTS), 5000),
        # Keys of one hash are compared with each other.
        pickle.dumps({number * PRIME for number in range(5000)}, 2),
        pickle.dumps({number * PRIME: 0 for number in range(5000)}, 0),
        pickle.dumps({(number,): 0 for number in range(6000)}, 2),
        b']' + b''.join(b'p%d\n' % (number * PRIME) for number in range(30_000)) + b'.',
        b']p-1\n.',
    ],
    ids=['OrderedDict', 'set', 'colliding set', 'colliding keys', 'tuples', 'memo', 'negative'],
)
def test_little_content_cannot_take_much_time_or_memory(tmp_path, content):
    path = tmp_path / 'a.pkl'
    path.write_bytes(content)
    done = run_limited(
        """
        import sys
        from mmpose_ours.errors import FileFormatError
        from mmpose_ours.io.parsers.pickles import read_pickle
        try:
            read_pickle(sys.argv[1])
        except FileFormatError as error:
            print(error.code)
        """,
        path,
        memory=1 << 30,
        seconds=10,
    )
    assert (done.returncode, done.stdout) == (0, 'file-format\n'), done.stderr


def test_many_numbers_are_keys(tmp_path):
    content = {number: number for number in range(20_000)}
    assert parse_pickle(pickle.dumps(content), tmp_path / 'a.pkl') == content
    content = {np.int64(number): 1.5 * number for number in range(6_000)}
    assert parse_pickle(pickle.dumps(content), tmp_path / 'a.pkl') == content


def test_limits_are_those_of_the_table(tmp_path):
    path = tmp_path / 'a.pkl'
    path.write_bytes(pickle.dumps(list(range(1000))))
    for name in ('pickle_bytes', 'pickle_operations'):
        with limited(**{name: 900}), pytest.raises(LimitError) as caught:
            read_pickle(path)
        assert (caught.value.limit, caught.value.expected) == (name, 900)
    assert len(read_pickle(path)) == 1000
    shared = [0] * 100
    path.write_bytes(pickle.dumps([shared] * 100))
    with limited(pickle_operations=5000), pytest.raises(LimitError):
        read_pickle(path)


@pytest.mark.parametrize('name', ['shelf/pred_shelf_openpose_coco.pkl',
                                  'panoptic_poses/panoptic_poses_coco17.pkl'])  # fmt: skip
def test_real_files_are_read_as_python_does(shared_data, name):
    ours = read_pickle(shared_data / name)
    with open(shared_data / name, 'rb') as file:
        assert_same(ours, pickle.load(file, encoding='latin1'))


def assert_same(ours, theirs):
    assert type(ours) is type(theirs)
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        ours, theirs = list(ours.values()), list(theirs.values())
    if isinstance(theirs, (list, tuple)):
        assert len(ours) == len(theirs)
        for mine, other in zip(ours, theirs):
            assert_same(mine, other)
    elif isinstance(theirs, np.ndarray):
        assert ours.dtype == theirs.dtype and ours.flags.writeable
        np.testing.assert_array_equal(ours, theirs)
    else:
        assert ours == theirs


def test_python_2_keeps_texts_with_quotes_and_backslashes():
    content = b"(dp0\nS'a\\\\b\\'c\\n\\xe4'\np1\nI1\nsS\"it's\"\np2\nL7L\ns."
    assert parse_pickle(content, 'a.pkl') == {"a\\b'c\n\xe4": 1, "it's": 7}
    assert parse_pickle(content, 'a.pkl') == pickle.loads(content, encoding='latin1')


def test_a_far_place_in_the_memo_costs_nothing(tmp_path):
    path = tmp_path / 'a.pkl'
    path.write_bytes(b'\x80\x02}r\xff\xff\xff\x7f.')
    assert parse_pickle(path.read_bytes(), path) == {}


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
            repr(parse_pickle(path.read_bytes(), path))
        except FileFormatError as error:
            assert '\n' not in str(error)
