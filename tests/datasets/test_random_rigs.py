"""Sites, people and detectors that change: the same for the same seed, whatever is asked first."""

import numpy as np
import pytest
from errors import fails

from mmpose_ours.datasets import RandomRigsDataset
from mmpose_ours.errors import InputError
from mmpose_ours.structures.skeletons import SKELETONS


def dataset(**options) -> RandomRigsDataset:
    return RandomRigsDataset(**{'num_samples': 12, 'items_per_site': 3, **options})


def test_an_item_depends_on_seed_and_index_only():
    forward, backward = dataset(), dataset()
    items = [forward[index] for index in range(12)]
    again = [backward[index] for index in reversed(range(12))][::-1]
    for one, two in zip(items, again):
        assert (one['inputs']['keypoints'] == two['inputs']['keypoints']).all()
        assert one['data_samples'].rig.fingerprint == two['data_samples'].rig.fingerprint
    other = dataset(seed=1)[0]
    assert other['data_samples'].rig.fingerprint != items[0]['data_samples'].rig.fingerprint


def test_sites_change_after_so_many_items_and_differ_in_cameras():
    rigs = [item['data_samples'].rig for item in dataset(num_samples=60)]
    prints = [rig.fingerprint for rig in rigs]
    assert all(len(set(prints[i : i + 3])) == 1 for i in range(0, 60, 3))
    assert len(set(prints)) == 20 and len({len(rig) for rig in rigs}) >= 4


def test_people_are_where_their_detections_are():
    """Without faults the detections are the projections of the people."""
    none = dict.fromkeys(
        ('jitter', 'outlier_share', 'missed_joint_share', 'lower_body_share', 'swap_share',
         'occluded_share', 'far_face_share', 'missed_person_share', 'false_positive_rate',
         'whole_swap_share', 'border_share', 'cut_person_share', 'duplicate_share',
         'split_share', 'score_error'), (0.0, 0.0))  # fmt: skip
    none['joint_bias'] = (np.zeros((17, 2)), np.zeros((17, 2)))
    for item in dataset(faults=none):
        sample, keypoints = item['data_samples'], item['inputs']['keypoints'].numpy()
        uv = sample.rig.project(sample.gt_instances.keypoints_3d.double().numpy())[0]
        for view in range(len(sample.rig)):
            for person in keypoints[view]:
                found = person[:, 2] > 0
                if found.any():
                    off = np.abs(uv[view][:, found] - person[found, :2]).max((1, 2))
                    assert np.nanmin(off) < 0.05


def test_bad_numbers_are_refused():
    with fails(InputError, code='out-of-range', found=(0, 32)):
        dataset(num_samples=0, items_per_site=32)
    with fails(InputError, code='conflict'):
        dataset(indices=[0])
    with pytest.raises(IndexError, match='no item -1'):  # a sequence's own error, without fields
        dataset()[-1]
    with fails(InputError, code='unknown-name', found=['jiter']):
        dataset(faults=dict(jiter=(0, 1)))[0]


def test_scenes_take_other_options_and_editing_an_item_changes_no_other():
    few = dataset(scene=dict(people=(2, 2), min_views=2))
    item = few[0]
    assert len(item['data_samples'].gt_instances) == 2
    before = item['inputs']['keypoints'].clone()
    item['inputs']['keypoints'][:] = 0.0
    item['data_samples'].gt_instances.keypoints_3d[:] = 0.0
    again = few[0]
    assert (again['inputs']['keypoints'] == before).all()
    assert again['data_samples'].gt_instances.keypoints_3d.abs().max() > 0


def test_the_skeleton_is_the_config_s():
    data = RandomRigsDataset(8, metainfo=dict(joints='halpe26'), items_per_site=8)
    info = data.get_data_info(3)
    assert info['keypoints_2d'].shape[-2:] == (26, 3) and info['joints'] == 'halpe26'
    assert info['keypoints_3d'].shape[1:] == (26, 3)
    skeleton = SKELETONS['halpe26']
    feet = skeleton.index(*(name for name in skeleton.joints if name.endswith(('toe', 'heel'))))
    assert (info['keypoints_2d'][..., feet, 2] > 0).any()
