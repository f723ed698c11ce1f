"""MMPose 0.x reads checkpoints as data, too: mmcv's loader leaves that to torch."""

from __future__ import annotations

import functools
from typing import Any

from mmcv.parallel import is_module_wrapper
from mmcv.runner import checkpoint as mmcv_checkpoint
from mmcv.utils import print_log

from mmpose_ours.checkpoints.loading import load_weights
from mmpose_ours.checkpoints.reading import register


def load_state_dict(module: Any, state_dict: Any, strict: bool = False, logger: Any = None) -> None:
    """As mmcv's; NaN and infinity are refused, and weights of which none is the model's.

    Raises:
        CheckpointError: See :func:`~mmpose_ours.checkpoints.loading.load_weights`.
    """
    if is_module_wrapper(module):
        module = module.module
    for line in load_weights(module, state_dict, strict=strict):
        print_log(f'checkpoint: {line}', logger, 30)  # logging.WARNING


@functools.lru_cache(maxsize=None)
def apply() -> None:
    """Make :mod:`mmpose_ours.checkpoints.reading` the way in for mmcv's checkpoints, once."""
    register(mmcv_checkpoint.CheckpointLoader)
    mmcv_checkpoint.load_state_dict = load_state_dict
