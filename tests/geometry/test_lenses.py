"""Lens models against OpenCV and, where it is installed, COLMAP."""

import cv2
import numpy as np
import pytest

from mmpose_ours.errors import InputError
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.lenses import LENSES, distort, max_radius2, undistort
from tests.helpers.errors import fails

K = np.array([[900.0, 0, 640], [0, 910, 360], [0, 0, 1]])
EXAMPLES = {
    'opencv': [
        (-0.28, 0.07, 0.0002, 0.00002),
        (0.3, -0.1, 0.001, -0.0005, 0.02, 0.45, -0.05, 0.03),
        (0.1, 0.05, 0.001, 0.002, 0.01, 0.2, 0.03, 0.01, 0.002, 0.001, -0.001, 0.002),
        (0.1, 0.05, 0.001, 0.002, 0.01, 0.2, 0.03, 0.01, 0.002, 0.001, -0.001, 0.002, 0.02, -0.03),
    ],
    'fisheye': [(-0.02, 0.01, 0.003, -0.001), (0.0, 0.0, 0.0, 0.0)],
    'fov': [(0.9,), (0.0,)],
    'division': [(-0.15,), (0.1,)],
    'eucm': [(0.55, 1.1)],
    'thin_prism_fisheye': [(-0.02, 0.01, 0.001, 0.002, 0.003, -0.001, 0.001, -0.002)],
    'rad_tan_thin_prism_fisheye': [
        (0.3, -0.1, 0.05, 0.01, -0.01, 0.002, 0.001, -0.001, 0.001, 0.0002, -0.001, 0.0003)
    ],
}
CASES = [(lens, dist) for lens, examples in EXAMPLES.items() for dist in examples]
COLMAP = {
    'FULL_OPENCV': ('opencv', 1),
    'OPENCV_FISHEYE': ('fisheye', 0),
    'FOV': ('fov', 0),
    'DIVISION': ('division', 0),
    'EUCM': ('eucm', 0),
    'THIN_PRISM_FISHEYE': ('thin_prism_fisheye', 0),
    'RAD_TAN_THIN_PRISM_FISHEYE': ('rad_tan_thin_prism_fisheye', 0),
}


def full(lens, dist):
    return np.pad(np.array(dist, dtype=float), (0, LENSES[lens].lengths[-1] - len(dist)))


def rays(count=500, widest=0.6):
    return np.random.default_rng(0).uniform(-widest, widest, (count, 2))


def points(count=1000):
    return np.random.default_rng(1).uniform((-1500, -1000, 1500), (1500, 1000, 4000), (count, 3))


def test_every_lens_has_an_example():
    assert set(EXAMPLES) == set(LENSES)


@pytest.mark.parametrize(('lens', 'dist'), CASES)
def test_undistortion_inverts(lens, dist):
    bent = distort(lens, full(lens, dist), rays())
    np.testing.assert_allclose(undistort(lens, full(lens, dist), bent), rays(), rtol=0, atol=1e-9)
    # Shapes are kept, whatever they are.
    assert undistort(lens, full(lens, dist), bent.reshape(5, 100, 2)).shape == (5, 100, 2)


@pytest.mark.parametrize('dist', EXAMPLES['opencv'], ids=len)
def test_projection_equals_opencv(dist):
    camera = Camera('a', K, np.eye(3), np.zeros(3), (1280, 720), dist)
    uv, valid = camera.project(points())
    expected = cv2.projectPoints(points(), np.zeros(3), np.zeros(3), K, np.array(dist))[0][:, 0]
    assert valid.mean() > 0.9
    np.testing.assert_allclose(uv[valid], expected[valid], rtol=0, atol=1e-9)


@pytest.mark.parametrize('dist', EXAMPLES['fisheye'])
def test_fisheye_equals_opencv(dist):
    camera = Camera('a', K, np.eye(3), np.zeros(3), (1280, 720), dist, 'fisheye')
    uv, valid = camera.project(points())
    expected = cv2.fisheye.projectPoints(
        points()[:, None], np.zeros(3), np.zeros(3), K, np.array(dist)
    )[0][:, 0]
    assert valid.all()
    np.testing.assert_allclose(uv, expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(
        camera.normalise_points(uv), points()[:, :2] / points()[:, 2:], rtol=0, atol=1e-9
    )


@pytest.mark.parametrize('model', list(COLMAP))
def test_colmap_agrees(model):
    pycolmap = pytest.importorskip('pycolmap', reason='COLMAP is not installed here')
    lens, example = COLMAP[model]
    dist = EXAMPLES[lens][example]
    camera = pycolmap.Camera(
        model=model, width=1280, height=720, params=[900, 910, 640, 360, *dist]
    )
    expected = camera.img_from_cam(np.concatenate([rays(), np.ones((500, 1))], axis=1))
    found = distort(lens, full(lens, dist), rays()) * (900, 910) + (640, 360)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize('lens, dist', CASES)
def test_coefficients_next_to_nothing_bend_as_none_do(lens, dist):
    """Divided by, subnormal numbers give infinite ones."""
    full = np.zeros(LENSES[lens].lengths[-1])
    assert max_radius2(lens, full + 5e-324) == max_radius2(lens, full)


def test_the_axis_is_no_hole():
    for lens, dist in CASES:
        at_axis = np.array([[0.0, 0.0], [1e-12, 0.0]])
        np.testing.assert_allclose(distort(lens, full(lens, dist), at_axis)[0], 0, atol=1e-2)
        assert np.isfinite(undistort(lens, full(lens, dist), at_axis)).all()


def test_a_fisheye_folds_where_its_polynomial_turns():
    """theta (1 - theta^2) grows up to theta = 1 / sqrt(3)."""
    folds_at = np.tan(1 / np.sqrt(3))
    dist = np.array([-1.0, 0, 0, 0])
    assert max_radius2('fisheye', dist) == pytest.approx(folds_at**2)
    camera = Camera('a', K, np.eye(3), np.zeros(3), None, dist, 'fisheye')
    _, valid = camera.project([[0.99 * folds_at, 0, 1], [1.01 * folds_at, 0, 1]])
    assert valid.tolist() == [True, False]


# Barrels that fold, one that does not, a real full-HD camera's, a rational one.
STRONG = [
    (-0.5, 0, 0, 0, 0),
    (-0.35, 0.08, 0.001, -0.001, 0.0),
    (-0.28, 0.07, 0.0002, 0.00002),
    (-0.21, 0.17, 0.0004, -0.0007, 0.02),
    (0.3, -0.1, 0.001, -0.0005, 0.02, 0.45, -0.05, 0.03),
]


@pytest.mark.parametrize('dist', STRONG, ids=str)
def test_opencv_lenses_are_inverted_in_all_of_their_range(dist):
    """OpenCV's own iteration diverges in the outer part."""
    dist = full('opencv', dist)
    widest = min(0.97 * np.sqrt(max_radius2('opencv', dist)), 1.5)
    radius, angle = np.random.default_rng(0).uniform((0, 0), (widest, 2 * np.pi), (500, 2)).T
    plane = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
    found = undistort('opencv', dist, distort('opencv', dist, plane))
    np.testing.assert_allclose(found, plane, rtol=0, atol=5e-5)


def test_an_opencv_pixel_that_no_ray_reaches_has_none():
    """OpenCV gives it a ray inside the range, which projects to another pixel."""
    camera = Camera('a', np.diag([600, 600, 1]), np.eye(3), np.zeros(3), None, (-0.5, 0, 0, 0))
    farthest = 600 * distort('opencv', camera.dist_full, np.array([camera.max_radius2**0.5, 0]))[0]
    uv = np.array([[300.0, 200.0], [0.99 * farthest, 0], [1.01 * farthest, 0], [np.nan, 1], [0, 0]])
    rays = camera.normalise_points(uv)
    assert np.isfinite(rays).all(-1).tolist() == [False, True, False, False, True]
    seen = np.isfinite(rays).all(-1)
    ahead = np.concatenate([rays[seen], np.ones((seen.sum(), 1))], axis=1)
    np.testing.assert_allclose(camera.project(ahead)[0], uv[seen], atol=1e-3)


def test_no_lens_gives_a_ray_that_ends_elsewhere():
    everywhere = np.random.default_rng(2).uniform(-1.5, 1.5, (400, 2))
    for lens, dist in [*CASES, *(('opencv', dist) for dist in STRONG)]:
        dist = full(lens, dist)
        found = undistort(lens, dist, everywhere)
        seen = np.isfinite(found).all(-1)
        again = distort(lens, dist, found[seen])
        np.testing.assert_allclose(again, everywhere[seen], rtol=0, atol=2e-6)
        assert ((found[seen] ** 2).sum(-1) <= max_radius2(lens, dist)).all()


def test_pixels_that_no_ray_reaches_are_not_undistorted():
    # A fisheye of 90 degrees half angle ends at r = pi / 2.
    bent = np.array([[1.5, 0.0], [1.6, 0.0]])
    found = undistort('fisheye', np.zeros(4), bent)
    assert found[0, 0] == pytest.approx(np.tan(1.5)) and np.isnan(found[1]).all()


@pytest.mark.parametrize('place', range(5))
def test_a_coefficient_next_to_nothing_is_none(place):
    dist = [-0.1, 0.02, 0.0, 0.0, 0.01]
    dist[place] = 1e-320
    none = [0.0 if value == 1e-320 else value for value in dist]
    limits = [max_radius2('opencv', np.pad(given, (0, 9))) for given in (dist, none)]
    assert limits[0] == pytest.approx(limits[1])


@pytest.mark.parametrize(
    ('lens', 'dist', 'code', 'found', 'expected'),
    [
        ('opencv', (0,) * 6, 'wrong-shape', 6, [0, 4, 5, 8, 12, 14]),
        ('fisheye', (0,) * 5, 'wrong-shape', 5, [4]),
        ('pinhole', (), 'unknown-name', 'pinhole', list(LENSES)),
    ],
)
def test_unfit_lenses_are_refused(lens, dist, code, found, expected):
    with fails(InputError, code=code, camera='a', found=found, expected=expected):
        Camera('a', K, np.eye(3), np.zeros(3), None, dist, lens)
