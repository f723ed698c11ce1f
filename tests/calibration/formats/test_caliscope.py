"""Caliscope's two styles against hand-made and published files."""

import cv2
import numpy as np
import pytest
from tool_rigs import read_sample

from mmpose_ours.calibration import CalibrationError, read_rig, recognise_format, write_rig
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
        values = {number: str(i), **VALUES, 'translation': f'[ 0.0, 1.5, {i}.0,]'}
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
    ('style', 'number'), [('config', 'port'), ('array', 'port'), ('array', 'cam_id')]
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
    with pytest.raises(CalibrationError, match='caliscope files do not say the up axis'):
        read_rig(file(tmp_path, 'config'))
    with pytest.raises(CalibrationError, match="cannot write format 'caliscope'"):
        write_rig(read_rig(file(tmp_path, 'config'), up='z'), tmp_path / 'y.toml', 'caliscope')


@pytest.mark.parametrize('key', ['rotation', 'translation', 'matrix'])
@pytest.mark.parametrize('value', [None, '"null"', '[]', '""'])
@pytest.mark.parametrize('style', ['config', 'array'])
def test_what_is_not_known_yet(tmp_path, key, value, style):
    reading = read(file(tmp_path, style, **{key: value}))
    assert reading.rig.names == ('1',)
    assert reading.uncalibrated == ('0',)
    with pytest.raises(CalibrationError, match=r'no camera in it has .* \(listed: 0\)'):
        read(file(tmp_path, style, count=1, **{key: value}))


def test_ignored_cameras_are_kept_and_said(tmp_path):
    reading = read(file(tmp_path, 'array', 'cam_id', ignore='true'))
    assert reading.rig.names == ('0', '1')
    assert len(reading.notes) == 1
    assert "camera '0' is marked ignore = true" in reading.notes[0]


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
    ('changes', 'piece'),
    [
        ({'rotation': '[ 0.0, 0.0 ]'}, r"camera '0', .*rotation has 2 values, expected 9 or 3"),
        ({'rotation': str(np.zeros((3, 3)).tolist())}, "camera '0': R is not a rotation matrix"),
        ({'rotation': '5'}, r"camera '0', .*rotation has 1 values"),
        ({'translation': '[ nan, 0, 0 ]'}, r'translation\[0\] is NaN, expected a finite number'),
        ({'matrix': '[ [ 1.0 ] ]'}, r'matrix has 1 values, expected 3x3 numbers'),
        ({'distortions': None}, "has no 'distortions'"),
        ({'distortions': '[ 1.0 ]'}, 'distortions has 1 values, expected 0 or 4 or 5'),
        ({'size': '[ 128, 720 ]'}, 'lies outside its 128x720 image'),
        ({'size': '"null"', 'port': '1.5'}, 'port is 1.5, expected a text'),
        ({'port': '1'}, 'camera names must be unique, repeated: 1'),
        ({'ignore': '3'}, 'ignore is 3, expected true or false'),
        ({'fisheye': '[]x'}, 'not valid TOML'),
    ],
)
def test_broken_values(tmp_path, style, changes, piece):
    path = file(tmp_path, style, **changes)
    with pytest.raises(CalibrationError, match=piece):
        read_calibration(path, 'caliscope', up='z')


@pytest.mark.parametrize('text', ['cameras = 3\n', '[cameras]\na = 3\n', '', '[cam_0]\nport = 3\n'])
def test_other_files_are_not_claimed(tmp_path, text):
    (tmp_path / 'x.toml').write_text(text)
    with pytest.raises(CalibrationError, match='fits no known format'):
        recognise_format(tmp_path / 'x.toml')
    with pytest.raises(CalibrationError):
        read(tmp_path / 'x.toml')
