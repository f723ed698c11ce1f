"""calib.io's parameters against what its public reader hands to OpenCV."""

import json

import cv2
import numpy as np
import pytest
from calibration_rigs import people_points, ring_rig, save
from errors import fails

from mmpose_ours.calibration import CalibrationError, recognise_format
from mmpose_ours.calibration.api import read_calibration
from mmpose_ours.calibration.formats import calibio
from mmpose_ours.calibration.parsing.source import Source

KEYS = ('k1', 'k2', 'p1', 'p2', 'k3', 'k4', 'k5', 'k6', 's1', 's2', 's3', 's4', 'tauX', 'tauY')


def parameters(rig, top='Calibration', model='libCalib::CameraModelOpenCV'):
    cameras = []
    for index, camera in enumerate(rig):
        values = dict(zip(KEYS, camera.dist_full.tolist()))
        values.update(f=camera.K[0, 0], ar=camera.K[1, 1] / camera.K[0, 0], cx=camera.K[0, 2],
                      cy=camera.K[1, 2])  # fmt: skip
        rvec, t = cv2.Rodrigues(camera.R_w2c)[0].ravel().tolist(), (camera.t_w2c / 1000).tolist()
        size = dict(zip(('width', 'height'), camera.size))
        entry = {
            'polymorphic_id': 1 if index else (1 << 31) + 1,
            'ptr_wrapper': {
                'id': (1 << 31) + index + 1,
                'data': {
                    'CameraModelCRT': {'CameraModelBase': {'imageSize': size}},
                    'parameters': {k: {'val': v, 'state': 0} for k, v in values.items()},
                },
            },
        }
        if not index:
            entry['polymorphic_name'] = model
        transform = {
            'rotation': dict(zip(('rx', 'ry', 'rz'), rvec)),
            'translation': dict(zip('xyz', t)),
        }
        cameras.append({'model': entry, 'transform': transform})
    return {top: {'cameras': cameras, 'poses': [], 'targets': []}}


def read_as_their_sample_does(data, index):
    """readCalibParameters.cpp (public domain): K, k, rvec and tvec for OpenCV's functions."""
    camera = data['Calibration']['cameras'][index]
    values = {k: v['val'] for k, v in camera['model']['ptr_wrapper']['data']['parameters'].items()}
    K = np.array([[values['f'], 0, values['cx']], [0, values['f'] * values['ar'], values['cy']],
                  [0, 0, 1]])  # fmt: skip
    transform = camera['transform']
    rvec = np.array([transform['rotation'][k] for k in ('rx', 'ry', 'rz')])
    tvec = np.array([transform['translation'][k] for k in 'xyz'])
    return K, np.array([values[k] for k in KEYS]), rvec, tvec


def read(data, folder):
    return calibio.read(Source(save(data, folder)))


@pytest.mark.parametrize('count', [5, 8, 12, 14])
def test_pixels_are_opencvs_of_their_sample(tmp_path, count):
    dist = (-0.2, 0.1, 4e-4, -7e-4, 0.02, 0.01, -0.02, 0.003, 1e-5, 2e-3, -1e-3, 3e-4, 0.01, -0.02)
    rig = ring_rig(dist=dist[:count])
    data = parameters(rig)
    path = save(data, tmp_path)
    assert recognise_format(path)[0] == 'calibio'
    read_as = read_calibration(path, up='z')
    assert read_as.unit == 'm'
    points = people_points()
    for index, camera in enumerate(read_as.rig):
        assert (camera.name, camera.size, len(camera.dist)) == (str(index), (1280, 720), count)
        K, k, rvec, tvec = read_as_their_sample_does(data, index)
        expected = cv2.projectPoints(points / 1000, rvec, tvec, K, k)[0][:, 0]
        uv, valid = camera.project(points)
        assert valid.any()
        np.testing.assert_allclose(uv[valid], expected[valid], atol=1e-5)


def test_versions_and_names(tmp_path):
    data = parameters(ring_rig(), top='calibration', model='libCalib::CameraModelMatlab')
    cameras = data['calibration']['cameras']
    for index, camera in enumerate(cameras):
        camera['serial'] = f's{index}'
        inside = camera['model']['ptr_wrapper']['data']
        # readCalibParameters.m, of version 1.5: the size in two numbers, and a skew
        base = inside['CameraModelCRT']['CameraModelBase']
        size = base.pop('imageSize')
        base.update(imageWidth=size['width'], imageHeight=size['height'])
        inside['parameters']['skew'] = {'val': 2.5}
        for key in KEYS[5:]:
            del inside['parameters'][key]
    path = save(data, tmp_path)
    assert recognise_format(path)[0] == 'calibio'
    rig = calibio.read(Source(path)).rig
    assert rig.names == ('s0', 's1', 's2', 's3')
    assert (rig['s0'].K[0, 1], rig['s0'].size) == (2.5, (1280, 720))
    for camera in cameras[:2]:
        camera['serial'] = 'same'
    assert read(data, tmp_path).rig.names == ('0', '1', '2', '3')
    del cameras[0]['model']['ptr_wrapper']['data']['CameraModelCRT']
    assert read(data, tmp_path).rig['0'].size is None


def test_other_lens_models_are_refused(tmp_path):
    data = parameters(ring_rig(), model='libCalib::CameraModelFisheye')
    with fails(
        CalibrationError, code='cannot-express', camera='0', found='libCalib::CameraModelFisheye'
    ):
        read(data, tmp_path)
    # The second camera's, which repeats the number only
    entry = data['Calibration']['cameras'][0]['model']
    entry['polymorphic_name'] = 'libCalib::CameraModelOpenCV'
    entry['polymorphic_id'] += 1
    other = data['Calibration']['cameras'][1]['model']
    other.update(polymorphic_id=(1 << 31) + 1, polymorphic_name='libCalib::Other')
    with fails(CalibrationError, code='cannot-express', camera='1', found='libCalib::Other'):
        read(data, tmp_path)


@pytest.mark.parametrize(
    ('place', 'value', 'fields'),
    [
        ('model.ptr_wrapper.data.parameters.f', None, dict(code='missing-value', expected='f')),
        ('model.ptr_wrapper.data.parameters.f', 7, dict(code='file-format', camera='0')),
        (
            'model.ptr_wrapper.data.parameters.f.val',
            'x',
            dict(
                code='file-format',
                camera='0',
                place='Calibration.cameras[0].model.ptr_wrapper.data.parameters.f.val',
            ),
        ),
        ('transform', None, dict(code='missing-value', camera='0', expected='transform')),
        ('transform.rotation.rx', None, dict(code='missing-value', expected='rx')),
        ('transform.translation.x', 1e30, dict(code='out-of-range', camera='0')),
        ('model.polymorphic_id', 'x', dict(code='file-format', camera='0')),
        ('model', None, dict(code='missing-value', camera='0', expected='model')),
    ],
)
def test_broken_values(tmp_path, place, value, fields):
    data = parameters(ring_rig())
    inside = data['Calibration']['cameras'][0]
    *way, last = place.split('.')
    for key in way:
        inside = inside[key]
    inside[last] = value
    with fails(CalibrationError, **fields):
        read(data, tmp_path)


def test_what_is_no_such_file(tmp_path):
    for data in ([], {'Calibration': 1}, {'Calibration': {'cameras': [1, {'model': 2}]}}):
        (tmp_path / 'x.json').write_text(json.dumps(data))
        assert calibio.recognise(Source(tmp_path / 'x.json')) == ''
    with fails(CalibrationError, code='no-data'):
        read({'Calibration': {'cameras': []}}, tmp_path)
    with fails(CalibrationError, code='missing-value', expected='Calibration'):
        read({}, tmp_path)
