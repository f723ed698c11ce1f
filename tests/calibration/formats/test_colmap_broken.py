"""COLMAP models that are broken, or do not fit together."""

import shutil
import struct

import numpy as np
import pytest
from calibration_rigs import ring_rig
from colmap_files import CAMERAS, FRAMES, IMAGES, RIG_IMAGES, RIGS, model, pack, read
from errors import fails

from mmpose_ours.calibration import CalibrationError, write_rig
from mmpose_ours.calibration.errors import CalibrationLimitError
from mmpose_ours.io.limits import limited


@pytest.mark.parametrize(
    ('what', 'old', 'new', 'fields'),
    [
        (
            'cameras',
            'SIMPLE_RADIAL',
            'SIMPEL_RADIAL',
            dict(code='unknown-name', place='line 2', found='SIMPEL_RADIAL'),
        ),
        ('cameras', ' -0.1', '', dict(code='wrong-shape', place='line 2', found=3)),
        ('cameras', '500 510', '500 nan', dict(code='not-finite', place='line 1, parameter 2')),
        (
            'cameras',
            '500 510',
            '-500 510',
            dict(code='out-of-range', camera='a', found=(-500.0, 510.0)),
        ),
        (
            'cameras',
            '640 480 500',
            '640 0 500',
            dict(code='out-of-range', place='line 1, size', found=(640.0, 0.0)),
        ),
        (
            'cameras',
            '640 480 500',
            '6e99 480 500',
            dict(code='out-of-range', place='line 1, size[0]', found='6e99'),
        ),
        ('cameras', '\n2 ', '\n1 ', dict(code='duplicate', place='camera 1', found=1)),
        (
            'cameras',
            '2 SIMPLE',
            'x SIMPLE',
            dict(code='file-format', place='line 2, CAMERA_ID', found='x'),
        ),
        ('cameras', CAMERAS, '', dict(code='no-data', expected='cameras')),
        ('images', IMAGES, '', dict(code='no-data', expected='images')),
        ('images', ' 2 b', ' 3 b', dict(code='no-match', place="image 'b.jpg'", found=3)),
        ('images', '9 0 0 0 1', '7 0 0 0 1', dict(code='duplicate', place='image 7', found=7)),
        (
            'images',
            '9 0 0 0 1',
            '9 0 0 0 0',
            dict(code='out-of-range', place="image 'b.jpg'", found=0.0),
        ),
        (
            'images',
            '9 0 0 0 1',
            '9 0 0 0 2',
            dict(code='out-of-range', place="image 'b.jpg'", found=2.0),
        ),
        (
            'images',
            '9 0 0 0 1',
            '9 0 0 0 1e999',
            dict(code='not-finite', place='line 3, QZ', found='1e999'),
        ),
        ('images', '9 0 0 0 1', '-9 0 0 0 1', dict(code='out-of-range', place='line 3', found=-9)),
        ('images', ' 1 2 3 2 b.jpg', '', dict(code='wrong-shape', place='line 3', found=5)),
        ('images', 'a.jpg\n\n', 'a.jpg\n', dict(code='file-format', place='line 2', found='a.jpg')),
        ('images', ' 30 40 12', ' 30 40', dict(code='file-format', place='line 4', found='b.jpg')),
        ('images', 'b.jpg', 'a.jpg', dict(code='ambiguous', found=['a.jpg', 'a.jpg'])),
        (
            'images',
            'b.jpg',
            'b' * 70000,
            dict(code='limit-exceeded', place='line 3', expected=65536),
        ),
    ],
)
def test_broken_text(tmp_path, what, old, new, fields):
    text = {'cameras': CAMERAS, 'images': IMAGES}
    assert old in text[what]
    path = model(tmp_path / 'm', **{**text, what: text[what].replace(old, new)})
    with fails(CalibrationError, **fields):
        read(path)


@pytest.mark.parametrize(
    ('what', 'old', 'new', 'fields'),
    [
        ('rigs', '1 2 CAMERA', '1 3 CAMERA', dict(code='wrong-shape', place='line 1', found=2)),
        (
            'rigs',
            'CAMERA 2',
            'LIDAR 2',
            dict(code='file-format', place='line 1', found=['LIDAR', '2']),
        ),
        (
            'rigs',
            '0.8 0 0 0.6',
            '0.8 0 0 6',
            dict(code='out-of-range', place='camera 2 of rig 1', expected=1),
        ),
        ('rigs', 'CAMERA 2', 'CAMERA 5', dict(code='no-match', place='rig 1', found=5)),
        ('rigs', ' 3\n', '\n', dict(code='wrong-shape', place='line 1', found=6)),
        ('frames', '0.8 0 0.6 0 1', '0.8 0 0.6 0 inf', dict(code='not-finite', place='line 1, TX')),
        (
            'frames',
            '0.8 0 0.6 0 1',
            '9 0 0.6 0 1',
            dict(code='out-of-range', place='frame 1', expected=1),
        ),
        (
            'frames',
            '0 0 2 CAMERA 1 1',
            '0 0 9 CAMERA 1 1',
            dict(code='wrong-shape', place='line 1', found=2),
        ),
        ('frames', ' 2 2\n', '\n', dict(code='wrong-shape', place='line 1', found=14)),
        ('frames', FRAMES, '', dict(code='missing-value', place='rig 1', expected='frames')),
        ('frames', '\n2 1 ', '\n2 3 ', dict(code='no-match', place='frame 2', found=3)),
        ('rigs', 'CAMERA 2', 'CAMERA 1', dict(code='duplicate', place='line 1', found=1)),
        ('frames', 'CAMERA 2', 'CAMERA 1', dict(code='duplicate', place='line 1', found=1)),
        ('rigs', RIGS, '', dict(code='no-match', place='frame 1', found=1)),
    ],
)
def test_broken_rigs(tmp_path, what, old, new, fields):
    text = {'rigs': RIGS, 'frames': FRAMES}
    assert old in text[what]
    files = {**text, what: text[what].replace(old, new)}
    with fails(CalibrationError, **fields):
        read(model(tmp_path / 'm', images=RIG_IMAGES, **files))


@pytest.mark.parametrize(
    ('file', 'change', 'fields'),
    [
        ('cameras', lambda d: d[:-1], dict(code='damaged', place='camera 4', found=31)),
        ('cameras', lambda d: d + b'x', dict(code='damaged', place='camera 4', found=1)),
        (
            'cameras',
            lambda d: b'\xff' * 8 + d[8:],
            dict(code='damaged', place='the beginning', expected=5),
        ),
        (
            'cameras',
            lambda d: d[:12] + b'\x63' + d[13:],
            dict(code='unknown-name', place='camera 1', found=99),
        ),
        ('images', lambda d: d[:20], dict(code='damaged', place='the beginning', found=4)),
        ('images', lambda d: d[:-8] + b'\xff' * 8, dict(code='damaged', place='image 4', found=0)),
        (
            'images',
            lambda d: d[:12] + struct.pack('<d', np.nan) + d[20:],
            dict(code='not-finite', place='image 1, QW'),
        ),
        (
            'images',
            lambda d: d.replace(b'cam0', b'c\xffm0'),
            dict(code='file-format', place='image 1', found=b'c\xffm0'),
        ),
        (
            'images',
            lambda d: d.replace(b'cam0', b'x' * 5000),
            dict(code='damaged', place='image 1'),
        ),
        ('rigs', lambda d: b'', dict(code='damaged', place='the beginning', found=0)),
        (
            'rigs',
            lambda d: d[:16] + b'\x07' + d[17:],
            dict(code='unknown-name', place='rig 1', found=7),
        ),
        ('frames', lambda d: d[:-3], dict(code='damaged', place='frame 4', found=5)),
    ],
)
def test_broken_binary(tmp_path, file, change, fields):
    pack(ring_rig(dist=()), tmp_path / 'm')
    path = tmp_path / 'm' / f'{file}.bin'
    path.write_bytes(change(path.read_bytes()))
    with fails(CalibrationError, **fields):
        read(tmp_path / 'm')


def test_two_models_in_one_folder(tmp_path):
    path = model(tmp_path / 'm')
    shutil.copy(path / 'cameras.txt', path / 'more.txt')
    with fails(CalibrationError, code='ambiguous', file=path / 'more.txt', found='cameras'):
        read(path)
    pack(ring_rig(dist=()), tmp_path / 'b')
    with fails(CalibrationError, code='conflict', file=tmp_path / 'b' / 'cameras.bin'):
        write_rig(ring_rig(dist=()), tmp_path / 'b', 'colmap')
    assert not list((tmp_path / 'b').glob('*.txt'))


def test_names_that_do_not_tell_cameras_apart(tmp_path):
    path = model(tmp_path / 'm', images=RIG_IMAGES)
    with fails(
        CalibrationError,
        code='ambiguous',
        found=['cam1/000.jpg', 'cam2/000.jpg', 'cam1/001.jpg', 'cam2/001.jpg'],
    ):
        read(path)


def test_too_many_images(tmp_path):
    images = ''.join(f'{i} 1 0 0 0 0 0 0 1 {i}\n\n' for i in range(1001))
    with limited(cameras=1000), pytest.raises(CalibrationLimitError):
        read(model(tmp_path / 'm', images=images))


def test_names_with_spaces_are_refused(tmp_path):
    with fails(CalibrationError, code='cannot-express', camera='a b'):
        write_rig(ring_rig(names=['a b', 'c', 'd', 'e']), tmp_path / 'm', 'colmap')
    assert list(tmp_path.iterdir()) == []
