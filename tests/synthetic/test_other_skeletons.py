"""Synthetic people with feet: scenes, detections, and COCO-17 as it has always been."""

import numpy as np
import pytest
from errors import fails
from synthetic_rigs import SPACE, ring_rig

from mmpose_ours.errors import InputError
from mmpose_ours.sources import SceneGenerator
from mmpose_ours.structures.skeletons import COCO17, SKELETONS
from mmpose_ours.synthetic import DetectorNoise, PoseBank, built_in_poses
from mmpose_ours.synthetic.joint_noise import COCO_SIGMAS, JointNoise
from mmpose_ours.synthetic.poses.whole_body import bodies_in, with_parts

HALPE = SKELETONS['halpe26']
# Of 8 scenes: people in each, and sums of 2D keypoints and poses.
PEOPLE = [2, 3, 3, 4, 3, 3, 3, 3]
SUMS = [1445772.665454626, 1422735.0496201515]
FEET = HALPE.index(*(joint for joint in HALPE.joints if joint.endswith(('toe', 'heel'))))


def bodies(count=300, seed=3):
    poses = built_in_poses(count, np.random.default_rng(seed))
    return poses, bodies_in(HALPE, poses, np.random.default_rng(0))


def joints_of(poses, *names):
    return [poses[:, index] for index in HALPE.index(*names)]


def test_scenes_of_coco_are_those_of_the_release_before():
    """Sums that version 0.2.0 printed for the same seeds."""
    items = SceneGenerator(ring_rig(), SPACE, 3, scene=dict(people=(2, 4)), faults='openpose')(
        range(8)
    )
    arrays = [[items[i][key] for i in range(8)] for key in ('keypoints_2d', 'keypoints_3d')]
    assert [len(poses) for poses in arrays[1]] == PEOPLE
    sums = [sum(float(np.abs(a).sum(dtype=float)) for a in part) for part in arrays]
    np.testing.assert_allclose(sums, SUMS, rtol=1e-6)


def test_joints_of_the_body_stay_where_they_are():
    poses, halpe = bodies()
    np.testing.assert_array_equal(halpe[:, :17], poses)
    assert bodies_in(COCO17, poses) is poses


def test_feet_are_at_the_ankles_and_do_not_go_through_the_floor():
    poses, halpe = bodies()
    for side in ('left', 'right'):
        names = (f'{side}_{name}' for name in ('ankle', 'heel', 'big_toe', 'small_toe'))
        ankle, heel, big, small = joints_of(halpe, *names)
        length = np.linalg.norm(big - heel, axis=-1)
        assert 150 < length.min() and length.max() < 320
        assert (np.linalg.norm(heel - ankle, axis=-1) < 110).all()
        assert (np.linalg.norm(big - small, axis=-1) < 110).all()
        assert min(heel[:, 2].min(), big[:, 2].min()) > -35
        # Whoever stands on this foot has it flat.
        standing = ankle[:, 2] < 105
        assert standing.sum() > 50
        assert np.abs(heel[standing, 2] - big[standing, 2]).max() < 40
        # Feet in the air bend: not at one angle with the shank.
        knee = poses[:, COCO17.index(f'{side}_knee')[0]]
        shank, foot = knee - ankle, big - ankle
        cosine = (shank * foot).sum(-1) / np.linalg.norm(shank, axis=-1)
        angle = np.degrees(np.arccos(cosine / np.linalg.norm(foot, axis=-1)))
        assert angle[~standing].std() > 8


def test_toes_point_forward_and_outwards_on_average():
    _, halpe = bodies()
    left_hip, right_hip = joints_of(halpe, 'left_hip', 'right_hip')
    left, right = joints_of(halpe, 'left_big_toe', 'right_big_toe')
    small_left, small_right = joints_of(halpe, 'left_small_toe', 'right_small_toe')
    ankle_left, ankle_right = joints_of(halpe, 'left_ankle', 'right_ankle')
    across = left_hip - right_hip
    forward = np.stack([across[:, 1], -across[:, 0]], -1)
    for toe, ankle in ((left, ankle_left), (right, ankle_right)):
        assert (((toe - ankle)[:, :2] * forward).sum(-1) > 0).mean() > 0.9
    assert ((small_left - left) * across).sum(-1).mean() > 0
    assert ((small_right - right) * across).sum(-1).mean() < 0


def test_head_and_hips_of_halpe():
    poses, halpe = bodies()
    head, neck, mid_hip = joints_of(halpe, 'head', 'neck', 'mid_hip')
    np.testing.assert_allclose(mid_hip, COCO17.root_of(poses), atol=1e-9)
    shoulders = poses[:, COCO17.index('left_shoulder', 'right_shoulder')].mean(1)
    np.testing.assert_allclose(neck, shoulders, atol=1e-9)
    ears = poses[:, COCO17.index('left_ear', 'right_ear')].mean(1)
    assert (np.abs(np.linalg.norm(head - ears, axis=-1) - 107) < 40).all()
    assert np.median(np.linalg.norm(head - neck, axis=-1)) > 250


def test_a_joint_whose_limb_is_unknown_is_unknown():
    poses, _ = bodies(4)
    visible = np.ones((4, 17), bool)
    visible[0, COCO17.index('left_ankle')] = False
    bank = PoseBank(poses, visible).in_skeleton(HALPE)
    left = HALPE.index('left_heel', 'left_big_toe', 'left_ankle')
    assert not bank.visible[0, left].any() and bank.visible[1:].all()
    assert bank.visible[0, HALPE.index('right_heel', 'mid_hip', 'head')].all()


def test_parts_without_random_angles_are_at_right_angles_to_the_shank():
    poses, _ = bodies(50)
    whole = with_parts(poses)
    index = SKELETONS['coco_wholebody'].index('left_ankle', 'left_knee', 'left_heel')
    ankle, knee, heel = (whole[:, i] for i in index)
    size = np.linalg.norm(heel - ankle, axis=-1)
    down = ((heel - ankle) * (ankle - knee)).sum(-1) / np.linalg.norm(ankle - knee, axis=-1)
    np.testing.assert_allclose(down / size, 0.039 / np.hypot(0.023, 0.039), rtol=1e-6)


def test_a_skeleton_that_the_body_cannot_have_is_refused():
    with fails(InputError, code='cannot-express') as caught:
        PoseBank.built_in(10).in_skeleton(SKELETONS['kinect25'])
    assert 'spine_mid' in caught.value.found
    with fails(InputError, code='unknown-name', found='halpe62'):
        SceneGenerator(ring_rig(), SPACE, joints='halpe62')


@pytest.mark.parametrize('name', ['halpe26', 'body25', 'body25b', 'coco_wholebody', 'panoptic15'])
def test_a_perfect_detector_finds_every_joint_in_the_image(name):
    skeleton, rig = SKELETONS[name], ring_rig()
    items = SceneGenerator(rig, SPACE, 1, faults=None, joints=name)(range(3))
    for item in items.values():
        poses, found = item['keypoints_3d'], item['keypoints_2d']
        assert poses.shape[1:] == (len(skeleton), 3)
        uv, valid = rig.project(poses.astype(float))
        for view, camera in enumerate(rig):
            inside = valid[view] & camera.in_image(uv[view])
            known = found[view, found[view, ..., 2].any(-1)]
            gaps = np.linalg.norm(known[:, None, :, :2] - uv[view], axis=-1)
            gaps = np.where((known[:, None, :, 2] > 0) & inside, gaps, np.inf)
            assert np.isfinite(gaps).any(-1).any(1).all()
            assert np.median(gaps.min(1)[np.isfinite(gaps.min(1))]) < 0.05


def test_feet_are_missed_and_swapped_with_the_legs():
    rig = ring_rig()
    lost = DetectorNoise(lower_body_share=1.0, false_positive_rate=0.0, outlier_share=0.0)
    generator = SceneGenerator(rig, SPACE, 2, joints='halpe26', faults=None)
    crowd = generator.sampler.sample_many([np.random.default_rng(i) for i in range(6)])
    rngs = [np.random.default_rng(i) for i in range(6)]
    found = lost.detect_many(crowd, rig, rngs)
    assert all(not (views[..., FEET, 2] > 0).any() for views in found)
    assert any((views[..., HALPE.index('mid_hip'), 2] > 0).any() for views in found)
    kinds = JointNoise.of(HALPE)
    toe, other, ankle = HALPE.index('left_big_toe', 'right_big_toe', 'left_ankle')
    legs, arms, whole = kinds.limb_swaps
    assert legs[toe] == other and arms[toe] == toe and whole[toe] == other
    assert set(FEET) <= set(kinds.lower_body) and ankle in kinds.lower_body
    assert HALPE.index('mid_hip')[0] in kinds.below_waist
    assert kinds.weak_score_factors[toe] == kinds.weak_score_factors[ankle]


def test_sigmas_are_coco_s_and_coco_wholebody_s():
    np.testing.assert_array_equal(JointNoise.of(COCO17).sigmas, COCO_SIGMAS)
    sigmas = JointNoise.of(HALPE).sigmas
    np.testing.assert_array_equal(sigmas[:17], COCO_SIGMAS)
    whole = SKELETONS['coco_wholebody']
    for name in ('left_big_toe', 'right_small_toe', 'left_heel'):
        expected = whole.sigmas[whole.index(name)[0]]
        assert sigmas[HALPE.index(name)[0]] == pytest.approx(expected)


def test_a_noise_measured_on_coco_serves_feet_too():
    values = np.linspace(0.1, 0.9, 17)
    noise = DetectorNoise(missed_joint_share=values.tolist(), joint_bias=[[v, 0] for v in values])
    halpe = noise.for_joints(HALPE)
    assert halpe.joints == 'halpe26' and noise.for_joints(COCO17) is noise
    ankle, hips = COCO17.index('left_ankle')[0], COCO17.index('left_hip', 'right_hip')
    heel, mid_hip = HALPE.index('left_heel', 'mid_hip')
    np.testing.assert_allclose(halpe.missed_joint_share[:17], values)
    assert halpe.missed_joint_share[heel] == pytest.approx(values[ankle])
    assert halpe.joint_bias[mid_hip] == pytest.approx([values[hips].mean(), 0])
    with fails(InputError, code='wrong-shape'):
        DetectorNoise(jitter=values.tolist(), joints='halpe26')
