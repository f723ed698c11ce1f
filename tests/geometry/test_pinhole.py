"""The pinhole camera and its map, against OpenCV's own."""

import dataclasses

import cv2
import numpy as np
import pytest

from mmpose_ours.errors import InputError
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.pinhole import KEEP, kept_and_black, pinhole_camera, undistortion_map
from mmpose_ours.text import arguments_as_options
from tests.helpers.errors import fails

SIZE = (320, 240)
DISTORTIONS = {
    'barrel': (-0.3, 0.1, 0.001, -0.002, 0.0),
    'pincushion': (0.25, 0.05, -0.001, 0.002, 0.0),
    'rational': (0.4, 0.1, 0.001, 0.0005, 0.01, 0.7, 0.2, 0.02),
    'none': (0.0, 0.0, 0.0, 0.0, 0.0),
}
OTHER_LENSES = {
    'fisheye': (0.05, -0.01, 0.002, -0.0005),
    'fov': (0.8,),
    'division': (-0.2,),
    'eucm': (0.6, 1.1),
    'thin_prism_fisheye': (0.02, -0.01, 0.001, -0.001, 0.002, 0.0, 0.001, 0.0),
    'rad_tan_thin_prism_fisheye': (0.02, -0.01, 0, 0, 0, 0, 0.001, -0.001, 0.001, 0, 0, 0),
}


def camera(lens='opencv', dist=DISTORTIONS['barrel'], focal=200.0):
    K = [[focal, 0, 163.0], [0, 1.01 * focal, 117.0], [0, 0, 1]]
    return Camera('one', K, np.eye(3), np.zeros(3), SIZE, dist, lens)


@pytest.mark.parametrize('keep', KEEP)
@pytest.mark.parametrize('dist', DISTORTIONS.values(), ids=DISTORTIONS)
def test_map_is_that_of_opencv(dist, keep):
    lens = camera(dist=dist)
    new = pinhole_camera(lens, keep)
    expected = cv2.initUndistortRectifyMap(lens.K, np.array(dist), None, new.K, SIZE, cv2.CV_32FC2)[
        0
    ]
    found = undistortion_map(lens, new)
    seen = (found > -1e3).all(-1)
    assert seen.mean() > 0.9
    np.testing.assert_allclose(found[seen], expected[seen], atol=1e-3)


@pytest.mark.parametrize('keep', KEEP)
def test_map_of_a_fisheye_is_that_of_opencv(keep):
    lens = camera('fisheye', OTHER_LENSES['fisheye'])
    new = pinhole_camera(lens, keep)
    expected = cv2.fisheye.initUndistortRectifyMap(
        lens.K, np.array(lens.dist), np.eye(3), new.K, SIZE, cv2.CV_32FC1
    )
    np.testing.assert_allclose(undistortion_map(lens, new), np.stack(expected, -1), atol=1e-3)


@pytest.mark.parametrize(('lens', 'dist'), OTHER_LENSES.items(), ids=OTHER_LENSES)
def test_every_lens_sees_a_point_where_the_pinhole_does(lens, dist):
    old = camera(lens, dist)
    new = pinhole_camera(old, 'focal')
    assert new.lens == 'opencv' and not new.dist.any()
    uv = undistortion_map(old, new)
    rng = np.random.default_rng(0)
    pixels = np.stack([rng.integers(0, side, 200) for side in SIZE], -1)
    rays = np.concatenate([new.normalise_points(pixels), np.ones((200, 1))], -1)
    at, valid = old.project(3000 * rays)
    assert valid.all()
    np.testing.assert_allclose(uv[pixels[:, 1], pixels[:, 0]], at, atol=1e-3)


def test_focal_keeps_the_intrinsics_and_drops_skew():
    lens = camera()
    K = lens.K.copy()
    K[0, 1] = 3.0
    new = pinhole_camera(dataclasses.replace(lens, K=K))
    np.testing.assert_array_equal(new.K, lens.K)
    assert new.size == SIZE


@pytest.mark.parametrize('dist', DISTORTIONS.values(), ids=DISTORTIONS)
def test_all_keeps_every_pixel_and_valid_has_no_rim(dist):
    lens = camera(dist=dist)
    everything, valid = (pinhole_camera(lens, keep) for keep in ('all', 'valid'))
    kept, _ = kept_and_black(lens, everything, undistortion_map(lens, everything))
    assert kept == 1.0
    _, black = kept_and_black(lens, valid, undistortion_map(lens, valid))
    assert black == pytest.approx(0.0, abs=1e-3)
    # Neither is smaller than it has to be, and pixels keep their shape.
    assert everything.K[0, 0] <= 1.001 * valid.K[0, 0]
    for new in (everything, valid):
        assert new.K[1, 1] / new.K[0, 0] == pytest.approx(1.01)
    tighter = dataclasses.replace(everything, K=everything.K * [[1.02], [1.02], [1]])
    assert kept_and_black(lens, tighter, undistortion_map(lens, tighter))[0] < 1.0
    wider = valid.K.copy()
    wider[[0, 1], [0, 1]] *= 0.98
    wider = dataclasses.replace(valid, K=wider)
    assert kept_and_black(lens, wider, undistortion_map(lens, wider))[1] > 1e-3


def test_without_distortion_nothing_changes():
    lens = camera(dist=())
    for keep in KEEP:
        np.testing.assert_allclose(pinhole_camera(lens, keep).K, lens.K, atol=1e-3)


def test_a_view_too_wide_is_refused_with_the_way_out():
    half_sphere = camera('fisheye', (0, 0, 0, 0), focal=90.0)  # 102 degrees at the left edge
    for keep in ('all', 'valid'):
        with fails(InputError, code='cannot-express', camera='one', found=keep):
            pinhole_camera(half_sphere, keep)
    new = pinhole_camera(half_sphere, 'focal')
    kept, black = kept_and_black(half_sphere, new, undistortion_map(half_sphere, new))
    assert 0.2 < kept < 0.6 and black == 0.0
    # Corners alone beyond the limit leave a rectangle in the middle.
    wide = camera('fisheye', (0, 0, 0, 0), focal=140.0)
    # What is proposed is spelt as the caller gives it.
    with pytest.raises(InputError, match="keep='valid' or keep='focal'"):
        pinhole_camera(wide, 'all')
    with arguments_as_options(), pytest.raises(InputError, match='--keep valid or --keep focal'):
        pinhole_camera(wide, 'all')
    valid = pinhole_camera(wide, 'valid')
    assert kept_and_black(wide, valid, undistortion_map(wide, valid))[1] == 0.0


def test_rays_that_the_lens_folds_back_are_black():
    folding = camera(dist=(-0.5, 0.0, 0.0, 0.0, 0.0))  # turns back at a tangent of 0.82
    new = dataclasses.replace(folding, K=[[100, 0, 160], [0, 100, 120], [0, 0, 1]], dist=())
    uv = undistortion_map(folding, new)
    assert (uv[0, 0] < -1e3).all() and (uv[120, 160] > 0).all()


def test_unknown_size_and_choice():
    with fails(InputError, code='missing-value', camera='one'):
        pinhole_camera(dataclasses.replace(camera(), size=None))
    with fails(InputError, code='unknown-name', found='most', expected=['focal', 'all', 'valid']):
        pinhole_camera(camera(), 'most')
