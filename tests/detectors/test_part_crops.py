"""Squares around wrists and heads, and whose hand or face each of those found there is."""

import numpy as np
import pytest

from mmpose_ours.detectors.part_crops import (
    FACE_REACH,
    HAND_REACH,
    SQUARE,
    Place,
    cut,
    face_places,
    find_parts,
    hand_places,
)
from mmpose_ours.structures.skeletons import COCO17, SKELETONS

BLAZE = SKELETONS['blazepose33']
# Pixels; forearm 60, trunk 120.
STANDING = {
    'nose': (300, 100), 'left_eye': (306, 94), 'right_eye': (294, 94),
    'left_ear': (312, 98), 'right_ear': (288, 98),
    'left_shoulder': (340, 150), 'right_shoulder': (260, 150),
    'left_elbow': (350, 210), 'right_elbow': (250, 210),
    'left_wrist': (350, 270), 'right_wrist': (250, 270),
    'left_hip': (340, 270), 'right_hip': (260, 270),
    'left_index': (352, 290), 'left_pinky': (358, 290),
}  # fmt: skip


def person(shift=(0, 0), score=0.9, skeleton=BLAZE, **changed):
    found = np.zeros((len(skeleton), 3), np.float32)
    for joint, uv in {**STANDING, **changed}.items():
        if joint in skeleton.joints and uv is not None:
            found[skeleton.index(joint)] = (*np.add(uv, shift), score)
    return found


def test_hands_are_looked_for_at_the_knuckles_or_else_at_the_wrist():
    left, right = hand_places(person()[None], BLAZE)
    assert (left.person, left.part, left.reach) == (0, 'left_hand', HAND_REACH)
    assert left.anchor.tolist() == [350, 270] and left.middle.tolist() == [355, 290]
    assert (right.part, right.middle.tolist()) == ('right_hand', [250, 270])
    assert left.forearm == right.forearm == pytest.approx(60, abs=0.1)
    (row,) = {place.person for place in hand_places(np.stack([0 * person(), person()]), BLAZE)}
    assert row == 1
    assert len(hand_places(person(skeleton=COCO17)[None], COCO17)) == 2


def test_a_forearm_that_points_to_the_camera_has_the_length_that_the_trunk_tells():
    short = person(left_elbow=(350, 268), right_elbow=None)
    assert hand_places(short[None], BLAZE)[0].forearm == pytest.approx(60)
    large = person(left_elbow=(350, 120))
    assert hand_places(large[None], BLAZE)[0].forearm == pytest.approx(150)


@pytest.mark.parametrize('score, count', [(0.49, 0), (0.51, 2)])
def test_wrists_that_are_guessed_are_no_places(score, count):
    assert len(hand_places(person(score=score)[None], BLAZE)) == count
    assert len(face_places(person(score=score)[None], BLAZE)) == count / 2


def test_without_arms_and_trunk_nobody_knows_the_size():
    unknown = dict.fromkeys(('left_elbow', 'right_elbow', 'left_hip', 'right_hip'))
    assert hand_places(person(**unknown)[None], BLAZE) == []
    assert face_places(person(**unknown)[None], BLAZE) == []


def test_a_face_is_looked_for_at_the_middle_of_the_head():
    (place,) = face_places(person((5, 7))[None], BLAZE)
    assert place.part == 'face' and place.reach == FACE_REACH
    assert place.anchor.tolist() == [305, 107]
    np.testing.assert_allclose(place.middle, [305, 96.8 + 7], rtol=1e-6)
    assert face_places(person(nose=None)[None], BLAZE) == []


@pytest.mark.parametrize('middle', [(50, 40), (3, 2), (99, 79), (-30, 40), (50, 200)])
def test_a_square_is_the_image_where_there_is_one_and_black_beyond(middle):
    image = np.random.default_rng(0).integers(1, 255, (80, 100, 3)).astype(np.uint8)
    square, (x, y) = cut(image, np.array(middle), 21.3)
    assert square.shape == (21, 21, 3)
    assert (x + 10, y + 10) == middle
    for row in range(21):
        for column in range(21):
            v, u = y + row, x + column
            expected = image[v, u] if 0 <= v < 80 and 0 <= u < 100 else 0
            assert (square[row, column] == expected).all()


@pytest.mark.parametrize('side, size', [(0.2, 1), (1e9, 100)])
def test_a_square_has_a_pixel_and_is_no_longer_than_the_image(side, size):
    assert cut(np.zeros((80, 100, 3), np.uint8), np.array([50.0, 40.0]), side)[0].shape[0] == size


def place(part, uv, row=0, forearm=40.0):
    uv = np.array(uv, float)
    return Place(row, part, uv, uv, forearm, HAND_REACH)


def dots(image):
    """A detector: every bright pixel is the root of a hand of three joints to its right."""
    found = [
        [(u + 4 * step, v, image[v, u, 0] / 255) for step in range(3)]
        for v, u in np.argwhere(image[..., 0] > 0)
    ]
    return np.array(found, np.float32).reshape(-1, 3, 3)


def scene(*bright):
    image = np.zeros((200, 300, 3), np.uint8)
    for u, v in bright:
        image[v, u] = 204
    return image


def test_what_is_found_in_a_square_has_pixels_of_the_image():
    found = find_parts(scene((105, 63)), [place('left_hand', (100, 60))], dots, 0)
    assert list(found) == [0]
    np.testing.assert_allclose(found[0][:, :2], [(105, 63), (109, 63), (113, 63)])
    np.testing.assert_allclose(found[0][:, 2], 0.8)


def test_a_hand_belongs_to_the_nearest_wrist_whichever_square_it_is_in():
    """Both hands are in both squares."""
    places = [place('left_hand', (100, 60)), place('right_hand', (124, 60))]
    assert SQUARE * 40 / 2 > 24
    found = find_parts(scene((103, 60), (120, 60)), places, dots, 0)
    assert {row: hand[0, 0] for row, hand in found.items()} == {0: 103, 1: 120}
    swapped = find_parts(scene((103, 60), (120, 60)), places[::-1], dots, 0)
    assert {row: hand[0, 0] for row, hand in swapped.items()} == {0: 120, 1: 103}


def test_one_hand_between_two_wrists_is_given_once():
    """It is found in both squares, and within the reach of both wrists."""
    places = [place('left_hand', (100, 60)), place('right_hand', (112, 60), row=1)]
    assert list(find_parts(scene((107, 60)), places, dots, 0)) == [1]


def test_a_hand_out_of_reach_is_of_somebody_else():
    wrist = place('left_hand', (100, 60))
    inside, outside = (round(100 + share * HAND_REACH * 40) for share in (0.9, 1.2))
    assert list(find_parts(scene((inside, 60)), [wrist], dots, 0)) == [0]
    assert find_parts(scene((outside, 60)), [wrist], dots, 0) == {}
    # By its third joint, 8 pixels to the right.
    assert list(find_parts(scene((inside - 8, 60)), [wrist], dots, 2)) == [0]
    assert find_parts(scene((inside, 60)), [wrist], dots, 2) == {}
    assert find_parts(scene(), [wrist], dots, 0) == {}
    assert find_parts(scene((5, 5)), [], dots, 0) == {}
