"""The same person reported twice in one view."""

import numpy as np
import pytest

from mmpose_ours.association.duplicate_detections import distinct_detections, without_duplicates
from mmpose_ours.detections.arrays import arrays_of
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeletons import SKELETONS

pytestmark = pytest.mark.filterwarnings('error')
COCO = SKELETONS['coco17']
# A person who stands, 170 pixels tall.
STANDING = np.array(
    [(0, 10), (3, 7), (-3, 7), (7, 9), (-7, 9), (18, 32), (-18, 32), (22, 60), (-22, 60),
     (24, 84), (-24, 84), (11, 84), (-11, 84), (12, 125), (-12, 125), (12, 166), (-12, 166)],
    dtype=float,
)  # fmt: skip


def person(shift=(0, 0), score=0.9, scale=1.0):
    return np.concatenate([STANDING * scale + shift, np.full((17, 1), score)], axis=1)


def on_a_leg(score=0.8):
    """All joints on the left leg."""
    found = person(score=score)
    found[:, 0] = 12
    found[:, 1] = np.linspace(90, 160, 17)
    return found


@pytest.mark.parametrize('first', [0, 1])
def test_a_skeleton_on_the_limbs_of_another(first):
    people = np.stack([person(), on_a_leg()])[[first, 1 - first]]
    assert distinct_detections(people).tolist() == [first]


def test_the_same_skeleton_twice_is_one():
    assert distinct_detections(np.stack([person(), person((1, 1), 0.7)])).tolist() == [0]


def test_people_beside_and_before_each_other_are_kept():
    people = np.stack([person(), person((35, 0)), person((90, 40), scale=0.6)])
    assert distinct_detections(people).tolist() == [0, 1, 2]


def test_missing_joints_and_nobody():
    few, nobody = person(), person(score=0.0)
    few[5:, 2] = 0
    few[5:, :2] = np.nan
    people = np.stack([person((200, 0)), few, nobody])
    assert distinct_detections(people).tolist() == [0, 1, 2]
    assert distinct_detections(np.zeros((0, 17, 3))).tolist() == []


def test_other_skeletons_are_kept():
    people = np.stack([person()[:5]] * 2)
    assert distinct_detections(people).tolist() == [0, 1]


def test_of_each_view():
    views = {'a': np.stack([person(), on_a_leg()]), 'b': person()[None]}
    assert {name: len(people) for name, people in without_duplicates(views).items()} == {
        'a': 1,
        'b': 1,
    }


def test_duplicates_of_whole_bodies_are_told_by_their_bodies():
    """Hands, feet and face of both are where the person's are."""
    whole = SKELETONS['coco_wholebody']
    people = np.zeros((3, len(whole), 3), np.float32)
    people[0, :17], people[1, :17], people[2, :17] = person(), on_a_leg(), person((300, 0))
    people[:, 17:] = (20, 100, 0.9)
    views = arrays_of({'a': Keypoints2D(whole, people), 'b': Keypoints2D(whole, people[1:])}, COCO)
    distinct = without_duplicates(views)
    assert {name: len(kept) for name, kept in distinct.items()} == {'a': 2, 'b': 2}
    np.testing.assert_allclose(distinct['a'], people[[0, 2], :17], rtol=1e-6)
