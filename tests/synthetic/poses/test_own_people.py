import numpy as np
from errors import fails
from mocap_files import COCO17, people

from mmpose_ours.errors import FileFormatError
from mmpose_ours.predictions.reading import write_predictions
from mmpose_ours.structures.joint_maps import convert_joints
from mmpose_ours.synthetic.poses.pose_bank import HIPS_MM
from mmpose_ours.synthetic.poses.sources import read_bank, read_source

SPOT = np.array([2000.0, -1000.0, 0.0])


def recorded(frames=10):
    """Two people, 3 m apart, who stand where they are."""
    poses = people(2 * frames, actions=('stand',))
    return {
        i: np.stack([poses[2 * i], poses[2 * i + 1] + (3000, 0, 0)]) + SPOT for i in range(frames)
    }


def test_good_people_stay_as_they_are(tmp_path):
    frames = recorded()
    frames[4][0, COCO17.index('left_wrist')] = np.nan
    write_predictions(tmp_path / 'own.json', frames)
    source = read_source(tmp_path / 'own.json')
    assert source.kind == 'predictions' and len(source.bank) == 20
    assert (
        source.note == 'dropped of 20 people: 0 for few joints, 0 for limbs, 0 for one frame only'
    )
    poses = np.concatenate(list(frames.values()))
    known = np.isfinite(poses).all(-1)
    np.testing.assert_array_equal(source.bank.visible, known)
    poses[..., :2] -= COCO17.root_of(poses)[:, None, :2]
    np.testing.assert_allclose(source.bank.poses[known], poses[known], atol=2e-3)


def test_doubtful_people_are_dropped_and_counted(tmp_path):
    frames = recorded()
    frames[1][0, COCO17.index('left_hip')] = np.nan
    frames[2][0, 7:11] = np.nan
    frames[3][0, COCO17.index('right_ankle')] += (700, 0, 0)  # a shank twice as long
    frames[4][0] *= 0.4  # a dwarf, at another place
    frames[5][0, :, 2] += 2500  # on the ceiling
    false_positive = people(1, seed=3)[0] + (-4000, 5000, 0)
    frames[7] = np.concatenate([frames[7], false_positive[None]])
    write_predictions(tmp_path / 'own.json', frames)
    source = read_source(tmp_path / 'own.json')
    assert (
        source.note == 'dropped of 21 people: 2 for few joints, 3 for limbs, 1 for one frame only'
    )
    assert len(source.bank) == 15 and source.bank.visible.all()


def test_other_skeletons_are_read_and_faces_stay_unknown(tmp_path):
    frames = {key: convert_joints(poses, 'coco17', 'campus14') for key, poses in recorded().items()}
    write_predictions(tmp_path / 'own.json', frames, joints='campus14')
    bank = read_bank(tmp_path / 'own.json')
    assert len(bank) == 20 and bank.visible[:, 5:].all() and not bank.visible[:, :5].any()


def test_a_floor_that_is_not_zero_is_refused(tmp_path):
    frames = {key: poses - (0, 0, 900) for key, poses in recorded().items()}
    write_predictions(tmp_path / 'own.json', frames)
    with fails(FileFormatError, code='out-of-range', file=tmp_path / 'own.json', expected=HIPS_MM):
        read_bank(tmp_path / 'own.json')


def test_nobody_left_is_an_error(tmp_path):
    write_predictions(tmp_path / 'own.json', {1: np.zeros((0, 17, 3))})
    with fails(FileFormatError, code='no-data', file=tmp_path / 'own.json'):
        read_bank(tmp_path / 'own.json')
