"""The only place that bends MMEngine or torch, each bend named and with its reason.

:func:`apply` runs once, when :mod:`mmpose_ours.registry` is imported, and is inert where the
reason does not hold.
"""

from __future__ import annotations

import contextlib
import functools

import numpy as np
import torch
from mmengine.dist import utils as dist_utils
from mmengine.logging import HistoryBuffer, MessageHub


def make_checkpoints_plain() -> None:
    """Let a run read its own checkpoints with ``weights_only``.

    MMEngine pickles its ``HistoryBuffer`` log by attribute look-ups, which torch's safe
    unpickler (the default since torch 2.6) rightly refuses, so ``tools/test.py`` and
    ``--resume`` fail on checkpoints of the same run. Here the buffer pickles as a call of its
    own class with plain lists, and that class alone is allowed. The remaining time that the
    log processor leaves in the message hub is a NumPy number, equally refused: it is stored
    as a plain one.
    """

    def reduce(self):
        history, counts = self.data
        return HistoryBuffer, (history.tolist(), counts.tolist(), self.max_length)

    stored = MessageHub.state_dict

    def state_dict(self):
        state = stored(self)
        info = state['runtime_info']
        plain = {k: v.item() if isinstance(v, np.generic) else v for k, v in info.items()}
        return {**state, 'runtime_info': plain}

    MessageHub.state_dict = state_dict
    HistoryBuffer.__reduce__ = reduce
    if hasattr(torch.serialization, 'add_safe_globals'):
        torch.serialization.add_safe_globals([HistoryBuffer])


def allow_process_groups_without_cuda() -> None:
    """Let the stock launch scripts start process groups on a machine without a GPU.

    MMEngine's initialisers select a CUDA device per process whatever the backend is. Where no
    CUDA device exists, that selection is skipped and gloo replaces NCCL.
    """
    if torch.cuda.is_available():
        return
    for name in ('_init_dist_pytorch', '_init_dist_slurm'):
        setattr(dist_utils, name, _on_cpu(getattr(dist_utils, name)))


def _on_cpu(init):
    @functools.wraps(init)
    def wrapped(backend, *args, **kwargs):
        kwargs.pop('init_backend', None)
        with contextlib.ExitStack() as stack:
            for name, stand_in in (('set_device', _ignore), ('device_count', _one)):
                stack.callback(setattr, torch.cuda, name, getattr(torch.cuda, name))
                setattr(torch.cuda, name, stand_in)
            return init('gloo', *args, **kwargs)

    return wrapped


def _ignore(device) -> None:
    """Stand in for ``torch.cuda.set_device``."""


def _one() -> int:
    """Stand in for ``torch.cuda.device_count``: processes are counted per device."""
    return 1


@functools.lru_cache(maxsize=None)
def apply() -> None:
    """Make every bend of this module, once."""
    make_checkpoints_plain()
    allow_process_groups_without_cuda()
