"""Each refusal of train-rig names one option or command; who follows it gets past that point."""

import contextlib
import json
import threading

import numpy as np
import pytest
from train_rig_runs import rig_of, write_people

from mmpose_ours.calibration import write_rig
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.cli import main as cli
from mmpose_ours.detections import write_detections
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.disk.locks import hold_folder
from mmpose_ours.text import argument, arguments_as_options
from mmpose_ours.workflows.train_rig.job import Site
from mmpose_ours.workflows.train_rig.preparation import OF_KEYPOINTS, _check_trusted
from mmpose_ours.workflows.train_rig.refusals import Fix, RefusedError, calibration_fix
from mmpose_ours.workflows.train_rig.stock_scripts import StockError

CALL = ['train-rig', 'data/Ours', '--epochs', '1', '--frames', '10']
OWN, WORK = 'data/Ours/camera_parameters.json', 'work_dirs/train_rig_Ours'


def train_rig(words):
    args = cli.build_parser(words).parse_args(cli.join_up(words))
    return args.run(args)


def refusal(words):
    with pytest.raises(RefusedError) as caught:
        train_rig(words)
    assert isinstance(caught.value.fix, Fix)
    assert str(caught.value).endswith(str(caught.value.fix))
    return caught.value


def left_out(words, option):
    """The words without an option and its values."""
    kept, skipping = [], False
    for word in words:
        if word.startswith('--'):
            skipping = word.partition('=')[0] == option
        if not skipping:
            kept.append(word)
    return kept


def follow(words, fix, values=None):
    """What to call after a refusal, and the command that comes before it has run."""
    values = values or {}
    if fix.command and fix.instead:
        return [*fix.command[1:], *words[2:]]
    if fix.command:
        assert fix.command[0] == 'mmpose-ours'
        assert cli.main(list(fix.command[1:])) in ((0, 1) if 'doctor' in fix.command else (0,))
    for option in fix.without:
        words = left_out(words, option)
    if fix.option:
        option, *rest = fix.option
        words = [*left_out(words, option), option, *(values.get(word, word) for word in rest)]
    return words


def walk(words, *steps, **values):
    """Follow one refusal after the other, each with its code and fix, until the run ends well."""
    for code, fix in steps:
        error = refusal(words)
        assert (error.code, error.fix) == (code, fix)
        words = follow(words, error.fix, values)
    assert train_rig(words) == 0
    return words


@pytest.fixture(autouse=True)
def folder(call, stand_in, tmp_path):
    """A folder of its own with ``rig.json``, and no stock scripts."""
    return tmp_path


@pytest.fixture
def rig(folder):
    """Calls with this calibration."""
    return [*CALL, '--rig', 'rig.json']


def init(rig='rig.json', force=()):
    assert cli.main(['init', 'data/Ours', '--rig', rig, *force]) == 0


def changed(rig, change):
    return CameraRig(tuple(map(change, rig)))


def camera(of, size=None, **fields):
    values = dict(name=of.name, K=of.K, R_w2c=of.R_w2c, t_w2c=of.t_w2c, size=of.size,
                  dist=of.dist, lens=of.lens)  # fmt: skip
    return Camera(**{**values, **fields})


def only(words, *steps):
    return [*words, '--only', *steps]


# Arguments


@pytest.mark.parametrize(
    ('words', 'code', 'fix'),
    [
        (('--epochs', '0'), 'out-of-range', Fix(('--epochs', '10'))),
        (('--frames', '3'), 'out-of-range', Fix(('--frames', '10'))),
        (('--keypoints', 'none.json'), 'no-data', Fix(('--no-keypoints',))),
        (('--detector', 'none'), 'unknown-name', Fix(without=('--detector',))),
        (('--detector', 'rig.json'), 'file-format', Fix(without=('--detector',))),
        (('--cameras', 'cam 0', 'x'), 'unknown-camera', Fix(without=('--cameras',))),
        (('--up', 'w'), 'invalid-input', Fix(without=('--up',))),
        (('--unit', 'parsec'), 'invalid-input', Fix(without=('--unit',))),
        (('--image-size', '2x2'), 'conflict', Fix(without=('--image-size',))),
        (('--rig-format', 'colmap'), 'file-format', Fix(without=('--rig-format',))),
        (('--work-dir', 'rig.json'), 'conflict', Fix(('--work-dir', 'rig_2.json'))),
    ],
)  # fmt: skip
def test_arguments(rig, words, code, fix):
    error = refusal([*rig, *words])
    assert error.fix == fix
    walk(only([*rig, *words], 'init', 'check'), (error.code, fix))
    assert error.code == code or code == 'invalid-input'


def test_a_folder_that_is_a_calibration(folder):
    command = ('mmpose-ours', 'train-rig', 'rig', '--rig', 'rig.json')
    words = ['train-rig', 'rig.json', *CALL[2:], '--only', 'init']
    walk(words, ('conflict', Fix(command=command, instead=True)))
    assert (folder / 'rig/camera_parameters.json').is_file()


def test_keypoints_that_are_a_folder(folder, rig):
    people = [{'pose_keypoints_2d': [100.0, 100.0, 1.0] * 25}]
    for name in rig_of(3).names:
        (folder / 'people' / name).mkdir(parents=True)
        file = folder / 'people' / name / 'x_000000000001_keypoints.json'
        file.write_text(json.dumps({'people': people}))
    out = 'data/Ours/keypoints_2d.json'
    fix = Fix(('--keypoints', out), command=('mmpose-ours', 'keypoints', 'people', out))
    walk(only([*rig, '--keypoints', 'people'], 'init'), ('file-format', fix))
    assert (folder / out).is_file()


def test_keypoints_in_a_folder_that_holds_the_data_folder(folder, rig):
    """The output lies outside of what is read."""
    (folder / 'data').mkdir()
    fix = refusal([*rig, '--keypoints', 'data']).fix
    assert fix.option == ('--keypoints', f'{folder}/data_keypoints_2d.json')


# Calibrations


def test_no_calibration(folder):
    walk(only(CALL, 'init'), ('missing-value', Fix(('--rig', 'CALIBRATION'))),
         CALIBRATION='rig.json')  # fmt: skip


def test_another_calibration_than_that_of_the_folder(folder, rig):
    init()
    write_rig(rig_of(3, radius=4000.0), folder / 'rig.json', 'campus')
    command = ('mmpose-ours', 'init', 'data/Ours', '--rig', 'rig.json', '--force')
    walk(only(rig, 'init', 'check'), ('conflict', Fix(command=command)))


def test_a_damaged_calibration_in_the_folder(folder):
    init()
    (folder / OWN).write_text('{"cameras": [')
    command = ('mmpose-ours', 'init', 'data/Ours', '--rig', 'rig.json', '--force')
    steps = [(None, Fix(('--rig', 'CALIBRATION'))), ('conflict', Fix(command=command))]
    error = refusal(CALL)
    steps[0] = (error.code, steps[0][1])
    walk(only(CALL, 'init', 'check'), *steps, CALIBRATION='rig.json')


def test_files_that_init_would_replace(folder, rig):
    (folder / 'data/Ours').mkdir(parents=True)
    (folder / 'data/Ours/README.txt').write_text('mine')
    command = ('mmpose-ours', 'init', 'data/Ours', '--rig', 'rig.json', '--force')
    walk(only(rig, 'init'), ('conflict', Fix(command=command)))


def without_sizes(path):
    data = json.loads(open('rig.json').read())
    for entry in data.values():
        del entry['width'], entry['height']
    path.write_text(json.dumps(data))


def test_a_folder_calibration_without_image_sizes(folder):
    init()
    without_sizes(folder / OWN)
    command = ('mmpose-ours', 'init', 'data/Ours', '--rig', OWN, '--image-size=640x480', '--force')
    replace = Fix(command=command, without=('--image-size',))
    walk(only(CALL, 'init', 'space'), ('missing-value', Fix(('--image-size', 'WxH'))),
         ('conflict', replace), WxH='640x480')  # fmt: skip


def test_a_folder_calibration_that_lacks_more(folder):
    init()
    edit(folder / OWN, lambda data: data['cameras'][0].pop('resolution'))
    command = ('mmpose-ours', 'init', 'data/Ours', '--rig', 'rig.json', '--force')
    walk(only(CALL, 'init', 'check'), ('missing-value', Fix(('--rig', 'CALIBRATION'))),
         ('conflict', Fix(command=command)), CALIBRATION='rig.json')  # fmt: skip


def test_a_calibration_without_image_sizes(folder, rig):
    without_sizes(folder / 'rig.json')
    walk(only(rig, 'init', 'space'), ('missing-value', Fix(('--image-size', 'WxH'))),
         WxH='640x480')  # fmt: skip


def test_another_unit(folder, rig):
    write_rig(changed(rig_of(3), lambda c: camera(c, t_w2c=c.t_w2c / 10)), 'rig.json', 'campus')
    walk(only(rig, 'init', 'check'), ('out-of-range', Fix(('--unit', 'cm'))))


def test_an_upside_down_world(folder, rig):
    turn = np.diag([1.0, -1.0, -1.0])
    turned = changed(rig_of(3), lambda c: camera(c, R_w2c=c.R_w2c @ turn))
    write_rig(turned, 'rig.json', 'campus')
    walk(only(rig, 'init', 'check'), ('out-of-range', Fix(('--up', '-z'))))


def test_an_upside_down_world_in_the_folder(folder, rig):
    init()
    turn = np.diag([1.0, -1.0, -1.0])
    turned = changed(rig_of(3), lambda c: camera(c, R_w2c=c.R_w2c @ turn))
    write_rig(turned, OWN, 'campus')
    command = ('mmpose-ours', 'init', 'data/Ours', '--rig', OWN, '--up=-z', '--force')
    words = only(CALL, 'init', 'check')
    walk([*words, '--up=-z'], ('conflict', Fix(command=command, without=('--up',))))


def test_a_rig_that_is_not_around_people(folder, rig):
    """A head in half a metre's distance: no checks are the only way."""
    cameras = []
    for i in range(3):
        angle = 2 * np.pi * i / 3 + 0.3
        at = (300 * np.cos(angle), 300 * np.sin(angle), 1000)
        cameras.append(Camera.looking_at(f'cam {i}', at, (0, 0, 1300), 150, (640, 480)))
    write_rig(CameraRig(tuple(cameras)), 'rig.json', 'campus')
    words = walk(rig, ('out-of-range', Fix(('--trust-calibration',))))
    for name in ('trained', 'box', 'triangulation'):
        assert 'any_scale=True' in (folder / WORK / f'{name}.py').read_text()
    assert any('500 mm' in text for text in report(folder)['warnings'])
    error = refusal(left_out(words, '--trust-calibration'))
    assert error.fix == Fix(('--trust-calibration',))


def test_a_lens_that_the_folder_cannot_hold(folder, rig):
    lens = changed(rig_of(3), lambda c: camera(c, lens='fisheye', dist=np.zeros(4)))
    write_rig(lens, 'rig.toml', 'anipose')
    words = [*left_out(rig, '--rig'), '--rig', 'rig.toml', '--unit=mm', '--up=z']
    command = ('mmpose-ours', 'convert-calibration', 'rig.toml', 'data/Ours_calibration.json',
               '--to', 'panoptic', '--unit=mm', '--up=z', '--approximate')  # fmt: skip
    fix = Fix(('--rig', 'data/Ours_calibration.json'), ('--unit', '--up'), command)
    walk(only(words, 'init', 'check'), ('cannot-express', fix))


def test_a_camera_whose_name_cannot_be_a_folder(folder, rig):
    named = CameraRig(tuple(camera(c, name=n) for c, n in zip(rig_of(3), ('a', 'A', 'con'))))
    write_rig(named, 'rig.json', 'campus')
    error = refusal(rig)
    assert error.code == 'unsafe' and '--rename' in error.fix.command
    words = follow(only(rig, 'init'), error.fix)
    while True:  # one camera after the other
        try:
            assert train_rig(words) == 0
            break
        except RefusedError as again:
            assert again.found != error.found
            error, words = again, follow(words, again.fix)


def test_cameras_that_are_not_calibrated():
    error = CalibrationError('', code='missing-value', found=['c'], expected=['a', 'b'])
    site = Site(folder=None, work_dir=None)
    assert calibration_fix(error, site) == Fix(('--cameras', 'a', 'b'))


def report(folder):
    return json.loads((folder / WORK / 'report.json').read_text())


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


def edit(path, change):
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


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
