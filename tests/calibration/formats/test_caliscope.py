"""Caliscope's two styles against hand-made and published files."""

import sys

import cv2
import numpy as np
import pytest
from case_rigs import case_folder
from errors import fails
from tool_rigs import read_sample

from mmpose_ours.calibration import (
    FORMATS,
    CalibrationError,
    convert_calibration,
    read_rig,
    recognise_format,
    write_rig,
)
from mmpose_ours.calibration.api import read_calibration
from mmpose_ours.calibration.formats import caliscope as caliscope_format
from mmpose_ours.calibration.parsing.source import Source

# Looks along the world's x, upright.
R = [[0.0, -1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]]
VECTOR = cv2.Rodrigues(np.array(R))[0].ravel().tolist()
VALUES = {
    'size': '[ 1280, 720,]',
    'rotation_count': '-1',
    'error': '0.19',
    'matrix': '[ [ 900.0, 0.0, 624.0,], [ 0.0, 896.0, 361.0,], [ 0.0, 0.0, 1.0,],]',
    'distortions': '[ -0.3, 0.09, -0.001, 0.003, -0.004,]',
    'rotation': str(R),
    'exposure': '"null"',
    'grid_count': '24',
    'ignore': 'false',
}
SESSION = 'CreationDate = 2023-05-06T11:12:27.631355\nfps_recording = 24\n\n'
BOARDS = '[capture_volume]\nstage = 2\n\n[charuco]\ncolumns = 4\nunits = "inch"\n'


def file(folder, style, number='port', count=2, **changes):
    """A file of a style, the first camera of which differs."""
    text = SESSION if style == 'config' else ''
    for i in range(count):
        values = {**VALUES, number: str(i), 'translation': f'[ 0.0, 1.5, {i}.0,]'}
        values.update(changes if i == 0 else {})
        prefix = 'cam_' if style == 'config' else 'cameras.'
        lines = [f'{key} = {value}' for key, value in values.items() if value is not None]
        text += f'[{prefix}{i}]\n' + '\n'.join(lines) + '\n\n'
    path = folder / 'x.toml'
    path.write_text(text + BOARDS)
    return path


def read(path):
    return caliscope_format.read(Source(path))


@pytest.mark.parametrize(
    ('style', 'number'),
    [
        ('config', 'port'),
        ('config', 'cam_id'),
        ('config', 'grid_count'),
        ('array', 'port'),
        ('array', 'cam_id'),
        ('array', 'grid_count'),
    ],
)
@pytest.mark.parametrize('rotation', [str(R), str(VECTOR), str([[v] for v in VECTOR])])
def test_both_styles_and_rotations_by_hand(tmp_path, style, number, rotation):
    path = file(tmp_path, style, number, rotation=rotation)
    assert recognise_format(path)[0] == 'caliscope'
    rig = read_rig(path, up='z')
    assert rig.names == ('0', '1')
    np.testing.assert_allclose(rig['0'].center_w, (0, 0, 1500), atol=1e-6)
    np.testing.assert_allclose(rig['1'].center_w, (-1000, 0, 1500), atol=1e-6)
    np.testing.assert_allclose(rig['1'].project([2000, 0, 1500])[0], (624, 361))
    # Turned on the screen only.
    assert rig['0'].size == (1280, 720)


@pytest.mark.parametrize('sample', ['config', 'camera_array', 'camera_array_same_rig_as_config'])
def test_real_files(shared_data, sample):
    reading = read_sample(caliscope_format, shared_data, f'caliscope_{sample}')
    assert reading.uncalibrated == () and reading.notes == ()
    path = next((shared_data / 'calib' / f'caliscope_{sample}').iterdir())
    assert recognise_format(path)[0] == 'caliscope'


def test_up_must_be_given_and_nothing_is_written(tmp_path):
    with fails(CalibrationError, code='missing-value', expected=['z', '-z', 'y', '-y', 'x', '-x']):
        read_rig(file(tmp_path, 'config'))
    with fails(CalibrationError, code='unknown-name', found='caliscope'):
        write_rig(read_rig(file(tmp_path, 'config'), up='z'), tmp_path / 'y.toml', 'caliscope')


@pytest.mark.parametrize('key', ['rotation', 'translation', 'matrix'])
@pytest.mark.parametrize('value', [None, '"null"', '[]', '""'])
@pytest.mark.parametrize('style', ['config', 'array'])
def test_what_is_not_known_yet(tmp_path, key, value, style):
    reading = read(file(tmp_path, style, **{key: value}))
    assert reading.rig.names == ('1',)
    assert reading.uncalibrated == ('0',)
    with fails(CalibrationError, code='no-data', found=['0']):
        read(file(tmp_path, style, count=1, **{key: value}))


@pytest.mark.parametrize('style', ['config', 'array'])
@pytest.mark.parametrize('changes', [{}, {'matrix': None, 'rotation': None}])
def test_ignored_cameras_are_left_out_and_said(tmp_path, style, changes):
    reading = read(file(tmp_path, style, 'cam_id', ignore='true', **changes))
    assert reading.rig.names == ('1',) and reading.uncalibrated == ()
    assert len(reading.notes) == 1
    assert "camera '0': marked ignore = true" in reading.notes[0]
    with fails(CalibrationError, code='no-data'):
        read(file(tmp_path, style, count=1, ignore='true'))


def test_ignored_cameras_do_not_stop_a_conversion(tmp_path):
    """Their file is converted without naming the others."""
    path = file(tmp_path, 'array', 'cam_id', count=3, ignore='true', matrix=None)
    done = convert_calibration(path, tmp_path / 'out.json', to_format='panoptic', up='z')
    assert any('ignore = true' in note for note in done.notes)
    assert read_rig(tmp_path / 'out.json').names == ('1', '2')


@pytest.mark.parametrize('name', ['reference_2d_data', 'sessions_4_cam_recording'])
def test_sections_with_cam_id_of_the_reported_case(shared_data, name):
    tomllib = pytest.importorskip('tomllib' if sys.version_info >= (3, 11) else 'tomli')
    case = case_folder(shared_data, '24-caliscope-cam_N-with-cam_id')
    path = case / f'input/caliscope_tests_{name}_config.toml'
    assert recognise_format(path)[0] == 'caliscope'
    rig = read(path).rig
    sections = {key: value for key, value in tomllib.loads(path.read_text()).items()
                if key.startswith('cam_')}  # fmt: skip
    assert rig.names == tuple(str(section['cam_id']) for section in sections.values())
    for camera, section in zip(rig, sections.values()):
        np.testing.assert_array_equal(camera.K, section['matrix'])
        np.testing.assert_array_equal(camera.t_w2c, section['translation'])
        rotation = np.array(section['rotation'])
        rotation = rotation if rotation.size == 9 else cv2.Rodrigues(rotation)[0]
        np.testing.assert_allclose(camera.R_w2c, rotation, atol=1e-12)


def test_fisheye(tmp_path):
    lens = {'fisheye': 'true', 'distortions': '[ 0.1, 0.01, 0.001, 0.0001,]'}
    camera = read(file(tmp_path, 'array', **lens)).rig['0']
    assert camera.lens == 'fisheye'
    np.testing.assert_array_equal(camera.dist, (0.1, 0.01, 0.001, 0.0001))


def test_numbers_as_texts_of_old_files(tmp_path):
    old = {
        'matrix': '[ [ "900.0", "0", "624.0",], [ "0", "896.0", "361.0",], ["0", "0", "1"]]',
        'distortions': '[ [ "-0.3", "0.09", "-0.001", "0.003", "-0.004",],]',
    }
    a, b = read(file(tmp_path, 'config', **old)).rig
    np.testing.assert_array_equal(a.K, b.K)
    np.testing.assert_array_equal(a.dist, b.dist)


@pytest.mark.parametrize('style', ['config', 'array'])
@pytest.mark.parametrize(
    ('changes', 'fields'),
    [
        ({'rotation': '[ 0.0, 0.0 ]'}, dict(code='wrong-shape', place='.rotation', found=2)),
        (
            {'rotation': str(np.zeros((3, 3)).tolist())},
            dict(
                code='invalid-input',
                camera='0',
                found=[[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
            ),
        ),
        ({'rotation': '5'}, dict(code='wrong-shape', place='.rotation', found=1)),
        ({'translation': '[ nan, 0, 0 ]'}, dict(code='not-finite', place='.translation[0]')),
        ({'matrix': '[ [ 1.0 ] ]'}, dict(code='wrong-shape', place='.matrix', found=1)),
        ({'distortions': None}, dict(code='missing-value', place='', expected='distortions')),
        ({'distortions': '[ 1.0 ]'}, dict(code='wrong-shape', place='.distortions', found=1)),
        ({'size': '[ 128, 720 ]'}, dict(code='out-of-range', camera='0', found=(624.0, 361.0))),
        ({'size': '"null"', 'port': '1.5'}, dict(code='file-format', place='.port', found=1.5)),
        ({'port': '1'}, dict(code='duplicate', camera='1')),
        ({'ignore': '3'}, dict(code='file-format', place='.ignore', found=3)),
        ({'fisheye': '[]x'}, dict(code='file-format', expected='toml')),
    ],
)
def test_broken_values(tmp_path, style, changes, fields):
    path = file(tmp_path, style, **changes)
    if 'place' in fields:
        section = 'cam_0' if style == 'config' else 'cameras.0'
        fields = {**fields, 'place': section + fields['place']}
    with fails(CalibrationError, **fields):
        read_calibration(path, 'caliscope', up='z')


@pytest.mark.parametrize('text', ['cameras = 3\n', '[cameras]\na = 3\n', '[cam_0]\nport = 3\n'])
def test_other_files_are_not_claimed(tmp_path, text):
    (tmp_path / 'x.toml').write_text(text)
    with fails(CalibrationError, code='file-format', expected=list(FORMATS)):
        recognise_format(tmp_path / 'x.toml')
    with pytest.raises(CalibrationError):
        read(tmp_path / 'x.toml')
