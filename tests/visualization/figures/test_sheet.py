"""Sheets, and the files that images go to."""

import cv2
import numpy as np
import pytest
from errors import fails

from mmpose_ours.errors import InputError
from mmpose_ours.visualization.figures.sheet import add_panel, new_sheet, pixels_of, write_image

IMAGE = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)


def test_a_panel_lies_where_it_was_placed():
    sheet = new_sheet(4.0, 2.0)
    panel = add_panel(sheet, (1.0, 0.5, 2.0, 1.0))
    panel.set_facecolor('#ff0000')
    panel.set_axis_on()
    panel.set_xticks([])
    panel.set_yticks([])
    image = pixels_of(sheet)
    assert image.dtype == np.uint8 and image.shape == (200, 400, 3)
    red = (image == (255, 0, 0)).all(-1)
    rows, columns = np.nonzero(red)
    np.testing.assert_allclose([columns.min(), columns.max() + 1], [100, 300], atol=2)
    np.testing.assert_allclose([rows.min(), rows.max() + 1], [50, 150], atol=2)


def test_an_image_is_read_back_as_it_was(tmp_path):
    write_image(tmp_path / 'new' / 'a.png', IMAGE)
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / 'new' / 'a.png'))[..., ::-1], IMAGE)


@pytest.mark.parametrize('name', ['a.nonsense', 'a'])
def test_an_ending_of_no_format(tmp_path, name):
    path = tmp_path / name
    with fails(InputError, code='unknown-name', file=path, found=path.suffix):
        write_image(path, IMAGE)
    assert list(tmp_path.iterdir()) == []


def refuses(*args):
    return False, None


def raises(*args):
    raise cv2.error('imgcodecs: OpenEXR codec is disabled')


@pytest.mark.parametrize('imencode', [refuses, raises])
def test_an_image_that_the_format_cannot_hold(tmp_path, monkeypatch, imencode):
    """``.webp`` ends at 16383 pixels, ``.exr`` is switched off in most builds."""
    monkeypatch.setattr(cv2, 'imencode', imencode)
    path = tmp_path / 'a.webp'
    with fails(InputError, code='cannot-express', file=path, found=(30, 20)):
        write_image(path, IMAGE)
    assert list(tmp_path.iterdir()) == []
