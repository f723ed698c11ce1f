import numpy as np
import pytest
from mocap_files import COCO17, people

from mmpose_ours.synthetic import ACTIONS, PoseBank
from mmpose_ours.synthetic.poses.anthropometry import joint_of, stature_of
from mmpose_ours.synthetic.poses.realism import measure_realism
from mmpose_ours.synthetic.poses.sources import read_bank


def bank_of(poses):
    return PoseBank(poses, np.ones(poses.shape[:2], dtype=bool))


def faults_of(poses):
    return {name: found.mean() for name, found in measure_realism(bank_of(poses)).faults.items()}


@pytest.mark.parametrize('action', ACTIONS)
def test_bodies_with_joint_limits_have_no_faults(action):
    assert measure_realism(bank_of(people(300, 1, (action,)))).sound.mean() > 0.99


def test_real_people_have_few_faults(shared_data):
    bank = read_bank(shared_data / 'panoptic_poses' / 'panoptic_poses_coco17.pkl')
    realism = measure_realism(bank)
    assert realism.sound.mean() > 0.97
    assert all(abs(share - 1) < 0.15 for share in realism.proportions.values())


def test_exchanged_sides_bend_knees_the_wrong_way():
    poses = people(300, 1, ('crouch', 'sit'))
    mirrored = poses * (1, -1, 1)  # a left-handed file: sides are exchanged
    found = faults_of(mirrored)
    assert found['knees'] > 0.5 and found['limbs'] == found['uneven'] == 0
    # Named the right way again it is a mirror image, which people have.
    assert faults_of(mirrored[:, COCO17.flip_order])['knees'] == 0


def test_a_forearm_that_bends_backwards_is_seen():
    poses = people(300, 1, ('stand',))
    elbow, wrist = COCO17.index('left_elbow', 'left_wrist')
    shoulder = joint_of(poses, 'left_shoulder')
    along = poses[:, elbow] - shoulder
    along /= np.linalg.norm(along, axis=-1, keepdims=True)
    lower = poses[:, wrist] - poses[:, elbow]
    # Half a turn about the upper arm.
    backwards = 2 * (lower * along).sum(-1, keepdims=True) * along - lower
    straight = (lower * along).sum(-1) / np.linalg.norm(lower, axis=-1)
    bent = np.rad2deg(np.arccos(np.minimum(straight, 1)))
    poses[:, wrist] = poses[:, elbow] + backwards
    found = measure_realism(bank_of(poses)).faults['elbows']
    assert found[bent > 31].mean() > 0.75 and not found[bent < 29].any()


def test_proportions_sides_floor_and_heads():
    poses = people(50, 1, ('stand',))
    ankle = COCO17.index('left_ankle')
    longer = poses.copy()
    longer[:, ankle] += longer[:, ankle] - longer[:, COCO17.index('left_knee')]
    found = faults_of(longer)
    assert found['limbs'] == found['uneven'] == 1
    assert faults_of(poses - (0, 0, 200))['sunk'] == 1
    assert faults_of(poses + (0, 0, 500))['afloat'] == 1
    head_stand = measure_realism(bank_of(poses * (1, -1, -1) + (0, 0, 2000)))
    assert head_stand.head_below_hips.all() and not head_stand.faults['knees'].any()


def test_unknown_joints_are_no_fault():
    poses = people(50, 1)
    visible = np.random.default_rng(0).random((50, 17)) < 0.6
    visible[:, COCO17.index('left_hip', 'right_hip')] = True
    realism = measure_realism(PoseBank(np.where(visible[..., None], poses, 0.0), visible))
    assert realism.sound.all() and realism.known == visible.mean()


def test_stature_is_that_of_the_body():
    stature = stature_of(people(3000, 0, ('stand',)))
    assert np.median(stature) == pytest.approx(1700, rel=0.01)
    assert stature.std() == pytest.approx(110, rel=0.2)
