"""The command and the demo, on images of people made by code."""

import dataclasses
import importlib.util
import json
import re
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='predicting needs torch')
pytest.importorskip('mmengine', reason='predicting needs MMEngine')

import cv2  # noqa: E402
from dataset_files import write_pickle  # noqa: E402
from walking import SIZE, detected, room_rig, walk  # noqa: E402

from mmpose_ours.calibration import read_rig, write_rig  # noqa: E402
from mmpose_ours.cli import keypoint_files, predict  # noqa: E402
from mmpose_ours.cli.main import main  # noqa: E402
from mmpose_ours.detections import write_detections  # noqa: E402
from mmpose_ours.detections.cache import made_here  # noqa: E402
from mmpose_ours.detectors.by_name import DETECTORS  # noqa: E402
from mmpose_ours.geometry.rig import CameraRig  # noqa: E402
from mmpose_ours.geometry.volume import CaptureVolume  # noqa: E402
from mmpose_ours.io.disk import locks  # noqa: E402
from mmpose_ours.io.package_files import share  # noqa: E402
from mmpose_ours.predictions.reading import read_predictions  # noqa: E402
from mmpose_ours.workflows import visualize  # noqa: E402

DEMO = share('demo') / 'body3d_multiview_detect_and_regress_img_demo.py'
FRAMES = 4


@pytest.fixture()
def folder(tmp_path):
    """An Ours folder: calibration, images, keypoints."""
    rig, poses = room_rig(3), walk()[:FRAMES]
    root = tmp_path / 'Ours'
    for name in rig.names:
        (root / name).mkdir(parents=True)
        for frame in range(FRAMES):
            image = np.full((SIZE[1], SIZE[0], 3), 80, np.uint8)
            cv2.imwrite(str(root / name / f'{frame:06}.jpg'), image)
    write_rig(rig, root / 'camera_parameters.json', 'panoptic')
    write_detections(root / 'keypoints_2d.json', dict(_frames(detected(rig, poses))))
    return root, poses


def _frames(frames):
    return ((f'{frame:06}', views) for frame, views in enumerate(frames))


def _run(*words):
    return main(['predict', *map(str, words)])


def test_people_and_page_are_written(folder, tmp_path, capsys):
    root, poses = folder
    rig = root / 'camera_parameters.json'
    code = _run('--rig', rig, '--img-root', root, '--out', tmp_path / 'out', '--device', 'cpu')
    assert code == 0
    said = capsys.readouterr().out
    assert 'which are there already' in said
    (per_frame,) = re.findall(r'^time    4 frames; per frame: (.*)$', said, re.M)
    stages = ['reading keypoints', '3D poses', 'tracking', 'writing']
    assert all(f'{stage} ' in per_frame for stage in stages)
    assert 'times as long' not in per_frame  # no detector ran
    assert re.search(r'^time    page \d', said, re.M)
    found = read_predictions(tmp_path / 'out' / 'people.json')
    assert list(found.frames) == list(range(FRAMES))
    for frame, truth in enumerate(poses):
        distance = np.linalg.norm(found.frames[frame].xyz_mm[:, None] - truth, axis=-1).mean(-1)
        assert sorted(distance.min(1)) == pytest.approx([0, 0], abs=60)
    assert sorted(found.frames[0].track_ids) == sorted(found.frames[FRAMES - 1].track_ids) == [0, 1]
    assert (tmp_path / 'out' / 'scene.html').stat().st_size > 50_000


def test_the_page_of_a_long_recording_shows_some_of_it(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(predict, 'PAGE_FRAMES', 3)
    root, _ = folder
    rig, out = root / 'camera_parameters.json', tmp_path / 'out'
    assert _run('--rig', rig, '--keypoints', root / 'keypoints_2d.json', '--out', out) == 0
    said = capsys.readouterr().out
    assert 'the page shows one frame of 2, since 4 are many' in said
    assert re.search(r'scene.html: 2 frames, 2 tracks', said)
    assert list(read_predictions(out / 'people.json').frames) == list(range(FRAMES))


def test_the_page_shows_the_space_in_which_people_are_or_the_given_one(folder, tmp_path):
    root, _ = folder
    given = ['--rig', root / 'camera_parameters.json', '--keypoints', root / 'keypoints_2d.json']
    mine = CaptureVolume((0, -100, 1000), (3000, 2800, 2100))
    words = ['--volume', '0,-100,1000', '3000,2800,2100']
    for name, more in (('found', []), ('given', words)):
        _run(*given, '--out', tmp_path / name, '--device', 'cpu', *more)
    found = read_predictions(tmp_path / 'found' / 'people.json')
    hips = np.concatenate([found.skeleton.root_of(p.xyz_mm) for p in found.frames.values()])
    assert found.space.contains(hips).mean() > 0.9
    assert max(found.space.size_mm[:2]) < 8000
    kept = read_predictions(tmp_path / 'given' / 'people.json')
    assert kept.space == mine
    hips = np.concatenate([kept.skeleton.root_of(p.xyz_mm) for p in kept.frames.values()])
    assert mine.contains(hips, 500).all()
    page = (tmp_path / 'given' / 'scene.html').read_text(encoding='utf-8')
    reported = json.loads(re.search(r'id="manifest">(.*?)</script>', page, re.S).group(1))
    corners = np.concatenate(reported['box'])
    assert np.ptp(corners[:, :2], axis=0) == pytest.approx(mine.size_mm[:2], abs=1)


def test_level_results_come_with_their_cameras(folder, tmp_path):
    root, _ = folder
    rig = read_rig(root / 'camera_parameters.json').moved(np.array([0, 0, -1200.0]))
    write_rig(rig, tmp_path / 'rig.json', 'panoptic')
    keypoints = ['--keypoints', root / 'keypoints_2d.json', '--device', 'cpu', '--auto-level']
    _run('--rig', tmp_path / 'rig.json', *keypoints, '--out', tmp_path / 'out')
    level = read_rig(tmp_path / 'out' / 'level_rig.json')
    np.testing.assert_allclose(level.centers_w - rig.centers_w, [[0, 0, 1200]] * len(rig), atol=60)
    found = read_predictions(tmp_path / 'out' / 'people.json')
    lowest = np.concatenate([p.xyz_mm[..., 2].min(1) for p in found.frames.values()])
    assert abs(np.median(lowest)) < 150


def test_the_seeds_demo_draws_every_view(folder, tmp_path):
    root, _ = folder
    command = [sys.executable, DEMO, share('configs') / 'ours' / 'keypoint_prior_ours.py']
    command += ['mmpose-ours://keypoint_prior', '--img-root', root, '--device', 'cpu']
    command += ['--camera-param-file', root / 'camera_parameters.json']
    command += ['--out-img-root', tmp_path / 'vis', '--visualize-single-view']
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    sheets = sorted((tmp_path / 'vis' / 'frames').glob('*.png'))
    assert len(sheets) == FRAMES
    view = cv2.imread(str(tmp_path / 'vis' / 'views' / 'cam1' / '000002.png'))
    assert view.shape == (SIZE[1], SIZE[0], 3)
    drawn = (view != 80).any(-1).mean()
    assert 0.001 < drawn < 0.2
    assert json.loads((tmp_path / 'vis' / 'people.json').read_text())['made_by']['model']


@pytest.mark.slow
@pytest.mark.parametrize(
    'dataset, image', [('campus', 'campus4-c{}-{:05}.png'), ('shelf', 'img_{1:06}.png')]
)
def test_the_demo_reads_the_layouts_of_campus_and_shelf(tmp_path, dataset, image):
    """``Camera<n>/``, a calibration without image sizes, and the pickled keypoints."""
    room, poses, first = room_rig(3), walk()[:2], 350
    cameras = [dataclasses.replace(camera, name=str(v)) for v, camera in enumerate(room)]
    rig, root = CameraRig(tuple(cameras)), tmp_path / dataset
    keypoints = {}
    for frame, views in enumerate(detected(rig, poses), first):
        for name in rig.names:
            path = root / f'Camera{name}' / image.format(name, frame)
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), np.full((SIZE[1], SIZE[0], 3), 80, np.uint8))
            keypoints[f'{name}_{frame}'] = [{'pred': person} for person in views[name]]
    calibration = root / f'calibration_{dataset}.json'
    write_rig(rig, calibration, 'campus')
    write_pickle(root / 'pred.pkl', keypoints)
    command = [sys.executable, DEMO, share('configs') / 'ours' / 'keypoint_prior_ours.py']
    command += ['mmpose-ours://keypoint_prior', '--img-root', root, '--dataset', dataset]
    command += ['--camera-param-file', calibration, '--keypoints', root / 'pred.pkl']
    command += ['--out-img-root', tmp_path / 'vis', '--device', 'cpu']
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / 'vis' / 'frames').glob('*.png'))) == 2
    found = read_predictions(tmp_path / 'vis' / 'people.json')
    assert [(f, len(people)) for f, people in found.frames.items()] == [(350, 2), (351, 2)]


@pytest.mark.slow
def test_the_video_demo_makes_a_film(folder, tmp_path):
    root, _ = folder
    for view in range(3):
        path = str(tmp_path / f'cam{view}.avi')
        video = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*'MJPG'), 20, SIZE)
        for _ in range(FRAMES):
            video.write(np.full((SIZE[1], SIZE[0], 3), 80, np.uint8))
        video.release()
    command = [sys.executable, DEMO.with_name('multiview_video_demo.py')]
    command += [share('configs') / 'ours' / 'triangulation_ours.py', 'mmpose-ours://none']
    command += ['--video-root', tmp_path, '--keypoints', root / 'keypoints_2d.json', '--smooth']
    command += ['--camera-param-file', root / 'camera_parameters.json', '--out', tmp_path / 'out']
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    film = cv2.VideoCapture(str(tmp_path / 'out' / 'people.mp4'))
    assert film.get(cv2.CAP_PROP_FRAME_COUNT) == FRAMES
    assert film.get(cv2.CAP_PROP_FPS) == pytest.approx(20)
    found = read_predictions(tmp_path / 'out' / 'people.json')
    assert [len(people) for people in found.frames.values()] == [2] * FRAMES
    assert found.fps == pytest.approx(20)


def test_nobody_found_is_explained_and_reported_by_the_exit_status(folder, tmp_path, capsys):
    root, _ = folder
    empty = {f'{f:06}': {f'cam{v}': np.zeros((0, 17, 3)) for v in range(3)} for f in range(2)}
    write_detections(tmp_path / 'empty.json', empty)
    rig = root / 'camera_parameters.json'
    out = tmp_path / 'out'
    code = _run('--rig', rig, '--keypoints', tmp_path / 'empty.json', '--out', out)
    said = capsys.readouterr().out
    assert code == 1
    assert 'nobody was found. Why?' in said and 'the 2D detector found nobody' in said


def test_bad_words_are_reported(folder, tmp_path, capsys):
    root, _ = folder
    rig = ['--rig', root / 'camera_parameters.json', '--out', tmp_path / 'out']
    assert _run(*rig) == 2
    assert 'give --img-root, --keypoints, or both' in capsys.readouterr().err
    assert _run(*rig, '--img-root', root, '--frame-offsets', 'cam1') == 2
    assert "'cam1', expected CAMERA=N" in capsys.readouterr().err
    if importlib.util.find_spec('mediapipe') is None:
        (root / 'keypoints_2d.json').unlink()
        assert _run(*rig, '--img-root', root) == 2
        assert 'mmpose-ours[mediapipe]' in capsys.readouterr().err
    assert not (tmp_path / 'out' / 'people.json').exists()


class Still:
    """Finds the people of a walk in the order of its images, and counts these."""

    name, version = 'still', '1'
    looked = 0

    def __init__(self, model=None):
        found = detected(room_rig(3), walk()[:FRAMES])
        self._people = [views[camera] for views in found for camera in room_rig(3).names]

    def detect(self, images):
        found = [self._people[(Still.looked + k) % len(self._people)] for k in range(len(images))]
        Still.looked += len(images)
        return found


@pytest.fixture
def detecting(folder, monkeypatch, tmp_path):
    """A recording without keypoints, and the words that have them detected."""
    root, _ = folder
    (root / 'keypoints_2d.json').unlink()
    monkeypatch.setitem(DETECTORS, 'still', (__name__, 'Still', 'for tests'))
    monkeypatch.setattr(Still, 'looked', 0)
    config = share('configs') / 'ours' / 'triangulation_ours.py'
    words = ['--rig', root / 'camera_parameters.json', '--img-root', root, '--config', config]
    return root, [*words, '--detector', 'still', '--out', tmp_path / 'out']


def test_keypoints_are_kept_where_the_user_says(detecting, tmp_path, capsys):
    root, words = detecting
    kept = tmp_path / 'elsewhere' / 'k.npz'
    before = sorted(root.rglob('*'))
    for _ in range(2):
        assert _run(*words, '--no-page', '--keep-keypoints', kept) == 0
        assert Still.looked == 3 * FRAMES
    assert made_here(kept) and sorted(root.rglob('*')) == before
    given = ['--keypoints', kept, '--keep-keypoints', tmp_path / 'other.json']
    assert _run(*words, *given) == 2
    assert '--keep-keypoints' in capsys.readouterr().err


@pytest.mark.parametrize('known', [0, FRAMES])
def test_images_on_a_read_only_disk(detecting, tmp_path, monkeypatch, capsys, known):
    """What was kept beside them before the disk was closed is not detected again."""
    root, words = detecting
    if known:
        assert _run(*words, '--no-page') == 0 and (root / 'keypoints_2d.json').exists()
        capsys.readouterr()
    before = sorted(root.rglob('*'))
    writable = keypoint_files.is_writable
    monkeypatch.setattr(
        keypoint_files, 'is_writable', lambda p: root not in p.parents and writable(p)
    )
    for _ in range(2):
        assert _run(*words, '--no-page') == 0
        assert Still.looked == 3 * FRAMES
        assert str(tmp_path / 'out' / 'keypoints_2d.json') in capsys.readouterr().out
    assert made_here(tmp_path / 'out' / 'keypoints_2d.json')
    assert sorted(root.rglob('*')) == before


def test_an_output_folder_in_use_is_refused(detecting, tmp_path, monkeypatch, capsys):
    _, words = detecting
    monkeypatch.setenv(locks.VARIABLE, '0')
    code = (
        'import sys; from mmpose_ours.io.disk.locks import hold_folder as h; h(sys.argv[1], "x")\n'
    )
    code += 'print(1, flush=True); sys.stdin.readline()'
    command = [sys.executable, '-c', code, str(tmp_path / 'out')]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        assert _run(*words) == 2
        assert f'pid {other.pid}' in capsys.readouterr().err
        other.kill()
    assert Still.looked == 0 and not (tmp_path / 'out' / 'people.json').exists()
    assert _run(*words, '--no-page') == 0


def test_a_run_that_ends_before_its_page_leaves_none_of_another(detecting, tmp_path, monkeypatch):
    _, words = detecting
    assert _run(*words) == 0
    out = tmp_path / 'out'

    def die(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(visualize, 'visualize', die)
    assert _run(*words) == 130
    assert [p.name for p in out.iterdir()] == ['people.json']
