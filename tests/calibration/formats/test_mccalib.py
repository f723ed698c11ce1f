"""MC-Calib's files: its README's example, its own ground truth, and a reported rig."""

import cv2
import numpy as np
import pytest
from case_rigs import assert_same_cameras, case_folder, true_rig
from errors import fails
from format_samples import storage_matrix

from mmpose_ours.calibration import CalibrationError, read_rig, recognise_format
from mmpose_ours.calibration.formats.mccalib import read
from mmpose_ours.calibration.parsing.source import Source

K = np.array([[900.0, 0, 640], [0, 910, 350], [0, 0, 1]])
DIST = np.array([-0.1, 0.02, 0.001, -0.002, 0.003])
# Camera to world: a quarter turn, 500 to the right of the first camera.
POSE = np.array([[0.0, 0, -1, 500], [0, 1, 0, 0], [1, 0, 0, 20], [0, 0, 0, 1]])


def camera(index, **changes):
    values = {
        'camera_matrix': storage_matrix(K),
        'distortion_vector': storage_matrix(DIST),
        'distortion_type': 0,
        'camera_group': 0,
        'img_width': 1280,
        'img_height': 720,
        'camera_pose_matrix': storage_matrix(POSE if index else np.eye(4)),
        **changes,
    }
    lines = [f'   {key}: {value}\n' for key, value in values.items() if value is not None]
    return f'camera_{index}:\n' + ''.join(lines)


def file(folder, *cameras, count=None):
    path = folder / 'calibrated_cameras_data.yml'
    count = len(cameras) if count is None else count
    path.write_text(f'%YAML:1.0\n---\nnb_camera: {count}\n' + ''.join(cameras))
    return path


def test_the_pose_is_camera_to_world(tmp_path):
    path = file(tmp_path, camera(0), camera(1))
    assert recognise_format(path)[0] == 'mccalib'
    first, second = read(Source(path)).rig
    assert (first.name, second.name) == ('camera_0', 'camera_1')
    np.testing.assert_array_equal(first.R_w2c, np.eye(3))
    np.testing.assert_allclose(second.center_w, (500, 0, 20), atol=1e-12)
    np.testing.assert_array_equal(second.R_w2c, POSE[:3, :3].T)
    np.testing.assert_array_equal(second.K, K)
    np.testing.assert_array_equal(second.dist, DIST)
    assert second.size == (1280, 720)


def test_a_row_of_zeros_ends_the_matrices_of_early_versions(tmp_path):
    matrix = storage_matrix(K * [[1], [1], [0]])
    rig = read(Source(file(tmp_path, camera(0, camera_matrix=matrix), camera(1)))).rig
    np.testing.assert_array_equal(rig['camera_0'].K, K)


def test_kannalas_model_is_opencvs_fisheye(tmp_path):
    dist = storage_matrix(DIST[:4])
    path = file(tmp_path, camera(0), camera(1, distortion_type=1, distortion_vector=dist))
    first, second = read(Source(path)).rig
    assert (first.lens, second.lens) == ('opencv', 'fisheye')
    np.testing.assert_array_equal(second.dist, DIST[:4])


def test_a_note_tells_the_folder_of_a_camera(tmp_path):
    """MC-Calib reads the images of camera_1 from Cam_002."""
    notes = read(Source(file(tmp_path, camera(1), camera(2)))).notes
    assert any("'camera_1'" in note and '002' in note for note in notes)


def test_cameras_of_another_group_are_left_out(tmp_path):
    cameras = [camera(0), camera(1), camera(2, camera_group=1)]
    reading = read(Source(file(tmp_path, *cameras)))
    assert reading.rig.names == ('camera_0', 'camera_1')
    assert reading.uncalibrated == ('camera_2',)
    assert any('camera_2' in note and 'camera_group' in note for note in reading.notes)


def test_cameras_without_a_pose_or_an_entry_are_not_calibrated(tmp_path):
    path = file(tmp_path, camera(0), camera(1), camera(3, camera_pose_matrix=None), count=4)
    assert read(Source(path)).uncalibrated == ('camera_3', 'camera_2')


@pytest.mark.parametrize(
    ('changes', 'fields'),
    [
        ({'distortion_type': 2}, dict(code='cannot-express', found=2, camera='camera_1')),
        ({'distortion_type': 1}, dict(code='wrong-shape', found=5, camera='camera_1')),
        ({'distortion_vector': None}, dict(code='missing-value', camera='camera_1')),
        ({'camera_pose_matrix': storage_matrix(np.eye(3))}, dict(code='wrong-shape', found=9)),
        ({'img_width': 0}, dict(code='out-of-range', camera='camera_1')),
    ],
)
def test_what_cannot_be_read(tmp_path, changes, fields):
    path = file(tmp_path, camera(0), camera(1, **changes))
    with fails(CalibrationError, file=path, **fields):
        read(Source(path))


def test_no_pose_at_all(tmp_path):
    path = file(tmp_path, camera(0, camera_pose_matrix=None))
    with fails(CalibrationError, code='no-data', found=['camera_0']):
        read(Source(path))


def test_more_cameras_than_a_rig_may_have(tmp_path):
    with fails(CalibrationError, code='limit-exceeded'):
        read(Source(file(tmp_path, camera(0), camera(1), count=10**9)))


def test_the_reported_case(shared_data):
    """The world is that of the first camera."""
    case = case_folder(shared_data, '12-mc-calib')
    rig = read_rig(case / 'input/calibrated_cameras_data.yml', unit='m', up='-y')
    true = true_rig(case, relative=True)
    turned = read(Source(case / 'input/calibrated_cameras_data.yml')).rig
    assert_same_cameras(turned, true_rig(case, scale=1e-3, relative=True))
    np.testing.assert_allclose(rig.distances_mm, true.distances_mm, atol=1e-6)


def test_mc_calibs_own_ground_truth(shared_data):
    """Against cv2.FileStorage; the second camera stands 0.7 m to the left of the first."""
    path = case_folder(shared_data, '12-mc-calib') / 'input/mccalib_gt1.yml'
    rig = read(Source(path)).rig
    file = cv2.FileStorage(str(path), 0)
    for camera in rig:
        node = file.getNode(camera.name)
        np.testing.assert_array_equal(camera.K[:2], node.getNode('camera_matrix').mat()[:2])
        pose = np.linalg.inv(node.getNode('camera_pose_matrix').mat())
        np.testing.assert_allclose(camera.R_w2c, pose[:3, :3], atol=1e-9)
        np.testing.assert_allclose(camera.t_w2c, pose[:3, 3], atol=1e-9)
    np.testing.assert_allclose(rig['camera_1'].center_w, (-0.7, 0, 0), atol=1e-3)
