"""Which files of a folder are read as one calibration."""

import cv2
import numpy as np
import pytest
from calibration_rigs import ring_rig
from errors import fails

from mmpose_ours.calibration import CalibrationError, read_rig, recognise_format, write_rig
from mmpose_ours.calibration.parsing.source import Source
from mmpose_ours.errors import LimitError
from mmpose_ours.io.limits import limited


def names(source):
    return [path.name for path in source.paths]


def put(folder, *files):
    for name in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('content')


def test_files_one_level_below_are_of_the_calibration(tmp_path):
    put(tmp_path, 'b/2.xml', 'a/1.xml', 'a/.hidden.xml', '.git/config', 'a/deeper/3.xml')
    source = Source(tmp_path)
    assert names(source) == ['1.xml', '2.xml']
    assert source.hidden == ['.hidden.xml']


def test_a_folders_own_files_come_first(tmp_path):
    put(tmp_path, '1.xml', 'a/2.xml')
    source = Source(tmp_path)
    assert names(source) == ['1.xml']
    assert names(source.below()) == ['2.xml']


def test_images_and_documents_do_not_count(tmp_path):
    put(tmp_path, 'setup.JPG', 'README.md', 'cam0/1.xml', 'cam0/board.png', 'cam0/take.mp4')
    assert names(Source(tmp_path)) == ['1.xml']
    put(tmp_path, 'own.xml')
    assert names(Source(tmp_path)) == ['own.xml']


def test_the_first_level_with_files_is_taken_down_to_the_third(tmp_path):
    put(tmp_path / 'colmap', 'images/a.jpg', 'sparse/0/cameras.txt', 'sparse/0/deeper/x.txt')
    assert names(Source(tmp_path / 'colmap')) == ['cameras.txt']
    put(tmp_path / 'session', 'Videos/Cam0/1.pickle', 'Videos/Cam1/2.pickle')
    assert names(Source(tmp_path / 'session')) == ['1.pickle', '2.pickle']
    put(tmp_path / 'deep', 'a/b/c/d/1.xml')
    with fails(CalibrationError, code='no-data', file=tmp_path / 'deep'):
        Source(tmp_path / 'deep')


def test_several_folders_are_one_calibration(tmp_path):
    put(tmp_path, 'intrinsic/1.xml', 'extrinsic/1.xml')
    assert names(Source([tmp_path / 'intrinsic', tmp_path / 'extrinsic'])) == ['1.xml', '1.xml']
    assert Source([tmp_path / 'intrinsic', tmp_path / 'extrinsic']).below() is None


@pytest.mark.parametrize('layout', ['{}.xml', '{}/camera.xml', 'folder{}/1.xml'])
def test_the_number_of_files_is_limited(tmp_path, layout):
    put(tmp_path, *(layout.format(index) for index in range(4)))
    with limited(cameras=3), fails(LimitError, file=tmp_path):
        Source(tmp_path)


@pytest.mark.parametrize('note', [None, 'notes.txt', 'photo.jpg'])
def test_a_calibration_in_a_folder_of_its_own_is_found(tmp_path, note):
    (tmp_path / 'calibration').mkdir()
    write_rig(ring_rig(), tmp_path / 'calibration' / 'rig.json', 'panoptic')
    if note:
        put(tmp_path, note)
    assert recognise_format(tmp_path)[0] == 'panoptic'
    for format in ('auto', 'panoptic'):
        assert read_rig(tmp_path, format).names == ring_rig().names


def test_two_calibrations_below_are_not_chosen_between(tmp_path):
    for name in 'ab':
        (tmp_path / name).mkdir()
        write_rig(ring_rig(), tmp_path / name / 'rig.json', 'panoptic')
    for note in (None, 'notes.txt'):
        if note:
            put(tmp_path, note)
        found = [str(tmp_path / name / 'rig.json') for name in 'ab']
        with fails(CalibrationError, code='ambiguous', found=found):
            read_rig(tmp_path)


def test_a_folder_of_other_things_is_refused_as_before(tmp_path):
    put(tmp_path, 'notes.txt', 'a/notes.txt')
    with fails(CalibrationError, code='file-format', file=tmp_path):
        read_rig(tmp_path)
    images = tmp_path / 'images'
    images.mkdir()
    cv2.imwrite(str(images / '0.png'), np.zeros((4, 4, 3), np.uint8))
    with fails(CalibrationError, code='file-format', file=images):
        read_rig(images)
