"""Where images are found, and what is no image."""

import os

import cv2
import numpy as np
import pytest
from call_counts import counted_calls
from errors import fails

from mmpose_ours.errors import FileFormatError
from mmpose_ours.io.parsers.images import decode_image
from mmpose_ours.io.parsers.video import open_video
from mmpose_ours.recordings.files import (
    MediaFolder,
    as_calibrated,
    first_size,
    media_of,
)
from mmpose_ours.recordings.media import find_media

NAMES = ('cam', 'cam_1', 'cam2')


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b'-')


def found(root, paths):
    return [path.relative_to(root).as_posix() for path in paths]


@pytest.mark.parametrize(
    ('files', 'expected'),
    [
        (['cam2/b.png', 'cam2/a.JPG'], ['cam2/a.JPG', 'cam2/b.png']),
        (['Cameracam2/0.jpg'], ['Cameracam2/0.jpg']),
        (['cam2_0.jpg', 'cam_0.jpg', 'cam20.jpg'], ['cam2_0.jpg']),
        (['cam2.tif'], ['cam2.tif']),
        (['cam2.mp4', 'cam.mp4'], ['cam2.mp4']),
        (['cam2.MP4'], ['cam2.MP4']),
        (['cam2.Mov'], ['cam2.Mov']),
        (['cam2/take 2.avi', 'cam2/take 10.avi'], ['cam2/take 2.avi']),
        (['Cameracam2/take.avi'], ['Cameracam2/take.avi']),
        (['cam2.avi', 'cam2.mp4', 'cam2/take.mp4'], ['cam2.mp4']),
        (['cam2.mp4', 'cam2/0.jpg'], ['cam2/0.jpg']),
        (['cam2/0.jpg', 'Cameracam2/0.jpg', 'cam2_0.jpg'], ['cam2/0.jpg']),
        (['cam2.txt', 'cam2/notes.txt', 'other/0.jpg'], []),
    ],
)
def test_layouts(tmp_path, files, expected):
    touch(tmp_path, *files)
    assert found(tmp_path, media_of(tmp_path, 'cam2', NAMES)) == expected


def test_no_recording(tmp_path):
    assert media_of(tmp_path / 'nowhere', 'cam', NAMES) == ()
    assert MediaFolder(tmp_path / 'nowhere', NAMES).images('cam') == []
    assert MediaFolder(tmp_path / 'nowhere', NAMES).video('cam') is None


@pytest.mark.parametrize('elsewhere', ['Cameracam2/0.jpg', 'cam2_0.jpg', 'cam2.mp4'])
@pytest.mark.parametrize('inside', [None, 'notes.txt', '._0.jpg'])
def test_a_folder_without_images_hides_none(tmp_path, elsewhere, inside):
    """``mmpose-ours init`` makes a folder for each camera."""
    (tmp_path / 'cam2').mkdir()
    if inside:
        touch(tmp_path, f'cam2/{inside}')
    touch(tmp_path, elsewhere)
    assert found(tmp_path, media_of(tmp_path, 'cam2', NAMES)) == [elsewhere]


def test_in_one_folder_the_longest_name_that_fits_says_whose_an_image_is(tmp_path):
    touch(tmp_path, 'cam_0.jpg', 'cam_1_0.jpg', 'cam_1.jpg', 'cam_10.jpg')
    assert found(tmp_path, MediaFolder(tmp_path, NAMES).images('cam')) == [
        'cam_0.jpg',
        'cam_10.jpg',
    ]
    assert found(tmp_path, MediaFolder(tmp_path, NAMES).images('cam_1')) == [
        'cam_1.jpg',
        'cam_1_0.jpg',
    ]
    assert len(MediaFolder(tmp_path, ['cam']).images('cam')) == 4


@pytest.mark.parametrize('layout', ['{}_0.jpg', '{}.mp4', '{}/0.jpg', 'x{}y/0.jpg'])
def test_the_work_grows_with_the_number_of_cameras_and_not_with_its_square(tmp_path, layout):
    def work(count):
        root, names = tmp_path / str(count), [f'cam{i}' for i in range(count)]
        touch(root, *map(layout.format, names))
        with counted_calls() as calls:
            media = find_media(root, names, needed=False)
        assert len(media.files) == (0 if layout.startswith('x') else count)
        return calls.count

    assert work(200) < 6 * work(50)


def test_a_long_recording_in_one_folder_is_gone_through_once(tmp_path):
    """Also where an image's name has many parts that might be cameras'."""
    names = [f'a{"_a" * i}' for i in range(40)]
    touch(tmp_path, *(f'{name}_{i}.jpg' for name in names for i in range(5)), 'b_0.jpg')
    with counted_calls() as calls:
        media = find_media(tmp_path, names)
    assert {name: len(files) for name, files in media.files.items()} == dict.fromkeys(names, 5)
    assert calls.count < 400 * 200


@pytest.mark.parametrize(
    'name', ['..', '.', '', '../private', 'cam0/../../private', '{private}', 'cam0\0']
)
def test_a_cameras_name_leads_nowhere_else(tmp_path, name):
    """A calibration chooses the names, and may be somebody else's."""
    name = name.format(private=tmp_path / 'private')
    root = tmp_path / 'recording'
    touch(tmp_path, 'private/0.jpg', 'private/0.mp4', '0.jpg', '0.mp4', 'recording/cam0/0.jpg')
    touch(tmp_path, 'recording/0.jpg', 'recording/0.mp4')
    assert not media_of(root, name, ('cam0', name))
    assert MediaFolder(root, ('cam0', name)).video(name) is None


def test_hidden_files_and_folders_are_no_images(tmp_path):
    """macOS leaves ``._0.jpg``, and a killed run its temporary video."""
    touch(tmp_path, 'cam/._0.jpg', 'cam/0.jpg', '.cam2.abc.mp4', 'cam2/.take.abc.mp4')
    (tmp_path / 'cam' / '1.jpg').mkdir()
    (tmp_path / 'cam2' / 'take.mp4').mkdir()
    (tmp_path / 'cam2.mp4').mkdir()
    (tmp_path / 'cam_1_0.jpg').mkdir()
    assert found(tmp_path, MediaFolder(tmp_path, NAMES).images('cam')) == ['cam/0.jpg']
    assert media_of(tmp_path, 'cam2', NAMES) == media_of(tmp_path, 'cam_1', NAMES) == ()


@pytest.mark.skipif(not hasattr(os, 'mkfifo'), reason='has no pipes')
def test_a_pipe_is_no_image(tmp_path):
    (tmp_path / 'cam').mkdir()
    os.mkfifo(tmp_path / 'cam' / '0.jpg')
    assert media_of(tmp_path, 'cam', NAMES) == ()


def test_images_are_in_the_order_of_their_numbers(tmp_path):
    touch(tmp_path, *(f'cam/{name}' for name in ('a10.png', 'a2.png', 'a2.jpg', '\u00b2.png')))
    assert [path.name for path in MediaFolder(tmp_path, NAMES).images('cam')] == [
        'a2.jpg', 'a2.png', 'a10.png', '\u00b2.png',
    ]  # fmt: skip


@pytest.mark.parametrize('shape', [(6, 8), (6, 8, 3)])
@pytest.mark.parametrize('kind', [np.uint8, np.uint16])
def test_images_are_decoded_as_they_are_stored(tmp_path, shape, kind):
    image = np.random.default_rng(0).integers(0, np.iinfo(kind).max, shape).astype(kind)
    path = tmp_path / 'f\u00fcnf.png'
    path.write_bytes(cv2.imencode('.png', image)[1].tobytes())
    np.testing.assert_array_equal(decode_image(path), image)
    assert first_size([path]) == (path, (8, 6))


@pytest.mark.parametrize('ending', ['.png', '.jpg'])
@pytest.mark.parametrize(
    ('content', 'code', 'words'),
    [
        (b'', 'damaged', 'is empty'),
        (b'none', 'file-format', 'is no image (JPEG, PNG, BMP, TIFF or WebP)'),
        (None, 'damaged', 'breaks off'),
    ],
)
def test_what_cannot_be_decoded(tmp_path, ending, content, code, words):
    noise = np.random.default_rng(0).integers(0, 255, (60, 80), np.uint8)
    whole = cv2.imencode(ending, noise)[1].tobytes()
    path = tmp_path / f'a{ending}'
    path.write_bytes(whole[: len(whole) // 2] if content is None else content)
    with fails(FileFormatError, code=code, file=path, found=words):
        decode_image(path)
    with fails(FileFormatError, code=code, file=path, found=words) as caught:
        first_size([path, path])
    assert 'none of 2 images' in str(caught.value), 'how many were tried is no field'
    good = tmp_path / f'b{ending}'
    good.write_bytes(whole)
    assert first_size([path, good]) == (good, (80, 60))


def test_a_video(tmp_path):
    path = tmp_path / 'cam.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'MJPG'), 25.0, (64, 48))
    writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    assert first_size(media_of(tmp_path, 'cam', NAMES)) == (path, (64, 48))
    with open_video(path) as video:
        assert video.read()[0] and not video.read()[0]
    path.write_bytes(b'none')
    with fails(FileFormatError, code='file-format', file=path):
        first_size([path])


def test_the_columns_that_a_codec_adds_are_no_other_resolution():
    """1920x1080 is stored as 1920x1088, and tools show one or the other."""
    image = np.random.default_rng(0).integers(0, 255, (48, 30, 3), np.uint8)
    wider = as_calibrated(image, (32, 48))
    assert wider.shape == (48, 32, 3)
    np.testing.assert_array_equal(wider[:, :30], image)
    np.testing.assert_array_equal(as_calibrated(wider, (30, 48)), image)
    for other in ((31, 48), (60, 96), (32, 64), None):
        assert as_calibrated(image, other) is image


def test_a_folder_is_of_one_camera(tmp_path):
    touch(tmp_path, 'Camera0/0.jpg', 'Camera1/video.mp4')
    names = ['0', 'Camera0', '1', 'Camera1']
    given = {name: found(tmp_path, media_of(tmp_path, name, names)) for name in names}
    assert given == {
        '0': [],
        'Camera0': ['Camera0/0.jpg'],
        '1': [],
        'Camera1': ['Camera1/video.mp4'],
    }
