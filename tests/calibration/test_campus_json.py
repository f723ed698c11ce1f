"""Campus/Shelf JSON against hand-made cases and the published files."""

import json

import numpy as np
import pytest
from calibration_rigs import assert_same_rig, people_points, ring_rig, save, written

from mmpose_ours.calibration import CalibrationError, read_rig, write_rig
from mmpose_ours.cameras import Camera, CameraRig


def entry(center, **changes):
    # Looks along the world's x, upright.
    return {
        'R': [[0, -1, 0], [0, 0, -1], [1, 0, 0]],
        'T': center,
        'fx': 500,
        'fy': 510,
        'cx': 320,
        'cy': 240,
        'k': [[0.1], [0.2], [0.3]],
        'p': [[0.01], [0.02]],
        **changes,
    }


def test_centre_and_distortion_order_by_hand(tmp_path):
    path = save({'0': entry([[0], [0], [1500]]), '1': entry([0, 800, 1500])}, tmp_path)
    rig = read_rig(path)
    np.testing.assert_allclose(rig['0'].center_w, (0, 0, 1500))
    np.testing.assert_allclose(rig['0'].dist, (0.1, 0.2, 0.01, 0.02, 0.3))
    # 2 m ahead at the camera's own height is the middle of the image.
    np.testing.assert_allclose(rig['1'].project([2000, 800, 1500])[0], (320, 240))
    assert rig['0'].size is None


def test_flat_and_column_vectors_read_alike(tmp_path):
    column = {'0': entry([[0], [0], [1500]]), '1': entry([[0], [800], [1500]])}
    flat = {name: dict(e, T=sum(e['T'], []), k=[0.1, 0.2, 0.3]) for name, e in column.items()}
    assert_same_rig(read_rig(save(column, tmp_path)), read_rig(save(flat, tmp_path, 'flat.json')))


def test_cameras_keep_the_order_of_the_file(tmp_path):
    path = save({name: entry([0, 900 * i, 1]) for i, name in enumerate('ba9')}, tmp_path)
    assert read_rig(path).names == ('b', 'a', '9')


def test_size_is_written_and_read(tmp_path):
    data = written(ring_rig(), tmp_path, 'campus')
    assert (data['cam0']['width'], data['cam0']['height']) == (1280, 720)
    assert read_rig(save(data, tmp_path))['cam1'].size == (1280, 720)


def test_unknown_size_stays_unknown_unless_given(tmp_path):
    rig = ring_rig(size=None)
    assert 'width' not in written(rig, tmp_path, 'campus')['cam0']
    assert read_rig(tmp_path / 'written.json')['cam0'].size is None
    sized = read_rig(tmp_path / 'written.json', image_size=(1280, 720))
    assert {camera.size for camera in sized} == {(1280, 720)}


def test_skew_is_refused(tmp_path):
    camera = ring_rig()['cam1']
    K = camera.K + [[0, 2.5, 0], [0, 0, 0], [0, 0, 0]]
    rig = CameraRig((Camera('side', K, camera.R_w2c, camera.t_w2c),))
    with pytest.raises(CalibrationError, match="rig.json: camera 'side' has skew 2.5"):
        write_rig(rig, tmp_path / 'rig.json', 'campus')
    assert list(tmp_path.iterdir()) == []


def test_rational_distortion_is_refused(tmp_path):
    rig = ring_rig(dist=(-0.1, 0.02, 0.001, 0.002, 0, 0, 0.1, 0))
    with pytest.raises(CalibrationError, match="rig.json: camera 'cam0' has rational distortion"):
        write_rig(rig, tmp_path / 'rig.json', 'campus')
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('order', [('panoptic', 'campus'), ('campus', 'panoptic')])
def test_both_formats_in_a_row_move_no_pixel(tmp_path, order):
    rig = ring_rig(count=5)
    there = rig
    for i, format in enumerate(order):
        write_rig(there, tmp_path / f'{i}.json', format)
        there = read_rig(tmp_path / f'{i}.json', format)
    assert there.names == rig.names
    before, valid = rig.project(people_points(1000))
    after, still_valid = there.project(people_points(1000))
    assert valid.mean() > 0.9
    np.testing.assert_array_equal(valid, still_valid)
    assert np.abs(after - before)[valid].max() < 1e-6


@pytest.mark.parametrize('name', ['shelf/calibration_shelf.json', 'campus/calibration_campus.json'])
def test_real_files_are_recognised_and_survive(shared_data, tmp_path, name):
    rig = read_rig(shared_data / name)
    assert rig.names == tuple(map(str, range(len(rig))))
    write_rig(rig, tmp_path / 'rig.json', 'campus')
    assert_same_rig(rig, read_rig(tmp_path / 'rig.json'))


def test_real_file_equals_the_expected_values(shared_data):
    sample = json.loads((shared_data / 'calib/EXPECTED.json').read_text())['samples']['voxelpose']
    rig = read_rig(shared_data / 'calib' / sample['files'][0], image_size=(1032, 776))
    for name, expected in sample['cameras'].items():
        camera = rig[name]
        np.testing.assert_array_equal(camera.K, expected['K'])
        np.testing.assert_array_equal(camera.R_w2c, expected['R_w2c'])
        np.testing.assert_array_equal(camera.dist, expected['dist'])
        # R has six digits in the file: its transpose and its inverse differ in the third.
        np.testing.assert_allclose(camera.center_w, np.ravel(expected['center']), atol=5e-3)
        np.testing.assert_allclose(camera.t_w2c, np.ravel(expected['t_w2c']), atol=1e-6)
        assert camera.size == tuple(expected['size'])
