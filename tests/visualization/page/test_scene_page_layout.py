"""The page on a phone and on a desk, with upright and lying images."""

import numpy as np
import pytest
from frame_results import result_of
from scene_pages import opened, settle, spot
from visual_rigs import people, small_rig

from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.visualization.page.scene import write_scene_page


@pytest.fixture(scope='module')
def upright_file(tmp_path_factory):
    """Two upright cameras and two lying ones."""
    sizes = [(1080, 1920), (1920, 1080)] * 2
    cameras = [small_rig(4, size).cameras[i] for i, size in enumerate(sizes)]
    poses = people((0, 0), (900, 0))
    path = tmp_path_factory.mktemp('upright') / 'scene.html'
    write_scene_page(
        path, CameraRig(tuple(cameras)), [result_of(t, poses, [0, 1]) for t in range(3)], fps=25.0
    )
    return path


@pytest.mark.parametrize('size', [(1280, 800), (390, 844)])
def test_upright_images_are_as_large_as_lying_ones(browser, upright_file, size):
    with opened(browser, upright_file, *size) as tab:
        boxes = [c.bounding_box() for c in tab.locator('#strip canvas').all()]
        areas = np.array([box['width'] * box['height'] for box in boxes])
        np.testing.assert_allclose(areas, areas[0], rtol=0.02)
        shapes = [box['width'] / box['height'] for box in boxes]
        np.testing.assert_allclose(shapes, [9 / 16, 16 / 9] * 2, rtol=0.02)
        assert areas[0] > 130**2 * 0.97
        assert max(box['height'] for box in boxes) <= 0.35 * size[1]


@pytest.mark.parametrize('height', [844, 667])
def test_figures_of_a_person_are_in_sight_on_a_phone(browser, scene_file, height):
    with opened(browser, scene_file, 390, height) as tab:
        assert not tab.is_visible('#person')
        tab.touchscreen.tap(*spot(tab, 12, 'left_hip'))
        settle(tab)
        assert tab.evaluate('scenePage.state.chosen') == 12
        controls = tab.locator('#controls').bounding_box()
        box = tab.locator('#person').bounding_box()
        assert box['y'] >= 0 and box['y'] + box['height'] <= controls['y'] + 1
        room = tab.locator('#room').bounding_box()
        assert room['y'] >= 0 and room['height'] > 0.4 * height, 'beside the scene'
        assert tab.evaluate('document.documentElement.scrollWidth') <= 390


def test_it_fits_a_phone(browser, scene_file):
    with opened(browser, scene_file, 390, 800) as tab:
        assert tab.evaluate('document.documentElement.scrollWidth') <= 390
        parts = ('#room', '#play', '#time', '#speed', '#loop', '#people', '#measure', '#save')
        for part in parts:
            box = tab.locator(part).bounding_box()
            assert box['x'] >= 0 and box['x'] + box['width'] <= 391, part
