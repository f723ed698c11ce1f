"""The faults that a training survives, one row each.

What it writes afterwards is what it would have written without the fault, bit for bit.
"""

import resource
import shutil
import time
from pathlib import Path

import pytest
from small_runs import (
    EPOCHS,
    STEPS,
    curve,
    half_files,
    processes_of,
    same,
    train,
    weights,
    write_config,
)
from test_stock_scripts import steps

from mmpose_ours.engine.hooks.interruption import EXIT_STATUS

# Trainings of their own, several processes each.
pytestmark = pytest.mark.slow

LAST = f'epoch_{EPOCHS}.pth'


@pytest.fixture(scope='module')
def whole(tmp_path_factory) -> Path:
    """A training of one process that nothing happened to."""
    folder = tmp_path_factory.mktemp('whole')
    done = train(folder, write_config(folder))
    assert done.returncode == 0, done.stdout[-3000:]
    assert len(curve(folder)) == EPOCHS * STEPS
    return folder


def copy_of(whole: Path, folder: Path, epochs: int) -> Path:
    """The work directory as it was after some epochs."""
    folder.mkdir(exist_ok=True)
    for epoch in range(1, epochs + 1):
        shutil.copy(whole / f'epoch_{epoch}.pth', folder)
    (folder / 'last_checkpoint').write_text(str(folder / f'epoch_{epochs}.pth'))
    return folder


def resumed_as_if_nothing_had_happened(work_dir: Path, whole: Path) -> str:
    done = train(work_dir, write_config(work_dir), '--resume')
    assert done.returncode == 0, done.stdout[-3000:]
    assert curve(work_dir) == curve(whole)
    assert same(weights(work_dir / LAST), weights(whole / LAST))
    assert half_files(work_dir) == [] and not (work_dir / 'mid_epoch.pth').exists()
    return done.stdout


@pytest.mark.parametrize(
    ('fault', 'status', 'left'),
    [
        (dict(number='SIGTERM', at=5), EXIT_STATUS, 'mid_epoch.pth'),
        (dict(number='SIGUSR1', at=8, moment='val_iter'), EXIT_STATUS, 'mid_epoch.pth'),
        (dict(number='SIGKILL', at=7, moment='save'), -9, 'epoch_1.pth'),
    ],
    ids=['SIGTERM in mid-epoch', 'SIGUSR1 in validation', 'kill -9 in mid-checkpoint'],
)
def test_one_process(fault, status, left, whole, tmp_path):
    done = train(tmp_path, write_config(tmp_path, [dict(type='Saboteur', **fault)]))
    assert done.returncode == status, done.stdout[-3000:]
    assert (tmp_path / 'last_checkpoint').read_text() == str(tmp_path / left)
    assert len(half_files(tmp_path)) == (fault['number'] == 'SIGKILL')
    output = resumed_as_if_nothing_had_happened(tmp_path, whole)
    if fault.get('moment') == 'val_iter':
        assert output.index('may have been cut off') < output.index('Epoch(train)')


def test_sigterm_to_one_of_two_processes_stops_both(tmp_path):
    """And one process alone goes on with what is left of the epoch."""
    fault = dict(type='Saboteur', number='SIGTERM', at=2, rank=1)
    done = train(tmp_path, write_config(tmp_path, [fault]), processes=2)
    assert done.returncode != 0 and 'stopped after step 1 of epoch 2' in done.stdout
    assert f'exitcode  : {EXIT_STATUS}' in done.stdout
    # 4 of 8 samples are done: the first 2 of the 4 steps that one process takes.
    done = train(tmp_path, write_config(tmp_path), '--resume', options=('train_cfg.max_epochs=2',))
    assert done.returncode == 0, done.stdout[-3000:]
    assert steps(done.stdout) == [(2, 3), (2, 4)]


def test_kill_9_of_one_of_two_processes_ends_the_job(tmp_path):
    fault = dict(type='Saboteur', at=3, rank=1)
    begun = time.monotonic()
    done = train(tmp_path, write_config(tmp_path, [fault]), processes=2, timeout=60)
    assert done.returncode != 0 and time.monotonic() - begun < 60
    assert (tmp_path / 'last_checkpoint').read_text() == str(tmp_path / 'epoch_1.pth')
    assert processes_of(tmp_path) == []


def test_kill_9_of_the_launcher_leaves_nobody_behind(tmp_path):
    fault = dict(type='Saboteur', at=3, whom='launcher')
    train(tmp_path, write_config(tmp_path, [fault]), processes=2, timeout=60)
    deadline = time.monotonic() + 30
    while processes_of(tmp_path):
        assert time.monotonic() < deadline, processes_of(tmp_path)
        time.sleep(0.2)
    # They had the time to write down where they were.
    assert (tmp_path / 'last_checkpoint').read_text() == str(tmp_path / 'mid_epoch.pth')


def test_kill_9_of_a_worker_of_the_loader_ends_the_job(tmp_path):
    fault = dict(type='Saboteur', at=5, whom='loader')
    options = ('train_dataloader.num_workers=1', 'train_dataloader.persistent_workers=True')
    done = train(tmp_path, write_config(tmp_path, [fault]), options=options, timeout=60)
    assert done.returncode not in (0, EXIT_STATUS)
    assert 'DataLoader worker' in done.stdout
    assert (tmp_path / 'last_checkpoint').read_text() == str(tmp_path / 'epoch_1.pth')


def test_a_full_disk_costs_no_checkpoint(whole, tmp_path):
    """Checkpoints are larger than any file may be; logs are smaller."""
    copy_of(whole, tmp_path, epochs=1)
    before = (tmp_path / 'epoch_1.pth').read_bytes()
    limit = len(before) // 2

    def no_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = train(tmp_path, write_config(tmp_path), '--resume', preexec_fn=no_room)
    assert 'NO CHECKPOINT' in done.stdout and 'Epoch(train) [3][4/4]' in done.stdout
    # Training went on, but a training without its last checkpoint did not succeed.
    assert done.returncode != 0
    assert (tmp_path / 'last_checkpoint').read_text() == str(tmp_path / 'epoch_1.pth')
    assert (tmp_path / 'epoch_1.pth').read_bytes() == before
    assert sorted(path.name for path in tmp_path.glob('*.pth')) == ['epoch_1.pth']
    assert half_files(tmp_path) == []


def test_a_corrupt_last_checkpoint_is_passed_over(whole, tmp_path):
    copy_of(whole, tmp_path, epochs=2)
    damaged = bytearray((tmp_path / 'epoch_2.pth').read_bytes())
    damaged[len(damaged) // 2] ^= 1  # one bit, which torch itself reads without a word
    (tmp_path / 'epoch_2.pth').write_bytes(damaged)
    done = train(tmp_path, write_config(tmp_path), '--resume')
    assert done.returncode == 0, done.stdout[-3000:]
    assert 'epoch_2.pth, which cannot be resumed from' in done.stdout
    assert f'going on from {tmp_path / "epoch_1.pth"}, after {STEPS} steps, instead' in done.stdout
    assert same(weights(tmp_path / LAST), weights(whole / LAST))


def test_a_loss_that_is_not_a_number_stops_before_the_weights_change(tmp_path):
    spoil = dict(type='Spoil', frame=13)
    done = train(tmp_path, write_config(tmp_path, before_packing=[spoil]))
    assert done.returncode not in (0, EXIT_STATUS)
    sentence = done.stdout.strip().splitlines()[-1]
    for words in ('loss_pose is nan', 'step 3 of epoch 2', 'item 13 (frame 13)', 'seed 0', 'rig '):
        assert words in sentence
    assert (tmp_path / 'last_checkpoint').read_text() == str(tmp_path / 'epoch_1.pth')
