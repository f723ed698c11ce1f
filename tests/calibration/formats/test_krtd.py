"""KRTD files against hand-made cases and OpenCV's projection."""

import cv2
import numpy as np
import pytest
from calibration_rigs import people_points, ring_rig
from errors import fails

from mmpose_ours.calibration import FORMATS, CalibrationError, recognise_format
from mmpose_ours.calibration.api import read_calibration
from mmpose_ours.calibration.formats.krtd import read
from mmpose_ours.calibration.parsing.source import Source

PINHOLE = '900 1.5 300\n0 910 200\n0 0 1\n\n1 0 0\n0 1 0\n0 0 1\n\n10 20 30\n\n{}\n'


def write(folder, **files):
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f'{name}.krtd').write_text(text)
    return folder


def test_one_camera_by_hand(tmp_path):
    folder = write(tmp_path / 'rig', left=PINHOLE.format('0.1 0.2 0.03 0.04 0.5'))
    rig = read(Source(folder)).rig
    assert rig.names == ('left',)
    np.testing.assert_array_equal(rig['left'].K, [[900, 1.5, 300], [0, 910, 200], [0, 0, 1]])
    np.testing.assert_array_equal(rig['left'].t_w2c, (10, 20, 30))
    np.testing.assert_array_equal(rig['left'].dist, (0.1, 0.2, 0.03, 0.04, 0.5))
    assert rig['left'].size is None


@pytest.mark.parametrize(
    ('text', 'dist'),
    [
        ('', ()),
        ('0', ()),
        ('0.1', (0.1, 0, 0, 0)),
        ('0.1 0.2', (0.1, 0.2, 0, 0)),
        ('1 2 3 4 5 6 7 8', (1, 2, 3, 4, 5, 6, 7, 8)),
    ],
)
def test_coefficients_of_any_number(tmp_path, text, dist):
    rig = read(Source(write(tmp_path / 'rig', a=PINHOLE.format(text)))).rig
    assert tuple(rig['a'].dist) == dist


def test_a_folder_projects_as_opencv_does(tmp_path):
    rig = ring_rig(size=None)

    def lines(values):
        return '\n'.join(' '.join(map(repr, row)) for row in np.atleast_2d(values).tolist())

    folder = write(
        tmp_path / 'rig',
        **{c.name: '\n\n'.join(map(lines, (c.K, c.R_w2c, c.t_w2c, c.dist))) for c in rig},
    )
    assert recognise_format(folder)[0] == 'krtd'
    found = read_calibration(folder, unit='mm', up='z').rig
    assert found.names == rig.names
    points = people_points()
    for camera, same in zip(rig, found):
        uv, valid = same.project(points)
        expected, _ = cv2.projectPoints(
            points, cv2.Rodrigues(camera.R_w2c)[0], camera.t_w2c, camera.K, camera.dist
        )
        np.testing.assert_allclose(uv[valid], expected[valid, 0], rtol=0, atol=1e-6)


def test_unit_and_axis_are_asked_for(tmp_path):
    folder = write(tmp_path / 'rig', a=PINHOLE.format('0'))
    with fails(CalibrationError, code='missing-value', expected=['mm', 'cm', 'm']):
        read_calibration(folder)


@pytest.mark.parametrize(
    ('text', 'fields'),
    [
        (PINHOLE.format('1 2 3'), dict(code='wrong-shape', camera='bad', found=24)),
        ('1 2 3', dict(code='wrong-shape', camera='bad', found=3)),
        (PINHOLE.format('1 2 x'), dict(code='file-format', place='[23]', found='x')),
        (PINHOLE.format('1 nan'), dict(code='not-finite', place='[22]')),
        (
            PINHOLE.format('0').replace('1 0 0', '1 1 0'),
            dict(
                code='invalid-input',
                camera='bad',
                found=[[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            ),
        ),
        (
            PINHOLE.format('0').replace('900', '-900'),
            dict(code='out-of-range', camera='bad', found=(-900.0, 910.0)),
        ),
        ('0 ' * 20000, dict(code='limit-exceeded', camera='bad', found=40000)),
        ('\x00\xff', dict(code='file-format', place='[0]', found='\x00ÿ')),
    ],
)
def test_broken_files_are_one_sentence(tmp_path, text, fields):
    folder = write(tmp_path / 'rig', good=PINHOLE.format('0'), bad=text)
    with fails(CalibrationError, **fields) as caught:
        read(Source(folder))
    assert 'bad.krtd' in str(caught.value) and '\n' not in str(caught.value)


@pytest.mark.parametrize('text', ['1 2 3', 'words', PINHOLE.format('0').replace('0 0 1', '0 0 2')])
def test_other_numbers_are_not_recognised(tmp_path, text):
    with fails(CalibrationError, code='file-format', expected=list(FORMATS)):
        recognise_format(write(tmp_path / 'rig', a=PINHOLE.format('0'), b=text))
