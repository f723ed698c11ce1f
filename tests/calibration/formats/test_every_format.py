"""What holds for every format and every pair of formats, on rigs made at random.

The judge is OpenCV: 1,000 points projected before and after.
"""

import contextlib
import dataclasses
import itertools
import json

import cv2
import numpy as np
import pytest
from calibration_rigs import people_points
from call_counts import counted_calls
from errors import fails
from format_samples import (
    LAYOUTS,
    MAKERS,
    WORLDS,
    WRITTEN,
    format_of,
    image_size,
    sample,
    sample_rig,
)

from mmpose_ours.calibration import (
    FORMATS,
    CalibrationError,
    convert_calibration,
    read_rig,
    recognise_format,
    write_rig,
)
from mmpose_ours.calibration.format_table import GENERIC, writable_formats, written_world
from mmpose_ours.calibration.parsing.source import Source
from mmpose_ours.calibration.world_axes import Z_UP_FROM
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.disk.files import MM_PER_UNIT

EXPECTED_FORMATS = {*WRITTEN, *MAKERS}
# Whose files name cameras by number or side, and whose world is that of the first camera.
RENAMED = ('caliscope', 'mccalib', 'matlab', 'aist', 'human36m')
OF_FIRST_CAMERA = ('kalibr', 'mccalib', 'matlab')
MAX_PX = 1e-3

LENSES = {
    'no lens': ('opencv', lambda rng: np.zeros(5)),
    'four coefficients': ('opencv', lambda rng: rng.normal(0, (0.1, 0.05, 1e-3, 1e-3))),
    'five coefficients': ('opencv', lambda rng: rng.normal(0, (0.1, 0.05, 1e-3, 1e-3, 0.02))),
    'rational': (
        'opencv',
        lambda rng: rng.normal(0, (0.1, 0.05, 1e-3, 1e-3, 0.02, 0.05, 0.02, 0.01)),
    ),
    'thin prism': ('opencv', lambda rng: rng.normal(0, [0.05, 0.02] + [1e-3] * 10)),
    'fisheye': ('fisheye', lambda rng: rng.normal(0, (0.02, 0.01, 5e-3, 1e-3))),
}


def random_rig(seed, lens, skew=0.0, sized=True, focal_px=900):
    """Cameras around people, each rolled, tilted and shifted a little, no two alike."""
    rng = np.random.default_rng(seed)
    model, draw = LENSES[lens]
    cameras = []
    for i in range(3):
        angle = 2 * np.pi * i / 3 + rng.uniform(-0.3, 0.3)
        place = (*(rng.uniform(3000, 6000) * np.array([np.cos(angle), np.sin(angle)])),
                 rng.uniform(800, 3500))  # fmt: skip
        size = [(1920, 1080), (1080, 1920), (1032, 776)][rng.integers(3)]
        at = Camera.looking_at('x', place, rng.normal((0, 0, 1000), 300), focal_px, size)
        roll = cv2.Rodrigues(rng.normal(0, 0.05, 3))[0]
        K = at.K + [[rng.normal(0, 60), skew, rng.normal(0, 15)],
                    [0, rng.normal(0, 60), rng.normal(0, 15)], [0, 0, 0]]  # fmt: skip
        name = ['cam_1', 'left', '02'][i]
        R, t = roll @ at.R_w2c, roll @ at.t_w2c
        cameras.append(Camera(name, K, R, t, size if sized else None, draw(rng), model))
    return CameraRig(tuple(cameras))


def opencv_pixels(camera, points):
    """(N, 2) by OpenCV alone; only points well inside the lens's range."""
    rvec = cv2.Rodrigues(camera.R_w2c)[0]
    if camera.lens == 'fisheye':
        xyz = points @ camera.R_w2c.T + camera.t_w2c
        K = camera.K.copy()
        skew, K[0, 1] = K[0, 1] / K[0, 0], 0
        uv = cv2.fisheye.projectPoints(xyz[:, None], np.zeros(3), np.zeros(3), K, camera.dist,
                                       alpha=skew)  # fmt: skip
        return uv[0][:, 0]
    uv = cv2.projectPoints(points, rvec, camera.t_w2c, camera.K, camera.dist)[0][:, 0]
    # cv2.projectPoints ignores skew.
    return uv + np.outer((uv[:, 1] - camera.K[1, 2]) / camera.K[1, 1], [camera.K[0, 1], 0])


def assert_same_images(rig, other):
    points = people_points()
    assert rig.names == other.names
    for a, b in zip(rig, other):
        assert a.size == b.size
        off = np.abs(opencv_pixels(a, points) - opencv_pixels(b, points))
        assert off[a.project(points)[1]].max() < MAX_PX, a.name


def target(folder, stem, format):
    """One file for OpenCV, because a folder of files has no order of cameras."""
    return folder / (f'{stem}.yml' if format == 'opencv' else stem)


def read_back(path, format):
    unit, up = written_world(format)
    return read_rig(path, format, unit=unit, up=up)


def holds(format, rig):
    module = FORMATS[format]
    return not any(module.HOLDS.lacks(camera) for camera in rig) and not (
        module.HOLDS.needs_size and any(camera.size is None for camera in rig)
    )


def test_all_formats_are_there():
    assert set(FORMATS) == EXPECTED_FORMATS, 'each needs a sample in helpers/format_samples.py'
    assert set(writable_formats()) == set(WRITTEN)


@pytest.mark.parametrize('lens', list(LENSES))
@pytest.mark.parametrize('skew', [0.0, 2.5])
@pytest.mark.parametrize('format', sorted(WRITTEN))
def test_what_is_written_is_read_back_or_refused(tmp_path, format, lens, skew):
    for seed, sized in itertools.product(range(3), (True, False)):
        rig = random_rig(seed, lens, skew, sized)
        path = target(tmp_path, f'{seed}_{sized}', format)
        if holds(format, rig):
            write_rig(rig, path, format)
            assert_same_images(rig, read_back(path, format))
        else:
            with fails(CalibrationError, camera='cam_1', file=path) as caught:
                write_rig(rig, path, format)
            assert caught.value.code in ('missing-value', 'cannot-express')
            assert not path.exists()


@pytest.mark.parametrize(
    ('format', 'changes', 'found', 'way_out'),
    [
        ('panoptic', {'size': None}, None, 'image_size='),
        ('campus', {'K': [[900, 2.5, 500], [0, 900, 400], [0, 0, 1]]}, 'skew 2.5', 'undistort'),
        (
            'campus',
            {'dist': (0, 0, 0, 0, 0, 0.1, 0, 0)},
            'rational distortion (k4 = 0.1)',
            'undistort',
        ),
        ('colmap', {'dist': (0,) * 8 + (0.1, 0, 0, 0)}, 'distortion (s1 = 0.1)', 'undistort'),
        ('pose2sim', {'dist': (0,) * 4, 'lens': 'fisheye'}, 'a fisheye lens', 'approximate=True'),
    ],
)
def test_a_refusal_says_what_does_not_fit_and_the_way_out(
    tmp_path, format, changes, found, way_out
):
    camera = dataclasses.replace(random_rig(0, 'no lens').cameras[0], **changes)
    code = 'missing-value' if found is None else 'cannot-express'
    with fails(CalibrationError, code=code, camera='cam_1', found=found) as caught:
        write_rig(CameraRig((camera,)), tmp_path / 'rig', format)
    assert way_out in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(('first', 'second'), list(itertools.permutations(sorted(WRITTEN), 2)))
def test_every_pair_of_formats(tmp_path, first, second):
    converted = 0
    for seed, lens in enumerate(LENSES):
        rig = random_rig(seed, lens)
        if not (holds(first, rig) and holds(second, rig)):
            continue
        a, b, back = (
            target(tmp_path, f'{seed}_{word}', kind)
            for word, kind in (('a', first), ('b', second), ('back', first))
        )
        write_rig(rig, a, first)
        for source, format, made, to in ((a, first, b, second), (b, second, back, first)):
            unit, up = written_world(format)
            convert_calibration(source, made, format, to_format=to, unit=unit, up=up)
        assert_same_images(rig, read_back(b, second))
        assert_same_images(rig, read_back(back, first))
        converted += 1
    assert converted >= 2


@pytest.mark.parametrize('format', sorted(WRITTEN))
def test_what_is_written_is_recognised(tmp_path, format):
    path = target(tmp_path, 'rig', format)
    write_rig(random_rig(0, 'five coefficients'), path, format)
    assert recognise_format(path)[0] == format


# What these write into keys or by name alone; every other name must survive.
REFUSED_NAMES = {
    'opencv': {"it's", '"', '#1'},
    'easymocap': {"it's", '"', '#1'},
    'colmap': {'a b'},
}


@pytest.mark.parametrize('format', sorted(WRITTEN))
@pytest.mark.parametrize(
    'name', ['é', 'a b', "it's", 'a.b', 'a.jpg', '"', '#1', '0', 'true', 'null', '1e5']
)
def test_names_survive(tmp_path, format, name):
    cameras = random_rig(0, 'five coefficients').cameras
    named = [Camera(n, c.K, c.R_w2c, c.t_w2c, c.size, c.dist)
             for n, c in zip((name, 'plain'), cameras)]  # fmt: skip
    path = target(tmp_path, 'rig', format)
    if name in REFUSED_NAMES.get(format, ()):
        with fails(CalibrationError, code='cannot-express', camera=name):
            write_rig(CameraRig(tuple(named)), path, format)
        assert not path.exists()
        return
    write_rig(CameraRig(tuple(named)), path, format)
    assert read_back(path, format).names == (name, 'plain')


@pytest.mark.parametrize('format', sorted(WRITTEN))
def test_lenses_that_do_not_fit_can_be_approximated(tmp_path, format):
    rig = random_rig(1, 'fisheye', focal_px=1500)  # 36 degrees to the corners
    source, out = tmp_path / 'in.yml', target(tmp_path, 'out', format)
    write_rig(rig, source, 'opencv')
    done = convert_calibration(
        source, out, 'opencv', to_format=format, unit='mm', up='z', approximate=True
    )
    if holds(format, rig):
        assert not done.fits
    else:
        assert [fit.camera.name for fit in done.fits] == list(rig.names)
        assert 0 < max(fit.error_px for fit in done.fits) < 3
    back = read_back(out, format)
    points = people_points()
    for a, b, fit in zip(rig, back, done.fits):
        inside = a.in_image(a.project(points)[0])
        off = np.linalg.norm(a.project(points)[0] - b.project(points)[0], axis=-1)[inside]
        assert off.max() <= fit.error_px + MAX_PX


@pytest.mark.parametrize('format', sorted((*EXPECTED_FORMATS, *LAYOUTS)))
def test_the_same_rig_comes_out_of_every_tools_files(tmp_path, format):
    """Files made without our writers, where those exist only for reading."""
    paths = sample(format, tmp_path)
    format = format_of(format)
    unit, up = WORLDS[format]
    found = read_rig(paths, unit=unit, up=up, image_size=image_size(format))
    assert len(found) == 2
    for camera, true in zip(found, sample_rig()):
        points = people_points()
        assert camera.name == true.name or format in RENAMED
        if format == 'vicon':
            K = true.K.copy()
            K[1, 1] = K[0, 0]
            true = dataclasses.replace(true, K=K, dist=np.zeros(5))
        if format == 'egoexo4d':
            true = dataclasses.replace(true, dist=np.zeros(4), lens='fisheye')
        if format in OF_FIRST_CAMERA:
            points, true = points_of_first(points), relative_to_first(true)
        off = np.abs(opencv_pixels(camera, points) - opencv_pixels(true, points))
        assert off[true.project(points)[1]].max() < MAX_PX


def points_of_first(points):
    first = sample_rig().cameras[0]
    return points @ first.R_w2c.T + first.t_w2c


def relative_to_first(camera):
    first = sample_rig().cameras[0]
    R = camera.R_w2c @ first.R_w2c.T
    return Camera(
        camera.name, camera.K, R, camera.t_w2c - R @ first.t_w2c, camera.size, camera.dist
    )


@pytest.mark.parametrize('format', sorted((*EXPECTED_FORMATS, *LAYOUTS)))
def test_exactly_one_format_claims_a_file(tmp_path, format):
    source = Source(sample(format, tmp_path))
    claims = set()
    for name, module in FORMATS.items():
        with contextlib.suppress(CalibrationError):  # several files, of a format that is one
            claims |= {name} if module.recognise(source) else set()
    # The reader of K, R and T of any origin is asked only where no other one claims a file.
    claims -= {GENERIC} if format_of(format) != GENERIC else set()
    assert claims == {format_of(format)}
    assert recognise_format(sample(format, tmp_path))[0] == format_of(format)


@pytest.mark.parametrize('format', sorted(EXPECTED_FORMATS))
def test_what_the_file_does_not_fix_must_be_given(tmp_path, format):
    module, paths = FORMATS[format], sample(format, tmp_path)
    reported = dict(zip(('unit', 'up'), WORLDS[format]))
    for word, fixed in (('unit', module.UNIT), ('up', module.UP)):
        others = {key: value for key, value in reported.items() if key != word}
        if fixed is None:
            known = list(MM_PER_UNIT if word == 'unit' else Z_UP_FROM)
            with fails(CalibrationError, code='missing-value', expected=known) as caught:
                read_rig(paths, **others, image_size=image_size(format))
            assert f'do not say the {word} ' in str(caught.value), 'and how to say it'
            assert f"for example {word}='" in str(caught.value)
        else:
            read_rig(paths, **others, image_size=image_size(format), any_scale=True)


def test_the_work_grows_with_the_cameras_and_no_faster(tmp_path):
    """Reading, the check of what is written, and writing."""
    base = random_rig(0, 'five coefficients').cameras[0]
    write_rig(CameraRig((base,)), tmp_path / 'one.json', 'panoptic')
    one = json.loads((tmp_path / 'one.json').read_text())['cameras'][0]
    per_camera = []
    for count in (50, 500):
        entries = [{**one, 'name': f'00_{i:03d}', 't': [[i], [2 * i], [300]]} for i in range(count)]
        (tmp_path / 'in.json').write_text(json.dumps({'cameras': entries}))
        with counted_calls() as calls:
            convert_calibration(tmp_path / 'in.json', tmp_path / 'out.json', to_format='campus')
        assert len(json.loads((tmp_path / 'out.json').read_text())) == count
        per_camera.append(calls.count / count)
    assert per_camera[1] < 1.2 * per_camera[0]
