"""Two programs, one file: the second waits, and says for whom."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time

import filelock
import pytest
from errors import fails

from mmpose_ours.errors import InputError
from mmpose_ours.io.disk import locks
from mmpose_ours.io.disk.locks import InUseError, hold, hold_folder

HOLD = """
import os, sys, time
from mmpose_ours.io.disk.locks import hold
held = hold(sys.argv[1], 'file')
if len(sys.argv) > 2 and os.fork() == 0:  # as a data loader, which may live on for a moment
    time.sleep(30)
print(os.getpid(), flush=True)
sys.stdin.readline()
"""


def start(path, *more):
    command = [sys.executable, '-c', HOLD, str(path), *more]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert int(process.stdout.readline()) == process.pid
    return process


@pytest.fixture
def other(tmp_path):
    """A process that holds the lock of ``k.json``."""
    process = start(tmp_path / 'k.json')
    yield process
    with_group(process)


def with_group(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
    process.stdin.close()
    process.stdout.close()


def test_a_held_file_is_refused_with_its_holder(tmp_path, other):
    for _ in range(2):  # the first refusal must not lose what the second one says
        with pytest.raises(InUseError) as refused:
            hold(tmp_path / 'k.json', 'file', wait=0)
        assert refused.value.code == 'in-use'
        assert refused.value.file == str(tmp_path / 'k.json')
        assert refused.value.found['pid'] == str(other.pid)
        assert refused.value.found.keys() == {'pid', 'host', 'command', 'since'}
        assert str(other.pid) in str(refused.value)
    hold(tmp_path / 'another.json', 'file', wait=0).close()


def test_the_second_goes_on_when_the_first_ends(tmp_path, other):
    said = []
    timer = threading.Timer(1.5, lambda: (other.stdin.write('\n'), other.stdin.flush()))
    timer.start()
    with hold(tmp_path / 'k.json', 'file', wait=60, say=said.append):
        assert len(said) == 1 and str(other.pid) in said[0]
    timer.join()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('child', [[], ['and a child']])
def test_a_killed_holder_leaves_it_free(tmp_path, child):
    process = start(tmp_path / 'killed.json', *child)
    process.kill()
    process.wait()
    try:
        with hold(tmp_path / 'killed.json', 'file', wait=5):
            assert locks.holder(tmp_path / '.killed.json.lock')['pid'] == str(os.getpid())
    finally:
        with_group(process)
    assert list(tmp_path.iterdir()) == []


def test_the_user_says_how_long_to_wait(tmp_path, other, monkeypatch):
    monkeypatch.setenv(locks.VARIABLE, '0.2')
    start = time.monotonic()
    with pytest.raises(InUseError):
        hold(tmp_path / 'k.json', 'file')
    assert 0.2 <= time.monotonic() - start < 20
    monkeypatch.setenv(locks.VARIABLE, 'long')
    for text in ('long', '-1', 'nan'):
        monkeypatch.setenv(locks.VARIABLE, text)
        with fails(InputError, code='out-of-range', found=text, expected='seconds'):
            hold(tmp_path / 'k.json', 'file')


def test_a_thread_may_hold_twice_what_another_may_not_once(tmp_path):
    refused = []

    def contend():
        try:
            hold_folder(tmp_path, 'folder', wait=0).close()
        except InUseError as error:
            refused.append(error)

    def contends():
        thread = threading.Thread(target=contend)
        thread.start()
        thread.join()
        return len(refused)

    with hold_folder(tmp_path, 'folder'):
        with hold_folder(tmp_path, 'folder', wait=0):
            assert contends() == 1
        assert contends() == 2
    assert contends() == 2 and list(tmp_path.iterdir()) == []


def test_a_forked_child_neither_has_nor_ends_the_lock(tmp_path):
    held = hold(tmp_path / 'k.json', 'file')
    process = os.fork()
    if not process:
        held.close()
        try:
            hold(tmp_path / 'k.json', 'file', wait=0)
        except InUseError:
            os._exit(0)
        os._exit(1)
    assert os.waitpid(process, 0)[1] == 0
    assert (tmp_path / '.k.json.lock').exists()
    held.close()
    held.close()
    assert list(tmp_path.iterdir()) == []


def test_names_of_one_file_have_one_lock(tmp_path, other):
    (tmp_path / 'link').symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / 'other.json').symlink_to('k.json')
    for name in ('link/k.json', 'other.json'):
        with pytest.raises(InUseError):
            hold(tmp_path / name, 'file', wait=0)


def test_a_removed_lock_file_is_no_lock(tmp_path, monkeypatch):
    """A contender that had opened the file before its holder removed it must not believe it."""
    native = filelock.FileLock

    class Late(native):
        def acquire(self, *args, **options):
            result = super().acquire(*args, **options)
            if not removed:
                removed.append(os.unlink(self.lock_file))
            return result

    removed = []
    monkeypatch.setattr(filelock, 'FileLock', Late)
    with hold(tmp_path / 'k.json', 'file', wait=5):
        assert removed and (tmp_path / '.k.json.lock').exists()
        monkeypatch.setattr(filelock, 'FileLock', native)
        with pytest.raises(subprocess.CalledProcessError):
            code = 'import sys; from mmpose_ours.io.disk.locks import hold; '
            code += 'hold(sys.argv[1], "f", wait=0)'
            command = [sys.executable, '-c', code, str(tmp_path / 'k.json')]
            subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


@pytest.mark.parametrize('number', [errno.ENOLCK, errno.EOPNOTSUPP])
def test_without_locks_on_the_disk_there_is_a_warning(tmp_path, monkeypatch, number):
    fcntl = pytest.importorskip('fcntl', reason='Windows always has locks')

    def refuse(file, operation):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, 'flock', refuse)
    said = []
    for _ in range(2):
        with hold(tmp_path / 'k.json', 'file', wait=0, say=said.append):
            pass
    assert len(said) == 1 and str(tmp_path) in said[0]


@pytest.mark.parametrize('content', [b'', b'[1]', b'{"pid": ["\x1b[2J"]}', b'[' * 9000, b'\xff'])
def test_what_a_holder_file_says_is_only_text(tmp_path, other, content):
    (tmp_path / '.k.json.lock.holder').write_bytes(content)
    with pytest.raises(InUseError) as refused:
        hold(tmp_path / 'k.json', 'file', wait=0)
    assert '\x1b' not in json.dumps(refused.value.found, ensure_ascii=False) + str(refused.value)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / 'file').write_text('')
    for function in (hold, hold_folder):
        with pytest.raises(OSError) as refused:
            function(tmp_path / 'file' / 'below', 'file')
        assert refused.value.filename == str(tmp_path / 'file' / 'below')


@pytest.mark.parametrize('name', ['.k.json.lock', '.k.json.lock.holder'])
@pytest.mark.parametrize('kind', ['link', 'pipe'])
def test_a_planted_link_or_pipe_neither_loses_a_file_nor_hangs(tmp_path, name, kind):
    (tmp_path / 'aim').write_text('precious')
    if kind == 'link':
        (tmp_path / name).symlink_to('aim')
    else:
        os.mkfifo(tmp_path / name)
    if name.endswith('.lock'):
        with pytest.raises(OSError) as refused:
            hold(tmp_path / 'k.json', 'file', wait=0)
        assert refused.value.filename == str(tmp_path / 'k.json')
    else:
        assert locks.holder(tmp_path / '.k.json.lock') == {}
        hold(tmp_path / 'k.json', 'file', wait=0).close()
    assert (tmp_path / 'aim').read_text() == 'precious'
