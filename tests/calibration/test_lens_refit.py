"""The nearest five coefficients: how near is measured by OpenCV."""

import cv2
import numpy as np
import pytest
from errors import fails

from mmpose_ours.calibration import CalibrationError
from mmpose_ours.calibration.capabilities import Holds
from mmpose_ours.calibration.lens_refit import (
    approximate_camera,
    approximate_rig,
    image_grid,
)
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig

K = np.array([[900.0, 0, 645], [0, 905, 355], [0, 0, 1]])
SIZE = (1280, 720)
FIVE = Holds('a test', coefficients=5)
SKEWED = Holds('a test', coefficients=5, skew=True)


def camera(dist, lens='opencv', skew=0.0, size=SIZE):
    return Camera(
        'a', K + [[0, skew, 0], [0] * 3, [0] * 3], np.eye(3), np.zeros(3), size, dist, lens
    )


def largest_error(original, fitted):
    """By OpenCV, over rays of the original image on a grid that the fit did not use."""
    u, v = np.meshgrid(np.linspace(0, SIZE[0] - 1, 33), np.linspace(0, SIZE[1] - 1, 19))
    pixels = np.stack([u, v], -1).reshape(-1, 2)
    rays = np.concatenate([original.normalise_points(pixels), np.ones((len(pixels), 1))], axis=1)
    seen = cv2.projectPoints(rays, np.zeros(3), np.zeros(3), fitted.K, fitted.dist)[0][:, 0]
    return np.linalg.norm(seen - pixels, axis=1).max()


@pytest.mark.parametrize(
    ('dist', 'lens', 'at_most_px'),
    [
        ((-0.02, 0.01, 0.003, -0.001), 'fisheye', 1.0),
        ((0.1, 0.05, 0.001, 0.002, 0.01, 0.2, 0.03, 0.01), 'opencv', 0.01),
        ((0.5,), 'fov', 0.05),
    ],
)
def test_the_error_is_small_and_reported_rightly(dist, lens, at_most_px):
    fit = approximate_camera(camera(dist, lens), FIVE)
    assert fit.camera.lens == 'opencv' and len(fit.camera.dist) == 5
    assert fit.left_out == 0
    error = largest_error(camera(dist, lens), fit.camera)
    assert error <= fit.error_px * 1.01 <= at_most_px


def test_a_lens_that_fits_is_found_again():
    dist = (-0.2, 0.1, 0.001, -0.002, 0.01)
    fit = approximate_camera(camera(dist), FIVE)
    np.testing.assert_allclose(fit.camera.dist, dist, atol=1e-6)
    np.testing.assert_allclose(fit.camera.K, K, atol=1e-4)


def test_skew_is_kept_where_the_format_holds_it():
    skewed = camera((-0.02, 0.01, 0.003, -0.001), 'fisheye', skew=4.0)
    with_skew, without = (approximate_camera(skewed, holds) for holds in (SKEWED, FIVE))
    assert with_skew.camera.K[0, 1] == pytest.approx(4.0, abs=0.3)
    assert without.camera.K[0, 1] == 0 and with_skew.error_px < without.error_px


def test_only_what_does_not_fit_is_refitted():
    fits, unfit = camera((-0.1, 0.02, 0, 0, 0)), camera((0, 0, 0, 0), 'fisheye')
    rig = CameraRig((fits, Camera('b', K, np.eye(3), np.ones(3), SIZE, unfit.dist, 'fisheye')))
    found, changed = approximate_rig(rig, FIVE)
    assert found['a'] is fits and [fit.camera.name for fit in changed] == ['b']


def test_what_is_beyond_any_polynomial_is_reported():
    wide = Camera('a', [[280, 0, 320], [0, 280, 240], [0, 0, 1]], np.eye(3), np.zeros(3),
                  (640, 480), (0.0, 0, 0, 0), 'fisheye')  # fmt: skip
    assert 0 < approximate_camera(wide, FIVE).left_out < 0.2
    wider = Camera('a', [[150, 0, 320], [0, 150, 240], [0, 0, 1]], np.eye(3), np.zeros(3),
                   (640, 480), (0.0, 0, 0, 0), 'fisheye')  # fmt: skip
    with fails(CalibrationError, code='cannot-express', camera='a', expected=0.5):
        approximate_camera(wider, FIVE)


def test_the_grid_of_an_image_has_its_edges_and_corners():
    uv = image_grid(camera(()))
    assert uv.shape == (41 * 31, 2)
    assert uv.min(0).tolist() == [-0.5, -0.5] and uv.max(0).tolist() == [1279.5, 719.5]


def test_pixels_that_no_ray_reaches_are_left_out():
    folds = Camera('a', np.array([[950.0, 0, 640], [0, 950, 360], [0, 0, 1]]), np.eye(3),
                   np.zeros(3), SIZE, (-0.3, 0, 0, 0, 0))  # fmt: skip
    fit = approximate_camera(folds, FIVE)
    assert 0 < fit.left_out < 0.2 and fit.error_px < 1.0


def test_without_a_size_there_is_no_image_to_fit_over():
    with fails(CalibrationError, code='missing-value', camera='a'):
        approximate_camera(camera((0, 0, 0, 0), 'fisheye', size=None), FIVE)
