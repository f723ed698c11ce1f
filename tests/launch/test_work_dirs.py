"""Who may write into a work dir."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from errors import fails

from mmpose_ours.launch import work_dirs
from mmpose_ours.launch.work_dirs import WorkDirError

HOLD = """
import os, sys, time
from pathlib import Path
from mmpose_ours.launch.work_dirs import lock
held = lock(Path(sys.argv[1]))
if os.fork() == 0:  # as a data loader, which may live on for a moment
    time.sleep(30)
print(os.getpid(), flush=True)
time.sleep(30)
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock of tmp_path, with a child that outlives it."""
    command = [sys.executable, '-c', HOLD, str(tmp_path)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, 'SLURM_JOB_ID': '31'},
        start_new_session=True,
    )
    assert int(process.stdout.readline()) == process.pid
    yield process
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_one_at_a_time_and_a_killed_one_leaves_it_free(tmp_path, holder):
    with fails(WorkDirError, code='in-use', file=tmp_path) as refused:
        work_dirs.lock(tmp_path)
    assert refused.value.found['pid'] == str(holder.pid)
    assert refused.value.found['Slurm job'] == '31'
    holder.kill()
    time.sleep(0.2)
    with work_dirs.lock(tmp_path, {}) as held:
        assert json.loads(held.holder_file.read_text())['pid'] == str(os.getpid())


def test_a_broken_lock_file_is_taken_over(tmp_path):
    for name in ('.lock', '.lock.holder'):
        (tmp_path / name).write_bytes(b'\x00{')
    with work_dirs.lock(tmp_path) as held:
        assert json.loads(held.holder_file.read_text()).keys() >= {'host', 'pid', 'since'}


def test_the_folder_is_made(tmp_path):
    work_dirs.lock(tmp_path / 'a' / 'b').close()
    assert (tmp_path / 'a' / 'b').is_dir()


def test_a_folder_without_checkpoints_is_free(tmp_path):
    (tmp_path / '20260101_000000').mkdir()
    (tmp_path / 'backbone.pth').touch()  # somebody's weights to begin from
    work_dirs.check_free(tmp_path)
    assert work_dirs.move_aside(tmp_path) is None


def test_checkpoints_are_refused_or_moved_aside(tmp_path):
    names = ['best_recall_epoch_2.pth', 'epoch_1.pth', 'epoch_2.pth', 'iter_3.pth']
    for name in (*names, 'last_checkpoint'):
        (tmp_path / name).write_text(name)
    with fails(WorkDirError, code='conflict', file=tmp_path, found=names):
        work_dirs.check_free(tmp_path)
    aside = work_dirs.move_aside(tmp_path, keep=tmp_path / 'epoch_2.pth')
    assert sorted(file.name for file in aside.iterdir()) == sorted(
        {*names, 'last_checkpoint'} - {'epoch_2.pth'}
    )
    assert (aside / 'epoch_1.pth').read_text() == 'epoch_1.pth'
    assert work_dirs.checkpoints_in(tmp_path) == [tmp_path / 'epoch_2.pth']
