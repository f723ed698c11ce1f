"""MATLAB's stereo pairs: by hand, MathWorks' documented example, and a reported pair."""

import json
import zlib

import cv2
import numpy as np
import pytest
from case_rigs import assert_same_cameras, case_folder, true_rig
from errors import fails
from scipy.io import savemat

from mmpose_ours.calibration import CalibrationError, read_rig, recognise_format
from mmpose_ours.calibration.formats.matlab import read
from mmpose_ours.calibration.parsing.source import Source

K = np.array([[900.0, 2, 640], [0, 910, 350], [0, 0, 1]])
K_MATLAB = K + [[0, 0, 1], [0, 0, 1], [0, 0, 0]]
# A quarter turn about y: camera 2 looks along camera 1's -x.
R = np.array([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]])
T = np.array([100.0, 0, 50])
DIST = [-0.1, 0.02, 0.001, -0.002, 0.003]


def without_none(values):
    return {key: value for key, value in values.items() if value is not None}


def camera(**changes):
    return without_none({
        'IntrinsicMatrix': K_MATLAB.T,
        'RadialDistortion': [-0.1, 0.02, 0.003],
        'TangentialDistortion': [0.001, -0.002],
        'ImageSize': [720, 1280],
        'NumRadialDistortionCoefficients': 3,
        **changes,
    })  # fmt: skip


def struct(first=None, **changes):
    return without_none({
        'CameraParameters1': first or camera(),
        'CameraParameters2': camera(),
        'RotationOfCamera2': R.T,
        'TranslationOfCamera2': T.reshape(1, 3),
        **changes,
    })  # fmt: skip


def bouguet(**changes):
    values = {'R': R, 'T': T.reshape(3, 1), 'nx': 1280, 'ny': 720}
    for side in ('left', 'right'):
        values[f'fc_{side}'] = [[900.0], [910.0]]
        values[f'cc_{side}'] = [[640.0], [350.0]]
        values[f'alpha_c_{side}'] = 2 / 900
        values[f'kc_{side}'] = np.reshape(DIST, (5, 1))
    return without_none({**values, **changes})


def save(folder, values):
    savemat(folder / 'x.mat', values)
    return folder / 'x.mat'


def pair(folder, **changes):
    return read(Source(save(folder, {'stereoParams': struct(**changes)}))).rig


def check(rig, names):
    first, second = rig
    assert rig.names == names
    for found in rig:
        np.testing.assert_allclose(found.K, K, atol=1e-12)
        np.testing.assert_array_equal(found.dist, DIST)
        assert found.size == (1280, 720)
    np.testing.assert_array_equal(first.R_w2c, np.eye(3))
    np.testing.assert_array_equal(second.R_w2c, R)
    np.testing.assert_array_equal(second.t_w2c, T)


@pytest.mark.parametrize(
    'intrinsics',
    [
        {},
        {'IntrinsicMatrix': None, 'K': K_MATLAB},
        {
            'IntrinsicMatrix': None,
            'FocalLength': [900, 910],
            'PrincipalPoint': [641, 351],
            'Skew': 2,
        },
    ],
)
@pytest.mark.parametrize(
    'place',
    [
        {},
        {'PoseCamera2': {'R': R, 'Translation': T}},
        {'PoseCamera2': {'A': np.vstack([np.c_[R, T], [0, 0, 0, 1]]), 'Dimensionality': 3}},
        {'PoseCamera2': np.vstack([np.c_[R, T], [0, 0, 0, 1]])},
    ],
)
def test_a_struct_of_stereo_parameters(tmp_path, intrinsics, place):
    if place:
        place = {'RotationOfCamera2': None, 'TranslationOfCamera2': None, **place}
    both = camera(**intrinsics)
    values = struct(both, CameraParameters2=both, **place)
    for content in ({'anything': values, 'note': 'text'}, values):
        path = save(tmp_path, content)
        assert recognise_format(path)[0] == 'matlab'
        check(read(Source(path)).rig, ('1', '2'))


def test_json_of_jsonencode(tmp_path):
    def plain(value):
        if isinstance(value, dict):
            return {key: plain(inner) for key, inner in value.items()}
        return np.asarray(value).tolist()

    path = tmp_path / 'pair.json'
    path.write_text(json.dumps(plain(struct())))
    assert recognise_format(path)[0] == 'matlab'
    check(read(Source(path)).rig, ('1', '2'))


def test_pixels_are_counted_from_one(tmp_path):
    """The example of MathWorks' page on cameraIntrinsicsFromOpenCV, which adds 1."""
    opencv = np.array([[729.4644, 0, 570.6455], [0, 728.8196, 346.0108], [0, 0, 1]])
    matlab = [[729.4644, 0, 571.6455], [0, 728.8196, 347.0108], [0, 0, 1]]
    both = camera(IntrinsicMatrix=np.transpose(matlab))
    np.testing.assert_allclose(pair(tmp_path, first=both)['1'].K, opencv, atol=1e-12)


def test_a_struct_made_by_hand_is_taken_as_it_is(tmp_path):
    both = camera(NumRadialDistortionCoefficients=None)
    values = {'stereoParams': struct(first=both, CameraParameters2=both)}
    found = read(Source(save(tmp_path, values)))
    np.testing.assert_allclose(found.rig['1'].K, K_MATLAB, atol=1e-12)


def test_points_go_from_camera_1_to_camera_2(tmp_path):
    """MathWorks' support: ``xyzNew = [x, y, z] * R + t``."""
    rig = pair(tmp_path)
    xyz = np.array([30.0, -20.0, 1000.0])
    row = xyz @ np.array(struct()['RotationOfCamera2']) + T
    np.testing.assert_allclose(rig['2'].R_w2c @ xyz + rig['2'].t_w2c, row)


def test_what_may_be_missing(tmp_path):
    both = camera(
        RadialDistortion=[-0.1, 0.02], TangentialDistortion=None, ImageSize=np.empty((0, 0))
    )
    found = pair(tmp_path, first=both)['1']
    assert found.size is None
    np.testing.assert_array_equal(found.dist, [-0.1, 0.02, 0, 0, 0])


@pytest.mark.parametrize(
    ('unit', 'scale'), [('mm', 1), ('millimeters', 1), ('m', 1000), ('in', 25.4), ('', 1)]
)
def test_world_units(tmp_path, unit, scale):
    rig = pair(tmp_path, CameraParameters2=camera(WorldUnits=unit))
    np.testing.assert_allclose(rig['2'].t_w2c, T * scale)


@pytest.mark.parametrize(
    'changes',
    [
        {},
        {'R': None, 'om': cv2.Rodrigues(R)[0]},
        {'KK_left': K, 'KK_right': K},
        {'nx': None, 'ny': None, **{f'n{a}_{s}': n for a, n in (('x', 1280), ('y', 720))
                                    for s in ('left',)}},
    ],
)  # fmt: skip
def test_bouguets_pair(tmp_path, changes):
    path = save(tmp_path, bouguet(**changes))
    assert recognise_format(path)[0] == 'matlab'
    rig = read(Source(path)).rig
    if 'nx_left' in changes:
        assert [found.size for found in rig] == [(1280, 720), None]
        return
    if 'om' in changes:
        np.testing.assert_allclose(rig['right'].R_w2c, R, atol=1e-12)
        return
    check(rig, ('left', 'right'))


def test_objects_beside_the_struct_do_not_matter(tmp_path):
    path = save(tmp_path, {'stereoParams': struct()})
    content = path.read_bytes()
    path.write_bytes(content[:128] + opaque(b'stereoParameters') + content[128:])
    check(read(Source(path)).rig, ('1', '2'))


@pytest.mark.parametrize('packed', [False, True])
def test_an_object_is_refused_with_the_way_out(tmp_path, packed):
    path = save(tmp_path, {'note': 1.0})
    content, thing = path.read_bytes(), opaque(b'stereoParameters')
    if packed:
        small = zlib.compress(thing)
        thing = (15).to_bytes(4, 'little') + len(small).to_bytes(4, 'little') + small
    path.write_bytes(content + thing)
    assert recognise_format(path)[0] == 'matlab'
    with fails(CalibrationError, code='cannot-express', found='stereoParameters') as caught:
        read_rig(path, up='-y')
    assert 'toStruct' in str(caught.value)


def test_other_objects_are_of_no_interest(tmp_path):
    path = save(tmp_path, {'note': 1.0})
    path.write_bytes(path.read_bytes() + opaque(b'table'))
    with fails(CalibrationError, code='file-format', file=path):
        recognise_format(path)


def test_version_7_3(tmp_path):
    path = tmp_path / 'x.mat'
    path.write_bytes(b'MATLAB 7.3 MAT-file, Platform: GLNXA64'.ljust(512, b'\0'))
    with fails(CalibrationError, code='file-format', found='7.3', expected='7'):
        recognise_format(path)


def opaque(of_class):
    """An object as MATLAB stores it: flags with class 17, its name, MCOS, its class."""

    def element(kind, data):
        size = len(data).to_bytes(4, 'little')
        return kind.to_bytes(4, 'little') + size + data + b'\0' * (-len(data) % 8)

    inner = element(6, (17).to_bytes(8, 'little')) + element(1, b'thing')
    inner += element(1, b'MCOS') + element(1, of_class)
    return element(14, inner)


@pytest.mark.parametrize(
    ('content', 'fields'),
    [
        (struct(RotationOfCamera2=None), dict(code='missing-value')),
        (struct(TranslationOfCamera2=None), dict(code='missing-value')),
        (struct(camera(IntrinsicMatrix=K_MATLAB)), dict(code='conflict', camera='1')),
        (struct(camera(IntrinsicMatrix=None)), dict(code='missing-value', camera='1')),
        (
            struct(camera(MappingCoefficients=[1, 2, 3, 4])),
            dict(code='cannot-express', camera='1'),
        ),
        (struct(WorldUnits='furlong'), dict(code='unknown-name', found='furlong')),
        (struct(camera(RadialDistortion=[1.0])), dict(code='wrong-shape', camera='1')),
        (bouguet(R=None), dict(code='missing-value', expected='R')),
        (bouguet(T=None), dict(code='missing-value', expected='T')),
        (bouguet(om=[[1.0], [0], [0]]), dict(code='conflict')),
        (bouguet(kc_right=None), dict(code='missing-value', camera='right')),
        ({'a': struct(), 'b': struct()}, dict(code='ambiguous', found=['a', 'b'])),
    ],
)
def test_what_cannot_be_read(tmp_path, content, fields):
    path = save(tmp_path, content)
    with fails(CalibrationError, file=path, **fields):
        read(Source(path))


def test_what_is_no_mat_file(tmp_path):
    (tmp_path / 'x.txt').write_text('text')
    with fails(CalibrationError, code='file-format', found='text'):
        read(Source(tmp_path / 'x.txt'))


def test_bouguets_file_of_the_reported_case(shared_data):
    case = case_folder(shared_data, '25-matlab-stereo')
    rig = read(Source(case / 'input/Calib_Results_stereo.mat')).rig
    assert_same_cameras(rig, true_rig(case, relative=True).select(['cam1', 'cam2']))
    turned = read_rig(case / 'input/Calib_Results_stereo.mat', up='-y')
    np.testing.assert_allclose(turned.distances_mm, rig.distances_mm)


def test_the_struct_of_the_reported_case(shared_data):
    case = case_folder(shared_data, '25-matlab-stereo')
    rig = read(Source(case / 'input/stereoParams.mat')).rig
    true = true_rig(case, relative=True).select(['cam1', 'cam2'])
    for found, expected in zip(rig, true):
        np.testing.assert_allclose(found.K, expected.K, atol=1e-9)
        np.testing.assert_allclose(found.dist, expected.dist, atol=1e-12)
        np.testing.assert_allclose(found.R_w2c, expected.R_w2c, atol=1e-9)
        np.testing.assert_allclose(found.t_w2c, expected.t_w2c, atol=1e-6)
        assert found.size == expected.size
