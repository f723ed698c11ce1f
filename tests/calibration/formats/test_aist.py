"""AIST++'s settings, and Anipose's keys as JSON, against the code that wrote the settings."""

import json

import cv2
import numpy as np
import pytest
from calibration_rigs import save
from errors import fails
from scipy.spatial.transform import Rotation

from mmpose_ours.calibration import CalibrationError, read_rig, recognise_format
from mmpose_ours.calibration.api import read_calibration
from mmpose_ours.calibration.formats import anipose
from mmpose_ours.calibration.formats.datasets import aist
from mmpose_ours.calibration.parsing.source import Source


def settings(views=8):
    """``init_env_cameras`` of processing/run_estimate_camera.py: what the tool begins with."""
    cameras = []
    for i in range(views):
        turn = Rotation.from_euler('y', 180 - 360 // 8 * i, degrees=True)
        rvec = (turn * Rotation.from_euler('z', 180, degrees=True)).as_rotvec()
        cameras.append(
            {
                'name': f'c0{i + 1}',
                'size': [1920, 1080],
                'matrix': [[1600.0, 0, 960], [0, 1600, 540], [0, 0, 1]],
                'distortions': [0.0, 0, 0, 0, 0],
                'rotation': rvec.tolist(),
                'translation': [0, 180, 500],
            }
        )
    return cameras


def test_the_tools_first_guess(tmp_path):
    path = save(settings(), tmp_path, 'setting1.json')
    assert recognise_format(path)[0] == 'aist'
    read = read_calibration(path)
    assert (read.unit, read.up) == ('cm', 'y')
    for camera in read.rig:
        # 180 cm high, 5 m away from the middle, upright: up is up in the image
        assert camera.size == (1920, 1080)
        np.testing.assert_allclose(camera.center_w[2], 1800, atol=1e-6)
        np.testing.assert_allclose(np.linalg.norm(camera.center_w[:2]), 5000)
        (_, low), (_, high) = camera.project([[0, 0, 0], [0, 0, 1700]])[0]
        assert 0 < high < low < 1200
    # As aniposelib projects: cv2.projectPoints with the file's vectors
    one, entry = aist.read(Source(path)).rig['c03'], settings()[2]
    expected = cv2.projectPoints(
        np.array([[[20.0, 90.0, -30.0]]]), np.array(entry['rotation']),
        np.array(entry['translation'], dtype=float), np.array(entry['matrix']), np.zeros(5),
    )[0]  # fmt: skip
    np.testing.assert_allclose(one.project([20, 90, -30])[0], expected[0, 0], atol=1e-6)


def test_the_folder_holds_several_settings(tmp_path):
    for name in ('setting1.json', 'setting2.json'):
        save(settings(), tmp_path, name)
    (tmp_path / 'mapping.txt').write_text('gBR_sBM_cAll_d04_mBR0_ch01 setting1\n')
    with fails(CalibrationError, code='ambiguous'):
        read_rig(tmp_path)


def test_other_lists_are_aniposes_whose_unit_must_be_given(tmp_path):
    for changes in (dict(name='cam'), dict(size=[1280, 720])):
        cameras = settings(2)
        cameras[0].update(changes)
        if 'size' in changes:
            cameras[0]['matrix'] = [[1600.0, 0, 640], [0, 1600, 360], [0, 0, 1]]
        path = save(cameras, tmp_path)
        assert recognise_format(path)[0] == 'anipose'
        with fails(CalibrationError, code='missing-value'):
            read_rig(path)
        assert len(read_rig(path, unit='cm', up='y')) == 2
    # Named, both read either
    assert (
        len(read_rig(save(settings(2), tmp_path), 'anipose', unit='mm', up='y', any_scale=True))
        == 2
    )


def test_aniposes_keys_in_any_json(tmp_path):
    cameras = [dict(c, name=n) for c, n in zip(settings(3), ('a', 'b', 'c'))]
    true = anipose.read(Source(save(cameras, tmp_path))).rig
    by_key = {f'cam_{i}': camera for i, camera in enumerate(cameras)}
    for data in ({'cameras': cameras}, by_key, {'cameras': by_key}, {**by_key, 'metadata': {}}):
        path = save(data, tmp_path)
        assert recognise_format(path)[0] == 'anipose'
        rig = anipose.read(Source(path)).rig
        assert rig.names == true.names
        for x, y in zip(rig, true):
            np.testing.assert_array_equal(x.t_w2c, y.t_w2c)
    nameless = [{k: v for k, v in camera.items() if k != 'name'} for camera in cameras]
    assert anipose.read(Source(save(nameless, tmp_path))).rig.names == ('0', '1', '2')
    fisheye = [dict(c, fisheye=True, distortions=[0.1, 0, 0, 0]) for c in cameras]
    assert anipose.read(Source(save(fisheye, tmp_path))).rig['a'].lens == 'fisheye'


@pytest.mark.parametrize(
    ('changes', 'fields'),
    [
        (dict(matrix=[1, 2]), dict(code='wrong-shape', camera='c01', place='[0].matrix', found=2)),
        (dict(rotation=[1, 2]), dict(code='wrong-shape', place='[0].rotation', found=2)),
        (dict(distortions=None), dict(code='missing-value', place='[0]', expected='distortions')),
        (dict(name='c02'), dict(code='duplicate', camera='c02')),
        (dict(translation=[0, 0, 1e30]), dict(code='out-of-range', camera='c01')),
    ],
)
def test_broken_values(tmp_path, changes, fields):
    cameras = settings(2)
    cameras[0].update(changes)
    with fails(CalibrationError, **fields):
        aist.read(Source(save(cameras, tmp_path)))


def test_lists_of_anything_else(tmp_path):
    for data in ([], [1, 2], [{'name': 'c01'}], {'a': [settings()]}, settings(1)):
        (tmp_path / 'x.json').write_text(json.dumps(data))
        assert aist.recognise(Source(tmp_path / 'x.json')) == ''
