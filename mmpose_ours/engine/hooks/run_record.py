"""What a run was made of: seed, versions, config and rig, kept in its work directory."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import get_world_size, master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmpose_ours import __version__
from mmpose_ours.engine.loaders import Loader
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.io.disk.files import write_json
from mmpose_ours.scope import HOOKS

SCHEMA = Path(__file__).parents[2] / 'schemas' / 'run.schema.json'
DISTRIBUTIONS = (
    'mmcv', 'mmcv-lite', 'mmdet', 'mmengine', 'mmpose', 'numpy', 'opencv-python',
    'opencv-python-headless', 'scipy', 'torchvision',
)  # fmt: skip


@HOOKS.register_module()
class RunRecordHook(Hook):
    """Writes ``run_<time>.json`` into the work directory when training or a test starts.

    A resumed training writes another one, so that the work directory tells the whole story.
    (MMEngine's own folder of that time is left as scripts expect it, with one JSON file.)
    """

    priority = 'LOWEST'

    def before_train(self, runner: Runner) -> None:
        """Write down what training starts with."""
        self._write(runner, 'train', runner.train_dataloader)

    def before_test(self, runner: Runner) -> None:
        """Write down what a test starts with."""
        self._write(runner, 'test', runner.test_dataloader)

    @master_only
    def _write(self, runner: Runner, purpose: str, loader: Loader) -> None:
        path = Path(runner.work_dir) / f'run_{runner.timestamp}.json'
        write_json(path, record(runner, purpose, loader), indent=1)


def record(runner: Runner, purpose: str, loader: Loader) -> dict[str, Any]:
    """What a run is made of; ``schemas/run.schema.json`` describes it."""
    dataset = loader.dataset
    return {
        'format': 'mmpose-ours run 1',
        'purpose': purpose,
        'started': runner.timestamp,
        'command': sys.argv,
        'seed': runner.seed,
        'deterministic': bool(runner.deterministic),
        'resumed_at': _reached(runner) if purpose == 'train' else None,
        'processes': get_world_size(),
        'threads': torch.get_num_threads(),
        'batch_size': loader.batch_sampler.batch_size,
        'device': _device(),
        'python': platform.python_version(),
        'platform': platform.platform(),
        'versions': versions(),
        'config': runner.cfg.pretty_text,
        'dataset': {
            'type': type(dataset).__name__,
            'length': len(dataset),
            'seed': getattr(dataset, 'seed', None),
        },
        'rig': rig_of(dataset),
    }


def _reached(runner: Runner) -> dict[str, int] | None:
    """How far a training is; in a test MMEngine would build the training to answer."""
    return {'epoch': runner.epoch, 'iter': runner.iter} if runner.iter else None


def versions() -> dict[str, str]:
    """Version by distribution, of those that are installed and matter to a result."""
    found = {'mmpose-ours': __version__}
    for name in DISTRIBUTIONS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    found['torch'] = torch.__version__  # says which build, as in 2.9.1+cu128
    return found


def rig_of(dataset: Any) -> dict[str, Any] | None:
    """A dataset's cameras, in mm; None where it has no single rig."""
    rig: CameraRig | None = getattr(dataset, 'rig', None)
    if rig is None:
        return None
    space: CaptureVolume | None = getattr(dataset, 'space', None)
    return {
        'file': str(getattr(dataset, 'rig_file', '')),
        'fingerprint': rig.fingerprint,
        'cameras': [
            {
                'name': camera.name,
                'size': None if camera.size is None else [int(n) for n in camera.size],
                'lens': str(camera.lens),
                'K': camera.K.tolist(),
                'dist': [float(n) for n in camera.dist_full],
                'R_w2c': camera.R_w2c.tolist(),
                't_w2c': [float(n) for n in camera.t_w2c],
            }
            for camera in rig.cameras
        ],
        'space': space
        and {
            'center_mm': [float(n) for n in space.center_mm],
            'size_mm': [float(n) for n in space.size_mm],
        },
    }


def _device() -> str:
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return platform.processor() or platform.machine()
