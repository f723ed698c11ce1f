"""The command ``fit-space``, and the space that a number of cameras share."""

import ast
import json

import cv2
import numpy as np
import pytest
from calibration_rigs import ring_rig
from errors import fails

from mmpose_ours.calibration import CalibrationError, coverage, fit_space, write_rig
from mmpose_ours.calibration.capture_volume import NoSpaceError
from mmpose_ours.cli import main as cli
from mmpose_ours.cli.fit_space import bins_for, check_bins
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume


@pytest.fixture
def file(tmp_path):
    write_rig(ring_rig(5), tmp_path / 'rig.json', 'panoptic')
    return tmp_path / 'rig.json'


def fit(file, *args):
    return cli.main(['fit-space', str(file), *args])


def area(space):
    return space.size_mm[0] * space.size_mm[1]


def test_more_views_make_a_smaller_box_that_more_cameras_see():
    rig = ring_rig(6, dist=())
    spaces = [fit_space(rig, min_views=count) for count in (2, 4, 6)]
    assert area(spaces[0]) > area(spaces[1]) > area(spaces[2])
    seen = [coverage(rig, space)[6] for space in spaces]
    assert seen[0] < seen[1] < seen[2]


def test_without_a_number_it_is_half_of_the_best():
    rig = ring_rig(6, dist=())
    assert fit_space(rig) == fit_space(rig, min_views=3)


@pytest.mark.parametrize('count', [0, 1, 6, -2])
def test_a_number_of_views_out_of_range(count):
    with fails(CalibrationError, code='out-of-range', found=count, expected=(2, 5)):
        fit_space(ring_rig(5), min_views=count)


@pytest.mark.parametrize('min_views', [None, 2])
def test_a_single_camera_is_too_few(min_views):
    single = CameraRig(tuple(ring_rig(3))[:1])
    with fails(CalibrationError, code='no-data', found=1, expected=2) as caught:
        fit_space(single, min_views=min_views)
    assert 'too few cameras' in str(caught.value) and 'cam0' in str(caught.value)


def test_more_views_than_any_place_has():
    rig = ring_rig(4, dist=())
    away = Camera.looking_at('away', (20_000, 0, 2000), (30_000, 0, 1000), 700, (1280, 720))
    with fails(NoSpaceError, found=4, expected=5):
        fit_space(CameraRig((*rig, away)), min_views=5)


@pytest.mark.parametrize('edge', [999, -1, 0, float('nan'), float('inf')])
def test_an_edge_out_of_range(edge):
    with pytest.raises(CalibrationError) as caught:
        fit_space(ring_rig(5), max_edge_mm=edge)
    error = caught.value
    assert error.code == 'out-of-range' and error.found is edge and error.expected == 1000


def test_bins():
    space = CaptureVolume((0, 0, 1000), (8000, 5000, 2400))
    assert bins_for(space, 100) == (80, 52, 24)
    assert bins_for(space, 150) == (56, 36, 16)
    for edge in (37, 100, 333):
        edges = np.array(space.size_mm) / bins_for(space, edge)
        assert (edges <= edge).all()
    for edge in (0, -5, float('nan'), 5000):
        with pytest.raises(CalibrationError) as caught:
            bins_for(space, edge)
        error = caught.value
        assert error.code == 'out-of-range' and error.found is edge
        assert error.expected == (10, 1000)
    for bins in ((80, 80, 18), (0, 80, 20), (80, 80)):
        code = 'out-of-range' if len(bins) == 3 else 'wrong-shape'
        with fails(CalibrationError, code=code, found=bins, expected=4):
            check_bins(bins)


def test_the_lines_are_python_and_what_the_function_finds(file, capsys):
    assert fit(file, '--min-views', '3', '--bins', '40', '40', '12') == 0
    lines = capsys.readouterr().out.splitlines()
    space_line = next(line for line in lines if line.startswith('space=dict('))
    call = ast.parse(f'f({space_line})').body[0].value.keywords[0].value
    pasted = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
    space = fit_space(ring_rig(5), min_views=3)
    assert CaptureVolume(**pasted) == space
    assert 'model = dict(center=dict(bins=(40, 40, 12)))' in lines
    edges = [f'{size / count:g}' for size, count in zip(space.size_mm, (40, 40, 12))]
    assert f'# voxels of {" x ".join(edges)} mm' in lines
    seen = coverage(ring_rig(5), space)
    assert any(line.split() == ['3', 'cameras', f'{seen[3]:.1%}'] for line in lines)
    assert any(line.startswith('cam4 ') and line.endswith('%') for line in lines)


def test_json_and_image(file, tmp_path, capsys):
    image = tmp_path / 'made' / 'rig.png'
    assert fit(file, '--json', '--voxel', '100', '--max-edge', '3000', '--figure', str(image)) == 0
    said = json.loads(capsys.readouterr().out)
    space = fit_space(ring_rig(5), max_edge_mm=3000)
    assert tuple(said['size_mm']) == space.size_mm and max(said['size_mm'][:2]) <= 3000
    assert tuple(said['bins']) == bins_for(space, 100) and max(said['voxel_mm']) <= 100
    assert list(said['seen_by_camera']) == list(ring_rig(5).names)
    np.testing.assert_allclose(said['seen_by_at_least'], coverage(ring_rig(5), space), atol=1e-4)
    assert cv2.imread(str(image)) is not None


@pytest.mark.parametrize(
    ('args', 'said'),
    [
        (['--min-views', '6'], 'ask for 2 to 5 views'),
        (['--bins', '80', '80', '19'], 'three positive multiples of 4'),
        (['--cameras', 'cam0'], 'only one camera'),
        (['--unit', 'mm'], '--unit mm contradicts'),
    ],
)
def test_what_is_wrong_is_one_sentence(file, capsys, args, said):
    assert fit(file, *args) == 2
    err = capsys.readouterr().err
    assert said in err and err.count('\n') == 1


def test_no_space_names_what_says_more(tmp_path, capsys):
    apart = CameraRig(
        tuple(
            Camera.looking_at(f'c{s}', (s * 2000, 0, 2000), (s * 9000, 0, 1000), 900, (1280, 720))
            for s in (-1, 1)
        )
    )
    path = tmp_path / 'rig.json'
    write_rig(apart, path, 'panoptic')
    assert fit(path) == 2
    err = capsys.readouterr().err
    assert 'no two of the cameras' in err and f'mmpose-ours check-rig {path}' in err


def test_a_world_that_lies_on_its_side_is_warned_of(file, capsys):
    write_rig(ring_rig(5), file, 'campus')
    assert fit(file, '--up', 'x', '--any-scale') in (0, 2)
    assert 'up is (' in capsys.readouterr().err


def test_a_stereo_pair_in_one_housing_sees_a_space(tmp_path, capsys):
    pair = CameraRig(
        tuple(
            Camera.looking_at(f'c{y}', (0, y, 2000), (6000, y, 1000), 700, (1280, 720))
            for y in (-60, 60)
        )
    )
    write_rig(pair, tmp_path / 'rig.json', 'panoptic')
    assert fit(tmp_path / 'rig.json') == 2
    assert '--any-scale' in capsys.readouterr().err
    assert fit(tmp_path / 'rig.json', '--any-scale') == 0
