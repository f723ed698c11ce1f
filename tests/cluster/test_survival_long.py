"""A training that is interrupted ten times at random ends where one ends that is not."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / 'launch'))
from small_runs import command, curve, half_files, processes_of, same, weights, write_config
from test_stock_scripts import ROOT, SMALL, environment

EPOCHS, STEPS = 12, 40
INTERRUPTIONS = 10
SETTINGS = (
    *SMALL,
    f'train_cfg.max_epochs={EPOCHS}',
    'train_cfg.val_interval=4',
    # For kill -9, which gives no notice: something is kept every second.
    'default_hooks.interruption.minutes=0.02',
)


def start(work_dir: Path, config: Path, processes: int) -> subprocess.Popen:
    # In steps of two items, whatever the number of processes: as many steps, the same length.
    options = (f'train_dataloader.dataset.num_samples={2 * STEPS * processes}',)
    words = command('train', config, '--work-dir', work_dir, '--resume', processes=processes)
    return subprocess.Popen(
        [*words, '--cfg-options', *SETTINGS, *options],
        cwd=ROOT,
        env={**environment(), 'PYTHONPATH': str(ROOT / 'tests' / 'launch')},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def steps_done(work_dir: Path, since: set) -> int:
    """Steps that the run which began last has logged."""
    new = [file for file in work_dir.glob('*/vis_data/scalars.json') if file not in since]
    return sum(file.read_text().count('loss_pose') for file in new)


def strike(process: subprocess.Popen, work_dir: Path, how: str, rng: random.Random) -> None:
    """Signal the launcher, or one process of training, as ``how`` says."""
    number, whom = how.split()
    pids = [process.pid]
    if whom == 'worker':
        pids = [pid for pid in processes_of(work_dir) if pid != process.pid]
    os.kill(rng.choice(pids), getattr(signal, number))


def final_figures(output: str) -> dict[str, str]:
    last = [line for line in output.splitlines() if 'pose3d/mAP' in line][-1]
    return dict(re.findall(r'(pose3d/\S+): (\S+)', last))


@pytest.mark.slow
@pytest.mark.parametrize(
    ('processes', 'ways'),
    [
        (1, ('SIGTERM launcher', 'SIGKILL launcher', 'SIGUSR1 launcher')),
        (2, ('SIGTERM launcher', 'SIGKILL launcher', 'SIGKILL worker', 'SIGTERM worker')),
    ],
)
def test_interrupted_ten_times_at_random(processes, ways, tmp_path):
    whole, cut = tmp_path / 'whole', tmp_path / 'cut'
    expected, _ = start(whole, write_config(whole), processes).communicate(timeout=600)
    config, rng = write_config(cut), random.Random(processes)
    for turn in range(INTERRUPTIONS):
        since = set(cut.glob('*/vis_data/scalars.json'))
        process = start(cut, config, processes)
        wanted = rng.randint(5, 40)
        while steps_done(cut, since) < wanted:
            assert process.poll() is None, process.stdout.read()[-3000:]
            time.sleep(0.02)
        strike(process, cut, ways[turn % len(ways)], rng)
        process.communicate(timeout=120)
        assert process.returncode != 0
        deadline = time.monotonic() + 60
        while processes_of(cut):
            assert time.monotonic() < deadline, 'a process goes on without its launcher'
            time.sleep(0.1)
    process = start(cut, config, processes)
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 0, output[-3000:]
    assert curve(cut) == curve(whole)
    assert final_figures(output) == final_figures(expected)
    last = f'epoch_{EPOCHS}.pth'
    assert same(weights(cut / last), weights(whole / last))
    assert half_files(cut) == []
    record = sorted(cut.glob('run_*.json'))
    assert len(record) == INTERRUPTIONS + 1
    assert json.loads(record[-1].read_text())['resumed_at']['iter'] > 0
