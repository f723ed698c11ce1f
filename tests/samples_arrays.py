"""A small valid file of each format of arrays, poses and 3D results, and how it is read.

``SAMPLES`` names the formats. Fuzzers damage the files; the tests of formats show that they are
read at all.
"""

from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path
from typing import Any, Callable, NamedTuple

import numpy as np
from synthetic.mocap_files import cmu_places, people, write_bvh

from mmpose_ours.calibration.mmpose import read as read_mmpose_cameras
from mmpose_ours.calibration.source import Source
from mmpose_ours.commands.train_rig_record import Record
from mmpose_ours.detections import open_detections, read_detections, write_detections
from mmpose_ours.evaluation.actors import read_actors
from mmpose_ours.evaluation.panoptic import read_panoptic_truth
from mmpose_ours.io.matfiles import read_mat
from mmpose_ours.io.pickles import read_pickle
from mmpose_ours.keypoints import JOINT_SETS
from mmpose_ours.results import read_predictions, write_predictions
from mmpose_ours.results.export_csv import write_csv
from mmpose_ours.results.export_npz import write_npz
from mmpose_ours.results.timeline import timeline_of
from mmpose_ours.synthetic import DetectorFaults, PoseBank
from mmpose_ours.synthetic.bank_files import write_bank
from mmpose_ours.synthetic.pose_sources import read_bank
from mmpose_ours.synthetic.smpl_joints import record_smpl
from mmpose_ours.visualization.colours import identity_colours
from mmpose_ours.visualization.people import shown_people


class Sample(NamedTuple):
    """A format.

    Args:
        write: Writes a sample into an empty folder and returns its path.
        read: Reads it and touches all that it holds.
    """

    write: Callable[[Path], Path]
    read: Callable[[Path], Any]


def _keypoints(count: int = 2) -> np.ndarray:
    return np.random.default_rng(count).uniform(0.1, 1, (count, 17, 3)).astype(np.float32) * 200


def _voxelpose(protocol: int) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / 'pred.pkl'
        data = {
            f'{camera}_{frame}': [{'pred': pose} for pose in _keypoints()]
            for camera in (0, 1)
            for frame in (300, 301)
        }
        path.write_bytes(pickle.dumps(data, protocol))
        return path

    return write


def _pickled_poses(folder: Path) -> Path:
    path = folder / 'bank.pkl'
    bank = PoseBank.built_in(4)
    entries = [{'pose': pose, 'vis': np.ones((17, 3), bool)} for pose in bank.poses]
    path.write_bytes(pickle.dumps(entries, protocol=4))
    return path


def _plain_pickle(folder: Path) -> Path:
    path = folder / 'plain.pkl'
    data = {
        ('S1', 5): {'R': np.eye(3), 'n': np.float32(1), 'f': np.asfortranarray(np.ones((2, 3)))},
        'set': {1, 'a'}, 'bytes': bytearray(b'ab'), 'big': 10**30, 'list': [None, True, 2.5, (1,)],
    }  # fmt: skip
    path.write_bytes(pickle.dumps(data, protocol=5))
    return path


def _mmpose_pickle(folder: Path) -> Path:
    path = folder / 'cameras.pkl'
    camera = {'R': np.eye(3), 'T': np.ones(3), 'f': np.full(2, 900.0), 'c': np.full(2, 300.0),
              'k': np.zeros(3), 'p': np.zeros(2), 'w': 640, 'h': 480}  # fmt: skip
    path.write_bytes(pickle.dumps({'a': camera, ('S1', '2'): camera}, protocol=2))
    return path


def _actors(folder: Path) -> Path:
    from scipy.io import savemat

    path, row = folder / 'actorsGT.mat', np.empty((1, 2), object)
    for index in range(2):
        row[0, index] = np.empty((3, 1), object)
        for frame in range(3):
            row[0, index][frame, 0] = np.linspace(0, 1.5, 42).reshape(14, 3) if frame else []
    savemat(path, {'actor3D': row}, do_compression=False)
    return path


def _mat(folder: Path) -> Path:
    from scipy.io import savemat

    path = folder / 'some.mat'
    content = {'a': np.eye(3), 's': {'x': 'text', 'y': np.int8([[1]])}, 'f': np.array([True])}
    savemat(path, content, do_compression=True)
    return path


def _npz(folder: Path) -> Path:
    path = folder / 'k.npz'
    views = {'left': _keypoints(), 'right': _keypoints(1), 'door': _keypoints(0)}
    write_detections(path, {'000001': views, '000002': views})
    return path


def _stored_npz(folder: Path) -> Path:
    """Not compressed, so that a changed byte is a changed value."""
    path = _npz(folder)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, 'w') as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def _bank(folder: Path) -> Path:
    path = folder / 'bank.npz'
    write_bank(path, PoseBank.built_in(4))
    return path


def _smpl(folder: Path) -> Path:
    path = folder / 'joints.npy'
    np.save(path, np.random.default_rng(0).normal(0, 1, (4, 24, 3)).astype(np.float32))
    return path


def _amass(folder: Path) -> Path:
    path = folder / 'amass.npz'
    np.savez(path, poses=np.zeros((4, 156)), gender=np.array('male'), betas=np.zeros(16),
             joints=np.random.default_rng(0).normal(0, 1, (4, 22, 3)),
             other=np.array([{}], object))  # fmt: skip
    return path


def _people(folder: Path) -> Path:
    path = folder / 'people.json'
    poses = PoseBank.built_in(4).poses
    frames = {1: poses[:2], 2: poses[2:], 5: poses[:0]}
    ids = {1: np.array([0, 3]), 2: np.array([3, 2**40]), 5: np.zeros(0, np.int64)}
    scores = {frame: np.full(len(found), 0.5) for frame, found in frames.items()}
    write_predictions(path, frames, scores, 'coco17')
    data = json.loads(path.read_text())
    data.update(
        ids={str(frame): found.tolist() for frame, found in ids.items()},
        views={'1': [2, 3]},
        spread_mm={'1': [[1.0] * 17, [None] * 17]},
        fps=25,
        space={'center_mm': [0, 0, 1000], 'size_mm': [4000, 4000, 2000]},
    )
    path.write_text(json.dumps(data))
    return path


def _profile(folder: Path) -> Path:
    path = folder / 'faults.json'
    faults = {'jitter': [0.5] * 17, 'swap_share': 0.1, 'joint_bias': [[0, 0.1]] * 17,
              'min_joints': 3, 'score': [0.9, 0.1], 'ghost_rate': 0.1}  # fmt: skip
    path.write_text(json.dumps({'source': 'a test', 'faults': faults, 'counts': {'jitter': [5]}}))
    return path


def _bvh(folder: Path) -> Path:
    return write_bvh(folder / 'walk.bvh', cmu_places(people(3)))


def _trc(folder: Path) -> Path:
    path, poses = folder / 'walk.trc', people(3)
    names = JOINT_SETS['coco17'].joints
    lines = [
        'PathFileType\t4\t(X/Y/Z)\twalk.trc',
        'DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits',
        '30\t30\t3\t17\tmm',
        'Frame#\tTime\t' + '\t\t\t'.join(names) + '\t\t',
        '\t\t' + '\t'.join(f'{axis}{n + 1}' for n in range(17) for axis in 'XYZ'),
    ]
    for index, pose in enumerate(poses):
        lines.append('\t'.join([str(index), f'{index / 30:.3f}', *(f'{v:.2f}' for v in pose.flat)]))
    path.write_text('\n'.join(lines) + '\n')
    return path


def _panoptic(folder: Path) -> Path:
    path = folder / 'body3DScene_00000001.json'
    body = {'id': 0, 'joints19': np.linspace(0.2, 170, 76).tolist()}
    path.write_text(json.dumps({'version': 0.7, 'bodies': [body, body]}))
    return path


def _record(folder: Path) -> Path:
    path = folder / 'train_rig.json'
    record = Record(folder, folder)
    with record.doing('space', {'a': 1}) as doing:
        doing.result = {'center_mm': [0, 0, 0]}
        doing.files = [path]
    return path


def _read_keypoints(path: Path) -> None:
    for detections in (read_detections(path), open_detections(path)):
        for frame, views in detections.items():
            f'{frame}'.encode()
            for camera, found in views.items():
                f'{camera}'.encode()
                assert np.isfinite(found).all() and found.shape[1:] == (17, 3)


def _read_people(path: Path) -> None:
    predictions = read_predictions(path)
    shown = shown_people(predictions)
    identity_colours(people.ids for people in shown)
    for fps in (None, 30.0):
        timeline = timeline_of(predictions, fps)
    write_csv(timeline, path.with_name('out.csv'))
    write_npz(timeline, path.with_name('out.npz'), up='y')
    with np.load(path.with_name('out.npz')) as arrays:
        assert arrays['ids'].tolist() == list(timeline.people)


def _read_bank(path: Path) -> None:
    bank = read_bank(path)
    assert np.isfinite(bank.poses).all() and bank.visible.any()


def _read_smpl(path: Path) -> None:
    """Only the joints: random ones are no people."""
    assert record_smpl(path).xyz.shape[1:] == (17, 3)


def _read_cameras(path: Path) -> None:
    rig = read_mmpose_cameras(Source(path)).rig
    assert all(np.isfinite(camera.K).all() for camera in rig)


def _read_record(path: Path) -> None:
    record = Record(path.parent, path.parent)
    for step in [*record.steps, 'test']:
        try:
            record.result(step)
        except ValueError:  # not finished
            pass
        record.print_of(step)
        record.why(step, {'a': 1})


SAMPLES: dict[str, Sample] = {
    'voxelpose pickle, protocol 0': Sample(_voxelpose(0), _read_keypoints),
    'voxelpose pickle, protocol 2': Sample(_voxelpose(2), _read_keypoints),
    'voxelpose pickle, protocol 5': Sample(_voxelpose(5), _read_keypoints),
    'pickled poses': Sample(_pickled_poses, _read_bank),
    'plain pickle': Sample(_plain_pickle, lambda path: repr(read_pickle(path))),
    'mmpose pickle': Sample(_mmpose_pickle, _read_cameras),
    'actors': Sample(_actors, read_actors),
    'mat': Sample(_mat, lambda path: repr(read_mat(path))),
    'npz keypoints': Sample(_npz, _read_keypoints),
    'npz keypoints, stored': Sample(_stored_npz, _read_keypoints),
    'pose bank': Sample(_bank, _read_bank),
    'SMPL npy': Sample(_smpl, _read_smpl),
    'SMPL npz': Sample(_amass, _read_smpl),
    'predictions': Sample(_people, _read_people),
    'predictions as poses': Sample(_people, _read_bank),
    'profile': Sample(_profile, DetectorFaults.read),
    'BVH': Sample(_bvh, _read_bank),
    'TRC': Sample(_trc, _read_bank),
    'panoptic truth': Sample(_panoptic, lambda path: read_panoptic_truth(path.parent)),
    'train-rig record': Sample(_record, _read_record),
}
