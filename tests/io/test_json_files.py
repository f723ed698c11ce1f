"""JSON from anywhere is refused in time, or read as what it says."""

import os

import pytest
from errors import fails
from limited_process import run_limited

from mmpose_ours.errors import FileFormatError, LimitError
from mmpose_ours.io.json_files import parse_json, read_json
from mmpose_ours.io.limits import limited


@pytest.mark.parametrize(
    'content, data',
    [
        (b'\xef\xbb\xbf[1, 2.5, "x"]', [1, 2.5, 'x']),
        (b'["\\ud83d\\ude00", "\\\\ud800", "]\\"]"]', ['\U0001f600', '\\ud800', ']"]']),
        (b'["[[[", {"}": "]]"}]', ['[[[', {'}': ']]'}]),
        (b'[' * 90 + b']' * 90, None),
        (b'[' + b'1' * 300 + b']', [int('1' * 300)]),
    ],
)
def test_what_is_valid_is_read(content, data):
    read = parse_json(content, 'x.json')
    assert data is None or read == data


@pytest.mark.parametrize(
    'content, code, found',
    [
        (b'', 'file-format', None),
        (b'[1,', 'file-format', None),
        (b'\xff\xfe[1]', 'file-format', None),
        (b'{"a": 1, "a": 2}', 'duplicate', 'a'),
        (b'["\\ud800"]', 'cannot-express', None),
        (b'{"\\udfff": 1}', 'cannot-express', None),
        (b'["\\ud83dx"]', 'cannot-express', None),
        (b'[' + b'1' * 5000 + b']', 'out-of-range', 5000),
        (b'[0.' + b'1' * 100_000 + b']', 'out-of-range', 65_533),  # or more
        (b'"' * 99, 'file-format', None),
    ],
)
def test_what_is_not_is_an_error_of_the_file(content, code, found):
    with fails(FileFormatError, code=code, file='x.json', found=found):
        parse_json(content, 'x.json')


@pytest.mark.parametrize(
    'content',
    [
        b'[' * 200 + b']' * 200,
        b'{"a":' * 200 + b'1' + b'}' * 200,
        b'[' * 60 + b'"]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",' + b'[' * 60,
        b'[' * 50 + b'"\\"]]]]]]]]]]]]]]]]]]]]]]]]]]]]",' + b'[' * 70,
        b'[0,' + b' ' * 70_000 + b'[' * 120,
    ],
)
def test_depth_counts_what_is_no_text(content):
    with pytest.raises(LimitError) as caught:
        parse_json(content, 'x.json')
    assert caught.value.limit == 'depth' and caught.value.file == 'x.json'


def test_files_are_not_larger_than_allowed(tmp_path):
    path = tmp_path / 'x.json'
    path.write_bytes(b'[' + b'1,' * 1000 + b'1]')
    assert len(read_json(path)) == 1001
    with limited(json_bytes=2000), pytest.raises(LimitError) as caught:
        read_json(path)
    assert caught.value.limit == 'json_bytes' and caught.value.file == str(path)


def test_hostile_texts_take_linear_time_and_memory():
    """Escapes, quotes, brackets and digits by the million; on old Pythons digits are quadratic."""
    done = run_limited(
        """
        from mmpose_ours.errors import FileFormatError
        from mmpose_ours.io.json_files import parse_json, read_json
        parse_json(b'["' + b'\\\\\\\\' * 1_000_000 + b'"]', 'x')
        for content in (
            b'"' + b'\\\\"' * 1_000_000, b'"' * 1_000_000, b'[' * 1_000_000, b'9' * 3_000_000,
            b'"\\\\u0041' * 200_000, b'[' + b'-9' * 500_000,
        ):
            try:
                parse_json(content, 'x')
            except FileFormatError:
                continue
            raise AssertionError(content[:20])
        """,
        seconds=15,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize('path', ['/dev/zero', '/dev/tty', 'pipe.json', 'link.json'])
def test_devices_and_pipes_are_refused_at_once(tmp_path, path):
    os.mkfifo(tmp_path / 'pipe.json')
    (tmp_path / 'link.json').symlink_to('/dev/zero')
    done = run_limited(
        """
        import signal, sys
        signal.alarm(40)
        from mmpose_ours.io.json_files import read_json
        try:
            read_json(sys.argv[1])
        except OSError as error:
            print(error.filename)
        """,
        tmp_path / path,
        seconds=15,
    )
    assert done.stdout == f'{tmp_path / path}\n', done.stderr
