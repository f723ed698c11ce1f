"""Foreign text on a terminal is shown, not obeyed."""

import io
import logging
import os
import subprocess
import sys

import pytest

from mmpose_ours.errors import InputError
from mmpose_ours.io.terminal import (
    EscapedStream,
    escaped_streams,
    one_line,
    path_word,
    shell_path,
    shell_word,
)
from mmpose_ours.text import printable

HOSTILE = {
    'escape': '\x1b[2J\x1b]52;c;AAAA\x07',
    'C1': '\x9b31m\x90q\x9c',
    'bidi': 'a\u202eb\u2066c',
    'invisible': 'a\u200bb\ufeff',
    'surrogate': os.fsdecode(b'\xff'),
    'separators': 'a\u2028b\u2029c',
    'nul': 'a\0b',
    'return': 'safe\rother',
    'backspace': 'rm\x08\x08ls',
}
SHELL = ["o'brien", '-x', '$(touch x)', 'a b', 'a\nb', '\x1b[2J', '`x`', '\\', "'\n'", '!x', '日本']


@pytest.mark.parametrize('text', HOSTILE.values(), ids=HOSTILE)
def test_nothing_is_left_that_a_terminal_obeys(text):
    shown = printable(text)
    assert shown.isprintable() and shown.isascii()
    stream = io.StringIO()
    print('camera', text, file=EscapedStream(stream))
    assert stream.getvalue() == f'camera {shown}\n'


@pytest.mark.parametrize('text', ['über 2', '日本語　カメラ', 'камера', 'a\xa0b', '😀 ±1°', "'"])
def test_letters_of_all_languages_stay(text):
    assert printable(text) == text


def test_lines_and_progress_bars_pass():
    stream = io.StringIO()
    wrapped = EscapedStream(stream)
    wrapped.write('a\tb\n')
    wrapped.writelines(['\r 10 %', '\r 20 %\n'])
    assert stream.getvalue() == 'a\tb\n\r 10 %\r 20 %\n'
    assert one_line(' a\n  b\x1b\tc ') == 'a b\\x1b c'


def test_a_stream_keeps_what_it_is():
    inner = io.TextIOWrapper(io.BytesIO(), 'utf-8', line_buffering=True)
    wrapped = EscapedStream(inner)
    assert wrapped.buffer is inner.buffer and wrapped.encoding == 'utf-8'
    assert wrapped.isatty() is False and wrapped.line_buffering and wrapped.writable()
    print('x', file=wrapped, flush=True)
    assert inner.buffer.getvalue() == b'x\n'


def test_streams_are_put_back_and_wrapped_once(capsys):
    before = sys.stdout, sys.stderr
    with escaped_streams(), escaped_streams():
        print('\x1b[2J')
        logging.StreamHandler().stream.write('\x1b[1m\n')
    assert (sys.stdout, sys.stderr) == before
    out, err = capsys.readouterr()
    assert out == '\\x1b[2J\n' and '\\x1b[1m' in err and '\x1b' not in err


def test_messages_of_errors_are_escaped_and_their_fields_are_not():
    error = InputError('camera \x1b[2J', camera='\x1b[2J', file='\x1b')
    assert str(error) == 'camera \\x1b[2J' and error.camera == '\x1b[2J' and error.file == '\x1b'


@pytest.mark.parametrize('encoding', ['ascii', 'latin-1', 'utf-8'])
def test_a_terminal_that_lacks_letters(encoding):
    code = (
        'from mmpose_ours.io.programs import guarded\n'
        "guarded('try', [], lambda: print('日本 \\udcff \\x1b'))\n"
    )
    env = {**os.environ, 'PYTHONIOENCODING': encoding, 'LC_ALL': 'C'}
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, env=env)
    assert done.returncode == 0 and not done.stderr
    assert done.stdout.decode(encoding).endswith('\\udcff \\x1b\n')


@pytest.mark.parametrize('word', SHELL + [os.fsdecode(b'\xff\xc3\xa9')])
def test_a_shell_reads_a_shown_word_back(word):
    shown = shell_word(word)
    assert shown.isprintable()
    done = subprocess.run(['bash', '-c', f'printf %s {shown}'], stdout=subprocess.PIPE)
    assert os.fsdecode(done.stdout) == word


def test_a_path_is_no_option():
    assert path_word('-x/y') == './-x/y' and path_word('a/-x') == 'a/-x'
    assert shell_path('-a b') == "'./-a b'"


def test_messages_of_errors_have_a_length():
    name = '\x1b' * 10**6
    error = InputError(f'frame {name} is 5; correct it', frame=name)
    assert len(str(error)) < 10_000
    assert str(error).startswith('frame \\x1b') and str(error).endswith('correct it')
    assert error.frame == name
