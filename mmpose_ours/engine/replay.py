"""``python -m mmpose_ours.engine.replay FILE``: do a step again that had no finite loss."""

from __future__ import annotations

import argparse
import sys

from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope

from mmpose_ours.cli import add_debug, guarded
from mmpose_ours.config_files import plain_config
from mmpose_ours.engine.checkpoints import read_checkpoint
from mmpose_ours.engine.finite_loss import losses_alone, losses_of, seed_step
from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.registry import DATASETS, MODELS


def replay(path: PathLike) -> tuple[dict[str, float], dict[int, list[str]]]:
    """Do the step again, on the CPU.

    Args:
        path: What :class:`~mmpose_ours.engine.FiniteLossHook` wrote.

    Returns:
        The losses by name, and for each item of the batch the names of those that are not finite
        when it is alone.

    Raises:
        FileFormatError: It is another kind of file.
        FileNotFoundError: There is no such file.
    """
    state = read_checkpoint(path, map_location='cpu')
    if 'nonfinite' not in state.get('meta', {}):
        raise FileFormatError(
            f'{path}: a checkpoint, not the report of a step; name a nonfinite_*.pth'
        )
    report = state['meta']['nonfinite']
    cfg = Config(plain_config(state['meta']['cfg'], path))
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    model = MODELS.build(cfg.model).train()
    model.load_state_dict(state['state_dict'])
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    batch = pseudo_collate([dataset[item] for item in report['items']])
    seed_step(report)
    losses = losses_of(model, wrapper, batch)
    model.load_state_dict(state['state_dict'])  # running averages have moved
    alone = losses_alone(model, wrapper, batch, len(report['items']))
    return losses, dict(zip(report['items'], alone))


def main() -> int:
    """Print the losses of the step and the items that make them."""
    parser = argparse.ArgumentParser(description='Do a step again that had no finite loss.')
    parser.add_argument('file', help='nonfinite_<step>_<process>.pth in the work directory')
    add_debug(parser)
    losses, alone = replay(parser.parse_args().file)
    for name, loss in losses.items():
        print(f'{name}: {loss}')
    for item, wrong in alone.items():
        print(f'item {item} alone: {", ".join(wrong) or "finite"}')
    return 0


if __name__ == '__main__':
    sys.exit(guarded('replay', sys.argv[1:], main))
