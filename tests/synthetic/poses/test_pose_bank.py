import pickle

import numpy as np
import pytest
from attack import OPEN, Attack
from errors import fails
from synthetic_rigs import COCO17, SPACE, joint, ring_rig

from mmpose_ours.errors import FileFormatError
from mmpose_ours.synthetic import PoseBank, SceneSampler, built_in_poses
from mmpose_ours.synthetic.poses.pose_bank import HIPS_MM


def entries(count=12, vis_shape=(17, 3), seed=0):
    """People in the schema of panoptic_training_pose.pkl, away from the origin."""
    poses = built_in_poses(count, np.random.default_rng(seed)) + [1500.0, -700.0, 0.0]
    return [{'pose': pose, 'vis': np.ones(vis_shape, dtype=bool)} for pose in poses]


def save(data, path):
    path.write_bytes(pickle.dumps(data, protocol=2))
    return path


@pytest.mark.parametrize('vis_shape', [(17,), (17, 1), (17, 3)])
def test_reads_the_published_schema(tmp_path, vis_shape):
    stored = entries(vis_shape=vis_shape)
    bank = PoseBank.from_pickle(save(stored, tmp_path / 'panoptic_training_pose.pkl'))
    assert len(bank) == 12 and bank.visible.all()
    np.testing.assert_allclose(joint(bank.poses, 'mid_hip')[:, :2], 0, atol=1e-9)
    # Moved along the floor, otherwise as they were.
    np.testing.assert_allclose(np.diff(bank.poses, axis=1),
                               np.diff([e['pose'] for e in stored], axis=1), atol=1e-9)  # fmt: skip
    np.testing.assert_allclose(bank.poses[..., 2], [e['pose'][:, 2] for e in stored])


def test_junk_of_invisible_joints_is_dropped_and_hips_are_needed(tmp_path):
    stored = entries()
    wrist, hip = COCO17.index('left_wrist', 'right_hip')
    stored[0]['vis'][wrist] = False
    stored[0]['pose'][wrist] = 1e9
    stored[1]['pose'][wrist] = np.nan
    stored[2]['vis'][hip] = False
    bank = PoseBank.from_pickle(save(stored, tmp_path / 'bank.pkl'))
    assert len(bank) == 11
    assert not bank.visible[:2, wrist].any() and bank.visible[2:].all()
    assert np.abs(bank.poses).max() < 2500
    np.testing.assert_allclose(joint(bank.poses, 'mid_hip')[:, :2], 0, atol=1e-9)


def test_a_scene_keeps_what_the_bank_does_not_know(tmp_path):
    stored = entries()
    wrist = COCO17.index('left_wrist')[0]
    for entry in stored:
        entry['vis'][wrist] = False
    bank = PoseBank.from_pickle(save(stored, tmp_path / 'bank.pkl'))
    scene = SceneSampler(ring_rig(), SPACE, bank, people=(4, 4)).sample(np.random.default_rng(0))
    mirrored = COCO17.index('right_wrist')[0]
    assert ((~scene.visible).sum(1) == 1).all()
    assert (~scene.visible[:, [wrist, mirrored]]).any(1).all()


def test_real_poses(shared_data):
    bank = PoseBank.from_pickle(shared_data / 'panoptic_poses' / 'panoptic_poses_coco17.pkl')
    assert len(bank) > 2000
    assert np.isfinite(bank.poses).all()
    assert 700 < np.median(joint(bank.poses, 'mid_hip')[:, 2]) < 1100
    sampler = SceneSampler(ring_rig(), SPACE, bank, people=(2, 3))
    assert len(sampler.sample(np.random.default_rng(0)).poses) >= 2


def scaled(factor):
    return lambda pose: pose * factor


@pytest.mark.parametrize(
    'change',
    [
        scaled(0.001),  # metres
        scaled(0.1),  # centimetres
        scaled(1000),
        lambda pose: pose[:, [0, 2, 1]] * (1, -1, 1),  # y down
        lambda pose: pose - COCO17.root_of(pose),  # about the hips
    ],
)
def test_another_unit_axis_or_origin_is_refused(tmp_path, change):
    stored = [{**entry, 'pose': change(entry['pose'])} for entry in entries()]
    path = save(stored, tmp_path / 'bank.pkl')
    with fails(FileFormatError, code='out-of-range', file=path, expected=HIPS_MM) as caught:
        PoseBank.from_pickle(path)
    assert 'millimetres, z up' in str(caught.value), 'what to do'


@pytest.mark.parametrize(
    'data',
    [
        [],
        {'pose': np.zeros((17, 3))},
        5,
        [np.zeros((17, 3))],
        [{'pose': np.zeros((17, 3))}],
        [{'pose': np.zeros((15, 3)), 'vis': np.ones(15)}],
        [{'pose': np.zeros((17, 2)), 'vis': np.ones(17)}],
        [{'pose': 'text', 'vis': np.ones(17)}],
        [{'pose': np.zeros((17, 3)), 'vis': np.ones(17)}, {'pose': np.zeros((3, 3)), 'vis': 1}],
    ],
)
def test_another_schema_is_refused(tmp_path, data):
    path = save(data, tmp_path / 'bank.pkl')
    with fails(FileFormatError, code='file-format', file=path) as caught:
        PoseBank.from_pickle(path)
    assert caught.value.found in ('list', 'dict', 'int') or 'place' in caught.value.found


def test_a_bank_without_hips_is_refused(tmp_path):
    stored = entries()
    for entry in stored:
        entry['vis'][COCO17.index('left_hip')] = False
    with fails(FileFormatError, code='no-data', file=tmp_path / 'bank.pkl'):
        PoseBank.from_pickle(save(stored, tmp_path / 'bank.pkl'))


def test_a_pickle_that_calls_code_is_not_run(tmp_path):
    path = save([{'pose': Attack(tmp_path / 'run'), 'vis': 1}], tmp_path / 'bank.pkl')
    with fails(FileFormatError, code='unsafe', file=path, found=OPEN):
        PoseBank.from_pickle(path)
    assert not (tmp_path / 'run').exists()


def test_the_built_in_bank_is_always_the_same():
    first, second = PoseBank.built_in(30), PoseBank.built_in(30)
    np.testing.assert_array_equal(first.poses, second.poses)
    assert first.visible.all() and len(first) == 30
