import numpy as np
from mocap_files import people

from mmpose_ours.synthetic import PoseBank
from mmpose_ours.synthetic.poses.pose_kinds import kinds_of, missed_kinds


def bank_of(poses):
    return PoseBank(poses, np.ones(poses.shape[:2], dtype=bool))


def share(action, kind):
    return kinds_of(bank_of(people(200, 0, (action,))))[kind].mean()


def test_actions_are_of_the_kinds_that_their_names_say():
    assert share('arms_up', 'a hand over the shoulders') > 0.5
    assert share('crouch', 'hips low') > 0.5
    assert share('bend_over', 'bent down') > 0.03
    assert share('lunge', 'a wide step') > 0.3
    standing = kinds_of(bank_of(people(200, 0, ('stand',))))
    assert all(found.mean() < 0.02 for found in standing.values())


def test_what_a_bank_misses_is_named():
    stand, crouch = (people(100, seed, (action,)) for seed, action in ((0, 'stand'), (1, 'crouch')))
    kinds = missed_kinds(
        bank_of(people(2000, 2, ('stand',))), bank_of(np.concatenate([stand, crouch]))
    )
    by_name = {kind.name: kind for kind in kinds}
    assert by_name['hips low'].missed == 1.0 and by_name['hips low'].count > 50
    assert kinds[-1].name == 'none of these' and kinds[-1].missed < 0.3
