"""The only place that monkeypatches MMEngine, each patch named and with its reason.

:func:`apply` runs once, when a config imports :mod:`mmpose_ours.registry`, and nowhere else: a
program that uses models, data sets or :class:`~mmpose_ours.apis.inferencer.MultiviewInferencer`
gets MMEngine and torch as they are.

===================================== ================= =========================================
patch                                 for               in ``tests/engine/test_compat_needed.py``,
                                                        fails when it is no longer needed
===================================== ================= =========================================
``make_checkpoints_plain``            MMEngine 0.10,    ``test_logs_of_checkpoints``
                                      torch 2.6 and on
``allow_process_groups_without_cuda`` MMEngine 0.10     ``test_process_groups``
``write_files_whole``                 MMEngine 0.10     ``test_half_files``
``resume_from_whole_checkpoints``     MMEngine 0.10     ``test_lost_checkpoints``
``read_checkpoints_as_data``          MMEngine 0.10     ``test_missing_weights``
``resume_in_mid_epoch``               MMEngine 0.10     ``test_interrupted_epochs``
===================================== ================= =========================================
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import logging
import os
from typing import Any, Callable, Iterable, Iterator, Sized, TypeVar, cast

import numpy as np
import torch
from mmengine.dist import utils as dist_utils
from mmengine.fileio import LocalBackend
from mmengine.logging import HistoryBuffer, MessageHub, print_log
from mmengine.model import BaseTTAModel, is_model_wrapper
from mmengine.runner import BaseLoop, CheckpointLoader, EpochBasedTrainLoop, Runner
from mmengine.runner import checkpoint as checkpoint_module
from mmengine.runner import runner as runner_module
from torch.utils.data import BatchSampler, DataLoader, Sampler

from mmpose_ours.checkpoints.loading import CheckpointError, load_weights
from mmpose_ours.checkpoints.reading import check_resumable, register
from mmpose_ours.io.disk.files import whole_path

_T = TypeVar('_T')


def make_checkpoints_plain() -> None:
    """Let a run read its own checkpoints with ``weights_only``.

    MMEngine pickles its ``HistoryBuffer`` log by attribute look-ups, which torch's safe
    unpickler (the default since torch 2.6) rightly refuses, so ``tools/test.py`` and
    ``--resume`` fail on checkpoints of the same run. Here the buffer pickles as a call of its
    own class with plain lists, and that class alone is allowed. The remaining time that the
    log processor leaves in the message hub is a NumPy number, equally refused: it is stored
    as a plain one.
    """

    def reduce(self: HistoryBuffer) -> tuple[type[HistoryBuffer], tuple[Any, ...]]:
        history, counts = self.data
        return HistoryBuffer, (history.tolist(), counts.tolist(), self.max_length)

    stored = MessageHub.state_dict

    def state_dict(self: MessageHub) -> dict[str, Any]:
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


def _on_cpu(init: Callable[..., _T]) -> Callable[..., _T]:
    @functools.wraps(init)
    def wrapped(backend: str, *args: Any, **kwargs: Any) -> _T:
        kwargs.pop('init_backend', None)
        with contextlib.ExitStack() as stack:
            for name, stand_in in (('set_device', _ignore), ('device_count', _one)):
                stack.callback(setattr, torch.cuda, name, getattr(torch.cuda, name))
                setattr(torch.cuda, name, stand_in)
            return init('gloo', *args, **kwargs)

    return wrapped


def _ignore(device: Any) -> None:
    """Stand in for ``torch.cuda.set_device``."""


def _one() -> int:
    """Stand in for ``torch.cuda.device_count``: processes are counted per device."""
    return 1


def write_files_whole() -> None:
    """Let whatever MMEngine writes to the disk, checkpoints first of all, appear whole.

    MMEngine opens the file and writes into it: a process that is killed meanwhile, or a disk
    that is full, leaves half a file in the place of a whole one. Here the bytes go to a file
    beside it, down to the disk, and that file takes the place.
    """

    def put(self: LocalBackend, obj: bytes, filepath: str | os.PathLike) -> None:
        with whole_path(filepath) as temporary, open(temporary, 'wb') as file:
            file.write(obj)
            file.flush()
            os.fsync(file.fileno())

    LocalBackend.put = put


def resume_from_whole_checkpoints() -> None:
    """Let ``--resume`` pass over a checkpoint that is damaged or gone.

    MMEngine takes the one that ``last_checkpoint`` names, whatever has become of it.
    """

    def latest(path: str) -> str | None:
        from mmpose_ours.checkpoints.work_dir import latest_whole

        return latest_whole(path)

    runner_module.find_latest_checkpoint = latest


def read_checkpoints_as_data() -> None:
    """Let MMEngine read checkpoints as data, whatever they are named by, and load all or tell.

    It leaves to torch whether a file may run code, unpickles what it downloads, and runs a model
    whose weights are not in the checkpoint. See :mod:`mmpose_ours.checkpoints.reading` and
    :mod:`mmpose_ours.checkpoints.loading`; a training may still begin with a part of the weights.
    """
    register(CheckpointLoader)
    stock = Runner.load_checkpoint

    def load_state_dict(
        module: Any, state_dict: Any, strict: bool = False, logger: Any = None
    ) -> None:
        while is_model_wrapper(module) or isinstance(module, BaseTTAModel):
            module = module.module
        for line in load_weights(module, state_dict, strict=strict):
            print_log(f'checkpoint: {line}', logger, logging.WARNING)

    def load_checkpoint(
        self: Runner,
        filename: str,
        map_location: Any = 'cpu',
        strict: bool = False,
        *args: Any,
        **options: Any,
    ) -> dict[str, Any]:
        model = self.model.module if is_model_wrapper(self.model) else self.model
        ours = any(kind.__module__.startswith('mmpose_ours.') for kind in type(model).__mro__)
        begins = isinstance(self._train_loop, BaseLoop) and not self._resume
        try:
            checkpoint = stock(
                self, filename, map_location, strict or (ours and not begins), *args, **options
            )
        except CheckpointError as error:
            raise error.of(filename) from None
        if self._resume:
            check_resumable(checkpoint, filename)
        return checkpoint

    checkpoint_module.load_state_dict = load_state_dict
    Runner.load_checkpoint = load_checkpoint


def resume_in_mid_epoch() -> None:
    """Let an epoch begin after its first ``loop.batches_done`` batches, once.

    MMEngine's loop restarts an epoch that was interrupted. The batches that are done are not
    loaded: their indices are skipped.
    """
    stock = EpochBasedTrainLoop.run_epoch

    def run_epoch(self: EpochBasedTrainLoop) -> None:
        done = vars(self).pop('batches_done', 0)
        if not done:
            return stock(self)
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        for index, batch in enumerate(rest_of(self.dataloader, done), done):
            self.run_iter(index, batch)
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1

    EpochBasedTrainLoop.run_epoch = run_epoch


def rest_of(loader: DataLoader, done: int) -> Iterator[Any]:
    """The batches of an epoch that come after the first ``done``."""
    batches = loader.batch_sampler
    if type(batches) is not BatchSampler:
        # Only by making a batch can one that groups its items tell which they are.
        yield from itertools.islice(loader, done, None)
        return
    whole = batches.sampler
    batches.sampler = _Rest(whole, done * batches.batch_size)
    try:
        yield from loader
    finally:
        batches.sampler = whole


class _Rest(Sampler):
    """A sampler without its first indices; its length is the whole one's, as logs want it."""

    def __init__(self, whole: Iterable[int], done: int):
        self.whole, self.done = whole, done

    def __iter__(self) -> Iterator[int]:
        return itertools.islice(iter(self.whole), self.done, None)

    def __len__(self) -> int:
        return len(cast(Sized, self.whole))  # samplers may lack a length; then loaders do


@contextlib.contextmanager
def checkpoints_read_as_data() -> Iterator[None]:
    """:func:`read_checkpoints_as_data`, for as long as a model of others is built."""
    kept = [(checkpoint_module, 'load_state_dict'), (Runner, 'load_checkpoint')]
    before = [(owner, name, getattr(owner, name)) for owner, name in kept]
    schemes = CheckpointLoader._schemes.copy()
    try:
        read_checkpoints_as_data()
        yield
    finally:
        for owner, name, stock in before:
            setattr(owner, name, stock)
        CheckpointLoader._schemes.clear()
        CheckpointLoader._schemes.update(schemes)


@functools.lru_cache(maxsize=None)
def apply() -> None:
    """Make every patch of this module, once."""
    make_checkpoints_plain()
    allow_process_groups_without_cuda()
    write_files_whole()
    resume_from_whole_checkpoints()
    read_checkpoints_as_data()
    resume_in_mid_epoch()
