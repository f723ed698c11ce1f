"""Synthetic people take their poses from any file that tells some."""

import numpy as np
from dataset_files import SPACE, small_rig

from mmpose_ours.calibration import write_rig
from mmpose_ours.scope import DATASETS
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic import PoseBank, built_in_poses
from mmpose_ours.synthetic.poses.bank_files import write_bank

COCO17 = SKELETONS['coco17']


def test_scenes_are_made_of_the_banks_poses(tmp_path):
    write_rig(small_rig(), tmp_path / 'rig.json', 'panoptic')
    poses = built_in_poses(4, np.random.default_rng(0), ('sit',))
    visible = np.ones((4, 17), dtype=bool)
    visible[:, COCO17.index('nose')] = False
    write_bank(tmp_path / 'bank.npz', PoseBank(poses, visible))
    dataset = DATASETS.build(
        dict(
            type='SyntheticDataset',
            rig_file=str(tmp_path / 'rig.json'),
            num_samples=3,
            space=SPACE,
            bank_file=str(tmp_path / 'bank.npz'),
            scene=dict(size_spread=0.0),
        )
    )
    hips = COCO17.root_of(poses)[:, 2]
    for item in dataset:
        truth = item['data_samples'].gt_instances
        assert not truth.visible.numpy()[:, 0].any() and truth.visible.numpy()[:, 1:].all()
        heights = COCO17.root_of(truth.keypoints_3d.numpy())[:, 2]
        assert np.abs(heights[:, None] - hips).min(1).max() < 0.01
