"""A training of a second, within the test's own process."""

import sys
import uuid
from pathlib import Path

from mmengine.config import Config
from mmengine.runner import Runner

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / 'tests' / 'launch'))
import saboteur  # noqa: E402, F401  registers faults


def runner(work_dir: Path, **changes) -> Runner:
    """A runner of two epochs of two steps of two items; dots in names are ``__``."""
    cfg = Config.fromfile(ROOT / 'configs/ours/voxelpose_ours_tiny.py')
    settings = {
        'model.center.bins': (16, 16, 8),
        'model.pose.bins': (8, 8, 8),
        'train_dataloader.batch_size': 2,
        'train_dataloader.dataset.num_samples': 4,
        'val_dataloader.dataset.num_samples': 2,
        'test_dataloader.dataset.num_samples': 2,
        'train_cfg.max_epochs': 2,
        'train_cfg.val_interval': 2,
        'default_hooks.logger.interval': 1,
        **{key.replace('__', '.'): value for key, value in changes.items()},
    }
    cfg.merge_from_dict(settings)
    cfg.work_dir = str(work_dir)
    cfg.experiment_name = uuid.uuid4().hex  # MMEngine keeps loggers by name
    return Runner.from_cfg(cfg)
