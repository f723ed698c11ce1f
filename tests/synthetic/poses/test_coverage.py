import numpy as np
from mocap_files import COCO17, people
from scipy.spatial.distance import cdist
from scipy.spatial.transform import Rotation

from mmpose_ours.synthetic import PoseBank
from mmpose_ours.synthetic.poses.coverage import (
    measure_coverage,
    nearest_mm,
    spread_mm,
    standardised,
    thin,
)


def bank_of(poses, visible=None):
    return PoseBank(poses, np.ones(poses.shape[:2], dtype=bool) if visible is None else visible)


def moved(poses, seed=0):
    """The same poses elsewhere, turned and of other sizes."""
    rng = np.random.default_rng(seed)
    turn = Rotation.from_euler('z', rng.uniform(0, 360, (len(poses), 1)), degrees=True).as_matrix()
    size, place = rng.uniform(0.7, 1.2, (len(poses), 1, 1)), rng.normal(0, 2000, (len(poses), 1, 3))
    return poses @ turn.swapaxes(1, 2) * size + place


def test_place_heading_size_and_side_do_not_count():
    poses = people(40, 0, None)
    bank = bank_of(poses)
    np.testing.assert_allclose(nearest_mm(bank_of(moved(poses)), bank), 0, atol=1.0)
    mirrored = poses[:, COCO17.flip_order] * (1, -1, 1)
    np.testing.assert_allclose(nearest_mm(bank_of(moved(mirrored)), bank), 0, atol=1.0)


def test_distances_are_those_of_scipy_joint_by_joint():
    a, b = people(70, 1, None), people(90, 2, None)
    b_known = np.random.default_rng(3).random((90, 17)) < 0.8
    b_known[:, 5:7] = b_known[:, 11:13] = True  # by which it is turned
    here, there = standardised(bank_of(a)), standardised(bank_of(b, b_known))
    nearest = []
    for order, sign in ((list(range(17)), (1, 1, 1)), (COCO17.flip_order, (1, -1, 1))):
        poses, known = there.poses[:, order] * sign, there.visible[:, order]
        each = np.stack([cdist(here.poses[:, j], poses[:, j]) for j in range(17)], axis=-1)
        nearest.append((np.where(known, each, 0).sum(-1) / known.sum(-1)).min(1))
    expected = np.minimum(*nearest)
    np.testing.assert_allclose(nearest_mm(bank_of(a), bank_of(b, b_known)), expected, atol=0.5)


def test_coverage_counts_who_has_a_neighbour():
    stand, sit = people(60, 0, ('stand',)), people(60, 0, ('sit',))
    both = measure_coverage(bank_of(stand), bank_of(np.concatenate([moved(stand), sit])))
    assert both.share == 0.5 and both.p90_mm > 150
    assert measure_coverage(bank_of(sit), bank_of(moved(sit))).median_mm < 1


def test_poses_that_share_too_few_joints_are_infinitely_far():
    poses = people(5)
    visible = np.zeros((5, 17), dtype=bool)
    visible[:, 5:12:6] = visible[:, 11:13] = True
    coverage = measure_coverage(bank_of(poses), bank_of(poses, visible))
    assert coverage.share == 0 and np.isinf(coverage.median_mm)


def test_spread_grows_with_variety():
    assert spread_mm(bank_of(people(200, 0, ('stand',)))) < spread_mm(bank_of(people(200, 0, None)))
    assert spread_mm(bank_of(people(1))) == 0


def test_thinning_leaves_one_of_those_that_are_alike():
    poses = people(30, 0, None)
    rng = np.random.default_rng(0)
    noisy = np.concatenate([poses, poses + rng.normal(0, 3, poses.shape), moved(poses)])
    noisy = noisy[:60]
    np.testing.assert_array_equal(thin(bank_of(noisy), 20), np.arange(30))
    assert len(thin(bank_of(noisy), 0)) == 60
    # Another size is another pose, and so is one of which less is known.
    larger = np.concatenate([poses, 1.1 * poses])
    assert len(thin(bank_of(larger), 20)) == 60
    known = np.ones((60, 17), dtype=bool)
    known[30:, 0] = False
    assert len(thin(bank_of(np.concatenate([poses, poses]), known), 20)) == 60


def test_thousands_of_poses():
    bank, other = PoseBank.built_in(5000), PoseBank.built_in(5000, seed=1)
    assert measure_coverage(bank, other).share > 0.95
