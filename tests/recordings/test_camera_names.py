"""Names of recordings and keypoints against names of cameras: what matches, and what must not."""

import pytest
from call_counts import counted_calls
from errors import fails

from mmpose_ours.errors import FileFormatError
from mmpose_ours.recordings.camera_names import by_camera, cameras_called, match_cameras

CAMS = ('cam1', 'cam2', 'cam3')


@pytest.mark.parametrize(
    ('found', 'cameras'),
    [
        (('CAM1', 'Cam2', 'CAM03'), CAMS),
        (('cam_1', 'cam-2', 'cam 3'), CAMS),
        (('cam1.MP4', 'cam2.mov', 'cam3.MTS'), CAMS),
        (('Camera1', 'camera_02', 'CAMERA 3'), CAMS),
        (('1', '2', '03'), CAMS),
        (CAMS, ('1', '2', '3')),
        (('cam0', 'cam1'), ('0000', '0001')),
        (('front', 'left_30'), ('front.jpg', 'left_30.jpg')),
        (('hd_00_00', 'hd_00_01', 'hd_00_10'), ('00_00', '00_01', '00_10')),
        (tuple(f'2024-05-11_10-22-33_{name}' for name in CAMS), CAMS),
        (tuple(f'20240511_102233_{name}' for name in CAMS), CAMS),
        (tuple(f'{name}_20240511T102233Z' for name in CAMS), CAMS),
        (tuple(f'{name}-2024.5.1' for name in CAMS), CAMS),
        (('11-05-2024_1', '11-05-2024_2'), ('cam1', 'cam2')),
        (tuple(f'{name}_trimmed' for name in CAMS), CAMS),
        (tuple(f'session2_{name}' for name in CAMS), CAMS),
        (('cam1_2', 'cam2_2', 'cam3_2'), CAMS),
        (('take_cam_1', 'take_cam_2'), ('1', '2')),
        (('left_take', 'left_1_take'), ('left', 'left_1')),
        (('video_17122345', 'video_17122346'), ('17122345', '17122346')),
        (('17122345', '17122346'), ('cam17122345', 'cam17122346')),
        (('Kamera 1', 'Kamera 2'), ('cam1', 'cam2')),
        (('LINKS', 'gro\u0308\u00dfe'), ('links', 'gr\u00f6sse')),
        (('\u5de6', '\u53f3_take'), ('\u5de6', '\u53f3')),
    ],
)
def test_names_that_mean_the_cameras(found, cameras):
    matched = match_cameras(found, cameras)
    assert matched.cameras == dict(zip(found, cameras))
    assert matched.spelled == {name: cam for name, cam in zip(found, cameras) if name != cam}
    assert not matched.missing and not matched.left
    assert bool(matched.note('here')) == bool(matched.spelled)


@pytest.mark.parametrize(
    ('found', 'cameras'),
    [
        (('cam10', 'cam11', 'cam12'), CAMS),
        (('2024-1-1_run', '2024-1-2_run', '2024-1-3_run'), ('1', '2', '3')),
        (('2024-1-1_10-02-03', '2024-1-2_10-02-03'), ('1', '3')),
        (('GX010001', 'GX010002', 'GX010003'), CAMS),
        (('GX010001', 'GX010002', 'GX010003'), ('1', '2', '3')),
        (('GX010001', 'GX020001'), ('10001', '20001')),
        (('IMG_0001', 'IMG_0002'), ('1', '2')),
        (('IMG_0001', 'IMG_0002'), ('0001', '0002')),
        (('00001', '00002'), ('cam1', 'cam2')),
        (('DSC_0001', 'C0002', 'take_3'), ('1', '2', '3')),
        (('C0001', 'C0002'), ('c', 'd')),
        (('1_00_03', '2_00_04'), ('00_03', '00_04')),
        (('webcam1', 'cam2b'), ('cam1', 'cam2')),
        (('x_cam1_y',), ('cam1',)),
        (('12', '13'), ('1_2', '1_3')),
        (('-', '+'), ('*', '#')),
    ],
)
def test_names_that_only_look_like_the_cameras(found, cameras):
    matched = match_cameras(found, cameras)
    assert matched.cameras == {} and matched.missing == cameras and matched.left == found
    assert matched.note('here') == ''


def test_an_exact_name_comes_before_other_spellings():
    found = ('cam1', 'CAM1', 'cam1_overlay', 'cam2', 'depth_cam3')
    matched = match_cameras(found, CAMS)
    assert matched.cameras == {'cam1': 'cam1', 'cam2': 'cam2', 'depth_cam3': 'cam3'}
    assert matched.left == ('CAM1', 'cam1_overlay')
    assert matched.spelled == {'depth_cam3': 'cam3'}


def test_a_name_of_a_camera_that_has_another_is_none_of_a_camera_without():
    matched = match_cameras(('cam1', 'cam1_cam2', 'left_1_a'), ('cam1', 'cam2'))
    assert matched.missing == ('cam2',)
    matched = match_cameras(('left_1', 'left_1_a'), ('left', 'left_1'))
    assert matched.cameras == {'left_1': 'left_1'} and matched.missing == ('left',)


@pytest.mark.parametrize(
    ('found', 'cameras', 'names', 'rivals'),
    [
        (('CAM1', 'Cam_1'), ('cam1',), ['CAM1', 'Cam_1'], ['cam1']),
        (('cam1_a', 'cam1_b', 'cam2'), ('cam1', 'cam2'), ['cam1_a', 'cam1_b'], ['cam1']),
        (('rgb_cam1', 'depth_cam1'), ('cam1',), ['rgb_cam1', 'depth_cam1'], ['cam1']),
        (('CAM1',), ('cam1', 'cam_01'), ['CAM1'], ['cam1', 'cam_01']),
        (('cam1_cam2',), ('cam1', 'cam2'), ['cam1_cam2'], ['cam1', 'cam2']),
    ],
)
def test_what_fits_equally_well_is_not_guessed(found, cameras, names, rivals):
    with fails(FileFormatError, code='ambiguous', file='x', found=names, expected=rivals):
        match_cameras(found, cameras, file='x')


@pytest.mark.parametrize(
    ('found', 'cameras', 'first'),
    [
        (('cam0', 'cam1', 'cam2'), CAMS, 'cam1'),
        (('Cam_000_sync', 'Cam_001_sync', 'Cam_002_sync'), CAMS, 'cam1'),
        (('cam0', 'cam1', 'other'), CAMS, 'cam1'),
        (CAMS, ('0', '1', '2'), '0'),
    ],
)  # fmt: skip
def test_names_that_are_counted_from_another_number_are_not_guessed(found, cameras, first):
    with fails(
        FileFormatError, code='ambiguous', found=list(found), expected=list(cameras), camera=first
    ):
        match_cameras(found, cameras)
    renamed = match_cameras(found, cameras, dict(zip(found, cameras)))
    assert renamed.cameras == dict(zip(found, cameras))
    some = match_cameras(found, cameras, {found[1]: cameras[0]})
    assert some.cameras[found[1]] == cameras[0]


def test_a_rig_with_more_cameras_or_a_folder_with_more_names_is_no_other_count():
    assert match_cameras(('cam2', 'cam3'), CAMS).missing == ('cam1',)
    assert match_cameras(('cam0', *CAMS), CAMS).left == ('cam0',)


def test_users_may_say_which_is_which():
    rename = {'GX010001.MP4': 'cam1', 'GX010002': 'cam2', 'elsewhere': 'cam3'}
    matched = match_cameras(('GX010001', 'GX010002', 'cam_3'), CAMS, rename)
    assert matched.cameras == {'GX010001': 'cam1', 'GX010002': 'cam2', 'cam_3': 'cam3'}
    assert matched.spelled == {'cam_3': 'cam3'}
    swapped = match_cameras(('cam1', 'cam2'), CAMS[:2], {'cam1': 'cam2', 'cam2': 'cam1'})
    assert swapped.cameras == {'cam1': 'cam2', 'cam2': 'cam1'}
    with fails(FileFormatError, code='unknown-camera', camera='cam9', expected=list(CAMS)):
        match_cameras(('a',), CAMS, {'a': 'cam9'})
    with fails(FileFormatError, code='unknown-name', camera='cam2', found='b', expected=['a']):
        match_cameras(('a',), CAMS[:2], {'a': 'cam1', 'b': 'cam2'})
    with fails(FileFormatError, code='duplicate', camera='cam1', found=['a', 'b']):
        match_cameras(('a', 'b'), CAMS, {'a': 'cam1', 'b': 'cam1'})


def test_names_one_by_one():
    cameras = ('00_03', '00_04', 'front')
    called = cameras_called(['hd_00_03', '0-4', 'Front', 'x'], cameras, {'x': 'front'})
    assert called == ['00_03', '00_04', 'front', 'front']
    assert cameras_called(['other'], cameras) == ['other']
    assert by_camera({'CAM1': 3, 'cam2': 4}, CAMS) == {'cam1': 3, 'cam2': 4}
    with fails(FileFormatError, code='duplicate', camera='cam1', found=['CAM1', 'cam1']):
        by_camera({'CAM1': 3, 'cam1': 4}, CAMS)


@pytest.mark.parametrize(
    'name, camera',
    [
        ('cam{}', 'cam{}'),
        ('CAM_{}', 'cam{}'),
        ('take_1_GoPro{}_left', 'side{}'),
        ('x_A-{}', 'A{}'),
    ],
)
def test_the_work_grows_with_the_number_of_names_and_not_with_its_square(name, camera):
    def work(count):
        names, cameras = ([text.format(i) for i in range(count)] for text in (name, camera))
        with counted_calls() as calls:
            match = match_cameras(names, cameras)
        assert len(match.cameras) in (0, count)
        return calls.count

    assert work(400) < 6 * work(100)


def test_a_name_of_hundreds_of_words_is_not_looked_through_for_each_camera():
    def work(words):
        with counted_calls() as calls:
            match_cameras(['1_' * words + 'x'], ['left', 'right'])
        return calls.count

    assert work(200) < 6 * work(50)


def test_names_that_all_fit_all_cameras_are_refused_at_once():
    names, cameras = (['a' + sign * i + '1' for i in range(1, 1000)] for sign in '-_')
    expected = {'code': 'ambiguous', 'camera': 'a_1', 'found': names, 'expected': cameras}
    with counted_calls() as calls, fails(FileFormatError, **expected):
        match_cameras(names, cameras)
    assert calls.count < 200 * len(names)
