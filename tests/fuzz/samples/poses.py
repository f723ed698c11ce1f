"""3D poses that a pose bank can be made of, by what ``pose_sources`` calls them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from dataset_files import write_pickle
from mocap_files import cmu_places, people, write_bvh, write_trc

from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic import PoseBank
from mmpose_ours.synthetic.poses.bank_files import write_bank
from mmpose_ours.synthetic.poses.sources import read_source

from .results import write_people

COCO = SKELETONS['coco17'].joints
# Of SMPL's joints.
PLACES = {1: 'left_hip', 2: 'right_hip', 4: 'left_knee', 5: 'right_knee', 7: 'left_ankle',
          8: 'right_ankle', 15: 'nose', 16: 'left_shoulder', 17: 'right_shoulder',
          18: 'left_elbow', 19: 'right_elbow', 20: 'left_wrist', 21: 'right_wrist'}  # fmt: skip


def _bank(folder: Path) -> Path:
    write_bank(folder / 'bank.npz', PoseBank.built_in(6))
    return folder / 'bank.npz'


def _pickle(folder: Path) -> Path:
    entries = [{'pose': pose, 'vis': np.ones((17, 3))} for pose in people(6)]
    return write_pickle(folder / 'poses.pkl', entries)


def _bvh(folder: Path) -> Path:
    return write_bvh(folder / 'a.bvh', cmu_places(people(12)))


def _trc(folder: Path) -> Path:
    poses = people(12)
    names = [name for name in COCO if 'eye' not in name]
    return write_trc(folder / 'a.trc', {name: poses[:, COCO.index(name)] / 1000 for name in names})


def _smpl(folder: Path, name: str = 'joints.npy') -> Path:
    joints, poses, path = np.zeros((12, 24, 3)), people(12), folder / name
    for index, joint in PLACES.items():
        joints[:, index] = poses[:, COCO.index(joint)] / 1000
    joints[:, 12] = (joints[:, 16] + joints[:, 17]) / 2
    joints[:, 0] = (joints[:, 1] + joints[:, 2]) / 2
    if path.suffix == '.npy':
        np.save(path, joints)
    else:  # as AMASS writes it, and an array that must not be unpickled
        np.savez(path, joints=joints, poses=np.zeros((12, 156)), betas=np.zeros(16),
                 gender=np.array('male'), other=np.array([{}], object))  # fmt: skip
    return path


def _read(path: Path) -> None:
    bank = read_source(path).bank
    assert np.isfinite(bank.poses).all() and bank.visible.any()


SAMPLES = {
    'pose bank': (_bank, _read),
    'pickle': (_pickle, _read),
    'predictions': (write_people, _read),
    'BVH': (_bvh, _read),
    'TRC': (_trc, _read),
    'SMPL joints': (_smpl, _read),
    'SMPL joints, npz': (lambda folder: _smpl(folder, 'joints.npz'), _read),
}
