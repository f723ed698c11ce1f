"""The page in a real browser: it opens quickly, plays, picks, measures, and says no error."""

import base64

import cv2
import numpy as np
import pytest
from scene_pages import FRAMES, OPENS_WITHIN_MS, PEOPLE, drawing, go_to, painted_share, settle, spot
from visual_rigs import SPACE, people, small_rig


def test_it_opens_in_time_and_shows_everybody(page, scene_file):
    opened_ms = int(page.get_attribute('html', 'data-ready-ms'))
    print(f'{scene_file.stat().st_size / 1e6:.1f} MB, open after {opened_ms} ms')
    assert opened_ms < OPENS_WITHIN_MS
    assert page.inner_text('#title') == page.title() == 'five people'
    assert page.inner_text('#summary') == '1,000 frames, 5 tracks, 5 cameras'
    assert page.inner_text('#people').split() == ['10', '11', '12', '13', '14']
    assert painted_share(page) > 0.03
    assert page.locator('#strip figure').count() == 5


def test_it_plays_and_stops(page):
    before = drawing(page)
    page.keyboard.press(' ')
    page.wait_for_function('() => scenePage.state.t > 10')
    page.click('#play')
    stopped = page.evaluate('scenePage.state.t')
    page.wait_for_timeout(200)
    assert page.evaluate('scenePage.state.t') == stopped
    assert drawing(page) != before
    page.keyboard.press('ArrowRight')
    page.keyboard.press('Shift+ArrowRight')
    settle(page)
    assert f'frame {stopped + 11} · {stopped + 12}/1000 · ' in page.inner_text('#when')
    page.keyboard.press('End')
    settle(page)
    assert page.inner_text('#when').endswith('1000/1000 · 39.96 s')


def test_a_person_is_picked_in_the_scene_and_let_go(page):
    go_to(page, 40)
    box = page.locator('#room').bounding_box()
    x, y = page.evaluate('scenePage.whereIs(12)')[:2]
    page.mouse.click(box['x'] + x, box['y'] + y)
    settle(page)
    reported = page.inner_text('#person')
    assert page.evaluate('scenePage.state.chosen') == 12
    assert 'person\t12' in reported and 'cameras\t4 of 5' in reported and 'score\t0.80' in reported
    now, usual = (float(v) for v in reported.split('left thigh')[1].split('\n')[0].split())
    assert now == usual and 30 < now < 60, 'cm'
    # Once around 50 / 25 s per radian and 600 mm: 0.3 m/s along x, 0.17 along y.
    assert 0.1 < float(reported.split('speed')[1].split()[0]) < 0.4
    page.keyboard.press('Escape')
    settle(page)
    assert page.evaluate('scenePage.state.chosen') is None
    assert not page.is_visible('#person')


def test_who_is_away_is_said(page):
    go_to(page, 400)
    assert page.inner_text('#there') == '4 here now'
    page.click('#people button[data-id="14"]')
    settle(page)
    assert 'there in\t801 of 1000' in page.inner_text('#person')
    assert 'away' in page.get_attribute('#people button[data-id="14"]', 'class')


def test_cameras_are_looked_from_and_hidden(page):
    room = drawing(page)
    page.keyboard.press('2')
    page.wait_for_timeout(100)
    assert 'from camera 1' in page.inner_text('#looking')
    assert drawing(page) != room
    page.click('#cameras button:nth-child(2)')
    settle(page)
    assert not page.is_visible('#looking'), 'the hidden camera is no longer looked from'
    assert page.locator('#strip figure:visible').count() == 4


def test_the_images_say_whose_they_are(page):
    go_to(page, 501)
    page.wait_for_timeout(200)
    caption = page.inner_text('#strip figcaption >> nth=0')
    if 'image of' in caption:
        assert 490 < int(caption.split()[-1]) < 501
    first = page.evaluate("document.querySelector('#strip canvas').toDataURL()")
    page.uncheck('[data-show=images]')
    settle(page)
    assert page.evaluate("document.querySelector('#strip canvas').toDataURL()") != first


def test_drag_and_wheel_turn_and_zoom(page):
    before = page.evaluate('scenePage.whereIs(10)')
    box = page.locator('#room').bounding_box()
    page.mouse.move(box['x'] + 200, box['y'] + 100)
    page.mouse.down()
    page.mouse.move(box['x'] + 300, box['y'] + 130, steps=4)
    page.mouse.up()
    settle(page)
    turned = page.evaluate('scenePage.whereIs(10)')
    page.mouse.wheel(0, -400)
    settle(page)
    assert before != turned != page.evaluate('scenePage.whereIs(10)')
    page.keyboard.press('h')
    settle(page)
    np.testing.assert_allclose(page.evaluate('scenePage.whereIs(10)')[:2], before[:2], atol=1)


def test_a_loop_begins_anew(page):
    page.check('#loop')
    page.select_option('#speed', '10')
    go_to(page, FRAMES - 30)
    page.focus('#room')
    page.keyboard.press(' ')
    page.wait_for_function('() => scenePage.state.t < 500')
    assert page.evaluate('scenePage.state.playing')
    page.keyboard.press('l')
    page.wait_for_function('() => !scenePage.state.playing')
    assert page.evaluate('scenePage.state.t') == FRAMES - 1
    assert not page.is_checked('#loop')


def colours(page):
    """The colours of the scene, as #rrggbb."""
    coded = base64.b64decode(drawing(page).partition(',')[2])
    image = cv2.imdecode(np.frombuffer(coded, np.uint8), cv2.IMREAD_UNCHANGED)
    return {
        f'#{r:02x}{g:02x}{b:02x}' for b, g, r in np.unique(image[..., :3].reshape(-1, 3), axis=0)
    }


def test_left_and_right_have_colours_of_their_own(page):
    own = {'#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9'}
    assert own <= colours(page)
    page.click('#people button[data-id="12"]')  # green, and the others fade
    settle(page)
    assert not {'#0072b2', '#d55e00'} & colours(page)
    page.check('[data-show=sides]')
    settle(page)
    assert {'#0072b2', '#d55e00', '#009e73'} <= colours(page), 'head: their own'
    page.keyboard.press('2')
    page.wait_for_timeout(100)
    assert {'#0072b2', '#d55e00'} <= colours(page)


def measured_mm(page):
    return float(page.inner_text('#measured').split(': ')[1].split(' mm')[0].replace(',', ''))


def test_distances_are_those_of_the_poses(page):
    poses = people(*[(700 * i - 1400, 300 * (i % 2)) for i in range(PEOPLE)])
    rig = small_rig(5)
    page.focus('#room')
    page.keyboard.press('m')
    for joint in ('left_wrist', 'right_wrist'):
        page.mouse.click(*spot(page, 12, joint))
        settle(page)
    assert 'left wrist of 12 – right wrist of 12' in page.inner_text('#measured')
    expected = np.linalg.norm(poses[2, 9] - poses[2, 10])  # COCO-17's wrists
    assert measured_mm(page) == pytest.approx(expected, abs=1)
    # The third click begins anew: between two cameras.
    for view in (0, 1):
        page.mouse.click(*spot(page, view))
        settle(page)
    assert measured_mm(page) == pytest.approx(
        np.linalg.norm(rig.centers_w[0] - rig.centers_w[1]), abs=1
    )
    page.mouse.click(*spot(page, 0))
    page.mouse.click(*spot(page, 10, 'left_ankle'))
    settle(page)
    ankle = poses[0, 15] + (0, 200, 0)  # they sway
    assert measured_mm(page) == pytest.approx(np.linalg.norm(rig.centers_w[0] - ankle), abs=1)
    page.keyboard.press('Escape')
    settle(page)
    assert not page.is_visible('#measured') and not page.evaluate('scenePage.state.measuring')


def test_the_floor_is_measured(page):
    page.focus('#room')
    page.keyboard.press('m')
    box = page.locator('#room').bounding_box()
    corners = page.evaluate('scenePage.floorCorners()')
    for x, y, _ in corners:
        page.mouse.click(box['x'] + x, box['y'] + y)
        settle(page)
    assert 'floor – floor' in page.inner_text('#measured')
    pixel_mm = 25
    assert measured_mm(page) == pytest.approx(SPACE.size_mm[0], abs=2 * pixel_mm)


def test_a_measured_joint_may_be_missing(page):
    page.focus('#room')
    page.keyboard.press('m')
    for joint in ('left_wrist', 'right_ankle'):
        page.mouse.click(*spot(page, 14, joint))
        settle(page)
    before = measured_mm(page)
    go_to(page, 400)
    assert 'missing in this frame' in page.inner_text('#measured')
    go_to(page, 600)
    assert measured_mm(page) == pytest.approx(before, abs=1)


def test_a_view_is_saved(page, tmp_path):
    for keys, name in (('s', 'five_people_0.png'), ('2s', 'five_people_camera_1_0.png')):
        page.focus('#room')
        with page.expect_download() as download:
            for key in keys:
                page.keyboard.press(key)
                page.wait_for_timeout(150)
        assert download.value.suggested_filename == name
        download.value.save_as(tmp_path / name)
        image = cv2.imread(str(tmp_path / name), cv2.IMREAD_UNCHANGED)
        width, height = page.evaluate(
            "(({ width, height }) => [width, height])(document.getElementById('room'))"
        )
        assert image.shape[:2] == (height, width)
        assert image.shape[2] == 3 or (image[..., 3] == 255).all(), 'no transparent ground'
        shown = {tuple(colour) for colour in image[..., 2::-1].reshape(-1, 3)}
        assert (0x00, 0x9E, 0x73) in shown, 'the green person'
