"""Anipose TOML (also FreeMoCap's and sleap-anipose's) against OpenCV and real files."""

import cv2
import numpy as np
import pytest
import yaml
from calibration_rigs import people_points, ring_rig
from errors import fails
from tool_rigs import DISTS, FISHEYE, assert_same_pixels, changed, fisheye_rig, read_sample

from mmpose_ours.calibration import FORMATS, CalibrationError, read_rig, recognise_format, write_rig
from mmpose_ours.calibration.api import read_calibration
from mmpose_ours.calibration.formats import anipose as anipose_format
from mmpose_ours.calibration.parsing.source import Source
from mmpose_ours.geometry.rig import CameraRig

tomllib = pytest.importorskip('tomllib' if __import__('sys').version_info >= (3, 11) else 'tomli')
WORLD = {'unit': 'mm', 'up': 'z'}

SECTION = """
[{section}]
name = "{name}"
size = [ 640, 480,]
matrix = [ [ 500.0, 0.0, 320.0,], [ 0.0, 510.0, 240.0,], [ 0.0, 0.0, 1.0,],]
distortions = [ -0.2, 0.0, 0.0, 0.0, 0.0,]
rotation = [ 0.0, {angle}, 0.0,]
translation = [ 100.0, 0.0, 50.0,]
"""
METADATA = '\n[metadata]\nadjusted = false\nerror = 0.63\n'


def file(folder, changes=(), count=2, metadata=METADATA):
    sections = [
        SECTION.format(section=f'cam_{i}', name='ab'[i], angle=i * np.pi / 2) for i in range(count)
    ]
    for old, new in changes:
        assert old in sections[0]
        sections[0] = sections[0].replace(old, new)
    path = folder / 'calibration.toml'
    path.write_text(''.join(sections) + metadata)
    return path


def read(path):
    return anipose_format.read(Source(path))


def test_by_hand(tmp_path):
    path = file(tmp_path)
    format, reason = recognise_format(path)
    assert format == 'anipose'
    assert 'cam_0' in reason and "format='pose2sim'" in reason
    a, b = read(path).rig
    assert (a.name, b.name) == ('a', 'b')
    assert a.size == (640, 480)
    np.testing.assert_array_equal(a.dist, (-0.2, 0, 0, 0, 0))
    # A quarter turn about y: the camera's z is the world's -x ... x_cam = R x + t.
    np.testing.assert_allclose(b.to_camera([0, 0, 200]), (300, 0, 50), atol=1e-9)
    np.testing.assert_allclose(a.center_w, (-100, 0, -50))


def test_unit_and_axis_must_be_given(tmp_path):
    with fails(CalibrationError, code='missing-value', expected=['mm', 'cm', 'm']):
        read_rig(file(tmp_path))
    with fails(CalibrationError, code='missing-value', expected=['z', '-z', 'y', '-y', 'x', '-x']):
        read_rig(file(tmp_path), unit='mm')


@pytest.mark.parametrize(('sample', 'lens'), [('anipose', 'opencv'), ('freemocap', 'fisheye')])
def test_real_files(shared_data, tmp_path, sample, lens):
    reading = read_sample(anipose_format, shared_data, sample)
    assert {camera.lens for camera in reading.rig} == {lens}
    path = next((shared_data / 'calib' / sample).iterdir())
    assert recognise_format(path)[0] == 'anipose'
    rig = read_calibration(path, **WORLD).rig
    write_rig(rig, tmp_path / 'rig.toml', 'anipose')
    assert recognise_format(tmp_path / 'rig.toml')[0] == 'anipose'
    back = read_calibration(tmp_path / 'rig.toml', **WORLD).rig
    for a, b in zip(rig, back):
        assert (a.name, a.size, a.lens) == (b.name, b.size, b.lens)
        np.testing.assert_allclose(a.R_w2c, b.R_w2c, atol=1e-12)
        np.testing.assert_array_equal(a.t_w2c, b.t_w2c)


def test_without_name_size_and_metadata(tmp_path):
    path = file(tmp_path, [('name = "a"\n', ''), ('size = [ 640, 480,]\n', '')], metadata='')
    assert read(path).rig.names == ('cam_0', 'b')
    assert read(path).rig['cam_0'].size is None


def test_fisheye_flag_decides_what_four_coefficients_mean(tmp_path):
    four = ('-0.2, 0.0, 0.0, 0.0, 0.0,', '-0.2, 0.0, 0.0, 0.01,')
    assert read(file(tmp_path, [four])).rig['a'].lens == 'opencv'
    fisheye = ('translation', 'fisheye = true\ntranslation')
    assert read(file(tmp_path, [four, fisheye])).rig['a'].lens == 'fisheye'
    with fails(
        CalibrationError, code='wrong-shape', camera='a', place='cam_0.distortions', found=5
    ):
        read(file(tmp_path, [fisheye]))


def test_uncalibrated_cameras_and_other_sections(tmp_path):
    lost = [('rotation = [ 0.0, 0.0, 0.0,]\n', '')]
    board = '\n[board]\nsquares = 3\n'
    reading = read(file(tmp_path, lost, metadata=METADATA + board))
    assert reading.rig.names == ('b',)
    assert reading.uncalibrated == ('a',)
    with fails(CalibrationError, code='no-data', found=['a']):
        read(file(tmp_path, lost, count=1))


def test_several_cameras_without_any_pose_are_uncalibrated(tmp_path):
    nowhere = SECTION.replace('[ 100.0, 0.0, 50.0,]', '[ 0.0, 0.0, 0.0,]')
    text = ''.join(nowhere.format(section=n, name=n, angle=0.0) for n in 'xy')
    path = file(tmp_path)
    path.write_text(path.read_text() + text)
    assert read(path).uncalibrated == ('x', 'y')
    # One such camera is the world's origin.
    path.write_text(file(tmp_path).read_text() + text[: len(text) // 2])
    assert read(path).rig.names == ('a', 'b', 'x')


@pytest.mark.parametrize('count', [0, *DISTS])
def test_round_trip(tmp_path, count):
    rig = ring_rig(dist=DISTS.get(count, ()), names=['1', 'b "2"', 'c.3', 'é'])
    write_rig(rig, tmp_path / 'rig.toml', 'anipose')
    assert recognise_format(tmp_path / 'rig.toml')[0] == 'anipose'
    back = read_rig(tmp_path / 'rig.toml', **WORLD)
    assert_same_pixels(rig, back)
    assert {len(camera.dist) for camera in back} == {count or 5}


def test_fisheye_round_trip(tmp_path):
    rig = fisheye_rig()
    write_rig(rig, tmp_path / 'rig.toml', 'anipose')
    assert_same_pixels(rig, read_rig(tmp_path / 'rig.toml', **WORLD))
    written = tomllib.loads((tmp_path / 'rig.toml').read_text())
    assert written['cam_3']['fisheye'] is True


def test_written_numbers_through_opencv(tmp_path):
    """What aniposelib does with a file: OpenCV's projection of its vectors."""
    rig = ring_rig()
    write_rig(rig, tmp_path / 'rig.toml', 'anipose')
    written = tomllib.loads((tmp_path / 'rig.toml').read_text())
    assert list(written) == ['cam_0', 'cam_1', 'cam_2', 'cam_3', 'metadata']
    points = people_points()
    for camera, section in zip(rig, written.values()):
        keys = ['name', 'size', 'matrix', 'distortions', 'rotation', 'translation']
        assert list(section) == keys
        vectors = [np.array(section[key]) for key in reversed(keys[2:])]
        translation, rotation, distortions, matrix = vectors
        expected, _ = cv2.projectPoints(points, rotation, translation, matrix, distortions)
        uv, valid = camera.project(points)
        np.testing.assert_allclose(uv[valid], expected[valid, 0], atol=1e-6)


@pytest.mark.parametrize(
    ('rig', 'fields'),
    [
        (ring_rig(size=None), dict(code='missing-value', camera='cam0')),
        (
            changed(ring_rig(), K=[[500, 2.5, 9], [0, 500, 9], [0, 0, 1]]),
            dict(code='cannot-express', camera='cam0', found='skew 2.5'),
        ),
        (
            changed(ring_rig(), lens='division', dist=[-0.1]),
            dict(code='cannot-express', camera='cam0', found='a division lens'),
        ),
    ],
)
def test_what_does_not_fit_is_refused_whole(tmp_path, rig, fields):
    with fails(CalibrationError, **fields):
        write_rig(rig, tmp_path / 'rig.toml', 'anipose')
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ('old', 'new', 'fields'),
    [
        ('500.0', 'nan', dict(code='not-finite', camera='a', place='cam_0.matrix[0][0]')),
        ('500.0', '1e400', dict(code='not-finite', place='cam_0.matrix[0][0]')),
        ('500.0', '1' + '0' * 5000, dict(code='file-format', expected='toml')),
        ('500.0', '"x"', dict(code='file-format', place='cam_0.matrix[0][0]', found='x')),
        ('500.0', '-500.0', dict(code='out-of-range', camera='a', found=(-500.0, 510.0))),
        (
            '[ 0.0, 0.0, 0.0,]',
            '[ 0.0, 0.0,]',
            dict(code='wrong-shape', place='cam_0.rotation', found=2),
        ),
        (
            '[ 0.0, 0.0, 0.0,]',
            '[ [1, 0, 0], [0, 1, 0], [0, 0, 1]]',
            dict(code='wrong-shape', place='cam_0.rotation', found=9),
        ),
        (
            '[ 0.0, 0.0, 0.0,]',
            '{ x = 1 }',
            dict(code='file-format', place='cam_0.rotation', found={'x': 1}),
        ),
        ('[ 100.0, 0.0, 50.0,]', '7', dict(code='wrong-shape', place='cam_0.translation', found=1)),
        (
            '-0.2, 0.0, 0.0, 0.0, 0.0',
            '-0.2, 0.0',
            dict(code='wrong-shape', place='cam_0.distortions', found=2),
        ),
        ('distortions', 'other', dict(code='missing-value', place='cam_0', expected='distortions')),
        (
            '[ 640, 480,]',
            '[ 640.5, 480 ]',
            dict(code='out-of-range', place='cam_0.size', found=(640.5, 480.0)),
        ),
        (
            '[ 640, 480,]',
            '[ 64, 480 ]',
            dict(code='out-of-range', camera='a', found=(320.0, 240.0)),
        ),
        ('name = "a"', 'name = 1.5', dict(code='file-format', place='cam_0.name', found=1.5)),
        ('name = "a"', 'name = "b"', dict(code='duplicate', camera='b')),
        ('name = "a"', 'name = "a', dict(code='file-format', expected='toml')),
        ('[cam_0]', '[metadata]', dict(code='file-format', expected='toml')),
    ],
)
def test_broken_values(tmp_path, old, new, fields):
    path = file(tmp_path, [(old, new)])
    with fails(CalibrationError, **fields):
        read_calibration(path, 'anipose', **WORLD)


def test_other_files_are_not_claimed(tmp_path):
    for text in (
        '# nothing\n',
        'a = 1\n',
        '[tool.ruff]\nline-length = 100\n',
        '[cam_0]\nmatrix = 3\n',
    ):
        (tmp_path / 'x.toml').write_text(text)
        with fails(CalibrationError, code='file-format', expected=list(FORMATS)):
            recognise_format(tmp_path / 'x.toml')
    (tmp_path / 'x.toml').write_text(yaml.dump({'cam_0': FISHEYE}))
    assert anipose_format.recognise(Source(tmp_path / 'x.toml')) == ''


def test_a_rig_of_one_camera_name_in_two_forms(tmp_path):
    rig = CameraRig((ring_rig(names=['metadata', 'b', 'c', 'd'])['metadata'], ring_rig()['cam1']))
    write_rig(rig, tmp_path / 'rig.toml', 'anipose')
    assert read(tmp_path / 'rig.toml').rig.names == ('metadata', 'cam1')
