"""Crossview JSON against the real file and hand-made cases."""

import json

import cv2
import numpy as np
import pytest
from calibration_rigs import save
from errors import fails

from mmpose_ours.calibration import CalibrationError, read_rig, recognise_format
from mmpose_ours.calibration.formats.crossview import read
from mmpose_ours.calibration.parsing.source import Source

# Looks along x from (1, 2, 3) metres, upright; columns are the camera's axes.
POSE = [[0, 0, 1, 100], [-1, 0, 0, 200], [0, -1, 0, 300], [0, 0, 0, 1]]


def entry(**changes):
    return {
        'K': [[2, 0, 0.5], [0, 3, 0.25], [0, 0, 1]],
        'Tw': POSE,
        'dist_coeffs': [0.1, 0.2, 0.03, 0.04],
        **changes,
    }


def rig_file(folder, *cameras, **more):
    return save({'cameras': {f'c{i}': c for i, c in enumerate(cameras)}, **more}, folder)


def test_one_camera_by_hand(tmp_path):
    rig = read(Source(rig_file(tmp_path, entry()), (400, 200))).rig
    np.testing.assert_allclose(rig['c0'].K, [[800, 0, 200], [0, 600, 50], [0, 0, 1]])
    np.testing.assert_allclose(rig['c0'].center_w, (100, 200, 300))
    np.testing.assert_allclose(rig['c0'].to_camera([600, 100, 280]), (100, 20, 500), atol=1e-9)
    assert rig['c0'].size == (400, 200)


def test_pixels_over_size_are_the_files_own_projection(tmp_path):
    camera = read(Source(rig_file(tmp_path, entry()), (400, 200))).rig['c0']
    points = np.random.default_rng(0).uniform((500, 50, 250), (900, 350, 350), (100, 3))
    w2c = np.linalg.inv(np.array(POSE, dtype=float))
    expected, _ = cv2.projectPoints(
        points, cv2.Rodrigues(w2c[:3, :3])[0], w2c[:3, 3], np.array(entry()['K']),
        np.array(entry()['dist_coeffs']),
    )  # fmt: skip
    uv, valid = camera.project(points)
    assert valid.all()
    np.testing.assert_allclose(uv / (400, 200), expected[:, 0], atol=1e-9)


def test_the_size_is_asked_for_and_taken_from_all_places(tmp_path):
    path = rig_file(tmp_path, entry(), entry(Tw=np.diag([1, 1, 1, 1]).tolist()))
    with fails(CalibrationError, code='missing-value', camera='c0', expected='image_size'):
        read_rig(path)
    assert read(Source(path, (400, 200))).rig['c1'].size == (400, 200)
    annotation = save({'image_wh': [400, 200], 'frames': {}}, tmp_path, 'annotation_2d.json')
    assert recognise_format([path, annotation])[0] == 'crossview'
    assert read(Source([path, annotation])).rig['c0'].K[0, 0] == 800
    inside = rig_file(tmp_path, entry(), image_wh=[400, 200])
    assert read(Source(inside)).rig['c0'].K[0, 0] == 800


def test_a_camera_with_its_own_size_holds_pixels(tmp_path):
    pixels = entry(K=[[800, 0, 200], [0, 600, 50], [0, 0, 1]], image_wh=[400, 200])
    camera = read(Source(rig_file(tmp_path, pixels))).rig['c0']
    np.testing.assert_allclose(camera.K, [[800, 0, 200], [0, 600, 50], [0, 0, 1]])
    assert camera.size == (400, 200)
    # The tool writes a height of 1 as well: no size of an image.
    unit = entry(K=[[4, 0, 1], [0, 3, 0.25], [0, 0, 1]], image_wh=[2, 1])
    camera = read(Source(rig_file(tmp_path, unit), (400, 200))).rig['c0']
    np.testing.assert_allclose(camera.K, [[800, 0, 200], [0, 600, 50], [0, 0, 1]])


@pytest.mark.parametrize(
    ('dist', 'read_as'),
    [(None, ()), ([], ()), ([0.1, 0.2], (0.1, 0.2, 0, 0)), ([1, 2, 3, 4, 5], (1, 2, 3, 4, 5))],
)
def test_coefficients_of_any_number(tmp_path, dist, read_as):
    rig = read(Source(rig_file(tmp_path, entry(dist_coeffs=dist, pose=POSE)), (400, 200))).rig
    assert tuple(rig['c0'].dist) == read_as


@pytest.mark.parametrize(
    ('changes', 'fields'),
    [
        ({'K': [[2, 0], [0, 3]]}, dict(code='wrong-shape', place='cameras.c0.K', found=4)),
        ({'K': None}, dict(code='missing-value', place='cameras.c0', expected='K')),
        (
            {'K': [[800, 0, 200], [0, 600, 50], [0, 0, 1]]},
            dict(code='out-of-range', camera='c0', found=(80000.0, 10000.0)),
        ),
        ({'Tw': POSE[:2]}, dict(code='wrong-shape', place='cameras.c0.Tw', found=8)),
        (
            {'Tw': [*POSE[:3], [0, 0, 1, 1]]},
            dict(code='file-format', place='cameras.c0.Tw', found=[0.0, 0.0, 1.0, 1.0]),
        ),
        (
            {'Tw': [[0, 0, 2, 1], *POSE[1:]]},
            dict(
                code='invalid-input',
                camera='c0',
                found=[[0.0, -1.0, 0.0], [0.0, 0.0, -1.0], [2.0, 0.0, 0.0]],
            ),
        ),
        ({'Tw': None}, dict(code='missing-value', place='cameras.c0', expected='Tw')),
        (
            {'dist_coeffs': [0] * 6},
            dict(code='wrong-shape', place='cameras.c0.dist_coeffs', found=6),
        ),
        (
            {'dist_coeffs': ['a', 2]},
            dict(code='file-format', place='cameras.c0.dist_coeffs[0]', found='a'),
        ),
        (
            {'image_wh': [0, 5]},
            dict(code='out-of-range', place='cameras.c0.image_wh', found=[0, 5]),
        ),
        (
            {'image_wh': [1.5, 2]},
            dict(code='out-of-range', place='cameras.c0.image_wh', found=(1.5, 2.0)),
        ),
    ],
)
def test_broken_files_are_one_sentence(tmp_path, changes, fields):
    path = rig_file(tmp_path, entry(**changes))
    with fails(CalibrationError, **fields) as caught:
        read(Source(path, (400, 200)))
    assert 'rig.json' in str(caught.value) and '\n' not in str(caught.value)


@pytest.mark.parametrize(
    'data', ['[', '[]', '{"cameras": []}', '{"cameras": {"a": 1}}', '{"cameras": {}}', '{}', '3']
)
def test_other_json_is_one_sentence(tmp_path, data):
    path = save(data, tmp_path)
    with fails(CalibrationError, file=path) as caught:
        read(Source(path, (400, 200)))
    assert '\n' not in str(caught.value)


def test_real_file_equals_the_expected_values(shared_data):
    sample = json.loads((shared_data / 'calib/EXPECTED.json').read_text())['samples']['crossview']
    path = shared_data / 'calib' / sample['files'][0]
    rig = read(Source(path, (360, 288))).rig
    assert list(rig.names) == list(sample['cameras'])
    for name, expected in sample['cameras'].items():
        camera = rig[name]
        np.testing.assert_allclose(camera.K, expected['K'], rtol=1e-15)
        np.testing.assert_array_equal(camera.dist, expected['dist'])
        np.testing.assert_array_equal(camera.R_w2c, expected['R_w2c'])
        np.testing.assert_allclose(camera.center_w, expected['center'], atol=1e-9)
        assert camera.size == tuple(expected['size'])
    # Centimetres and z up: cameras hang two metres high and their images stand upright.
    checked = read_rig(path, image_size=(360, 288))
    assert np.all((checked.centers_w[:, 2] > 1500) & (checked.centers_w[:, 2] < 3000))
    assert all(camera.R_w2c[1, 2] < -0.9 for camera in checked)


def test_no_camera_is_said(tmp_path):
    with fails(CalibrationError, code='no-data', place='cameras', found={}):
        read(Source(save({'cameras': {}}, tmp_path)))


@pytest.mark.parametrize('off', [5e-7, 5e-6])
def test_the_last_row_may_be_rounded(tmp_path, off):
    source = Source(rig_file(tmp_path, entry(Tw=[*POSE[:3], [0, 0, off, 1]])), (400, 200))
    if off < 1e-6:
        assert len(read(source).rig) == 1
    else:
        with fails(
            CalibrationError,
            code='file-format',
            place='cameras.c0.Tw',
            found=[0.0, 0.0, 5e-06, 1.0],
        ):
            read(source)
