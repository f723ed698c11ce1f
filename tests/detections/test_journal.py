"""A journal that was cut, mixed up or written by others gives no wrong people."""

import json
import os
import random
import zlib

import numpy as np
import pytest
from errors import fails

from mmpose_ours.detections.journal import FrameRecord, Journal
from mmpose_ours.errors import FileFormatError, InputError, LimitError
from mmpose_ours.io.disk.locks import ChangedError
from mmpose_ours.io.limits import limited

HEAD = {'detector': 'a', 'version': '1'}
FRAMES = 6


def people(frame, shift=0.0):
    return np.full((1, 17, 3), frame + shift + 0.5, np.float32)


def record_of(frame, shift=0.0):
    return FrameRecord({'cam': f'key {frame}'}, {'cam': people(frame, shift)})


@pytest.fixture
def path(tmp_path):
    """A journal of six frames, the third of them detected twice."""
    path = tmp_path / '.k.json.partial'
    journal = Journal(path, HEAD)
    journal.put('2', record_of(2, shift=100))
    for frame in range(FRAMES):
        journal.put(str(frame), record_of(frame))
    journal.close(remove=False)
    return path


def read(path, head=HEAD):
    """Frame to what a journal says of it, and the sentences on what was given up."""
    said = []
    journal = Journal(path, head, said.append)
    try:
        return {frame: journal.get(frame) for frame in journal.frames()}, said
    finally:
        journal.close(remove=False)


def check(found):
    """Every frame that is there has its own people, the later ones."""
    for frame, (images, views) in found.items():
        assert images == {'cam': f'key {frame}'}
        np.testing.assert_array_equal(views['cam'], people(int(frame)))


def test_what_was_written_is_read(path):
    found, said = read(path)
    assert list(found) == [str(frame) for frame in range(FRAMES)] and not said
    check(found)


def test_a_record_cut_at_any_byte_is_forgotten_and_written_again(path):
    content = path.read_bytes()
    start = content.rindex(b'\n', 0, -1) + 1
    for length in (start + 1, start + 9, start + 100, len(content) - 1):
        path.write_bytes(content[:length])
        journal = Journal(path, HEAD)
        assert journal.frames() == ['0', '1', '2', '3', '4']
        journal.put('5', record_of(5))
        journal.close(remove=False)
        check(read(path)[0])
        assert len(read(path)[0]) == FRAMES


def test_a_damaged_record_costs_its_frame_alone(path):
    lines = path.read_bytes().splitlines(True)
    lines[3] = lines[3].replace(b'1.5', b'9.5', 1)  # frame 1
    path.write_bytes(b''.join(lines))
    found, said = read(path)
    assert list(found) == ['0', '2', '3', '4', '5'] and not said
    check(found)


def test_an_old_record_that_comes_again_does_not_replace_the_new_one(path):
    lines = path.read_bytes().splitlines(True)
    path.write_bytes(b''.join([*lines, lines[1], lines[3]]))
    found, _ = read(path)
    assert len(found) == FRAMES
    check(found)


def test_records_in_another_order_are_no_wrong_ones(path):
    head, *records = path.read_bytes().splitlines(True)
    for seed in range(30):
        random.Random(seed).shuffle(records)
        path.write_bytes(head + b''.join(records))
        for frame, (_, views) in read(path)[0].items():
            # Of the frame that was detected twice the first may have come back alone.
            assert views['cam'][0, 0, 0] % 100 == int(frame) + 0.5


def test_records_of_another_journal_are_left_out(path, tmp_path):
    """Also of the same detector: its images were others."""
    foreign = Journal(tmp_path / 'other', HEAD)
    for frame in range(FRAMES):
        foreign.put(str(frame), record_of(frame, shift=50))
    foreign.close(remove=False)
    theirs = (tmp_path / 'other').read_bytes().splitlines(True)[1:]
    for mixed in ([*path.read_bytes().splitlines(True), *theirs], [*theirs]):
        head = path.read_bytes().splitlines(True)[0]
        path.write_bytes(b''.join(mixed if mixed[0] == head else [head, *mixed]))
        check(read(path)[0])


@pytest.mark.parametrize(
    'content',
    [
        b'',
        b'{"detector": "a", "version": "1"}\n{"frame": "0", "images": {"cam": "key 0"}, "views": '
        b'{"cam": []}}\n',  # of version 0.1
        b'00000000 {"journal": 1, "id": "x", "detector": "a", "version": "1"}\n',
        b'\n\n',
        b'x' * 100_000,
    ],
)
def test_what_has_no_first_line_of_ours_begins_anew(path, content):
    path.write_bytes(content)
    found, said = read(path)
    assert not found and len(said) == bool(content)
    assert not path.exists(), 'an empty journal is removed'


@pytest.mark.parametrize('head', [{**HEAD, 'version': '2'}, {**HEAD, 'detector': 'b'}])
def test_another_detector_begins_anew(path, head):
    found, said = read(path, head)
    assert not found and len(said) == 1


@pytest.mark.parametrize('write', ['overwrite', 'truncate', 'other journal'])
def test_another_writer_is_noticed(path, write):
    """As on a disk without locks."""
    journal = Journal(path, HEAD)
    if write == 'other journal':
        other = Journal(path, {**HEAD, 'detector': 'b'})
        for frame in range(FRAMES):
            other.put(str(frame), record_of(frame, shift=50))
        other.close(remove=False)
    elif write == 'overwrite':
        lines = path.read_bytes().splitlines(True)
        path.write_bytes(b''.join([*lines[:2], *lines[:1:-1]]))
    else:
        os.truncate(path, 200)
    wrong = 0
    for frame in range(FRAMES):
        try:
            check({str(frame): journal.get(str(frame))})
        except ChangedError as error:
            assert error.file == str(path) and error.frame == str(frame)
            wrong += 1
    assert wrong
    journal.close(remove=False)


def sealed(line, seed):
    body = line.encode()
    return b'%08x %s\n' % (zlib.crc32(body, seed), body)


def views(joint):
    person = ', '.join([joint] * 17)
    return f'9 "1" {{"images": {{}}, "views": {{"cam": [[{person}]]}}}}'


@pytest.mark.parametrize(
    'body',
    [
        '9 "1" {"images": {}, "views": {"cam": [[1, 2]]}}',
        '9 "1" {"images": {}, "views": {"cam": [[[1, 2, "x"]]]}}',
        '9 "1" {"images": {}, "views": {"cam": 3}}',
        '9 "1" {"images": {}, "views": 3}',
        '9 "1" {"images": {"cam": 1}, "views": {}}',
        '9 "1" {"images": [], "views": {}}',
        '9 "1" {"images": {}}',
        '9 "1" []',
        '9 "1" ',
        '9 "1" ' + '[' * 100_000,
        views(f'[1{"0" * 400}, 1, 1]'),
        views(f'[{"1" * 5000}, 1, 1]'),
    ],
)  # fmt: skip
def test_forged_content_is_an_input_error(path, body):
    """With a right checksum, as only somebody who means harm writes it."""
    head = path.read_bytes().splitlines(True)[0]
    path.write_bytes(head + sealed(body, zlib.crc32(head)))
    with fails(FileFormatError, file=path):
        read(path)


@pytest.mark.parametrize(
    'body', ['9', '9 1', '9 "1', '-9 "1" {}', '9 [1] {}', 'nine "1" {}', '9' * 5000 + ' "1" {}',
             '9 "' + '1' * 5000 + '" {}', '9 "\\ud800" {}']
)  # fmt: skip
def test_forged_beginnings_are_left_out(path, body):
    head = path.read_bytes().splitlines(True)[0]
    path.write_bytes(head + sealed(body, zlib.crc32(head)))
    try:
        assert not read(path)[0]
    except InputError:
        assert 'ud800' in body


def test_no_mutation_gives_anything_but_right_people_or_an_input_error(path):
    """Bytes anywhere; and values inside a record whose checksum is made to fit."""
    content = path.read_bytes()
    head, *records = content.splitlines(True)
    values = [None, True, -1, 1e300, '', 'x', [], {}, [[]], {'cam': None}, 10**400]
    for seed in range(1000):
        draw = random.Random(seed)
        data = bytearray(content)
        for _ in range(draw.randint(1, 4)):
            where = draw.randrange(len(data))
            kind = draw.randrange(4)
            if kind == 0:
                data[where] = draw.randrange(256)
            elif kind == 1:
                del data[where : where + draw.randint(1, 200)]
            elif kind == 2:
                data[where:where] = bytes(draw.choices(b'\n"{}[],0 9ax', k=draw.randint(1, 9)))
            else:
                other = draw.randrange(len(data))
                data[where:where] = data[other : other + draw.randint(1, 2000)]
        path.write_bytes(data)
        check({f: i for f, i in read(path)[0].items() if f != '2'})
        number, frame, text = records[1].decode()[9:].split(' ', 2)
        forged = json.loads(text)
        inner = draw.choice([forged, forged['views'], forged['images'], forged['views']['cam'],
                             forged['views']['cam'][0], forged['views']['cam'][0][3]])  # fmt: skip
        inner[draw.choice(list(inner) if isinstance(inner, dict) else range(len(inner)))] = (
            draw.choice(values)
        )
        body = f'{number} {frame} {json.dumps(forged)}'
        path.write_bytes(head + sealed(body, zlib.crc32(head)))
        try:
            read(path)
        except InputError:
            pass


def test_a_record_has_a_largest_size(path):
    with limited(record_bytes=2000):
        journal = Journal(path, HEAD)
        with pytest.raises(LimitError) as refused:
            journal.put('6', FrameRecord({}, {'cam': np.ones((50, 17, 3))}))
        assert refused.value.limit == 'record_bytes' and refused.value.file == str(path)
        assert '6' not in journal
        journal.close(remove=False)
    lines = path.read_bytes().splitlines(True)
    path.write_bytes(b''.join([*lines[:4], b'x' * 30_000 + b'\n', *lines[4:]]))
    with limited(record_bytes=2000):
        check(read(path)[0])
        assert len(read(path)[0]) == FRAMES
    with fails(FileFormatError, code='out-of-range', file=path, found=300, expected=255):
        Journal(path, HEAD).put('f' * 300, record_of(1))


def test_pipes_folders_and_links_are_no_journals(tmp_path):
    os.mkfifo(tmp_path / 'pipe')
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'aim').write_text('precious')
    (tmp_path / 'link').symlink_to('aim')
    for name in ('pipe', 'folder', 'link'):
        with pytest.raises((FileFormatError, OSError)):
            Journal(tmp_path / name, HEAD)
    assert (tmp_path / 'aim').read_text() == 'precious'


def test_a_full_disk_names_the_journal_and_keeps_what_was_there(path):
    resource = pytest.importorskip('resource', reason='Windows has no such limit')
    process = os.fork()
    if not process:
        size = path.stat().st_size
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 300, size + 300))
        journal = Journal(path, HEAD)
        try:
            journal.put('6', record_of(6))
        except OSError as error:
            journal.close(remove=False)  # nothing is left in a buffer that fails once more
            os._exit(0 if error.filename == str(path) and path.stat().st_size == size else 2)
        os._exit(1)
    assert os.waitpid(process, 0)[1] == 0
    found, _ = read(path)
    assert len(found) == FRAMES
    check(found)
