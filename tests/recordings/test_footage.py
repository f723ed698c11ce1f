import dataclasses
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from dataset_files import small_rig
from errors import fails

from mmpose_ours.errors import FileFormatError, InputError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.recordings.footage import (
    decoded,
    open_footage,
    sized_by_images,
)
from mmpose_ours.recordings.keypoint_frames import apply_frame_offsets


def _image(path: Path, value: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((8, 10, 3), value, np.uint8))
    return path


def _video(path: Path, values, fps: float = 25.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), fps, (16, 16))
    assert writer.isOpened()
    for value in values:
        writer.write(np.full((16, 16, 3), value, np.uint8))
    writer.release()
    return path


def _shown(footage):
    return [
        (
            frame_set.frame,
            {name: int(decoded(p).mean() + 0.5) for name, p in frame_set.images.items()},
        )
        for frame_set in footage
    ]


def test_images_belong_together_by_name_and_a_dead_camera_is_left_out(tmp_path):
    for frame in (5, 6, 10):
        _image(tmp_path / 'a' / f'a_{frame:04}.png', frame)
        if frame != 10:
            _image(tmp_path / 'b' / f'{frame}.png', 100 + frame)
    footage = open_footage(tmp_path, ['a', 'b', 'c'])
    assert _shown(footage) == [('5', dict(a=5, b=105)), ('6', dict(a=6, b=106)), ('10', dict(a=10))]
    assert footage.cameras == ('a', 'b') and footage.total == 3 and footage.fps is None
    dead, fewer = footage.notes
    assert "camera 'c'" in dead
    assert '3 frames' in fewer and 'b: 1' in fewer


def test_images_of_other_names_belong_together_by_order(tmp_path):
    for index, letter in enumerate('klm'):
        _image(tmp_path / 'a' / f'left {letter}.png', index)
        _image(tmp_path / 'b' / f'right {letter}.png', 10 + index)
    footage = open_footage(tmp_path, ['a', 'b'])
    assert [views for _, views in _shown(footage)] == [dict(a=i, b=10 + i) for i in range(3)]
    assert 'by their order' in footage.notes[0]
    _image(tmp_path / 'b' / 'right n.png')
    counts = {'a': 3, 'b': 4}
    with fails(FileFormatError, code='no-match', file=tmp_path, found=counts):
        open_footage(tmp_path, ['a', 'b'])


@pytest.mark.parametrize('name', ['{:.0f}', '{:.3f}', 'rec_{:.6f}'])
def test_images_of_own_time_stamps_belong_together_by_time(tmp_path, name):
    """Also where a camera lacks one, and the seconds change."""
    scale = 1 if name == '{:.0f}' else 1000
    for index, camera in enumerate('abc'):
        for moment in range(8):
            if (camera, moment) != ('b', 3):
                stamp = (1699123456900 + 33 * moment + 4 * index) / scale
                _image(tmp_path / camera / f'{name.format(stamp)}.png', 10 * index + moment)
    footage = open_footage(tmp_path, ['a', 'b', 'c'])
    shown = [views for _, views in _shown(footage)]
    assert shown == [
        {c: 10 * i + n for i, c in enumerate('abc') if (c, n) != ('b', 3)} for n in range(8)
    ]
    by_time, lacking = footage.notes
    assert 'time stamps' in by_time and 'b: 1' in lacking


def test_images_are_named_after_the_numbers_that_end_their_names(tmp_path):
    """Campus's names differ between cameras, and its keypoints name the number alone."""
    for camera in '01':
        for frame in (350, 351):
            _image(tmp_path / f'Camera{camera}' / f'campus4-c{camera}-00{frame}.png', frame - 350)
    _image(tmp_path / 'Camera1' / 'campus4-c1-00352.png')
    footage = open_footage(tmp_path, ['0', '1'])
    assert [frame for frame, _ in _shown(footage)] == ['350', '351', '352']
    assert 'some cameras lack an image (0: 1)' in footage.notes[0]
    # Two takes have no numbers of their own.
    for take in 'ab':
        _image(tmp_path / 'takes' / 'c' / f'{take}-1.png')
    assert [f for f, _ in _shown(open_footage(tmp_path / 'takes', ['c']))] == ['a-1', 'b-1']


def test_image_sizes_that_a_calibration_lacks_come_from_the_images(tmp_path):
    rig = small_rig(('a', 'b'), size=(64, 48))
    unsized = CameraRig(tuple(dataclasses.replace(camera, size=None) for camera in rig))
    cv2.imwrite(str(tmp_path / 'a_0.png'), np.zeros((30, 40, 3), np.uint8))
    assert [camera.size for camera in sized_by_images(unsized, tmp_path)] == [(40, 30), None]
    assert [camera.size for camera in sized_by_images(rig, tmp_path)] == [(64, 48)] * 2


def test_offsets_shift_images_and_videos_alike(tmp_path):
    for index in range(6):
        _image(tmp_path / 'images' / 'a' / f'{index}.png', index)
        _image(tmp_path / 'images' / 'b' / f'{index}.png', 10 * index)
    expected = [dict(a=i, b=10 * (i + 2)) for i in range(4)]
    shifted = _shown(open_footage(tmp_path / 'images', ['a', 'b'], {'b': 2}))
    assert [views for _, views in shifted][:4] == expected
    assert [frame for frame, _ in shifted][:4] == ['0', '1', '2', '3']
    _video(tmp_path / 'videos' / 'a.avi', range(0, 60, 10))
    _video(tmp_path / 'videos' / 'b.avi', range(100, 160, 10))
    shifted = _shown(open_footage(tmp_path / 'videos', ['a', 'b'], {'b': 2}))
    assert shifted[0][1]['a'] == pytest.approx(0, abs=2)
    assert shifted[0][1]['b'] == pytest.approx(120, abs=2)
    assert len(shifted) == 6 and set(shifted[5][1]) == {'a'}


def test_a_video_that_ends_early_does_not_end_the_others(tmp_path):
    _video(tmp_path / 'a.avi', [0] * 5)
    _video(tmp_path / 'b.avi', [0] * 3)
    footage = open_footage(tmp_path, ['a', 'b'])
    assert footage.total == 5 and footage.fps == 25 and footage.rows is None
    assert [sorted(views) for _, views in _shown(footage)] == [['a', 'b']] * 3 + [['a']] * 2
    (counts,) = footage.notes
    assert 'a: 5, b: 3' in counts and 'give frame_offsets=' in counts


def test_images_may_be_named_one_by_one(tmp_path):
    video = _video(tmp_path / 'here' / 'x.avi', [50, 50])
    other = _video(tmp_path / 'there.avi', [90, 90])
    (entry,) = os.scandir(tmp_path / 'here')
    footage = open_footage({'a': entry, 'b': str(other)}, ['a', 'b'])
    assert _shown(footage)[1][1] == pytest.approx(dict(a=50, b=90), abs=2)
    with fails(InputError, code='unknown-camera', camera='z', found=['z'], expected=['a', 'b']):
        open_footage({'z': video}, ['a', 'b'])


@pytest.mark.parametrize(
    'folder, says',  # errors of the system have nothing but their sentence
    [('nowhere', 'no such folder'), ('.', 'no images of cameras')],
)
def test_what_is_not_there_is_reported(tmp_path, folder, says):
    with pytest.raises(FileNotFoundError, match=says):
        open_footage(tmp_path / folder, ['a', 'b'])


def test_what_does_not_fit_is_reported(tmp_path):
    one = _image(tmp_path / 'a' / '1.png')
    _video(tmp_path / 'b.avi', [0])
    found = {'videos': ['b'], 'images': ['a']}
    with fails(FileFormatError, code='conflict', file=tmp_path, found=found):
        open_footage(tmp_path, ['a', 'b'])
    other = _image(tmp_path / 'a' / '01.png')
    same = dict(file=tmp_path, camera='a', frame='1', found=sorted([str(one), str(other)]))
    with fails(FileFormatError, code='duplicate', **same):
        open_footage(tmp_path, ['a'])


def test_offsets_must_make_sense(tmp_path):
    _image(tmp_path / 'a' / '1.png')
    with fails(InputError, code='unknown-camera', camera='b', found='b', expected=['a']):
        open_footage(tmp_path, ['a', 'b'], {'b': 1})
    with fails(InputError, code='out-of-range', camera='a', found=-1, expected=0):
        open_footage(tmp_path, ['a', 'b'], {'a': -1})


def test_offsets_shift_keypoints_as_they_shift_images():
    keypoints = {f'{300 + i:06}': {'a': i, 'b': 10 * i} for i in range(4)}
    shifted = apply_frame_offsets(keypoints, {'b': 2})
    assert shifted == {
        '300': dict(a=0, b=20),
        '301': dict(a=1, b=30),
        '302': dict(a=2),
        '303': dict(a=3),
    }
    assert apply_frame_offsets(keypoints, {'b': 0}) is keypoints
    with fails(InputError, code='conflict', frame='night', found='night'):
        apply_frame_offsets({'night': {'a': 0}}, {'a': 1})


def test_grey_and_16_bit_images_become_bgr():
    assert decoded(np.full((2, 3), 7, np.uint8)).tolist() == np.full((2, 3, 3), 7).tolist()
    assert decoded(np.full((2, 3, 4), 7 << 8, np.uint16)).tolist() == np.full((2, 3, 3), 7).tolist()


def test_an_image_whose_name_is_no_text_is_refused(tmp_path):
    (tmp_path / 'a').mkdir()
    image = tmp_path / 'a' / os.fsdecode(b'\xff.png')
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((8, 8, 3), np.uint8))
    (tmp_path / 'a.png').rename(image)
    with fails(InputError, code='cannot-express', file=image):
        open_footage(tmp_path, ['a'])


def test_offsets_that_leave_nothing_of_a_camera(tmp_path):
    for camera in 'ab':
        for number in range(3):
            _image(tmp_path / camera / f'{number}.png')
    with fails(InputError, code='out-of-range', camera='b', found=3, expected=3):
        open_footage(tmp_path, ['a', 'b'], {'b': 3})
    assert open_footage(tmp_path, ['a', 'b'], {'b': 2}).total == 3
