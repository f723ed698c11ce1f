"""Errors of the temporary folder name that folder, and nothing else."""

import errno
import os
import subprocess
import sys
import tempfile
import warnings

import pytest

from mmpose_ours.io.disk.files import (
    TemporaryFolderError,
    explain_os_error,
    temporary_file,
    temporary_folder,
)

FULL = """
import resource, sys
from mmpose_ours.io.disk.files import TemporaryFolderError, temporary_file
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
file = temporary_file()
try:
    for _ in range(10):
        file.write(bytes(50_000))
    file.flush()
except TemporaryFolderError as error:
    print(error.filename)
"""


def test_a_temporary_file_is_read_back_and_leaves_nothing(tmp_path):
    with temporary_file(folder=tmp_path) as file:
        file.write(b'abc' * 100_000)
        file.seek(3)
        assert file.read(3) == b'abc'
        assert len(file.read()) == 299_994
    assert list(tmp_path.iterdir()) == []


def test_a_temporary_file_may_be_left_to_its_owner():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        file = temporary_file()
        file.write(b'a')
        handle = file.fileno()
        del file
    assert caught == []
    with pytest.raises(OSError):
        os.fstat(handle)


def test_a_full_temporary_folder_is_named(tmp_path):
    done = subprocess.run(
        [sys.executable, '-c', FULL],
        capture_output=True,
        text=True,
        env={**os.environ, 'TMPDIR': str(tmp_path)},
    )
    assert done.stdout.strip() == str(tmp_path), done.stderr


def test_a_missing_temporary_folder_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path / 'none'))
    for make in (temporary_file, temporary_folder):
        with pytest.raises(TemporaryFolderError) as caught:
            with make():
                pass
        assert caught.value.filename == str(tmp_path / 'none')
        assert caught.value.errno == errno.ENOENT
        assert 'TMPDIR' in explain_os_error(caught.value)


def test_only_errors_within_a_temporary_folder_are_its_own(tmp_path):
    with pytest.raises(TemporaryFolderError) as caught, temporary_folder() as folder:
        raise OSError(errno.ENOSPC, 'No space left on device', str(folder / 'x' / 'y'))
    assert not folder.exists()
    assert caught.value.filename == str(folder.parent)
    with pytest.raises(OSError) as other, temporary_folder():
        raise OSError(errno.ENOSPC, 'No space left on device', str(tmp_path / 'x'))
    assert other.value.filename == str(tmp_path / 'x')


def test_the_folder_of_a_killed_run_is_removed(tmp_path, monkeypatch):
    killed = (
        'import os\nfrom mmpose_ours.io.disk.files import temporary_folder\n'
        'with temporary_folder() as folder:\n'
        '    (folder / "a").write_text("")\n'
        '    os.kill(os.getpid(), 9)'
    )
    environ = {**os.environ, 'TMPDIR': str(tmp_path)}
    assert subprocess.run([sys.executable, '-c', killed], env=environ).returncode == -9
    assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path))
    with temporary_folder() as folder:
        assert list(tmp_path.iterdir()) == [folder]
    assert list(tmp_path.iterdir()) == []
