"""Training by the clock: every model gets the same minutes and a whole schedule in them."""

from __future__ import annotations

import math
import time
from typing import Sequence

import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.runner import CheckpointLoader

from benchmarks.ours_side import collate
from mmpose_ours.scope import MODELS

WARM_UP_STEPS = 50
SAY_EVERY_S = 30.0


def train(config: Config, dataset: Sequence, minutes: float) -> tuple[torch.nn.Module, int]:
    """Train a config's model with its optimiser and batch size for so long.

    It starts from scratch, or from the config's ``load_from``.

    The learning rate warms up and falls as a cosine of the time that has passed, so that every
    model has a whole schedule.
    """
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    if config.get('load_from'):
        model.load_state_dict(CheckpointLoader.load_checkpoint(config.load_from)['state_dict'])
    wrapper = build_optim_wrapper(model, config.optim_wrapper)
    batch, rate = config.train_dataloader.batch_size, wrapper.get_lr()['lr'][0]
    model.train()
    start, said, steps = time.monotonic(), 0.0, 0
    while (passed := (time.monotonic() - start) / 60 / minutes) < 1:
        for group in wrapper.optimizer.param_groups:
            warm = min(1.0, (steps + 1) / WARM_UP_STEPS)
            group['lr'] = rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * passed)))
        items = dataset.__getitems__(list(range(steps * batch, (steps + 1) * batch)))
        losses = model.train_step(collate(items), wrapper)
        steps += 1
        if time.monotonic() - said > SAY_EVERY_S:
            said = time.monotonic()
            shown = ' '.join(f'{key} {value.item():.4f}' for key, value in losses.items())
            print(f'{passed:4.0%}  step {steps}  {shown}', flush=True)
    return model.eval(), steps
