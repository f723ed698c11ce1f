"""NumPy's files against NumPy's own reader, and against damaged and hostile ones."""

import io
import random
import struct
import zipfile

import numpy as np
import pytest
from errors import fails
from limited_process import run_limited

from mmpose_ours.errors import FileFormatError, LimitError
from mmpose_ours.io.limits import limited
from mmpose_ours.io.parsers.arrays import ALONE, open_arrays

ARRAYS = {
    'doubles': np.arange(24.0).reshape(2, 3, 4),
    'fortran': np.asfortranarray(np.arange(6, dtype='i4').reshape(2, 3)),
    'big_endian': np.arange(3, dtype='>f4'),
    'flags': np.array([True, False]),
    'bytes': np.arange(5, dtype='u1'),
    'empty': np.empty((0, 17, 3), np.float32),
    'scalar': np.array(2.5),
    'texts': np.array(['a', 'äöü', '']),
    'swapped_texts': np.array(['ab', 'c'], '>U2'),
    'text': np.array('coco17'),
}
OTHERS = {
    'objects': np.array([{}], object),
    'bytestrings': np.array([b'a']),
    'times': np.array(['2020-01-01'], 'M8[D]'),
    'complex': np.array([1j]),
    'table': np.zeros(2, [('a', 'f4'), ('b', 'U3')]),
}


@pytest.mark.parametrize('save', [np.savez, np.savez_compressed])
def test_arrays_are_numpys(tmp_path, save):
    path = tmp_path / 'a.npz'
    save(path, **ARRAYS, **OTHERS)
    with open_arrays(path) as file, np.load(path) as theirs:
        assert set(file.headers) == {*ARRAYS, *OTHERS}
        assert [name for name, header in file.headers.items() if header is None] == [*OTHERS]
        for name in ARRAYS:
            ours = file.read(name)
            assert ours.dtype == theirs[name].dtype and ours.shape == theirs[name].shape
            assert ours.flags.writeable and file.headers[name].shape == ours.shape
            np.testing.assert_array_equal(ours, theirs[name])
        rows = file.unpack('doubles')
        rows.seek(0)
        np.testing.assert_array_equal(np.frombuffer(rows.read()), np.arange(24.0))
        for name in OTHERS:
            with fails(FileFormatError, code='file-format', file=path, found=name):
                file.read(name)


@pytest.mark.parametrize('version', [(1, 0), (2, 0), (3, 0)])
def test_a_file_of_one_array(tmp_path, version):
    path = tmp_path / 'a.npz'  # whatever its name
    with open(path, 'wb') as file:
        np.lib.format.write_array(file, ARRAYS['doubles'], version)
    with open_arrays(path) as opened:
        np.testing.assert_array_equal(opened.read(ALONE), ARRAYS['doubles'])


def member(header, content=b'', version=b'\x01\x00', length=None):
    text = header.encode()
    kind = '<H' if version == b'\x01\x00' else '<I'
    size = struct.pack(kind, len(text) if length is None else length)
    return b'\x93NUMPY' + version + size + text + content


def header(descr="'<f8'", order='False', shape='(1,)'):
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n"


EIGHT = bytes(8)
HOSTILE = [
    member(header(shape='(2,)'), EIGHT),
    member(header(), EIGHT + b'x'),
    member(header(shape='(-1,)'), EIGHT),
    member(header(shape='(100000000000,)'), EIGHT),
    member(header(shape='(4611686018427387904, 4)'), EIGHT),
    member(header(shape='(' + '9' * 4000 + ',)'), EIGHT),
    member(header(shape='(' + '1, ' * 40 + ')'), EIGHT),
    member(header(shape='[1]'), EIGHT),
    member(header(shape='()' * 2), EIGHT),
    member(header("'<U500000000'"), EIGHT),
    member(header("'<U1'"), struct.pack('<I', 0xD800)),
    member(header("'<U1'"), struct.pack('<I', 0x110000)),
    member(header("__import__('os').getcwd()"), EIGHT),
    member(header(order="'C'"), EIGHT),
    member('(' * 9000, EIGHT),
    member('{' + "'descr': '<f8', " * 100 + '}', EIGHT),
    member(header() + ' ' * 20_000, EIGHT, b'\x02\x00'),
    member(header(), EIGHT, b'\x09\x00'),
    member(header(), b'', length=60_000),
    b'\x93NUMPY',
    b'',
]


@pytest.mark.parametrize('content', HOSTILE)
@pytest.mark.parametrize('packed', [False, True])
def test_claims_are_held_against_the_file(tmp_path, content, packed):
    path = tmp_path / 'a.npz'
    path.write_bytes(content)
    if packed:
        with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
            archive.writestr('a.npy', content)
    with fails(FileFormatError, file=path) as caught, open_arrays(path) as file:
        file.read('a' if packed else ALONE)
    assert caught.value.code in ('damaged', 'file-format', 'limit-exceeded')
    assert '\n' not in str(caught.value) and len(str(caught.value)) < 500


def test_a_member_that_is_there_twice_is_refused(tmp_path):
    path = tmp_path / 'a.npz'
    with zipfile.ZipFile(path, 'w') as archive, pytest.warns(UserWarning):
        for value in (1.0, 2.0):
            buffer = io.BytesIO()
            np.save(buffer, value)
            archive.writestr('a.npy', buffer.getvalue())
    with fails(FileFormatError, code='duplicate', file=path, found='a.npy'), open_arrays(path):
        pass


def test_only_what_numpy_packs_is_unpacked(tmp_path):
    path = tmp_path / 'a.npz'
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        with zipfile.ZipFile(path, 'w', method) as archive:
            archive.writestr('a.npy', member(header(), EIGHT))
        with fails(FileFormatError, code='file-format', file=path, found='a'), open_arrays(path):
            pass


def test_limits_are_those_of_the_table(tmp_path):
    path = tmp_path / 'a.npz'
    np.savez_compressed(path, a=np.zeros(10 << 20))
    with open_arrays(path) as file:
        for changes, limit in (({}, 'unpack_ratio'), ({'array_bytes': 1000}, 'array_bytes')):
            with limited(**changes), pytest.raises(LimitError) as caught:
                file.unpack('a')
            assert caught.value.limit == limit
        with limited(unpack_ratio=2000):
            assert not file.read('a').any()


def test_little_memory_and_no_temporary_file_for_a_bomb(tmp_path):
    """A gigabyte of zeros in a megabyte, and a list of a million members."""
    bomb, many = tmp_path / 'bomb.npz', tmp_path / 'many.npz'
    with zipfile.ZipFile(bomb, 'w', zipfile.ZIP_DEFLATED) as archive:
        with archive.open('a.npy', 'w', force_zip64=True) as file:
            np.lib.format.write_array_header_1_0(
                file, {'descr': '<f8', 'fortran_order': False, 'shape': (1 << 27,)}
            )
            for _ in range(1 << 10):
                file.write(bytes(1 << 20))
    with zipfile.ZipFile(many, 'w') as archive:
        for index in range(30_000):
            archive.writestr(f'{index}.npy', b'')
    (tmp_path / 'temporary').mkdir()
    child = run_limited(
        """
import sys
from mmpose_ours.errors import FileFormatError
from mmpose_ours.io.parsers.arrays import open_arrays
for path in sys.argv[1:]:
    try:
        with open_arrays(path) as file:
            file.unpack('a')
    except FileFormatError as error:
        print(error.code)
""",
        bomb,
        many,
        memory=700 << 20,
        TMPDIR=str(tmp_path / 'temporary'),
    )
    assert child.stdout.split() == ['limit-exceeded', 'file-format'], child.stderr


@pytest.mark.parametrize('save', [np.savez, np.savez_compressed])
def test_flipped_bytes_never_escape(tmp_path, save):
    path = tmp_path / 'a.npz'
    save(path, **ARRAYS)
    whole, chance = path.read_bytes(), random.Random(1)
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(bytes(damaged[: chance.randrange(len(damaged) // 2, 2 * len(damaged))]))
        try:
            with open_arrays(path) as file:
                for name in file.headers:
                    file.read(name)
        except FileFormatError as error:
            assert '\n' not in str(error)
