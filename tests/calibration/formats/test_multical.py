"""multical's calibration.json against the example of its documentation and its own projection."""

import copy

import cv2
import numpy as np
import pytest
from calibration_rigs import people_points, ring_rig, save
from errors import fails
from tool_rigs import FISHEYE

from mmpose_ours.calibration import CalibrationError, recognise_format
from mmpose_ours.calibration.api import read_calibration
from mmpose_ours.calibration.formats import multical
from mmpose_ours.calibration.parsing.source import Source

# The example file of https://github.com/oliver-batchelor/multical, FORMAT.md.
EXAMPLE = {
    'cameras': {
        'cam1': {
            'image_size': [2000.00, 1500.00],
            'K': [[2251.52, 0.00, 985.68], [0.00, 2252.80, 763.00], [0.00, 0.00, 1.00]],
            'dist': [-0.12, 0.32, -0.00, -0.00, -0.20],
        },
        'cam2': {
            'image_size': [2000.00, 1500.00],
            'K': [[2257.19, 0.00, 983.84], [0.00, 2258.64, 754.08], [0.00, 0.00, 1.00]],
            'dist': [-0.12, 0.39, -0.00, -0.00, -0.28],
        },
    },
    'camera_poses': {
        'cam1': {
            'R': [[1.00, 0.00, 0.00], [0.00, 1.00, 0.00], [0.00, 0.00, 1.00]],
            'T': [0.00, 0.00, 0.00],
        },
        'cam2_to_cam1': {
            'R': [[1.00, 0.00, -0.01], [-0.00, 1.00, 0.00], [0.01, -0.00, 1.00]],
            'T': [-0.05, 0.00, 0.00],
        },
    },
}


def exported(rig, master=None):
    """As ``multical.io.export_calib`` does it, in metres."""
    poses = {}
    for camera in rig:
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = camera.R_w2c, camera.t_w2c / 1000
        poses[camera.name] = pose
    names = dict(zip(poses, poses))
    if master is not None:
        # Calibration.with_master: every pose times the inverse of the master's
        inverse = np.linalg.inv(poses[master])
        poses = {name: pose @ inverse for name, pose in poses.items()}
        names = {name: name if name == master else f'{name}_to_{master}' for name in poses}
    return {
        'cameras': {
            camera.name: {
                'model': 'standard',
                'image_size': list(camera.size),
                'K': camera.K.tolist(),
                'dist': [camera.dist.tolist()],
            }
            for camera in rig
        },
        'camera_poses': {
            names[name]: {'R': pose[:3, :3].tolist(), 'T': pose[:3, 3].tolist()}
            for name, pose in poses.items()
        },
        'image_sets': {'rgb': [{camera.name: f'{camera.name}/1.png' for camera in rig}]},
    }


def read(data, folder):
    return multical.read(Source(save(data, folder)))


def test_the_documented_example(tmp_path):
    path = save(EXAMPLE, tmp_path)
    assert recognise_format(path)[0] == 'multical'
    a, b = multical.read(Source(path)).rig
    assert (a.name, b.name) == ('cam1', 'cam2')
    assert b.size == (2000, 1500)
    np.testing.assert_array_equal(b.dist, (-0.12, 0.39, 0, 0, -0.28))
    # Right of cam1 by its T of -0.05, which is no centre
    np.testing.assert_allclose(b.center_w, (0.05, 0, 0), atol=1e-3)


@pytest.mark.parametrize('master', [None, 'cam2'])
def test_pixels_are_the_tools(tmp_path, master):
    """static_frames.project_points: cv2.projectPoints of the pose times the point."""
    rig = ring_rig()
    data = exported(rig, master)
    found = read_calibration(save(data, tmp_path), up='z').rig
    assert found.names == rig.names
    points = people_points()
    first = rig['cam2'] if master else None
    for camera in found:
        key = camera.name if master in (None, camera.name) else f'{camera.name}_to_{master}'
        entry = data['camera_poses'][key]
        world = points if first is None else points @ first.R_w2c.T + first.t_w2c
        local = world / 1000 @ np.array(entry['R']).T + entry['T']
        K, dist = (np.array(data['cameras'][camera.name][k]) for k in ('K', 'dist'))
        expected = cv2.projectPoints(local, np.zeros(3), np.zeros(3), K, dist)[0][:, 0]
        uv, valid = camera.project(world)
        assert valid.any()
        np.testing.assert_allclose(uv[valid], expected[valid], atol=1e-6)


def test_chains_and_names_with_the_word_in_them(tmp_path):
    rig = ring_rig(names=['a', 'b_to_c', 'd', 'e'])
    data = exported(rig, 'a')
    poses = data['camera_poses']
    # d by way of b_to_c, instead of straight from a
    by_way = {k: np.eye(4) for k in 'db'}
    for k, name in (('d', 'd_to_a'), ('b', 'b_to_c_to_a')):
        by_way[k][:3, :3], by_way[k][:3, 3] = poses[name]['R'], poses[name]['T']
    step = by_way['b'] @ np.linalg.inv(by_way['d'])  # takes points from d to b_to_c
    straight = read(data, tmp_path).rig
    del poses['d_to_a']
    poses['b_to_c_to_d'] = {'R': step[:3, :3].tolist(), 'T': step[:3, 3].tolist()}
    found = read(data, tmp_path).rig
    for a, b in zip(straight, found):
        np.testing.assert_allclose(a.t_w2c, b.t_w2c, atol=1e-9)
        np.testing.assert_allclose(a.R_w2c, b.R_w2c, atol=1e-9)
    poses['d'] = {'R': np.eye(3).tolist(), 'T': [9, 9, 9]}
    with fails(CalibrationError, code='conflict'):
        read(data, tmp_path)


def test_cameras_without_a_pose(tmp_path):
    data = exported(ring_rig())
    del data['camera_poses']['cam1']
    assert read(data, tmp_path).uncalibrated == ('cam1',)
    data['camera_poses'] = {}
    with fails(CalibrationError, code='no-data', found=['cam0', 'cam1', 'cam2', 'cam3']):
        read(data, tmp_path)
    del data['camera_poses']  # of its intrinsic calibration
    assert multical.recognise(Source(save(data, tmp_path))) == ''


def test_a_column_of_four_is_a_fisheye_lens(tmp_path):
    data = exported(ring_rig())
    data['cameras']['cam0']['dist'] = [[k] for k in FISHEYE]
    data['cameras']['cam1']['dist'] = [list(FISHEYE)]
    rig = read(data, tmp_path).rig
    assert (rig['cam0'].lens, rig['cam1'].lens) == ('fisheye', 'opencv')
    np.testing.assert_array_equal(rig['cam0'].dist, FISHEYE)


@pytest.mark.parametrize(
    ('place', 'value', 'fields'),
    [
        (('cameras', 'cam1', 'K'), [[1, 2]], dict(code='wrong-shape', camera='cam1', found=2)),
        (('cameras', 'cam1', 'K'), None, dict(code='missing-value', camera='cam1', expected='K')),
        (('cameras', 'cam2', 'dist'), [1, 2, 3], dict(code='wrong-shape', camera='cam2', found=3)),
        (('cameras', 'cam1', 'image_size'), None, dict(code='missing-value', camera='cam1')),
        (
            ('camera_poses', 'cam2_to_cam1', 'T'),
            [1],
            dict(code='wrong-shape', place='camera_poses.cam2_to_cam1.T', found=1),
        ),
        (
            ('camera_poses', 'cam3'),
            EXAMPLE['camera_poses']['cam1'],
            dict(code='unknown-camera', found='cam3', expected=['cam1', 'cam2']),
        ),
        (
            ('camera_poses', 'cam1', 'R'),
            np.diag([1, 1, -1]).tolist(),
            dict(code='invalid-input', camera='cam1'),
        ),
    ],
)
def test_broken_values(tmp_path, place, value, fields):
    data = copy.deepcopy(EXAMPLE)
    *way, last = place
    inside = data
    for key in way:
        inside = inside[key]
    inside[last] = value
    with fails(CalibrationError, **fields):
        read(data, tmp_path)
