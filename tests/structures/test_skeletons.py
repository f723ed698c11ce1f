"""Skeletons and the maps between them, against cases that can be checked by hand."""

import numpy as np
import pytest
from errors import fails

from mmpose_ours.errors import InputError
from mmpose_ours.structures.joint_maps import (
    HEAD_RECIPES,
    convert_joints,
    has_human_body,
    joint_map,
)
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.structures.whole_body import hand


def named(skeleton, **joints):
    """(J, 3) with the named joints filled in and NaN elsewhere."""
    points = np.full((len(SKELETONS[skeleton]), 3), np.nan)
    for name, xyz in joints.items():
        points[SKELETONS[skeleton].index(name)] = xyz
    return points


def at(points, skeleton, name):
    return points[SKELETONS[skeleton].index(name)[0]]


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
    'body25b': {0: 'nose', 16: 'right_ankle', 17: 'upper_neck', 18: 'head', 19: 'left_big_toe',
                21: 'left_heel', 22: 'right_big_toe', 24: 'right_heel'},
    'h36m17': {0: 'mid_hip', 1: 'right_hip', 3: 'right_ankle', 6: 'left_ankle', 7: 'spine',
               8: 'thorax', 9: 'neck_base', 10: 'head', 11: 'left_shoulder',
               16: 'right_wrist'},
    'mpi_inf_3dhp17': {0: 'top_head', 1: 'neck', 4: 'right_wrist', 5: 'left_shoulder',
                       10: 'right_ankle', 13: 'left_ankle', 14: 'mid_hip', 15: 'spine',
                       16: 'head'},
    'mpii16': {0: 'right_ankle', 3: 'left_hip', 5: 'left_ankle', 6: 'mid_hip', 7: 'thorax',
               8: 'upper_neck', 9: 'top_head', 10: 'right_wrist', 12: 'right_shoulder',
               13: 'left_shoulder', 15: 'left_wrist'},
    # OpenPose's poseParameters.cpp, POSE_MPI_BODY_PARTS.
    'openpose_mpi15': {0: 'top_head', 1: 'neck', 2: 'right_shoulder', 7: 'left_wrist',
                       8: 'right_hip', 10: 'right_ankle', 13: 'left_ankle', 14: 'chest'},
    'crowdpose14': {0: 'left_shoulder', 1: 'right_shoulder', 5: 'right_wrist', 6: 'left_hip',
                    11: 'right_ankle', 12: 'top_head', 13: 'neck'},
    'aic14': {0: 'right_shoulder', 2: 'right_wrist', 3: 'left_shoulder', 8: 'right_ankle',
              11: 'left_ankle', 12: 'top_head', 13: 'neck'},
    # Microsoft.Kinect.JointType and k4abt_joint_id_t.
    'kinect25': {0: 'spine_base', 3: 'head', 4: 'left_shoulder', 7: 'left_hand',
                 11: 'right_hand', 12: 'left_hip', 15: 'left_foot', 19: 'right_foot',
                 20: 'spine_shoulder', 21: 'left_hand_tip', 24: 'right_thumb'},
    'kinect32': {0: 'mid_hip', 3: 'neck', 4: 'left_clavicle', 5: 'left_shoulder',
                 10: 'left_thumb', 12: 'right_shoulder', 18: 'left_hip', 20: 'left_ankle',
                 22: 'right_hip', 26: 'head', 27: 'nose', 28: 'left_eye', 29: 'left_ear',
                 30: 'right_eye', 31: 'right_ear'},
    'blazepose33': {0: 'nose', 2: 'left_eye', 7: 'left_ear', 9: 'mouth_left',
                    11: 'left_shoulder', 16: 'right_wrist', 18: 'right_pinky', 23: 'left_hip',
                    28: 'right_ankle', 29: 'left_heel', 32: 'right_foot_index'},
    'coco_wholebody': {16: 'right_ankle', 17: 'left_big_toe', 22: 'right_heel', 23: 'face-0',
                       90: 'face-67', 91: 'left_hand_root', 95: 'left_thumb4',
                       112: 'right_hand_root', 132: 'right_pinky_finger4'},
    'halpe136': {25: 'right_heel', 26: 'face-0', 93: 'face-67', 94: 'left_hand_root',
                 115: 'right_hand_root', 135: 'right_pinky_finger4'},
    'body25_hands': {24: 'right_heel', 25: 'left_hand_root', 46: 'right_hand_root'},
    'body25_face': {25: 'face-0', 93: 'right_pupil', 94: 'left_pupil'},
    'body25_face_hands': {25: 'face-0', 95: 'left_hand_root', 136: 'right_pinky_finger4'},
    'body25b_hands': {25: 'left_hand_root'},
    'body25b_face': {25: 'face-0'},
    'body25b_face_hands': {95: 'left_hand_root'},
    'coco18_hands': {18: 'left_hand_root'},
    'coco18_face': {18: 'face-0'},
    'coco18_face_hands': {88: 'left_hand_root'},
}  # fmt: skip
LENGTHS = {'coco17': 17, 'campus14': 14, 'panoptic15': 15, 'panoptic19': 19, 'body25': 25,
           'coco18': 18, 'h36m17': 17, 'mpi_inf_3dhp17': 17, 'mpii16': 16, 'crowdpose14': 14,
           'openpose_mpi15': 15,
           'aic14': 14, 'kinect25': 25, 'kinect32': 32, 'halpe26': 26, 'body25b': 25,
           'blazepose33': 33, 'coco_wholebody': 133,
           'halpe136': 136, 'body25_hands': 67, 'body25_face': 95, 'body25_face_hands': 137,
           'body25b_hands': 67, 'body25b_face': 95, 'body25b_face_hands': 137,
           'coco18_hands': 60, 'coco18_face': 88, 'coco18_face_hands': 130}  # fmt: skip


@pytest.mark.parametrize('name', list(SKELETONS))
def test_order_of_the_published_sets(name):
    skeleton = SKELETONS[name]
    assert len(skeleton) == LENGTHS[name] == len(set(skeleton.joints)), name
    for index, joint in ORDERS[name].items():
        assert skeleton.joints[index] == joint


@pytest.mark.parametrize('name', list(SKELETONS))
def test_limbs_and_flips(name):
    skeleton = SKELETONS[name]
    assert skeleton.limb_indices.shape == (len(skeleton.limbs), 2)
    flip = skeleton.flip_order
    assert [flip[i] for i in flip] == list(range(len(skeleton))), 'twice is as before'
    for index, other in enumerate(flip):
        left, right = skeleton.joints[index], skeleton.joints[other]
        sides = {name for name in (left, right) if 'left' in name or 'right' in name}
        assert left == right or len(sides) == 2 or left[:4] == right[:4] == 'face'
        assert len(sides) != 1 and (left != right or not sides)


def test_unknown_joints_and_sets_are_named():
    joints = list(SKELETONS['coco17'].joints)
    with fails(InputError, code='unknown-name', found=['neck'], expected=joints):
        SKELETONS['coco17'].index('nose', 'neck')
    with fails(InputError, code='unknown-name', found='coco', expected=list(SKELETONS)):
        joint_map('coco', 'campus14')
    with fails(InputError, code='unknown-name', found='mine', expected=list(HEAD_RECIPES)):
        joint_map('coco17', 'campus14', head='mine')


def test_root_is_between_the_hips():
    pose = named('coco17', left_hip=(100, 0, 900), right_hip=(-100, 40, 940))
    np.testing.assert_allclose(SKELETONS['coco17'].root_of(pose), (0, 20, 920))


@pytest.mark.parametrize('name', list(SKELETONS))
def test_a_set_maps_to_itself(name):
    points = np.random.default_rng(0).normal(size=(4, len(SKELETONS[name]), 3))
    np.testing.assert_array_equal(convert_joints(points, name, name), points)


@pytest.mark.parametrize('target', list(SKELETONS))
@pytest.mark.parametrize('source', list(SKELETONS))
def test_shared_joints_are_carried_over_untouched(source, target):
    points = np.random.default_rng(1).normal(size=(len(SKELETONS[source]), 3))
    result = convert_joints(points, source, target)
    for joint in set(SKELETONS[source].joints) & set(SKELETONS[target].joints):
        np.testing.assert_array_equal(at(result, target, joint), at(points, source, joint))


def test_middle_joints_are_derived():
    pose = named('coco17', left_shoulder=(0, 0, 1400), right_shoulder=(200, 0, 1500))
    result = convert_joints(pose, 'coco17', 'panoptic15')
    np.testing.assert_allclose(at(result, 'panoptic15', 'neck'), (100, 0, 1450))
    assert np.isnan(at(result, 'panoptic15', 'mid_hip')).all(), 'hips are missing'


def test_joints_that_the_source_lacks_stay_missing():
    result = convert_joints(np.zeros((17, 3)), 'coco17', 'body25')
    assert np.isnan(at(result, 'body25', 'left_heel')).all()
    assert not joint_map('coco17', 'body25')[:, SKELETONS['body25'].index('left_heel')].any()


def test_points_of_an_image_have_two_coordinates():
    result = convert_joints(np.ones((3, 17, 2)), 'coco17', 'campus14')
    assert result.shape == (3, 14, 2)


@pytest.mark.parametrize('recipe', list(HEAD_RECIPES))
def test_head_recipes_do_not_move_with_the_origin(recipe):
    """Weights of every recipe sum to one, so shifting a person shifts the head."""
    heads = SKELETONS['campus14'].index('bottom_head', 'top_head')
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


ATRW = (
    'left_ear', 'right_ear', 'nose', 'right_shoulder', 'right_front_paw', 'left_shoulder',
    'left_front_paw', 'right_hip', 'right_knee', 'right_back_paw', 'left_hip', 'left_knee',
    'left_back_paw', 'tail', 'center',
)  # fmt: skip
ARMS = tuple(f'{s}_{j}' for s in ('left', 'right') for j in ('shoulder', 'elbow', 'wrist'))


@pytest.mark.parametrize('name', SKELETONS)
def test_known_skeletons_have_a_human_body(name):
    assert has_human_body(SKELETONS[name])


@pytest.mark.parametrize(
    'joints, human',
    [
        (ATRW, False),  # MMPose's tigers: nine of COCO's joints
        (ATRW + ('left_wrist', 'right_wrist'), False),  # they still have tails
        (SKELETONS['coco17'].joints + ('tail_base',), False),
        (ARMS, True),
        (ARMS[1:], False),
        (ARMS[:2] + ARMS[3:5] + ('nose', 'left_eye', 'right_eye'), False),  # without wrists
        (hand('left') + hand('right'), False),
        (('fingertip',) + ARMS, True),  # no fin
    ],
)
def test_animals_hands_and_halves_have_none(joints, human):
    assert has_human_body(Skeleton('s', joints)) is human
