"""COLMAP models that are broken, or do not fit together."""

import shutil
import struct

import numpy as np
import pytest
from calibration_rigs import ring_rig
from colmap_files import CAMERAS, FRAMES, IMAGES, RIG_IMAGES, RIGS, model, pack, read

from mmpose_ours.calibration import CalibrationError, write_rig
from mmpose_ours.calibration.errors import CalibrationLimitError
from mmpose_ours.io.limits import limited


@pytest.mark.parametrize(
    ('what', 'old', 'new', 'message'),
    [
        ('cameras', 'SIMPLE_RADIAL', 'SIMPEL_RADIAL', "line 2 has the camera model 'SIMPEL_"),
        ('cameras', ' -0.1', '', 'line 2 has 3 parameters, expected the 4 of'),
        ('cameras', '500 510', '500 nan', 'line 1, parameter 2 is NaN, expected'),
        ('cameras', '500 510', '-500 510', "camera 'a.jpg': focal lengths must be positive"),
        ('cameras', '640 480 500', '640 0 500', 'line 1, size is 640, 0'),
        ('cameras', '640 480 500', '6e99 480 500', 'line 1, size'),
        ('cameras', '\n2 ', '\n1 ', 'camera 1 is listed twice'),
        ('cameras', '2 SIMPLE', 'x SIMPLE', 'line 2, CAMERA_ID is "x"'),
        ('cameras', CAMERAS, '', 'holds no cameras of COLMAP'),
        ('images', IMAGES, '', 'holds no images of COLMAP'),
        ('images', ' 2 b', ' 3 b', "image 'b.jpg' refers to camera 3, which is not listed .1, 2."),
        ('images', '9 0 0 0 1', '7 0 0 0 1', 'image 7 is listed twice'),
        ('images', '9 0 0 0 1', '9 0 0 0 0', "image 'b.jpg' has a quaternion of length 0"),
        ('images', '9 0 0 0 1', '9 0 0 0 2', "image 'b.jpg' has a quaternion of length 2"),
        ('images', '9 0 0 0 1', '9 0 0 0 1e999', 'line 3, QZ is Infinity'),
        ('images', '9 0 0 0 1', '-9 0 0 0 1', 'line 3 has IMAGE_ID -9, expected 0 to'),
        ('images', ' 1 2 3 2 b.jpg', '', 'line 3 has 5 values, expected IMAGE_ID QW'),
        ('images', 'a.jpg\n\n', 'a.jpg\n', "line 2 is no line of keypoints of the image 'a.jpg'"),
        ('images', ' 30 40 12', ' 30 40', 'line 4 is no line of keypoints'),
        ('images', 'b.jpg', 'a.jpg', 'tell the cameras apart'),
        ('images', 'b.jpg', 'b' * 70000, 'line 3 has no end'),
    ],
)  # fmt: skip
def test_broken_text(tmp_path, what, old, new, message):
    text = {'cameras': CAMERAS, 'images': IMAGES}
    assert old in text[what]
    path = model(tmp_path / 'm', **{**text, what: text[what].replace(old, new)})
    with pytest.raises(CalibrationError, match=message):
        read(path)


@pytest.mark.parametrize(
    ('what', 'old', 'new', 'message'),
    [
        ('rigs', '1 2 CAMERA', '1 3 CAMERA', 'line 1 has 2 sensors, expected the 3 of NUM_SENSORS'),
        ('rigs', 'CAMERA 2', 'LIDAR 2', "line 1 has 'LIDAR 2', expected SENSOR_TYPE"),
        ('rigs', '0.8 0 0 0.6', '0.8 0 0 6', 'camera 2 of rig 1 has a quaternion of length 6'),
        ('rigs', 'CAMERA 2', 'CAMERA 5', 'rig 1 refers to camera 5'),
        ('rigs', ' 3\n', '\n', 'line 1 has 6 numbers, expected QW QX'),
        ('frames', '0.8 0 0.6 0 1', '0.8 0 0.6 0 inf', 'line 1, TX is Infinity'),
        ('frames', '0.8 0 0.6 0 1', '9 0 0.6 0 1', 'frame 1 has a quaternion of length 9'),
        ('frames', '0 0 2 CAMERA 1 1', '0 0 9 CAMERA 1 1', 'line 1 has 2 DATA_IDS, expected the 9'),
        ('frames', ' 2 2\n', '\n', 'line 1 has 14 values'),
        ('frames', FRAMES, '', 'rig 1 mounts 2 cameras together, expected a frame'),
        ('frames', '\n2 1 ', '\n2 3 ', r'frame 2 refers to rig 3, which is not listed .1.'),
        ('rigs', 'CAMERA 2', 'CAMERA 1', 'line 1 has the camera 1 twice'),
        ('frames', 'CAMERA 2', 'CAMERA 1', 'line 1 has the camera 1 twice'),
        ('rigs', RIGS, '', r'frame 1 refers to rig 1, which is not listed .none.'),
    ],
)
def test_broken_rigs(tmp_path, what, old, new, message):
    text = {'rigs': RIGS, 'frames': FRAMES}
    assert old in text[what]
    files = {**text, what: text[what].replace(old, new)}
    with pytest.raises(CalibrationError, match=message):
        read(model(tmp_path / 'm', images=RIG_IMAGES, **files))


@pytest.mark.parametrize(
    ('file', 'change', 'message'),
    [
        ('cameras', lambda d: d[:-1], 'camera 4 breaks off: 31 bytes are left'),
        ('cameras', lambda d: d + b'x', 'camera 4 is followed by 1 bytes'),
        ('cameras', lambda d: b'\xff' * 8 + d[8:], 'says 18446744073709551615 cameras'),
        ('cameras', lambda d: d[:12] + b'\x63' + d[13:], 'camera 1 has the camera model 99'),
        ('images', lambda d: d[:20], 'says 4 images, expected at most 0 in 12 bytes'),
        ('images', lambda d: d[:-8] + b'\xff' * 8, 'image 4 breaks off'),
        ('images', lambda d: d[:12] + struct.pack('<d', np.nan) + d[20:], 'image 1, QW is NaN'),
        ('images', lambda d: d.replace(b'cam0', b'c\xffm0'), 'image 1 has a name that is no UTF-8'),
        ('images', lambda d: d.replace(b'cam0', b'x' * 5000), 'image 1 has a name without an end'),
        ('rigs', lambda d: b'', 'rigs.bin: the beginning breaks off: 0 bytes are left'),
        ('rigs', lambda d: d[:16] + b'\x07' + d[17:], 'rig 1 has the sensor type 7'),
        ('frames', lambda d: d[:-3], 'frame 4 breaks off'),
    ],
)
def test_broken_binary(tmp_path, file, change, message):
    pack(ring_rig(dist=()), tmp_path / 'm')
    path = tmp_path / 'm' / f'{file}.bin'
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(CalibrationError, match=message):
        read(tmp_path / 'm')


def test_two_models_in_one_folder(tmp_path):
    path = model(tmp_path / 'm')
    shutil.copy(path / 'cameras.txt', path / 'more.txt')
    with pytest.raises(CalibrationError, match='cameras.txt and .*more.txt: both hold cameras'):
        read(path)
    pack(ring_rig(dist=()), tmp_path / 'b')
    with pytest.raises(CalibrationError, match='cameras.bin: is of another model'):
        write_rig(ring_rig(dist=()), tmp_path / 'b', 'colmap')
    assert not list((tmp_path / 'b').glob('*.txt'))


def test_names_that_do_not_tell_cameras_apart(tmp_path):
    path = model(tmp_path / 'm', images=RIG_IMAGES)
    with pytest.raises(
        CalibrationError, match=r"tell the cameras apart \('cam1/000.jpg'.*keep one"
    ):
        read(path)


def test_too_many_images(tmp_path):
    images = ''.join(f'{i} 1 0 0 0 0 0 0 1 {i}\n\n' for i in range(1001))
    with limited(cameras=1000), pytest.raises(CalibrationLimitError):
        read(model(tmp_path / 'm', images=images))


def test_names_with_spaces_are_refused(tmp_path):
    with pytest.raises(CalibrationError, match="camera 'a b' has a space.*rename"):
        write_rig(ring_rig(names=['a b', 'c', 'd', 'e']), tmp_path / 'm', 'colmap')
    assert list(tmp_path.iterdir()) == []
