"""The examples of all formats, and the pages and the command that show them."""

from pathlib import Path

import numpy as np
import pytest
from calibration_rigs import assert_same_rig
from dataset_files import small_rig
from errors import fails
from format_samples import LAYOUTS, MAKERS, WORLDS, WRITTEN, format_of, image_size
from write_examples import example_rig

from mmpose_ours.calibration.api import read_calibration
from mmpose_ours.cli.main import main
from mmpose_ours.detections import read_keypoints
from mmpose_ours.detections.arrays import cameras_of
from mmpose_ours.errors import InputError
from mmpose_ours.workflows.format_list import (
    CALIBRATION,
    EXAMPLES,
    FAMILIES,
    KEYPOINTS,
    all_formats,
    find_formats,
    markdown,
)

DOCS = Path(__file__).parents[2] / 'docs'
PAGES = {CALIBRATION: 'calibration_formats.md', KEYPOINTS: 'keypoint_formats.md'}
# Worlds of their own: that of the first camera.
OF_CAMERA_1 = ('kalibr', 'mccalib', 'matlab', 'matlab-bouguet')


@pytest.mark.parametrize(
    'format', all_formats(), ids=lambda format: f'{format.family} {format.name}'
)
def test_every_format_has_an_example_and_a_description(format):
    assert format.title and format.examples()
    assert all(paths for paths in format.examples().values())


def test_every_example_is_of_a_format():
    for family in FAMILIES:
        known = {name for f in all_formats() if f.family == family for name in f.examples()}
        assert {folder.name for folder in (EXAMPLES / family).iterdir()} == known


@pytest.mark.parametrize('layout', (*WRITTEN, *MAKERS, *LAYOUTS))
def test_an_example_of_a_calibration_is_the_rig(layout):
    folder = EXAMPLES / CALIBRATION / layout.replace(' ', '-')
    unit, up = WORLDS[format_of(layout)]
    read = read_calibration(folder, unit=unit, up=up, image_size=image_size(layout))
    assert read.format == format_of(layout)
    true = example_rig()
    assert len(read.rig) == 2
    np.testing.assert_allclose(read.rig.distances_mm, true.distances_mm, rtol=1e-4)
    for camera, expected in zip(read.rig, true):
        np.testing.assert_allclose(camera.K, expected.K, atol=1e-3)
        if folder.name not in OF_CAMERA_1:
            np.testing.assert_allclose(camera.center_w, expected.center_w, atol=0.1)
            np.testing.assert_allclose(camera.R_w2c, expected.R_w2c, atol=1e-4)


@pytest.mark.parametrize('format', [f for f in all_formats() if f.family == KEYPOINTS],
                         ids=lambda format: format.name)  # fmt: skip
def test_an_example_of_keypoints_is_read(format):
    for name in format.examples():
        folder = EXAMPLES / KEYPOINTS / name
        files = list(folder.iterdir())
        alone = len(files) == 1 and files[0].is_file()
        # Shares of the image mean pixels only with its size.
        rig = small_rig(('cam_a', 'cam_b')) if format.name in ('kinetics', 'yolo') else None
        found = read_keypoints(files[0] if alone else folder, format=format.name, rig=rig)
        assert sum(len(people) for views in found.values() for people in views.values()) > 0
        assert len(cameras_of(found)) == 2


@pytest.mark.parametrize('family', FAMILIES)
def test_the_pages_are_current(family):
    """``mmpose-ours formats --family FAMILY --markdown > docs/...`` writes them."""
    assert (DOCS / PAGES[family]).read_text() == markdown(family)


def test_the_command(tmp_path, capsys):
    assert main(['formats']) == 0
    said = capsys.readouterr().out
    assert all(format.title in said for format in all_formats())
    assert main(['formats', 'krtd', 'matlab']) == 0
    said = capsys.readouterr().out
    assert '900.0 0.0 640.0' in said and 'IntrinsicMatrix' in said
    assert main(['formats', 'krtd', '--write', str(tmp_path)]) == 0
    capsys.readouterr()
    copied = read_calibration(tmp_path / 'calibration' / 'krtd', unit='mm', up='z').rig
    assert_same_rig(copied, read_calibration(EXAMPLES / 'calibration/krtd', unit='mm', up='z').rig)
    assert main(['formats', 'krtd', '--write', str(tmp_path)]) == 2
    assert main(['formats', 'nothing']) == 2
    assert main(['formats', '--markdown']) == 2
    capsys.readouterr()
    with fails(InputError, code='unknown-name', found='nothing'):
        find_formats('nothing')


def test_a_tool_with_formats_of_both_kinds(capsys):
    assert {format.family for format in find_formats('mmpose')} == set(FAMILIES)
    assert main(['formats', 'mmpose', '--family', 'keypoints']) == 0
    assert 'SimpleCamera' not in capsys.readouterr().out
