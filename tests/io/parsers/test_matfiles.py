"""The MAT reader against SciPy's, and against damaged files."""

import random
import re
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from errors import fails
from scipy.io import loadmat, savemat

from mmpose_ours.errors import FileFormatError, LimitError
from mmpose_ours.io.limits import limited, limits
from mmpose_ours.io.parsers.matfiles import read_mat


def cell(*values):
    array = np.empty((1, len(values)), dtype=object)
    for index, value in enumerate(values):
        array[0, index] = value
    return array


CONTENT = {
    'doubles': np.arange(24.0).reshape(2, 3, 4) / 7,
    'singles': np.float32([[1.5, -2.5]]),
    'small': np.int8([[-3, 4]]),
    'large': np.uint64([[2**63]]),
    'flags': np.array([[True, False]]),
    'empty': np.empty((0, 3)),
    'text': 'Camera1',
    'umlaut': 'Käfig',
    'nested': cell(np.eye(2), 'a', cell(np.ones((1, 1)), np.empty((1, 0)))),
    'struct': {'K': np.eye(3), 'name': 'cam', 'in': {'deep': 5.0}},
}


def same(ours, theirs):
    """Whether a value equals what SciPy makes of it."""
    if isinstance(ours, str):
        return theirs.size == 0 if not ours else theirs.item() == ours
    if isinstance(ours, dict):
        fields = theirs[0, 0]
        return set(ours) == set(theirs.dtype.names) and all(
            same(value, fields[name]) for name, value in ours.items()
        )
    if ours.dtype == object:
        return ours.shape == theirs.shape and all(map(same, ours.ravel(), theirs.ravel()))
    # An array of no bytes at all is 0x0 to MATLAB, 1x0 to SciPy.
    return ours.size == theirs.size == 0 or np.array_equal(ours, theirs)


@pytest.mark.parametrize('compressed', [False, True])
def test_values_are_scipys(tmp_path, compressed):
    path = tmp_path / 'a.mat'
    savemat(path, CONTENT, do_compression=compressed)
    ours, theirs = read_mat(path), loadmat(path, mat_dtype=True)
    assert set(ours) == set(CONTENT)
    for name, value in ours.items():
        assert same(value, theirs[name]), name
    assert ours['doubles'].dtype == np.float64 and ours['flags'].dtype == bool
    assert ours['struct']['in']['deep'].item() == 5


def test_several_structs_and_rows_of_text(tmp_path):
    path = tmp_path / 'a.mat'
    structs = np.array([[(1.0, 'x')], [(2.0, 'yz')]], dtype=[('n', object), ('s', object)])
    savemat(path, {'s': structs, 'rows': np.array(['ab', 'cd'])})
    read = read_mat(path)
    assert read['s'].shape == (2, 1)
    assert [entry['s'] for entry in read['s'].ravel()] == ['x', 'yz']
    assert read['rows'].tolist() == ['ab', 'cd']


@pytest.mark.parametrize('name', ['campus/actorsGT.mat', 'calib/dannce/label3d_dannce.mat'])
def test_real_files_read_as_scipys(shared_data, name):
    ours, theirs = read_mat(shared_data / name), loadmat(shared_data / name)
    for variable in ours:
        if variable not in ('params', 'labelData'):  # structs come out in another shape
            assert same(ours[variable], theirs[variable])


def test_only_what_is_wanted_is_unpacked(tmp_path):
    path = tmp_path / 'a.mat'
    savemat(path, {'big': np.zeros((4000, 4000)), 'K': np.eye(3)}, do_compression=True)
    assert set(read_mat(path, ['K'])) == {'K'}
    with pytest.raises(LimitError) as caught:
        read_mat(path)
    assert caught.value.limit == 'mat_bytes'


def element(kind, content):
    return struct.pack('<II', kind, len(content)) + content + b'\0' * (-len(content) % 8)


def array(array_class, shape, *data, flags=0, name=b'x'):
    head = element(6, struct.pack('<II', array_class | flags, 0))
    head += element(5, struct.pack(f'<{len(shape)}i', *shape)) + element(1, name)
    return element(14, head + b''.join(data))


HEADER = b'MATLAB 5.0 MAT-file'.ljust(124) + b'\x00\x01IM'
DOUBLE = array(6, (1, 1), element(9, struct.pack('<d', 3)))


def deep(levels):
    content = DOUBLE
    for _ in range(levels):
        content = array(1, (1, 1), content)
    return content


@pytest.mark.parametrize(
    ('content', 'found'),  # what is wrong, which the sentence has in brackets
    [
        (b'', 'its header is not'),
        (b'MATLAB 7.3 MAT-file'.ljust(600), 'it is version 7.3'),
        (HEADER[:124] + b'\x00\x02IM', 'its version number is 2'),
        (HEADER + DOUBLE[:-3], 'it ends inside an element'),
        (HEADER + b'\x0e', 'it ends inside an element'),
        (HEADER + element(9, b'\0' * 8), 'element of type 9'),
        (HEADER + array(6, (2**30, 2**30), element(9, b'\0' * 8)), 'array of shape .* in 16 bytes'),
        (HEADER + array(1, (2**31 - 1, 1)), 'an array of shape'),
        (HEADER + array(6, (-1, 1), element(9, b'')), 'an array of shape'),
        (HEADER + array(6, (1,) * 40, element(9, b'\0' * 8)), 'an array of shape'),
        (HEADER + array(6, (1, 2), element(9, b'\0' * 8)), '1 values for an array of shape'),
        (HEADER + array(6, (1, 1), element(9, b'\0' * 7)), 'values are cut off'),
        (HEADER + array(6, (1, 1), element(9, b'\0' * 8), flags=0x800), 'complex numbers'),
        (HEADER + array(5, (1, 1), element(9, b'\0' * 8)), 'it holds a sparse array'),
        (HEADER + array(17, (1, 1), element(9, b'\0' * 8)), 'it holds an object'),
        (HEADER + array(1, (1, 1), element(9, b'\0' * 8)), 'type 9 where an array is due'),
        (HEADER + array(4, (1, 9), element(16, b'\xff' * 9)), "codec can't decode"),
        (HEADER + DOUBLE + DOUBLE, 'twice'),
        (HEADER + element(15, b'no zlib'), 'incorrect header|Error -3'),
        (HEADER + element(15, zlib.compress(DOUBLE)[:-12]), 'it ends inside|Error -5'),
        (HEADER + element(15, zlib.compress(element(15, DOUBLE))), 'compressed element of type 15'),
    ],
)
def test_damaged_files_are_one_sentence(tmp_path, content, found):
    path = tmp_path / 'a.mat'
    path.write_bytes(content)
    code = 'damaged'
    if found == 'twice':
        code = 'duplicate'
    elif found in ('its header is not', 'it is version 7.3', 'its version number is 2'):
        code = 'file-format'
    with fails(FileFormatError, code=code, file=path) as caught:
        read_mat(path)
    assert re.search(found, caught.value.found)
    assert str(caught.value).startswith(f'{path}: not a MATLAB file of version 7 or older')
    assert 'save it again in MATLAB with -v7' in str(caught.value), 'what to do'


@pytest.mark.parametrize(
    ('content', 'limit'),
    [
        (HEADER + deep(150), 'depth'),
        (HEADER + array(1, (400000, 1), element(14, b'') * 400000), 'mat_arrays'),
    ],
)
def test_arrays_are_counted(tmp_path, content, limit):
    path = tmp_path / 'a.mat'
    path.write_bytes(content)
    with pytest.raises(LimitError) as caught:
        read_mat(path)
    assert (caught.value.limit, caught.value.file) == (limit, str(path))
    with limited(**{limit: 10**6}):
        assert set(read_mat(path)) == {'x'}


def test_a_text_of_no_columns_has_no_rows(tmp_path):
    path = tmp_path / 'a.mat'
    path.write_bytes(HEADER + array(4, (2**31 - 1, 0), element(16, b'')))
    assert read_mat(path) == {'x': ''}


def test_a_bomb_is_not_unpacked(tmp_path):
    """160 MB of zeros in a few kilobytes, with a shape that claims a gigabyte."""
    inflate, parts = zlib.compressobj(), []
    count = 1 << 27
    head = element(6, struct.pack('<II', 6, 0)) + element(5, struct.pack('<2i', count, 1))
    head += element(1, b'x') + struct.pack('<II', 9, count * 8 - 1)
    parts.append(
        inflate.compress(struct.pack('<II', 14, (len(head) + count * 8) & 0xFFFFFFFF) + head)
    )
    zeros = bytes(1 << 20)
    parts += [inflate.compress(zeros) for _ in range(160)]
    parts.append(inflate.flush())
    path = tmp_path / 'bomb.mat'
    path.write_bytes(HEADER + element(15, b''.join(parts)))
    tracemalloc.start()
    with pytest.raises(LimitError) as caught:
        read_mat(path)
    assert caught.value.limit == 'mat_bytes'
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * limits().mat_bytes


@pytest.mark.parametrize('compressed', [False, True])
def test_flipped_bytes_never_escape(tmp_path, compressed):
    path = tmp_path / 'a.mat'
    savemat(path, CONTENT, do_compression=compressed)
    whole, chance = path.read_bytes(), random.Random(1)
    for _ in range(400):
        damaged = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(bytes(damaged[: chance.randrange(100, len(damaged) + 200)]))
        try:
            read_mat(path)
        except FileFormatError as error:
            assert '\n' not in str(error)
