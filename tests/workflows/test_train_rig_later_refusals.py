"""Refusals of train-rig after the folder is made; the fix that each names gets past that point."""

import contextlib
import json
import threading

import numpy as np
import pytest
from bodies import bodies
from tool_files import results, save
from train_rig_calls import (
    CALL,
    OWN,
    WORK,
    edit,
    follow,
    init,
    left_out,
    only,
    refusal,
    report,
    train_rig,
    walk,
)
from train_rig_runs import rig_of, write_people

from mmpose_ours.calibration import write_rig
from mmpose_ours.detections import read_keypoints, write_detections
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.disk.locks import hold_folder
from mmpose_ours.text import argument, arguments_as_options
from mmpose_ours.workflows.train_rig.job import Site
from mmpose_ours.workflows.train_rig.preparation import OF_KEYPOINTS, _check_trusted
from mmpose_ours.workflows.train_rig.refusals import Fix, RefusedError
from mmpose_ours.workflows.train_rig.stock_scripts import StockError


@pytest.fixture(autouse=True)
def folder(call, stand_in, tmp_path):
    """A folder of its own with ``rig.json``, and no stock scripts."""
    return tmp_path


@pytest.fixture
def rig(folder):
    """Calls with this calibration."""
    return [*CALL, '--rig', 'rig.json']


# The check


def moved(rig):
    """The last camera stands elsewhere."""
    last = list(rig)[-1]
    other = Camera.looking_at(last.name, (2500, 3000, 1500), (900, 600, 700), 430, last.size)
    return CameraRig((*list(rig)[:-1], other))


def test_a_check_of_the_calibration_that_fails(folder, rig):
    write_people(folder / 'people.json', moved(rig_of(4)))
    write_rig(rig_of(4), 'rig.json', 'campus')
    words = [*rig, '--keypoints', 'people.json']
    error = refusal(words)
    assert error.file == OWN and error.found and not set(error.found) & set(OF_KEYPOINTS)
    # Neither --from nor another call evades it; the option that it names does.
    fix = Fix(('--trust-calibration',))
    words = walk([*words, '--from', 'space'], ('invalid-input', fix))
    assert report(folder)['warnings']
    assert train_rig(left_out(words, '--from')) == 0


def test_a_check_that_only_warns_does_not_stop(folder, rig):
    write_people(folder / 'people.json', rig_of(3), frames=2)
    assert train_rig([*rig, '--keypoints', 'people.json', '--only', 'init', 'check']) == 0
    steps = json.loads((folder / WORK / 'train_rig.json').read_text())['steps']
    assert steps['check']['finished'] and steps['check']['result']['warnings']


@pytest.mark.parametrize('topic', OF_KEYPOINTS)
@pytest.mark.parametrize('trust', [False, True])
def test_keypoints_that_fail_the_check(folder, topic, trust):
    site = Site(folder, folder, keypoints=folder / 'people.json', trust=trust)
    with pytest.raises(RefusedError) as caught:
        _check_trusted(site, ['camera', topic])
    assert caught.value.fix == Fix(('--no-keypoints',)) and caught.value.found == [topic]


# Keypoints


def nobody(path, rig):
    write_detections(path, {})


def outside(path, rig):
    people = np.full((1, 17, 3), 1.0)
    people[..., :2] = 5000.0
    write_detections(path, {str(n): {name: people for name in rig.names} for n in range(9)})


def damaged(path, rig):
    path.write_text('{"frames": ')


def other_cameras(path, rig):
    write_detections(path, {'0': {'elsewhere': np.ones((1, 17, 3))}})


def test_keypoints_whose_joints_nothing_names(folder, rig):
    """People who are people with the joints of Human3.6M only."""
    rows = bodies('h36m17', 12) * (0.4, 0.4, 1)
    save(
        folder / 'people.json',
        [
            result
            for index, name in enumerate(rig_of(3).names)
            for frame, row in enumerate(rows[index::3])
            for result in results(f'{name}/{frame}.jpg', row)
        ],
    )
    words = only([*rig, '--keypoints', 'people.json'], 'init', 'check')
    out = 'data/Ours/keypoints_2d.json'
    command = ('mmpose-ours', 'keypoints', 'people.json', out, '--skeleton', 'h36m17')
    error = refusal(words)
    assert (error.code, error.expected) == ('ambiguous', 'h36m17')
    assert error.fix == Fix(('--keypoints', out), command=command)
    follow(words, error.fix)
    assert read_keypoints(out)['0'][rig_of(3).names[0]].skeleton.name == 'h36m17'


@pytest.mark.parametrize('write', [nobody, outside, damaged, other_cameras])
@pytest.mark.parametrize('usual', [False, True])
def test_keypoints_that_cannot_be_used(folder, rig, write, usual):
    path = folder / ('data/Ours/keypoints_2d.json' if usual else 'people.json')
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, rig_of(3))
    words = rig if usual else [*rig, '--keypoints', 'people.json']
    for steps in (['init', 'check'], ['noise']):
        if steps == ['noise'] and write is nobody:
            continue  # the default detector
        try:
            train_rig(only(words, *steps))
        except RefusedError as error:
            assert error.fix == Fix(('--no-keypoints',))
            walk(only(words, *steps), (error.code, error.fix))
        else:
            raise AssertionError(steps)


# What an earlier call left


def test_a_work_dir_of_another_folder(folder, rig):
    assert train_rig(only([*rig, '--work-dir', 'w'], 'init')) == 0
    words = ['train-rig', 'data/Other', *rig[2:], '--work-dir', 'w', '--only', 'init']
    walk(words, ('conflict', Fix(('--work-dir', 'w_2'))))


@pytest.mark.parametrize('text', ['{', '{}', '{"version": 99}'])
def test_a_record_that_is_none(folder, rig, text):
    (folder / 'w').mkdir()
    (folder / 'w/train_rig.json').write_text(text)
    words = only([*rig, '--work-dir', 'w'], 'init')
    error = refusal(words)
    assert error.fix == Fix(('--work-dir', 'w_2'))
    walk(words, (error.code, error.fix))


def test_a_work_dir_in_use(folder, rig, monkeypatch):
    monkeypatch.setenv('MMPOSE_OURS_LOCK_WAIT', '0')
    held, done = threading.Event(), threading.Event()

    def hold():
        with hold_folder('w', 'work directory'):
            held.set()
            done.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(60)
    try:
        walk(only([*rig, '--work-dir', 'w'], 'init'), ('in-use', Fix(('--work-dir', 'w_2'))))
    finally:
        done.set()
        thread.join()


def test_a_work_dir_that_cannot_be_locked(folder, rig, monkeypatch):
    monkeypatch.setattr('tempfile.tempdir', str(folder / 'tmp'))
    (folder / 'w/.lock').mkdir(parents=True)
    words = only([*rig, '--work-dir', 'w'], 'init')
    walk(words, ('no-data', Fix(('--work-dir', str(folder / 'tmp/w')))))


@pytest.mark.parametrize('step', ['check', 'space', 'noise', 'train', 'test', 'images', 'report'])
@pytest.mark.parametrize('made', [False, True])
def test_a_step_by_itself_whose_data_are_not_there(folder, rig, step, made):
    if made:
        init()
    words = only(rig, step)
    with contextlib.suppress(RefusedError):
        assert train_rig(words) == 0  # builds on nothing
        assert step == 'noise' or (made and step in ('check', 'space'))
        return
    error = refusal(words)
    assert error.fix == Fix(without=('--only',))
    if step in ('check', 'images'):  # the same call for all
        walk(words, (error.code, error.fix))


@pytest.mark.parametrize(
    ('step', 'key', 'at'),
    [
        ('space', 'size_mm', 'train'),
        pytest.param('train', 'epochs', 'test', marks=pytest.mark.slow),
        pytest.param('train', 'checkpoint', 'report', marks=pytest.mark.slow),
        pytest.param('noise', 'faults', 'train', marks=pytest.mark.slow),
        pytest.param('test', 'counts', 'report', marks=pytest.mark.slow),
    ],
)  # fmt: skip
def test_a_result_that_lacks_something(folder, rig, step, key, at):
    assert train_rig(rig) == 0
    edit(folder / WORK / 'train_rig.json', lambda data: data['steps'][step]['result'].pop(key))
    walk([*rig, '--from', at], ('missing-value', Fix(('--from', step))))


def test_a_plan_of_an_interrupted_training(folder, rig, stand_in):
    stand_in.cut_off_at = 'trained'
    with pytest.raises(KeyboardInterrupt):
        train_rig(rig)
    stand_in.cut_off_at = None
    for text in ('{', '{}'):
        (folder / WORK / 'train/plan.json').write_text(text)
        (folder / WORK / 'train/last_checkpoint').write_text('x.pth')
        error = refusal(rig)
        assert error.fix == Fix(('--from', 'train'))
    walk(rig, (error.code, error.fix))


@pytest.mark.slow
def test_a_prediction_that_is_damaged(folder, rig):
    assert train_rig(rig) == 0
    for name in ('trained_synthetic.json', 'synthetic/keypoints_2d.json'):
        (folder / WORK / 'test' / name).write_text('{')
        error = refusal([*rig, '--from', 'images'])
        assert error.fix == Fix(('--from', 'test'))
        walk([*rig, '--from', 'images'], (error.code, error.fix))


# Scripts that fail


@pytest.mark.parametrize(
    'config', ['box_synthetic', pytest.param('trained', marks=pytest.mark.slow)]
)
def test_a_script_that_fails(folder, rig, stand_in, config):
    step = 'train' if config == 'trained' else 'test'
    stand_in.fails_at = config
    error = refusal(rig)
    assert error.fix == Fix(command=('mmpose-ours', 'doctor'))
    assert isinstance(error.__cause__, StockError)
    error = refusal(follow(rig, error.fix))  # not by that
    assert error.fix == Fix(('--from', step))
    stand_in.fails_at = None
    assert train_rig(follow(rig, error.fix)) == 0


def test_a_training_whose_steps_have_no_times(folder, rig):
    """The stand-in writes no log; --epochs needs none."""
    words = [*left_out(rig, '--epochs'), '--minutes', '-1']
    walk(words, ('out-of-range', Fix(('--minutes', '30'))),
         ('no-data', Fix(('--epochs', '10'), without=('--minutes',))))  # fmt: skip


# Sentences


def test_options_are_spelled_as_this_command_has_them():
    with arguments_as_options(format='rig-format', any_scale='trust-calibration'):
        assert argument('format') == '--rig-format'
        assert argument('any_scale', True) == '--trust-calibration'
        assert argument('up') == '--up'
    with arguments_as_options():
        assert (argument('format'), argument('any_scale', True)) == ('--from', '--any-scale')


@pytest.mark.parametrize(
    ('fix', 'text'),
    [
        (Fix(('--up', 'y')), 'call this again with `--up y`'),
        (Fix(without=('--only',)), 'call this again without `--only`'),
        (Fix(('--a', 'b c'), ('--d', '--e'), ('x', 'y')),
         "run `x y`, then call this again with `--a 'b c'` and without `--d --e`"),
        (Fix(command=('x',), instead=True), 'run `x` instead'),
    ],
)  # fmt: skip
def test_the_words_of_a_fix(fix, text):
    assert str(fix) == text
