"""What ``predict`` says of recordings with one thing wrong each."""

import dataclasses
import tracemalloc

import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='predicting needs torch')
pytest.importorskip('mmengine', reason='predicting needs MMEngine')

import cv2  # noqa: E402
from bar_images import BarReader, image  # noqa: E402
from small_disk import small_disk  # noqa: E402
from walking import detected, room_rig, walk  # noqa: E402

import mmpose_ours.detectors  # noqa: E402
from mmpose_ours.calibration import write_rig  # noqa: E402
from mmpose_ours.calibration.checks import recording_report  # noqa: E402
from mmpose_ours.cli.main import main  # noqa: E402
from mmpose_ours.detections import write_detections  # noqa: E402
from mmpose_ours.geometry.rig import CameraRig  # noqa: E402
from mmpose_ours.io.package_files import share  # noqa: E402
from mmpose_ours.predictions import writing as predictions_writer  # noqa: E402
from mmpose_ours.predictions.reading import read_predictions  # noqa: E402

FRAMES, SMALL = 20, (320, 180)
QUICK = ['--config', share('configs') / 'ours' / 'triangulation_ours.py', '--no-page']


def _small_rig():
    """The scene's cameras with a quarter of their width, whose images decode at once."""
    smaller = np.diag([1 / 4, 1 / 4, 1])
    cameras = (dataclasses.replace(c, K=smaller @ c.K, size=SMALL) for c in room_rig())
    return CameraRig(tuple(cameras))


def _wrong(rig):
    """Another site's calibration that happens to have the same names."""
    names = ('cam2', 'cam3', 'cam1', 'cam0')
    moved = (
        dataclasses.replace(camera, name=name, t_w2c=camera.t_w2c + (700, 300, 0))
        for name, camera in zip(names, rig)
    )
    return CameraRig(tuple(moved))


@pytest.fixture(scope='module')
def people():
    rig = room_rig()
    return rig, detected(rig, walk(frames=60))


def _predict(folder, rig, keypoints, *more):
    write_rig(rig, folder / 'rig.json', 'panoptic')
    write_detections(folder / 'k.json', {str(i): views for i, views in enumerate(keypoints)})
    words = ['--rig', folder / 'rig.json', '--keypoints', folder / 'k.json', '--no-page']
    return main(['predict', *map(str, [*words, '--out', folder / 'out', *more])])


def _late(views, camera='cam2', frames=10):
    return [
        {**views[i], camera: views[i - frames][camera]} for i in range(frames, len(views))
    ]  # fmt: skip


@pytest.mark.parametrize(
    ('broken', 'code', 'sentence'),
    [
        pytest.param(
            lambda rig, views: (rig, [{n: p[:0] for n, p in v.items()} for v in views[:5]]),
            1, 'likely cause: the 2D detector found nobody in any image', id='no people',
        ),
        pytest.param(
            lambda rig, views: (_wrong(rig), views),
            0, 'check that the keypoints belong to these cameras and this calibration',
            id='wrong rig',
        ),
        pytest.param(
            lambda rig, views: (rig, [{**v, 'cam0': v['cam1'], 'cam1': v['cam0']} for v in views]),
            0, "size if cameras 'cam0' and 'cam1' are exchanged", id='swapped cameras',
        ),
        pytest.param(
            lambda rig, views: (rig, _late(views)),
            0, 'next: run again with --frame-offsets cam2=10', id='videos shifted',
        ),
    ],
)  # fmt: skip
def test_nonsense_is_reported(people, tmp_path, capsys, broken, code, sentence):
    rig, keypoints = broken(*people)
    assert _predict(tmp_path, rig, keypoints) == code
    said = capsys.readouterr().out
    assert sentence in said
    assert code == 1 or 'warning: people were found, but something is wrong' in said


def test_what_is_right_is_not_doubted_and_offsets_bring_keypoints_together(
    people, tmp_path, capsys
):
    rig, views = people
    assert _predict(tmp_path, rig, _late(views), '--frame-offsets', 'cam2=10') == 0
    assert 'warning' not in capsys.readouterr().out
    found = read_predictions(tmp_path / 'out' / 'people.json')
    assert [len(found.frames[frame].xyz_mm) for frame in range(30)] == [2] * 30


@pytest.fixture()
def site(tmp_path, monkeypatch):
    """A folder with a calibration, and a detector that knows its images."""
    rig = _small_rig()
    write_rig(rig, tmp_path / 'rig.json', 'panoptic')
    reader = BarReader(detected(rig, walk(frames=25), noise_px=0.5))
    monkeypatch.setattr(mmpose_ours.detectors, 'detector', lambda name: reader)
    return tmp_path


def _images(site, frames=FRAMES):
    for view in range(4):
        (site / f'cam{view}').mkdir()
        for frame in range(frames):
            path = site / f'cam{view}' / f'{frame:05}.png'
            cv2.imwrite(str(path), image(view, frame, SMALL))


def _predict_site(site, *more):
    words = ['--rig', site / 'rig.json', '--img-root', site, '--out', site / 'out', *more]
    return main(['predict', *map(str, words)])


def _found(site):
    frames = read_predictions(site / 'out' / 'people.json').frames
    return [len(frames[frame]) for frame in range(len(frames))]


def test_a_video_that_ends_is_reported_and_the_others_go_on(site, capsys):
    for view in range(4):
        code = cv2.VideoWriter_fourcc(*'MJPG')
        video = cv2.VideoWriter(str(site / f'cam{view}.avi'), code, 25, SMALL)
        for frame in range(12 if view == 3 else FRAMES):
            video.write(image(view, frame, SMALL))
        video.release()
    assert _predict_site(site) == 0
    said = capsys.readouterr().out
    assert "note    camera 'cam3' shows nothing from frame 12 on; the others go on" in said
    assert 'cam3: 12); frame n of each' in said and '2D takes ' in said
    assert _found(site) == [2] * FRAMES


def test_images_that_lack_or_break_are_reported_and_the_others_go_on(site, capsys):
    _images(site)
    for frame in range(15, FRAMES):
        (site / 'cam1' / f'{frame:05}.png').unlink()
    whole = site / 'cam3' / '00004.png'
    whole.write_bytes(whole.read_bytes()[:60])
    assert _predict_site(site) == 0
    said = capsys.readouterr().out
    assert 'some cameras lack an image (cam1: 5); these frames go on without them' in said
    assert "warning: camera 'cam3':" in said and '00004.png' in said
    assert _found(site) == [2] * FRAMES


def test_offsets_cannot_shift_what_was_detected_frame_by_frame(site, capsys):
    _images(site, frames=6)
    assert _predict_site(site, '--frame-offsets', 'cam2=1') == 0
    assert _predict_site(site, '--frame-offsets', 'cam2=1') == 0  # known now, and drawn as known
    assert 'detected again' not in capsys.readouterr().out
    known = ['--keypoints', site / 'keypoints_2d.json']
    assert _predict_site(site, '--frame-offsets', 'cam2=1', *known) == 2
    assert 'so --frame-offsets cannot shift it; leave --keypoints out' in capsys.readouterr().err


def test_other_resolutions_are_refused(site, capsys):
    _images(site, frames=3)
    cv2.imwrite(str(site / 'cam2' / '00001.png'), np.zeros((270, 480, 3), np.uint8))
    assert _predict_site(site) == 2
    reported = capsys.readouterr().err
    assert "frame 1: the image of camera 'cam2' is 480x270, but the camera was" in reported
    assert 'calibrated at 320x180; use images of the calibrated size' in reported
    assert not list((site / 'out').glob('*'))


def test_a_full_disk_leaves_no_half_file(site, capsys, monkeypatch):
    _images(site)
    small_disk(monkeypatch, predictions_writer, 8_000)
    assert _predict_site(site) == 2
    reported = capsys.readouterr().err
    assert f'{site / "out" / "people.json"}: no space left' in reported and 'make room' in reported
    assert list((site / 'out').iterdir()) == []


def test_memory_does_not_grow_with_the_run(site, monkeypatch):
    def peak(frames):
        """Bytes at most while the command runs."""
        root = site / str(frames)
        (root / 'images').mkdir(parents=True)
        for view in range(4):
            code = cv2.VideoWriter_fourcc(*'MJPG')
            video = cv2.VideoWriter(str(root / 'images' / f'cam{view}.avi'), code, 25, SMALL)
            for frame in range(frames):
                video.write(image(view, frame, SMALL))
            video.release()
        words = ['--rig', site / 'rig.json', '--img-root', root / 'images', '--out', root, *QUICK]
        tracemalloc.start()
        assert main(['predict', *map(str, words)]) == 0
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    # Frames that the diagnosis keeps, elsewhere 160.
    for limit in ('MAX_CONSECUTIVE', 'MAX_SAMPLED'):
        monkeypatch.setattr(recording_report, limit, 5)
    peak(5)
    few, many = peak(20), peak(120)
    # To keep a frame's keypoints would take 3,000 bytes, its people as many.
    assert many < few + 100 * 2_500
