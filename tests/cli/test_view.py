"""``mmpose-ours view`` from files to files, and the sentence for each wrong input."""

import dataclasses
import json
import re

import cv2
import numpy as np
import pytest

from mmpose_ours.calibration import read_rig
from mmpose_ours.calibration.writing import write_rig
from mmpose_ours.cli.main import main
from mmpose_ours.detections import write_detections
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.predictions.reading import write_predictions
from mmpose_ours.synthetic import built_in_poses
from mmpose_ours.visualization.view_files import image_name
from mmpose_ours.workflows.visualize import frames_per_second

FRAMES = (3, 4, 5)


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A rig of four cameras, images of three of them, 3D poses and in 2D."""
    cameras = []
    for i in range(4):
        center = (4500 * np.cos(1.5 * i), 4500 * np.sin(1.5 * i), 2200)
        cameras.append(Camera.looking_at(f'c{i}', center, (0, 0, 1000), 420, (640, 480)))
    rig = CameraRig(tuple(cameras))
    write_rig(rig, tmp_path / 'camera_parameters.json', 'panoptic')
    poses = built_in_poses(2, np.random.default_rng(0), ('stand',))
    poses[1, :, 0] += 900
    write_predictions(
        tmp_path / 'people.json', {frame: poses + (0, 50 * frame, 0) for frame in FRAMES}
    )
    for camera in rig.names[:3]:
        (tmp_path / 'images' / camera).mkdir(parents=True)
        for frame in FRAMES:
            image = np.full((240, 320, 3), 40 * frame, np.uint8)
            cv2.imwrite(str(tmp_path / 'images' / camera / f'{frame:06d}.jpg'), image)
    uv, valid = rig.project(poses)
    found = np.concatenate([uv, valid[..., None]], -1)
    write_detections(
        tmp_path / 'keypoints.json', {str(frame): dict(zip(rig.names, found)) for frame in FRAMES}
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def view(*more):
    return main(['view', 'people.json', '--rig', 'camera_parameters.json', '--out', 'out', *more])


def manifest(site):
    page = (site / 'out' / 'scene.html').read_text()
    return json.loads(re.search(r'id="manifest">(.*?)</script>', page, re.S).group(1))


def test_a_page_of_files(site, capsys):
    more = ('--img-root', 'images', '--keypoints', 'keypoints.json', '--fps', '30', '--report')
    assert view(*more) == 0
    said = capsys.readouterr().out
    assert 'cameras 3 of 4: c0 c1 c2; those without images are left out' in said
    assert 'scene.html: 3 frames, 2 tracks, 3 cameras, images of 3 frames' in said
    assert 'run.html: reprojection error ' in said and (site / 'out' / 'run.html').is_file()
    reported = manifest(site)
    assert (
        reported['frames'] == list(FRAMES)
        and reported['fps'] == 30
        and len(reported['people']) == 2
    )
    assert [c['name'] for c in reported['cameras']] == ['c0', 'c1', 'c2']
    assert reported['imageFrames'] == [0, 1, 2]


def test_what_the_budget_leaves_out_is_reported(site, capsys):
    for camera in ('c0', 'c1', 'c2'):
        for frame in FRAMES:
            noise = np.random.default_rng(frame).integers(0, 255, (240, 320, 3), np.uint8)
            cv2.imwrite(str(site / 'images' / camera / f'{frame:06d}.png'), noise)
            (site / 'images' / camera / f'{frame:06d}.jpg').unlink()
    assert view('--img-root', 'images', '--image-budget', '0.09') == 0
    said = capsys.readouterr().out
    assert 'images of 1 frame (240 px)' in said
    left_out = re.search(r'note: 2 frames of 3 .* (--image-budget) (\d+) has room for all', said)
    assert view('--img-root', 'images', *left_out.groups()) == 0
    assert 'images of 3 frames (320 px)' in capsys.readouterr().out
    assert view('--img-root', 'images', '--image-budget', '0') == 0
    assert manifest(site)['imageFrames'] == []


def test_images_and_a_film(site, capsys):
    assert view('--png', '--mp4', '--no-page', '--every', '2', '--cameras', 'c0', 'c3') == 0
    said = capsys.readouterr().out
    assert '2 images' in said and '0.2 s at 10 frames per second' in said
    images = sorted(path.name for path in (site / 'out' / 'frames').iterdir())
    assert images == ['000003.png', '000005.png']
    capture = cv2.VideoCapture(str(site / 'out' / 'people.mp4'))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 2
    assert not (site / 'out' / 'scene.html').exists()


@pytest.mark.parametrize(
    ('more', 'sentence'),
    [
        (['--every', '0'], '--every is 0, expected 1 or more'),
        (['--fps', '0'], '--fps is 0, expected more than 0'),
        (['--radius', '-1'], '--radius is -1, expected 1 to 1000 pixels'),
        (['--thickness', '0'], '--thickness is 0, expected 1 to'),
        (['--thickness', '9' * 30], 'expected 1 to 1000 pixels'),
        (['--no-page'], '--no-page leaves nothing to write; add --png, --mp4, --single-views'),
        (['--report'], '--report compares with 2D keypoints; name their file with --keypoints'),
        (['--img-root', 'nowhere'], 'nowhere: no such folder'),
        (['--img-root', 'other'], "other has none of the 3 frames of people.json (such as 3) but"),
        (['--keypoints', 'late.json'], "late.json has none of the 3 frames of people.json"),
        (['--cameras', 'c9'], 'c9'),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_reported(site, capsys, more, sentence):
    (site / 'other' / 'c0').mkdir(parents=True)
    (site / 'images' / 'c0' / '000003.jpg').rename(site / 'other' / 'c0' / '000099.jpg')
    late = json.loads((site / 'keypoints.json').read_text())
    late['frames'] = {'77': late['frames']['3']}
    (site / 'late.json').write_text(json.dumps(late))
    assert view(*more) == 2
    error = capsys.readouterr().err
    assert error.startswith('mmpose-ours: error: ') and sentence in error
    assert not (site / 'out').exists()


def test_a_broken_image_is_left_out_and_reported(site, capsys):
    path = site / 'images' / 'c1' / '000004.jpg'
    path.write_bytes(path.read_bytes()[:200])
    assert view('--img-root', 'images') == 0
    assert 'warning: 1 left out: images/c1/000004.jpg: breaks off' in capsys.readouterr().err
    spans = manifest(site)['imageSpans']
    assert [span == [0, 0] for span in spans[1]] == [False, True, False]


def of_rig(site, rig):
    """People that say with which cameras they were found."""
    poses = built_in_poses(1, np.random.default_rng(0), ('stand',))
    write_predictions(site / 'people.json', dict.fromkeys(FRAMES, poses), rig=rig.fingerprint)


def test_people_of_another_rig_are_noticed(site, capsys):
    rig = read_rig(site / 'camera_parameters.json')
    for made_with in (rig, rig.select(['c3', 'c1']), rig.select(['c0', 'c1'])):
        of_rig(site, made_with)
        assert view() == 0
        warned = 'another calibration' in capsys.readouterr().err
        assert warned == (made_with.names == ('c3', 'c1')), 'another order is another rig'
    of_rig(site, rig)
    assert view('--cameras', 'c0', 'c2', '--keypoints', 'keypoints.json') == 0
    assert 'another calibration' not in capsys.readouterr().err, 'some of its cameras'
    moved = [dataclasses.replace(c, t_w2c=c.t_w2c + (1, 0, 0)) for c in rig]
    of_rig(site, CameraRig(tuple(moved)))
    assert view() == 0
    said = capsys.readouterr().err
    assert 'people.json' in said and 'camera_parameters.json' in said
    assert 'another calibration' in said


def test_evaluation_notices_people_of_another_rig(site, capsys):
    rig = read_rig(site / 'camera_parameters.json')
    words = ['evaluate', '--without-truth', '--json', '--pred', 'people.json']
    words += ['--rig', 'camera_parameters.json', '--keypoints', 'keypoints.json']
    warnings = []
    for made_with in (rig, rig.in_world(np.diag([-1.0, -1.0, 1.0]))):
        of_rig(site, made_with)
        assert main(words) == 0
        warnings.append(len(json.loads(capsys.readouterr().out)['warnings']))
    assert warnings == [0, 1]


def test_rates_and_names():
    assert frames_per_second(30.0, [0, 5, 10]) == 6
    assert frames_per_second(30.0, ['a', 'b']) == 30 and frames_per_second(None, [0]) is None
    assert image_name(7, 42) == '000042.png'
    assert image_name(7, '../../x y') == '000007_______x_y.png'
