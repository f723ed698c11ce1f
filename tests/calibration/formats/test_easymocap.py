"""EasyMocap's two files against cv2.FileStorage, hand-made files and a published rig."""

import dataclasses

import cv2
import numpy as np
import pytest
from calibration_rigs import ring_rig
from errors import fails
from tool_rigs import DISTS, assert_same_pixels, changed, fisheye_rig, read_sample, storage

from mmpose_ours.calibration import CalibrationError, read_rig, recognise_format, write_rig
from mmpose_ours.calibration.api import read_calibration
from mmpose_ours.calibration.formats import easymocap as easymocap_format
from mmpose_ours.calibration.parsing.source import Source
from mmpose_ours.geometry.rig import CameraRig

K = np.array([[500.0, 0, 320], [0, 510, 240], [0, 0, 1]])
# Looks along the world's x, upright.
ROT = np.array([[0.0, -1, 0], [0, 0, -1], [1, 0, 0]])
RVEC = cv2.Rodrigues(ROT)[0]


def intri(cameras='ab', **changes):
    values = {'names': list(cameras)}
    for name in cameras:
        values.update({f'K_{name}': K, f'dist_{name}': np.array([DISTS[5]]).T})
    return {key: value for key, value in {**values, **changes}.items() if value is not None}


def extri(cameras='ab', **changes):
    values = {'names': list(cameras)}
    for index, name in enumerate(cameras):
        T = np.array([[0.0], [1.5], [index]])
        values.update({f'R_{name}': RVEC, f'Rot_{name}': ROT, f'T_{name}': T})
    return {key: value for key, value in {**values, **changes}.items() if value is not None}


def files(folder, one, other, names=('intri.yml', 'extri.yml')):
    return [
        storage(folder / name, values)
        for name, values in zip(names, (one, other))
        if values is not None
    ]


def read(paths):
    return easymocap_format.read(Source(paths))


def test_metres_z_up_by_hand(tmp_path):
    paths = files(tmp_path, intri(W_a=640, H_a=480, W_b=-1, H_b=-1), extri())
    for source in (paths, paths[::-1], tmp_path):
        format, reason = recognise_format(source)
        assert format == 'easymocap'
        assert 'K_a' in reason and 'T_a' in reason
        rig = read_rig(source, image_size=(640, 480), any_scale=True)
        # t = (0, 1.5, 0) m is a camera 1.5 m above the floor.
        np.testing.assert_allclose(rig['a'].center_w, (0, 0, 1500), atol=1e-9)
        np.testing.assert_allclose(rig['b'].center_w, (-1000, 0, 1500), atol=1e-9)
        # Ahead at the camera's own height is the middle of the image.
        np.testing.assert_allclose(rig['a'].project([2000, 0, 1500])[0], (320, 240))
    sizes = [camera.size for camera in read(paths).rig]
    assert sizes == [(640, 480), None]


def test_real_rig(shared_data):
    reading = read_sample(easymocap_format, shared_data, 'easymocap')
    assert reading.uncalibrated == () and reading.notes == ()
    rig = read_rig(shared_data / 'calib' / 'easymocap', image_size=(1024, 1024))
    assert len(rig) == 23


def test_names_give_the_order_and_leave_out(tmp_path):
    values = intri('cab')
    values['names'] = ['b', 'c', 'none', 'd']
    paths = files(tmp_path, values, extri('abc'), names=('x.yml', 'y.xml'))
    reading = read(paths)
    assert reading.rig.names == ('b', 'c', 'a')  # a is in the other file's list
    assert reading.uncalibrated == ('d',)
    values['K_e'] = K
    reading = read(files(tmp_path, values, extri('abc')))
    assert "K_ for e too, which the list 'names' leaves out" in reading.notes[0]


def test_files_without_a_list_of_names(tmp_path):
    paths = files(tmp_path, intri('ba', names=None), extri(names=None))
    assert read(paths).rig.names == ('b', 'a')


def test_cameras_of_one_file_only_are_uncalibrated(tmp_path):
    reading = read(files(tmp_path, intri('abc'), extri('bcd')))
    assert reading.rig.names == ('b', 'c')
    assert reading.uncalibrated == ('a', 'd')


@pytest.mark.parametrize(
    'changes', [{'Rot_a': None}, {'R_a': None}, {'R_a': RVEC.T, 'Rot_a': None}]
)
def test_vector_or_matrix_alone(tmp_path, changes):
    reading = read(files(tmp_path, intri(), extri(**changes)))
    np.testing.assert_allclose(reading.rig['a'].R_w2c, ROT, atol=1e-12)


def test_the_matrix_is_preferred_and_a_contradiction_refused(tmp_path):
    near = RVEC + 1e-5
    rig = read(files(tmp_path, intri(), extri(R_a=near))).rig
    np.testing.assert_array_equal(rig['a'].R_w2c, ROT)
    paths = files(tmp_path, intri(), extri(R_a=RVEC + 0.01))
    with fails(CalibrationError, code='conflict', camera='a', place='R_a', expected=0.001):
        read(paths)


def test_distortion_by_its_other_name(tmp_path):
    values = intri(dist_a=None, D_a=np.array([DISTS[8]]))
    np.testing.assert_array_equal(read(files(tmp_path, values, extri())).rig['a'].dist, DISTS[8])


@pytest.mark.parametrize(('missing', 'prefix'), [(0, 'K_'), (1, 'T_')])
def test_one_file_alone(tmp_path, missing, prefix):
    values = [intri(), extri()]
    values[missing] = None
    (path,) = files(tmp_path, *values)
    assert recognise_format(path)[0] == 'easymocap'
    with fails(CalibrationError, code='missing-value', file=path, expected=prefix):
        read_rig(path)


def test_other_files_of_a_data_set_do_not_disturb(tmp_path):
    files(tmp_path, intri(), extri())
    (tmp_path / 'notes.txt').write_text('opencv')
    (tmp_path / 'match.yml').write_text('%YAML:1.0\n---\na: [')
    assert recognise_format(tmp_path)[0] == 'easymocap'
    assert read(tmp_path).rig.names == ('a', 'b')
    (tmp_path / 'extri.yml').write_text('%YAML:1.0\n---\na: [')
    path = tmp_path / 'extri.yml'
    with fails(CalibrationError, code='file-format', file=path, expected='yaml'):
        read_calibration(tmp_path, 'easymocap')


def test_files_as_easymocap_writes_them(tmp_path):
    """Six digits, carriage returns and no space after the list's dash."""
    text = (
        '%YAML:1.0\r\n---\r\nnames:\r\n  - "01"\r\n'
        'K_01: !!opencv-matrix\r\n  rows: 3\r\n  cols: 3\r\n  dt: d\r\n'
        '  data: [500.000000, 1.250000, 320.000000, 0.000000, 510.000000, 240.000000, '
        '0.000000, 0.000000, 1.000000]\r\n'
        'dist_01: !!opencv-matrix\r\n  rows: 1\r\n  cols: 5\r\n  dt: d\r\n'
        '  data: [0.100000, 0.000000, 0.000000, 0.000000, 0.000000]\r\nH_01: 480\r\nW_01: 640\r\n'
    )
    (tmp_path / 'intri.yml').write_bytes(text.encode())
    storage(tmp_path / 'extri.yml', {'T_01': np.zeros((3, 1)), 'R_01': RVEC.round(6)})
    (camera,) = read(tmp_path).rig
    assert (camera.name, camera.size, camera.K[0, 1]) == ('01', (640, 480), 1.25)


@pytest.mark.parametrize('count', [0, 4, 5])
def test_round_trip(tmp_path, count):
    rig = ring_rig(dist=DISTS.get(count, ()), names=['0', 'b 2', 'c.3', 'é'])
    unsized = dataclasses.replace(rig['é'], size=None, K=rig['é'].K + np.eye(3, k=1)[[0, 2, 2]])
    rig = CameraRig((*rig.cameras[:3], unsized))
    write_rig(rig, tmp_path / 'camera', 'easymocap')
    assert sorted(p.name for p in (tmp_path / 'camera').iterdir()) == ['extri.yml', 'intri.yml']
    back = read_rig(tmp_path / 'camera', any_scale=True, cameras=rig.names[:3])
    assert back.names == rig.names[:3]
    back = read_calibration(tmp_path / 'camera').rig
    assert_same_pixels(rig, back)
    assert {len(camera.dist) for camera in back} == {count or 5}


@pytest.mark.parametrize('name', ['intri.yml', 'extri.yml'])
def test_either_file_names_the_folder(tmp_path, name):
    write_rig(ring_rig(), tmp_path / name, 'easymocap')
    assert_same_pixels(ring_rig(), read_rig(tmp_path))


def test_opencv_reads_what_is_written(tmp_path):
    rig = ring_rig(names=['1', 'b 2', 'c', 'd'])
    write_rig(rig, tmp_path, 'easymocap')
    inside, outside = (
        cv2.FileStorage(str(tmp_path / name), cv2.FILE_STORAGE_READ)
        for name in ('intri.yml', 'extri.yml')
    )
    for file in (inside, outside):
        names = file.getNode('names')
        assert [names.at(i).string() for i in range(names.size())] == list(rig.names)
    for camera in rig:
        R = outside.getNode(f'Rot_{camera.name}').mat()
        rvec = outside.getNode(f'R_{camera.name}').mat()
        T = outside.getNode(f'T_{camera.name}').mat()
        np.testing.assert_array_equal(R, camera.R_w2c)
        np.testing.assert_allclose(cv2.Rodrigues(rvec)[0], R, atol=1e-12)
        np.testing.assert_allclose(T, camera.t_w2c[:, None] / 1000)
        np.testing.assert_array_equal(inside.getNode(f'K_{camera.name}').mat(), camera.K)
        np.testing.assert_array_equal(inside.getNode(f'dist_{camera.name}').mat(), [camera.dist])
        assert inside.getNode(f'W_{camera.name}').real() == 1280
        assert inside.getNode(f'H_{camera.name}').real() == 720


@pytest.mark.parametrize(
    ('rig', 'fields'),
    [
        (
            changed(ring_rig(), dist=DISTS[8]),
            dict(
                code='cannot-express',
                camera='cam0',
                found='rational distortion (k4 = 0.01, k5 = -0.02, k6 = 0.003)',
            ),
        ),
        (fisheye_rig(), dict(code='cannot-express', camera='cam0', found='a fisheye lens')),
        (ring_rig(names=['a', 'b: c', 'd', 'e']), dict(code='cannot-express', camera='b: c')),
    ],
)
def test_what_does_not_fit_is_refused_whole(tmp_path, rig, fields):
    with fails(CalibrationError, **fields):
        write_rig(rig, tmp_path / 'camera', 'easymocap')
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ('one', 'other', 'fields'),
    [
        (
            intri(K_a=np.eye(2)),
            extri(),
            dict(code='wrong-shape', file='intri.yml', camera='a', place='K_a', found=4),
        ),
        (
            intri(dist_a=np.zeros((1, 6))),
            extri(),
            dict(code='wrong-shape', camera='a', place='dist_a', found=6),
        ),
        (intri(dist_a=None), extri(), dict(code='missing-value', camera='a', expected='dist_a')),
        (intri(K_a=-K), extri(), dict(code='out-of-range', camera='a', found=(-500.0, -510.0))),
        (
            intri(W_a=64, H_a=480),
            extri(),
            dict(code='out-of-range', camera='a', found=(320.0, 240.0)),
        ),
        (intri(names='a'), extri(), dict(code='file-format', place='names', found='a')),
        (
            intri(names=None),
            extri(R_a=None, Rot_a=None),
            dict(code='missing-value', camera='a', expected=['R_a', 'Rot_a']),
        ),
        (
            intri(),
            extri(Rot_a=ROT * 2, R_a=None),
            dict(
                code='invalid-input',
                camera='a',
                found=[[0.0, -2.0, 0.0], [0.0, 0.0, -2.0], [2.0, 0.0, 0.0]],
            ),
        ),
        (
            intri(),
            extri(T_b=np.zeros(2)),
            dict(code='wrong-shape', file='extri.yml', camera='b', place='T_b', found=2),
        ),
        (intri('ab'), extri('cd'), dict(code='no-data', found=['a', 'b', 'c', 'd'])),
        (intri(), intri(), dict(code='ambiguous')),
    ],
)
def test_broken_values(tmp_path, one, other, fields):
    paths = files(tmp_path, one, other)
    if 'file' in fields:
        fields = {**fields, 'file': tmp_path / fields['file']}
    with fails(CalibrationError, **fields):
        read_calibration(paths, 'easymocap')
