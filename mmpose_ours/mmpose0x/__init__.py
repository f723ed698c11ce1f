"""The bridge to MMPose 0.x: our rigs and synthetic people for the VoxelPose that 0.29 ships.

Named by ``custom_imports`` of a 0.x config, and by nothing else. It registers ``OursDataset``,
``OursSyntheticDataset``, ``OursShelfDataset`` and ``OursCampusDataset``, ``OursCenterHead`` and
``FreshEpochHook``. Rigs, people, detectors and figures come from the packages that MMPose 1.x uses
(:mod:`mmpose_ours.sources`, :mod:`mmpose_ours.evaluation`); MMPose 0.x itself stays as it is,
and neither MMEngine nor :mod:`mmpose_ours.registry` is imported.
"""

import mmpose

if not mmpose.__version__.startswith('0.'):
    raise ImportError(
        f'mmpose_ours.mmpose0x is for MMPose 0.x, but MMPose {mmpose.__version__} is installed; '
        'take a config of configs/ours/ itself, or the environment that `make setup-0x` makes'
    )

from mmpose_ours.mmpose0x import checkpoints  # noqa: E402
from mmpose_ours.mmpose0x.center_head import OursCenterHead  # noqa: E402
from mmpose_ours.mmpose0x.datasets import (  # noqa: E402
    OursCampusDataset,
    OursDataset,
    OursShelfDataset,
    OursSyntheticDataset,
)
from mmpose_ours.mmpose0x.fresh_epochs import FreshEpochHook  # noqa: E402

__all__ = [
    'FreshEpochHook',
    'OursCampusDataset',
    'OursCenterHead',
    'OursDataset',
    'OursShelfDataset',
    'OursSyntheticDataset',
]

checkpoints.apply()
