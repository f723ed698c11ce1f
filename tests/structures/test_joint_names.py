"""Joint names of other tools."""

import pytest

from mmpose_ours.io.json_values import Place
from mmpose_ours.structures.joint_names import plain_joint, plain_joints
from mmpose_ours.structures.metainfo import skeleton_of, stated_skeleton
from mmpose_ours.structures.skeletons import SKELETONS

# As OpenPose's documentation, MMPose's h36m.py, the Kinect SDKs and others spell them.
BODY_25 = [
    'Nose', 'Neck', 'RShoulder', 'RElbow', 'RWrist', 'LShoulder', 'LElbow', 'LWrist', 'MidHip',
    'RHip', 'RKnee', 'RAnkle', 'LHip', 'LKnee', 'LAnkle', 'REye', 'LEye', 'REar', 'LEar',
    'LBigToe', 'LSmallToe', 'LHeel', 'RBigToe', 'RSmallToe', 'RHeel',
]  # fmt: skip
H36M = [
    'root', 'right_hip', 'right_knee', 'right_foot', 'left_hip', 'left_knee', 'left_foot',
    'spine', 'thorax', 'neck_base', 'head', 'left_shoulder', 'left_elbow', 'left_wrist',
    'right_shoulder', 'right_elbow', 'right_wrist',
]  # fmt: skip
MPII = [
    'right_ankle', 'right_knee', 'right_hip', 'left_hip', 'left_knee', 'left_ankle', 'pelvis',
    'thorax', 'upper_neck', 'head_top', 'right_wrist', 'right_elbow', 'right_shoulder',
    'left_shoulder', 'left_elbow', 'left_wrist',
]  # fmt: skip
KINECT = [
    'SpineBase', 'SpineMid', 'Neck', 'Head', 'ShoulderLeft', 'ElbowLeft', 'WristLeft', 'HandLeft',
    'ShoulderRight', 'ElbowRight', 'WristRight', 'HandRight', 'HipLeft', 'KneeLeft', 'AnkleLeft',
    'FootLeft', 'HipRight', 'KneeRight', 'AnkleRight', 'FootRight', 'SpineShoulder',
    'HandTipLeft', 'ThumbLeft', 'HandTipRight', 'ThumbRight',
]  # fmt: skip
AZURE = [
    'PELVIS', 'SPINE_NAVEL', 'SPINE_CHEST', 'NECK', 'CLAVICLE_LEFT', 'SHOULDER_LEFT',
    'ELBOW_LEFT', 'WRIST_LEFT', 'HAND_LEFT', 'HANDTIP_LEFT', 'THUMB_LEFT', 'CLAVICLE_RIGHT',
    'SHOULDER_RIGHT', 'ELBOW_RIGHT', 'WRIST_RIGHT', 'HAND_RIGHT', 'HANDTIP_RIGHT', 'THUMB_RIGHT',
    'HIP_LEFT', 'KNEE_LEFT', 'ANKLE_LEFT', 'FOOT_LEFT', 'HIP_RIGHT', 'KNEE_RIGHT', 'ANKLE_RIGHT',
    'FOOT_RIGHT', 'HEAD', 'NOSE', 'EYE_LEFT', 'EAR_LEFT', 'EYE_RIGHT', 'EAR_RIGHT',
]  # fmt: skip


@pytest.mark.parametrize(
    'name, plain',
    [
        ('right_shoulder', 'right_shoulder'), ('RShoulder', 'right_shoulder'),
        ('rshoulder', 'right_shoulder'), ('r-shoulder', 'right_shoulder'),
        ('Shoulder.R', 'right_shoulder'), ('shoulderRight', 'right_shoulder'),
        ('Right Shoulder', 'right_shoulder'), ('SHOULDER_RIGHT', 'right_shoulder'),
        ('left big toe', 'left_big_toe'), ('hip', 'mid_hip'), ('Hips', 'mid_hip'),
        ('mid hip', 'mid_hip'), ('Head Top', 'top_head'), ('snout', None), ('left', None),
        ('left_right_hip', None), ('shoulder', None), ('left_nose', None), ('left_thumb4', None),
        ('', None), ('肩', None), ('face-12', None), ('left_eye_inner', None),
    ],
)  # fmt: skip
def test_one_name(name, plain):
    assert plain_joint(name) == plain


@pytest.mark.parametrize('skeleton', SKELETONS.values(), ids=lambda s: s.name)
def test_our_own_names_stay(skeleton):
    assert plain_joints(skeleton.joints) == skeleton.joints


@pytest.mark.parametrize(
    'names, known',
    [(BODY_25, 'body25'), (H36M, 'h36m17'), (MPII, 'mpii16'), (KINECT, 'kinect25'),
     (AZURE, 'kinect32')],
    ids=lambda value: value if isinstance(value, str) else '',
)  # fmt: skip
@pytest.mark.parametrize('layout', [
    lambda names: {'keypoint_id2name': dict(enumerate(names))},
    lambda names: {'keypoint_id2name': {str(i): name for i, name in enumerate(names)}},
    lambda names: {'keypoint_id2name': list(names)},
    lambda names: {'keypoint_name2id': {name: i for i, name in reversed([*enumerate(names)])}},
    lambda names: {'keypoint_name2id': list(names)},
])  # fmt: skip
def test_known_skeletons_are_found_by_names_of_any_spelling(names, known, layout):
    assert skeleton_of({'dataset_name': 'x', **layout(names)}, Place('f')) is SKELETONS[known]


@pytest.mark.parametrize(
    'stated, known',
    [
        ({'dataset_name': 'h36m'}, 'h36m17'),
        ({'dataset_name': 'coco', 'num_keypoints': 17}, 'coco17'),
        ({'dataset_name': 'coco_wholebody'}, 'coco_wholebody'),
        ({'dataset_name': 'coco', 'keypoint_id2name': dict(enumerate(H36M))}, 'h36m17'),
        ({'dataset_name': 'coco', 'num_keypoints': 26}, None),
        ({'dataset_name': 'my own'}, None),
        ({'dataset_name': ['coco']}, None),
        ({}, None),
        (None, None),
        ('coco', None),
    ],
)
def test_what_a_file_states(stated, known):
    assert stated_skeleton(stated, Place('f')) is (known and SKELETONS[known])


def test_other_orders_keep_their_order_under_our_names():
    skeleton = skeleton_of(
        {'keypoint_id2name': BODY_25[::-1], 'skeleton_links': [[24, 23]]}, Place('f')
    )
    assert skeleton.joints == SKELETONS['body25'].joints[::-1]
    assert skeleton.limbs == (('nose', 'neck'),) and skeleton.root == ('mid_hip',)


def test_an_animal_keeps_its_names():
    names = ('L_Eye', 'R_Eye', 'Nose', 'L_Shoulder', 'L_Elbow', 'L_F_Paw', 'R_Hip', 'R_Knee')
    assert plain_joints(names) == names


def test_two_joints_never_get_one_name():
    names = ['LHip', 'left_hip', 'RHip', 'LKnee', 'RKnee', 'LAnkle', 'RAnkle']
    assert plain_joints(names)[:3] == ('LHip', 'left_hip', 'right_hip')
