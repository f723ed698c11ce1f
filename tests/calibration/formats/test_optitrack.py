"""Motive's .mcal against hand-made cases and the way in which others project with it."""

import numpy as np
import pytest
from errors import fails

from mmpose_ours.calibration import CalibrationError, recognise_format
from mmpose_ours.calibration.api import read_calibration
from mmpose_ours.calibration.formats import optitrack
from mmpose_ours.calibration.parsing.source import Source

LENS = (
    '<IntrinsicStandardCameraModel LensCenterX="1000" LensCenterY="500" '
    'HorizontalFocalLength="1200" VerticalFocalLength="1201" k1="0.01" k2="-0.02" k3="0.001" '
    'TangentialX="0.004" TangentialY="-0.005"/>'
)
OWN_LENS = LENS.replace('IntrinsicStandardCameraModel', 'Intrinsic').replace('0.01', '0.1')
ATTRIBUTES = '<Attributes Revision="50" ImagerPixelWidth="2048" ImagerPixelHeight="1088"/>'


def extrinsic(turn=(1, 0, 0, 0, 1, 0, 0, 0, 1), center=(1.5, 2.5, 3.5)):
    terms = ' '.join(f'OrientMatrix{i}="{float(v)!r}"' for i, v in enumerate(np.ravel(turn)))
    return '<Extrinsic X="{!r}" Y="{!r}" Z="{!r}" {}/>'.format(*center, terms)


def camera(serial='M21614', inside=None):
    inside = ATTRIBUTES + OWN_LENS + LENS + extrinsic() if inside is None else inside
    return f'<Camera Serial="{serial}"><Properties CameraID="6" ImagerIndex="00"/>{inside}</Camera>'


def mcal(*cameras):
    return (
        '<calibrationProfile version="1"><MotiveBuildInfo AppVersion="3.4.0.2"/><Calibration>'
        f'<Cameras Count="{len(cameras)}">{"".join(cameras)}</Cameras></Calibration>'
        '<property_warehouse/><MaskData/></calibrationProfile>'
    )


def save(folder, text, encoding='UTF-16LE', mark=b'\xff\xfe'):
    path = folder / 'Calibration.mcal'
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n{text}'
    path.write_bytes(mark + text.encode(encoding))
    return path


def read(folder, text):
    return optitrack.read(Source(save(folder, text)))


def test_one_camera_by_hand(tmp_path):
    """With the unit matrix it looks along -z, x right and y up."""
    path = save(tmp_path, mcal(camera()))
    assert recognise_format(path)[0] == 'optitrack'
    c = optitrack.read(Source(path)).rig['M21614']
    assert c.size == (2048, 1088)
    np.testing.assert_array_equal(c.K, [[1200, 0, 1000], [0, 1201, 500], [0, 0, 1]])
    np.testing.assert_array_equal(c.dist, (0.01, -0.02, 0.004, -0.005, 0.001))
    np.testing.assert_array_equal(c.center_w, (1.5, 2.5, 3.5))
    np.testing.assert_allclose(c.project([1.5, 2.5, 0])[0], (1000, 500))
    u, v = c.project([1.6, 2.6, 0])[0]
    assert u > 1000 and v < 500
    assert not c.project([1.5, 2.5, 7])[1], 'behind it'
    read_as = read_calibration(path)
    assert (read_as.unit, read_as.up) == ('m', 'y')
    np.testing.assert_allclose(read_as.rig['M21614'].center_w, (1500, -3500, 2500))


def test_projection_is_that_of_others(tmp_path):
    """Programs that project markers into colour cameras' images: x = M' (X - C) in the camera's
    own axes, with a negative horizontal focal length, which stands for looking along -z."""
    rng = np.random.default_rng(1)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    turn *= np.linalg.det(turn)
    straight = LENS.replace('0.004', '0').replace('-0.005', '0').replace('-0.02', '0')
    straight = straight.replace('k1="0.01"', 'k1="0"').replace('0.001', '0')
    text = mcal(camera(inside=ATTRIBUTES + straight + extrinsic(turn)))
    c = read(tmp_path, text).rig['M21614']
    points = turn @ (rng.uniform(-1, 1, (20, 3)) + [0, 0, -4]).T + np.array([[1.5], [2.5], [3.5]])
    x, y, z = turn.T @ (points - [[1.5], [2.5], [3.5]])
    assert (z < 0).all()
    expected = np.stack([-1200 * x / z + 1000, 1201 * y / z + 500], -1)
    np.testing.assert_allclose(c.project(points.T)[0], expected, atol=1e-9)


@pytest.mark.parametrize(
    ('encoding', 'mark'),
    [('UTF-16LE', b'\xff\xfe'), ('UTF-16BE', b'\xfe\xff'), ('UTF-16LE', b''), ('UTF-16BE', b''),
     ('UTF-8', b''), ('UTF-8', b'\xef\xbb\xbf')],
)  # fmt: skip
def test_encodings(tmp_path, encoding, mark):
    path = save(tmp_path, mcal(camera(), camera('C11764')), encoding, mark)
    assert recognise_format(path)[0] == 'optitrack'
    assert optitrack.read(Source(path)).rig.names == ('M21614', 'C11764')


def test_cameras_without_pose_or_standard_lens(tmp_path):
    text = mcal(
        camera('a', ATTRIBUTES + LENS),
        camera('b'),
        camera('c', ATTRIBUTES + OWN_LENS + extrinsic()),
        camera('d', LENS + extrinsic()),
    )
    reading = read(tmp_path, text)
    assert reading.rig.names == ('b', 'd')
    assert reading.uncalibrated == ('a', 'c')
    assert reading.rig['d'].size is None
    with fails(CalibrationError, code='no-data', found=['c']):
        read(tmp_path, mcal(camera('c', OWN_LENS + extrinsic())))


FIRST = 'calibrationProfile.Calibration.Cameras.Camera[0]'


@pytest.mark.parametrize(
    ('old', 'new', 'fields'),
    [
        (' Serial="M21614"', '', dict(code='missing-value', place=FIRST, expected='Serial')),
        ('X="1.5"', '', dict(code='missing-value', camera='M21614', place=f'{FIRST}.Extrinsic')),
        (
            'X="1.5"',
            'X="1,5"',
            dict(code='file-format', place=f'{FIRST}.Extrinsic.X', found='1,5'),
        ),
        ('OrientMatrix4="1.0"', 'OrientMatrix4="0.5"', dict(code='invalid-input', camera='M21614')),
        ('"1201"', '"1e999"', dict(code='not-finite', camera='M21614')),
        ('"1201"', '"-1"', dict(code='out-of-range', camera='M21614')),
        ('Width="2048"', 'Width="64"', dict(code='out-of-range', camera='M21614')),
        ('Width="2048"', 'Width="x"', dict(code='file-format', camera='M21614')),
    ],
)
def test_broken_values(tmp_path, old, new, fields):
    text = mcal(camera())
    assert old in text
    with fails(CalibrationError, **fields):
        read(tmp_path, text.replace(old, new))


def test_other_xml_and_binary(tmp_path):
    for text in (
        '<a/>',
        mcal(),
        '<Calibration><Cameras><Camera Serial="a"/></Cameras></Calibration>',
    ):
        assert optitrack.recognise(Source(save(tmp_path, text))) == ''
    path = tmp_path / 'old.cal'
    path.write_bytes(b'\x01\x00\x00\x00' * 100)
    with fails(CalibrationError, code='file-format'):
        recognise_format(path)
