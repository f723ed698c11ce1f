"""``python -m mmpose_ours.engine.replay FILE``: do a step again that had no finite loss."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope

from mmpose_ours.checkpoints.loading import load_weights
from mmpose_ours.checkpoints.reading import read_checkpoint
from mmpose_ours.engine.config_files import read_config
from mmpose_ours.engine.hooks.finite_loss import losses_alone, losses_of, seed_step
from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.numbers import is_whole
from mmpose_ours.io.programs import add_debug, guarded
from mmpose_ours.scope import DATASETS, MODELS
from mmpose_ours.text import argument


def replay(
    path: PathLike, config: PathLike | None = None
) -> tuple[dict[str, float], dict[int, list[str]]]:
    """Do the step again, on the CPU.

    Args:
        path: What :class:`~mmpose_ours.engine.hooks.finite_loss.FiniteLossHook` wrote.
        config: The config of the training, which is run. Neither the one inside ``path`` nor one
            beside it is run without being named: both may come with the file.

    Returns:
        The losses by name, and for each item of the batch the names of those that are not finite
        when it is alone.

    Raises:
        FileFormatError: It is another kind of file, or no config is named; says which lies beside
            it.
        FileNotFoundError: There is no such file.
    """
    state = read_checkpoint(path, map_location='cpu')
    meta = state.get('meta') if isinstance(state, dict) else None
    if not isinstance(meta, dict) or 'nonfinite' not in meta:
        raise FileFormatError(
            f'{path}: a checkpoint, not the report of a step; name a nonfinite_*.pth', file=path
        )
    report = _checked(meta['nonfinite'], path)
    if config is None:
        beside = _config_beside(Path(path), meta.get('cfg'))
        raise FileFormatError(
            f'{path}: a config is a program, so that of the training must be named: '
            f'{argument("config", beside)}',
            code='missing-value',
            file=path,
            expected=beside,
        )
    cfg = read_config(config)
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    model = MODELS.build(cfg.model).train()
    load_weights(model, state, path)
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    batch = pseudo_collate([dataset[item] for item in report['items']])
    seed_step(report)
    losses = losses_of(model, wrapper, batch)
    load_weights(model, state, path)  # running averages have moved
    alone = losses_alone(model, wrapper, batch, len(report['items']))
    return losses, dict(zip(report['items'], alone))


def _checked(report: Any, path: PathLike) -> dict[str, Any]:
    """What is needed of a report: which step and which items."""
    keys = ('seed', 'rank', 'iter')
    if (
        not isinstance(report, dict)
        or not all(is_whole(report.get(key)) for key in keys)
        or not isinstance(report.get('items'), list)
        or not report['items']
        or not all(map(is_whole, report['items']))
    ):
        raise FileFormatError(
            f'{path}: the report of the step lacks its items, or seed, rank and step as whole '
            'numbers; name a nonfinite_*.pth as the training wrote it',
            file=path,
        )
    return report


def _config_beside(path: Path, text: Any) -> str | None:
    """The name of the file beside a report that has the same config as it, if there is one."""
    for file in sorted(path.parent.glob('*.py')):
        if file.is_file() and file.read_text(encoding='utf-8', errors='replace') == text:
            return str(file)
    return None


def main() -> int:
    """Print the losses of the step and the items that make them."""
    parser = argparse.ArgumentParser(description='Do a step again that had no finite loss.')
    parser.add_argument('file', help='nonfinite_<step>_<process>.pth in the work directory')
    parser.add_argument('--config', required=True, help='the config of the training')
    add_debug(parser)
    args = parser.parse_args()
    losses, alone = replay(args.file, args.config)
    for name, loss in losses.items():
        print(f'{name}: {loss}')
    for item, wrong in alone.items():
        print(f'item {item} alone: {", ".join(wrong) or "finite"}')
    return 0


if __name__ == '__main__':
    sys.exit(guarded('replay', sys.argv[1:], main))
