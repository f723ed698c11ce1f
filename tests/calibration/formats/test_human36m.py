"""Human3.6M's camera parameters: the layouts hold the same numbers in different forms.

The numbers are those of subject 1 in https://github.com/karfly/human36m-camera-parameters
(``camera-parameters.json`` and ``metadata.npy``, the data set's own) and of
``common/h36m_dataset.py`` in https://github.com/facebookresearch/VideoPose3D.
"""

import json
import pickle

import numpy as np
import pytest
from calibration_rigs import people_points, save
from errors import fails

from mmpose_ours.calibration import CalibrationError, convert_calibration, read_rig
from mmpose_ours.calibration.api import read_calibration
from mmpose_ours.calibration.format_table import recognise_format
from mmpose_ours.calibration.formats.datasets import human36m
from mmpose_ours.calibration.parsing.source import Source

LENS = {
    'calibration_matrix': [[1145.04940458804, 0, 512.541504956548],
                           [0, 1143.78109572365, 515.4514869776], [0, 0, 1]],
    'distortion': [-0.207098910824901, 0.247775183068982, -0.00142447157470321,
                   -0.000975698859470499, -0.00307515035078854],
}  # fmt: skip
POSES = {
    '54138969': {
        'R': [[-0.9153617321513369, 0.40180836633680234, 0.02574754463350265],
              [0.051548117060134555, 0.1803735689384521, -0.9822464900705729],
              [-0.399319034032262, -0.8977836111057917, -0.185819527201491]],
        't': [[-346.05078140028075], [546.9807793144001], [5474.481087434061]],
    },
    '55011271': {
        'R': [[0.9281683400814921, 0.3721538354721445, 0.002248380248018696],
              [0.08166409428175585, -0.1977722953267526, -0.976840363061605],
              [-0.3630902204349604, 0.9068559102440475, -0.21395758897485287]],
        't': [[251.42516271750836], [420.9422103702068], [5588.195881837821]],
    },
}  # fmt: skip
VIDEOPOSE = {
    'id': '54138969',
    'center': [512.54150390625, 515.4514770507812],
    'focal_length': [1145.0494384765625, 1143.7811279296875],
    'radial_distortion': [-0.20709891617298126, 0.24777518212795258, -0.0030751503072679043],
    'tangential_distortion': [-0.0009756988729350269, -0.00142447161488235],
    'res_w': 1000,
    'res_h': 1002,
    'azimuth': 70,
}
ORIENTED = {
    'orientation': [0.1407056450843811, -0.1500701755285263, -0.755240797996521,
                    0.6223280429840088],
    'translation': [1841.1070556640625, 4955.28466796875, 1563.4454345703125],
}  # fmt: skip
ANGLES_AND_CENTER = (-1.38382776e00, -3.16734304e00, 4.13636308e-01, 1.84110703e03, 4.95528462e03,
                     1.56344540e03)  # fmt: skip
METADATA_LENS = (1145.04940459, 1143.78109572, 512.541504957, 515.451486978, -0.207098911,
                 0.247775183, -0.00307515035, -0.00142447157, -0.000975698859)  # fmt: skip


def karfly(subjects=('S1',)):
    return {
        'intrinsics': {name: LENS for name in POSES},
        'extrinsics': {subject: POSES for subject in subjects},
    }


def metadata():
    """The numbers of one camera and subject, the same for all."""
    numbers = [*ANGLES_AND_CENTER] * 44 + [*METADATA_LENS] * 4
    text = ' '.join(map(repr, numbers))
    return (
        '<?xml version="1.0"?><metadata><mapping><tr><td>1</td></tr></mapping><dbcameras>'
        f'<index2id><id>54138969</id></index2id></dbcameras><w0>[{text}]</w0></metadata>'
    )


def test_karflys_numbers(tmp_path):
    path = save(karfly(), tmp_path)
    assert recognise_format(path)[0] == 'human36m'
    read = read_calibration(path)
    assert (read.unit, read.up, read.rigs['S1']) == ('mm', 'z', read.rig.names)
    a, b = read.rig
    assert (a.name, a.size) == ('S1_54138969', (1000, 1002))
    assert (b.name, b.size) == ('S1_55011271', (1000, 1000))
    np.testing.assert_array_equal(a.dist, LENS['distortion'])
    # VideoPose3D has the centre
    np.testing.assert_allclose(a.center_w, ORIENTED['translation'], atol=1e-3)
    # karfly's README: P = calibration_matrix [R | t]
    x = np.array(POSES['54138969']['R']) @ [100, 200, 900] + np.ravel(POSES['54138969']['t'])
    np.testing.assert_allclose(a.to_camera([100, 200, 900]), x)


def both_lists():
    return {
        'h36m_cameras_intrinsic_params': [VIDEOPOSE],
        'h36m_cameras_extrinsic_params': {'S1': [ORIENTED], 'S2': [{}]},
    }


def merged():
    return {'S1': [{**VIDEOPOSE, **ORIENTED}], 'S2': [dict(VIDEOPOSE)]}


def loaded():
    """As VideoPose3D keeps them: shares of the width about the middle, metres, arrays."""
    camera = {k: np.float32(v) for k, v in {**VIDEOPOSE, **ORIENTED}.items() if k != 'id'}
    camera.update(id='54138969', res_w=1000, res_h=1002)
    camera['center'] = camera['center'] / 1000 * 2 - np.float32([1, 1.002])
    camera['focal_length'] = camera['focal_length'] / 1000 * 2
    camera['translation'] = camera['translation'] / 1000
    return {'S1': [camera]}


@pytest.mark.parametrize('make', [both_lists, merged, loaded, metadata])
def test_other_layouts_hold_the_same_camera(tmp_path, make):
    data = make()
    if isinstance(data, str):
        path = tmp_path / 'metadata.xml'
        path.write_text(data)
    elif make is loaded:
        path = tmp_path / 'cameras.pkl'
        path.write_bytes(pickle.dumps(data))
    else:
        path = save(data, tmp_path)
    assert recognise_format(path)[0] == 'human36m'
    reading = human36m.read(Source(path))
    true = human36m.read(Source(save(karfly(), tmp_path, 'k.json'))).rig['S1_54138969']
    found = reading.rig['S1_54138969']
    assert found.size == true.size
    np.testing.assert_allclose(found.K, true.K, atol=2e-4)
    np.testing.assert_allclose(found.dist, true.dist, atol=1e-7)
    np.testing.assert_allclose(found.R_w2c, true.R_w2c, atol=1e-6)
    np.testing.assert_allclose(found.center_w, true.center_w, atol=2e-3)
    if make in (both_lists, merged):
        assert reading.uncalibrated == ('S2_54138969',)
    points = people_points()
    uv, valid = found.project(points)
    expected, _ = true.project(points)
    assert np.abs(uv - expected)[valid].max() < 2e-3


def test_several_subjects_are_several_rigs(tmp_path):
    path = save(karfly(['S1', 'S5']), tmp_path)
    first = ['S1_54138969', 'S1_55011271']
    with fails(CalibrationError, code='ambiguous', found=['S1', 'S5'], expected=first) as caught:
        read_rig(path)
    assert "cameras=['S1_54138969', 'S1_55011271']" in str(caught.value)
    mixed = ['S1_54138969', 'S5_55011271']
    with fails(CalibrationError, code='ambiguous', found=['S1', 'S5']):
        read_rig(path, cameras=mixed)
    assert read_rig(path, cameras=first[::-1]).names == tuple(first[::-1])
    with fails(CalibrationError, code='unknown-camera', found='S7_54138969'):
        read_rig(path, cameras=['S7_54138969', 'S1_54138969'])
    target = tmp_path / 'out.json'
    with fails(CalibrationError, code='ambiguous'):
        convert_calibration(path, target, to_format='panoptic')
    assert not target.exists()
    rename = {name: name[3:] for name in first}
    convert_calibration(path, target, to_format='panoptic', cameras=first, rename=rename)
    assert read_rig(target).names == ('54138969', '55011271')


def test_a_pickle_of_mmpose_is_several_rigs_too(tmp_path):
    camera = {'R': np.eye(3), 'T': np.zeros((3, 1)), 'f': [[9.0], [9.0]], 'c': [[5.0], [5.0]]}
    path = tmp_path / 'cameras.pkl'
    pairs = [(s, c) for s in ('S1', 'S5') for c in ('a', 'b')]
    path.write_bytes(pickle.dumps({pair: camera for pair in pairs}))
    read = read_calibration(path, unit='m', up='z')
    assert read.rigs == {'S1': ('S1_a', 'S1_b'), 'S5': ('S5_a', 'S5_b')}


@pytest.mark.parametrize(
    ('change', 'fields'),
    [
        (
            lambda d: d['extrinsics']['S1'].update(new=POSES['54138969']),
            dict(code='missing-value', place='intrinsics', expected='new'),
        ),
        (
            lambda d: d['intrinsics'].update({'54138969': {**LENS, 'distortion': [1, 2]}}),
            dict(code='wrong-shape', camera='S1_54138969', found=2),
        ),
        (lambda d: d['extrinsics'].update(S1={}), dict(code='no-data')),
        (
            lambda d: d['extrinsics'].update(S1={'54138969': {'R': POSES['54138969']['R']}}),
            dict(code='missing-value', camera='S1_54138969', expected='t'),
        ),
    ],
)
def test_broken_values_of_karfly(tmp_path, change, fields):
    data = json.loads(json.dumps(karfly()))
    change(data)
    with fails(CalibrationError, **fields):
        human36m.read(Source(save(data, tmp_path)))


@pytest.mark.parametrize(
    ('changes', 'fields'),
    [
        (dict(orientation=[0, 0, 0, 0]), dict(code='out-of-range')),
        (dict(orientation=[1, 0, 0]), dict(code='wrong-shape', camera='S1_54138969', found=3)),
        (dict(tangential_distortion=[1]), dict(code='wrong-shape', camera='S1_54138969')),
        (dict(res_h=None), dict(code='missing-value', camera='S1_54138969', expected='res_h')),
        (dict(res_h=0), dict(code='out-of-range', camera='S1_54138969')),
        (dict(id=1.5), dict(code='file-format', place='S1[0].id', found=1.5)),
    ],
)
def test_broken_values_of_videopose3d(tmp_path, changes, fields):
    data = {'S1': [{**VIDEOPOSE, **ORIENTED, **changes}]}
    with fails(CalibrationError, **fields):
        human36m.read(Source(save(data, tmp_path)))


def test_broken_metadata(tmp_path):
    path = tmp_path / 'metadata.xml'
    path.write_text(metadata().replace('1145.04940459', '', 1))
    with fails(CalibrationError, code='wrong-shape', found=299):
        human36m.read(Source(path))
    path.write_text(metadata().replace('<w0>', '<other>').replace('</w0>', '</other>'))
    assert human36m.recognise(Source(path)) == ''
    path.write_text(metadata().replace('1145.04940459', 'x', 1))
    with fails(CalibrationError, code='file-format', found='x'):
        human36m.read(Source(path))
