"""The command ``train-rig``: its plan and its record with a stand-in for the stock scripts,
and tiny real runs."""

import dataclasses
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from train_rig_runs import rig_of, write_people

from mmpose_ours.calibration import write_rig
from mmpose_ours.cli import main as cli
from mmpose_ours.cli import train_rig as train_rig_command
from mmpose_ours.cli.main import build_parser
from mmpose_ours.predictions.reading import read_predictions
from mmpose_ours.workflows.train_rig import job as train_rig_site
from mmpose_ours.workflows.train_rig import preparation as train_rig_steps
from mmpose_ours.workflows.train_rig import test_recordings as train_rig_recordings
from mmpose_ours.workflows.train_rig.stock_scripts import StockError, run_stock

STEPS = 'init check space noise train test images report'.split()


def states(out):
    """What was said of each step: 'done already', or why it is done."""
    lines = [line for line in out.splitlines() if line.startswith('[')]
    return {line.split()[1].rstrip(':'): line.split(': ', 1)[1] for line in lines}


def did(out):
    return [step for step, said in states(out).items() if said != 'done already']


def record(tmp_path):
    return json.loads((tmp_path / 'work_dirs/train_rig_Ours/train_rig.json').read_text())


def test_a_dry_run_names_every_step_and_writes_nothing(tmp_path, call, stand_in, capsys):
    before = sorted(tmp_path.rglob('*'))
    assert call('--dry-run') == 0
    out = capsys.readouterr().out
    assert list(states(out)) == STEPS
    for command in (
        'mmpose-ours init data/Ours --rig rig.json',
        'mmpose-ours check-rig data/Ours/camera_parameters.json',
        'mmpose-ours fit-space data/Ours/camera_parameters.json',
        'train.py work_dirs/train_rig_Ours/trained.py',
        'test.py work_dirs/train_rig_Ours/test/trained_synthetic.py',
    ):
        assert command in out
    assert sorted(tmp_path.rglob('*')) == before and not stand_in.calls


def test_a_dry_run_has_the_init_that_will_run(tmp_path, call, stand_in, capsys):
    assert call('--only', 'init') == 0
    capsys.readouterr()
    assert call('--dry-run', '--from', 'init') == 0
    assert 'mmpose-ours init' not in capsys.readouterr().out, 'the folder is there'
    write_rig(rig_of(4), tmp_path / 'rig.json', 'campus')
    assert call('--dry-run') == 0
    assert 'mmpose-ours init data/Ours --rig rig.json --force\n' in capsys.readouterr().out


def foretold(out):
    """Minutes that are left before each step."""
    return [int(said.rpartition('about ')[2].split()[0]) for said in states(out).values()]


def test_a_busy_machine_takes_longer_but_for_the_training(call, stand_in, capsys, monkeypatch):
    minutes = {}
    for load in (0.0, 40.0):
        monkeypatch.setattr(os, 'getloadavg', lambda load=load: (load, 0.0, 0.0), raising=False)
        args = ['train-rig', 'data/Ours', '--rig', 'rig.json', '--minutes', '60', '--dry-run']
        assert cli.main(args) == 0
        minutes[load] = foretold(capsys.readouterr().out)
    training, tests = 4, 5
    assert minutes[40.0][tests] > 5 * minutes[0.0][tests]
    idle, busy = (minutes[load][training] - minutes[load][tests] for load in (0.0, 40.0))
    assert 59 <= idle <= 62 and 59 <= busy <= 62
    monkeypatch.setattr(os, 'cpu_count', lambda: 4)
    monkeypatch.setattr(os, 'getloadavg', lambda: (7.0, 0.0, 0.0), raising=False)
    assert train_rig_command.slowdown() == 2
    monkeypatch.delattr(os, 'getloadavg')
    assert train_rig_command.slowdown() == 1


def test_minutes_are_a_limit_by_the_clock(tmp_path, call, stand_in, monkeypatch):
    """Timing, which takes 12 s here, and the start of the script are part of them."""
    now = [0.0]

    def timed(site, record):
        now[0] += 12.0
        return 0.5, 8.0

    monkeypatch.setattr(train_rig_steps, '_seconds_per_step', timed)
    monkeypatch.setattr(train_rig_steps.time, 'monotonic', lambda: now[0])
    words = ['train-rig', 'data/Ours', '--rig', 'rig.json', '--frames', '10', '--minutes', '2']
    assert cli.main(words) == 0
    scope = {}
    exec((tmp_path / 'work_dirs/train_rig_Ours/trained.py').read_text(), scope)
    assert stand_in.trainings()[0][-1] == '--no-validate'
    loop, data = scope['train_cfg'], scope['train_dataloader']
    assert (loop['type'], loop['seconds'], loop['max_epochs']) == ('TimedTrainLoop', 100.0, 10)
    assert data['dataset']['num_samples'] == 20 * data['batch_size'], '200 steps of half a second'
    now[0] = 0.0
    assert cli.main([*words[:-1], '0.2', '--from', 'train']) == 0
    exec((tmp_path / 'work_dirs/train_rig_Ours/trained.py').read_text(), scope)
    assert scope['train_cfg']['seconds'] == pytest.approx(0.3 * 12, abs=0.1)


def test_what_is_done_is_skipped_and_what_changed_is_done_again(tmp_path, call, stand_in, capsys):
    assert call() == 0
    out = capsys.readouterr().out
    assert did(out) == STEPS
    assert 'The trained model is better than' in out
    work_dir = tmp_path / 'work_dirs/train_rig_Ours'
    assert json.loads((work_dir / 'report.json').read_text())['use'] == 'trained'
    command = shlex.split(out.split('From now on: ')[1].splitlines()[0])
    assert command == json.loads((work_dir / 'report.json').read_text())['command'].split()
    args = build_parser(command[1:]).parse_args(command[1:])
    assert (args.command, args.config) == ('predict', 'work_dirs/train_rig_Ours/trained.py')
    assert args.checkpoint == 'work_dirs/train_rig_Ours/train/epoch_1.pth'
    assert args.rig == ['data/Ours/camera_parameters.json']
    # There is no recording yet: its images belong into the folder.
    assert (args.img_root, args.keypoints) == ('data/Ours', None)

    assert call() == 0
    assert did(capsys.readouterr().out) == []
    assert call('--epochs', '2') == 0
    out = capsys.readouterr().out
    assert did(out) == ['train', 'test', 'report']  # the same people, so the same images
    assert states(out)['train'].startswith('on synthetic people (changed since: --epochs)')
    assert call('--epochs', '2', '--from', 'report') == 0
    assert did(capsys.readouterr().out) == ['report']
    assert call('--epochs', '2', '--only', 'space', 'images') == 0
    out = capsys.readouterr().out
    assert list(states(out)) == did(out) == ['space', 'images']
    (work_dir / 'report.md').unlink()
    assert call('--epochs', '2') == 0
    assert states(capsys.readouterr().out)['report'].count('report.md is gone') == 1


def test_people_who_are_added_are_tested_on_with_cameras_left_out(tmp_path, call, stand_in, capsys):
    assert call() == 0
    capsys.readouterr()
    write_people(tmp_path / 'data/Ours/keypoints_2d.json', rig_of(3))
    stand_in.calls.clear()
    assert call() == 0
    out = capsys.readouterr().out
    assert did(out) == ['check', 'noise', 'train', 'test', 'images', 'report']
    assert 'changed since: keypoints' in states(out)['check']
    assert 'the default detector: ' in out and '60 are needed' in out
    tested = {config for script, config, _ in stand_in.calls if script == 'test.py'}
    assert {'trained_own', 'triangulation_own', 'trained_without_00', 'trained_without_02'} < tested
    report = (tmp_path / 'work_dirs/train_rig_Ours/report.md').read_text(encoding='utf-8')
    assert 'Your own recording (12 frames)' in report
    assert 'Cameras left out in turn: cam 0, cam 1, cam 2' in report


def test_another_calibration_does_everything_again(tmp_path, call, stand_in, capsys):
    assert call() == 0
    write_rig(rig_of(3, radius=4000.0), tmp_path / 'rig.json', 'campus')
    capsys.readouterr()
    assert call() == 0
    out = capsys.readouterr().out
    assert did(out) == STEPS
    assert 'changed since: --rig' in states(out)['init']
    assert 'changed since: calibration' in states(out)['space']
    # Its own file was replaced; one that somebody put there is not.
    write_rig(rig_of(4), tmp_path / 'data/Ours/camera_parameters.json', 'panoptic')
    write_rig(rig_of(3, radius=5000.0), tmp_path / 'rig.json', 'campus')
    assert call() == 2
    err = capsys.readouterr().err
    assert 'another calibration than --rig rig.json' in err and '--force' in err


def test_a_training_that_was_cut_off_goes_on(tmp_path, call, stand_in, capsys):
    stand_in.cut_off_at = 'trained'
    assert call() == 130
    assert record(tmp_path)['steps']['train']['finished'] is None
    train = tmp_path / 'work_dirs/train_rig_Ours/train'
    (train / 'epoch_1.pth').write_text('weights')
    (train / 'last_checkpoint').write_text(str(train / 'epoch_1.pth'))
    stand_in.cut_off_at = None
    capsys.readouterr()
    assert call() == 0
    out = capsys.readouterr().out
    assert '(was cut off)' in states(out)['train']
    assert 'going on from' in out and '--resume' in stand_in.trainings()[-1]
    # Not with other options: those checkpoints are of another training.
    stand_in.cut_off_at = 'trained'
    assert call('--epochs', '3') == 130
    stand_in.cut_off_at = None
    assert call('--epochs', '4') == 0
    assert '--resume' not in stand_in.trainings()[-1]


def test_tests_that_were_cut_off_go_on(call, stand_in, capsys):
    stand_in.cut_off_at = 'triangulation_synthetic'
    assert call() == 130
    stand_in.cut_off_at = None
    stand_in.calls.clear()
    assert call() == 0
    assert [config for _, config, _ in stand_in.calls] == ['triangulation_synthetic']


def test_errors_name_the_next_step(tmp_path, call, stand_in, capsys):
    cases = [
        (dict(rig=None), (), 'data/Ours: no such folder, and no calibration is given'),
        (dict(rig=None), ('--dry-run',), 'data/Ours: no such folder, and no calibration is given'),
        ({}, ('--keypoints', 'none.json'), 'none.json: no such file; correct --keypoints'),
        ({}, ('--keypoints', '.'), 'is a folder, expected one file; run `mmpose-ours keypoints'),
        ({}, ('--frames', '3'), '--frames is 3, expected 10 or more'),
        ({}, ('--only', 'report'), "the step 'test' is not done"),
    ]
    for options, words, said in cases:
        assert call(*words, **options) == 2
        assert said in capsys.readouterr().err
    assert call('--up', '-z') == 2
    assert 'upside down' in capsys.readouterr().err
    assert not stand_in.calls


def test_a_work_dir_of_another_folder_is_refused(call, stand_in, capsys):
    assert call('--work-dir', 'w') == 0
    assert cli.main(['train-rig', 'data/Other', '--rig', 'rig.json', '--work-dir', 'w']) == 2
    assert 'is of the data folder' in capsys.readouterr().err


def test_a_stock_script_that_fails_is_quoted(tmp_path):
    words = [sys.executable, '-c', 'print("fine"); raise ValueError("no such thing")']
    # What the script said last is in the sentence.
    with pytest.raises(StockError, match='status 1: ValueError: no such thing; ') as caught:
        run_stock(words, tmp_path / 'log.txt')
    assert caught.value.file == str(tmp_path / 'log.txt')
    assert (caught.value.found, caught.value.expected) == (1, 0)
    assert 'fine' in (tmp_path / 'log.txt').read_text()


@pytest.mark.skipif(sys.platform != 'linux', reason='only Linux tells a process of its parent')
def test_what_runs_dies_with_the_command(tmp_path):
    """kill -9 leaves nobody who writes into the folder."""
    child = 'import os, time; print(os.getpid(), flush=True); time.sleep(60)'
    code = (
        'import sys\nfrom pathlib import Path\n'
        'from mmpose_ours.workflows.train_rig.stock_scripts import run_stock\n'
        f'run_stock([sys.executable, "-c", {child!r}], Path({str(tmp_path / "log")!r}))\n'
    )
    parent = subprocess.Popen([sys.executable, '-c', code])
    deadline = time.monotonic() + 30
    lines = []
    while len(lines) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
        lines = (tmp_path / 'log').read_text().split('\n') if (tmp_path / 'log').exists() else []
        lines = [line for line in lines if line.isdigit() or line.startswith('$')]
    number = int(lines[1])
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    while Path(f'/proc/{number}').exists() and time.monotonic() < deadline:
        state = Path(f'/proc/{number}/stat').read_text().rsplit(')', 1)[1].split()[0]
        if state == 'Z':
            break
        time.sleep(0.05)
    else:
        assert not Path(f'/proc/{number}').exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ('cameras', 'people', 'joints'),
    [(2, False, 'coco17'), (3, True, 'coco17'), (3, True, 'halpe26')],
)
def test_a_tiny_run_of_the_stock_scripts(
    tmp_path, call, capsys, monkeypatch, cameras, people, joints
):
    tiny = dataclasses.replace(train_rig_site.MODELS['prior'], batch=2, epoch=4)
    monkeypatch.setitem(train_rig_site.MODELS, 'prior', tiny)
    monkeypatch.setattr(train_rig_recordings, 'MOST_LEFT_OUT', 1)
    write_rig(rig_of(cameras), tmp_path / 'rig.json', 'campus')
    if people:
        write_people(tmp_path / 'people.json', rig_of(cameras))
    words = ['--keypoints', 'people.json'] if people else []
    assert call(*words, '--joints', joints) == 0
    work_dir = tmp_path / 'work_dirs/train_rig_Ours'
    assert (work_dir / 'train/epoch_1.pth').is_file()
    report = json.loads((work_dir / 'report.json').read_text())
    assert report['figures']['synthetic']['triangulation']['people_found'] > 0.5
    if people:
        assert report['figures']['own']['triangulation']['score'] > 0.9
    assert report['left_out'] == (['cam 0'] if people else [])
    assert len(list((work_dir / 'images').glob('*.png'))) >= 1 + 3 * 2
    trained = read_predictions(work_dir / 'test/trained_synthetic.json')
    assert trained.skeleton.name == joints
    assert did(capsys.readouterr().out) == STEPS
