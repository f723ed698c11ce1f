"""Images drawn by OpenCV's own projection, rendered again and measured."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmpose_ours.calibration import read_rig, write_rig
from mmpose_ours.cli import main as cli
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.recordings import remapping as rerender

ROOT = Path(__file__).resolve().parents[2]
SIZE = (320, 240)
DIST = (-0.25, 0.08, 0.001, -0.002, 0.01)
FISHEYE = (0.05, -0.01, 0.002, -0.0005)
POINTS = np.array([[x, y, z] for x in (-700, 0, 700) for y in (-700, 0, 700) for z in (600, 1400)],
                  dtype=float)  # fmt: skip


def rig_of(names=('left', 'right'), dist=DIST, lens='opencv', size=SIZE):
    cameras = []
    for i, name in enumerate(names):
        angle = 2 * np.pi * i / len(names) + 0.4
        at = (3500 * np.cos(angle), 3500 * np.sin(angle), 2000)
        upright = Camera.looking_at(name, at, (0, 0, 1000), 210, SIZE)
        cameras.append(dataclasses.replace(upright, dist=dist, lens=lens, size=size))
    return CameraRig(tuple(cameras))


def dots(camera, points=POINTS):
    """An image of bright dots where OpenCV projects the points: (H, W) uint8."""
    rvec = cv2.Rodrigues(camera.R_w2c)[0]
    if camera.lens == 'fisheye':
        uv = cv2.fisheye.projectPoints(points.reshape(-1, 1, 3), rvec, camera.t_w2c, camera.K,
                                       camera.dist)[0]  # fmt: skip
    else:
        uv = cv2.projectPoints(points, rvec, camera.t_w2c, camera.K, camera.dist)[0]
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
    image = np.zeros(SIZE[::-1])
    for u, v in uv.reshape(-1, 2):
        image = np.maximum(image, np.exp(-((columns - u) ** 2 + (rows - v) ** 2) / (2 * 1.7**2)))
    return np.round(240 * image).astype(np.uint8)


def off_px(image, camera, points=POINTS):
    """How far (px) the dots lie from where a camera projects the points, those well inside."""
    image = image.astype(float) if image.ndim == 2 else image.mean(-1)
    image[image < 12] = 0  # what a lossy codec leaves around dots
    off = []
    for u, v in camera.project(points)[0]:
        column, row = int(round(u)), int(round(v))
        others = np.linalg.norm(camera.project(points)[0] - (u, v), axis=-1)
        if not (8 <= column < SIZE[0] - 8 and 8 <= row < SIZE[1] - 8) or (others < 14).sum() > 1:
            continue
        window = image[row - 6 : row + 7, column - 6 : column + 7]
        assert window.max() > 100, f'no dot near {u:.0f}, {v:.0f}'
        rows, columns = np.mgrid[row - 6 : row + 7, column - 6 : column + 7]
        center = np.array([(columns * window).sum(), (rows * window).sum()]) / window.sum()
        off.append(np.linalg.norm(center - (u, v)))
    assert len(off) >= 8
    return max(off)


def write_images(rig, folder, frames=2):
    for camera in rig:
        (folder / camera.name).mkdir(parents=True)
        for frame in range(frames):
            assert cv2.imwrite(str(folder / camera.name / f'{frame:04d}.png'), dots(camera))


def write_video(path, image, frames=7, fps=12.5, codec='MJPG'):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), fps, SIZE)
    assert writer.isOpened()
    for _ in range(frames):
        writer.write(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR))
    writer.release()


def undistort(tmp_path, *args, rig='rig.json'):
    """The command on tmp_path's rig, images and out folder."""
    return cli.main(['undistort', str(tmp_path / rig), str(tmp_path / 'in'), str(tmp_path / 'out'),
                     *args])  # fmt: skip


@pytest.fixture
def recording(tmp_path):
    rig = rig_of()
    write_rig(rig, tmp_path / 'rig.json', 'panoptic')
    write_images(rig, tmp_path / 'in')
    return rig


def files_in(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob('*') if p.is_file())


@pytest.mark.parametrize('keep', ['focal', 'all', 'valid'])
def test_points_land_where_the_written_pinhole_rig_projects_them(tmp_path, recording, keep):
    assert undistort(tmp_path, '--keep', keep) == 0
    new = read_rig(tmp_path / 'out' / 'camera_parameters.json', 'panoptic')
    assert new.names == recording.names
    assert files_in(tmp_path / 'out') == sorted(
        ['camera_parameters.json', *files_in(tmp_path / 'in')]
    )
    for camera, old in zip(new, recording):
        assert not camera.dist.any() and camera.K[0, 1] == 0 and camera.lens == 'opencv'
        np.testing.assert_allclose(camera.center_w, old.center_w, atol=1e-6)
        image = cv2.imread(str(tmp_path / 'out' / camera.name / '0001.png'), cv2.IMREAD_UNCHANGED)
        assert image.dtype == np.uint8 and image.shape == SIZE[::-1]  # grey stays grey
        assert off_px(image, camera) < 0.1
    # The measure can fail: where the lens had them they are pixels off.
    before = cv2.imread(str(tmp_path / 'in' / 'left' / '0001.png'), cv2.IMREAD_UNCHANGED)
    with pytest.raises(AssertionError):
        assert off_px(before, new['left']) < 0.3


def test_a_fisheye_that_no_panoptic_json_holds(tmp_path):
    rig = rig_of(dist=FISHEYE, lens='fisheye')
    write_images(rig, tmp_path / 'in')
    from mmpose_ours.cli.undistort import undistort as call

    results = call(rig, tmp_path / 'in', tmp_path / 'out')
    assert [result.images for result in results] == [2, 2]
    new = read_rig(tmp_path / 'out' / 'camera_parameters.json')
    for camera in new:
        image = cv2.imread(str(tmp_path / 'out' / camera.name / '0000.png'))
        assert off_px(image, camera) < 0.1


@pytest.mark.parametrize(('ending', 'codec'), [('.avi', 'MJPG'), ('.mp4', 'mp4v')])
def test_videos_keep_frames_and_rate(tmp_path, ending, codec, capsys):
    rig = rig_of()
    write_rig(rig, tmp_path / 'rig.json', 'panoptic')
    (tmp_path / 'in').mkdir()
    for camera in rig:
        write_video(tmp_path / 'in' / f'{camera.name}{ending}', dots(camera), codec=codec)
    assert undistort(tmp_path, '--json') == 0
    report = json.loads(capsys.readouterr().out)
    assert [camera['images'] for camera in report['cameras']] == [7, 7]
    new = read_rig(tmp_path / 'out' / 'camera_parameters.json')
    for camera in new:
        capture = cv2.VideoCapture(str(tmp_path / 'out' / f'{camera.name}{ending}'))
        assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(12.5)
        frames = []
        while True:
            decoded, frame = capture.read()
            if not decoded:
                break
            frames.append(frame)
        assert len(frames) == 7
        assert off_px(frames[3], camera) < 0.3
    assert files_in(tmp_path / 'out') == sorted(
        ['camera_parameters.json', f'left{ending}', f'right{ending}']
    )


def test_flat_folder_where_one_name_begins_another(tmp_path):
    rig = rig_of(('cam', 'cam_b'))
    write_rig(rig, tmp_path / 'rig.json', 'panoptic')
    (tmp_path / 'in').mkdir()
    for camera in rig:
        cv2.imwrite(str(tmp_path / 'in' / f'{camera.name}_0001.png'), dots(camera))
    assert undistort(tmp_path) == 0
    new = read_rig(tmp_path / 'out' / 'camera_parameters.json')
    for camera in new:
        assert off_px(cv2.imread(str(tmp_path / 'out' / f'{camera.name}_0001.png')), camera) < 0.1


def test_sixteen_bits_stay(tmp_path, recording):
    for path in (tmp_path / 'in').rglob('*.png'):
        cv2.imwrite(str(path), dots(recording[path.parent.name]).astype(np.uint16) * 257)
    assert undistort(tmp_path) == 0
    image = cv2.imread(str(tmp_path / 'out' / 'left' / '0000.png'), cv2.IMREAD_UNCHANGED)
    assert image.dtype == np.uint16 and image.max() > 50_000


def test_a_size_that_the_calibration_does_not_say_is_that_of_the_images(tmp_path, recording):
    write_rig(rig_of(size=None), tmp_path / 'rig.json', 'campus')
    assert undistort(tmp_path) == 0
    assert read_rig(tmp_path / 'out' / 'camera_parameters.json')['left'].size == SIZE


@pytest.mark.parametrize(
    ('size', 'fix'),
    [
        ((160, 120), r'--scale-intrinsics 160x120'),
        ((240, 320), r'turn the images by 90 degrees'),
        ((320, 200), r'give the full images'),
    ],
)
def test_another_size_than_the_calibration_s(tmp_path, recording, capsys, size, fix):
    cv2.imwrite(str(tmp_path / 'in' / 'right' / '0000.png'), np.zeros(size[::-1], np.uint8))
    assert undistort(tmp_path) == 2
    err = capsys.readouterr().err
    assert f'is {size[0]}x{size[1]}' in err and "'right' was calibrated for 320x240" in err
    assert fix in err and '0000.png' in err
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('how', ['cut', 'text', 'empty', 'size'])
@pytest.mark.parametrize('ending', ['.png', '.jpg'])
def test_a_broken_image_is_left_out_and_named(tmp_path, recording, capsys, how, ending):
    path = tmp_path / 'in' / 'left' / f'0002{ending}'
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 255, SIZE[::-1], np.uint8))
    content = path.read_bytes()
    if how == 'size':
        cv2.imwrite(str(path), np.zeros((120, 160), np.uint8))
    else:
        path.write_bytes({'cut': content[: len(content) // 2], 'text': b'none', 'empty': b''}[how])
    assert undistort(tmp_path) == 1
    said = capsys.readouterr()
    assert f'warning: {path}: ' in said.err and '1 warnings' in said.err
    assert files_in(tmp_path / 'out' / 'left') == ['0000.png', '0001.png']
    assert (tmp_path / 'out' / 'camera_parameters.json').is_file()


def test_nothing_that_can_be_decoded(tmp_path, recording, capsys):
    for path in (tmp_path / 'in' / 'left').iterdir():
        path.write_bytes(b'none')
    assert undistort(tmp_path) == 2
    assert 'none of 2 images can be decoded; the last: ' in capsys.readouterr().err


def test_a_video_that_is_none_and_one_that_breaks_off(tmp_path, capsys):
    rig = rig_of()
    write_rig(rig, tmp_path / 'rig.json', 'panoptic')
    (tmp_path / 'in').mkdir()
    left, right = (tmp_path / 'in' / f'{name}.avi' for name in rig.names)
    write_video(left, dots(rig['left']), frames=40)
    right.write_bytes(b'none')
    assert undistort(tmp_path) == 2
    assert f'{right}: is no video' in capsys.readouterr().err
    write_video(right, dots(rig['right']), frames=40)
    content = left.read_bytes()
    left.write_bytes(content[: len(content) // 2])
    assert undistort(tmp_path) == 1
    err = capsys.readouterr().err
    assert f'warning: {left}: only ' in err and 'of 40 frames can be decoded' in err


def test_a_codec_that_is_not_there(tmp_path, capsys):
    rig = rig_of()
    write_rig(rig, tmp_path / 'rig.json', 'panoptic')
    (tmp_path / 'in').mkdir()
    for camera in rig:
        write_video(tmp_path / 'in' / f'{camera.name}.avi', dots(camera))
    assert undistort(tmp_path, '--codec', 'Q?!x') == 2
    err = capsys.readouterr().err
    assert "cannot write .avi with codec 'Q?!x' at 12.5 frames per second" in err
    assert '--codec' in err
    assert files_in(tmp_path / 'out') == []


def test_missing_camera_and_folder(tmp_path, recording, capsys):
    for path in (tmp_path / 'in' / 'right').iterdir():
        path.unlink()
    assert undistort(tmp_path) == 2
    assert "no images of camera 'right'; name the folder" in capsys.readouterr().err
    assert undistort(tmp_path, '--cameras', 'left') == 0
    assert 'only one camera' in capsys.readouterr().err
    os.rename(tmp_path / 'in', tmp_path / 'elsewhere')
    assert undistort(tmp_path) == 2
    assert 'no such folder of images or videos' in capsys.readouterr().err


def test_what_is_there_is_kept_unless_said(tmp_path, recording, capsys):
    assert undistort(tmp_path) == 0
    capsys.readouterr()
    assert undistort(tmp_path, '--keep', 'all') == 2
    assert 'out: is not empty; name another folder, or say --overwrite' in capsys.readouterr().err
    assert undistort(tmp_path, '--keep', 'all', '--overwrite') == 0
    new = read_rig(tmp_path / 'out' / 'camera_parameters.json')
    assert off_px(cv2.imread(str(tmp_path / 'out' / 'left' / '0000.png')), new['left']) < 0.1
    # Images of the run before, which the new rig does not fit, must not stay unseen.
    (tmp_path / 'in' / 'left' / '0001.png').unlink()
    assert undistort(tmp_path, '--overwrite') == 2
    assert '0001.png: stands in' in capsys.readouterr().err


@pytest.mark.parametrize('target', ['in', 'in/left', 'in/left/new'])
def test_originals_are_never_written_over(tmp_path, recording, capsys, target):
    before = (tmp_path / 'in' / 'left' / '0000.png').read_bytes()
    args = ['undistort', str(tmp_path / 'rig.json'), str(tmp_path / 'in'), str(tmp_path / target)]
    assert cli.main([*args, '--overwrite']) == 2
    assert 'holds the original images' in capsys.readouterr().err
    assert (tmp_path / 'in' / 'left' / '0000.png').read_bytes() == before


@pytest.mark.parametrize('link', ['folder', 'above', 'images'])
def test_originals_behind_a_link_are_never_written_over(tmp_path, recording, capsys, link):
    (tmp_path / 'out').mkdir()
    originals = tmp_path / 'in'
    if link == 'folder':
        (tmp_path / 'out' / 'left').symlink_to(originals / 'left')
    elif link == 'above':
        (tmp_path / 'out' / 'right').symlink_to(originals)
    else:  # the recording is made of links to images in OUT
        os.rename(originals / 'left', tmp_path / 'out' / 'left')
        (originals / 'left').mkdir()
        for path in (tmp_path / 'out' / 'left').iterdir():
            (originals / 'left' / path.name).symlink_to(path)
    before = {path: path.read_bytes() for path in originals.rglob('*.png')}
    assert undistort(tmp_path, '--overwrite') == 2
    assert 'holds the original images, which would be lost' in capsys.readouterr().err
    assert before == {path: path.read_bytes() for path in originals.rglob('*.png')}
    assert len(before) == 4 and not (tmp_path / 'out' / 'camera_parameters.json').exists()


def test_links_to_other_folders_are_followed(tmp_path, recording):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'large disk').mkdir()
    (tmp_path / 'out' / 'left').symlink_to(tmp_path / 'large disk')
    assert undistort(tmp_path, '--overwrite') == 0
    assert files_in(tmp_path / 'large disk') == ['0000.png', '0001.png']


@pytest.mark.parametrize('named', ['out', 'out/camera_parameters.json'])
def test_the_calibration_of_the_originals_is_never_written_over(tmp_path, recording, capsys, named):
    (tmp_path / 'out').mkdir()
    write_rig(recording, tmp_path / 'out' / 'camera_parameters.json', 'panoptic')
    before = (tmp_path / 'out' / 'camera_parameters.json').read_bytes()
    assert undistort(tmp_path, '--overwrite', rig=named) == 2
    assert 'is the calibration of the original images' in capsys.readouterr().err
    assert (tmp_path / 'out' / 'camera_parameters.json').read_bytes() == before


def test_what_a_killed_run_and_macos_leave_behind_is_no_image(tmp_path, recording, capsys):
    (tmp_path / 'in' / 'left' / '._0000.png').write_bytes(b'macOS')
    (tmp_path / 'in' / 'left' / '.take.abc.mp4').write_bytes(b'half')
    assert undistort(tmp_path) == 0
    assert files_in(tmp_path / 'out' / 'left') == ['0000.png', '0001.png']


def test_a_view_too_wide_names_the_way_out(tmp_path, recording, capsys, monkeypatch):
    monkeypatch.setattr('mmpose_ours.cli.undistort.pinhole.MAX_TANGENT', 0.3)
    assert undistort(tmp_path, '--keep', 'all') == 2
    assert '--keep focal' in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


@pytest.mark.skipif(os.name != 'posix', reason='limits the size of files as POSIX does')
@pytest.mark.parametrize('kind', ['images', 'videos'])
def test_full_disk_leaves_no_half_file(tmp_path, kind):
    rig = rig_of()
    write_rig(rig, tmp_path / 'rig.json', 'panoptic')
    (tmp_path / 'in').mkdir()
    noise = np.random.default_rng(0).integers(0, 255, SIZE[::-1], dtype=np.uint8)
    for camera in rig:
        if kind == 'images':
            (tmp_path / 'in' / camera.name).mkdir()
            cv2.imwrite(str(tmp_path / 'in' / camera.name / '0.png'), noise)
        else:
            write_video(tmp_path / 'in' / f'{camera.name}.avi', noise, frames=20)
    code = (
        'import resource, sys\n'
        'resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))\n'
        'from mmpose_ours.cli.main import main\n'
        "sys.exit(main(['undistort', 'rig.json', 'in', 'out']))\n"
    )
    done = subprocess.run([sys.executable, '-c', code], cwd=tmp_path, text=True,
                          env={**os.environ, 'PYTHONPATH': str(ROOT)}, capture_output=True,
                          timeout=60)  # fmt: skip
    assert done.returncode == 2, done.stderr
    said = done.stderr.strip().splitlines()[-1]
    assert said.startswith('mmpose-ours: error: out/left')
    assert 'file too large' in said or 'as on a full disk' in said
    assert files_in(tmp_path / 'out') == []


def test_short_of_an_estimate_is_not_short():
    assert not rerender.is_short(99, 100) and not rerender.is_short(995, 1000)
    assert not rerender.is_short(100, 0) and rerender.is_short(90, 100)
