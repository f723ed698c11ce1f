"""DANNCE and Label3D files against the real file and hand-made cases."""

import numpy as np
import pytest
from calibration_rigs import assert_same_rig, ring_rig
from errors import fails
from scipy.io import savemat
from tool_rigs import read_sample

from mmpose_ours.calibration import CalibrationError, recognise_format
from mmpose_ours.calibration.api import read_calibration
from mmpose_ours.calibration.formats import dannce
from mmpose_ours.calibration.formats.dannce import read
from mmpose_ours.calibration.parsing.source import Source


def parameters(camera, **changes):
    """What DANNCE keeps of a camera, for row vectors."""
    k1, k2, p1, p2, k3 = camera.dist_full[:5]
    return {
        'K': camera.K.T,
        'r': camera.R_w2c.T,
        't': camera.t_w2c.reshape(1, 3),
        'RDistort': np.array([[k1, k2, k3]]),
        'TDistort': np.array([[p1, p2]]),
        **changes,
    }


def label3d(path, cameras, names=None, **more):
    params = np.empty((len(cameras), 1), dtype=object)
    params[:, 0] = cameras
    content = {'params': params, **more}
    if names is not None:
        content['camnames'] = np.array([names], dtype=object)
    savemat(str(path), content)
    return path


@pytest.mark.parametrize('names', [('left', 'right', 'top', 'gate'), None])
def test_label3d_gives_the_rig(tmp_path, names):
    rig = ring_rig(size=None, names=names or [f'Camera{i + 1}' for i in range(4)])
    path = label3d(tmp_path / 'x.mat', [parameters(c) for c in rig], names, sync=np.eye(2))
    assert recognise_format(path)[0] == 'dannce'
    assert_same_rig(rig, read(Source(path)).rig)


def test_one_file_per_camera_is_named_like_the_file(tmp_path):
    rig = ring_rig(size=None, names=[f'hires_cam{i + 1}_params' for i in range(4)])
    for camera in rig:
        savemat(str(tmp_path / f'{camera.name}.mat'), parameters(camera))
    assert recognise_format(tmp_path)[0] == 'dannce'
    assert_same_rig(rig, read_calibration(tmp_path, up='z').rig)
    with fails(CalibrationError, code='missing-value', expected=['z', '-z', 'y', '-y', 'x', '-x']):
        read_calibration(tmp_path)


def test_rows_by_hand(tmp_path):
    # A quarter turn: x_cam = x_world @ r + t.
    r = np.array([[0, 0, 1.0], [1, 0, 0], [0, 1, 0]])
    K = np.array([[900, 0, 0], [2.5, 910, 0], [300, 200, 1.0]])
    camera = parameters(ring_rig()['cam0'], r=r, K=K, t=[[10, 20, 300]], RDistort=[[0.1, 0.2]])
    savemat(str(tmp_path / 'a.mat'), camera)
    found = read(Source(tmp_path / 'a.mat')).rig['a']
    np.testing.assert_allclose(found.to_camera([1, 2, 3]), np.array([1, 2, 3]) @ r + (10, 20, 300))
    np.testing.assert_array_equal(found.K, [[900, 2.5, 300], [0, 910, 200], [0, 0, 1]])
    assert found.dist[4] == 0 and tuple(found.dist[:2]) == (0.1, 0.2)


@pytest.mark.parametrize(
    ('changes', 'fields'),
    [
        ({'K': np.eye(2)}, dict(code='wrong-shape', camera='b', place='params[1].K', found=4)),
        ({'K': np.eye(3) * np.nan}, dict(code='not-finite', place='params[1].K[0][0]')),
        ({'K': 'text'}, dict(code='file-format', place='params[1].K', found='text')),
        (
            {'r': np.eye(3) * 2},
            dict(
                code='invalid-input',
                camera='b',
                found=[[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0]],
            ),
        ),
        ({'t': np.zeros(2)}, dict(code='wrong-shape', place='params[1].t', found=2)),
        ({'RDistort': np.zeros(4)}, dict(code='wrong-shape', place='params[1].RDistort', found=4)),
        (
            {'TDistort': np.zeros((0, 0))},
            dict(code='wrong-shape', place='params[1].TDistort', found=0),
        ),
        ({'r': np.zeros((100, 100))}, dict(code='wrong-shape', place='params[1].r', found=10000)),
    ],
)
def test_broken_cameras_are_one_sentence(tmp_path, changes, fields):
    good = parameters(ring_rig()['cam0'])
    path = label3d(tmp_path / 'x.mat', [good, {**good, **changes}], ['a', 'b'])
    with fails(CalibrationError, **fields) as caught:
        read(Source(path))
    assert 'x.mat' in str(caught.value) and '\n' not in str(caught.value)


def test_other_broken_files(tmp_path):
    good = parameters(ring_rig()['cam0'])
    path = label3d(tmp_path / 'x.mat', [good, good], ['a'])
    with fails(CalibrationError, code='wrong-shape', place='camnames', found=1):
        read(Source(path))
    with fails(CalibrationError, code='duplicate', camera='a'):
        read(Source(label3d(path, [good, good], ['a', 'a'])))
    savemat(str(path), {'params': np.eye(3)})
    with fails(CalibrationError, code='no-data', place='params'):
        read(Source(path))
    del good['TDistort']
    savemat(str(path), good)
    with fails(CalibrationError, code='missing-value', camera='x', expected='TDistort'):
        read(Source(path))
    path.write_bytes(path.read_bytes()[:-9])
    with fails(CalibrationError, code='damaged', found='it ends inside an element') as caught:
        read(Source(path))
    assert 'with -v7' in str(caught.value), 'what to do'
    path.write_bytes(b'MATLAB 7.3 MAT-file'.ljust(600))
    with fails(CalibrationError, code='file-format', found='it is version 7.3'):
        read(Source(path))


def test_real_file_equals_the_expected_values(shared_data):
    assert recognise_format(shared_data / 'calib/dannce/label3d_dannce.mat')[0] == 'dannce'
    read_sample(dannce, shared_data, 'dannce')


def test_a_file_that_cannot_be_read_says_what_to_do(tmp_path):
    path = label3d(tmp_path / 'x.mat', [parameters(ring_rig()['cam0'])])
    source = Source(path)
    path.unlink()
    with pytest.raises(CalibrationError, match=r'x.mat: cannot be read \(No such.*; check'):
        read(source)
