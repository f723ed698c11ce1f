"""Every step of a training draws what it would have drawn in any other run of the same seed."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmpose_ours.scope import HOOKS

# What the numbers are drawn for.
LOADING, STEP = 0, 1


def seed_all(*entropy: int) -> None:
    """Seed Python's, NumPy's and torch's generators by some whole numbers, 0 or more."""
    seeds = np.random.SeedSequence(entropy).generate_state(3)
    random.seed(int(seeds[0]))
    np.random.seed(int(seeds[1]))
    torch.manual_seed(int(seeds[2]))


@HOOKS.register_module()
class StepSeedHook(Hook):
    """Seeds all generators by seed, process and step, before each step and what it loads.

    A checkpoint holds no generator's state, so a resumed training would draw other jitter and
    other augmentation than one that was not interrupted. Seeded by the step, there is no state
    to keep, and processes draw independently of each other.

    Worker processes of a loader have generators of their own, which MMEngine seeds when they
    start; a dataset whose items depend on their index alone does not care.
    """

    priority = 'LOWEST'

    def before_train(self, runner: Runner) -> None:
        """Keep the loader, which draws a number whenever it starts, off the global generator."""
        runner.train_dataloader.generator = torch.Generator().manual_seed(runner.seed)

    def before_train_epoch(self, runner: Runner) -> None:
        """Before the first item of an epoch, or of the rest of one, is loaded."""
        self._seed(runner, runner.iter, LOADING)

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict[str, Any] | None = None
    ) -> None:
        """Before a step, whatever its items have drawn."""
        self._seed(runner, runner.iter, STEP)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict[str, Any] | None = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Before the next items are loaded."""
        self._seed(runner, runner.iter + 1, LOADING)

    def _seed(self, runner: Runner, step: int, purpose: int) -> None:
        seed_all(runner.seed, get_rank(), step, purpose)
