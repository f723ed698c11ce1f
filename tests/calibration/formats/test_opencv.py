"""OpenCV FileStorage against cv2.FileStorage, hand-made files and a published pair."""

import dataclasses

import cv2
import numpy as np
import pytest
from calibration_rigs import people_points, ring_rig
from errors import fails
from tool_rigs import DISTS, FISHEYE, assert_same_pixels, changed, fisheye_rig, read_sample, storage

from mmpose_ours.calibration import CalibrationError, read_rig, recognise_format, write_rig
from mmpose_ours.calibration.api import read_calibration
from mmpose_ours.calibration.formats.opencv import file_storage as opencv_format
from mmpose_ours.calibration.formats.opencv import storage_writer as storage_text
from mmpose_ours.calibration.formats.opencv.storage_reader import read_storage
from mmpose_ours.calibration.parsing.file import File
from mmpose_ours.calibration.parsing.source import Source
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig

WORLD = {'unit': 'mm', 'up': 'z'}
K1 = np.array([[500.0, 0, 320], [0, 510, 240], [0, 0, 1]])
K2 = np.array([[600.0, 0, 330], [0, 610, 250], [0, 0, 1]])
# A quarter turn about y: camera 2 looks along camera 1's -x.
R = np.array([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]])
T = np.array([[100.0], [0], [50]])


def pair(**changes):
    dist = np.array([DISTS[5]])
    values = {'M1': K1, 'D1': dist, 'M2': K2, 'D2': dist * 2, 'R': R, 'T': T, **changes}
    return {key: value for key, value in values.items() if value is not None}


def one_camera(**changes):
    return {
        'image_width': 640,
        'image_height': 480,
        'camera_matrix': K1,
        'distortion_coefficients': np.array([DISTS[5]]).T,
        'R': R,
        'T': T,
        **changes,
    }


def read(*paths):
    return opencv_format.read(Source(list(paths)))


@pytest.mark.parametrize('ending', ['yml', 'yaml', 'xml', 'json'])
def test_stereo_pair_as_opencv_writes_it(tmp_path, ending):
    path = storage(tmp_path / f'stereo.{ending}', pair(Q=np.eye(4), P1=np.eye(3, 4)))
    assert recognise_format(path) == ('opencv', 'the camera matrices M1 and M2')
    reading = read(path)
    first, second = reading.rig
    assert reading.rig.names == ('1', '2')
    np.testing.assert_array_equal(first.K, K1)
    np.testing.assert_array_equal(second.K, K2)
    np.testing.assert_array_equal(second.dist, np.multiply(DISTS[5], 2))
    np.testing.assert_array_equal(first.R_w2c, np.eye(3))
    np.testing.assert_array_equal(first.center_w, (0, 0, 0))
    # x2 = R x1 + T: (0, 0, 200) is (300, 0, 50) in camera 2.
    np.testing.assert_allclose(second.to_camera([0, 0, 200]), (300, 0, 50))
    assert first.size is None
    assert 'world of a stereo pair' in reading.notes[0]


@pytest.mark.parametrize(
    ('matrix', 'dist'),
    [('cameraMatrix{}', 'distCoeffs{}'), ('K{}', 'D{}'), ('camera_matrix_{}', 'dist_coeffs_{}')],
)
def test_other_names_of_a_pair(tmp_path, matrix, dist):
    values = {matrix.format(1): K1, matrix.format(2): K2, 'R': R, 'T': T}
    values.update({dist.format(n): np.array([DISTS[n + 3]]) for n in (1, 2)})
    path = storage(tmp_path / 'x.yml', values)
    assert recognise_format(path)[0] == 'opencv'
    first, second = read(path).rig
    assert (len(first.dist), len(second.dist)) == (4, 5)
    np.testing.assert_array_equal(second.K, K2)


def test_pair_in_two_files_in_any_order(tmp_path):
    names = ('M1', 'D1', 'M2', 'D2')
    a = storage(tmp_path / 'a.yml', {name: pair()[name] for name in names})
    b = storage(tmp_path / 'b.xml', {'R': R, 'T': T, 'Q': np.eye(4)})
    for paths in ([a, b], [b, a], tmp_path):
        assert recognise_format(paths)[0] == 'opencv'
        rig = read_rig(paths, 'opencv', unit=10, up='-y', image_size=(640, 480), any_scale=True)
        # 50 mm on from the camera at (100, 0, 50) / turned, in units of 10 mm, y down.
        center = -R.T @ T.ravel() * 10
        np.testing.assert_allclose(rig['2'].center_w, (center[0], center[2], -center[1]))


def test_real_pair(shared_data):
    reading = read_sample(opencv_format, shared_data, 'opencv_stereo')
    assert all(len(camera.dist) == 14 and camera.dist[7] for camera in reading.rig)


def test_unit_and_axis_must_be_given(tmp_path):
    path = storage(tmp_path / 'x.yml', pair())
    with fails(CalibrationError, code='missing-value', expected=['mm', 'cm', 'm']):
        read_rig(path)
    with fails(CalibrationError, code='missing-value', expected=['z', '-z', 'y', '-y', 'x', '-x']):
        read_rig(path, unit='mm')


def test_a_file_for_each_camera(tmp_path):
    storage(tmp_path / 'left.yml', one_camera())
    rvec = cv2.Rodrigues(R)[0]
    other = one_camera(fisheye_model=1, D=np.array(FISHEYE))
    del other['R'], other['distortion_coefficients']
    storage(tmp_path / 'right.json', {**other, 'rvec': rvec})
    unposed = one_camera()
    del unposed['R'], unposed['T']
    storage(tmp_path / 'top.xml', unposed)
    assert recognise_format(tmp_path) == ('opencv', 'the matrix of a camera, camera_matrix')
    reading = opencv_format.read(Source(tmp_path))
    assert reading.rig.names == ('left', 'right')
    assert reading.uncalibrated == ('top',)
    left, right = reading.rig
    assert left.size == (640, 480)
    assert (left.lens, right.lens) == ('opencv', 'fisheye')
    np.testing.assert_allclose(left.R_w2c, right.R_w2c, atol=1e-12)
    np.testing.assert_array_equal(right.dist, FISHEYE)


def test_ros_camera_files(tmp_path):
    text = (
        'image_width: 640\nimage_height: 480\ncamera_name: x\n'
        'camera_matrix:\n  rows: 3\n  cols: 3\n  data: [500, 0, 320, 0, 510, 240, 0, 0, 1]\n'
        'distortion_model: {}\n'
        'distortion_coefficients:\n  rows: 1\n  cols: 4\n  data: [0.1, 0.02, 1e-3, 2e-3]\n'
        'R: [1, 0, 0, 0, 1, 0, 0, 0, 1]\nT: [0, 0, 0]\n'
    )
    (tmp_path / 'a.yaml').write_text(text.format('plumb_bob'))
    (tmp_path / 'b.yaml').write_text(text.format('equidistant'))
    assert recognise_format(tmp_path)[0] == 'opencv'
    a, b = opencv_format.read(Source(tmp_path)).rig
    assert (a.lens, b.lens) == ('opencv', 'fisheye')
    np.testing.assert_array_equal(b.dist, (0.1, 0.02, 1e-3, 2e-3))


def test_missing_distortion_is_said(tmp_path):
    values = one_camera()
    del values['distortion_coefficients']
    reading = read(storage(tmp_path / 'a.yml', values))
    assert not reading.rig['a'].dist.any()
    assert "camera 'a' has no distortion" in reading.notes[0]


@pytest.mark.parametrize('count', [0, *DISTS])
@pytest.mark.parametrize('ending', ['.yml', '.xml', '.json', ''])
def test_round_trip(tmp_path, ending, count):
    rig = ring_rig(dist=DISTS.get(count, ()))
    write_rig(rig, tmp_path / f'rig{ending}', 'opencv')
    back = read_rig(tmp_path / f'rig{ending}', **WORLD)
    assert_same_pixels(rig, back)
    assert [len(camera.dist) for camera in back] == [count or 5] * len(rig)


@pytest.mark.parametrize('ending', ['.yaml', '.xml', '.json', ''])
@pytest.mark.parametrize('count', [2, 3])
def test_fisheye_and_unknown_sizes_survive(tmp_path, ending, count):
    rig = fisheye_rig(count=count, size=None, names=['1', 'a 2', 'é.3'][:count])
    write_rig(rig, tmp_path / f'rig{ending}', 'opencv')
    assert_same_pixels(rig, opencv_format.read(Source(tmp_path / f'rig{ending}')).rig)


@pytest.mark.parametrize('ending', ['yml', 'xml', 'json'])
def test_opencv_reads_what_is_written(tmp_path, ending):
    rig = changed(ring_rig(count=2, names=['1', 'b 2'], dist=DISTS[14]), lens='opencv')
    tiny = dataclasses.replace(rig['1'], dist=[1e-9, -2e-17, 3e-5, 0, 1e2])
    rig = CameraRig((tiny, rig['b 2']))
    write_rig(rig, tmp_path / f'rig.{ending}', 'opencv')
    file = cv2.FileStorage(str(tmp_path / f'rig.{ending}'), cv2.FILE_STORAGE_READ)
    cameras = file.getNode('cameras')
    assert cameras.size() == 2
    for index, camera in enumerate(rig):
        node = cameras.at(index)
        assert node.getNode('name').string() == camera.name
        assert node.getNode('image_width').real() == 1280
        np.testing.assert_array_equal(node.getNode('camera_matrix').mat(), camera.K)
        dist = node.getNode('distortion_coefficients').mat()
        np.testing.assert_array_equal(dist, [camera.dist])
        rvec, T = cv2.Rodrigues(node.getNode('R').mat())[0], node.getNode('T').mat()
        points = people_points()
        expected, _ = cv2.projectPoints(points, rvec, T, camera.K, dist)
        uv, valid = camera.project(points)
        np.testing.assert_allclose(uv[valid], expected[valid, 0], atol=1e-6)
    # What stereo tools read: x2 = R x1 + T.
    R, T = file.getNode('R').mat(), file.getNode('T').mat()
    np.testing.assert_array_equal(file.getNode('M2').mat(), rig['b 2'].K)
    np.testing.assert_array_equal(file.getNode('D1').mat(), [tiny.dist])
    points_1 = tiny.to_camera(people_points())
    np.testing.assert_allclose(points_1 @ R.T + T.T, rig['b 2'].to_camera(people_points()))


def test_stereo_tools_get_no_fisheye_as_pinhole(tmp_path):
    write_rig(fisheye_rig(count=2), tmp_path / 'rig.yml', 'opencv')
    assert 'M1' not in (tmp_path / 'rig.yml').read_text()
    write_rig(ring_rig(count=2), tmp_path / 'rig.yml', 'opencv')
    assert 'M1' in (tmp_path / 'rig.yml').read_text()


def test_camera_files_are_read_by_opencv_and_keep_to_a_folder_of_their_own(tmp_path):
    rig = ring_rig(count=3)
    write_rig(rig, tmp_path / 'rig', 'opencv')
    write_rig(rig, tmp_path / 'rig', 'opencv')
    file = cv2.FileStorage(str(tmp_path / 'rig' / 'cam1.yml'), cv2.FILE_STORAGE_READ)
    np.testing.assert_array_equal(file.getNode('camera_matrix').mat(), rig['cam1'].K)
    with fails(CalibrationError, code='conflict', found=['cam1.yml', 'cam2.yml']):
        write_rig(ring_rig(count=1), tmp_path / 'rig', 'opencv')


@pytest.mark.parametrize(
    ('rig', 'fields'),
    [
        (ring_rig(names=['a:b', 'b', 'c', 'd']), dict(code='cannot-express', camera='a:b')),
        (ring_rig(names=['a"', 'b', 'c', 'd']), dict(code='cannot-express', camera='a"')),
        (ring_rig(names=[' a', 'b', 'c', 'd']), dict(code='cannot-express', camera=' a')),
        (
            changed(ring_rig(), lens='fov', dist=(0.9,)),
            dict(code='cannot-express', camera='cam0', found='a fov lens'),
        ),
        (
            changed(ring_rig(), K=K1 + [[0, 2.5, 0], [0, 0, 0], [0, 0, 0]]),
            dict(code='cannot-express', camera='cam0', found='skew 2.5'),
        ),
    ],
)
def test_what_does_not_fit_is_refused_whole(tmp_path, rig, fields):
    for target in ('rig.yml', 'rig'):
        with fails(CalibrationError, **fields):
            write_rig(rig, tmp_path / target, 'opencv')
    assert list(tmp_path.iterdir()) == []


def test_opencv_ignores_skew():
    """Why a skew is refused."""
    K = K1 + [[0, 50.0, 0], [0, 0, 0], [0, 0, 0]]
    point = np.array([[[0.1, 0.2, 1.0]]])
    uv = [cv2.projectPoints(point, np.zeros(3), np.zeros(3), k, None)[0] for k in (K1, K)]
    np.testing.assert_array_equal(uv[0], uv[1])
    assert Camera('a', K, np.eye(3), np.zeros(3)).project(point)[0][0, 0, 0] != uv[0][0, 0, 0]


BROKEN = [
    (pair(M1=np.eye(2)), dict(code='wrong-shape', camera='1', place='M1', found=4)),
    (pair(D2=np.zeros((1, 6))), dict(code='wrong-shape', camera='2', place='D2', found=6)),
    (pair(R=None), dict(code='missing-value', expected='R')),
    (pair(R=None, T=None), dict(code='missing-value', expected=1)),
    (
        pair(R=np.eye(3) * 2),
        dict(
            code='invalid-input',
            camera='2',
            found=[[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0]],
        ),
    ),
    (pair(T=np.zeros(2)), dict(code='wrong-shape', place='T', found=2)),
    (pair(M2=K2 * -1), dict(code='out-of-range', camera='2', found=(-600.0, -610.0))),
    (pair(M1=None), dict(code='no-data', found=['x'])),
    (
        pair(M1=None, M2=None, Q=np.eye(4)),
        dict(code='missing-value', expected=['M1', 'D1', 'M2', 'D2']),
    ),
    (one_camera(rvec=np.array([0, 0.1, 0])), dict(code='conflict', place='rvec', expected=0.001)),
    (
        one_camera(image_width=-3),
        dict(code='out-of-range', camera='x', place='image_width', found=(-3.0, 480.0)),
    ),
    (one_camera(image_width=64), dict(code='out-of-range', camera='x', found=(320.0, 240.0))),
    (one_camera(fisheye=1), dict(code='wrong-shape', place='distortion_coefficients', found=5)),
    (one_camera(fisheye=2), dict(code='file-format', place='fisheye', found=2)),
]


@pytest.mark.parametrize(('values', 'fields'), BROKEN)
@pytest.mark.parametrize('ending', ['yml', 'xml', 'json'])
def test_broken_values(tmp_path, values, fields, ending):
    path = storage(tmp_path / f'x.{ending}', values)
    with fails(CalibrationError, **fields) as caught:
        read_calibration(path, 'opencv', **WORLD)
    assert str(path) in str(caught.value)


MATRIX = '{}: !!opencv-matrix\n  rows: 3\n  cols: 3\n  dt: d\n  data: [{}]\n'
YAML = '%YAML:1.0\n---\n' + MATRIX.format('camera_matrix', '{}') + 'R: {}\nT: [0, 0, 0]\n'
GOOD = '500, 0, 320, 0, 500, 240, 0, 0, 1'
EYE = '[1, 0, 0, 0, 1, 0, 0, 0, 1]'
XML = '<?xml version="1.0"?><opencv_storage>{}</opencv_storage>'
TOO_DEEP = 'nested too deeply: more than 100 elements within each other'
TEXTS = [
    (
        'x.yml',
        YAML.format('500, 0, 320, 0, .Nan, 240, 0, 0, 1', EYE),
        dict(code='file-format', place='camera_matrix.data[4]', found='.Nan'),
    ),
    (
        'x.yml',
        YAML.format('500, 0, 1e999, 0, 500, 240, 0, 0, 1', EYE),
        dict(code='not-finite', place='camera_matrix.data[2]', found='1e999'),
    ),
    ('x.yml', YAML.format(GOOD, '{a: 1}'), dict(code='file-format', place='R', found={'a': 1})),
    ('x.yml', YAML.format(GOOD, '['), dict(code='file-format', expected='yaml')),
    ('x.yml', YAML.format(GOOD, EYE) * 2, dict(code='file-format', expected='yaml')),
    ('x.yml', '%YAML:1.0\n---\n- 1\n', dict(code='file-format', found=[1])),
    ('x.yml', '%YAML:1.0\n---\ncameras: 3\n', dict(code='file-format', place='cameras', found=3)),
    (
        'x.yml',
        '%YAML:1.0\n---\ncameras: [3]\n',
        dict(code='file-format', place='cameras[0]', found=3),
    ),
    ('x.yml', '%YAML:1.0\n---\ncameras: []\n', dict(code='no-data', found=[])),
    (
        'x.yml',
        '%YAML:1.0\n---\ncameras:\n  - {{K: 1}}\n'.format(),
        dict(code='missing-value', place='cameras[0]', expected='name'),
    ),
    ('x.xml', XML.format('<K><K/></K><K>1</K>'), dict(code='duplicate', found='K')),
    ('x.xml', XML.format('<a>' * 100 + '</a>' * 100), dict(code='file-format', found=TOO_DEEP)),
    ('x.xml', '<document/>', dict(code='file-format', found='document')),
    ('x.xml', XML.format('<K>'), dict(code='file-format', expected='xml')),
    (
        'x.xml',
        '<!DOCTYPE a [<!ENTITY b "c">]>' + XML.format('')[21:],
        dict(code='file-format', found='it declares a document type or entities'),
    ),
    (
        'x.json',
        '{"camera_matrix": {"type_id": "opencv-matrix"',
        dict(code='file-format', expected='json'),
    ),
]


@pytest.mark.parametrize(('name', 'text', 'fields'), TEXTS)
def test_broken_files(tmp_path, name, text, fields):
    (tmp_path / name).write_text(text)
    with fails(CalibrationError, **fields):
        read_calibration(tmp_path / name, 'opencv', **WORLD)


def test_more_files_than_a_layout_has(tmp_path):
    paths = [storage(tmp_path / f'{name}.yml', pair()) for name in 'abc']
    with fails(CalibrationError, code='ambiguous', found=3):
        read(*paths)
    with fails(CalibrationError, code='ambiguous', found=2):
        read(*paths[:2])
    write_rig(ring_rig(), tmp_path / 'd.yml', 'opencv')
    found = [str(tmp_path / f'{name}.yml') for name in 'abcd']
    with fails(CalibrationError, code='ambiguous', found=found):
        opencv_format.read(Source(tmp_path))


def test_k1_and_k2_may_be_coefficients(tmp_path):
    values = one_camera(k1=0.1, k2=0.2)
    assert read(storage(tmp_path / 'a.yml', values)).rig.names == ('a',)


@pytest.mark.parametrize('ending', list(storage_text.WRITERS))
def test_lists_of_texts_are_read_as_written(tmp_path, ending):
    path, names = tmp_path / f'a{ending}', ['01', 'a b', 'c<&']
    for count in (1, 3):
        path.write_text(storage_text.WRITERS[ending]({'names': names[:count]}))
        file = cv2.FileStorage(str(path), cv2.FILE_STORAGE_READ)
        node = file.getNode('names')
        assert [node.at(i).string() for i in range(node.size())] == names[:count]
        assert read_storage(File(path)).value == {'names': names[:count]}
