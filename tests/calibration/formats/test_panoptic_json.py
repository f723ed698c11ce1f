"""Panoptic JSON against hand-made cases, OpenCV's projection and the published values."""

import cv2
import numpy as np
import pytest
from calibration_rigs import assert_same_rig, people_points, ring_rig, save, written
from tool_rigs import read_sample

from mmpose_ours.calibration import read_rig, write_rig
from mmpose_ours.calibration.formats import panoptic
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig


def test_unit_and_axes_by_hand(tmp_path):
    # 3 m above the floor of a world that is z up: y = -300 cm in Panoptic's own axes.
    identity = np.eye(3).tolist()
    entry = {
        'name': 'a',
        'resolution': [640, 480],
        'K': [[500, 0, 320], [0, 500, 240], [0, 0, 1]],
        'distCoef': [0] * 5,
        'R': identity,
        't': [[-100], [300], [-200]],  # centre (100, -300, 200) cm
    }
    other = dict(entry, name='b', t=[100, 300, -200])
    rig = read_rig(save({'cameras': [entry, other]}, tmp_path))
    np.testing.assert_allclose(rig['a'].center_w, (1000, 2000, 3000))
    np.testing.assert_allclose(rig['b'].center_w, (-1000, 2000, 3000))
    # Looking along Panoptic's z is looking along our y, with our z up in the image.
    np.testing.assert_allclose(rig['a'].R_w2c, [[1, 0, 0], [0, 0, -1], [0, 1, 0]])


def test_round_trip_gives_the_same_rig(tmp_path):
    rig = ring_rig()
    write_rig(rig, tmp_path / 'rig.json', 'panoptic')
    assert_same_rig(rig, read_rig(tmp_path / 'rig.json', 'panoptic'))


def test_skew_survives(tmp_path):
    rig = ring_rig()
    skewed = CameraRig(
        tuple(
            Camera(c.name, c.K + [[0, 1.5, 0], [0, 0, 0], [0, 0, 0]], c.R_w2c, c.t_w2c, c.size)
            for c in rig
        )
    )
    write_rig(skewed, tmp_path / 'rig.json', 'panoptic')
    assert read_rig(tmp_path / 'rig.json')['cam0'].K[0, 1] == 1.5


@pytest.mark.parametrize('dist', [(), (-0.1, 0.02, 0.001, 0.002), (-0.1, 0.02, 0.001, 0.002, 0.3)])
def test_shorter_lens_models_are_padded(tmp_path, dist):
    data = written(ring_rig(dist=dist), tmp_path, 'panoptic')
    assert data['cameras'][0]['distCoef'] == [*dist, *([0.0] * (5 - len(dist)))]


def test_written_file_keeps_panel_and_node_of_panoptic_names(tmp_path):
    data = written(ring_rig(names=['00_03', '00_12', '10_01', '00_23']), tmp_path, 'panoptic')
    assert [(c['panel'], c['node']) for c in data['cameras']] == [(0, 3), (0, 12), (10, 1), (0, 23)]


def test_eight_coefficients_of_which_three_are_zero_fit(tmp_path):
    rig = ring_rig(dist=(-0.1, 0.02, 0.001, 0.002, 0.3, 0, 0, 0))
    write_rig(rig, tmp_path / 'rig.json', 'panoptic')
    assert_same_rig(rig, read_rig(tmp_path / 'rig.json'))


def test_projection_of_the_file_equals_opencv(tmp_path):
    """The file's own numbers, in its own axes and unit, through OpenCV."""
    rig = ring_rig()
    data = written(rig, tmp_path, 'panoptic')
    points = people_points()
    theirs = np.stack([points[:, 0], -points[:, 2], points[:, 1]], axis=-1) / 10
    for camera, entry in zip(rig, data['cameras']):
        rvec = cv2.Rodrigues(np.array(entry['R']))[0]
        expected, _ = cv2.projectPoints(
            theirs, rvec, np.array(entry['t']), np.array(entry['K']), np.array(entry['distCoef'])
        )
        uv, valid = camera.project(points)
        assert valid.any()
        np.testing.assert_allclose(uv[valid], expected[valid, 0], rtol=0, atol=1e-6)


@pytest.mark.parametrize('folder', ['calib/panoptic', 'panoptic_demo', 'pizza1'])
def test_real_files_are_recognised_and_survive(shared_data, tmp_path, folder):
    rig = read_rig(shared_data / folder / 'camera_parameters.json')
    # The studio's dome: 5.5 m across, all cameras above the floor.
    assert np.all((rig.centers_w[:, 2] > 500) & (rig.centers_w[:, 2] < 4000))
    write_rig(rig, tmp_path / 'rig.json', 'panoptic')
    assert_same_rig(rig, read_rig(tmp_path / 'rig.json'))


def test_real_file_equals_the_expected_values(shared_data):
    found = read_sample(panoptic, shared_data, 'panoptic').rig
    rig = read_rig(shared_data / 'calib/panoptic/camera_parameters.json')
    x, y, z = found.centers_w.T
    np.testing.assert_allclose(rig.centers_w, np.stack([x, z, -y], axis=-1) * 10, atol=1e-6)
