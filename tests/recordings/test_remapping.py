"""One image through a map; whole recordings are in tests/cli/test_undistort.py."""

import errno
import os

import cv2
import numpy as np
import pytest
from errors import fails

from mmpose_ours.errors import FileFormatError
from mmpose_ours.recordings.remapping import PixelMap, render_image


@pytest.fixture
def same():
    """The map that changes nothing."""
    u, v = np.meshgrid(np.arange(8), np.arange(6))
    return PixelMap(np.stack([u, v], -1).astype(np.float32), (8, 6))


def refuses(*args):
    return False, None


def raises(*args):
    raise cv2.error('no such depth')


@pytest.mark.parametrize('imencode', [refuses, raises])
def test_an_image_that_its_format_cannot_hold(tmp_path, same, monkeypatch, imencode):
    image = np.random.default_rng(0).integers(0, 255, (6, 8), np.uint8)
    assert cv2.imwrite(str(tmp_path / 'a.png'), image)
    render_image(tmp_path / 'a.png', tmp_path / 'b.png', same)
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / 'b.png'), cv2.IMREAD_UNCHANGED), image)
    monkeypatch.setattr(cv2, 'imencode', imencode)
    what = dict(file=tmp_path / 'c.png', found=('uint8', (8, 6)), expected='.png')
    with fails(FileFormatError, code='cannot-express', **what):
        render_image(tmp_path / 'a.png', tmp_path / 'c.png', same)
    assert not (tmp_path / 'c.png').exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path, same):
    assert cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((6, 8), np.uint8))
    (tmp_path / 'out').write_text('in the way')
    with pytest.raises(OSError) as refused:
        render_image(tmp_path / 'a.png', tmp_path / 'out' / 'a.png', same)
    assert refused.value.errno in (errno.EEXIST, errno.ENOTDIR)
    assert refused.value.filename == os.path.join(str(tmp_path), 'out', 'a.png')
