"""Vicon XCP against hand-made cases, with Vicon's own polynomial as the oracle."""

import numpy as np
import pytest
from errors import fails
from scipy.spatial.transform import Rotation
from tool_rigs import text_reader

from mmpose_ours.calibration import CalibrationError, read_rig, recognise_format
from mmpose_ours.calibration.formats.vicon import read

# Rows are the camera's right, down and forward in the world: it looks along x, upright.
R_W2C = np.array([[0, -1, 0], [0, 0, -1], [1, 0, 0]])
K1, K2, K3 = 3e-8, -4e-15, 1e-21
RADIAL2 = f'VICON_RADIAL2="Vicon3Parameter 966 594 {K1} {K2} {K3}"'


def key_frame(lens='', position='-3000 200 1500', R=R_W2C, more='', focal=2000):
    quaternion = ' '.join(map(repr, Rotation.from_matrix(R).as_quat().tolist()))  # x y z w
    return (
        f'<KeyFrame FOCAL_LENGTH="{focal}" FRAME="0" ORIENTATION="{quaternion}" '
        f'POSITION="{position}" PRINCIPAL_POINT="970 590" {lens} {more}/>'
    )


def camera(device='51433950', frames=None, attributes='', size='SENSOR_SIZE="1920 1200"'):
    frames = key_frame() if frames is None else frames
    return (
        f'<Camera DEVICEID="{device}" ISDV="1" NAME="" TYPE="VideoInputDevice:x" USERID="1" {size} '
        f'{attributes}><KeyFrames>{frames}</KeyFrames></Camera>'
    )


def xcp(*cameras):
    return f'<Cameras SOURCE="Nexus 2.16" VERSION="2.0">{"".join(cameras)}</Cameras>'


read_text = text_reader(read, 'trial.xcp')


def test_one_camera_by_hand(read_text):
    reading = read_text(xcp(camera(attributes='PIXEL_ASPECT_RATIO="0.5" SKEW="0.25"')))
    c = reading.rig['51433950']
    np.testing.assert_allclose(c.K, [[2000, 0.25, 970], [0, 4000, 590], [0, 0, 1]])
    np.testing.assert_allclose(c.R_w2c, R_W2C, atol=1e-12)
    np.testing.assert_allclose(c.center_w, (-3000, 200, 1500))
    np.testing.assert_allclose(c.project([0, 200, 1500])[0], (970, 590))
    assert (c.size, len(c.dist), reading.notes) == ((1920, 1200), 0, ())


def test_orientation_is_world_to_camera(read_text):
    # A turn that differs much from its inverse.
    R = Rotation.from_euler('xyz', (20, 50, -70), degrees=True).as_matrix()
    c = read_text(xcp(camera(frames=key_frame(R=R)))).rig['51433950']
    np.testing.assert_allclose(c.R_w2c, R, atol=1e-12)


def ideal_of(uv, centre, *k):
    offset = uv - centre
    r2 = (offset**2).sum(-1, keepdims=True)
    return centre + offset * (1 + sum(value * r2 ** (i + 1) for i, value in enumerate(k)))


@pytest.mark.parametrize(
    ('lens', 'centre', 'k', 'within_px'),
    [
        (RADIAL2, (966, 594), (K1, K2, K3), 0.1),
        (f'VICON_RADIAL="{K1} {K2}"', (970, 590), (K1, K2), 0.01),
        (f'VICON_RADIAL="{-K1} 0"', (970, 590), (-K1,), 0.01),
    ],
)
def test_pixels_undistort_as_vicons_polynomial_says(read_text, lens, centre, k, within_px):
    reading = read_text(xcp(camera(frames=key_frame(lens))))
    c = reading.rig['51433950']
    uv = np.random.default_rng(0).uniform((0, 0), (1919, 1199), (1000, 2))
    ideal = ideal_of(uv, np.array(centre), *k)
    assert np.abs(ideal - uv).max() > 20
    # A point on the ray of the ideal pixel must land on the distorted one.
    xyz_c = np.concatenate([(ideal - (970, 590)) / 2000, np.ones((1000, 1))], -1) * 4000
    landed, valid = c.project((xyz_c - c.t_w2c) @ c.R_w2c)
    assert valid.all()
    off = np.linalg.norm(landed - uv, axis=-1).max()
    assert off < within_px
    said = float(reading.notes[0].split('off by ')[1].split(' px')[0])
    assert off <= said * 1.05 < within_px * 3


def test_zero_coefficients_are_no_distortion(read_text):
    reading = read_text(xcp(camera(frames=key_frame('VICON_RADIAL2="Vicon3Parameter 9 9 0 0 0"'))))
    assert reading.notes == () and not reading.rig['51433950'].dist.any()


def test_marker_cameras_are_distinguished(read_text):
    vero = camera('7').replace('ISDV="1"', 'ISDV="0"').replace('VideoInputDevice:x', 'VeroV22')
    reading = read_text(xcp(vero, camera('8')))
    assert reading.rig.names == ('7', '8')
    assert reading.notes[0].startswith("camera '7': marker cameras, which record no video")


def test_cameras_without_key_frames_are_uncalibrated(read_text):
    reading = read_text(
        xcp(camera('1', frames=''), camera('2'), camera('3', frames=key_frame(focal=0)))
    )
    assert (reading.rig.names, reading.uncalibrated) == (('2',), ('1', '3'))


def test_the_aspect_correction_is_reported(read_text):
    reading = read_text(xcp(camera(frames=key_frame(more='PIXEL_ASPECT_RATIO_CORRECTION="1.001"'))))
    np.testing.assert_allclose(reading.rig['51433950'].K[1, 1], 2002)
    assert 'PIXEL_ASPECT_RATIO_CORRECTION is 1.001' in reading.notes[0]


def test_a_given_size_stands_in_for_the_sensors(read_text):
    text = xcp(camera(frames=key_frame(RADIAL2), size=''))
    assert read_text(text, (1920, 1200)).rig['51433950'].size == (1920, 1200)
    assert read_text(xcp(camera(size=''))).rig['51433950'].size is None


def test_it_is_recognised_and_in_millimetres_z_up(tmp_path):
    facing = R_W2C * ((-1,), (1,), (-1,))
    path = tmp_path / 'any.name'
    path.write_text(
        xcp(camera('1'), camera('2', frames=key_frame(position='3000 0 1500', R=facing)))
    )
    assert recognise_format(path)[0] == 'vicon'
    rig = read_rig(path)
    np.testing.assert_allclose(rig['2'].center_w, (3000, 0, 1500))
    assert rig.sees([0, 0, 1200]).all()


KEY = 'Cameras.Camera[0].KeyFrames.KeyFrame[0]'


@pytest.mark.parametrize(
    ('text', 'fields'),
    [
        (xcp(camera(frames='')), dict(code='no-data', found=['51433950'])),
        (xcp(), dict(code='no-data', found=[])),
        (xcp(camera(), camera()), dict(code='duplicate', camera='51433950')),
        (
            xcp(camera(frames=key_frame() + key_frame(position='1 2 3'))),
            dict(code='cannot-express', place='Cameras.Camera[0]', found=2),
        ),
        (
            xcp(camera(frames=key_frame().replace('970 590', '970'))),
            dict(code='wrong-shape', place=f'{KEY}.PRINCIPAL_POINT', found=1),
        ),
        (
            xcp(camera(frames=key_frame(focal='x'))),
            dict(code='file-format', place=f'{KEY}.FOCAL_LENGTH', found='x'),
        ),
        (
            xcp(camera(frames=key_frame(focal=-5))),
            dict(code='out-of-range', camera='51433950', found=(-5.0, -5.0)),
        ),
        (
            xcp(camera(frames=key_frame(R=np.eye(3)).replace('0.0 0.0 0.0 1.0', '0 0 0 0'))),
            dict(code='out-of-range', place=f'{KEY}.ORIENTATION', found=[0.0, 0.0, 0.0, 0.0]),
        ),
        (
            xcp(camera(frames=key_frame('VICON_RADIAL2="X 1 2 3 4 5"'))),
            dict(code='cannot-express', place=f'{KEY}.VICON_RADIAL2', found='X'),
        ),
        (
            xcp(camera(frames=key_frame('VICON_RADIAL2=""'))),
            dict(code='cannot-express', place=f'{KEY}.VICON_RADIAL2', expected='Vicon3Parameter'),
        ),
        (
            xcp(camera(frames=key_frame(RADIAL2.replace('594 ', '')))),
            dict(code='wrong-shape', place=f'{KEY}.VICON_RADIAL2', found=4),
        ),
        (
            xcp(camera(frames=key_frame('VICON_RADIAL="-1e-6 0"'))),
            dict(code='out-of-range', place=KEY, found=[-1e-06, 0.0, 0.0]),
        ),
        (
            xcp(camera(frames=key_frame('VICON_RADIAL="1e12 0"'))),
            dict(code='out-of-range', place=KEY),
        ),
        (
            xcp(camera(frames=key_frame(RADIAL2, focal=1e-300))),
            dict(code='out-of-range', place=KEY, found=[3e-08, -4e-15, 1e-21]),
        ),
        (
            xcp(camera(frames=key_frame(RADIAL2), size='')),
            dict(code='missing-value', place='Cameras.Camera[0]', expected='image_size'),
        ),
        (
            xcp(camera(size='SENSOR_SIZE="900 600"')),
            dict(code='out-of-range', camera='51433950', found=(970.0, 590.0)),
        ),
        (
            xcp(camera(size='SENSOR_SIZE="0 600"')),
            dict(code='out-of-range', place='Cameras.Camera[0].SENSOR_SIZE', found=(0.0, 600.0)),
        ),
        (
            xcp(camera(attributes='PIXEL_ASPECT_RATIO="0"')),
            dict(code='out-of-range', place='Cameras.Camera[0].PIXEL_ASPECT_RATIO', found=0.0),
        ),
        (
            xcp(camera()).replace('DEVICEID', 'ID'),
            dict(code='missing-value', place='Cameras.Camera[0]', expected='DEVICEID'),
        ),
        (xcp(camera())[:-12], dict(code='file-format', expected='xml')),
    ],
)
def test_broken_files_are_one_sentence(read_text, text, fields):
    with fails(CalibrationError, **fields) as caught:
        read_text(text)
    assert 'trial.xcp' in str(caught.value) and '\n' not in str(caught.value)
