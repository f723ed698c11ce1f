"""Recordings whose names are spelled otherwise than the calibration's, through every command."""

import json
import re

import numpy as np
import pytest
from timed_videos import at_rate, write_timed_video
from walking import SIZE, detected, room_rig, walk

from mmpose_ours.calibration.writing import write_rig
from mmpose_ours.cli.main import main
from mmpose_ours.detections import read_keypoints, write_detections
from mmpose_ours.predictions.reading import read_predictions

FRAMES = 24
NAMES = {'cam0': 'CAM_00', 'cam1': '2024-05-11_cam1', 'cam2': 'cam2_trimmed'}


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A calibration, and keypoints and videos under other names."""
    rig = room_rig(3)
    write_rig(rig, tmp_path / 'rig.json', 'panoptic')
    frames = {
        str(number): {NAMES[name]: people for name, people in views.items()}
        for number, views in enumerate(detected(rig, walk(frames=FRAMES)))
    }
    write_detections(tmp_path / 'k.json', frames)
    for name in NAMES.values():
        path = tmp_path / 'videos' / f'{name}.MP4'
        write_timed_video(path, at_rate(30, FRAMES), [90] * FRAMES, size=SIZE, container='mp4')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def anonymous(site):
    """Rename everything so that no name tells the camera; returns the words that say it."""
    called = {name: f'GX01000{place}' for place, name in enumerate(NAMES)}
    for name, other in NAMES.items():
        (site / 'videos' / f'{other}.MP4').rename(site / 'videos' / f'{called[name]}.MP4')
    frames = {
        frame: {called[name]: views[other] for name, other in NAMES.items()}
        for frame, views in read_keypoints(site / 'k.json').items()
    }
    write_detections(site / 'k.json', frames)
    return ['--rename', *(f'{other}=cam{place}' for place, other in enumerate(called.values()))]


def manifest(site):
    page = (site / 'out' / 'scene.html').read_text()
    return json.loads(re.search(r'id="manifest">(.*?)</script>', page, re.S).group(1))


@pytest.fixture
def predicting():
    pytest.importorskip('torch', reason='predicting needs torch')
    pytest.importorskip('mmengine', reason='predicting needs MMEngine')


@pytest.mark.parametrize('renamed', [False, True])
def test_predict_and_its_page(site, predicting, capsys, renamed):
    words = anonymous(site) if renamed else []
    argv = ['predict', '--rig', 'rig.json', '--keypoints', 'k.json', '--img-root', 'videos']
    assert main([*argv, '--out', 'out', *words]) == 0
    said = capsys.readouterr().out
    assert ("is camera 'cam2'" in said) != renamed
    people = read_predictions(site / 'out' / 'people.json')
    assert people.fps == pytest.approx(30) and len(people.frames) == FRAMES
    assert sum(map(len, people.frames.values())) == 2 * FRAMES
    shown = manifest(site)
    assert [camera['name'] for camera in shown['cameras']] == list(NAMES)
    assert len(shown['imageFrames']) == FRAMES
    assert all(begin < end for row in shown['imageSpans'] for begin, end in row)


def test_predict_without_rename_lists_what_is_there(site, predicting, capsys):
    anonymous(site)
    argv = ['predict', '--rig', 'rig.json', '--keypoints', 'k.json', '--out', 'out']
    assert main(argv) == 2
    said = capsys.readouterr().err
    assert 'GX010000' in said and 'cam2' in said and '--rename GX010000=cam0' in said
    assert main([*argv, '--img-root', 'videos', '--rename', 'GX=cam0']) == 2
    assert '--rename GX=cam0' in capsys.readouterr().err


def test_frame_offsets_by_either_name(site, predicting):
    argv = ['predict', '--rig', 'rig.json', '--keypoints', 'k.json', '--no-page']
    for place, offset in enumerate(('cam2=1', 'cam2_trimmed=1', 'CAM-02=1')):
        assert main([*argv, '--out', f'out{place}', '--frame-offsets', offset]) == 0
    first, *others = (
        read_predictions(site / f'out{place}' / 'people.json').frames for place in range(3)
    )
    for other in others:
        for frame in first:
            np.testing.assert_array_equal(first[frame].xyz_mm, other[frame].xyz_mm)


@pytest.mark.parametrize('renamed', [False, True])
def test_commands_that_need_no_model(site, capsys, renamed):
    words = anonymous(site) if renamed else []
    recording = ['--keypoints', 'k.json', *words]
    main(['check-rig', 'rig.json', '--images', 'videos', *recording, '--json'])
    report = json.loads(capsys.readouterr().out)
    assert report['images'] == {name: list(SIZE) for name in NAMES}
    assert report['people']['frames'] == FRAMES and len(report['notes']) == 2 * (not renamed)
    assert main(['align-rig', 'rig.json', 'aligned.json', *recording]) == 0
    assert main(['keypoints', 'k.json', 'new.json', '--camera-param-file', 'rig.json', *words]) == 0
    assert set(read_keypoints('new.json')['3']) == set(NAMES)
    assert main(['keypoints', 'k.json', 'new.json', *words]) == 0
    assert ('cam0' in read_keypoints('new.json')['3']) == renamed
    assert main(['undistort', 'rig.json', 'videos', 'flat', *words]) == 0
    assert len(list((site / 'flat').glob('*.MP4'))) == 3
    assert main(['check-rig', 'rig.json', '--cameras', 'CAM_0', 'cam-1', '--json']) in (0, 1)
    capsys.readouterr()


def test_videos_of_two_rates(site, predicting, capsys):
    """Keypoints of each video go with its frames, in 3D and on the page."""
    rig = room_rig(3)
    fast = detected(rig, walk(frames=2 * FRAMES))
    names = list(NAMES)
    frames = {
        str(number): {
            NAMES[name]: fast[2 * number][name] if name != 'cam1' else fast[number][name]
            for name in names
            if name == 'cam1' or number < FRAMES
        }
        for number in range(2 * FRAMES)
    }
    write_detections(site / 'k.json', frames)
    path = site / 'videos' / f'{NAMES["cam1"]}.MP4'
    count = 2 * FRAMES
    write_timed_video(path, at_rate(60, count), [90] * count, size=SIZE, container='mp4')
    argv = ['predict', '--rig', 'rig.json', '--keypoints', 'k.json', '--img-root', 'videos']
    assert main([*argv, '--out', 'out']) == 0
    said = capsys.readouterr().out
    assert 'cam1: 60' in said and 'number the frames of each video' in said
    people = read_predictions(site / 'out' / 'people.json')
    assert people.fps == pytest.approx(30) and len(people.frames) == FRAMES
    truth = walk(frames=2 * FRAMES)[::2]
    for frame, poses in people.frames.items():
        distance = np.linalg.norm(
            poses.xyz_mm[:, None, 11:13].mean(2) - truth[frame][None, :, 11:13].mean(2), axis=-1
        )
        assert distance.min(0).max() < 60


def pages(out):
    """The data of a page."""
    page = (out / 'scene.html').read_text()
    return json.loads(re.search(r'id="manifest">(.*?)</script>', page, re.S).group(1))


@pytest.mark.parametrize(
    ('case', 'rig', 'keypoints', 'images', 'people'),
    [
        ('50-names_page', 'Calib.qca.txt', 'pose', None, 6),
        ('31-video-names', 'input/rig.json', 'input/keypoints.json', 'input/case', 80),
        ('31-video-names', 'input/rig.json', 'input/keypoints.json', 'input/prefix', 80),
        (
            '09-video-rotation-metadata',
            'input/rig.json',
            'input/keypoints.json',
            'input/videos',
            80,
        ),
    ],
)
def test_recordings_of_others(
    shared_data, tmp_path, predicting, case, rig, keypoints, images, people
):
    folder = shared_data.parent / 'cases' / case
    words = ['--rig', folder / rig, '--keypoints', folder / keypoints, '--out', tmp_path]
    words += ['--img-root', folder / images] if images else []
    assert main(['predict', *map(str, words)]) == 0
    found = read_predictions(tmp_path / 'people.json')
    assert sum(map(len, found.frames.values())) == people
    shown = pages(tmp_path)
    assert len(shown['cameras']) == 4
    assert len(shown['imageFrames']) == (len(found.frames) if images else 0)


def test_panoptics_own_names(shared_data, capsys):
    folder = shared_data.parent / 'cases' / '31-video-names' / 'input'
    words = ['check-rig', folder / 'rig_panoptic.json', '--images', folder / 'panoptic', '--json']
    main(list(map(str, words)))
    report = json.loads(capsys.readouterr().out)
    assert sorted(report['images']) == ['00_01', '00_02', '00_03', '00_04']
    assert None not in report['images'].values()
