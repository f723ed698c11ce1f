"""Angles that come out are those by which bodies were turned."""

import numpy as np
import pytest
from errors import fails
from frame_results import predictions_of
from scipy.spatial.transform import Rotation
from turned_bodies import JOINTS, TO_WORLD, body, turn

from mmpose_ours.errors import InputError
from mmpose_ours.kinematics import ANGLES, joint_angles
from mmpose_ours.kinematics.joint_angles import LIMB_ANGLES, MIN_BEND_DEG, degrees_of
from mmpose_ours.kinematics.rotations import cardan_yxz, cardan_zxy, frame_from
from mmpose_ours.structures.joint_maps import convert_joints
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.tracking.trajectories import timeline_of

LIMITS = {'knee_angle': (25, 140), 'elbow_flex': (25, 140), 'hip_flexion': (-40, 110)}


def random_angles(count, seed=0):
    rng = np.random.default_rng(seed)
    names = [n for n in ANGLES if not n.startswith(('trunk', 'shoulder'))]
    return {n: rng.uniform(*LIMITS.get(n.rsplit('_', 1)[0], (-50, 50)), count) for n in names}


def angle(degrees, name):
    return degrees[:, ANGLES.index(name)]


def test_every_angle_of_bodies_turned_at_random():
    turned = random_angles(200)
    degrees = np.concatenate([degrees_of(pose[None], JOINTS) for pose in body(turned)])
    for name, expected in turned.items():
        np.testing.assert_allclose(angle(degrees, name), expected, atol=1e-6, err_msg=name)


@pytest.mark.parametrize(('name', 'joint', 'axis'), [
    ('hip_flexion_r', 'right_knee', (1, 0, 0)), ('hip_flexion_l', 'left_knee', (1, 0, 0)),
    ('hip_adduction_r', 'right_knee', (0, 0, -1)), ('hip_adduction_l', 'left_knee', (0, 0, 1)),
    ('knee_angle_r', 'right_ankle', (-1, 0, 0)), ('ankle_angle_l', 'left_big_toe', (0, 1, 0)),
    ('arm_flex_r', 'right_elbow', (1, 0, 0)), ('arm_add_l', 'left_elbow', (0, 0, 1)),
    ('elbow_flex_l', 'left_wrist', (1, 0, 0)), ('lumbar_extension', 'left_shoulder', (-1, 0, 0)),
    ('lumbar_bending', 'left_shoulder', (0, 0, 1)), ('pelvis_rotation', 'right_hip', (1, 0, 0)),
    ('lumbar_rotation', 'right_shoulder', (1, 0, 0)), ('pelvis_list', 'right_hip', (0, -1, 0)),
    ('pelvis_tilt', 'spine', (-1, 0, 0)),
])  # fmt: skip
def test_signs_are_those_of_the_page(name, joint, axis):
    """Where a joint goes for a positive angle, in forward, up and right of a standing person."""
    way = body({name: 30.0})[0] - body({})[0]
    assert way[JOINTS.index(joint)[0]] @ TO_WORLD @ axis > 50
    assert angle(degrees_of(body({name: 30.0}), JOINTS), name)[0] == pytest.approx(30)


@pytest.mark.parametrize(
    ('name', 'bent', 'joint', 'inward'),
    [('hip_rotation', 'knee_angle', 'ankle', -1), ('arm_rot', 'elbow_flex', 'wrist', 1)],
)
@pytest.mark.parametrize('side', ['right', 'left'])
def test_internal_rotation_turns_a_bent_limb(name, bent, joint, inward, side):
    """Inwards it moves the forearm to the other side, and the shank, behind the knee, outwards."""
    bends = {f'{bent}_{side[0]}': 90.0}
    turned = body({**bends, f'{name}_{side[0]}': 30.0})
    way = (turned - body(bends))[0, JOINTS.index(f'{side}_{joint}')[0]] @ TO_WORLD
    assert way[2] * (-1 if side == 'right' else 1) * inward > 50
    assert angle(degrees_of(turned, JOINTS), f'{name}_{side[0]}')[0] == pytest.approx(30)


def test_plane_and_elevation_of_arms():
    rng = np.random.default_rng(3)
    turned = {}
    for side in 'rl':
        turned[f'shoulder_plane_{side}'] = rng.uniform(-90, 130, 50)
        turned[f'shoulder_elevation_{side}'] = rng.uniform(15, 160, 50)
    degrees = np.concatenate([degrees_of(p[None], JOINTS) for p in body(turned, arms='YXY')])
    for name, expected in turned.items():
        np.testing.assert_allclose(angle(degrees, name), expected, atol=1e-6, err_msg=name)
    forward = body({'arm_flex_r': 90.0})
    assert angle(degrees_of(forward, JOINTS), 'shoulder_plane_r')[0] == pytest.approx(90)


def test_trunk_is_pelvis_and_spine_together():
    turned = random_angles(50, 1)
    degrees = np.concatenate([degrees_of(pose[None], JOINTS) for pose in body(turned)])
    pelvis = turn('YXZ', *(turned[f'pelvis_{n}'] for n in ('rotation', 'list', 'tilt')))
    lumbar = turn('ZXY', *(turned[f'lumbar_{n}'] for n in ('extension', 'bending', 'rotation')))
    trunk = Rotation.from_matrix(pelvis @ lumbar).as_euler('YXZ', degrees=True)
    fit = np.abs(trunk[:, 1]) < 84
    assert fit.sum() > 40
    for column, name in enumerate(('trunk_rotation', 'trunk_list', 'trunk_tilt')):
        np.testing.assert_allclose(angle(degrees, name)[fit], trunk[fit, column], atol=1e-6)


@pytest.mark.parametrize(('order', 'ours'), [('ZXY', cardan_zxy), ('YXZ', cardan_yxz)])
def test_cardan_angles_are_scipys(order, ours):
    turns = Rotation.random(300, random_state=0)
    expected = turns.as_euler(order, degrees=True)
    expected = expected[np.abs(expected[:, 1]) < 84]
    matrices = Rotation.from_euler(order, expected, degrees=True).as_matrix()
    np.testing.assert_allclose(ours(matrices), expected, atol=1e-8)
    locked = ours(Rotation.from_euler(order, [20, 88, 30], degrees=True).as_matrix()[None])[0]
    assert np.isnan(locked[[0, 2]]).all() and locked[1] == pytest.approx(88)


def test_frames_are_rotations():
    first, second = np.random.default_rng(0).normal(size=(2, 20, 3))
    for axis, column in (('y', 1), ('z', 2)):
        frames = frame_from(first, second, axis)
        np.testing.assert_allclose(np.linalg.det(frames), 1)
        np.testing.assert_allclose(frames @ np.swapaxes(frames, 1, 2), [np.eye(3)] * 20, atol=1e-12)
        along = np.einsum('ti,ti->t', frames[..., column], first)
        np.testing.assert_allclose(along, np.linalg.norm(first, axis=-1))
        other = np.einsum('ti,ti->t', frames[..., 3 - column], second)
        assert (other > 0).all()
    parallel = frame_from(first, 2 * first, 'y')
    assert np.isnan(parallel[..., [0, 2]]).all() and np.isfinite(parallel[..., 1]).all()


def test_straight_limbs_have_no_rotation_about_themselves():
    below, above = MIN_BEND_DEG - 1, MIN_BEND_DEG + 1
    degrees = degrees_of(body({'knee_angle_r': np.array([0.0, below, above])}), JOINTS)
    assert np.isfinite(angle(degrees, 'hip_rotation_r')).tolist() == [False, False, True]
    assert np.isfinite(angle(degrees, 'hip_flexion_r')).all()
    hanging = degrees_of(body({'shoulder_elevation_r': np.array([5.0, 15.0])}, 'YXY'), JOINTS)
    assert np.isfinite(angle(hanging, 'shoulder_plane_r')).tolist() == [False, True]


def test_an_arm_held_sideways_has_no_flexion():
    degrees = degrees_of(body({'arm_add_l': np.array([-90.0]), 'elbow_flex_l': 60.0}), JOINTS)
    assert angle(degrees, 'arm_add_l')[0] == pytest.approx(-90)
    assert np.isnan(angle(degrees, 'arm_flex_l')[0]) and np.isnan(angle(degrees, 'arm_rot_l')[0])


NEEDS = {
    'left_ankle': {'knee_angle_l', 'ankle_angle_l', 'hip_rotation_l'},
    'right_heel': {'ankle_angle_r'},
    'right_wrist': {'elbow_flex_r', 'arm_rot_r'},
    'right_hip': {n for n in ANGLES if n.startswith(('pelvis', 'lumbar', 'hip'))}
    | {'knee_angle_r'},
    # The line of the hips alone tells how the pelvis is turned and tipped, and how far a thigh is
    # from the middle.
    'spine': {n for n in ANGLES if not n.startswith(('knee', 'ankle', 'elbow', 'hip_add'))}
    - {'pelvis_rotation', 'pelvis_list'},
}


@pytest.mark.parametrize('joint', NEEDS)
def test_a_missing_joint_takes_only_its_angles_away(joint):
    poses = body(random_angles(3))
    poses[1, JOINTS.index(joint)[0]] = np.nan
    degrees = degrees_of(poses, JOINTS)
    assert np.isfinite(degrees[[0, 2]]).all()
    assert {n for n in ANGLES if np.isnan(angle(degrees, n)[1])} == NEEDS[joint]


def test_without_a_joint_in_the_spine_pelvis_and_trunk_are_not_told_apart():
    turned = {'pelvis_tilt': 20.0, 'knee_angle_r': 40.0, 'hip_flexion_r': 35.0}
    poses = convert_joints(body(turned), JOINTS, 'coco17')
    degrees = degrees_of(poses, 'coco17')
    assert np.isnan(angle(degrees, 'pelvis_tilt')).all()
    assert np.isnan(angle(degrees, 'lumbar_extension')).all()
    assert angle(degrees, 'trunk_tilt')[0] == pytest.approx(20)
    assert angle(degrees, 'hip_flexion_r')[0] == pytest.approx(35)
    assert np.isnan(angle(degrees, 'ankle_angle_r')).all(), 'no feet'


@pytest.mark.parametrize('name', sorted(SKELETONS))
def test_every_skeleton_gives_the_angles_of_its_joints(name):
    skeleton = SKELETONS[name]
    poses = np.random.default_rng(0).normal(0, 500, (4, len(skeleton), 3))
    degrees = degrees_of(poses, skeleton)
    legs = {'right_hip', 'right_knee', 'right_ankle'} <= set(skeleton.joints)
    assert np.isfinite(angle(degrees, 'knee_angle_r')).all() == legs
    feet = legs and {'right_heel'} <= set(skeleton.joints)
    assert np.isfinite(angle(degrees, 'ankle_angle_r')).all() == feet


def test_turns_go_on_counting():
    turning = np.arange(0, 800, 30.0)
    degrees = degrees_of(body({'pelvis_rotation': turning}), JOINTS)
    np.testing.assert_allclose(angle(degrees, 'pelvis_rotation'), turning, atol=1e-6)


def test_a_person_elsewhere_who_faces_elsewhere_has_the_same_joint_angles():
    poses = body(random_angles(5))
    away = poses @ Rotation.from_euler('z', 77, degrees=True).as_matrix().T + [4000, -900, 30]
    limbs = [ANGLES.index(f'{n}_{side}') for n in LIMB_ANGLES for side in 'rl']
    kept = limbs + [ANGLES.index(n) for n in ANGLES if n.endswith(('tilt', 'list', 'bending'))]
    first, second = degrees_of(poses, JOINTS)[:, kept], degrees_of(away, JOINTS)[:, kept]
    np.testing.assert_allclose(first, second, atol=1e-6)


def test_people_over_time():
    poses = convert_joints(body({'knee_angle_l': np.arange(6) * 10.0}), JOINTS, 'coco17')
    frames = {n: poses[n : n + 1] for n in range(6) if n != 3}
    ids = {n: [7] for n in frames}
    [one] = joint_angles(timeline_of(predictions_of(frames, ids=ids, fps=50)))
    assert (one.person, one.frames, one.rate_hz) == (7, (0, 1, 2, 3, 4, 5), 50)
    np.testing.assert_allclose(one.of('knee_angle_l'), [0, 10, 20, np.nan, 40, 50], atol=1e-6)
    with fails(InputError, code='unknown-name'):
        one.of('knee')


def test_nothing_to_compute_is_an_error():
    poses = np.full((1, 17, 3), np.nan)
    poses[0, :5] = 1000.0
    with fails(InputError, code='no-data'):
        joint_angles(timeline_of(predictions_of({0: poses}, ids={0: [0]}, fps=25)))
