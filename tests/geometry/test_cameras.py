"""Cameras against OpenCV, and against cases that can be checked by hand."""

import cv2
import numpy as np
import pytest
from errors import fails

from mmpose_ours.errors import InputError
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.text import arguments_as_options

K = np.array([[900.0, 0, 655], [0, 910, 350], [0, 0, 1]])
SIZE = (1280, 720)
# No lens, a webcam's, a full-HD camera's (Panoptic) and a rational one
LENSES = [
    (),
    (-0.28, 0.07, 0.0002, 0.00002),
    (-0.22, 0.2, 0.0001, 0.001, 0.02),
    (0.3, -0.1, 0.001, -0.0005, 0.02, 0.45, -0.05, 0.03),
]


def camera(dist=(), name='a', size=SIZE, **changes):
    base = Camera.looking_at(name, (4000, -1000, 2500), (0, 0, 1000), 900, SIZE)
    values = {'K': K, 'R_w2c': base.R_w2c, 't_w2c': base.t_w2c, 'size': size, 'dist': dist}
    return Camera(name, **{**values, **changes})


def people_points(count=1000):
    return np.random.default_rng(0).uniform((-2000, -2000, 0), (2000, 2000, 2000), (count, 3))


@pytest.mark.parametrize('dist', LENSES, ids=len)
def test_projection_equals_opencv(dist):
    cam, points = camera(dist), people_points()
    uv, valid = cam.project(points)
    assert valid.mean() > 0.9
    rvec = cv2.Rodrigues(cam.R_w2c)[0]
    expected, _ = cv2.projectPoints(points, rvec, cam.t_w2c, K, np.array(dist) if dist else None)
    np.testing.assert_allclose(uv[valid], expected[valid, 0], rtol=0, atol=1e-6)
    # What is refused lies outside the image or beyond the lens model.
    assert not cam.in_image(uv[~valid]).any()


@pytest.mark.parametrize('dist', LENSES, ids=len)
def test_undistortion_inverts_the_lens(dist):
    cam = camera(dist)
    uv, _ = cam.project(people_points())
    uv = uv[cam.in_image(uv)]
    assert len(uv) > 100
    pinhole = camera(())
    expected = pinhole.project(people_points())[0][cam.in_image(cam.project(people_points())[0])]
    straight = cam.normalise_points(uv) @ K[:2, :2].T + K[:2, 2]
    np.testing.assert_allclose(straight, expected, rtol=0, atol=1e-4)


def test_pixels_that_mean_nothing_have_no_ray():
    lens = camera((-0.2, 0.1, 0.001, -0.002, 0.02))
    uv = np.array([[300.0, 200.0], [np.nan, 5.0], [1e9, -1e9]])
    rays = lens.normalise_points(uv, np.array([True, False, False]))
    np.testing.assert_array_equal(rays[0], lens.normalise_points(uv[0]))
    assert np.isnan(rays[1:]).all()


def test_a_point_behind_the_camera_is_not_valid():
    cam = camera()
    ahead = cam.center_w + 2000 * cam.R_w2c[2]
    behind = cam.center_w - 2000 * cam.R_w2c[2]
    uv, valid = cam.project([ahead, behind, cam.center_w])
    assert valid.tolist() == [True, False, False]
    np.testing.assert_allclose(uv[0], K[:2, 2])
    assert np.isnan(uv[1:]).all()
    assert cam.in_image(uv).tolist() == [True, False, False]


def test_a_point_where_the_lens_model_folds_back_is_not_valid():
    """A barrel lens's polynomial maps rays far outside the view into the image."""
    cam = camera((-0.3, 0.0, 0, 0, 0))
    far_aside = cam.center_w + 1000 * (cam.R_w2c[2] + 1.8 * cam.R_w2c[0])
    assert not cam.project(far_aside)[1]


def test_projection_by_hand():
    # At 2 m height, looking along the world's y: x to the right, z up.
    cam = Camera.looking_at('a', (0, 0, 2000), (0, 5000, 2000), 1000, (801, 601))
    uv, valid = cam.project([[0, 4000, 2000], [400, 4000, 2000], [0, 4000, 2800]])
    np.testing.assert_allclose(uv, [[400, 300], [500, 300], [400, 100]])
    assert valid.all()


def test_named_constructors_agree():
    cam = camera(LENSES[2])
    centre = Camera.from_center('a', K, cam.R_w2c, cam.center_w, SIZE, cam.dist)
    pose = Camera.from_camera_to_world('a', K, cam.R_w2c.T, cam.center_w, SIZE, cam.dist)
    for other in (centre, pose):
        np.testing.assert_allclose(other.t_w2c, cam.t_w2c, atol=1e-9)
        np.testing.assert_allclose(other.R_w2c, cam.R_w2c)


def test_named_constructors_take_any_lens():
    cam = camera((0.01, 0.0, 0.0, 0.0), lens='fisheye')
    expected = cam.project(people_points())[0]
    for made in (
        Camera.from_center('a', K, cam.R_w2c, cam.center_w, SIZE, cam.dist, 'fisheye'),
        Camera.from_camera_to_world('a', K, cam.R_w2c.T, cam.center_w, SIZE, cam.dist, 'fisheye'),
    ):
        np.testing.assert_allclose(made.project(people_points())[0], expected)


@pytest.mark.parametrize('target', [(1, 2, 0), (1, 2, 9), (1, 2, 3)])
def test_a_camera_that_looks_straight_down_is_not_upright(target):
    with fails(InputError, code='out-of-range', camera='a', found=target):
        Camera.looking_at('a', (1, 2, 3), target, 900, SIZE)


def test_in_image_is_about_whole_pixels():
    cam = camera(size=(640, 480), K=[[900, 0, 320], [0, 900, 240], [0, 0, 1]])
    uv = [[-0.5, 0], [-0.6, 0], [639.4, 479.4], [639.5, 10], [10, 479.5], [np.nan, 3]]
    assert cam.in_image(uv).tolist() == [True, False, True, False, False, False]
    with fails(InputError, code='missing-value', camera='a'):
        camera(size=None).in_image([[1, 1]])
    assert camera().need_size() == SIZE


def test_the_sentence_about_a_missing_size_says_what_for_and_how_to_give_it():
    sentence = "camera 'a' has no image size, by which it is scaled; say it, for example "
    with pytest.raises(InputError) as caught:
        camera(size=None).need_size('by which it is scaled')
    assert str(caught.value).startswith(sentence + 'image_size=(1920, 1080)')
    with arguments_as_options(), pytest.raises(InputError) as caught:
        camera(size=None).need_size('by which it is scaled')
    assert str(caught.value).startswith(sentence + '--image-size 1920x1080')


def test_turned_and_scaled_world_gives_the_same_pixels():
    cam = camera(LENSES[2])
    turn = cv2.Rodrigues(np.array([0.3, -0.8, 0.2]))[0]
    points = people_points()
    uv, _ = cam.in_world(turn, 0.1).project(0.1 * points @ turn.T)
    np.testing.assert_allclose(uv, cam.project(points)[0], atol=1e-8)


@pytest.mark.parametrize(
    ('changes', 'code', 'found', 'expected'),
    [
        ({'R_w2c': np.eye(3) * 1.1}, 'invalid-input', (np.eye(3) * 1.1).tolist(), None),
        ({'R_w2c': np.diag([1, 1, -1])}, 'invalid-input', np.diag([1, 1, -1]).tolist(), None),
        ({'R_w2c': np.eye(2)}, 'wrong-shape', (2, 2), (3, 3)),
        ({'t_w2c': [1, 2]}, 'wrong-shape', (2,), (3,)),
        ({'dist': [1, 2, 3]}, 'wrong-shape', 3, [0, 4, 5, 8, 12, 14]),
        ({'K': np.diag([-900, 900, 1])}, 'out-of-range', (-900, 900), None),
        ({'K': K.T}, 'invalid-input', K.T.tolist(), None),
        ({'size': (600, 300)}, 'out-of-range', (655, 350), (600, 300)),
        ({'size': (0, 720)}, 'out-of-range', (0, 720), None),
        ({'size': (1280, 720, 3)}, 'wrong-shape', (1280, 720, 3), None),
        ({'t_w2c': (0, 1e200, 0)}, 'out-of-range', 1e200, 1e100),
        ({'dist': (1e308, 0, 0, 0)}, 'out-of-range', 1e308, 1e100),
    ],
)
def test_impossible_cameras_are_refused_by_name(changes, code, found, expected):
    with fails(InputError, code=code, camera='a', found=found, expected=expected):
        camera(**changes)


def test_numbers_that_are_not_finite_are_refused():
    with fails(InputError, code='not-finite', camera='a') as caught:
        camera(t_w2c=[1, 2, np.nan])
    assert repr(caught.value.found) == '[1.0, 2.0, nan]'


def test_a_reflection_is_distinguished_from_other_invalid_rotation_matrices():
    # Of the same code: the sentence is what says that the world is mirrored.
    with pytest.raises(InputError, match='R is a reflection'):
        camera(R_w2c=np.diag([1, 1, -1]))
    with pytest.raises(InputError, match='R is not a rotation matrix'):
        camera(R_w2c=np.eye(3) * 1.1)


def test_swapped_sides_of_an_image_are_recognised_in_the_sentence():
    with pytest.raises(InputError, match=r'\(655.0, 350.0\) lies outside.*say 1280x600') as caught:
        camera(size=(600, 1280))
    assert caught.value.code == 'out-of-range' and caught.value.expected == (600, 1280)
    with pytest.raises(InputError, match='K must be in pixels of the full image'):
        camera(size=(600, 300))


def test_a_name_that_no_folder_can_have_is_cut_in_the_message():
    assert camera(name='a' * 255).name == 'a' * 255
    with fails(InputError, code='out-of-range', found=5000, expected=255) as caught:
        camera(name='a' * 5000)
    assert len(str(caught.value)) < 500


def test_a_sample_of_a_rig_is_always_the_same_and_in_order():
    rig = CameraRig(tuple(camera(name=str(i)) for i in range(30)))
    some = rig.sample(10)
    assert some.names == rig.sample(10).names == tuple(sorted(some.names, key=int))
    assert len(some) == 10 and rig.sample(30) is rig


def test_arrays_cannot_be_changed():
    cam = camera()
    with pytest.raises(ValueError, match='read-only'):  # NumPy's own
        cam.K[0, 0] = 1


def rig():
    return CameraRig(tuple(camera(name=name) for name in ('b', 'a', '10')))


def test_rig_is_ordered_and_named():
    assert rig().names == ('b', 'a', '10')
    assert rig()['10'].name == '10' and len(rig()) == 3
    assert rig().select(['10', 'b']).names == ('10', 'b')
    with fails(InputError, code='unknown-camera', found='x', expected=('b', 'a', '10')) as caught:
        rig().select(['x', 'a', 'y'])
    assert caught.value.camera == 'x' and "no camera 'x', 'y' in" in str(caught.value)
    with pytest.raises(KeyError, match="no camera 'x'"):  # a mapping's own error, without fields
        rig()['x']
    with fails(InputError, code='duplicate', camera='a', found=['a']):
        CameraRig((camera(), camera()))
    with fails(InputError, code='no-data'):
        CameraRig(())


def test_distances_between_cameras():
    places = [(0, 0, 0), (300, 400, 0), (0, 0, 1200)]
    cams = CameraRig(
        tuple(Camera.from_center(str(i), K, np.eye(3), place) for i, place in enumerate(places))
    )
    expected = [[0, 500, 1200], [500, 0, 1300], [1200, 1300, 0]]
    np.testing.assert_allclose(cams.distances_mm, expected, atol=1e-9)
    assert cams.distances_mm is cams.distances_mm


def test_rig_projects_all_cameras():
    points = people_points(10).reshape(5, 2, 3)
    uv, valid = rig().project(points)
    assert uv.shape == (3, 5, 2, 2) and valid.shape == (3, 5, 2)
    np.testing.assert_array_equal(uv[1], rig()['a'].project(points)[0])
    np.testing.assert_array_equal(rig().sees(points)[2], rig()['10'].in_image(uv[2]))


def test_a_rig_computes_what_its_cameras_compute():
    """Cameras of different lenses and sizes in any order: those of one kind go together."""
    bent, tilted = (0.1, -0.05, 0.001, 0.002, 0.01), (*(0.01,) * 12, 0.05, -0.02)
    cameras = (
        camera(bent, 'a'), camera((0.05, 0.01, 0.0, 0.0), 'b', lens='fisheye'), camera((), 'c'),
        camera(tilted, 'd'), camera((-0.4, 0.2, 0.0, 0.0, 0.0, 0.1, 0.02, 0.01), 'e', (800, 600)),
        camera((0.9,), 'f', lens='fov'),
    )  # fmt: skip
    rig = CameraRig(cameras)
    points = people_points(200).reshape(2, 100, 3)
    uv, valid = rig.project(points)
    known = np.random.default_rng(0).random(valid.shape) < 0.9
    rays, some = rig.normalise_points(uv), rig.normalise_points(uv, known)
    seen = rig.sees(points)
    for row, each in enumerate(cameras):
        own_uv, own_valid = each.project(points)
        np.testing.assert_allclose(uv[row], own_uv, rtol=1e-12)
        np.testing.assert_array_equal(valid[row], own_valid)
        np.testing.assert_array_equal(seen[row], each.in_image(own_uv))
        np.testing.assert_allclose(rays[row], each.normalise_points(own_uv), atol=1e-12)
        expected = each.normalise_points(own_uv, known[row])
        np.testing.assert_allclose(some[row], expected, atol=1e-12)
    assert 0.2 < seen.mean() and np.isfinite(rays[valid]).all() and np.isnan(some[~known]).all()


def test_fingerprint_tells_rigs_apart():
    assert rig().fingerprint == rig().fingerprint
    assert rig().fingerprint != rig().select(['a', 'b', '10']).fingerprint
    assert rig().fingerprint != rig().in_world(np.eye(3), 1.001).fingerprint


def test_sizes_are_filled_in_only_where_unknown():
    cameras = (camera(name='a', size=None), camera(name='b', size=(1300, 730)))
    sized = CameraRig(cameras).with_size((1920, 1080))
    assert [c.size for c in sized] == [(1920, 1080), (1300, 730)]


def test_space_is_a_box_in_millimetres():
    space = CaptureVolume((450, -320, 800), (8000, 6000, 2000))
    np.testing.assert_array_equal(space.lower_mm, (-3550, -3320, -200))
    np.testing.assert_array_equal(space.upper_mm, (4450, 2680, 1800))
    assert space.contains([[0, 0, 0], [0, 0, 1900], [4450, 0, 0]]).tolist() == [True, False, True]
    with fails(InputError, code='out-of-range', found=(8, 8, 2), expected=(500, 1e6)):
        CaptureVolume((0, 0, 1), (8, 8, 2))
    with fails(InputError, code='not-finite', found=(0, 0, np.inf)):
        CaptureVolume((0, 0, np.inf), (8000, 8000, 2000))
    with fails(InputError, code='wrong-shape', found=(8000, 8000)):
        CaptureVolume((0, 0, 1000), (8000, 8000))
