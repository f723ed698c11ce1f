"""Nerfstudio's and instant-ngp's transforms.json against hand-made cases and OpenCV."""

import json
import math
from pathlib import PurePosixPath

import cv2
import numpy as np
import pytest
from calibration_rigs import ring_rig, save, written
from errors import fails
from tool_rigs import assert_same_pixels, changed

from mmpose_ours.calibration import FORMATS, CalibrationError, read_rig, recognise_format, write_rig
from mmpose_ours.calibration.api import read_calibration
from mmpose_ours.calibration.formats import nerfstudio as nerfstudio_format
from mmpose_ours.calibration.parsing.source import Source
from mmpose_ours.geometry.rig import CameraRig

WORLD = {'unit': 'm', 'up': 'z'}
# Looks along the world's y, upright: camera x = world x, y (up) = world z, z (back) = -y.
POSE = [[1, 0, 0, 10], [0, 0, -1, 20], [0, 1, 0, 30], [0, 0, 0, 1]]
COMMON = {'fl_x': 500, 'fl_y': 510, 'cx': 320.5, 'cy': 240.5, 'w': 640, 'h': 480}


def data(frame=(), other=(), **common):
    frames = [
        {'file_path': f'images/{name}.png', 'transform_matrix': POSE, **dict(changes)}
        for name, changes in (('a', frame), ('b', other))
    ]
    return {**COMMON, **common, 'frames': frames}


def read(content, folder, image_size=None):
    return nerfstudio_format.read(Source(save(content, folder, 'transforms.json'), image_size))


def test_by_hand(tmp_path):
    content = data(k1=-0.1, k2=0.2, p1=0.01, p2=0.02, k3=0.3, camera_model='OPENCV')
    path = save(content, tmp_path)
    assert recognise_format(path)[0] == 'nerfstudio'
    camera = nerfstudio_format.read(Source(path)).rig['a']
    np.testing.assert_array_equal(camera.K, [[500, 0, 320], [0, 510, 240], [0, 0, 1]])
    np.testing.assert_array_equal(camera.dist, (-0.1, 0.2, 0.01, 0.02, 0.3))
    assert (camera.size, camera.lens) == ((640, 480), 'opencv')
    np.testing.assert_allclose(camera.center_w, (10, 20, 30))
    # 4 ahead, 1 to the right, 2 up: OpenCV's camera has y down.
    np.testing.assert_allclose(camera.to_camera([11, 24, 32]), (1, -2, 4), atol=1e-12)


def test_unit_and_axis_must_be_given(tmp_path):
    path = save(data(), tmp_path)
    with fails(CalibrationError, code='missing-value', expected=['mm', 'cm', 'm']):
        read_rig(path)
    with fails(CalibrationError, code='missing-value', expected=['z', '-z', 'y', '-y', 'x', '-x']):
        read_rig(path, unit='m')


def test_rays_of_pixels_are_those_of_nerfstudio(tmp_path):
    """Its rays: ((x + 0.5 - cx) / fl_x, -(y + 0.5 - cy) / fl_y, -1), turned by the pose."""
    camera = read(data(), tmp_path).rig['a']
    for x, y in ((0, 0), (639, 479), (100, 400)):
        ray = np.array([(x + 0.5 - 320.5) / 500, -(y + 0.5 - 240.5) / 510, -1])
        point = np.array(POSE)[:3, :3] @ (3 * ray) + [10, 20, 30]
        np.testing.assert_allclose(camera.project(point)[0], (x, y), atol=1e-9)


@pytest.mark.parametrize('reported', [{'camera_model': 'OPENCV_FISHEYE'}, {'is_fisheye': True}])
def test_fisheye_is_that_of_opencv(tmp_path, reported):
    content = data(k1=0.03, k2=-0.01, k3=0.002, k4=-0.0005, **reported)
    camera = read(content, tmp_path).rig['a']
    assert camera.lens == 'fisheye'
    points = camera.center_w + np.random.default_rng(1).uniform((-2, 2, -2), (2, 4, 2), (100, 3))
    rvec = cv2.Rodrigues(camera.R_w2c)[0]
    K = np.array([[500, 0, 320], [0, 510, 240], [0, 0, 1.0]])
    k = np.array([0.03, -0.01, 0.002, -0.0005])
    expected, _ = cv2.fisheye.projectPoints(points[:, None], rvec, camera.t_w2c, K, k)
    np.testing.assert_allclose(camera.project(points)[0], expected[:, 0], rtol=0, atol=1e-6)


def test_fisheye_leaves_p1_out_as_nerfstudio_documents(tmp_path):
    reading = read(data(camera_model='OPENCV_FISHEYE', k1=0.03, p1=1e-5), tmp_path)
    np.testing.assert_array_equal(reading.rig['a'].dist, (0.03, 0, 0, 0))
    assert 'p1 and p2 are left out' in reading.notes[0] and len(reading.notes) == 1


def test_intrinsics_of_each_frame(tmp_path):
    content = data(frame={**COMMON, 'fl_x': 600}, other=COMMON)
    for key in COMMON:
        del content[key]
    rig = read(content, tmp_path).rig
    assert (rig['a'].K[0, 0], rig['b'].K[0, 0]) == (600, 500)


@pytest.mark.parametrize(
    'angle',
    [{'camera_angle_x': math.pi / 2}, {'x_fov': 90}, {'camera_angle_x': '1.570796326794897'}],
)
def test_angle_of_view(tmp_path, angle):
    camera = read({'w': 640, 'h': 480, **angle, 'frames': data()['frames']}, tmp_path).rig['a']
    # 320 pixels to each side at 45 degrees; the middle of the image is (319.5, 239.5).
    np.testing.assert_allclose(camera.K, [[320, 0, 319.5], [0, 320, 239.5], [0, 0, 1]])


def test_blenders_sets_need_the_size(tmp_path):
    frames = [{'file_path': f'./train/r_{i}', 'transform_matrix': POSE} for i in range(2)]
    content = {'camera_angle_x': math.pi / 2, 'frames': frames}
    with fails(CalibrationError, code='missing-value', camera='r_0', expected='image_size'):
        read(content, tmp_path)
    rig = read(content, tmp_path, image_size=(800, 800)).rig
    assert rig.names == ('r_0', 'r_1')
    np.testing.assert_allclose(rig['r_0'].K, [[400, 0, 399.5], [0, 400, 399.5], [0, 0, 1]])


def test_size_may_be_unknown(tmp_path):
    content = data()
    del content['w'], content['h']
    assert read(content, tmp_path).rig['a'].size is None


@pytest.mark.parametrize(
    ('paths', 'names'),
    [
        (('images/cam.1.png', 'images/cam.2.JPG'), ('cam.1', 'cam.2')),
        (('./r_0.5', './r_1.5'), ('r_0.5', 'r_1.5')),
        (('cam1/0000.png', 'cam2/0000.png'), ('cam1', 'cam2')),
        (('images/cam1/0000.png', 'images/cam2/0001.png'), ('cam1', 'cam2')),
        (('x\\cam1\\0.png', 'x\\cam2\\0.png'), ('cam1', 'cam2')),
    ],
)
def test_names(tmp_path, paths, names):
    content = data({'file_path': paths[0]}, {'file_path': paths[1]})
    assert read(content, tmp_path).rig.names == names


def test_a_single_camera_is_named_by_its_file(tmp_path):
    rig = CameraRig(ring_rig(dist=()).cameras[:1])
    write_rig(rig, tmp_path / 'transforms.json', 'nerfstudio')
    assert read_calibration(tmp_path / 'transforms.json', **WORLD).rig.names == rig.names


def test_pose_of_three_rows(tmp_path):
    rig = read(data({'transform_matrix': POSE[:3]}), tmp_path).rig
    np.testing.assert_array_equal(rig['a'].t_w2c, rig['b'].t_w2c)


def test_frames_without_a_pose_are_uncalibrated(tmp_path):
    reading = read(data(frame={'transform_matrix': None}), tmp_path)
    assert (reading.rig.names, reading.uncalibrated) == (('b',), ('a',))


def test_applied_transform_is_noted(tmp_path):
    reading = read(data(applied_transform=POSE[:3], applied_scale=2.0), tmp_path)
    assert 'poses are taken as they are' in reading.notes[0]
    np.testing.assert_allclose(reading.rig['a'].center_w, (10, 20, 30))


@pytest.mark.parametrize(
    ('lens', 'dist'),
    [
        ('opencv', ()),
        ('opencv', (-0.1, 0.02, 0.001, -0.002)),
        ('opencv', (-0.1, 0.02, 0.001, -0.002, 0.01)),
        ('opencv', (-0.1, 0.02, 0.001, -0.002, 0.01, 0, 0, 0)),
        ('fisheye', (0.02, -0.01, 0.003, -0.001)),
    ],
)
def test_round_trip(tmp_path, lens, dist):
    rig = changed(ring_rig(dist=()), lens=lens, dist=np.array(dist))
    write_rig(rig, tmp_path / 'transforms.json', 'nerfstudio')
    assert recognise_format(tmp_path / 'transforms.json')[0] == 'nerfstudio'
    back = read_rig(tmp_path / 'transforms.json', **WORLD)
    assert_same_pixels(rig, back)


def test_written_file_has_what_nerfstudios_parser_asks_for(tmp_path):
    names = ['a', 'cam.2', 'x.png', 'an other']
    content = written(ring_rig(names=names), tmp_path, 'nerfstudio')
    assert content['camera_model'] == 'OPENCV'
    asked = ('fl_x', 'fl_y', 'cx', 'cy', 'w', 'h', 'k1', 'k2', 'k3', 'p1', 'p2')
    for frame in content['frames']:
        assert all(key in frame for key in asked) and not set(asked) & set(content)
        assert np.array(frame['transform_matrix']).shape == (4, 4)
        assert PurePosixPath(frame['file_path']).suffix == '.png'
    assert read_calibration(tmp_path / 'written.json', **WORLD).rig.names == tuple(names)


def test_lenses_of_two_kinds_are_refused(tmp_path):
    rig = ring_rig(dist=())
    fisheye = changed(rig, lens='fisheye', dist=np.zeros(4)).cameras[0]
    with fails(CalibrationError, code='cannot-express', camera='cam0', found=['cam0']):
        write_rig(CameraRig((fisheye, *rig.cameras[1:])), tmp_path / 'rig.json', 'nerfstudio')
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ('content', 'fields'),
    [
        (
            data(camera_model='EQUIRECTANGULAR'),
            dict(code='unknown-name', camera='a', place='camera_model', found='EQUIRECTANGULAR'),
        ),
        (data(camera_model=7), dict(code='unknown-name', place='camera_model', found=7)),
        (data(ftheta_p0=1.0), dict(code='cannot-express', place='ftheta_p0', found='ftheta_p0')),
        (data(k4=0.1), dict(code='cannot-express', place='k4', found=0.1)),
        (data({'fl_x': 501}), dict(code='conflict', camera='a', place='frames[0].fl_x', found=501)),
        (
            data({'fl_x': [[1]]}, fl_x=[[1]]),
            dict(code='conflict', place='frames[0].fl_x', found=[[1]]),
        ),
        (data(fl_x='x'), dict(code='file-format', place='fl_x', found='x')),
        (data(fl_x=-5), dict(code='out-of-range', camera='a', found=(-5.0, 510.0))),
        (data(w=0), dict(code='out-of-range', place='frames[0]', found=(0.0, 480.0))),
        (data(w=1e300), dict(code='out-of-range', place='frames[0][0]', found=1e300)),
        (data(cx=5000), dict(code='out-of-range', camera='a', found=(4999.5, 240.0))),
        (
            data(fl_x=None, camera_angle_x=3.2),
            dict(code='out-of-range', place='camera_angle_x', found=3.2),
        ),
        (data(fl_x=None), dict(code='no-data', found=['a', 'b'])),
        (data(cx=None, w=None), dict(code='missing-value', place='frames[0]', expected='cx')),
        (
            data({'transform_matrix': POSE[:2]}),
            dict(code='wrong-shape', place='frames[0].transform_matrix', found=8),
        ),
        (
            data({'transform_matrix': [*POSE[:3], [0, 0, 0, 0.01]]}),
            dict(
                code='file-format', place='frames[0].transform_matrix', found=[0.0, 0.0, 0.0, 0.01]
            ),
        ),
        (
            data({'transform_matrix': [[float('nan')] * 4] * 4}),
            dict(code='not-finite', place='frames[0].transform_matrix[0][0]'),
        ),
        (
            data({'transform_matrix': [[2, 0, 0, 0], *POSE[1:]]}),
            dict(
                code='invalid-input',
                camera='a',
                found=[[2.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]],
            ),
        ),
        (
            data({'file_path': 5.5}),
            dict(code='file-format', place='frames[0].file_path', found=5.5),
        ),
        (
            data({'file_path': 'images/b.png'}),
            dict(code='ambiguous', found=['images/b.png', 'images/b.png']),
        ),
        (data({'file_path': ''}), dict(code='ambiguous', found=['', 'images/b.png'])),
        ({'frames': []}, dict(code='no-data', found=[])),
        ({'frames': {}}, dict(code='file-format', place='frames', found={})),
        ({'frames': [5]}, dict(code='file-format', place='frames[0]', found=5)),
        ({}, dict(code='missing-value', expected='frames')),
        ([], dict(code='file-format', found=[])),
        ('{"frames": [' * 5000, dict(code='file-format', expected='json')),
        (
            {'frames': [{'file_path': str(i)} for i in range(10_001)]},
            dict(code='limit-exceeded', found=10001),
        ),
    ],
)
def test_broken(tmp_path, content, fields):
    with fails(CalibrationError, **fields):
        read(content, tmp_path)


def test_not_every_list_of_frames_is_one(tmp_path):
    for content in ({'frames': [{'pose': 1}]}, {'frames': {'1': []}}, [1]):
        with fails(CalibrationError, code='file-format', expected=list(FORMATS)):
            recognise_format(save(json.dumps(content), tmp_path))
