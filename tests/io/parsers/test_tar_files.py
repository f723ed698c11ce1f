"""Archives are read within limits, and what is no plain file of its own is not written."""

import bz2
import gzip
import io
import lzma
import os
import shutil
import subprocess
import sys
import tarfile
import zlib
from collections import namedtuple

import numpy as np
import pytest
from errors import fails
from fuzz.samples.media import write_archive

from mmpose_ours.errors import FileFormatError, LimitError
from mmpose_ours.io.limits import limited
from mmpose_ours.io.parsers.compressed import Unpacked
from mmpose_ours.io.parsers.tar_files import MAX_HEADER, TarReader
from mmpose_ours.workflows.prepare.archives import unpack

NOISE = np.random.default_rng(0).bytes(100_000)


def header(name, kind=b'0', size=0):
    """A header block with a valid checksum."""
    member = tarfile.TarInfo(name)
    member.type, member.size = kind, size
    return member.tobuf(tarfile.GNU_FORMAT)


def padded(content):
    return content + bytes(-len(content) % 512)


def members_of(path):
    with open(path, 'rb') as file:
        return [
            (member.name, member.is_file, reader.read(member.size) if member.is_file else b'')
            for reader in [TarReader(Unpacked(file, path, 'archive_bytes'), path)]
            for member in reader
        ]


@pytest.mark.parametrize('format', [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize('compression', ['', 'gz', 'bz2', 'xz'])
def test_members_are_those_that_tarfile_writes(tmp_path, format, compression):
    long = '/'.join(['folder' * 5] * 4) + '/file'
    files = {'a': b'', 'b/\u00fc.bin': NOISE, long: b'x' * 512, 'c d': b'y' * 513}
    path = tmp_path / 'a.tar'
    with tarfile.open(path, f'w:{compression}', format=format) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for kind in (tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE):
            member = tarfile.TarInfo('other')
            member.type, member.linkname = (
                kind,
                'l' * 150 if format != tarfile.USTAR_FORMAT else 'l',
            )
            tar.addfile(member)
    found = members_of(path)
    assert {name: content for name, is_file, content in found if is_file} == files
    assert [name.rstrip('/') for name, is_file, _ in found if not is_file] == ['other'] * 4


@pytest.mark.parametrize('tool', [bz2.compress, gzip.compress, lzma.compress])
def test_streams_one_after_the_other_are_one(tmp_path, tool):
    """As pbzip2 and pigz write them."""
    content = write_archive(tmp_path / 'a.tar', {'a': NOISE, 'b': b'b'}).read_bytes()
    pieces = [tool(content[at : at + 40_000]) for at in range(0, len(content), 40_000)]
    (tmp_path / 'b.tar').write_bytes(b''.join(pieces) + bytes(100))
    assert [name for name, _, _ in members_of(tmp_path / 'b.tar')] == ['a', 'b']


def test_what_the_system_s_tar_writes_is_read(tmp_path):
    (tmp_path / 'top').mkdir()
    (tmp_path / 'top' / 'a.bin').write_bytes(NOISE)
    for format in ('gnu', 'pax', 'ustar', 'v7'):
        archive = tmp_path / f'{format}.tar'
        subprocess.run(
            ['tar', '-C', str(tmp_path), f'--format={format}', '-cf', str(archive), 'top'],
            check=True,
        )
        assert unpack(archive, tmp_path / format, 'top') == 1
        assert (tmp_path / format / 'a.bin').read_bytes() == NOISE


@pytest.mark.parametrize('kind', [b'x', b'g', b'L', b'K'])
def test_headers_that_claim_gigabytes_are_not_read(tmp_path, kind):
    """2 MB of bzip2 became 4 GB of memory."""
    path = tmp_path / 'a.tar'
    path.write_bytes(header('a', kind, 4 << 30) + bytes(10_000))
    with fails(FileFormatError, code='damaged', file=path) as refused:
        members_of(path)
    assert f'{MAX_HEADER:,}' in refused.value.found
    path.write_bytes(header('a', kind, 1000) + bytes(600))
    with fails(FileFormatError, code='damaged', file=path, found='it breaks off'):
        members_of(path)


def test_a_bomb_of_headers_takes_no_memory(tmp_path):
    compressor = bz2.BZ2Compressor(9)
    parts = [compressor.compress(header('a', b'x', 2 << 30))]
    parts += [compressor.compress(bytes(1 << 22)) for _ in range(16)]
    (tmp_path / 'a.tar.bz2').write_bytes(b''.join(parts) + compressor.flush())
    code = (
        'import resource, sys\n'
        'from pathlib import Path\n'
        'from mmpose_ours.workflows.prepare.archives import unpack\n'
        'from mmpose_ours.errors import FileFormatError\n'
        'before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n'
        'try: unpack(Path(sys.argv[1]), Path(sys.argv[2]))\n'
        'except FileFormatError: pass\n'
        'else: sys.exit("read")\n'
        'print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', code, str(tmp_path / 'a.tar.bz2'), str(tmp_path / 'out')],
        stdout=subprocess.PIPE,
        timeout=60,
        check=True,
    )
    assert int(done.stdout) < 40_000  # kB


@pytest.mark.parametrize(
    'content',
    [
        header('a', b'S', 1 << 40) + bytes(1024),
        header('x', b'x', 32) + padded(b'32 GNU.sparse.realsize=99999999\n') + header('a'),
        header('x', b'x', 24) + padded(b'24 GNU.sparse.major=1.0\n') + header('a') + bytes(1024),
    ],
)
def test_sparse_files_are_refused(tmp_path, content):
    """They write what they claim, out of nothing."""
    (tmp_path / 'a.tar').write_bytes(content)
    with fails(FileFormatError, code='cannot-express', file=tmp_path / 'a.tar'):
        unpack(tmp_path / 'a.tar', tmp_path / 'out')
    assert not list((tmp_path / 'out').glob('*'))


def test_totals_have_limits(tmp_path):
    path = write_archive(tmp_path / 'a.tar.xz', {str(i): bytes(100_000) for i in range(5)})
    with limited(archive_bytes=300_000), pytest.raises(LimitError) as refused:
        unpack(path, tmp_path / 'out')
    assert refused.value.limit == 'archive_bytes'
    assert sum(file.stat().st_size for file in (tmp_path / 'out').iterdir()) <= 300_000
    with limited(archive_members=4), pytest.raises(LimitError) as refused:
        unpack(path, tmp_path / 'out')
    assert refused.value.limit == 'archive_members'
    assert unpack(path, tmp_path / 'out') == 1  # goes on


def test_a_file_of_more_than_is_allowed_is_refused_before_it_is_written(tmp_path):
    (tmp_path / 'a.tar').write_bytes(header('a', b'0', 1 << 40) + bytes(5000))
    with pytest.raises(LimitError):
        unpack(tmp_path / 'a.tar', tmp_path / 'out')
    assert not list((tmp_path / 'out').glob('*')) or not list((tmp_path / 'out').iterdir())


def test_room_is_looked_for_first(tmp_path, monkeypatch):
    usage = namedtuple('usage', 'total used free')
    monkeypatch.setattr(shutil, 'disk_usage', lambda _: usage(10**12, 0, 600))
    path = write_archive(tmp_path / 'a.tar', {'a': bytes(600), 'b': bytes(601)})
    with pytest.raises(OSError) as refused:
        unpack(path, tmp_path / 'out')
    assert refused.value.filename == str(tmp_path / 'out' / 'b')
    assert [file.name for file in (tmp_path / 'out').iterdir()] == ['a']


@pytest.mark.parametrize(
    'name',
    ['a\nb', 'a\x1b[2Jb', 'a/\x7f', 'a\u202eb', 'x' * 300, '/'.join('abcdefgh' * 70), 'C:a',
     '\\\\h\\a', '..', './../a', 'a/../../b', '/a', '//h/a'],
)  # fmt: skip
def test_names_that_no_data_set_has(tmp_path, name):
    path = write_archive(tmp_path / 'a.tar', {'good': b'1', name: b'x'})
    with pytest.raises(FileFormatError) as refused:
        unpack(path, tmp_path / 'deep' / 'out')
    assert '\x1b' not in str(refused.value) and '\n' not in str(refused.value)
    assert sorted(p.name for p in tmp_path.rglob('*')) == ['a.tar', 'deep', 'good', 'out']


@pytest.mark.parametrize(
    ('one', 'other'),
    [('a', 'a'), ('a', './a'), ('a/b', 'a//b'), ('a', 'A'), ('\u00e9', 'e\u0301'), ('a', 'a/b'),
     ('a/b', 'a'), ('top/a', 'a'), ('A/c', 'a')],
)  # fmt: skip
def test_two_files_in_one_place(tmp_path, one, other):
    """The second would silently take the place of the first, or of its folder."""
    path = tmp_path / 'a.tar'
    with tarfile.open(path, 'w') as tar:
        for name, content in ((one, b'1'), (other, b'22')):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    with pytest.raises(FileFormatError):
        unpack(path, tmp_path / 'out', 'top')
    assert not (tmp_path / 'out' / '.unpacked.json').exists()


def test_the_note_of_what_is_done_cannot_be_sent(tmp_path):
    path = write_archive(tmp_path / 'a.tar', {'.unpacked.json': b'{"b.tar": 10240}', 'a': b'a'})
    assert unpack(path, tmp_path / 'out') == 1
    assert 'b.tar' not in (tmp_path / 'out' / '.unpacked.json').read_text()


def test_an_archive_without_its_end_breaks_off(tmp_path):
    """Cut between two members, which tarfile takes for the end."""
    path = write_archive(tmp_path / 'a.tar', {'a': b'a' * 512, 'b': b'b' * 512})
    path.write_bytes(path.read_bytes()[:1024])
    with fails(FileFormatError, code='damaged', file=path):
        unpack(path, tmp_path / 'out')
    assert not (tmp_path / 'out' / '.unpacked.json').exists()


def test_only_a_regular_file_is_an_archive(tmp_path):
    os.mkfifo(tmp_path / 'a.tar')
    with pytest.raises(OSError):
        unpack(tmp_path / 'a.tar', tmp_path / 'out')


def test_an_xz_that_asks_for_much_memory_is_refused(tmp_path):
    content = bytearray(lzma.compress(b'a' * 100, lzma.FORMAT_XZ))
    assert content[14:16] == b'\x21\1'  # LZMA2, whose one property is the size of the dictionary
    content[16] = 36  # 1 GiB
    end = 12 + 4 * content[12]
    content[end : end + 4] = zlib.crc32(content[12:end]).to_bytes(4, 'little')
    assert lzma.decompress(content) == b'a' * 100
    (tmp_path / 'a.tar.xz').write_bytes(bytes(content))
    with fails(FileFormatError, code='damaged', file=tmp_path / 'a.tar.xz'):
        unpack(tmp_path / 'a.tar.xz', tmp_path / 'out')
