"""A loss that is not a number stops the training, and names the item that it came from."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.model import BaseModel, is_model_wrapper
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner, save_checkpoint, weights_to_cpu

from mmpose_ours.engine.hooks.step_seed import STEP, seed_all
from mmpose_ours.engine.loaders import Loader
from mmpose_ours.scope import HOOKS


class NonFiniteLossError(FloatingPointError):
    """A loss was infinite or not a number."""


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Looks at each loss before the weights change.

    The first one that is infinite or not a number stops the training: the checkpoints there are
    stay good. ``nonfinite_<step>_<process>.pth`` in the work directory then holds the weights as
    they were, and which items were in the batch;
    ``python -m mmpose_ours.engine.replay FILE`` does that step again.

    Args:
        patience: How many steps in a row may have such a loss where gradients are scaled (16-bit
            floats), which overflows now and then and skips the step by itself.
    """

    def __init__(self, patience: int = 20):
        self.patience = patience
        self._in_a_row = 0
        self._batch: Any = None
        self._batch_index = 0

    def before_train(self, runner: Runner) -> None:
        """Look at what the model's losses are summed up to, from now on."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        sum_up = model.parse_losses

        def checked(losses: dict) -> tuple:
            total, log = sum_up(losses)
            if torch.isfinite(total):
                self._in_a_row = 0
                return total, log
            self._in_a_row += 1
            scaled = hasattr(runner.optim_wrapper, 'loss_scaler')
            if not scaled or self._in_a_row > self.patience:
                raise self._error(runner, model, {k: float(v.detach()) for k, v in log.items()})
            return total, log

        model.parse_losses = checked

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict[str, Any] | None = None
    ) -> None:
        """Keep the batch at hand."""
        self._batch, self._batch_index = data_batch, batch_idx

    def _error(
        self, runner: Runner, model: BaseModel, losses: dict[str, float]
    ) -> NonFiniteLossError:
        """Write down what happened."""
        path = Path(runner.work_dir) / f'nonfinite_{runner.iter}_{get_rank()}.pth'
        weights = weights_to_cpu(model.state_dict())
        wrong = [name for name, loss in losses.items() if not is_finite(loss) and name != 'loss']
        dataset = runner.train_dataloader.dataset
        items = items_of_batch(runner.train_dataloader, self._batch_index)
        alone = losses_alone(model, runner.optim_wrapper, self._batch, len(items))
        culprits = [item for item, found in zip(items, alone) if found]
        samples = self._batch['data_samples']
        report = dict(
            losses=losses,
            items=items,
            culprits=culprits,
            frames=[str(sample.get('frame_id')) for sample in samples],
            cameras=list(samples[0].rig.names) if 'rig' in samples[0] else [],
            dataset=type(dataset).__name__,
            dataset_seed=getattr(dataset, 'seed', None),
            rig_file=str(getattr(dataset, 'rig_file', '')),
            epoch=runner.epoch,
            iter=runner.iter,
            rank=get_rank(),
            seed=runner.seed,
        )
        meta = dict(cfg=runner.cfg.pretty_text, nonfinite=report)
        save_checkpoint(dict(meta=meta, state_dict=weights), str(path))
        if culprits:
            frames = [report['frames'][items.index(item)] for item in culprits]
            who = f'item {_listed(culprits)} (frame {_listed(frames)}) gives it alone'
        else:
            who = f'no item alone, but items {_listed(items)} together (maybe the weights grew)'
        return NonFiniteLossError(
            f'{_listed(f"{name} is {losses[name]}" for name in wrong)} in step '
            f'{self._batch_index + 1} of epoch {runner.epoch + 1}, process {get_rank()}: {who}; '
            f'{report["dataset"]} with seed {report["dataset_seed"]}, rig {report["rig_file"]}. '
            f'Training stopped before the weights changed; to do the step again: '
            f'python -m mmpose_ours.engine.replay {path} --config {_config_of(runner)}'
        )


def _config_of(runner: Runner) -> str:
    """The config as MMEngine has left it in the work directory."""
    name = Path(runner.cfg.filename).name if runner.cfg.filename else f'{runner.timestamp}.py'
    return str(Path(runner.work_dir) / name)


def items_of_batch(loader: Loader, batch_index: int) -> list[int]:
    """Indices into the dataset of this process's n-th batch of the epoch."""
    return list(next(itertools.islice(iter(loader.batch_sampler), batch_index, None), []))


def losses_alone(
    model: BaseModel, optim_wrapper: OptimWrapper, batch: Any, count: int
) -> list[list[str]]:
    """For each item of a batch by itself, the names of its losses that are not finite."""
    return [
        [
            name
            for name, loss in losses_of(model, optim_wrapper, item_of(batch, index)).items()
            if not is_finite(loss)
        ]
        for index in range(count)
    ]


@torch.no_grad()
def losses_of(model: BaseModel, optim_wrapper: OptimWrapper, batch: Any) -> dict[str, float]:
    """The losses of a batch, as in a step of training."""
    with optim_wrapper.optim_context(model):
        losses = model._run_forward(model.data_preprocessor(batch, True), mode='loss')
    flat = {
        name: loss if isinstance(loss, torch.Tensor) else torch.stack([x.mean() for x in loss])
        for name, loss in losses.items()
    }
    return {name: float(loss.float().mean()) for name, loss in flat.items() if 'loss' in name}


def item_of(batch: Any, index: int) -> Any:
    """A batch of one, of a batch as MMEngine's ``pseudo_collate`` makes it."""
    if isinstance(batch, dict):
        return {key: item_of(value, index) for key, value in batch.items()}
    return [batch[index]]


def seed_step(report: dict) -> None:
    """Seed all generators as they were when the step of a report began."""
    seed_all(report['seed'], report['rank'], report['iter'], STEP)


def is_finite(loss: float) -> bool:
    """Whether a loss is a number."""
    return abs(loss) < float('inf')


def _listed(things: Any) -> str:
    return ', '.join(str(thing) for thing in things)
