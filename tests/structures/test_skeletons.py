"""Joint sets and the maps between them, against cases that can be checked by hand."""

import numpy as np
import pytest

from mmpose_ours.structures.skeletons import HEAD_RECIPES, JOINT_SETS, convert_joints, joint_map


def named(joint_set, **joints):
    """(J, 3) with the named joints filled in and NaN elsewhere."""
    points = np.full((len(JOINT_SETS[joint_set]), 3), np.nan)
    for name, xyz in joints.items():
        points[JOINT_SETS[joint_set].index(name)] = xyz
    return points


def at(points, joint_set, name):
    return points[JOINT_SETS[joint_set].index(name)[0]]


# The published orders, written out by hand.
ORDERS = {
    'coco17': {0: 'nose', 1: 'left_eye', 2: 'right_eye', 5: 'left_shoulder', 6: 'right_shoulder',
               9: 'left_wrist', 11: 'left_hip', 12: 'right_hip', 16: 'right_ankle'},
    'campus14': {0: 'right_ankle', 2: 'right_hip', 3: 'left_hip', 5: 'left_ankle',
                 6: 'right_wrist', 8: 'right_shoulder', 9: 'left_shoulder', 11: 'left_wrist',
                 12: 'bottom_head', 13: 'top_head'},
    'panoptic15': {0: 'neck', 1: 'nose', 2: 'mid_hip', 3: 'left_shoulder', 8: 'left_ankle',
                   9: 'right_shoulder', 14: 'right_ankle'},
    'panoptic19': {0: 'neck', 14: 'right_ankle', 15: 'left_eye', 16: 'left_ear',
                   17: 'right_eye', 18: 'right_ear'},
    'body25': {0: 'nose', 1: 'neck', 2: 'right_shoulder', 8: 'mid_hip', 9: 'right_hip',
               14: 'left_ankle', 15: 'right_eye', 18: 'left_ear', 19: 'left_big_toe',
               24: 'right_heel'},
    'coco18': {0: 'nose', 1: 'neck', 2: 'right_shoulder', 5: 'left_shoulder', 8: 'right_hip',
               13: 'left_ankle', 14: 'right_eye', 17: 'left_ear'},
    'halpe26': {0: 'nose', 4: 'right_ear', 5: 'left_shoulder', 16: 'right_ankle', 17: 'head',
                18: 'neck', 19: 'mid_hip', 20: 'left_big_toe', 21: 'right_big_toe',
                22: 'left_small_toe', 25: 'right_heel'},
}  # fmt: skip
LENGTHS = {'coco17': 17, 'campus14': 14, 'panoptic15': 15, 'panoptic19': 19, 'body25': 25,
           'coco18': 18, 'halpe26': 26}  # fmt: skip


@pytest.mark.parametrize('name', list(JOINT_SETS))
def test_order_of_the_published_sets(name):
    joint_set = JOINT_SETS[name]
    assert len(joint_set) == LENGTHS[name] == len(set(joint_set.joints))
    for index, joint in ORDERS[name].items():
        assert joint_set.joints[index] == joint


@pytest.mark.parametrize('name', list(JOINT_SETS))
def test_limbs_and_flips(name):
    joint_set = JOINT_SETS[name]
    assert joint_set.limb_indices.shape == (len(joint_set.limbs), 2)
    flip = joint_set.flip_order
    assert [flip[i] for i in flip] == list(range(len(joint_set))), 'twice is as before'
    for index, other in enumerate(flip):
        left, right = joint_set.joints[index], joint_set.joints[other]
        assert left == right or {left[:4], right[:4]} == {'left', 'righ'}


def test_unknown_joints_and_sets_are_named():
    with pytest.raises(ValueError, match='coco17 has no joint neck'):
        JOINT_SETS['coco17'].index('nose', 'neck')
    with pytest.raises(ValueError, match="unknown 'coco'; known: coco17"):
        joint_map('coco', 'campus14')
    with pytest.raises(ValueError, match="unknown 'mine'"):
        joint_map('coco17', 'campus14', head='mine')


def test_root_is_between_the_hips():
    pose = named('coco17', left_hip=(100, 0, 900), right_hip=(-100, 40, 940))
    np.testing.assert_allclose(JOINT_SETS['coco17'].root_of(pose), (0, 20, 920))


@pytest.mark.parametrize('name', list(JOINT_SETS))
def test_a_set_maps_to_itself(name):
    points = np.random.default_rng(0).normal(size=(4, len(JOINT_SETS[name]), 3))
    np.testing.assert_array_equal(convert_joints(points, name, name), points)


@pytest.mark.parametrize('target', list(JOINT_SETS))
@pytest.mark.parametrize('source', list(JOINT_SETS))
def test_shared_joints_are_carried_over_untouched(source, target):
    points = np.random.default_rng(1).normal(size=(len(JOINT_SETS[source]), 3))
    result = convert_joints(points, source, target)
    for joint in set(JOINT_SETS[source].joints) & set(JOINT_SETS[target].joints):
        np.testing.assert_array_equal(at(result, target, joint), at(points, source, joint))


def test_middle_joints_are_derived():
    pose = named('coco17', left_shoulder=(0, 0, 1400), right_shoulder=(200, 0, 1500))
    result = convert_joints(pose, 'coco17', 'panoptic15')
    np.testing.assert_allclose(at(result, 'panoptic15', 'neck'), (100, 0, 1450))
    assert np.isnan(at(result, 'panoptic15', 'mid_hip')).all(), 'hips are missing'


def test_joints_that_the_source_lacks_stay_missing():
    result = convert_joints(np.zeros((17, 3)), 'coco17', 'body25')
    assert np.isnan(at(result, 'body25', 'left_heel')).all()
    assert not joint_map('coco17', 'body25')[:, JOINT_SETS['body25'].index('left_heel')].any()


def test_points_of_an_image_have_two_coordinates():
    result = convert_joints(np.ones((3, 17, 2)), 'coco17', 'campus14')
    assert result.shape == (3, 14, 2)


@pytest.mark.parametrize('recipe', list(HEAD_RECIPES))
def test_head_recipes_do_not_move_with_the_origin(recipe):
    """Weights of every recipe sum to one, so shifting a person shifts the head."""
    heads = JOINT_SETS['campus14'].index('bottom_head', 'top_head')
    np.testing.assert_allclose(joint_map('coco17', 'campus14', recipe)[:, heads].sum(-1), 1)


def test_crossview_head_as_published():
    """M + (N - M) * factor per axis, M the mid-shoulder and N the nose."""
    pose = named(
        'coco17',
        nose=(100, 200, 1700),
        left_shoulder=(-200, 0, 1400),
        right_shoulder=(200, 0, 1400),
    )
    result = convert_joints(pose, 'coco17', 'campus14', head='crossview')
    np.testing.assert_allclose(at(result, 'campus14', 'bottom_head'), (30, 80, 1580))
    np.testing.assert_allclose(at(result, 'campus14', 'top_head'), (78, 100, 1850))


def test_voxelpose_campus_head_by_hand():
    pose = named(
        'coco17',
        left_ear=(80, 0, 1600),
        right_ear=(-80, 0, 1600),
        left_shoulder=(200, 0, 1400),
        right_shoulder=(-200, 0, 1400),
    )
    result = convert_joints(pose, 'coco17', 'campus14', head='voxelpose_campus')
    np.testing.assert_allclose(at(result, 'campus14', 'bottom_head'), (0, 0, 1500))
    np.testing.assert_allclose(at(result, 'campus14', 'top_head'), (0, 0, 1700))
