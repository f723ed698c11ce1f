"""Campus/Shelf JSON against hand-made cases and the published files."""

import numpy as np
import pytest
from calibration_rigs import assert_same_rig, ring_rig, save, written
from tool_rigs import assert_same_pixels, read_sample

from mmpose_ours.calibration import read_rig, write_rig
from mmpose_ours.calibration.formats import campus


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


@pytest.mark.parametrize('order', [('panoptic', 'campus'), ('campus', 'panoptic')])
def test_both_formats_in_a_row_move_no_pixel(tmp_path, order):
    rig = ring_rig(count=5)
    there = rig
    for i, format in enumerate(order):
        write_rig(there, tmp_path / f'{i}.json', format)
        there = read_rig(tmp_path / f'{i}.json', format)
    assert_same_pixels(rig, there)


@pytest.mark.parametrize('name', ['shelf/calibration_shelf.json', 'campus/calibration_campus.json'])
def test_real_files_are_recognised_and_survive(shared_data, tmp_path, name):
    rig = read_rig(shared_data / name)
    assert rig.names == tuple(map(str, range(len(rig))))
    write_rig(rig, tmp_path / 'rig.json', 'campus')
    assert_same_rig(rig, read_rig(tmp_path / 'rig.json'))


def test_real_file_equals_the_expected_values(shared_data):
    read_sample(campus, shared_data, 'voxelpose', image_size=(1032, 776))
