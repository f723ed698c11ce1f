"""Every bad calibration ends in one sentence with file, camera or place, and fix."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from calibration_rigs import SIZE, ring_rig, save, written

from mmpose_ours.calibration import (
    CalibrationError,
    check_rig,
    read_rig,
    recognise_format,
    write_rig,
)
from mmpose_ours.calibration.camera_choice import choose_cameras
from mmpose_ours.calibration.parsing.schema import schema_file
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.json_schema import load_schema

MISSING = object()


@pytest.fixture
def good(tmp_path):
    """Parsed files of both formats."""
    return {name: written(ring_rig(), tmp_path, name) for name in ('panoptic', 'campus')}


def message_of(path, **options):
    with pytest.raises(CalibrationError) as caught:
        read_rig(path, **options)
    message = str(caught.value)
    assert message.startswith(f'{path}: '), 'the file comes first'
    assert '\n' not in message and not message.endswith('.')
    return message


def changed(data, place, value):
    data = copy.deepcopy(data)
    parent = data
    for step in place[:-1]:
        parent = parent[step]
    if value is MISSING:
        del parent[place[-1]]
    else:
        parent[place[-1]] = value
    return data


@pytest.mark.parametrize(
    ('place', 'value', 'parts'),
    [
        (
            ('cameras', 2, 'K', 0, 1),
            'a',
            ["camera 'cam2'", 'cameras[2].K[0][1] is "a"', 'a number'],
        ),
        (('cameras', 1, 't', 1), [1, 2], ['cameras[1].t[1] has 2 values', 'expected 1']),
        (('cameras', 1, 't'), [1, 2], ['cameras[1].t has 2 values', 'expected 3', 'centimetres']),
        (('cameras', 1, 'R', 1), None, ['cameras[1].R[1] is null', 'expected a list']),
        (('cameras', 0, 'distCoef'), MISSING, ["cameras[0] has no 'distCoef'", 'k1 k2 p1 p2 k3']),
        (('cameras', 0, 'distCoef'), [0] * 8, ['distCoef has 8 values', 'expected 5']),
        (('cameras', 3, 'resolution', 0), 0, ['cameras[3].resolution[0] is 0', 'at least 1']),
        (('cameras', 3, 'resolution', 1), 7.5, ['resolution[1] is 7.5', 'a whole number']),
        (('cameras', 0, 'name'), '', ['cameras[0].name is ""', 'expected a name']),
        (('cameras', 0, 'name'), True, ['cameras[0].name is true', 'expected a text']),
        (('cameras', 1), 5, ['cameras[1] is 5', 'expected an object']),
        (('cameras', 0, 'R', 0, 0), float('nan'), ['R[0][0] is NaN', 'a finite number']),
        (('cameras', 0, 'R', 0, 0), float('-inf'), ['R[0][0] is -Infinity', 'a finite number']),
        (('cameras', 0, 'K', 0, 0), 1e300, ['K[0][0] is 1e+300', 'a finite number']),
        (('cameras', 1, 'name'), 'cam0', ['unique', 'cam0']),
        (('cameras', 1, 'R', 0, 0), 3, ["camera 'cam1'", 'R is not a rotation matrix']),
        (('cameras', 1, 'R'), [[1, 0, 0], [0, 1, 0], [0, 0, -1]], ["'cam1'", 'reflection']),
        (('cameras', 1, 'K', 2, 2), 0, ["camera 'cam1'", 'K must be upper triangular']),
        (('cameras', 2, 'resolution'), [720, 1280], ["camera 'cam2'", 'say 1280x720']),
        (('cameras', 2, 'resolution'), [300, 700], ["camera 'cam2'", 'full image']),
    ],
)
def test_broken_panoptic_entry(good, tmp_path, place, value, parts):
    message = message_of(save(changed(good['panoptic'], place, value), tmp_path))
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ('place', 'value', 'parts'),
    [
        (('cam1', 'fx'), 0, ["camera 'cam1'", 'cam1.fx is 0', 'more than 0']),
        (('cam1', 'fx'), '900', ['cam1.fx is "900"', 'expected a number']),
        (('cam1', 'T'), MISSING, ["camera 'cam1'", "has no 'T'", 'camera centre']),
        (('cam1', 'T', 2), [None], ['cam1.T[2][0] is null', 'expected a number']),
        (('cam1', 'height'), MISSING, ["cam1 has no 'height'", 'image height']),
        (('cam1', 'k'), [0, 0], ['cam1.k has 2 values', 'expected 3']),
        (('cam1', 'cx'), 5000, ["camera 'cam1'", 'lies outside its 1280x720 image']),
        (('cam2',), [], ["camera 'cam2'", 'is a list of 0', 'expected an object']),
    ],
)
def test_broken_campus_entry(good, tmp_path, place, value, parts):
    message = message_of(save(changed(good['campus'], place, value), tmp_path))
    for part in parts:
        assert part in message


@pytest.mark.parametrize('size', [(1920, 1080), (1032, 776), (640, 480), (1280, 1024)])
def test_swapped_size_is_found_though_the_centre_stays_inside(tmp_path, size):
    pinhole = {'fx': 900, 'fy': 900, 'cx': size[0] / 2 + 3, 'cy': size[1] / 2 - 4}
    data = written(ring_rig(size=None), tmp_path, 'campus')
    path = save({name: {**entry, **pinhole} for name, entry in data.items()}, tmp_path)
    message = message_of(path, image_size=size[::-1])
    assert "camera 'cam0'" in message and f'say {size[0]}x{size[1]}' in message
    assert read_rig(path, image_size=size)['cam0'].size == size


def scaled(data, factor):
    """The file with its lengths in another unit."""
    data = copy.deepcopy(data)
    for camera in data.get('cameras') or data.values():
        key = 't' if 't' in camera else 'T'
        camera[key] = (np.array(camera[key]) * factor).tolist()
    return data


@pytest.mark.parametrize(
    ('format', 'factor', 'parts'),
    [
        ('campus', 1e-3, ['1000 times too small', 'as if m stood where mm is due', 'by 1000']),
        ('campus', 1e-2, ['100 times too small', 'multiply']),
        ('campus', 1e-1, ['10 times too small', 'as if cm stood where mm is due', 'by 10']),
        ('campus', 1e3, ['1000 times too large', 'divide', 'by 1000']),
        ('panoptic', 1e-2, ['100 times too small', 'as if m stood where cm is due', 'by 100']),
        ('panoptic', 1e-3, ['1000 times too small', 'by 1000']),
        ('panoptic', 1e3, ['1000 times too large', 'divide', 'by 1000']),
    ],
)
def test_another_unit(good, tmp_path, format, factor, parts):
    path = save(scaled(good[format], factor), tmp_path)
    message = message_of(path)
    for part in [*parts, "cameras 'cam", '--any-scale']:
        assert part in message
    assert len(read_rig(path, any_scale=True)) == 4


@pytest.mark.parametrize('size', [(4096, 3072), (5000, 720)])
def test_size_of_another_image(good, tmp_path, size):
    data = {name: {k: v for k, v in entry.items() if k not in ('width', 'height')}
            for name, entry in good['campus'].items()}  # fmt: skip
    path = save(data, tmp_path)
    message = message_of(path, image_size=size)
    assert "camera 'cam0'" in message and 'not that of the calibrated image' in message
    assert read_rig(path, image_size=SIZE).names == ('cam0', 'cam1', 'cam2', 'cam3')


@pytest.mark.parametrize('name', ['', '  ', 'a/b', 'a\\b', '..', 'a\n'])
def test_names_that_no_folder_can_have(good, tmp_path, name):
    data = {(name if key == 'cam1' else key): entry for key, entry in good['campus'].items()}
    message = message_of(save(data, tmp_path))
    assert f'camera 2 of 4 has the name {name!r}' in message and 'give it another' in message
    rig = ring_rig(names=['cam0', name, 'cam2', 'cam3'])
    for format in ('panoptic', 'campus'):
        with pytest.raises(CalibrationError, match='camera 2 of 4 has the name'):
            write_rig(rig, tmp_path / 'out.json', format)
    assert not (tmp_path / 'out.json').exists()


def test_a_camera_that_comes_twice(good, tmp_path):
    text = json.dumps(good['campus'])
    text = text[:-1] + f', "cam2": {json.dumps(good["campus"]["cam0"])}' + '}'
    assert "holds the key 'cam2' twice" in message_of(save(text, tmp_path))


MISREADINGS = {
    'translation as centre': (
        'translations taken for camera centres',
        lambda c: Camera.from_center(c.name, c.K, c.R_w2c, c.t_w2c, c.size, c.dist),
    ),
    'centre as translation': (
        'camera centres taken for translations',
        lambda c: Camera(c.name, c.K, c.R_w2c, c.center_w, c.size, c.dist),
    ),
    'R transposed beside the centre': (
        'R transposed (camera to world)',
        lambda c: Camera.from_center(c.name, c.K, c.R_w2c.T, c.center_w, c.size, c.dist),
    ),
    'R transposed beside the translation': (
        'R transposed (camera to world)',
        lambda c: Camera(c.name, c.K, c.R_w2c.T, c.t_w2c, c.size, c.dist),
    ),
    'the pose in the world': (
        'R transposed, and camera centres exchanged with translations',
        lambda c: Camera(c.name, c.K, c.R_w2c.T, c.center_w, c.size, c.dist),
    ),
}
REAL = {
    'shelf': ('shelf/calibration_shelf.json', {'image_size': (1032, 776)}),
    'voxelpose': ('calib/voxelpose/calibration_shelf.json', {'image_size': (1032, 776)}),
    'campus': ('campus/calibration_campus.json', {'image_size': (360, 288)}),
    'panoptic 31': ('calib/panoptic/camera_parameters.json', {}),
    'pizza1': ('pizza1/camera_parameters.json', {}),
    'five cameras': (Path(__file__).parents[2] / 'configs/ours/rigs/five_cameras.json', {}),
}


@pytest.mark.parametrize('misreading', list(MISREADINGS))
@pytest.mark.parametrize('name', list(REAL))
def test_misread_extrinsics_of_real_rigs(shared_data, name, misreading):
    file, options = REAL[name]
    rig = read_rig(shared_data / file, **options)
    said, misread = MISREADINGS[misreading]
    with pytest.raises(CalibrationError) as caught:
        check_rig(CameraRig(tuple(map(misread, rig))), path='rig.json')
    assert f'look like {said}; give R from world to camera' in str(caught.value)
    assert 'any-scale' not in str(caught.value)


def test_unusual_rigs_are_not_taken_for_misread():
    def rig(places, targets, roll=None):
        cameras = [
            Camera.looking_at(f'c{i}', place, target, 900, SIZE)
            for i, (place, target) in enumerate(zip(places, targets))
        ]
        roll = np.diag([-1, -1, 1]) if roll is None else roll
        cameras[0] = Camera.from_center('c0', cameras[0].K, roll @ cameras[0].R_w2c, places[0],
                                        SIZE)  # fmt: skip
        return CameraRig(tuple(cameras))

    places = [(3000, 200, 2500), (-3000, 900, 2400), (500, 3500, 2600), (100, -3500, 2000)]
    one_place = [(0, 0, 1000)] * 4
    check_rig(rig(places, one_place))  # one upside down
    check_rig(rig(places, one_place, [[0, -1, 0], [1, 0, 0], [0, 0, 1]]))  # one upright image
    check_rig(rig(places, [(0, 2000, 1), (2500, 0, 900), (-2000, 0, 500), (0, 900, 1)], np.eye(3)))
    outward = [(x * 5, y * 5, 1000) for x, y, _ in places]
    check_rig(rig(places, outward, np.eye(3)))


def test_a_point_too_near_in_a_large_rig_is_no_matter_of_the_unit():
    # Three cameras peer at a point 300 mm away, the fourth from 2.8 m: no unit fixes that.
    places = [(0, 0, 1000), (150, -50, 1000), (300, 0, 1000), (2900, -300, 1000)]
    row = [Camera.looking_at(f'c{x}', (x, y, z), (150, 280, 1000), 900, SIZE) for x, y, z in places]
    with pytest.raises(CalibrationError) as caught:
        check_rig(CameraRig(tuple(row)))
    message = str(caught.value)
    assert 'translation taken for centre' in message and 'R transposed' in message
    assert 'any-scale' not in message and ' 1 times' not in message


def test_cameras_that_look_apart_are_not_judged_by_where_their_axes_meet():
    places = [(0, -1000, 2500), (4000, 1000, 2500), (8000, -1000, 2500), (12000, 1000, 2500)]
    targets = [(4000, 200, 900), (0, -200, 900), (12000, 300, 900), (8000, 0, 900)]
    corridor = [
        Camera.looking_at(f'c{i}', place, target, 800, SIZE)
        for i, (place, target) in enumerate(zip(places, targets))
    ]
    check_rig(CameraRig(tuple(corridor)))


@pytest.mark.parametrize('extent_m', [1.3, 6, 24])
def test_metres_for_millimetres_whatever_the_scene(extent_m):
    rig = ring_rig(4).in_world(np.eye(3), extent_m / ring_rig(4).distances_mm.max())
    with pytest.raises(CalibrationError, match='look 1000 times too small, as if m stood'):
        check_rig(rig)


def test_a_sound_rig_with_a_wrong_up_is_not_taken_for_misread():
    turned = ring_rig(4).in_world(np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]))
    check_rig(turned, up='-y')  # its orientation is check-rig's matter


def test_cameras_all_in_one_place(good, tmp_path):
    path = save(scaled(good['campus'], 0), tmp_path)
    assert 'stand in one place' in message_of(path)
    assert 'stand in one place' in message_of(path, any_scale=True)


@pytest.mark.parametrize('names', [['cam1', 'nope'], ['nope']])
def test_missing_camera(good, tmp_path, names):
    message = message_of(save(good['campus'], tmp_path), cameras=names)
    assert "no camera 'nope'" in message and 'cam0, cam1, cam2, cam3' in message


def test_cameras_come_in_the_order_asked_for(good, tmp_path):
    path = save(good['panoptic'], tmp_path)
    assert read_rig(path, cameras=['cam3', 'cam0']).names == ('cam3', 'cam0')


@pytest.mark.parametrize(
    ('cameras', 'said'),
    [
        ('cam0', "got the text 'cam0'; say ['cam0']"),
        (5, "got an int, 5; say ['5']"),
        (True, "got a bool, True; say ['True']"),
    ],
)
def test_cameras_that_are_no_list(good, tmp_path, cameras, said):
    message = message_of(save(good['campus'], tmp_path), cameras=cameras)
    assert 'cameras must be a list of names, ' + said in message


def test_cameras_by_number_or_iterator(good, tmp_path):
    path = save({str(i): camera for i, camera in enumerate(good['campus'].values())}, tmp_path)
    assert read_rig(path, cameras=iter([2, 0])).names == ('2', '0')


def test_uncalibrated_cameras_are_listed_in_grammar():
    rig = ring_rig()
    with pytest.raises(CalibrationError, match="x: camera 'a' is listed .*; calibrate it, or"):
        choose_cameras(rig, ['a', 'b'], ['cam0', 'a'], 'x')
    with pytest.raises(CalibrationError, match="x: cameras 'a', 'b' are .*; calibrate them, or"):
        choose_cameras(rig, ['a', 'b'], None, 'x')


def test_fewer_than_two_cameras(good, tmp_path):
    path = save({'cam0': good['campus']['cam0']}, tmp_path)
    assert "only one camera, 'cam0'" in message_of(path)
    path = save(good['campus'], tmp_path)
    assert "only one camera, 'cam2'" in message_of(path, cameras=['cam2'])


def test_size_that_contradicts_the_file(good, tmp_path):
    message = message_of(save(good['panoptic'], tmp_path), image_size=(640, 480))
    assert "camera 'cam0' is 1280x720" in message and '640x480' in message


@pytest.mark.parametrize(
    ('text', 'part'),
    [
        ('{"a": [1,}', 'line 1 column 10'),
        ('', 'not valid JSON'),
        ('[' * 100_000, 'not valid JSON'),
        ('[]', 'fits no known format'),
        ('{"cameras": 3}', 'fits no known format'),
    ],
)
def test_no_calibration_at_all(tmp_path, text, part):
    assert part in message_of(save(text, tmp_path))


def test_empty_lists(tmp_path):
    assert 'at least 1' in message_of(save({'cameras': []}, tmp_path), format='panoptic')
    assert 'at least 1 camera' in message_of(save({}, tmp_path), format='campus')


def test_no_file(tmp_path):
    assert 'No such file' in message_of(tmp_path / 'nowhere.json')
    assert 'is a folder without files' in message_of(tmp_path)


def test_a_file_of_another_format_is_named(good, tmp_path):
    message = message_of(save(good['campus'], tmp_path), format='panoptic')
    assert 'looks like campus' in message and '--from campus' in message


def test_unknown_format_names(good, tmp_path):
    path = save(good['campus'], tmp_path)
    message = message_of(path, format='shelf')
    assert "unknown format 'shelf', expected one of panoptic, campus, " in message
    assert message.endswith('or auto')
    with pytest.raises(CalibrationError, match="cannot write format 'auto'"):
        write_rig(ring_rig(), tmp_path / 'out.json', 'auto')


def test_formats_are_recognised_by_content_not_by_name(good, tmp_path):
    for format, data in good.items():
        name, reason = recognise_format(save(data, tmp_path, 'calibration.txt'))
        assert name == format and reason


@pytest.mark.parametrize('format', ['panoptic', 'campus'])
def test_schemas_are_valid_complete_and_documented(good, format):
    schema = load_schema(schema_file(format))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema['$schema'] == 'https://json-schema.org/draft/2020-12/schema'
    assert schema['$id'] == f'urn:mmpose-ours:schema:calibration:{format}'
    jsonschema.validate(good[format], schema)
    fields = dict(schema.get('properties', {}), **schema['$defs']['camera']['properties'])
    for name, field in {**fields, **schema['$defs'], '(file)': schema}.items():
        assert field['title'] and field['description'], name
    camera = good[format]['cam0'] if format == 'campus' else good[format]['cameras'][0]
    assert set(camera) <= set(fields), 'what we write is documented'


def test_writing_is_strict_json(tmp_path):
    write_rig(ring_rig(), tmp_path / 'rig.json', 'campus')

    def refuse(constant):
        raise AssertionError(constant)

    json.loads((tmp_path / 'rig.json').read_text(), parse_constant=refuse)


def test_import_is_light():
    """Reading a calibration must work, quickly, where nothing heavy is installed."""
    heavy = ('torch', 'mmcv', 'mmengine', 'mmpose', 'cv2', 'av', 'matplotlib', 'scipy', 'yaml',
             'jsonschema', 'http.client', 'xml.parsers.expat', 'pickletools')  # fmt: skip
    code = f'import sys, mmpose_ours.calibration; print([m for m in {heavy} if m in sys.modules])'
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == '[]'
