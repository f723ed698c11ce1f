"""Each refusal of train-rig names one option or command; who follows it gets past that point."""

import json

import numpy as np
import pytest
from train_rig_calls import (
    CALL,
    OWN,
    WORK,
    camera,
    changed,
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
from train_rig_runs import rig_of

from mmpose_ours.calibration import write_rig
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.workflows.train_rig.job import Site
from mmpose_ours.workflows.train_rig.refusals import Fix, RefusedError, calibration_fix


@pytest.fixture(autouse=True)
def folder(call, stand_in, tmp_path):
    """A folder of its own with ``rig.json``, and no stock scripts."""
    return tmp_path


@pytest.fixture
def rig(folder):
    """Calls with this calibration."""
    return [*CALL, '--rig', 'rig.json']


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
