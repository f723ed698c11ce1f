"""Agisoft XML against the real file, hand-made cases and Metashape's own formulas."""

import numpy as np
import pytest
from errors import fails
from tool_rigs import read_sample, text_reader

from mmpose_ours.calibration import CalibrationError, recognise_format
from mmpose_ours.calibration.api import read_calibration
from mmpose_ours.calibration.formats import agisoft
from mmpose_ours.calibration.formats.agisoft import read

SENSOR = """
<sensor id="3" label="lens" type="{kind}">
  <resolution width="640" height="480"/>
  <calibration type="{kind}" class="initial"><f>1</f></calibration>
  <calibration type="{kind}" class="adjusted">
    <resolution width="640" height="480"/>{terms}
  </calibration>
</sensor>"""
TERMS = {'f': 500, 'cx': 3, 'cy': -4, 'b1': 2, 'b2': -1.5, 'k1': -0.1, 'k2': 0.02, 'k3': 0.003,
         'p1': 0.004, 'p2': -0.005}  # fmt: skip
# Looks along y from (1, 2, 3): x right, z down in the chunk's axes.
POSE = '1 0 0 1  0 0 1 2  0 -1 0 3  0 0 0 1'
CAMERA = f'<camera id="0" sensor_id="3" label="a.jpg"><transform>{POSE}</transform></camera>'
CHUNK_TRANSFORM = (
    '<transform><rotation>0 -1 0 1 0 0 0 0 1</rotation><translation>10 20 30</translation>'
    '<scale>2</scale></transform>'
)


def xml(kind='frame', cameras=CAMERA, rest='', terms=TERMS, **changes):
    terms = ''.join(f'<{tag}>{value}</{tag}>' for tag, value in {**terms, **changes}.items())
    sensor = SENSOR.format(kind=kind, terms=terms)
    return (
        f'<document version="2.0.0"><chunk label="c"><sensors>{sensor}</sensors>'
        f'<cameras>{cameras}</cameras>{rest}</chunk></document>'
    )


read_text = text_reader(read, 'cameras.xml')


def by_the_manual(kind, xyz, t):
    """Pixels, corners at whole numbers, as the manual's appendix computes them."""
    x, y = (xyz[:, :2] / xyz[:, 2:]).T
    if kind == 'fisheye':
        r = np.hypot(x, y)
        x, y = x * np.arctan(r) / r, y * np.arctan(r) / r
    r2 = x * x + y * y
    radial = 1 + t['k1'] * r2 + t['k2'] * r2**2 + t['k3'] * r2**3 + t.get('k4', 0) * r2**4
    bent_x = x * radial + t['p1'] * (r2 + 2 * x * x) + 2 * t['p2'] * x * y
    bent_y = y * radial + t['p2'] * (r2 + 2 * y * y) + 2 * t['p1'] * x * y
    u = 640 / 2 + t['cx'] + bent_x * t['f'] + bent_x * t['b1'] + bent_y * t['b2']
    return np.stack([u, 480 / 2 + t['cy'] + bent_y * t['f']], axis=-1)


@pytest.mark.parametrize(
    ('kind', 'changes', 'lens'),
    [
        ('frame', {}, 'opencv'),
        ('fisheye', {'k4': 0.001}, 'thin_prism_fisheye'),
        ('fisheye', {'k4': 0.001, 'p1': 0, 'p2': 0}, 'fisheye'),
    ],
)
def test_pixels_are_those_of_the_manual(read_text, kind, changes, lens):
    camera = read_text(xml(kind, **changes)).rig['a']
    assert (camera.lens, camera.size) == (lens, (640, 480))
    xyz_c = np.random.default_rng(0).uniform((-1, -0.8, 2), (1, 0.8, 4), (1000, 3))
    uv, valid = camera.project((xyz_c - camera.t_w2c) @ camera.R_w2c)
    assert valid.all()
    expected = by_the_manual(kind, xyz_c, {**TERMS, **changes}) - 0.5
    np.testing.assert_allclose(uv, expected, rtol=0, atol=1e-9)


def test_pose_by_hand(read_text):
    camera = read_text(xml()).rig['a']
    np.testing.assert_allclose(camera.center_w, (1, 2, 3))
    np.testing.assert_allclose(camera.to_camera([1, 7, 3]), (0, 0, 5), atol=1e-12)
    np.testing.assert_allclose(camera.to_camera([2, 7, 2]), (1, 1, 5), atol=1e-12)


@pytest.mark.parametrize('where', ['chunk', 'component'])
def test_the_chunks_transform_leads_to_the_world(read_text, where):
    rest, cameras = CHUNK_TRANSFORM, CAMERA
    if where == 'component':
        rest = f'<components><component id="5">{rest}</component></components>'
        cameras = CAMERA.replace('id="0"', 'id="0" component_id="5"')
    reading = read_text(xml(cameras=cameras, rest=rest))
    camera = reading.rig['a']
    np.testing.assert_allclose(camera.center_w, (2 * -2 + 10, 2 * 1 + 20, 2 * 3 + 30))
    # Its y, along which it looked, became -x.
    np.testing.assert_allclose(camera.R_w2c[2], (-1, 0, 0), atol=1e-12)
    assert "the chunk's transform was applied" in reading.notes[0]


def test_geocentric_coordinates_are_reported(read_text):
    reading = read_text(
        xml(rest=CHUNK_TRANSFORM + '<reference>GEOGCS["WGS 84",DATUM[]]</reference>')
    )
    assert 'geocentric metres of GEOGCS["WGS 84"' in reading.notes[0]


def test_without_a_transform_scale_and_up_are_unknown(read_text, tmp_path):
    reading = read_text(xml())
    assert 'the chunk has no transform' in reading.notes[0]
    with fails(CalibrationError, code='missing-value', expected=['mm', 'cm', 'm']):
        read_calibration(tmp_path / 'cameras.xml')


def test_groups_slaves_keyframes_and_uncalibrated_cameras(read_text):
    cameras = (
        CAMERA
        + '<group label="g"><group><camera id="1" sensor_id="3" label="inner"><transform>'
        + f'{POSE}</transform></camera></group></group>'
        + '<camera id="2" sensor_id="3" label="lost"/>'
        + '<camera id="3" label="of no sensor"><transform>1</transform></camera>'
        + f'<camera id="4" sensor_id="3" master_id="0" label="slave"><transform>{POSE}'
        + '</transform></camera><camera id="5" sensor_id="3"/>'
    )
    reading = read_text(xml(cameras=cameras))
    assert reading.rig.names == ('a', 'inner', 'slave')
    assert reading.uncalibrated == ('lost', 'of no sensor')


@pytest.mark.parametrize('disabled', ['enabled="false"', 'enabled="0"'])
def test_disabled_cameras_are_left_out(read_text, disabled):
    first = CAMERA.replace('label="a.jpg"', f'label="a.jpg" {disabled}')
    second = CAMERA.replace('id="0"', 'id="1" enabled="true"').replace('a.jpg', 'b.jpg')
    reading = read_text(xml(cameras=first + second))
    assert reading.rig.names == ('b',) and reading.uncalibrated == ()
    assert "camera 'a': marked as disabled" in reading.notes[0]
    with fails(CalibrationError, code='no-data', found=['a']):
        read_text(xml(cameras=first))


def test_names_are_labels_without_the_ending_of_an_image(read_text):
    labels = ('a.JPG', 'b', 'c.v1', 'd.jpg', 'd.png')
    cameras = [
        CAMERA.replace('id="0"', f'id="{i}"').replace('a.jpg', label)
        for i, label in enumerate(labels)
    ]
    reading = read_text(xml(cameras=''.join(cameras)))
    assert reading.rig.names == ('a', 'b', 'c.v1', 'd.jpg', 'd.png')


def test_an_initial_calibration_is_none(read_text):
    text = xml().replace('class="adjusted"', 'class="other"')
    with fails(CalibrationError, code='no-data', found=['a']):
        read_text(text)


def test_turned_images_are_reported(read_text):
    turned = CAMERA.replace('</camera>', '<orientation>6</orientation></camera>')
    assert "camera 'a': the image has an orientation tag" in read_text(xml(cameras=turned)).notes[1]
    upright = CAMERA.replace('</camera>', '<orientation>1</orientation></camera>')
    assert len(read_text(xml(cameras=upright)).notes) == 1


SECOND = CAMERA.replace('id="0"', 'id="1" component_id="9"').replace('a.jpg', 'b')


CALIBRATION = 'document.chunk[0].sensors.sensor[0].calibration[1]'
CAMERAS = 'document.chunk[0].cameras'
TOO_DEEP = 'nested too deeply: more than 100 elements within each other'
DOCTYPE = 'it declares a document type or entities'


@pytest.mark.parametrize(
    ('text', 'fields'),
    [
        (
            xml(k4=0.1),
            dict(code='cannot-express', camera='a', place=CALIBRATION, found={'k4': 0.1}),
        ),
        (xml(p3=0.1), dict(code='cannot-express', place=CALIBRATION, found={'p3': 0.1})),
        (xml('fisheye', p4=1), dict(code='cannot-express', place=CALIBRATION, found={'p4': 1.0})),
        (
            xml('equisolid_fisheye'),
            dict(code='cannot-express', place=CALIBRATION, found='equisolid_fisheye'),
        ),
        (xml('spherical'), dict(code='cannot-express', place=CALIBRATION, found='spherical')),
        (xml(f='nan'), dict(code='not-finite', place=f'{CALIBRATION}.f')),
        (xml(f=-500), dict(code='out-of-range', camera='a', found=(-498.0, -500.0))),
        (xml(k1='x'), dict(code='file-format', place=f'{CALIBRATION}.k1', found='x')),
        (
            xml(terms={'fx': 500, 'fy': 500}),
            dict(code='file-format', place=CALIBRATION, found='fx'),
        ),
        (xml(terms={'k1': 0}), dict(code='missing-value', place=CALIBRATION, expected='f')),
        (
            xml(cameras=CAMERA.replace('0 0 0 1<', '0 0 0 1 5<')),
            dict(code='wrong-shape', place=f'{CAMERAS}.camera[0].transform', found=17),
        ),
        (
            xml(cameras=CAMERA.replace('0 0 0 1<', '0 0 1 1<')),
            dict(
                code='file-format',
                place=f'{CAMERAS}.camera[0].transform',
                found=[0.0, 0.0, 1.0, 1.0],
            ),
        ),
        (
            xml(cameras=CAMERA.replace('>1 0 0', '>2 0 0')),
            dict(
                code='invalid-input',
                camera='a',
                found=[[2.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]],
            ),
        ),
        (
            xml(cameras=CAMERA.replace('sensor_id="3"', 'sensor_id="8"')),
            dict(code='no-match', place=f'{CAMERAS}.camera[0]', found='8'),
        ),
        (xml(cameras=CAMERA * 2), dict(code='duplicate', camera='a.jpg')),
        (
            xml(cameras=CAMERA + '<camera id="1" sensor_id="3" master_id="0" label="slave"/>'),
            dict(
                code='cannot-express', camera='slave', place=f'{CAMERAS}.camera[1]', found='a.jpg'
            ),
        ),
        (
            xml(cameras=CAMERA + SECOND),
            dict(code='conflict', place=f'{CAMERAS}.camera[1]', found='9'),
        ),
        (
            xml(rest=CHUNK_TRANSFORM.replace('>2<', '>0<')),
            dict(code='out-of-range', place='document.chunk[0].transform.scale', found=0.0),
        ),
        (
            xml().replace('</chunk>', '</chunk><chunk/>'),
            dict(code='ambiguous', place='document', found=2),
        ),
        (
            xml(cameras='<group>' * 120 + CAMERA + '</group>' * 120),
            dict(code='file-format', found=TOO_DEEP),
        ),
        (xml(cameras=''), dict(code='no-data', found=[])),
        (xml()[:-20], dict(code='file-format', expected='xml')),
        ('<!DOCTYPE d [<!ENTITY a "b">]>' + xml(), dict(code='file-format', found=DOCTYPE)),
    ],
)
def test_broken_files_are_one_sentence(read_text, text, fields):
    with fails(CalibrationError, **fields) as caught:
        read_text(text)
    assert 'cameras.xml' in str(caught.value) and '\n' not in str(caught.value)


def test_real_file_equals_the_expected_values(shared_data):
    assert recognise_format(shared_data / 'calib/agisoft/cameras.xml')[0] == 'agisoft'
    read_sample(agisoft, shared_data, 'agisoft', from_corner=True)
