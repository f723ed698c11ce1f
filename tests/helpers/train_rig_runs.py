"""Runs of train-rig without the stock scripts: a rig, people, and a stand-in."""

import json
from pathlib import Path

import numpy as np

from mmpose_ours.detections import write_detections
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.predictions.reading import read_predictions, write_predictions
from mmpose_ours.synthetic import DetectorNoise, Scene, built_in_poses
from mmpose_ours.workflows.train_rig.stock_scripts import StockError

SIZE = (640, 480)


def rig_of(count, radius=4500.0):
    cameras = []
    for i in range(count):
        angle = 2 * np.pi * i / max(count, 3) + 0.3
        at = (radius * np.cos(angle), radius * np.sin(angle), 2000)
        cameras.append(Camera.looking_at(f'cam {i}', at, (0, 0, 1000), 430, SIZE))
    return CameraRig(tuple(cameras))


def write_people(path, rig, frames=12):
    """A recording of two people, found exactly."""
    poses = built_in_poses(2, np.random.default_rng(4), ('stand',))
    poses[:, :, 0] += np.array([[-500.0], [500.0]])
    scene = Scene(poses, np.ones((2, 17), dtype=bool))
    found = DetectorNoise.none().detect(scene, rig, np.random.default_rng(0))
    write_detections(path, {str(n): dict(zip(rig.names, found)) for n in range(frames)})


class StandIn:
    """In place of the stock scripts: leaves behind what they do, and records their calls."""

    def __init__(self):
        self.calls = []
        self.cut_off_at = self.fails_at = None

    def __call__(self, words, log, say=print):
        script, config, *rest = words[1:]
        self.calls.append((Path(script).name, Path(config).stem, rest))
        if self.cut_off_at and self.cut_off_at in (Path(script).name, Path(config).stem):
            raise KeyboardInterrupt
        if self.fails_at == Path(config).stem:
            raise StockError('it ended with status 1', file=log, found=1, expected=0)
        work_dir = Path(rest[rest.index('--work-dir') + 1])
        scope = {}
        exec(Path(config).read_text(encoding='utf-8'), scope)
        if Path(script).name == 'train.py':
            work_dir.mkdir(parents=True, exist_ok=True)
            (work_dir / 'epoch_1.pth').write_text(Path(config).read_text(encoding='utf-8'))
            (work_dir / 'last_checkpoint').write_text(str(work_dir / 'epoch_1.pth'))
            return
        dataset = scope['test_dataloader']['dataset']
        frames = json.loads(Path(dataset['keypoint_file']).read_text())['frames']
        people = {frame: np.zeros((0, 17, 3)) for frame in frames}
        if 'truth_file' in dataset:  # the trained one knows, the others are half a metre off
            off = 0.0 if 'trained' in scope['_base_'][0] else 400.0
            true = read_predictions(dataset['truth_file']).frames
            people = {frame: poses.xyz_mm + off for frame, poses in true.items()}
        write_predictions(scope['test_evaluator']['out_file'], people)

    def trainings(self):
        return [rest for script, _, rest in self.calls if script == 'train.py']
