"""The command: what it reads, writes and refuses."""

import json

import numpy as np
import pytest
from calibration_rigs import ring_rig
from lost_rigs import people_before

from mmpose_ours.calibration import read_rig, write_rig
from mmpose_ours.calibration.checks.camera_pose import turned
from mmpose_ours.cli import main as cli
from mmpose_ours.detections import write_detections
from mmpose_ours.geometry.rig import CameraRig


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    """A rig with one bumped camera, and keypoints of people."""
    folder = tmp_path_factory.mktemp('recording')
    true = ring_rig()
    people, _ = people_before(true, ('walk', 'stand'), frames=40)
    bumped = turned(true['cam2'], np.radians((0, 4, 0)))
    cameras = [bumped if camera.name == 'cam2' else camera for camera in true]
    write_rig(CameraRig(tuple(cameras)), folder / 'rig.json', 'panoptic')
    write_detections(folder / 'people.json', people)
    return folder


def command(files, out, *options):
    given = [files / 'rig.json', '--keypoints', files / 'people.json', '--out', out]
    return cli.main(['refine-rig', *map(str, given), *options])


@pytest.mark.parametrize('options', [(), ('--refine', 'cam2')], ids=['all', 'one'])
def test_a_bumped_camera_comes_back(files, tmp_path, options):
    out, report = tmp_path / 'out.json', tmp_path / 'report.json'
    assert command(files, out, '--report', str(report), *options) == 0
    found, true = read_rig(out), ring_rig()
    R = found['cam2'].R_w2c @ found['cam0'].R_w2c.T
    R_true = true['cam2'].R_w2c @ true['cam0'].R_w2c.T
    np.testing.assert_allclose(R, R_true, atol=0.01)
    said = json.loads(report.read_text())
    assert said['changed'] and said['error_refined'] < said['error']
    moved = [camera['name'] for camera in said['cameras'] if camera['significant']]
    assert moved == ['cam2']
    assert not any(camera['uncertain'] for camera in said['cameras'])


def test_another_format(files, tmp_path):
    out = tmp_path / 'Calib.toml'
    assert command(files, out, '--to', 'pose2sim') == 0
    assert read_rig(out).names == ring_rig().names


@pytest.mark.parametrize(
    'options', [('--to', 'nothing'), ('--refine', 'cam9')], ids=['format', 'camera']
)
def test_refusals_write_nothing(files, tmp_path, options):
    out = tmp_path / 'out.json'
    assert command(files, out, *options) == 2
    assert not out.exists()
