"""THU's JSON against 4D Association's own file of Shelf, and VoxelPose's of the same cameras."""

import json

import cv2
import numpy as np
import pytest
from calibration_rigs import save
from errors import fails

from mmpose_ours.calibration import CalibrationError, recognise_format
from mmpose_ours.calibration.api import read_calibration
from mmpose_ours.calibration.formats.datasets import thu
from mmpose_ours.calibration.parsing.source import Source

# Cameras 0 and 1 of data/shelf/calibration.json of https://github.com/zhangyux15/4d_association.
SHELF = {
    '0': {
        'K': [1063.5121, 0, 511.73825, 0, 1071.8636, 350.08829, 0, 0, 1],
        'RT': [0.65097713, -0.7587173, 0.02402735, -0.5942785,
               -0.01886197, -0.04781039, -0.99867845, 0.9719739,
               0.758863, 0.649664, -0.045434, 2.624511],
        'imgSize': [1032, 776],
    },
    '1': {
        'K': [1097.6978, 0, 521.65216, 0, 1086.6685, 376.58707, 0, 0, 1],
        'RT': [-0.01677109, -0.9998355, 0.00692612, 0.24584039,
               -0.02943505, -0.00643066, -0.99954623, 0.862727,
               0.999426, -0.016967, -0.029322, 3.543943],
        'imgSize': [1032, 776],
    },
}  # fmt: skip
# Camera 0's centre in VoxelPose's calibration_shelf.json, millimetres.
CENTER = (-1586.45, -2109.47, 1104.21)


def read(data, folder):
    return thu.read(Source(save(data, folder)))


def camera(**changes):
    """A camera as ``SerializeCameras`` of the tool writes it: R and T, a flat list each."""
    RT = np.reshape(SHELF['0']['RT'], (3, 4))
    entry = {
        'K': SHELF['0']['K'],
        'R': RT[:, :3].ravel().tolist(),
        'T': RT[:, 3].tolist(),
        'imgSize': [1032, 776],
        'distCoeff': [-0.1, 0.02, 0.001, 0.002, 0.003],
        'rectifyAlpha': 1.0,
    }
    return {k: v for k, v in {**entry, **changes}.items() if v is not None}


def test_the_tools_shelf_is_voxelposes(tmp_path):
    path = save(SHELF, tmp_path)
    assert recognise_format(path) == ('thu', "camera '0' holds K, RT and imgSize")
    read_as = read_calibration(path, up='z')
    assert (read_as.unit, read_as.notes) == ('m', ())
    found = read_as.rig['0']
    assert found.size == (1032, 776)
    np.testing.assert_allclose(found.center_w, CENTER, atol=0.05)
    # Its projection, src/camera.cpp: K [R | T]
    P = np.reshape(SHELF['0']['K'], (3, 3)) @ np.reshape(SHELF['0']['RT'], (3, 4))
    u, v, w = P @ [0.3, 0.2, 1.1, 1]
    np.testing.assert_allclose(found.project([300, 200, 1100])[0], (u / w, v / w), atol=1e-3)


def test_every_camera_of_the_real_file(shared_data):
    case = shared_data.parent / 'cases/19-4d-association/input/4da_calibration.json'
    found = read_calibration(case, up='z').rig
    true = read_calibration(shared_data / 'shelf/calibration_shelf.json').rig
    assert found.names == true.names
    for a, b in zip(found, true):
        np.testing.assert_allclose(a.center_w, b.center_w, atol=0.1)
        np.testing.assert_allclose(a.R_w2c, b.R_w2c, atol=1e-5)
        np.testing.assert_allclose(a.K, b.K, atol=1e-3)


def test_what_the_tool_writes_is_the_same_camera(tmp_path):
    data = {'a': camera(), 'b': camera(RT=SHELF['1']['RT'])}
    path = save(data, tmp_path)
    assert recognise_format(path)[0] == 'thu'
    reading = thu.read(Source(path))
    a, b = reading.rig
    np.testing.assert_array_equal(a.dist, (-0.1, 0.02, 0.001, 0.002, 0.003))
    np.testing.assert_allclose(a.center_w, np.divide(CENTER, 1000), atol=1e-4)
    # RT wins, as in the tool
    np.testing.assert_allclose(b.t_w2c, (0.24584039, 0.862727, 3.543943))
    assert len(reading.notes) == 1, 'rectified images have another K'


def test_spellings(tmp_path):
    R = np.reshape(camera()['R'], (3, 3))
    others = [
        camera(R=cv2.Rodrigues(R)[0].ravel().tolist()),
        camera(R=R.tolist(), T=[[t] for t in camera()['T']]),
        camera(K=np.reshape(camera()['K'], (3, 3)).tolist()),
        camera(distCoeff=[camera()['distCoeff']], imgSize=[1032.0, 776.0]),
        camera(R=None, T=None, RT=np.reshape(SHELF['0']['RT'], (3, 4)).tolist()),
    ]
    plain = read({'a': camera()}, tmp_path).rig['a']
    for other in others:
        found = read({'a': other}, tmp_path).rig['a']
        np.testing.assert_allclose(found.R_w2c, plain.R_w2c, atol=1e-6)
        np.testing.assert_array_equal(found.t_w2c, plain.t_w2c)
        np.testing.assert_array_equal(found.K, plain.K)
        assert found.size == plain.size
    bare = read({'a': camera(distCoeff=None, rectifyAlpha=None)}, tmp_path)
    assert bare.rig['a'].dist.size == 0
    assert bare.notes == ()


@pytest.mark.parametrize(
    ('changes', 'fields'),
    [
        (dict(K=None), dict(code='missing-value', camera='a', place='a', expected='K')),
        (dict(R=None), dict(code='missing-value', camera='a', expected='R')),
        (dict(R=[1, 0, 0, 1]), dict(code='wrong-shape', place='a.R', found=4)),
        (dict(RT=[1, 2, 3]), dict(code='wrong-shape', place='a.RT', found=3)),
        (dict(imgSize=None), dict(code='missing-value', expected='imgSize')),
        (dict(imgSize=[0, 5]), dict(code='out-of-range', place='a.imgSize', found=(0.0, 5.0))),
        (dict(distCoeff=[1, 2, 3]), dict(code='wrong-shape', place='a.distCoeff', found=3)),
        (dict(T=[0, 0, 'x']), dict(code='file-format', place='a.T[2]', found='x')),
        (dict(R=[2, 0, 0, 0, 2, 0, 0, 0, 2]), dict(code='invalid-input', camera='a')),
    ],
)
def test_broken_values(tmp_path, changes, fields):
    with fails(CalibrationError, **fields):
        read({'a': camera(**changes)}, tmp_path)


def test_empty(tmp_path):
    with fails(CalibrationError, code='no-data'):
        read({}, tmp_path)
    assert thu.recognise(Source(save({'a': 1, 'b': {'K': 1}}, tmp_path))) == ''
    (tmp_path / 'x.json').write_text(json.dumps([camera()]))
    assert thu.recognise(Source(tmp_path / 'x.json')) == ''
