"""Pose2Sim's Calib.toml: what tells it from Anipose's, and metres."""

import dataclasses

import cv2
import numpy as np
import pytest
from calibration_rigs import people_points, ring_rig
from errors import fails
from tool_rigs import DISTS, assert_same_pixels

from mmpose_ours.calibration import CalibrationError, read_rig, recognise_format, write_rig
from mmpose_ours.calibration.api import read_calibration
from mmpose_ours.calibration.formats import pose2sim as pose2sim_format
from mmpose_ours.calibration.parsing.source import Source
from mmpose_ours.geometry.rig import CameraRig

tomllib = pytest.importorskip('tomllib' if __import__('sys').version_info >= (3, 11) else 'tomli')

# As Pose2Sim's writer lays a camera out: floats everywhere, four coefficients, the flag.
SECTION = """[{section}]
name = "{name}"
size = [ 1088.0, 1920.0]
matrix = [ [ 1671.5, 0.0, 564.6], [ 0.0, 1671.3, 933.0], [ 0.0, 0.0, 1.0]]
distortions = [ -0.05, 0.15, -0.0001, 0.0006]
rotation = [ {rotation} ]
translation = [ 0.0, 1.5, 3.0]
fisheye = false

"""
METADATA = '[metadata]\nadjusted = false\nerror = 0.0\n'
# Looks along the world's x and y, upright.
ROTATIONS = [
    cv2.Rodrigues(np.array(R, dtype=float))[0].ravel()
    for R in ([[0, -1, 0], [0, 0, -1], [1, 0, 0]], [[1, 0, 0], [0, 0, -1], [0, 1, 0]])
]


def file(folder, old='', new='', section='int_cam_{}', name='int_cam_{}'):
    text = ''.join(
        SECTION.format(
            section=section.format(i), name=name.format(i), rotation=', '.join(map(str, rotation))
        )
        for i, rotation in enumerate(ROTATIONS)
    )
    assert old in text
    path = folder / 'Calib.toml'
    path.write_text(text.replace(old, new) + METADATA if old else text + METADATA)
    return path


def test_metres_z_up_by_hand(tmp_path):
    path = file(tmp_path)
    format, reason = recognise_format(path)
    assert format == 'pose2sim' and 'fisheye = false' in reason
    rig = read_rig(path)
    assert rig.names == ('int_cam_0', 'int_cam_1')
    # 3 m from the world's origin and 1.5 m above the floor.
    np.testing.assert_allclose(rig['int_cam_0'].center_w, (-3000, 0, 1500), atol=1e-6)
    np.testing.assert_allclose(rig['int_cam_1'].center_w, (0, -3000, 1500), atol=1e-6)
    np.testing.assert_allclose(rig['int_cam_1'].project([0, 0, 1500])[0], (564.6, 933))
    assert rig['int_cam_0'].size == (1088, 1920)
    np.testing.assert_array_equal(rig['int_cam_0'].dist, (-0.05, 0.15, -0.0001, 0.0006))


@pytest.mark.parametrize(
    'name', ['10.0.0.1:554', '{{ a }}', '[1]', 'a, b', 'a"b]', "it's", '#1', '=']
)
def test_cameras_of_any_name_come_back(tmp_path, name):
    rig = ring_rig()
    rig = CameraRig((dataclasses.replace(rig.cameras[0], name=name), *rig.cameras[1:]))
    write_rig(rig, tmp_path / 'Calib.toml', 'pose2sim')
    assert recognise_format(tmp_path / 'Calib.toml')[0] == 'pose2sim'
    assert read_rig(tmp_path / 'Calib.toml').names == rig.names


@pytest.mark.parametrize(
    ('old', 'new', 'options', 'format'),
    [
        # Its older converters: sections cam_1, whole sizes.
        ('[ 1088.0, 1920.0]', '[ 1088, 1920,]', {'section': 'cam_{}', 'name': 'x{}'}, 'pose2sim'),
        # Five coefficients, as we write where k3 is not 0.
        ('0.0006]', '0.0006, 0.1]', {}, 'pose2sim'),
        # Without the flag nothing tells: Anipose, whose unit must be said.
        ('fisheye = false\n', '', {}, 'anipose'),
        ('fisheye = false', 'fisheye = true', {}, 'anipose'),
    ],
)
def test_what_tells_it_from_anipose(tmp_path, old, new, options, format):
    path = file(tmp_path, old, new, **options)
    assert recognise_format(path)[0] == format
    if format == 'anipose':
        with fails(CalibrationError, code='missing-value', expected=['mm', 'cm', 'm']):
            read_rig(path)
        assert len(read_rig(path, 'pose2sim')) == 2


def test_intrinsics_without_poses_are_no_calibration(tmp_path):
    """Pose2Sim writes zeros until it has found the poses."""
    path = file(tmp_path, 'translation = [ 0.0, 1.5, 3.0]', 'translation = [ 0.0, 0.0, 0.0]')
    text = path.read_text()
    for rotation in ROTATIONS:
        text = text.replace(', '.join(map(str, rotation)), '0.0, 0.0, 0.0')
    path.write_text(text)
    assert recognise_format(path)[0] == 'pose2sim'
    with fails(CalibrationError, code='no-data', found=['int_cam_0', 'int_cam_1']):
        read_rig(path)


@pytest.mark.parametrize('count', [0, 4, 5])
def test_round_trip(tmp_path, count):
    rig = ring_rig(dist=DISTS.get(count, ()), names=['1', 'charuco', 'c.3', 'é 4'])
    write_rig(rig, tmp_path / 'Calib.toml', 'pose2sim')
    assert recognise_format(tmp_path / 'Calib.toml')[0] == 'pose2sim'
    back = read_rig(tmp_path / 'Calib.toml')
    assert_same_pixels(rig, back)
    assert {len(camera.dist) for camera in back} == {5 if count == 5 else 4}


def test_written_as_pose2sim_reads(tmp_path):
    """Pose2Sim hands these to OpenCV as they are, and skips some sections."""
    rig = ring_rig(names=['a', 'checkerboard', 'c', 'd'])
    write_rig(rig, tmp_path / 'Calib.toml', 'pose2sim')
    assert 'size = [1280.0, 720.0]' in (tmp_path / 'Calib.toml').read_text()
    written = tomllib.loads((tmp_path / 'Calib.toml').read_text())
    assert list(written) == ['a', 'cam_1', 'c', 'd', 'metadata']
    points = people_points()
    for camera, section in zip(rig, written.values()):
        assert section['fisheye'] is False
        K, dist, rvec, t = (
            np.array(section[key]) for key in ('matrix', 'distortions', 'rotation', 'translation')
        )
        size = [int(side) for side in section['size']]
        assert cv2.getOptimalNewCameraMatrix(K, dist, size, 1, size)[0].shape == (3, 3)
        expected, _ = cv2.projectPoints(points / 1000, rvec, t, K, dist)
        uv, valid = camera.project(points)
        np.testing.assert_allclose(uv[valid], expected[valid, 0], atol=1e-6)


@pytest.mark.parametrize(
    'names', [['cam_1', 'charuco'], ['charuco', 'cam_0', 'checkerboard', 'cam_1', 'cam_2']]
)
def test_sections_that_pose2sim_skips_get_a_name_that_no_camera_has(tmp_path, names):
    rig = ring_rig(count=len(names), names=names)
    write_rig(rig, tmp_path / 'Calib.toml', 'pose2sim')
    assert_same_pixels(rig, read_rig(tmp_path / 'Calib.toml'))
    sections = list(tomllib.loads((tmp_path / 'Calib.toml').read_text()))[:-1]
    assert not {'charuco', 'checkerboard'} & set(sections)


@pytest.mark.parametrize(
    ('old', 'new', 'fields'),
    [
        (
            '1088.0, 1920.0',
            '1088.5, 1920.0',
            dict(code='out-of-range', place='int_cam_0.size', found=(1088.5, 1920.0)),
        ),
        (
            '1088.0, 1920.0',
            '108.0, 1920.0',
            dict(code='out-of-range', camera='int_cam_0', found=(564.6, 933.0)),
        ),
        ('-0.05, 0.15', '-0.05', dict(code='wrong-shape', place='int_cam_0.distortions', found=3)),
        (
            'translation = [ 0.0, 1.5',
            'translation = [ inf, 1.5',
            dict(code='not-finite', place='int_cam_0.translation[0]'),
        ),
        (
            'fisheye = false',
            'fisheye = 2',
            dict(code='file-format', place='int_cam_0.fisheye', found=2),
        ),
        ('fisheye = false', 'fisheye = ', dict(code='file-format', expected='toml')),
    ],
)
def test_broken_values(tmp_path, old, new, fields):
    with fails(CalibrationError, **fields):
        read_calibration(file(tmp_path, old, new), 'pose2sim')
    assert pose2sim_format.recognise(Source(file(tmp_path))) != ''
