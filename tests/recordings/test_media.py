"""Images and videos whose names are spelled otherwise than the cameras'."""

import pytest
from errors import fails

from mmpose_ours.errors import FileFormatError, InputError
from mmpose_ours.recordings.media import find_media

CAMERAS = ('cam1', 'cam2')


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b'-')


def found(root, media):
    return {
        camera: [path.relative_to(root).as_posix() for path in files]
        for camera, files in media.files.items()
    }


@pytest.mark.parametrize(
    'files',
    [
        (['CAM1.MP4'], ['Cam2.MOV']),
        (['2024-05-11_cam1.mts'], ['2024-05-11_cam2.mts']),
        (['cam1_trimmed.wmv'], ['cam2_trimmed.3gp']),
        (['CAM1/a.JPG', 'CAM1/b.JPG'], ['Cam_2/a.webp', 'Cam_2/b.webp']),
        (['Cam01/clip.m2ts'], ['Cam02/clip.TS']),
        (['CAM1_0001.jpg', 'CAM1_0002.jpg'], ['CAM2_0001.jpg', 'CAM2_0002.jpg']),
        (['CAM1-1.png', 'CAM1-2.png'], ['CAM2-1.png', 'CAM2-2.png']),
        (['CAM1.tif'], ['CAM2.BMP']),
        (['Cameracam1/0.jpg'], ['Cameracam2/0.jpg']),
    ],
)
def test_other_spellings(tmp_path, files):
    touch(tmp_path, *files[0], *files[1], 'notes.txt', 'views/a.txt')
    media = find_media(tmp_path, CAMERAS)
    assert found(tmp_path, media) == dict(zip(CAMERAS, files))
    assert not media.missing
    if not files[0][0].startswith('Camera'):
        (note,) = media.notes
        assert all(repr(name) in note for name in (*media.names.values(), *CAMERAS))
    else:
        assert not media.notes


def test_names_themselves_come_first(tmp_path):
    touch(tmp_path, 'cam1.mp4', 'CAM1.mp4', 'cam1_overlay.mp4', 'Cam2.mp4')
    media = find_media(tmp_path, CAMERAS)
    assert found(tmp_path, media) == {'cam1': ['cam1.mp4'], 'cam2': ['Cam2.mp4']}


def test_nothing_is_guessed(tmp_path):
    touch(tmp_path, 'GX010001.MP4', 'GX010002.MP4')
    expected = ['GX010001', 'GX010002']
    with fails(
        FileFormatError,
        code='unknown-camera',
        file=tmp_path,
        found=list(CAMERAS),
        expected=expected,
    ):
        find_media(tmp_path, CAMERAS)
    rename = {'GX010001.MP4': 'cam2', 'GX010002': 'cam1'}
    media = find_media(tmp_path, CAMERAS, rename)
    assert found(tmp_path, media) == {'cam1': ['GX010002.MP4'], 'cam2': ['GX010001.MP4']}
    assert not media.notes, 'the user said so'
    touch(tmp_path, 'cam1_a.mp4', 'cam1_b.mp4')
    with fails(
        FileFormatError, code='ambiguous', file=tmp_path, camera='cam1', found=['cam1_a', 'cam1_b']
    ):
        find_media(tmp_path, CAMERAS)
    (tmp_path / 'cam1_b.mp4').unlink()
    with fails(FileFormatError, code='unknown-name', file=tmp_path, camera='cam2', found='nobody'):
        find_media(tmp_path, CAMERAS, {'nobody': 'cam2'})


def test_videos_that_are_exchanged_by_the_user(tmp_path):
    touch(tmp_path, 'cam1.mp4', 'cam2.mp4')
    media = find_media(tmp_path, CAMERAS, {'cam1': 'cam2', 'cam2': 'cam1'})
    assert found(tmp_path, media) == {'cam1': ['cam2.mp4'], 'cam2': ['cam1.mp4']}


def test_cameras_without_images_are_noted_with_what_there_is(tmp_path):
    touch(tmp_path, 'cam1.mp4', 'GX01.mp4', 'cam2.flv')
    media = find_media(tmp_path, CAMERAS)
    assert media.missing == ('cam2',)
    (note,) = media.notes
    assert 'GX01' in note and 'cam2.flv' in note and '.flv' in note and 'rename' in note


def test_an_ending_that_is_not_read_is_named(tmp_path):
    touch(tmp_path, 'cam1.flv', 'cam2.INSV')
    with pytest.raises(FileNotFoundError, match=r'2 files are not read: convert \.INSV, \.flv'):
        find_media(tmp_path, CAMERAS)
    assert find_media(tmp_path, CAMERAS, needed=False).missing == CAMERAS


def test_files_by_name_of_a_camera(tmp_path):
    touch(tmp_path, 'x.mp4', 'y.mp4')
    given = {'CAM1': tmp_path / 'x.mp4', 'cam_2': tmp_path / 'y.mp4'}
    assert found(tmp_path, find_media(given, CAMERAS)) == {'cam1': ['x.mp4'], 'cam2': ['y.mp4']}
    with fails(InputError, code='unknown-camera', found=['z'], expected=list(CAMERAS)):
        find_media({'z': tmp_path / 'x.mp4', 'cam1': tmp_path / 'y.mp4'}, CAMERAS)


@pytest.mark.parametrize(
    'files', [('cam1.mp4', 'CAM2.mp4'), ('cam1/0.jpg', 'cam2/0.jpg'), ('cam1_0.jpg', 'cam2_0.jpg')]
)
def test_the_folder_above_a_recording_names_it(tmp_path, files):
    touch(tmp_path, *(f'videos/{name}' for name in files), 'other/0.jpg')
    expected = str(tmp_path / 'videos')
    with fails(FileFormatError, code='no-match', file=str(tmp_path), expected=expected):
        find_media(tmp_path, CAMERAS)
    assert find_media(expected, CAMERAS).files.keys() == {*CAMERAS}
    assert not find_media(tmp_path, CAMERAS, needed=False).files
