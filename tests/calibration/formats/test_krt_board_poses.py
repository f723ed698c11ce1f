"""Poses of a calibration board, and angles in degrees, are no poses of cameras."""

import json
import pickle

import cv2
import numpy as np
import pytest
from errors import fails
from krt_spellings import random_rig

from mmpose_ours.calibration import CalibrationError
from mmpose_ours.calibration.api import read_calibration
from mmpose_ours.calibration.direction import VECTOR, W2C

SAID = {'unit': 'mm', 'up': 'z', 'extrinsics': W2C, 'translation': VECTOR}
BOARDS = ['rvecs', 'tvecs']


def of_one_camera(camera):
    """What ``cv2.calibrateCamera`` gives for six images, under the names of OpenCV's tutorial."""
    rng = np.random.default_rng(0)
    return {
        'ret': 0.3,
        'mtx': camera.K,
        'dist': camera.dist[None],
        'rvecs': list(rng.normal(size=(6, 3, 1))),
        'tvecs': list(rng.normal(0, 300, size=(6, 3, 1))),
    }


def as_lists(content):
    return json.dumps(content, default=np.ndarray.tolist).encode()


WRITERS = {
    'json': lambda path, content: path.write_bytes(as_lists(content)),
    'pickle': lambda path, content: path.write_bytes(pickle.dumps(content)),
    'npz': lambda path, content: np.savez(path, **content),
}


@pytest.mark.parametrize('ending', WRITERS)
def test_of_one_camera(tmp_path, ending):
    path = tmp_path / f'calib.{ending}'
    WRITERS[ending](path, of_one_camera(random_rig(1).cameras[0]))
    with fails(CalibrationError, code='missing-value', found=BOARDS, expected=['R', 'T']):
        read_calibration(path, **SAID)


def test_of_several_cameras(tmp_path):
    path = tmp_path / 'rig.json'
    path.write_bytes(as_lists({c.name: of_one_camera(c) for c in random_rig(1)}))
    with fails(CalibrationError, code='missing-value', found=BOARDS):
        read_calibration(path, **SAID)


def test_of_cameras_with_a_matrix_each_they_are_poses_of_cameras(tmp_path):
    rig = random_rig(2)
    content = {
        'mtx': [c.K for c in rig],
        'rvecs': [cv2.Rodrigues(c.R_w2c)[0] for c in rig],
        'tvecs': [c.t_w2c for c in rig],
    }
    path = tmp_path / 'rig.json'
    path.write_bytes(as_lists(content))
    found = read_calibration(path, **SAID).rig
    np.testing.assert_allclose(found.centers_w, rig.centers_w, atol=1e-6)


def test_degrees_are_no_rodrigues_vector(tmp_path):
    rig = random_rig(3)

    def content(factor):
        return {
            c.name: {'K': c.K, 'rvec': cv2.Rodrigues(c.R_w2c)[0] * factor, 't': c.t_w2c}
            for c in rig
        }

    path = tmp_path / 'rig.json'
    path.write_bytes(as_lists(content(180 / np.pi)))
    with fails(CalibrationError, code='out-of-range', camera='c0', place='c0.rvec'):
        read_calibration(path, **SAID)
    path.write_bytes(as_lists(content(1)))
    found = read_calibration(path, **SAID).rig
    np.testing.assert_allclose(found['c0'].R_w2c, rig['c0'].R_w2c, atol=1e-9)
