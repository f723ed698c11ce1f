"""What images of another size are met with, and whether the next command takes it."""

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
from calibration_rigs import ring_rig

from mmpose_ours.calibration.checks.image_sizes import inspect_images, size_mismatch
from mmpose_ours.geometry.rig import CameraRig

PATH = Path('cam0/0.jpg')


@pytest.fixture
def camera():
    return ring_rig(2).cameras[0]  # 1280x720


@pytest.mark.parametrize('width', [640, 853, 854, 1000, 1366, 1920])
@pytest.mark.parametrize('off', range(-8, 9))
def test_what_is_advised_can_be_followed(camera, width, off):
    size = (width, round(width * 9 / 16) + off)
    sentence = size_mismatch(camera, size, PATH)
    try:
        camera.resized(size)
    except ValueError:
        assert 'another shape' in sentence and '--scale-intrinsics' not in sentence
    else:
        assert f'--scale-intrinsics {size[0]}x{size[1]}' in sentence


def test_one_percent_is_another_shape(camera):
    assert 'another shape' in size_mismatch(camera, (853, 476), PATH)


def test_the_same_and_an_unknown_size(camera):
    assert size_mismatch(camera, (1280, 720), PATH) == ''
    assert size_mismatch(ring_rig(2, size=None).cameras[0], (3, 4), PATH) == ''


@pytest.mark.parametrize('size', [(1080, 1920), (1088, 1920), (1080, 1936)])
def test_columns_of_a_video_codec_are_no_other_size(camera, size):
    """As predict takes them: recordings.files.as_calibrated."""
    portrait = dataclasses.replace(
        camera, K=[[900, 0, 540], [0, 900, 960], [0, 0, 1]], size=(1088, 1920)
    )
    same = size != (1080, 1936)
    assert (size_mismatch(portrait, size, PATH) == '') == same
    assert (size_mismatch(portrait, size, PATH, padding=False) == '') == (size == portrait.size)


def test_turned_images(camera):
    sentence = size_mismatch(camera, (720, 1280), PATH)
    assert sentence.startswith("cam0/0.jpg: is 720x1280, but camera 'cam0' was calibrated for")
    assert 'turn the images by 90 degrees' in sentence


def write(path, size=(1280, 720)):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.zeros((size[1], size[0], 3), np.uint8))


def test_an_image_of_a_camera_whose_name_begins_alike_is_not_compared(tmp_path):
    one, two = ring_rig(2)
    one = dataclasses.replace(one.resized((640, 360)), name='cam_1')
    rig = CameraRig((one, dataclasses.replace(two, name='cam')))
    write(tmp_path / 'cam_1_0.png', (640, 360))
    write(tmp_path / 'cam_2.png')
    (tmp_path / 'cam').mkdir()
    assert inspect_images(rig, tmp_path) == ({'cam_1': (640, 360), 'cam': (1280, 720)}, [])


def test_an_image_that_cannot_be_decoded_says_why(tmp_path):
    write(tmp_path / 'cam0' / '0.png')
    (tmp_path / 'cam1').mkdir()
    (tmp_path / 'cam1' / '0.png').write_bytes(b'')
    sizes, (problem,) = inspect_images(ring_rig(2), tmp_path)
    assert sizes == {'cam0': (1280, 720), 'cam1': None}
    assert problem.topic == 'images' and problem.cameras == ('cam1',)
    assert '0.png: is empty' in problem.sentence
    (tmp_path / 'cam1.avi').write_bytes(b'none')
    (tmp_path / 'cam1' / '0.png').unlink()
    _, (problem,) = inspect_images(ring_rig(2), tmp_path)
    assert 'cam1.avi: is no video' in problem.sentence
