"""The command: what it reads, writes and refuses."""

import dataclasses
import json

import cv2
import numpy as np
import pytest
from calibration_rigs import ring_rig
from walkers import detected, walking

from mmpose_ours.calibration import read_rig, write_rig
from mmpose_ours.cli import main as cli
from mmpose_ours.detections import write_detections
from mmpose_ours.geometry.rig import CameraRig


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp('recording')
    true = ring_rig(3)
    # Poses that are wrong: only the intrinsics count.
    turned = true.in_world(np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]), 3.0)
    write_rig(turned, folder / 'rig.json', 'panoptic')
    write_detections(folder / 'people.json', detected(true, walking(2, 60, seed=3)))
    return folder


def command(files, out, *options):
    given = ['--intrinsics', files / 'rig.json', '--keypoints', files / 'people.json']
    return cli.main(['calibrate', *map(str, given), '--out', str(out), *options])


def test_a_rig_and_a_report(files, tmp_path):
    out, report = tmp_path / 'out.json', tmp_path / 'report.json'
    assert command(files, out, '--report', str(report), '--person-height', '1750') == 0
    found, true = read_rig(out), ring_rig(3)
    R = found['cam2'].R_w2c @ found['cam0'].R_w2c.T
    np.testing.assert_allclose(R, true['cam2'].R_w2c @ true['cam0'].R_w2c.T, atol=0.02)
    said = json.loads(report.read_text())
    assert [camera['name'] for camera in said['cameras']] == list(true.names)
    assert said['person_height_mm'] == 1750 and said['scale_by'] == 'person_height'
    assert 0 < said['error'] < 0.05 and 0 < said['scale_std'] < 0.1
    assert cv2.imread(str(tmp_path / 'out.png')).std() > 10


class TestIntrinsicsWithoutPoses:
    def test_opencv_file_per_camera(self, files, tmp_path):
        folder = tmp_path / 'lenses'
        folder.mkdir()
        for camera in ring_rig(3):
            storage = cv2.FileStorage(str(folder / f'{camera.name}.yml'), cv2.FILE_STORAGE_WRITE)
            storage.write('camera_matrix', camera.K)
            storage.write('distortion_coefficients', np.zeros((1, 5)))
            storage.write('image_width', 1280)
            storage.write('image_height', 720)
            storage.release()
        self.check(files, folder, tmp_path)

    def test_zeros_of_pose2sim(self, files, tmp_path):
        cameras = [
            dataclasses.replace(camera, R_w2c=np.eye(3), t_w2c=np.zeros(3))
            for camera in ring_rig(3)
        ]
        write_rig(CameraRig(tuple(cameras)), tmp_path / 'Calib.toml', 'pose2sim')
        self.check(files, tmp_path / 'Calib.toml', tmp_path)

    def check(self, files, intrinsics, tmp_path):
        out = tmp_path / 'out.json'
        given = ['--intrinsics', intrinsics, '--keypoints', files / 'people.json', '--out', out]
        assert cli.main(['calibrate', *map(str, given)]) == 0
        found, true = read_rig(out), ring_rig(3)
        R = found['cam2'].R_w2c @ found['cam0'].R_w2c.T
        np.testing.assert_allclose(R, true['cam2'].R_w2c @ true['cam0'].R_w2c.T, atol=0.02)


@pytest.mark.parametrize(
    'options',
    [
        ('--to', 'nothing'),
        ('--person-height', '1.75'),
        ('--distance', 'cam0', 'cam1', 'far'),
        ('--distance', 'cam0', 'cam9', '4000'),
        ('--distance', 'cam0', 'cam1', '4000', '--person-height', '1700'),
    ],
    ids=['format', 'height', 'distance', 'camera', 'two scales'],
)
def test_refusals_write_nothing(files, tmp_path, options):
    out = tmp_path / 'out.json'
    assert command(files, out, *options) == 2
    assert not list(tmp_path.iterdir())
