"""MMPose's camera dictionaries against hand-made cases and its own projection."""

import json
import pickle

import numpy as np
import pytest
from calibration_rigs import people_points, ring_rig, save
from errors import fails

from mmpose_ours.calibration import CalibrationError, recognise_format
from mmpose_ours.calibration.api import read_calibration
from mmpose_ours.calibration.formats.simple_camera import read
from mmpose_ours.calibration.parsing.source import Source
from mmpose_ours.io.limits import limited

RATIONAL = (-0.1, 0.02, 0.001, 0.002, 0.003, 0.01, 0.02, 0.03)


def simple_camera(camera, intrinsics='K'):
    """A camera as MMPose's SimpleCamera takes it."""
    k1, k2, p1, p2, *more = camera.dist_full[: 8 if camera.dist_full[5:8].any() else 5].tolist()
    entry = {
        'R': camera.R_w2c.T.tolist(),
        'T': camera.center_w.reshape(3, 1).tolist(),
        'k': [k1, k2, *more],
        'p': [p1, p2],
    }
    if intrinsics == 'K':
        entry['K'] = camera.K[:2].tolist()
    else:
        entry['f'] = camera.K[[0, 1], [0, 1]].reshape(2, 1).tolist()
        entry['c'] = camera.K[:2, 2].reshape(2, 1).tolist()
    if camera.size:
        entry['w'], entry['h'] = camera.size
    return entry


def project_as_mmpose(entry, xyz):
    """The pixels that SimpleCamera.world_to_pixel computes."""
    R, T = np.array(entry['R']), np.array(entry['T'])
    X = xyz @ R - T.T @ R
    X = X / X[:, 2:]
    k, p, xy = np.ravel(entry['k']), np.ravel(entry['p']), X[:, :2]
    r2 = (xy**2).sum(-1)
    radial = 1 + sum(ki * r2 ** (i + 1) for i, ki in enumerate(k[:3]))
    if k.size == 6:
        radial = radial / (1 + sum(ki * r2 ** (i + 1) for i, ki in enumerate(k[3:])))
    tangential = 2 * (p[1] * X[:, 0] + p[0] * X[:, 1])
    X[:, :2] = xy * (radial + tangential)[:, None] + np.outer(r2, p[::-1])
    if 'K' in entry:
        return X @ np.array(entry['K']).T
    return X[:, :2] * np.ravel(entry['f']) + np.ravel(entry['c'])


def assert_same(rig, found, names=True):
    assert not names or rig.names == found.names
    for a, b in zip(rig, found):
        np.testing.assert_allclose(a.K, b.K)
        np.testing.assert_allclose(a.R_w2c, b.R_w2c, atol=1e-12)
        np.testing.assert_allclose(a.t_w2c, b.t_w2c, atol=1e-9)
        np.testing.assert_array_equal(a.dist_full, b.dist_full)
        assert a.size == b.size


@pytest.mark.parametrize('dist', [(-0.21, 0.17, 0.0004, -0.0007, 0.02), RATIONAL])
@pytest.mark.parametrize('intrinsics', ['K', 'f and c'])
def test_pixels_are_mmposes(tmp_path, dist, intrinsics):
    rig = ring_rig(dist=dist)
    entries = {c.name: simple_camera(c, intrinsics) for c in rig}
    path = save(entries, tmp_path)
    assert recognise_format(path)[0] == 'mmpose'
    points = people_points()
    for camera in read_calibration(path, unit='mm', up='z').rig:
        uv, valid = camera.project(points)
        expected = project_as_mmpose(entries[camera.name], points)
        np.testing.assert_allclose(uv[valid], expected[valid], rtol=0, atol=1e-6)


def test_all_layouts_read_alike(tmp_path):
    rig = ring_rig(size=None)
    entries = [simple_camera(c) for c in rig]
    named = [dict(e, name=c.name) for e, c in zip(entries, rig)]
    square = [dict(e, K=[*e['K'], [0, 0, 1]]) for e in named]
    c2w = [dict(e, R_c2w=e['R'], T_c2w=e['T']) for e in named]
    w2c = [dict(e, R_w2c=c.R_w2c.tolist(), T_w2c=c.t_w2c.tolist()) for e, c in zip(named, rig)]
    for entry in c2w + w2c:
        del entry['R'], entry['T']
    by_name = {e['name']: e for e in named}
    for index, data in enumerate(
        (named, {'cameras': named}, by_name, {'cameras': by_name}, square, c2w, w2c)
    ):
        path = save(data, tmp_path, f'{index}.json')
        # Others have K of 3x3 with R and T too, and mean the opposite
        assert recognise_format(path)[0] == ('krt' if data is square else 'mmpose'), index
        assert_same(rig, read(Source(path)).rig)
    path = save(entries, tmp_path)
    assert read(Source(path)).rig.names == ('0', '1', '2', '3')


def test_a_dump_of_its_param_is_for_row_vectors(tmp_path):
    rig = ring_rig(size=None)
    dump = {}
    for camera in rig:
        R, T = camera.R_w2c.T, camera.center_w.reshape(3, 1)  # as in SimpleCamera.__init__
        dump[camera.name] = {
            'R_c2w': R.T.tolist(),
            'T_c2w': T.T.tolist(),
            'R_w2c': R.tolist(),
            'T_w2c': (-T.T @ R).tolist(),
            'K': camera.K[:2].T.tolist(),
            'k': camera.dist_full[[0, 1, 4]].tolist(),
            'p': camera.dist_full[2:4].tolist(),
        }
    assert_same(rig, read(Source(save(dump, tmp_path))).rig)
    dump['cam0']['T_w2c'][0][0] += 50
    with fails(CalibrationError, code='conflict', camera='cam0', place='cam0.R_w2c'):
        read(Source(save(dump, tmp_path)))


@pytest.mark.parametrize('protocol', [2, 3, 4, 5])
def test_a_human36m_pickle(tmp_path, protocol):
    rig = ring_rig(names=['S1_54138969', 'S1_55011271', 'S5_58860488', 'S5_60457274'])
    content = {}
    for camera in rig:
        entry = {k: np.array(v) for k, v in simple_camera(camera, 'f and c').items()}
        content[tuple(camera.name.split('_'))] = {**entry, 'w': 1280, 'h': 720, 'name': 'x'}
    path = tmp_path / 'cameras.pkl'
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    assert recognise_format(path) == ('mmpose', "camera 'S1_54138969' holds R, T, f, c")
    assert_same(rig, read(Source(path)).rig)


@pytest.mark.parametrize(
    ('size', 'expected'),
    [({'res': [640, 480]}, (640, 480)), ({'width': 640, 'height': 480}, (640, 480)), ({}, None)],
)
def test_sizes(tmp_path, size, expected):
    entry = {**simple_camera(ring_rig(size=None)['cam0']), 'K': [[500, 0, 320], [0, 500, 240]]}
    assert read(Source(save({'a': {**entry, **size}}, tmp_path))).rig['a'].size == expected


class Evil:
    def __reduce__(self):
        return print, ('run',)


def test_broken_pickles_run_nothing(tmp_path, capsys):
    path = tmp_path / 'cameras.pkl'
    whole = pickle.dumps({'a': simple_camera(ring_rig()['cam0'])}, protocol=4)
    evil = pickle.dumps({'a': Evil()})
    for content in (evil, whole[:-9], b'\x80', b'\x80\x04.'):
        path.write_bytes(content)
        code = 'unsafe' if content == evil else 'damaged'
        with fails(CalibrationError, code=code, file=path):
            read(Source(path))
        with fails(CalibrationError, code=code, file=path):
            recognise_format(path)
    assert capsys.readouterr().out == ''
    path.write_bytes(whole)
    with limited(calibration_bytes=len(whole) - 1), pytest.raises(CalibrationError):
        read(Source(path))
    path.write_bytes(pickle.dumps([1, 2]))
    with fails(CalibrationError, code='file-format', camera='0', place='0', found=1):
        read(Source(path))


@pytest.mark.parametrize(
    ('changes', 'fields'),
    [
        ({'R': [[1, 0], [0, 1]]}, dict(code='wrong-shape', camera='a', place='a.R', found=4)),
        (
            {'R': [[1, 0, 0], [0, 1, 0], [0, 0, 2]]},
            dict(
                code='invalid-input',
                camera='a',
                found=[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 2.0]],
            ),
        ),
        ({'R': None}, dict(code='missing-value', place='a', expected=['R', 'T'])),
        ({'T': [1, 2]}, dict(code='wrong-shape', place='a.T', found=2)),
        ({'T': [1, 2, float('nan')]}, dict(code='not-finite', place='a.T[2]')),
        ({'K': [1] * 8}, dict(code='wrong-shape', place='a.K', found=8)),
        ({'K': [[0, 0, 0], [0, 0, 0]]}, dict(code='out-of-range', camera='a', found=(0.0, 0.0))),
        ({'K': None}, dict(code='missing-value', place='a', expected='f')),
        ({'k': [0.1]}, dict(code='wrong-shape', place='a.k', found=1)),
        ({'p': None}, dict(code='missing-value', place='a', expected='p')),
        ({'p': [0.1, 'x']}, dict(code='file-format', place='a.p[1]', found='x')),
        ({'w': -5}, dict(code='out-of-range', place='a.w', found=(-5.0, 720.0))),
        ({'w': 10}, dict(code='out-of-range', camera='a', found=(642.8, 355.1))),
    ],
)
def test_broken_cameras_are_one_sentence(tmp_path, changes, fields):
    entry = {**simple_camera(ring_rig()['cam0']), **changes}
    with fails(CalibrationError, **fields) as caught:
        read(Source(save({'a': entry}, tmp_path)))
    assert 'rig.json' in str(caught.value) and '\n' not in str(caught.value)


@pytest.mark.parametrize('data', ['{', '[]', '{}', '3', '{"a": 1}', '"x"'])
def test_other_json_is_one_sentence(tmp_path, data):
    path = save(data, tmp_path)
    with fails(CalibrationError, file=path) as caught:
        read(Source(path))
    assert '\n' not in str(caught.value)


def test_other_formats_are_not_taken_for_it(tmp_path):
    campus = {'R': np.eye(3).tolist(), 'T': [1, 2, 3], 'fx': 5, 'fy': 5, 'cx': 1, 'cy': 1}
    campus = {**campus, 'k': [0, 0, 0], 'p': [0, 0]}
    assert recognise_format(save({'0': campus}, tmp_path))[0] == 'campus'
    panoptic = {'name': 'a', 'K': 1, 'R': 1, 't': 1, 'distCoef': 1, 'resolution': 1}
    assert recognise_format(save({'cameras': [panoptic]}, tmp_path))[0] == 'panoptic'
    assert json.loads((tmp_path / 'rig.json').read_text())


def test_a_pickle_that_cannot_be_read_says_what_to_do(tmp_path):
    path = tmp_path / 'cameras.pkl'
    path.write_bytes(pickle.dumps({}))
    source = Source(path)
    assert source.one.head
    path.unlink()
    with pytest.raises(CalibrationError, match=r'cameras.pkl: cannot be read \(No such.*; check'):
        read(source)
