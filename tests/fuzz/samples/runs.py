"""What runs of the package leave for later ones, and the small files that commands are given."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from calibration_rigs import ring_rig
from mocap_files import people

from mmpose_ours.calibration.alignment.similarity import triangulate_floor
from mmpose_ours.checkpoints.work_dir import latest_whole
from mmpose_ours.cli.align_rig import _read_pixels
from mmpose_ours.detections.cache import detect_recording
from mmpose_ours.detections.journal import FrameRecord, Journal
from mmpose_ours.io.disk.locks import describe, holder
from mmpose_ours.io.parsers.config_data import read_config_data
from mmpose_ours.structures.joint_maps import joint_map
from mmpose_ours.structures.metainfo import read_metainfo
from mmpose_ours.synthetic.detector_noise import DetectorNoise
from mmpose_ours.synthetic.noise_profiles import SHIPPED
from mmpose_ours.workflows.train_rig.progress_record import Record

HEAD = {'detector': 'a', 'version': '1'}
CONFIG = """_base_ = ['./base.py']
size = (4000, 4000.0, -2e3)
model = dict(type='VoxelPose', neck=None, heads=[dict(a=1), dict(b='x')], space=size, ok=True)
names = ['a' 'b'] + ['c']
steps = [2 * 3 + 1, 16 // 3, -2.5]
"""
METAINFO = """dataset_info = dict(
    dataset_name='mouse',
    keypoint_info={
        0: dict(name='snout', id=0, color=[255, 0, 0], type='upper', swap=''),
        1: dict(name='earL', id=1, swap='earR'),
        2: dict(name='earR', id=2, swap='earL'),
    },
    skeleton_info={0: dict(link=('snout', 'earL'), id=0, color=[0, 255, 0])},
    joint_weights=[1.0] * 3,
    sigmas=[0.1, 0.2, 0.2],
)
"""


def _profile(folder: Path) -> Path:
    path = folder / 'profile.json'
    path.write_bytes(sorted(SHIPPED.glob('*.json'))[0].read_bytes())
    return path


def _journal(folder: Path) -> Path:
    journal = Journal(folder / 'journal', HEAD)
    for index, pose in enumerate(people(3)):
        views = {'a': np.dstack([pose[None, :, :2], np.ones((1, 17))])}
        journal.put(str(index), FrameRecord({'a': f'{index}.jpg 5 7'}, views))
    journal.close(remove=False)
    return folder / 'journal'


def _read_journal(path: Path) -> None:
    journal = Journal(path, HEAD)
    try:
        for frame in journal.frames():
            for view in journal.get(frame).views.values():
                view.sum()
    finally:
        journal.close(remove=False)


class _Finder:
    """A detector that finds one person in every image."""

    name, version = 'a', '1'

    def detect(self, images):
        return [np.ones((1, 17, 3), np.float32) for _ in images]


def _detected(folder: Path, name: str = 'keypoints_2d.json') -> Path:
    frames = [(str(index), {'a': np.full((8, 8, 3), index, np.uint8)}) for index in range(3)]
    for _ in detect_recording(frames, _Finder(), folder / name):
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
    with record.doing('space', {'a': 1}) as doing:
        doing.result = {'center_mm': [0, 0, 0]}
        doing.files = [record.path]
    return record.path


def _read_record(path: Path) -> None:
    record = Record(path.parent, path.parent)
    for step in [*record.steps, 'init']:
        record.print_of(step)
        record.why(step, {'a': 2})
        if record.print_of(step) is not None:
            record.result(step)


def _lock(folder: Path) -> Path:
    path = folder / '.lock.holder'
    path.write_text(json.dumps({'host': 'a', 'pid': '7'}))
    return path


def _floor_points(folder: Path) -> Path:
    path = folder / 'floor.json'
    rig = ring_rig(3)
    floor = np.array([[0.0, 0, 0], [900, 0, 0], [0, 900, 0], [900, 900, 0]])
    path.write_text(json.dumps({camera.name: camera.project(floor)[0].tolist() for camera in rig}))
    return path


def _config(folder: Path) -> Path:
    (folder / 'base.py').write_text('model = dict(backbone=dict(depth=50))\n')
    (folder / 'config.py').write_text(CONFIG)
    return folder / 'config.py'


def _read_config(path: Path) -> None:
    try:
        repr(read_config_data(path))
    except OSError:  # another base, which is not there or cannot be
        pass


def _metainfo(folder: Path) -> Path:
    path = folder / 'mouse.py'
    path.write_text(METAINFO)
    return path


def _read_metainfo(path: Path) -> None:
    skeleton = read_metainfo(path)
    skeleton.limb_indices.sum()
    joint_map(skeleton, 'coco17')
    joint_map('coco17', skeleton)


def _work_dir(folder: Path) -> Path:
    """A training that was interrupted, and what MMEngine leaves of it."""
    state = dict(state_dict={'a': torch.ones(2)}, optimizer={}, meta=dict(epoch=1, iter=2))
    torch.save(state, folder / 'epoch_1.pth')
    (folder / 'last_checkpoint').write_text(str(folder / 'epoch_1.pth'))
    return folder


SAMPLES = {
    'profile': (_profile, DetectorNoise.read),
    'journal': (_journal, _read_journal),
    'cache json': (_detected, _read_cache),
    'cache npz': (lambda folder: _detected(folder, 'keypoints_2d.npz'), _read_cache),
    'record of train-rig': (_record, _read_record),
    'holder of a lock': (_lock, lambda path: describe(holder(path.with_name('.lock')))),
    'floor points': (
        _floor_points,
        lambda path: triangulate_floor(ring_rig(3), _read_pixels(path, ring_rig(3))),
    ),
    'config as data': (_config, _read_config),
    'metainfo': (_metainfo, _read_metainfo),
    'work directory': (_work_dir, latest_whole),
}
