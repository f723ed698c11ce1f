"""Epochs that never repeat a sample."""

from __future__ import annotations

import math
from typing import Iterator, Sized

from mmengine.dist import get_dist_info
from torch.utils.data import Sampler

from mmpose_ours.scope import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class FreshEpochSampler(Sampler):
    """Gives epoch ``e`` of a dataset of length N the indices ``e * N`` to ``(e + 1) * N - 1``.

    Made for :class:`~mmpose_ours.datasets.SyntheticDataset`, which generates any index. What a
    run sees depends on its seed and the epoch only, not on the number of workers or
    processes; a resumed run goes on with the people it would have seen.

    Args:
        dataset: A dataset with a length.
        seed: Ignored; the dataset has its own. MMEngine passes one.
    """

    def __init__(self, dataset: Sized, seed: int | None = None):
        self.rank, self.world_size = get_dist_info()
        self.length = len(dataset)
        self.epoch = 0

    def __len__(self) -> int:
        return math.ceil(self.length / self.world_size)

    def __iter__(self) -> Iterator[int]:
        start = self.epoch * self.length
        for step in range(len(self)):
            # Wrap within the epoch so that all processes take as many steps.
            yield start + (step * self.world_size + self.rank) % self.length

    def set_epoch(self, epoch: int) -> None:
        """Tell which epoch comes next (MMEngine calls this)."""
        self.epoch = epoch
