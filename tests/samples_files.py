"""Small valid files of every other kind that the package reads, and what reads them.

``SAMPLES`` is name to (write, read), as in samples_media.py.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from dataset_files import write_actors, write_pickle
from mocap_files import cmu_places, people, write_bvh, write_trc
from panoptic_files import write_sequence

from mmpose_ours.commands.align_rig import _read_pixels
from mmpose_ours.commands.train_rig_record import Record
from mmpose_ours.detections.cache import detect_recording
from mmpose_ours.detections.journal import Instant, Journal
from mmpose_ours.evaluation import read_actors
from mmpose_ours.evaluation.panoptic import read_panoptic_truth
from mmpose_ours.keypoints import JOINT_SETS, convert_joints
from mmpose_ours.results.predictions import read_predictions
from mmpose_ours.synthetic import PoseBank
from mmpose_ours.synthetic.bank_files import write_bank
from mmpose_ours.synthetic.detector import DetectorFaults
from mmpose_ours.synthetic.pose_sources import read_source
from mmpose_ours.synthetic.profiles import SHIPPED
from mmpose_ours.work_dirs import _holder

HEAD = {'detector': 'a', 'version': '1'}


def _bank(folder: Path) -> Path:
    write_bank(folder / 'bank.npz', PoseBank.built_in(6))
    return folder / 'bank.npz'


def _pickled_poses(folder: Path) -> Path:
    entries = [{'pose': pose, 'vis': np.ones((17, 3))} for pose in people(6)]
    return write_pickle(folder / 'poses.pkl', entries)


def _bvh(folder: Path) -> Path:
    return write_bvh(folder / 'a.bvh', cmu_places(people(12)))


def _trc(folder: Path) -> Path:
    poses = people(12)
    names = [name for name in JOINT_SETS['coco17'].joints if 'eye' not in name]
    turned = {name: poses[:, JOINT_SETS['coco17'].joints.index(name)] / 1000 for name in names}
    return write_trc(folder / 'a.trc', turned)


def _smpl(name: str):
    def write(folder: Path) -> Path:
        joints = np.zeros((12, 24, 3))
        body = people(12)
        coco = JOINT_SETS['coco17'].joints
        places = {1: 'left_hip', 2: 'right_hip', 4: 'left_knee', 5: 'right_knee', 7: 'left_ankle',
                  8: 'right_ankle', 16: 'left_shoulder', 17: 'right_shoulder', 18: 'left_elbow',
                  19: 'right_elbow', 20: 'left_wrist', 21: 'right_wrist'}  # fmt: skip
        for index, joint in places.items():
            joints[:, index] = body[:, coco.index(joint)] / 1000
        joints[:, 15] = body[:, coco.index('nose')] / 1000
        joints[:, 12] = (joints[:, 16] + joints[:, 17]) / 2
        joints[:, 0] = (joints[:, 1] + joints[:, 2]) / 2
        path = folder / name
        if path.suffix == '.npy':
            np.save(path, joints)
        else:
            np.savez(path, joints=joints, gender=np.array('male'))
        return path

    return write


def _read_source(path: Path) -> float:
    bank = read_source(path).bank
    return float(np.nansum(bank.poses)) + bank.visible.sum()


def _predictions(folder: Path) -> Path:
    frames = {str(index): people(2, index).tolist() for index in range(3)}
    scores = {frame: [0.5, 0.75] for frame in frames}
    ids = {frame: [0, 1] for frame in frames}
    data = {'version': 1, 'unit': 'mm', 'up': 'z', 'joints': 'coco17'}
    data = {**data, 'frames': frames, 'scores': scores, 'ids': ids}
    path = folder / 'people.json'
    path.write_text(json.dumps(data))
    return path


def _read_predictions(path: Path) -> float:
    read = read_predictions(path)
    return sum(float(np.nansum(poses)) for poses in read.frames.values())


def _profile(folder: Path) -> Path:
    path = folder / 'profile.json'
    path.write_bytes(sorted(SHIPPED.glob('*.json'))[0].read_bytes())
    return path


def _read_profile(path: Path) -> DetectorFaults:
    return DetectorFaults.read(path)


def _actors(folder: Path) -> Path:
    actors = convert_joints(people(6), 'coco17', 'campus14') / 1000
    write_actors(folder / 'actorsGT.mat', list(actors[:3]), [*actors[3:5], None])
    return folder / 'actorsGT.mat'


def _panoptic(folder: Path) -> Path:
    bodies = np.zeros((3, 19, 4))
    bodies[..., :3] = np.random.default_rng(0).normal(0, 50, (3, 19, 3))
    bodies[..., 3] = 0.9
    data = {'calibration': '{}', 'frames': np.arange(2), 'body_frames': np.array([0, 0, 1])}
    write_sequence(folder, 'room', {**data, 'bodies': bodies})
    return folder / 'room' / 'hdPose3d_stage1_coco19'


def _journal(folder: Path) -> Path:
    journal = Journal(folder / 'journal', HEAD)
    for index, pose in enumerate(people(3)):
        views = {'a': np.dstack([pose[None, :, :2], np.ones((1, 17))])}
        journal.put(str(index), Instant({'a': f'{index}.jpg 5 7'}, views))
    journal.close(remove=False)
    return folder / 'journal'


def _read_journal(path: Path) -> None:
    journal = Journal(path, HEAD)
    for frame in journal.frames():
        for view in journal.get(frame).views.values():
            view.sum()
    journal.close(remove=False)


class _Finder:
    """A detector that finds one person in every image."""

    name, version = 'a', '1'

    def detect(self, images):
        return [np.ones((1, 17, 3), np.float32) for _ in images]


def _detected(folder: Path, name: str = 'keypoints_2d.json') -> Path:
    instants = [(str(index), {'a': np.full((8, 8, 3), index, np.uint8)}) for index in range(3)]
    for _ in detect_recording(instants, _Finder(), folder / name):
        pass
    return folder / name


def _read_cache(path: Path) -> None:
    """As the next call on the same recording does."""
    try:
        _detected(path.parent, path.name)
    except FileExistsError:  # of another detector, as far as it says
        pass


def _record(folder: Path) -> Path:
    record = Record(folder, folder)
    data = {'version': 1, 'folder': record.folder, 'steps': {}, 'made': None}
    entry = {'finished': True, 'print': 'abc', 'inputs': {'a': 1}, 'result': {'minutes': 1.5}}
    path = record.path
    path.write_text(json.dumps({**data, 'steps': {'space': entry}}))
    return path


def _read_record(path: Path) -> None:
    record = Record(path.parent, path.parent)
    for step in ('init', 'space', 'train'):
        record.print_of(step)
        record.why(step, {'a': 2})


def _lock(folder: Path) -> Path:
    path = folder / 'lock'
    path.write_text(json.dumps({'host': 'a', 'pid': '7'}))
    return path


def _read_lock(path: Path) -> str:
    with open(path, encoding='utf-8', errors='replace') as file:
        return _holder(file)


def _floor_points(folder: Path) -> Path:
    path = folder / 'floor.json'
    path.write_text(json.dumps({'a': [[1.5, 2], [3, 4.5], [5, 6]], 'b': [[7, 8]]}))
    return path


SAMPLES = {
    'floor points': (_floor_points, _read_pixels),
    'poses bank': (_bank, _read_source),
    'poses pickle': (_pickled_poses, _read_source),
    'poses bvh': (_bvh, _read_source),
    'poses trc': (_trc, _read_source),
    'poses smpl npy': (_smpl('joints.npy'), _read_source),
    'poses smpl npz': (_smpl('joints.npz'), _read_source),
    'poses predictions': (_predictions, _read_source),
    'people.json': (_predictions, _read_predictions),
    'profile': (_profile, _read_profile),
    'truth actors': (_actors, read_actors),
    'truth panoptic': (_panoptic, lambda path: read_panoptic_truth(path)),
    'journal': (_journal, _read_journal),
    'cache json': (_detected, _read_cache),
    'cache npz': (lambda folder: _detected(folder, 'keypoints_2d.npz'), _read_cache),
    'record of train-rig': (_record, _read_record),
    'lock': (_lock, _read_lock),
}
