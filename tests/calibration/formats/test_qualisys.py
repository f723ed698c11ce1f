"""Qualisys calibrations against the real files and hand-made cases."""

import numpy as np
import pytest
from errors import fails
from tool_rigs import read_sample, text_reader

from mmpose_ours.calibration import CalibrationError, read_rig, recognise_format
from mmpose_ours.calibration.formats import qualisys
from mmpose_ours.calibration.formats.qualisys import read

FOV = '<fov_video left="{left}" top="{top}" right="{right}" bottom="{bottom}"/>'
# QTM's camera axes: x right, y up, z backward. This one looks along the world's y.
TRANSFORM = (
    '<transform x="100" y="-3000" z="1500" r11="1" r12="0" r13="0" r21="0" r22="0" r23="1" '
    'r31="0" r32="-1" r33="0"/>'
)
INTRINSIC = (
    '<intrinsic focallength="9" focalLengthU="64000" focalLengthV="64640" centerPointU="38400" '
    'centerPointV="25600" skew="0" radialDistortion1="-0.1" radialDistortion2="0.02" '
    'radialDistortion3="0.003" tangentalDistortion1="0.004" tangentalDistortion2="0.005"/>'
)


def fov(left=0, top=0, right=1279, bottom=719):
    return FOV.format(left=left, top=top, right=right, bottom=bottom)


def camera(serial='c1', attributes='active="1" viewrotation="0"', inside=None):
    inside = fov() + TRANSFORM + INTRINSIC if inside is None else inside
    return f'<camera {attributes} serial="{serial}">{inside}</camera>'


def xml(*cameras, rest=''):
    return f'<calibration><cameras>{"".join(cameras)}</cameras>{rest}</calibration>'


read_text = text_reader(read, 'c.qca.txt')


def test_one_camera_by_hand(read_text):
    c = read_text(xml(camera())).rig['c1']
    np.testing.assert_allclose(c.K, [[1000, 0, 600], [0, 1010, 400], [0, 0, 1]])
    np.testing.assert_allclose(c.dist, (-0.1, 0.02, 0.004, 0.005, 0.003))
    np.testing.assert_allclose(c.center_w, (100, -3000, 1500))
    assert c.size == (1280, 720)
    # Straight ahead is the principal point; to the right and up is right and up in the image.
    np.testing.assert_allclose(c.project([100, 0, 1500])[0], (600, 400))
    u, v = c.project([400, 0, 1800])[0]
    assert u > 600 and v < 400


def test_a_cropped_video_shifts_the_principal_point(read_text):
    c = read_text(xml(camera(inside=fov(100, 50, 1099, 649) + TRANSFORM + INTRINSIC))).rig['c1']
    assert c.size == (1000, 600)
    np.testing.assert_allclose(c.K[:2, 2], (500, 350))


def test_the_protocols_wrapping_is_read(read_text, tmp_path):
    text = '<QTM_Parameters_Ver_1.25>' + xml(camera(), camera('c2')) + '</QTM_Parameters_Ver_1.25>'
    assert read_text(text).rig.names == ('c1', 'c2')
    assert recognise_format(tmp_path / 'c.qca.txt')[0] == 'qualisys'


def test_inactive_cameras_are_left_out_and_incomplete_ones_uncalibrated(read_text):
    reading = read_text(
        xml(
            camera('off', 'active="0"'),
            camera('on'),
            camera('lost', 'active="1" calibrated="false"'),
            camera('bare', inside=fov() + INTRINSIC),
            camera('blind', inside=fov() + TRANSFORM),
        )
    )
    assert reading.rig.names == ('on',)
    assert reading.uncalibrated == ('lost', 'bare', 'blind')
    assert any("'off'" in note and 'active="0"' in note for note in reading.notes)


def test_what_the_file_leaves_open_is_reported(read_text):
    odd = INTRINSIC.replace('skew="0"', 'skew="64"')
    reading = read_text(
        xml(
            camera('side', 'viewrotation="90" video_resolution="540p"'),
            camera('skewed', inside=fov() + TRANSFORM + odd),
            rest='<scaling factor="0.5"/>',
        )
    )
    assert reading.rig['skewed'].K[0, 1] == 1
    for note, words in zip(
        reading.notes,
        ("'side' by 90 degrees turned", "'skewed': skew", 'set to 540p', 'not applied'),
    ):
        assert words in note
    assert len(reading.notes) == 4
    # A camera shown turned is the same camera.
    np.testing.assert_array_equal(reading.rig['side'].K[:2, 2], (600, 400))
    assert read_text(xml(camera())).notes == ()


FIRST = 'calibration.cameras.camera[0]'


@pytest.mark.parametrize(
    ('text', 'fields'),
    [
        (xml(camera('off', 'active="0"')), dict(code='no-data', found=['off'])),
        (xml(camera(), camera()), dict(code='duplicate', camera='c1')),
        (
            xml(camera().replace('serial="c1"', '')),
            dict(code='missing-value', place=FIRST, expected='serial'),
        ),
        (
            xml(camera(inside=TRANSFORM + INTRINSIC)),
            dict(code='missing-value', camera='c1', place=FIRST, expected='fov_video'),
        ),
        (
            xml(camera().replace('r22="0"', 'r22="0.5"')),
            dict(
                code='invalid-input',
                camera='c1',
                found=[[1.0, 0.0, 0.0], [0.0, -0.5, -1.0], [0.0, 1.0, 0.0]],
            ),
        ),
        (
            xml(camera().replace('r23="1"', 'r23="-1"')),
            dict(
                code='invalid-input',
                camera='c1',
                found=[[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]],
            ),
        ),
        (
            xml(camera().replace('64000', '1e999')),
            dict(code='not-finite', place=f'{FIRST}.intrinsic.focalLengthU', found='1e999'),
        ),
        (
            xml(camera().replace('64000', '-1')),
            dict(code='out-of-range', camera='c1', found=(-0.015625, 1010.0)),
        ),
        (
            xml(camera().replace('x="100"', '')),
            dict(code='missing-value', camera='c1', place=f'{FIRST}.transform', expected='x'),
        ),
        (
            xml(camera().replace('right="1279"', 'right="12.5"')),
            dict(code='file-format', place=f'{FIRST}.fov_video.right', found='12.5'),
        ),
        (
            xml(camera().replace('right="1279"', 'right="-5"')),
            dict(code='out-of-range', camera='c1', found=(-4, 720)),
        ),
        (
            xml(camera().replace('active="1"', 'active="yes"')),
            dict(code='file-format', place=f'{FIRST}.active', found='yes'),
        ),
        ('<calibration/>', dict(code='missing-value', place='calibration', expected='cameras')),
        ('<other/>', dict(code='missing-value', place='other', expected='calibration')),
        (xml(camera())[:-9], dict(code='file-format', expected='xml')),
    ],
)
def test_broken_files_are_one_sentence(read_text, text, fields):
    with fails(CalibrationError, **fields) as caught:
        read_text(text)
    assert 'c.qca.txt' in str(caught.value) and '\n' not in str(caught.value)


@pytest.mark.parametrize('name', ['qualisys', 'qualisys_same_rig_other_serials'])
def test_real_files_equal_the_expected_values(shared_data, name):
    rig = read_sample(qualisys, shared_data, name).rig
    assert read_rig(shared_data / 'calib' / name / 'Calib.qca.txt').names == rig.names
    # People are tracked in front of these cameras, above the floor: the rig looks inwards.
    middle = rig.centers_w.mean(0) * (1, 1, 0) + (0, 0, 1000)
    assert rig.sees(middle).all()
