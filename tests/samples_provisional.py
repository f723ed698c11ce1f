"""Samples of calibrations and 2D keypoints, of every registered format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from format_samples import WORLDS, sample
from test_importers import LAYOUTS

from mmpose_ours.calibration import FORMATS, read_rig
from mmpose_ours.calibration.formats import read_calibration
from mmpose_ours.detections import read_detections, write_detections


def _calibration(format: str):
    def write(folder: Path):
        return sample(format, folder)

    def read(paths) -> None:
        unit, up = WORLDS[format]
        for named in (format, 'auto'):
            read_calibration(paths, named, unit=unit, up=up, image_size=(1280, 720))
            read_rig(paths, named, unit=unit, up=up, image_size=(1280, 720))

    return write, read


def _touch(path: Path) -> None:
    for views in read_detections(path).values():
        for view in views.values():
            view.sum()


def _own(ending: str):
    def write(folder: Path) -> Path:
        person = np.random.default_rng(0).random((2, 17, 3)).astype(np.float32)
        path = folder / f'keypoints.{ending}'
        write_detections(path, {'1': {'a': person, 'b': person[:1]}, '2': {'a': person[:0]}})
        return path

    return write, _touch


def _voxelpose(folder: Path) -> Path:
    from dataset_files import write_pickle

    person = np.random.default_rng(0).random((17, 3))
    return write_pickle(folder / 'pred.pkl', {'0_1': [{'pred': person}], '1_1': []})


def _checkpoint(folder: Path) -> Path:
    import torch

    torch.save({'state_dict': {'a': torch.ones(3, 4)}, 'meta': {'epoch': 1}}, folder / 'a.pth')
    return folder / 'a.pth'


def _read_checkpoint(path: Path) -> None:
    from mmpose_ours.engine.checkpoints import read_checkpoint

    read_checkpoint(path, map_location='cpu', weights_only=True)


CALIBRATIONS = {f'calibration {name}': _calibration(name) for name in FORMATS}
KEYPOINTS = {
    'keypoints json': _own('json'),
    'keypoints npz': _own('npz'),
    'keypoints voxelpose': (_voxelpose, _touch),
    **{
        f'keypoints {name} {index}': (layout, _touch)
        for name, layouts in LAYOUTS.items()
        for index, layout in enumerate(layouts)
    },
}
SAMPLES = {**CALIBRATIONS, **KEYPOINTS, 'checkpoint zip': (_checkpoint, _read_checkpoint)}
