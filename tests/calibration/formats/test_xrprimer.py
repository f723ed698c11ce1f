"""XRPrimer's camera parameters, by hand and against the truth of a reported rig."""

import json

import numpy as np
import pytest
from case_rigs import assert_same_cameras, case_folder, true_rig
from errors import fails

from mmpose_ours.calibration import CalibrationError, read_rig, recognise_format
from mmpose_ours.calibration.formats.xrprimer import read
from mmpose_ours.calibration.parsing.source import Source

# Looks along the world's x, upright, from (1, 2, 3).
R = [[0.0, -1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]]
T = [2.0, 3.0, -1.0]
CENTER = [1.0, 2.0, 3.0]
K3 = [[900.0, 0.0, 640.0], [0.0, 910.0, 350.0], [0.0, 0.0, 1.0]]
K4 = [[900.0, 0.0, 640.0, 0.0], [0.0, 910.0, 350.0, 0.0], [0.0, 0.0, 0.0, 1.0], [0.0, 0, 1, 0]]


def entry(**changes):
    values = {
        'class_name': 'FisheyeCameraParameter',
        'convention': 'opencv',
        'name': 'a',
        'width': 1280,
        'height': 720,
        'intrinsic': K4,
        'extrinsic_r': R,
        'extrinsic_t': T,
        'world2cam': True,
        **{f'k{i}': i / 100 for i in range(1, 7)},
        'p1': 0.001,
        'p2': 0.002,
        **changes,
    }
    return {key: value for key, value in values.items() if value is not None}


def save(folder, content, name='x.json'):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def one(folder, **changes):
    return read(Source(save(folder, entry(**changes)))).rig.cameras[0]


@pytest.mark.parametrize(
    'intrinsic',
    [K3, K4, [*K4[:2], K4[3], K4[2]], np.ravel(K3).tolist(), np.ravel(K4).tolist()],
)
def test_intrinsics_of_every_form(tmp_path, intrinsic):
    np.testing.assert_array_equal(one(tmp_path, intrinsic=intrinsic).K, K3)


@pytest.mark.parametrize('t', [np.array, np.vstack])
def test_the_direction_is_as_stated(tmp_path, t):
    forward = one(tmp_path, extrinsic_t=t(T).tolist())
    back = one(tmp_path, extrinsic_r=np.transpose(R).tolist(), extrinsic_t=CENTER, world2cam=False)
    for camera in (forward, back):
        np.testing.assert_allclose(camera.center_w, CENTER, atol=1e-12)
        np.testing.assert_array_equal(camera.R_w2c, R)


def test_distortion_in_opencvs_order(tmp_path):
    """XRPrimer gives k1 k2 p1 p2 k3 k4 k5 k6 to cv2.undistort."""
    camera = one(tmp_path)
    assert camera.lens == 'opencv' and camera.size == (1280, 720)
    np.testing.assert_array_equal(camera.dist, [0.01, 0.02, 0.001, 0.002, 0.03, 0.04, 0.05, 0.06])
    pinhole = entry(class_name='PinholeCameraParameter')
    pinhole = {key: value for key, value in pinhole.items() if key[0] not in 'kp'}
    assert not read(Source(save(tmp_path, pinhole))).rig.cameras[0].dist.any()


def test_a_file_per_camera_by_its_name(tmp_path):
    for index, name in enumerate('ba'):
        save(tmp_path, entry(name=name), f'fisheye_param_{index:02d}.json')
    assert recognise_format(tmp_path)[0] == 'xrprimer'
    assert read(Source(tmp_path)).rig.names == ('b', 'a')


@pytest.mark.parametrize('name', ['default', '', None])
def test_files_whose_cameras_have_no_name_of_their_own(tmp_path, name):
    for file in ('cam_00.json', 'cam_01.json'):
        save(tmp_path, entry(name=name), file)
    assert read(Source(tmp_path)).rig.names == ('cam_00', 'cam_01')


@pytest.mark.parametrize(
    'content',
    [
        [entry(name='a'), entry(name='b')],
        {'x': entry(name='a'), 'y': entry(name='b')},
        {'a': entry(name=None), 'b': entry(name=None)},
        {'a': entry(name='default'), 'b': entry(name='default')},
    ],
)
def test_several_cameras_of_a_file(tmp_path, content):
    path = save(tmp_path, content)
    assert recognise_format(path)[0] == 'xrprimer'
    assert read(Source(path)).rig.names == ('a', 'b')


def test_the_class_may_be_called_type_name(tmp_path):
    content = entry(class_name=None, type_name='FisheyeCameraParameter', extrinsic_r=None)
    path = save(tmp_path, [content, entry(name='b')])
    assert recognise_format(path)[0] == 'xrprimer'
    assert read(Source(path)).uncalibrated == ('a',)


@pytest.mark.parametrize(
    'changes',
    [
        {'extrinsic_r': None},
        {'extrinsic_t': None},
        {'intrinsic': np.zeros((4, 4)).tolist()},
        {'extrinsic_r': np.zeros((3, 3)).tolist()},
    ],
)
def test_cameras_that_were_never_set_are_not_calibrated(tmp_path, changes):
    reading = read(Source(save(tmp_path, [entry(**changes), entry(name='b')])))
    assert reading.rig.names == ('b',) and reading.uncalibrated == ('a',)
    with fails(CalibrationError, code='no-data', found=['a']):
        read(Source(save(tmp_path, entry(**changes))))


def test_an_unknown_size_is_none(tmp_path):
    assert one(tmp_path, width=0, height=0).size is None
    assert one(tmp_path, width=None).size is None


@pytest.mark.parametrize(
    ('changes', 'fields'),
    [
        ({'world2cam': None}, dict(code='missing-value', expected='world2cam')),
        ({'world2cam': 'maybe'}, dict(code='file-format', found='maybe')),
        ({'convention': 'blender'}, dict(code='cannot-express', found='blender')),
        (
            {'class_name': 'OmniCameraParameter'},
            dict(code='cannot-express', found='OmniCameraParameter'),
        ),
        (
            {'intrinsic': [[900, 0, 0, 640], [0, 910, 0, 350], [0, 0, 1, 0], [0, 0, 0, 1]]},
            dict(code='cannot-express'),
        ),
        ({'intrinsic': [1, 2, 3]}, dict(code='wrong-shape', found=3)),
        ({'extrinsic_t': [1, 2]}, dict(code='wrong-shape', found=2)),
        ({'k1': 'x'}, dict(code='file-format', found='x', place='k1')),
    ],
)
def test_what_cannot_be_read(tmp_path, changes, fields):
    path = save(tmp_path, entry(**changes))
    with fails(CalibrationError, file=path, camera='a', **fields):
        read(Source(path))


def test_names_that_tell_nothing_apart(tmp_path):
    path = save(tmp_path, [entry(), entry()])
    with fails(CalibrationError, code='duplicate', file=path, found=['a', 'a']):
        read(Source(path))


def test_other_json_is_not_claimed(tmp_path):
    for content in ([], {}, [1], {'intrinsic': 1}, {'intrinsic': K3, 'R': R}):
        with fails(CalibrationError, code='file-format'):
            recognise_format(save(tmp_path, content))


def test_the_reported_case(shared_data):
    case = case_folder(shared_data, '14-xrprimer-xrmocap')
    rig = read_rig(case / 'input/xrprimer', unit='m', up='z')
    assert rig.names == ('cam1', 'cam2', 'cam3', 'cam4')
    assert_same_cameras(rig, true_rig(case))
