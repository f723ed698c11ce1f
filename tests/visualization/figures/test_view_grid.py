import dataclasses

import numpy as np
import pytest
from errors import fails
from matplotlib import colormaps
from matplotlib.colors import to_rgb
from visual_rigs import SIZE, SPACE, people, small_rig

from mmpose_ours.errors import InputError
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.synthetic import DetectorNoise, Scene
from mmpose_ours.visualization import draw_frame
from mmpose_ours.visualization.figures import view_grid as figure
from mmpose_ours.visualization.figures.view_grid import TRUTH_COLOUR

BLUE, ORANGE = (np.array(colormaps['tab10'].colors[i]) * 255 for i in (0, 1))
GREY = np.array(to_rgb(TRUTH_COLOUR)) * 255


@pytest.fixture
def panels(monkeypatch):
    """Pixel boxes (left, top, right, bottom) of the scene and of each view, of the last image."""
    boxes = []
    original = figure._layout

    def spy(rig, title):
        sheet, room, views = original(rig, title)
        boxes[:] = [(sheet, axes) for axes in (room, *views)]
        return sheet, room, views

    monkeypatch.setattr(figure, '_layout', spy)

    def crop(image):
        crops = []
        for sheet, axes in boxes:
            box = axes.get_window_extent()
            height = sheet.bbox.height
            rows = slice(int(height - box.y1), int(np.ceil(height - box.y0)))
            crops.append(image[rows, int(box.x0) : int(np.ceil(box.x1))])
        return crops[0], crops[1:]

    return crop


def count(image, colour, tolerance=12):
    """How many pixels have a colour."""
    return int((np.abs(image.astype(float) - colour).max(-1) < tolerance).sum())


def test_each_person_has_a_colour_in_the_scene_and_in_every_view(panels):
    image = draw_frame(small_rig(), SPACE, people((-700, 0), (700, 300)))
    assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3
    room, views = panels(image)
    assert len(views) == 3
    for panel in (room, *views):
        assert count(panel, BLUE) > 60 and count(panel, ORANGE) > 60


def test_people_are_drawn_where_the_cameras_project_them(panels):
    rig, poses = small_rig(), people((500, -400))
    _, views = panels(draw_frame(rig, SPACE, poses))
    for camera, view in zip(rig, views):
        rows, columns = np.nonzero(np.abs(view.astype(float) - BLUE).max(-1) < 12)
        scale = np.array(view.shape[1::-1]) / SIZE
        uv = (camera.project(poses[0])[0] + 0.5) * scale
        np.testing.assert_allclose([columns.min(), rows.min()], uv.min(0), atol=5)
        np.testing.assert_allclose([columns.max(), rows.max()], uv.max(0), atol=5)


def test_a_person_whom_a_camera_does_not_see_is_not_in_its_view(panels):
    rig = small_rig()
    behind = 1.3 * rig.cameras[0].center_w[:2]
    room, views = panels(draw_frame(rig, SPACE, people(behind)))
    assert count(views[0], BLUE) == 0
    # The others see far beyond the first camera: the person stands behind it.
    assert count(views[1], BLUE) + count(views[2], BLUE) > 20


def test_a_person_at_the_lens_is_no_streak(panels):
    """Some joints are a hand's breadth before the lens plane: their pixels are far away."""
    camera = Camera.looking_at('one', (3000, 0, 1000), (0, 0, 1000), 420, SIZE)
    pose = people((3000, 0))
    depth = camera.to_camera(pose[0])[:, 2]
    assert (depth > 0).any() and (depth < 0).any()
    rig = CameraRig((camera, *small_rig(2)))
    _, views = panels(draw_frame(rig, SPACE, pose))
    assert count(views[0], BLUE) == 0


def test_a_hand_at_the_lens_draws_no_line_across_the_view(panels):
    rig = small_rig()
    camera, pose = rig.cameras[0], people((0, 0))
    hand = pose.copy()
    hand[0, 9] = camera.center_w + np.array([150, 20, 10]) @ camera.R_w2c  # 10 mm before the lens
    assert camera.project(hand[0, 9])[1]
    gone = pose.copy()
    gone[0, 9] = np.nan
    with_hand, without = (panels(draw_frame(rig, SPACE, p))[1][0] for p in (hand, gone))
    np.testing.assert_array_equal(with_hand, without)


def test_nobody_and_missing_joints(panels):
    rig = small_rig()
    nobody = draw_frame(rig, SPACE, np.zeros((0, 17, 3)))
    absent = draw_frame(rig, SPACE, np.full((1, 17, 3), np.nan))
    np.testing.assert_array_equal(nobody, absent)
    poses = people((0, 0))
    whole = panels(draw_frame(rig, SPACE, poses))[1][0]
    poses[0, 11:] = np.nan  # no hips and legs
    half = panels(draw_frame(rig, SPACE, poses))[1][0]
    assert 0 < count(half, BLUE) < 0.8 * count(whole, BLUE)
    assert count(panels(nobody)[1][0], BLUE) == 0


def test_a_single_joint_is_seen(panels):
    poses = np.full((1, 17, 3), np.nan)
    poses[0, 9] = (0, 0, 1000)
    _, views = panels(draw_frame(small_rig(), SPACE, poses))
    assert all(count(view, BLUE) > 3 for view in views)


def test_truth_is_grey_below_the_people_found(panels):
    rig, poses = small_rig(), people((0, 0))
    alone = panels(draw_frame(rig, SPACE, poses[:0], truth=poses))[1]
    aside = panels(draw_frame(rig, SPACE, poses + (600, 0, 0), truth=poses))
    hit = panels(draw_frame(rig, SPACE, poses, truth=poses))[1]
    for view in range(3):
        assert count(alone[view], GREY) > 100 and count(alone[view], BLUE) == 0
        assert count(aside[1][view], GREY) > 60 and count(aside[1][view], BLUE) > 60
        assert count(hit[view], BLUE) > 60
        assert count(hit[view], GREY) < count(alone[view], GREY)
    assert count(aside[0], GREY) > 60


def test_truth_of_another_skeleton_with_absent_actors(panels):
    truth = np.full((3, 14, 3), np.nan)
    truth[1] = np.linspace((0, 0, 100), (0, 0, 1800), 14)
    image = draw_frame(small_rig(), SPACE, people((900, 0)), truth=truth, truth_joints='campus14')
    assert all(count(view, GREY) > 5 for view in panels(image)[1])


def test_images_fill_their_views(panels):
    rig = small_rig()
    green = np.zeros((480, 640, 3), np.uint8)
    green[..., 1] = 180
    image = draw_frame(rig, SPACE, people((0, 0)), images=[None, green, green[::2, ::2]])
    _, views = panels(image)
    shares = [count(view, (0, 180, 0)) / view[..., 0].size for view in views]
    assert shares[0] == 0 and shares[1] > 0.8 and shares[2] > 0.8
    assert count(views[1], BLUE) > 60


def test_detections_are_dots_and_what_is_not_found_is_not_drawn(panels):
    rig, poses = small_rig(), people((0, 0))
    found = DetectorNoise.none().detect(
        Scene(poses, np.ones((1, 17), bool)), rig, np.random.default_rng(0)
    )
    found[1] = 0
    with_dots = panels(draw_frame(rig, SPACE, poses[:0], keypoints_2d=found))[1]
    without = panels(draw_frame(rig, SPACE, poses[:0]))[1]
    changed = [(a != b).any(-1).sum() for a, b in zip(with_dots, without)]
    assert changed[0] > 60 and changed[1] == 0 and changed[2] > 60


@pytest.mark.parametrize('cameras', [1, 2, 4, 7])
def test_any_number_of_cameras_in_any_format_fills_the_sheet(panels, cameras):
    for size in ((640, 480), (480, 640), (1920, 800)):
        rig = small_rig(cameras, size)
        image = draw_frame(rig, SPACE, people((0, 0)))
        room, views = panels(image)
        assert len(views) == cameras
        for view in views:
            height, width = view.shape[:2]
            assert width / height == pytest.approx(size[0] / size[1], rel=0.03)
            assert min(height, width) > 120
        # Everything of the scene is in its panel, and uses it.
        ink = (room < 250).any(-1)
        rows, columns = np.nonzero(ink)
        assert np.ptp(columns) > 0.6 * room.shape[1] or np.ptp(rows) > 0.6 * room.shape[0]


def test_the_scene_is_not_clipped(panels):
    """Frustums and box keep a margin to the panel's edges, for near and far cameras."""
    for radius in (1.0, 4.0):
        cameras = tuple(
            Camera.looking_at(c.name, c.center_w * (radius, radius, 1), (0, 0, 1000), 420, SIZE)
            for c in small_rig(4)
        )
        room, _ = panels(draw_frame(CameraRig(cameras), SPACE, people((0, 0))))
        ink = (room < 250).any(-1)
        assert not ink[:2].any() and not ink[-2:].any()
        assert not ink[:, :2].any() and not ink[:, -2:].any()


def test_names_and_titles_are_no_formulas():
    cameras = tuple(
        dataclasses.replace(camera, name=rf'$\frac${i}') for i, camera in enumerate(small_rig())
    )
    image = draw_frame(CameraRig(cameras), SPACE, people((0, 0)), title=r'take $\frac$')
    assert (image < 200).any()


def test_a_camera_without_size_is_an_error_that_names_it():
    cameras = tuple(dataclasses.replace(camera, size=None) for camera in small_rig())
    rig = CameraRig(cameras)
    with fails(InputError, code='missing-value', camera='camera 0', found=list(rig.names)):
        draw_frame(rig, SPACE, people((0, 0)))
