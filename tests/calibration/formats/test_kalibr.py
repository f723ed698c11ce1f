"""Kalibr's camera chains against hand-made cases, OpenCV and real files."""

import json

import cv2
import numpy as np
import pytest
import yaml
from errors import fails

from mmpose_ours.calibration import CalibrationError, read_rig, recognise_format
from mmpose_ours.calibration.formats import kalibr as kalibr_format
from mmpose_ours.calibration.parsing.source import Source

QUARTER = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]  # x to y about z


def step(R, t):
    return [[*map(float, row), float(value)] for row, value in zip(R, t)] + [[0.0, 0.0, 0.0, 1.0]]


def chain(count=3, **changes):
    """Cameras each a quarter turn and a metre along x from the previous one."""
    cameras = {}
    for n in range(count):
        cameras[f'cam{n}'] = {
            'camera_model': 'pinhole',
            'intrinsics': [500.0, 510.0, 320.0, 240.0],
            'distortion_model': 'radtan',
            'distortion_coeffs': [-0.1, 0.02, 0.001, 0.002],
            'resolution': [640, 480],
            'rostopic': f'/cam{n}',
        }
        if n:
            cameras[f'cam{n}']['T_cn_cnm1'] = step(QUARTER, (1, 0, 0))
    for name, values in changes.items():
        cameras[name] = {
            key: value for key, value in {**cameras[name], **values}.items() if value is not None
        }
    return cameras


def save(content, folder, name='camchain.yaml'):
    path = folder / name
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


def read(content, folder):
    return kalibr_format.read(Source(save(content, folder)))


def test_chain_by_hand(tmp_path):
    path = save(chain(), tmp_path)
    format, reason = recognise_format(path)
    assert format == 'kalibr' and reason.startswith('cam0 with camera_model')
    reading = kalibr_format.read(Source(path))
    assert reading.rig.names == ('cam0', 'cam1', 'cam2')
    assert reading.notes == ("the world is cam0's: its centre, x right, y down, z forward",)
    point = np.array([1.0, 2.0, 3.0])
    first, second, third = (camera.to_camera(point) for camera in reading.rig)
    np.testing.assert_allclose(first, (1, 2, 3))
    # (x, y, z) to (-y, x, z) + (1, 0, 0), then again.
    np.testing.assert_allclose(second, (-1, 1, 3))
    np.testing.assert_allclose(third, (0, -1, 3))
    camera = reading.rig['cam2']
    np.testing.assert_array_equal(camera.K, [[500, 0, 320], [0, 510, 240], [0, 0, 1]])
    np.testing.assert_array_equal(camera.dist, (-0.1, 0.02, 0.001, 0.002))
    assert camera.size == (640, 480)


def test_up_must_be_given_but_metres_are_known(tmp_path):
    path = save(chain(), tmp_path)
    with fails(CalibrationError, code='missing-value', expected=['z', '-z', 'y', '-y', 'x', '-x']):
        read_rig(path)
    rig = read_rig(path, up='-y')
    # cam1's centre is -R^T t = (0, 1, 0) m, that is 1 m below cam0.
    np.testing.assert_allclose(rig['cam1'].center_w, (0, 0, -1000), atol=1e-9)


def test_poses_to_the_imu(tmp_path):
    T = step(QUARTER, (1, 2, 3))
    inverse = np.linalg.inv(np.array(T)).tolist()
    for key, matrix in (('T_cam_imu', T), ('T_imu_cam', inverse)):
        pose = {'T_cn_cnm1': None, key: matrix}
        reading = read(chain(2, cam0=pose, cam1=pose), tmp_path)
        assert reading.notes == ("the world is the IMU's: its origin and axes",)
        np.testing.assert_allclose(reading.rig['cam1'].to_camera([1, 0, 0]), (1, 3, 3), atol=1e-12)
        np.testing.assert_allclose(reading.rig['cam0'].R_w2c, QUARTER, atol=1e-12)


def test_the_chain_goes_before_the_imu(tmp_path):
    pose = {'T_cam_imu': step(QUARTER, (1, 2, 3))}
    reading = read(chain(2, cam0=pose, cam1=pose), tmp_path)
    assert "cam0's" in reading.notes[0]
    np.testing.assert_array_equal(reading.rig['cam0'].R_w2c, np.eye(3))


def test_a_broken_chain_leaves_the_rest_uncalibrated(tmp_path):
    content = chain(4, cam2={'T_cn_cnm1': None})
    reading = read(content, tmp_path)
    assert reading.rig.names == ('cam0', 'cam1')
    assert reading.uncalibrated == ('cam2', 'cam3')
    # ... unless every camera has its pose to the IMU.
    pose = {'T_cam_imu': step(QUARTER, (1, 2, 3))}
    content = chain(4, cam0=pose, cam1=pose, cam2={'T_cn_cnm1': None, **pose}, cam3=pose)
    reading = read(content, tmp_path)
    assert len(reading.rig) == 4 and 'IMU' in reading.notes[0]


def test_a_camera_without_intrinsics_is_uncalibrated_but_carries_the_chain(tmp_path):
    reading = read(chain(3, cam1={'intrinsics': None}), tmp_path)
    assert reading.uncalibrated == ('cam1',)
    np.testing.assert_allclose(reading.rig['cam2'].to_camera([1, 2, 3]), (0, -1, 3))


def test_ten_cameras_are_chained_by_number(tmp_path):
    reading = read(chain(12), tmp_path)  # the file is sorted as text: cam0 cam1 cam10 ...
    assert reading.rig.names[:3] == ('cam0', 'cam1', 'cam10')
    R = np.linalg.matrix_power(np.array(QUARTER), 10)
    np.testing.assert_allclose(reading.rig['cam10'].R_w2c, R, atol=1e-12)


def test_lenses_are_those_of_opencv(tmp_path):
    points = np.random.default_rng(0).uniform((-1, -1, 2), (1, 1, 3), (200, 3))
    K, none = np.array([[500, 0, 320], [0, 510, 240], [0, 0, 1.0]]), np.zeros(3)
    k = [0.02, -0.01, 0.003, -0.001]
    rig = read(
        chain(
            2,
            cam0={'distortion_model': 'equidistant', 'distortion_coeffs': k},
            cam1={'T_cn_cnm1': step(np.eye(3), none)},
        ),
        tmp_path,
    ).rig
    expected, _ = cv2.fisheye.projectPoints(points[:, None], none, none, K, np.array(k))
    np.testing.assert_allclose(rig['cam0'].project(points)[0], expected[:, 0], atol=1e-6)
    radtan = np.array([-0.1, 0.02, 0.001, 0.002])
    expected, _ = cv2.projectPoints(points, none, none, K, radtan)
    np.testing.assert_allclose(rig['cam1'].project(points)[0], expected[:, 0], atol=1e-6)


def test_fov_none_and_eucm_by_their_formulas(tmp_path):
    point, r = np.array([0.3, 0.4, 1.0]), 0.5
    cases = {
        'fov': ({'distortion_model': 'fov', 'distortion_coeffs': [0.9]},
                np.arctan(2 * r * np.tan(0.45)) / 0.9 / r),
        'none': ({'distortion_model': 'none', 'distortion_coeffs': []}, 1.0),
        'omitted': ({'distortion_model': 'none', 'distortion_coeffs': None}, 1.0),
        'eucm': ({'camera_model': 'eucm', 'intrinsics': [0.6, 1.2, 500.0, 510.0, 320.0, 240.0],
                  'distortion_model': 'none', 'distortion_coeffs': []},
                 1 / (0.6 * np.sqrt(1.2 * r * r + 1) + 0.4)),
    }  # fmt: skip
    for name, (values, factor) in cases.items():
        camera = read(chain(1, cam0=values), tmp_path).rig['cam0']
        expected = (500 * 0.3 * factor + 320, 510 * 0.4 * factor + 240)
        np.testing.assert_allclose(camera.project(point)[0], expected, atol=1e-9, err_msg=name)


@pytest.mark.parametrize('sample', ['kalibr_radtan', 'kalibr_equidistant', 'kalibr_t_imu_cam'])
def test_real_files(shared_data, sample):
    path = shared_data / 'calib' / sample / 'kalibr_imucam_chain.yaml'
    assert recognise_format(path)[0] == 'kalibr'
    expected = json.loads((shared_data / 'calib/EXPECTED.json').read_text())['samples'][sample]
    reading = kalibr_format.read(Source(path))
    assert list(reading.rig.names) == list(expected['cameras'])
    assert reading.uncalibrated == ()
    for name, values in expected['cameras'].items():
        camera = reading.rig[name]
        np.testing.assert_array_equal(camera.K, values['K'])
        np.testing.assert_array_equal(camera.dist, values['dist'])
        assert camera.lens == values['dist_model']
        np.testing.assert_allclose(camera.R_w2c, values['R_w2c'], rtol=0, atol=1e-9)
        np.testing.assert_allclose(camera.center_w, values['center'], rtol=0, atol=1e-9)
        assert camera.size == tuple(values['size'])


def test_real_chain_and_imu_poses_agree(shared_data, tmp_path):
    content = (shared_data / 'calib/kalibr_equidistant/kalibr_imucam_chain.yaml').read_text()
    chained = read(content, tmp_path).rig
    by_imu = read(content.replace('T_cn_cnm1', 'ignored'), tmp_path).rig
    steps = [rig['cam1'].R_w2c @ rig['cam0'].R_w2c.T for rig in (chained, by_imu)]
    np.testing.assert_allclose(steps[0], steps[1], atol=1e-6)
    distances = [np.linalg.norm(np.diff(rig.centers_w, axis=0)) for rig in (chained, by_imu)]
    np.testing.assert_allclose(distances[0], distances[1], rtol=1e-6)


BAD = step(QUARTER, (1, 0, 0))


@pytest.mark.parametrize(
    ('content', 'fields'),
    [
        (
            chain(cam1={'camera_model': 'omni', 'intrinsics': [1.0] * 5}),
            dict(code='cannot-express', camera='cam1', place='cam1.camera_model', found='omni'),
        ),
        (
            chain(cam1={'camera_model': 'ds', 'intrinsics': [1.0] * 6}),
            dict(code='cannot-express', place='cam1.camera_model', found='ds'),
        ),
        (
            chain(cam1={'distortion_model': 'wavy'}),
            dict(code='cannot-express', place='cam1.distortion_model', found='wavy'),
        ),
        (
            chain(cam1={'distortion_model': None}),
            dict(code='missing-value', place='cam1', expected='distortion_model'),
        ),
        (
            chain(cam1={'distortion_coeffs': None}),
            dict(code='missing-value', place='cam1', expected='distortion_coeffs'),
        ),
        (
            chain(cam1={'distortion_coeffs': [0.1]}),
            dict(code='wrong-shape', place='cam1.distortion_coeffs', found=1),
        ),
        (
            chain(cam1={'intrinsics': [1.0, 2.0]}),
            dict(code='wrong-shape', place='cam1.intrinsics', found=2),
        ),
        (
            chain(cam1={'intrinsics': ['x', 1.0, 2.0, 3.0]}),
            dict(code='file-format', place='cam1.intrinsics[0]', found='x'),
        ),
        (
            chain(
                cam1={'camera_model': 'eucm', 'intrinsics': [0.6, 1.2, 500.0, 500.0, 320.0, 240.0]}
            ),
            dict(code='conflict', place='cam1.distortion_model', found='radtan'),
        ),
        (
            chain(
                cam1={
                    'camera_model': 'eucm',
                    'intrinsics': [2.0, 1.2, 500.0, 500.0, 320.0, 240.0],
                    'distortion_model': 'none',
                    'distortion_coeffs': [],
                }
            ),
            dict(code='out-of-range', place='cam1.intrinsics', found=(2.0, 1.2)),
        ),
        (
            chain(cam1={'resolution': [640]}),
            dict(code='wrong-shape', place='cam1.resolution', found=1),
        ),
        (
            chain(cam1={'resolution': [640, -1]}),
            dict(code='out-of-range', place='cam1.resolution', found=(640.0, -1.0)),
        ),
        (
            chain(cam1={'T_cn_cnm1': BAD[:2]}),
            dict(code='wrong-shape', camera='cam1', place='cam1.T_cn_cnm1', found=8),
        ),
        (
            chain(cam1={'T_cn_cnm1': [*BAD[:3], [0.0, 0.0, 0.0, 2.0]]}),
            dict(code='file-format', place='cam1.T_cn_cnm1', found=[0.0, 0.0, 0.0, 2.0]),
        ),
        (
            chain(cam1={'T_cn_cnm1': [[2.0, 0, 0, 0], *BAD[1:]]}),
            dict(
                code='invalid-input',
                camera='cam1',
                found=[[2.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]],
            ),
        ),
        (
            chain(cam1={'T_cn_cnm1': [[float('nan')] * 4] * 4}),
            dict(code='not-finite', place='cam1.T_cn_cnm1[0][0]'),
        ),
        ({'cam0': 5}, dict(code='file-format', camera='cam0', place='cam0', found=5)),
        ({'cam0': {}}, dict(code='no-data', found=['cam0'])),
        ({'camera': {}}, dict(code='no-data', found=0)),
        ([1], dict(code='file-format', found=[1])),
        ('cam0: [' * 3000, dict(code='file-format', expected='yaml')),
        (
            'cam0: {a: 1, a: 2}',
            dict(code='file-format', found='line 1, column 14: a key stands twice in one mapping'),
        ),
        (
            'cam0: !!python/object/apply:os.system ["true"]',
            dict(code='file-format', expected='yaml'),
        ),
    ],
)
def test_broken(tmp_path, content, fields):
    with fails(CalibrationError, **fields):
        read(content, tmp_path)


def test_numbers_that_yaml_takes_for_text(tmp_path):
    text = yaml.safe_dump(chain(2)).replace('0.001', '1e-3')
    assert read(text, tmp_path).rig['cam1'].dist[2] == 1e-3
