"""K, R and T under any usual names: read right where the direction is known, else asked for."""

import json
import pickle

import numpy as np
import pytest
from calibration_rigs import save
from errors import fails
from krt_spellings import DIRECTIONS, SPELLINGS, flat, matrix, pose_of, random_rig, write
from limited_process import run_limited

from mmpose_ours.calibration import CalibrationError, read_rig, recognise_format
from mmpose_ours.calibration.api import read_calibration
from mmpose_ours.calibration.direction import C2W, CENTER, VECTOR, W2C, UnsaidDirectionError
from mmpose_ours.geometry.rig import CameraRig

MM = {'unit': 'mm', 'up': 'z'}
RIGS = 20


def said(direction, needs_translation=True):
    return dict(
        zip(('extrinsics', 'translation'), direction if needs_translation else direction[:1])
    )


def assert_same(rig, found, dist=True):
    assert rig.names == found.names
    for a, b in zip(rig, found):
        np.testing.assert_allclose(a.K, b.K, atol=1e-9)
        np.testing.assert_allclose(a.R_w2c, b.R_w2c, atol=1e-9)
        np.testing.assert_allclose(a.t_w2c, b.t_w2c, atol=1e-6)
        if dist:
            np.testing.assert_allclose(a.dist_full, b.dist_full, atol=1e-12)
            assert a.size == b.size


@pytest.mark.parametrize('spelling', SPELLINGS)
def test_two_hundred_rigs_are_read_right_or_asked_for(tmp_path, spelling):
    make, needs_translation = SPELLINGS[spelling]
    for seed in range(RIGS):
        rig = random_rig(seed)
        directions = DIRECTIONS if needs_translation else (DIRECTIONS[0], DIRECTIONS[2])
        for direction in directions:
            path = write(make(rig, direction), tmp_path)
            with pytest.raises(UnsaidDirectionError) as caught:
                read_calibration(path, **MM)
            assert caught.value.code == 'missing-value'
            wanted = ('extrinsics', 'translation') if needs_translation else ('extrinsics',)
            assert tuple(caught.value.expected) == wanted
            read = read_calibration(path, **MM, **said(direction, needs_translation))
            assert read.format == 'krt'
            assert_same(rig, read.rig)


@pytest.mark.parametrize('spelling', SPELLINGS)
def test_a_wrong_direction_is_never_silent(tmp_path, spelling):
    make, needs_translation = SPELLINGS[spelling]
    for seed in range(5):
        rig = random_rig(seed)
        directions = DIRECTIONS if needs_translation else (DIRECTIONS[0], DIRECTIONS[2])
        for direction in directions:
            path = write(make(rig, direction), tmp_path)
            for wrong in directions:
                if wrong != direction:
                    read = read_calibration(path, **MM, **said(wrong, needs_translation))
                    assert any('R and T mean' in note for note in read.notes)


def test_the_error_says_which_reading_makes_sense_if_only_one_does(tmp_path):
    rig = random_rig(1)
    path = save(flat(rig, (C2W, CENTER)), tmp_path)
    with pytest.raises(
        UnsaidDirectionError, match='extrinsics camera-to-world and translation center'
    ):
        read_calibration(path, **MM)
    pair = CameraRig(rig.cameras[:2])  # two axes meet under any reading
    with pytest.raises(UnsaidDirectionError) as caught:
        read_calibration(save(flat(pair, (C2W, CENTER)), tmp_path), **MM)
    assert 'only with' not in str(caught.value)


def camera_with(**values):
    """The first camera of a rig with K and the values, and a second one of the same keys."""
    rig = CameraRig(random_rig(3).cameras[:2])
    return rig, {c.name: {'K': c.K.tolist(), **{k: v(c) for k, v in values.items()}} for c in rig}


KEYS_THAT_SAY_IT = {
    'R_w2c t_w2c': {'R_w2c': lambda c: c.R_w2c.tolist(), 't_w2c': lambda c: c.t_w2c.tolist()},
    'R_c2w position': {
        'R_c2w': lambda c: c.R_w2c.T.tolist(), 'position': lambda c: c.center_w.tolist(),
    },
    'Rcw Tcw': {'R_cw': lambda c: c.R_w2c.tolist(), 't_cw': lambda c: c.t_w2c.tolist()},
    'world_to_camera': {'world_to_camera': lambda c: matrix(c, (W2C, VECTOR), 4).tolist()},
    'world2cam': {'world2cam': lambda c: matrix(c, (W2C, VECTOR)).ravel().tolist()},
    'extrinsics_w2c': {'extrinsics_w2c': lambda c: matrix(c, (W2C, VECTOR)).tolist()},
    'c2w': {'c2w': lambda c: matrix(c, (C2W, CENTER), 4).tolist()},
    'cam2world': {'cam2world': lambda c: matrix(c, (C2W, CENTER), 4).tolist()},
    'T_wc': {'T_wc': lambda c: matrix(c, (C2W, CENTER), 4).tolist()},
    'camera_pose': {'camera_pose': lambda c: matrix(c, (C2W, CENTER), 4).tolist()},
    'camera_pose group': {
        'camera_pose': lambda c: {'R': c.R_w2c.T.tolist(), 't': c.center_w.tolist()}
    },
    'R T and centre': {
        'R': lambda c: c.R_w2c.tolist(), 'T': lambda c: c.t_w2c.tolist(),
        'center': lambda c: c.center_w.tolist(),
    },
    'RT and P': {
        'RT': lambda c: matrix(c, (W2C, VECTOR)).tolist(),
        'P': lambda c: (-2 * c.K @ matrix(c, (W2C, VECTOR))).tolist(),
    },
    'R T and P': {
        'R': lambda c: c.R_w2c.T.tolist(), 'T': lambda c: c.center_w.tolist(),
        'P': lambda c: (c.K @ matrix(c, (W2C, VECTOR))).tolist(),
    },
}  # fmt: skip


@pytest.mark.parametrize('keys', KEYS_THAT_SAY_IT)
def test_keys_that_say_the_direction_need_no_option(tmp_path, keys):
    rig, content = camera_with(**KEYS_THAT_SAY_IT[keys])
    assert_same(rig, read_calibration(save(content, tmp_path), **MM).rig, dist=False)


def test_a_projection_matrix_alone_says_everything(tmp_path):
    rig = random_rig(5)
    content = {c.name: {'P': (c.K @ matrix(c, (W2C, VECTOR))).tolist()} for c in rig}
    found = read_calibration(save(content, tmp_path), **MM).rig
    for a, b in zip(rig, found):
        np.testing.assert_allclose(a.K, b.K, rtol=1e-9, atol=1e-6)
        np.testing.assert_allclose(a.t_w2c, b.t_w2c, rtol=1e-9, atol=1e-5)


def test_only_what_is_not_said_is_asked_for(tmp_path):
    _, content = camera_with(R_w2c=lambda c: c.R_w2c.tolist(), T=lambda c: c.t_w2c.tolist())
    with fails(UnsaidDirectionError, code='missing-value') as caught:
        read_calibration(save(content, tmp_path), **MM)
    assert list(caught.value.expected) == ['translation']
    _, content = camera_with(R=lambda c: c.R_w2c.tolist(), C=lambda c: c.center_w.tolist())
    with fails(UnsaidDirectionError, code='missing-value') as caught:
        read_calibration(save(content, tmp_path), **MM)
    assert list(caught.value.expected) == ['extrinsics']


def test_an_option_overrides_a_key_with_a_note(tmp_path):
    rig, content = camera_with(R_w2c=lambda c: c.R_w2c.T.tolist(), t_w2c=lambda c: c.t_w2c.tolist())
    read = read_calibration(save(content, tmp_path), extrinsics=C2W, **MM)
    assert_same(rig, read.rig, dist=False)
    assert any("'R_w2c' is camera to world as given" in note for note in read.notes)


def test_the_column_of_a_matrix_may_be_the_centre(tmp_path):
    rig, content = camera_with(RT=lambda c: np.column_stack([c.R_w2c, c.center_w]).tolist())
    read = read_calibration(save(content, tmp_path), **MM, extrinsics=W2C, translation=CENTER)
    assert_same(rig, read.rig, dist=False)
    rig, content = camera_with(pose=lambda c: matrix(c, (C2W, CENTER), 4).tolist())
    read = read_calibration(save(content, tmp_path), **MM, extrinsics=C2W, translation=VECTOR)
    assert_same(rig, read.rig, dist=False)
    assert any('last column' in note for note in read.notes)


def test_a_direction_is_refused_where_the_format_fixes_it(tmp_path):
    from format_samples import sample

    for format, fixed, other in (('opencv', W2C, C2W), ('mmpose', C2W, W2C), ('campus', W2C, C2W)):
        path = sample(format, tmp_path / format)
        with fails(CalibrationError, code='conflict', found=[other]):
            read_calibration(path, unit='mm', up='z', extrinsics=other)
        assert read_calibration(path, unit='mm', up='z', extrinsics=fixed).format == format
    colmap = sample('colmap', tmp_path / 'colmap')
    with fails(CalibrationError, code='conflict', found=[W2C]):
        read_calibration(colmap, unit='m', up='z', extrinsics=W2C)
    with fails(CalibrationError, code='unknown-name', found='w2c'):
        read_calibration(path, extrinsics='w2c')


# What a key may hold beside K, R_w2c and t_w2c, and what it means.
LENSES = {
    'D': ([-0.1, 0.02, 1e-3, -2e-3, 0.3], [-0.1, 0.02, 1e-3, -2e-3, 0.3]),
    'dist': ([[-0.1], [0.02], [1e-3], [-2e-3]], [-0.1, 0.02, 1e-3, -2e-3, 0]),
    'distortion_coefficients': ({'rows': 1, 'cols': 4, 'data': [-0.1, 0, 0, 0]}, [-0.1, 0, 0]),
    'DistCoeffs': ([0.1, 0.2], [0.1, 0.2, 0, 0, 0]),
    'distCoef': ([1e-1, 0, 0, 0, 0, 0.2, 0.1, 0.05], [1e-1, 0, 0, 0, 0, 0.2, 0.1, 0.05]),
    'radial_distortion': ([-0.1, 0.02, 0.3], [-0.1, 0.02, 0, 0, 0.3]),
    'k1': (-0.2, [-0.2, 0, 0, 0, 0]),
    'distortion': ({'radial': [-0.1, 0, 0.3], 'tangential': [1e-3, 0]}, [-0.1, 0, 1e-3, 0, 0.3]),
    'Distortion': ({'K1': -0.1, 'P1': 1e-3, 'P2': 2e-3, 'K3': 0.3}, [-0.1, 0, 1e-3, 2e-3, 0.3]),
    'lens': ({'model': 'opencv', 'coefficients': [0] * 5, 'k1': 0}, [0, 0, 0, 0, 0]),
}  # fmt: skip


@pytest.mark.parametrize('key', LENSES)
def test_distortion_under_any_name(tmp_path, key):
    value, expected = LENSES[key]
    _, content = camera_with(**KEYS_THAT_SAY_IT['R_w2c t_w2c'], **{key: lambda c: value})
    camera = read_calibration(save(content, tmp_path), **MM).rig.cameras[0]
    np.testing.assert_allclose(camera.dist_full[: len(expected)], expected)
    assert camera.lens == 'opencv'


SIZES = {
    'imgSize': [1920.0, 1080.0], 'size': [1920, 1080], 'resolution': '', 'ImageSize': [1920, 1080],
    'img_size': [[1920], [1080]], 'image_wh': [1920, 1080], 'image_shape': [1080, 1920, 3],
    'hw': [1080, 1920], 'DIM': [1920, 1080],
}  # fmt: skip
SIZES['resolution'] = {'width': 1920, 'height': 1080}


@pytest.mark.parametrize('key', SIZES)
def test_sizes_under_any_name(tmp_path, key):
    _, content = camera_with(**KEYS_THAT_SAY_IT['R_w2c t_w2c'], **{key: lambda c: SIZES[key]})
    for entry in content.values():
        entry['K'] = [[1000, 0, 960], [0, 1000, 540], [0, 0, 1]]
    assert read_calibration(save(content, tmp_path), **MM).rig.cameras[0].size == (1920, 1080)


@pytest.mark.parametrize('text', ['1920x1080', '(1920, 1080)', '[1920 1080]', ' 1920 × 1080 '])
def test_sizes_as_text(tmp_path, text):
    _, content = camera_with(**KEYS_THAT_SAY_IT['R_w2c t_w2c'], size=lambda c: text)
    for entry in content.values():
        entry['K'] = [[1000, 0, 960], [0, 1000, 540], [0, 0, 1]]
    assert read_calibration(save(content, tmp_path), **MM).rig.cameras[0].size == (1920, 1080)


def test_a_size_of_many_blanks_takes_no_square_of_their_number(tmp_path):
    _, content = camera_with(
        **KEYS_THAT_SAY_IT['R_w2c t_w2c'], size=lambda c: '1' + ' ' * 200_000 + '!'
    )
    code = """
        import sys
        from mmpose_ours.calibration.api import read_calibration
        print(read_calibration(sys.argv[1], unit='mm', up='z').rig.cameras[0].size)
    """
    done = run_limited(code, save(content, tmp_path))
    assert done.stdout == 'None\n', done.stderr


@pytest.mark.parametrize('pair', [('w', 'h'), ('Width', 'Height'), ('image_width', 'image_height'),
                                  ('imgW', 'imgH'), ('res_w', 'res_h')])  # fmt: skip
def test_sizes_in_two_keys(tmp_path, pair):
    pair = {pair[0]: lambda c: 1300, pair[1]: lambda c: 800}
    _, content = camera_with(**KEYS_THAT_SAY_IT['R_w2c t_w2c'], **pair)
    for entry in content.values():
        entry['K'] = [[1000, 0, 640], [0, 1000, 400], [0, 0, 1]]
    assert read_calibration(save(content, tmp_path), **MM).rig.cameras[0].size == (1300, 800)


INTRINSICS = [
    {'fx': 1000, 'fy': 1010, 'cx': 640, 'cy': 360},
    {'f': [1000, 1010], 'c': [640, 360]},
    {'focal_length': [1000, 1010], 'principal_point': [640, 360]},
    {'intrinsics': [1000, 1010, 640, 360]},
    {'intrinsics': {'fx': 1000, 'fy': 1010, 'ppx': 640, 'ppy': 360}},
    {'camera_matrix': [1000, 0, 640, 0, 1010, 360, 0, 0, 1]},
    {'K': [[1000, 0, 640, 0], [0, 1010, 360, 0], [0, 0, 1, 0]]},
    {'K': [[1000, 0, 640], [0, 1010, 360]]},
    {'INTRINSIC': {'matrix': [[1000, 0, 640], [0, 1010, 360], [0, 0, 1]]}},
    {'mtx': {'rows': 3, 'cols': 3, 'dt': 'd', 'data': [1000, 0, 640, 0, 1010, 360, 0, 0, 1]}},
]


@pytest.mark.parametrize('intrinsics', INTRINSICS, ids=lambda value: ' '.join(value))
def test_intrinsics_under_any_name(tmp_path, intrinsics):
    _, content = camera_with(**KEYS_THAT_SAY_IT['R_w2c t_w2c'])
    content = {name: {**entry, **intrinsics} for name, entry in content.items()}
    for entry in content.values():
        if intrinsics.keys() != {'K'}:
            del entry['K']
    K = read_calibration(save(content, tmp_path), **MM).rig.cameras[0].K
    np.testing.assert_allclose(K, [[1000, 0, 640], [0, 1010, 360], [0, 0, 1]])


def test_what_is_shared_stands_beside_the_cameras(tmp_path):
    rig, content = camera_with(**KEYS_THAT_SAY_IT['R_w2c t_w2c'])
    K = [[1000, 0, 960], [0, 1000, 540], [0, 0, 1]]
    cameras = {
        name: {k: v for k, v in entry.items() if k != 'K'} for name, entry in content.items()
    }
    data = {'K': K, 'image_size': [1920, 1080], 'dist': [0.1, 0, 0, 0, 0], 'cameras': cameras}
    path = save(data, tmp_path)
    assert recognise_format(path)[0] == 'krt'
    found = read_calibration(path, **MM).rig
    assert found.names == rig.names
    for camera in found:
        assert camera.size == (1920, 1080) and camera.dist[0] == 0.1
        np.testing.assert_array_equal(camera.K, K)


def test_a_file_for_each_camera(tmp_path):
    rig = random_rig(2)
    content = flat(rig, (W2C, VECTOR))
    flat_folder, folders = tmp_path / 'flat', tmp_path / 'folders'
    flat_folder.mkdir()
    for name, entry in content.items():
        (flat_folder / f'{name}.json').write_text(json.dumps(entry))
        (folders / name).mkdir(parents=True)
        (folders / name / 'camera.json').write_text(json.dumps(entry))
    for folder in (flat_folder, folders):
        assert_same(rig, read_calibration(folder, **MM, extrinsics=W2C, translation=VECTOR).rig)


def test_intrinsics_and_extrinsics_in_two_files(tmp_path):
    rig = random_rig(2)
    content = flat(rig, (C2W, CENTER))
    lens = {'K', 'distort', 'imgSize'}
    for file, keys in (('intrinsics', lens), ('extrinsics', {'R', 'T'})):
        part = {n: {k: v for k, v in e.items() if k in keys} for n, e in content.items()}
        (tmp_path / f'{file}.json').write_text(json.dumps(part))
    paths = sorted(tmp_path.iterdir())
    assert_same(rig, read_calibration(paths, **MM, extrinsics=C2W, translation=CENTER).rig)


NAMES = [
    ({'name': 'a'}, {'name': 'b'}, ('a', 'b')),
    ({'id': 3}, {'id': 7}, ('3', '7')),
    ({'camera_id': '01', 'name': 'GoPro'}, {'camera_id': '02'}, ('01', '02')),
    ({'serial_number': 12}, {'serial_number': 13}, ('12', '13')),
    ({}, {}, ('0', '1')),
]


@pytest.mark.parametrize(('first', 'second', 'names'), NAMES)
def test_names_of_a_list(tmp_path, first, second, names):
    _, content = camera_with(**KEYS_THAT_SAY_IT['R_w2c t_w2c'])
    one, other = content.values()
    data = [{**one, **first}, {**other, **second}]
    assert read_calibration(save(data, tmp_path), **MM).rig.names == names


def test_a_camera_without_a_pose_is_uncalibrated(tmp_path):
    _, content = camera_with(**KEYS_THAT_SAY_IT['R_w2c t_w2c'])
    content['lost'] = {'K': content['c0']['K'], 'R_w2c': None, 't_w2c': None}
    read = read_calibration(save(content, tmp_path), **MM)
    assert read.uncalibrated == ('lost',) and read.rig.names == ('c0', 'c1')


def test_unknown_numbers_are_listed(tmp_path):
    _, content = camera_with(
        **KEYS_THAT_SAY_IT['R_w2c t_w2c'], warp_table=lambda c: [1, 2, 3], comment=lambda c: 'x'
    )
    content['scale_of_everything'] = 0.5
    notes = read_calibration(save(content, tmp_path), **MM).notes
    assert any('warp_table (3)' in note and 'scale_of_everything (1)' in note for note in notes)
    assert any('no distortion' in note for note in notes)


# Keys added to a good camera, the code of the error and the place in the camera.
REFUSED = {
    'another size': ({'size': [1, 2], 'imgSize': [3, 4]}, 'conflict', 'imgSize'),
    'another rotation': ({'rvec_w2c': [0.1, 0.2, 0.3]}, 'conflict', 'rvec_w2c'),
    'another K': ({'mtx': [[1, 0, 1], [0, 1, 1], [0, 0, 1]]}, 'conflict', 'mtx'),
    'another lens': ({'D': [0.1, 0, 0, 0], 'dist': [0.2, 0, 0, 0]}, 'conflict', 'dist'),
    'three coefficients': ({'dist': [0.1, 0.2, 0.3]}, 'wrong-shape', 'dist'),
    'seven coefficients': ({'dist': [0.1] * 7}, 'wrong-shape', 'dist'),
    'k without p': ({'k': [0.1, 0.2, 0.3, 0.1, 0.5]}, 'wrong-shape', 'k'),
    'another lens model': ({'camera_model': 'omnidir'}, 'cannot-express', 'camera_model'),
    'a fisheye of five': ({'fisheye': True, 'D': [0.1] * 5}, 'wrong-shape', 'D'),
    'half a pixel': ({'size': [1920.5, 1080]}, 'out-of-range', 'size'),
}  # fmt: skip


@pytest.mark.parametrize('what', REFUSED)
def test_contradictions_and_unclear_values_are_refused(tmp_path, what):
    more, code, key = REFUSED[what]
    _, content = camera_with(**KEYS_THAT_SAY_IT['R_w2c t_w2c'])
    content['c0'].update(more)
    path = save(content, tmp_path)
    with fails(CalibrationError, code=code, file=path, camera='c0', place=f'c0.{key}'):
        read_calibration(path, **MM)


@pytest.mark.parametrize(
    ('rotation', 'code'),
    [({'quaternion': [1, 0, 0, 0]}, 'ambiguous'), ({'rotation': [90, 0, 0]}, 'ambiguous'),
     ({'rotation': [1, 2]}, 'wrong-shape'), ({'euler': [1, 2, 3], 'R': None}, 'ambiguous'),
     ({'qwxyz': [2, 0, 0, 0]}, 'out-of-range')],
)  # fmt: skip
def test_rotations_of_unknown_meaning_are_refused(tmp_path, rotation, code):
    _, content = camera_with(t_w2c=lambda c: c.t_w2c.tolist())
    content['c0'].update(rotation)
    with fails(CalibrationError, code=code):
        read_calibration(save(content, tmp_path), 'krt', **MM, extrinsics=W2C)


def test_a_fisheye_is_one_where_a_key_says_so(tmp_path):
    for said_so in ({'fisheye': True}, {'distortion_model': 'equidistant'}, {'model': 'Fisheye'}):
        _, content = camera_with(
            **KEYS_THAT_SAY_IT['R_w2c t_w2c'], D=lambda c: [0.1, 0.02, 0.003, 0.0004]
        )
        content['c0'].update(said_so)
        rig = read_calibration(save(content, tmp_path), **MM).rig
        assert [camera.lens for camera in rig] == ['fisheye', 'opencv']
        np.testing.assert_array_equal(rig['c0'].dist, [0.1, 0.02, 0.003, 0.0004])


def test_of_mmpose_where_it_is_said(tmp_path):
    rig = random_rig(4)
    path = save(flat(rig, (C2W, CENTER)), tmp_path)
    read = read_calibration(path, 'mmpose', **MM)
    assert_same(rig, read.rig)  # with distort and imgSize


def test_projection_matrices_of_other_images_are_not_used(tmp_path):
    rig, content = camera_with(
        **KEYS_THAT_SAY_IT['R_w2c t_w2c'], P=lambda c: np.arange(12.0).reshape(3, 4).tolist()
    )
    read = read_calibration(save(content, tmp_path), **MM)
    assert_same(rig, read.rig, dist=False)
    assert any("'P'" in note for note in read.notes)


def test_arrays_in_a_pickle(tmp_path):
    rig = random_rig(6)
    content = {
        'K': np.stack([c.K for c in rig]).astype('float32'),
        'RT': np.stack([matrix(c, (W2C, VECTOR)) for c in rig]).astype('float32'),
    }
    content['P'] = np.einsum('vij,vjk->vik', content['K'], content['RT'])
    path = tmp_path / 'camera_parameter.pickle'
    path.write_bytes(pickle.dumps(content))
    found = read_rig(path, **MM)
    for a, b in zip(rig, found):
        np.testing.assert_allclose(a.R_w2c, b.R_w2c, atol=1e-6)
        np.testing.assert_allclose(a.t_w2c, b.t_w2c, rtol=1e-6, atol=1e-3)
    del content['P']
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(UnsaidDirectionError):
        read_rig(path, **MM)


def test_three_cameras_in_arrays_are_no_matrix_of_one(tmp_path):
    rig = CameraRig(random_rig(7).cameras[:3])
    pairs = [pose_of(c, (W2C, VECTOR)) for c in rig]
    content = {
        'K': rig.cameras[0].K.tolist(),
        'R': [R.tolist() for R, _ in pairs],
        'T': [t.tolist() for _, t in pairs],
    }
    read = read_calibration(save(content, tmp_path), **MM, extrinsics=W2C, translation=VECTOR)
    np.testing.assert_allclose(read.rig.centers_w, rig.centers_w, atol=1e-6)


def test_a_published_file_is_the_rig_that_it_was_made_from(shared_data):
    """A JSON of K, R and T, and the Agisoft file that its authors converted."""
    case = next(shared_data.parent.glob('cases/01-*')) / 'input'
    for name in ('camera.json', 'camera_all_20.json'):
        with fails(UnsaidDirectionError, code='missing-value', file=case / name):
            read_rig(case / name, unit='m', up='z')
    read = read_calibration(
        case / 'camera_all_20.json', unit='m', up='z', extrinsics=W2C, translation=VECTOR
    )
    original = read_calibration(case / 'truth_agisoft.xml', unit='m', up='z').rig
    assert len(read.rig) == len(original) == 20 and read.format == 'krt'
    same = []
    for camera in read.rig:
        off = [np.abs(camera.t_w2c - other.t_w2c).max() for other in original]
        other = original.cameras[int(np.argmin(off))]
        same.append(other.name)
        np.testing.assert_allclose(camera.R_w2c, other.R_w2c, rtol=0, atol=1e-9)
        np.testing.assert_allclose(camera.t_w2c, other.t_w2c, rtol=0, atol=1e-9)
        assert camera.size == other.size == (2300, 2656)
        # Its authors left pixel corners and the order of p1 p2 as they are in Metashape.
        np.testing.assert_allclose(camera.K - other.K, [[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])
        np.testing.assert_allclose(camera.dist[[0, 1, 3, 2, 4]], other.dist[:5], atol=1e-12)
    assert len(set(same)) == 20


def test_published_arrays_in_a_pickle(shared_data):
    case = next(shared_data.parent.glob('cases/15-*'))
    truth = json.loads((case / 'truth.json').read_text())
    path = case / 'input' / 'camera_parameter.pickle'
    for options in ({}, {'extrinsics': W2C}):  # P says it too
        rig = read_rig(path, unit='m', up='z', image_size=(1920, 1080), **options)
        for camera, expected in zip(rig, truth.values()):
            np.testing.assert_allclose(camera.K, expected['K'])
            np.testing.assert_allclose(camera.R_w2c, expected['R_w2c'], atol=1e-7)
            np.testing.assert_allclose(camera.t_w2c, expected['t_w2c_mm'], atol=1e-3)


def test_a_published_file_of_k_and_rt(shared_data):
    case = next(shared_data.parent.glob('cases/19-*'))
    path = case / 'input' / '4da_calibration.json'
    with fails(UnsaidDirectionError, code='missing-value', file=path):
        read_rig(path, 'krt', unit='m', up='z')
    shelf = read_rig(shared_data / 'shelf' / 'calibration_shelf.json', image_size=(1032, 776))
    for options in ({}, {'extrinsics': W2C}, {'format': 'krt', 'extrinsics': W2C}):
        rig = read_rig(path, **options, unit='m', up='z')
        for a, b in zip(rig, shelf):
            assert a.name == b.name and a.size == b.size
            np.testing.assert_allclose(a.K, b.K, atol=1e-3)
            np.testing.assert_allclose(a.R_w2c, b.R_w2c, atol=1e-5)
            np.testing.assert_allclose(a.center_w, b.center_w, atol=0.1)


def plural(rig):
    return {
        'Ks': [c.K.tolist() for c in rig], 'Rs': [c.R_w2c.tolist() for c in rig],
        'Ts': [c.t_w2c.tolist() for c in rig],
    }  # fmt: skip


def prefixed(rig):
    return {
        c.name: {'cam_K': c.K.tolist(), 'cam_R': c.R_w2c.tolist(), 'cam_T': c.t_w2c.tolist()}
        for c in rig
    }


def nested_deeply(rig):
    def entry(c):
        return {
            'id': c.name,
            'intrinsics': {'K': c.K.tolist()},
            'pose': {
                'rotation': {'matrix': c.R_w2c.tolist()},
                'translation': {'vector': c.t_w2c.tolist()},
            },
            'image': {'width': c.size[0], 'height': c.size[1]},
        }

    return {'result': {'cams': [entry(c) for c in rig]}, 'info': {'made': 2020}}


def as_panoptic(rig):
    """The layout of Panoptic JSON with other words for the lens: neither centimetres nor y down."""
    return {
        'cameras': [
            {'name': c.name, 'K': c.K.tolist(), 'R': c.R_w2c.tolist(), 't': c.t_w2c.tolist(),
             'dist': c.dist.tolist(), 'resolution': list(c.size)}
            for c in rig
        ]
    }  # fmt: skip


def as_campus(rig):
    return {
        c.name: {'R': c.R_w2c.tolist(), 'T': c.t_w2c.tolist(), 'fx': c.K[0, 0], 'fy': c.K[1, 1],
                 'cx': c.K[0, 2], 'cy': c.K[1, 2], 'dist': c.dist.tolist()}
        for c in rig
    }  # fmt: skip


@pytest.mark.parametrize('make', [plural, prefixed, nested_deeply, as_panoptic, as_campus])
def test_layouts_of_others(tmp_path, make):
    rig = random_rig(8)
    path = save(make(rig), tmp_path)
    with pytest.raises(UnsaidDirectionError):
        read_calibration(path, **MM)
    read = read_calibration(path, **MM, extrinsics=W2C, translation=VECTOR)
    for a, b in zip(rig, read.rig):
        np.testing.assert_allclose(a.K, b.K)
        np.testing.assert_allclose(a.t_w2c, b.t_w2c)
    if make is nested_deeply:
        assert read.rig.names == rig.names and read.rig.cameras[0].size == rig.cameras[0].size


# Keys of a matrix, and what they say of it.
DIRECTIONS_OF_KEYS = {
    'T_world_cam': C2W, 'T_cam_world': W2C, 'cam_T_world': W2C, 'world_T_camera': C2W,
    'cam_from_world': W2C, 'world_from_camera': C2W, 'R_t_w2c': W2C, 'world_cam': '',
    'camera_world': '', 'extrinsics_world_cam': '', 'cam2world_matrix': C2W, 'c2w_mat': C2W,
}  # fmt: skip


@pytest.mark.parametrize('key', DIRECTIONS_OF_KEYS)
def test_the_order_of_frames_says_a_direction_only_where_it_is_one(tmp_path, key):
    direction = DIRECTIONS_OF_KEYS[key]
    made = (direction or W2C, CENTER if direction == C2W else VECTOR)
    rig, content = camera_with(**{key: lambda c: matrix(c, made, 4).tolist()})
    path = save(content, tmp_path)
    if direction:
        assert_same(rig, read_calibration(path, **MM).rig, dist=False)
    else:
        with pytest.raises(UnsaidDirectionError):
            read_calibration(path, **MM)
        assert_same(rig, read_calibration(path, **MM, extrinsics=W2C).rig, dist=False)


FISHEYES = [
    {'type': 'fisheye'}, {'projection': 'Fisheye'}, {'distortion_type': 'equi'},
    {'camera_type': 'fish-eye'}, {'is_fisheye': 1}, {'model': 'KannalaBrandt4'},
]  # fmt: skip
D4 = [0.1, 0.02, 0.003, 0.0004]


@pytest.mark.parametrize('said', FISHEYES, ids=str)
def test_a_fisheye_under_any_key(tmp_path, said):
    _, content = camera_with(**KEYS_THAT_SAY_IT['R_w2c t_w2c'], D=lambda c: D4)
    for entry in content.values():
        entry.update(said)
    assert {c.lens for c in read_calibration(save(content, tmp_path), **MM).rig} == {'fisheye'}


def test_a_fisheye_by_the_keys_of_its_values(tmp_path):
    _, content = camera_with(**KEYS_THAT_SAY_IT['R_w2c t_w2c'], D=lambda c: D4)
    named = {
        name: {
            **{k: v for k, v in e.items() if k not in 'KD'},
            'K_fisheye': e['K'],
            'D_fisheye': D4,
        }
        for name, e in content.items()
    }
    for data in (named, {'fisheye': content}):
        rig = read_calibration(save(data, tmp_path), **MM).rig
        assert [c.lens for c in rig] == ['fisheye'] * 2
        np.testing.assert_array_equal(rig.cameras[0].dist, D4)


def test_a_camera_called_fisheye_need_not_be_one(tmp_path):
    _, content = camera_with(**KEYS_THAT_SAY_IT['R_w2c t_w2c'], D=lambda c: D4)
    first, second = content.values()
    content = {'fisheye': {**first, 'name': 'fisheye'}, 'other': second}
    assert read_calibration(save(content, tmp_path), **MM).rig['fisheye'].lens == 'opencv'


def test_coefficients_of_realsense(tmp_path):
    lens = {'fx': 900, 'fy': 900, 'ppx': 640, 'ppy': 360, 'coeffs': [-0.1, 0.02, 1e-3, 2e-3, 0.3]}
    _, content = camera_with(**KEYS_THAT_SAY_IT['R_w2c t_w2c'])
    for entry in content.values():
        del entry['K']
        entry['intrinsics'] = {**lens, 'model': 'distortion.brown_conrady'}
    camera = read_calibration(save(content, tmp_path), **MM).rig.cameras[0]
    np.testing.assert_array_equal(camera.dist, lens['coeffs'])
    for entry in content.values():
        entry['intrinsics']['model'] = 'distortion.inverse_brown_conrady'
    with fails(CalibrationError, code='cannot-express'):
        read_calibration(save(content, tmp_path), **MM)
    for entry in content.values():
        entry['intrinsics']['coeffs'] = [0.0] * 5
    assert not read_calibration(save(content, tmp_path), **MM).rig.cameras[0].dist.any()


MARKS = [
    ({'ignore': True}, True), ({'enabled': False}, True), ({'Active': 0}, True),
    ({'calibrated': False}, False), ({'valid': 'false'}, False), ({'ignore': False}, None),
    ({'active': 7}, None), ({'calibrated': '2024-01-01'}, None),
]  # fmt: skip


@pytest.mark.parametrize(('mark', 'is_unused'), MARKS)
def test_marked_cameras(tmp_path, mark, is_unused):
    _, content = camera_with(**KEYS_THAT_SAY_IT['R_w2c t_w2c'])
    content['marked'] = {**content['c0'], **mark}
    read = read_calibration(save(content, tmp_path), **MM)
    assert ('marked' in read.rig.names) == (is_unused is None)
    assert read.uncalibrated == (('marked',) if is_unused is False else ())
    assert any('left out' in note for note in read.notes) == (is_unused is True)


@pytest.mark.parametrize(
    ('size', 'expected'),
    [('1920x1080', (1920, 1080)), ('1920, 1080', (1920, 1080)), ([1080, 1920], (1920, 1080)),
     ([1920, 1080], (1920, 1080)), ('full HD', None)],
)  # fmt: skip
def test_sizes_as_texts_and_as_height_and_width(tmp_path, size, expected):
    _, content = camera_with(**KEYS_THAT_SAY_IT['R_w2c t_w2c'], image_size=lambda c: size)
    for entry in content.values():
        entry['K'] = [[1000, 0, 960], [0, 1000, 540], [0, 0, 1]]
    read = read_calibration(save(content, tmp_path), **MM)
    assert read.rig.cameras[0].size == expected
    assert any('height, width' in note for note in read.notes) == (size == [1080, 1920])


def stereo_values(rig, left, right):
    first, second = rig.cameras[:2]
    R = second.R_w2c @ first.R_w2c.T
    values = {
        left[0]: first.K, left[1]: first.dist, right[0]: second.K, right[1]: second.dist,
        'R': R, 'T': (second.t_w2c - R @ first.t_w2c).reshape(3, 1), 'E': np.ones((3, 3)),
        'R1': np.eye(3), 'R2': np.eye(3), 'P1': np.ones((3, 4)), 'P2': np.ones((3, 4)),
    }  # fmt: skip
    return values, R


STEREO = [
    (('K1', 'D1'), ('K2', 'D2')), (('mtxL', 'distL'), ('mtxR', 'distR')),
    (('camera_matrix_left', 'dist_coeffs_left'), ('camera_matrix_right', 'dist_coeffs_right')),
    (('left_K', 'left_dist'), ('right_K', 'right_dist')),
]  # fmt: skip


@pytest.mark.parametrize(('left', 'right'), STEREO)
def test_a_stereo_pair_in_any_kind_of_file(tmp_path, left, right):
    rig = random_rig(8)
    values, R = stereo_values(rig, left, right)
    as_lists = {key: value.tolist() for key, value in values.items()}
    np.savez(tmp_path / 'a.npz', **values)
    (tmp_path / 'a.pkl').write_bytes(pickle.dumps(values, protocol=0))
    (tmp_path / 'a.json').write_text(json.dumps(as_lists))
    (tmp_path / 'a.yaml').write_text(''.join(f'{k}: {v}\n' for k, v in as_lists.items()))
    for path in sorted(tmp_path.glob('a.*')):
        read = read_calibration(path, unit='mm', up='-y')
        first, second = read.rig
        np.testing.assert_allclose(second.R_w2c @ first.R_w2c.T, R, atol=1e-9)
        np.testing.assert_allclose(
            (second.t_w2c - R @ first.t_w2c).reshape(3, 1), values['T'], atol=1e-6
        )
        np.testing.assert_allclose(second.K, rig.cameras[1].K)
        np.testing.assert_allclose(second.dist_full, rig.cameras[1].dist_full)
        assert any('stereo pair' in note for note in read.notes)


@pytest.mark.parametrize(
    ('key', 'names'),
    [('{key}_{name}', ['a', 'b', 'c']), ('{name}_{key}', ['cam_0', 'cam_1', 'cam_2']),
     ('{key}{name}', ['1', '2', '3'])],
)  # fmt: skip
def test_cameras_named_in_flat_keys(tmp_path, key, names):
    rig = CameraRig(random_rig(9).cameras[:3])
    values = {
        key.format(key=part, name=name): getattr(camera, attribute)
        for name, camera in zip(names, rig)
        for part, attribute in (('K', 'K'), ('R', 'R_w2c'), ('T', 't_w2c'), ('dist', 'dist'))
    }
    path = tmp_path / 'rig.npz'
    np.savez(path, **values)
    with pytest.raises(UnsaidDirectionError):
        read_calibration(path, **MM)
    found = read_calibration(path, **MM, extrinsics=W2C, translation=VECTOR).rig
    assert list(found.names) == names
    for a, b in zip(rig, found):
        np.testing.assert_allclose(a.t_w2c, b.t_w2c, atol=1e-6)
        np.testing.assert_allclose(a.dist_full, b.dist_full)


def test_python_objects_in_a_numpy_file_are_refused(tmp_path):
    path = tmp_path / 'rig.npy'
    np.save(path, {'cam': {'K': np.eye(3)}}, allow_pickle=True)
    with fails(CalibrationError, code='file-format', file=path, found='objects'):
        read_calibration(path, **MM)


def test_several_rigs_are_said_so(tmp_path):
    _, content = camera_with(**KEYS_THAT_SAY_IT['R_w2c t_w2c'])
    with fails(CalibrationError, code='ambiguous', found=['monday', 'tuesday']):
        read_calibration(save({'monday': content, 'tuesday': content}, tmp_path), **MM)


def test_lists_of_intrinsics_and_extrinsics_with_the_same_labels(tmp_path):
    rig, content = camera_with(**KEYS_THAT_SAY_IT['R_w2c t_w2c'])
    for file, keys in (('intrinsics', {'K'}), ('extrinsics', {'R_w2c', 't_w2c'})):
        part = [
            {'device_id': n, **{k: v for k, v in e.items() if k in keys}}
            for n, e in content.items()
        ]
        (tmp_path / f'{file}.json').write_text(json.dumps(part))
    assert_same(rig, read_calibration(tmp_path, **MM).rig, dist=False)


def test_a_ros_camera_with_a_pose_under_another_name(tmp_path):
    rig, content = camera_with(T_cam_world=lambda c: matrix(c, (W2C, VECTOR), 4).tolist())
    for name, entry in content.items():
        data = {'rows': 3, 'cols': 3, 'data': np.ravel(entry['K']).tolist()}
        text = f'camera_matrix: {json.dumps(data)}\nT_cam_world: {entry["T_cam_world"]}\n'
        (tmp_path / f'{name}.yaml').write_text(text)
    read = read_calibration(tmp_path, **MM)
    assert read.format == 'krt'
    assert_same(rig, read.rig, dist=False)
