"""Every bad calibration ends in one sentence with file, camera or place, and fix."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from calibration_rigs import SIZE, ring_rig, save, written
from errors import fails
from refusals import refused

from mmpose_ours.calibration import (
    FORMATS,
    CalibrationError,
    check_rig,
    read_rig,
    recognise_format,
    write_rig,
)
from mmpose_ours.calibration.camera_choice import choose_cameras
from mmpose_ours.calibration.format_table import writable_formats
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig


@pytest.fixture
def good(tmp_path):
    """Parsed files of both formats."""
    return {name: written(ring_rig(), tmp_path, name) for name in ('panoptic', 'campus')}


@pytest.mark.parametrize('size', [(1920, 1080), (1032, 776), (640, 480), (1280, 1024)])
def test_swapped_size_is_found_though_the_centre_stays_inside(tmp_path, size):
    pinhole = {'fx': 900, 'fy': 900, 'cx': size[0] / 2 + 3, 'cy': size[1] / 2 - 4}
    data = written(ring_rig(size=None), tmp_path, 'campus')
    path = save({name: {**entry, **pinhole} for name, entry in data.items()}, tmp_path)
    fields = dict(code='conflict', camera='cam0', found=size[::-1], expected=size)
    with refused(path, **fields):
        read_rig(path, image_size=size[::-1])
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
    with refused(path, code='out-of-range', expected=(300.0, 300_000.0)) as caught:
        read_rig(path)
    for part in [*parts, "cameras 'cam", 'any_scale=True']:  # a hint, all of it
        assert part in str(caught.value)
    assert len(read_rig(path, any_scale=True)) == 4


@pytest.mark.parametrize('size', [(4096, 3072), (5000, 720)])
def test_size_of_another_image(good, tmp_path, size):
    data = {name: {k: v for k, v in entry.items() if k not in ('width', 'height')}
            for name, entry in good['campus'].items()}  # fmt: skip
    path = save(data, tmp_path)
    with refused(path, code='conflict', camera='cam0', found=size, expected=None):
        read_rig(path, image_size=size)
    assert read_rig(path, image_size=SIZE).names == ('cam0', 'cam1', 'cam2', 'cam3')


@pytest.mark.parametrize('name', ['', '  ', 'a/b', 'a\\b', '..', 'a\n'])
def test_names_that_no_folder_can_have(good, tmp_path, name):
    data = {(name if key == 'cam1' else key): entry for key, entry in good['campus'].items()}
    path = save(data, tmp_path)
    with refused(path, code='unsafe', camera=name, found=name):
        read_rig(path)
    rig = ring_rig(names=['cam0', name, 'cam2', 'cam3'])
    for format in ('panoptic', 'campus'):
        with fails(CalibrationError, code='unsafe', camera=name):
            write_rig(rig, tmp_path / 'out.json', format)
    assert not (tmp_path / 'out.json').exists()


def test_a_camera_that_comes_twice(good, tmp_path):
    text = json.dumps(good['campus'])
    text = text[:-1] + f', "cam2": {json.dumps(good["campus"]["cam0"])}' + '}'
    path = save(text, tmp_path)
    with refused(path, code='duplicate', found='cam2'):
        read_rig(path)


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
    with fails(CalibrationError, code='out-of-range', expected=(300.0, 300_000.0)) as caught:
        check_rig(rig)
    assert 'look 1000 times too small, as if m stood' in str(caught.value), 'the hint'


def test_a_sound_rig_with_a_wrong_up_is_not_taken_for_misread():
    turned = ring_rig(4).in_world(np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]))
    check_rig(turned, up='-y')  # its orientation is check-rig's matter


def test_cameras_all_in_one_place(good, tmp_path):
    path = save(scaled(good['campus'], 0), tmp_path)
    for any_scale in (False, True):
        with refused(path, code='no-data', found=0.0):
            read_rig(path, any_scale=any_scale)


@pytest.mark.parametrize('names', [['cam1', 'nope'], ['nope']])
def test_missing_camera(good, tmp_path, names):
    path, known = save(good['campus'], tmp_path), ['cam0', 'cam1', 'cam2', 'cam3']
    with refused(path, code='unknown-camera', camera='nope', found='nope', expected=known):
        read_rig(path, cameras=names)


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
    path = save(good['campus'], tmp_path)
    with refused(path, code='wrong-shape', found=cameras) as caught:
        read_rig(path, cameras=cameras)
    assert 'cameras must be a list of names, ' + said in str(caught.value), 'the way out'


def test_cameras_by_number_or_iterator(good, tmp_path):
    path = save({str(i): camera for i, camera in enumerate(good['campus'].values())}, tmp_path)
    assert read_rig(path, cameras=iter([2, 0])).names == ('2', '0')


def test_uncalibrated_cameras_are_listed_in_grammar():
    rig = ring_rig()
    with pytest.raises(CalibrationError, match="x: camera 'a' is listed .*; calibrate it, or"):
        choose_cameras(rig, ['a', 'b'], ['cam0', 'a'], 'x')
    with pytest.raises(CalibrationError, match="x: cameras 'a', 'b' are .*; calibrate them, or"):
        choose_cameras(rig, ['a', 'b'], None, 'x')
    with fails(CalibrationError, code='missing-value', file='x', found=['a', 'b']) as caught:
        choose_cameras(rig, ['a', 'b'], None, 'x')
    assert "cameras=['cam0', 'cam1', 'cam2', 'cam3']" in str(caught.value)


def test_fewer_than_two_cameras(good, tmp_path):
    path = save({'cam0': good['campus']['cam0']}, tmp_path)
    with refused(path, code='no-data', found=1, expected=2):
        read_rig(path)
    path = save(good['campus'], tmp_path)
    with refused(path, code='no-data', found=1, expected=2):
        read_rig(path, cameras=['cam2'])


def test_size_that_contradicts_the_file(good, tmp_path):
    path = save(good['panoptic'], tmp_path)
    fields = dict(camera='cam0', found=(640, 480), expected=(1280, 720))
    with refused(path, code='conflict', **fields):
        read_rig(path, image_size=(640, 480))


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('{"a": [1,}', 'json'),
        ('[' * 100_000, 'json'),
        ('[]', list(FORMATS)),
        ('{"cameras": 3}', list(FORMATS)),
    ],
)
def test_no_calibration_at_all(tmp_path, text, expected):
    path = save(text, tmp_path)
    with refused(path, code='file-format', expected=expected) as caught:
        read_rig(path)
    assert ',}' not in text or 'line 1 column 10' in str(caught.value)


def test_an_empty_file(tmp_path):
    path = save('', tmp_path)
    with refused(path, code='file-format'):
        read_rig(path)


def test_empty_lists(tmp_path):
    path = save({'cameras': []}, tmp_path)
    with refused(path, code='wrong-shape', place='cameras', found=0):
        read_rig(path, format='panoptic')
    path = save({}, tmp_path)
    with refused(path, code='missing-value', place='', found=[]):
        read_rig(path, format='campus')


def test_no_file(tmp_path):
    with refused(tmp_path / 'nowhere.json', code='no-data') as caught:
        read_rig(tmp_path / 'nowhere.json')
    assert 'No such file' in str(caught.value), 'what the system said'
    with refused(tmp_path, code='no-data'):
        read_rig(tmp_path)


def test_a_file_of_another_format_is_named(good, tmp_path):
    path = save(good['campus'], tmp_path)
    with refused(path, code='file-format', found='campus', expected='panoptic') as caught:
        read_rig(path, format='panoptic')
    assert "say format='campus'" in str(caught.value)


def test_images_without_a_calibration_lead_to_calibrate(tmp_path):
    (tmp_path / 'cam1.mp4').write_bytes(bytes(range(256)))
    with refused(tmp_path, code='file-format') as caught:
        read_rig(tmp_path)
    assert '`mmpose-ours calibrate`' in str(caught.value)


def test_unknown_format_names(good, tmp_path):
    path = save(good['campus'], tmp_path)
    with refused(path, code='unknown-name', found='shelf', expected=[*FORMATS, 'auto']):
        read_rig(path, format='shelf')
    known = list(writable_formats())
    with fails(CalibrationError, code='unknown-name', found='auto', expected=known):
        write_rig(ring_rig(), tmp_path / 'out.json', 'auto')


def test_formats_are_recognised_by_content_not_by_name(good, tmp_path):
    for format, data in good.items():
        name, reason = recognise_format(save(data, tmp_path, 'calibration.txt'))
        assert name == format and reason


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
