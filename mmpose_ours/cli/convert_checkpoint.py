"""The command ``convert-checkpoint``: weights of VoxelPose between MMPose 0.x and this package.

The capture volume of the training rig is never taken along: it comes with each sample here, and
from a config of 0.x there.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Mapping

import numpy as np
import torch
from torch import Tensor

from mmpose_ours.checkpoints.loading import CheckpointError, state_dict_of
from mmpose_ours.checkpoints.model_zoo import config_for
from mmpose_ours.checkpoints.reading import read_checkpoint
from mmpose_ours.engine.config_files import read_config
from mmpose_ours.errors import FileFormatError, InputError, PathLike
from mmpose_ours.io.disk.files import whole_path
from mmpose_ours.models.voxelpose import convert, published
from mmpose_ours.models.voxelpose.config_0x import StockModel, read_stock_model
from mmpose_ours.models.voxelpose.model import VoxelPose
from mmpose_ours.scope import MODELS

_PLAIN = (str, int, float, bool, type(None))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument('checkpoint', metavar='IN', help='a .pth of VoxelPose, of either layout')
    parser.add_argument('out', metavar='OUT', help='the file to write')
    parser.add_argument(
        '--to', required=True, choices=('0x', '1x'), help='for MMPose 0.x, or for this package'
    )
    parser.add_argument(
        '--config', metavar='OURS.py', help="this package's config of the model; held against IN"
    )
    parser.add_argument(
        '--target',
        metavar='STOCK.py',
        help='with --to 0x: the config of MMPose 0.x that OUT is for; held against IN, and its '
        'capture volume is written, so that strict loading works as well',
    )


def run(args: argparse.Namespace) -> int:
    """Run the command on parsed arguments.

    Returns:
        0.

    Raises:
        InputError: IN is no checkpoint of VoxelPose, or does not go with the configs.
        OSError: A file cannot be read or written.
    """
    if args.target and args.to != '0x':
        raise InputError(
            '--target names a config of MMPose 0.x, which needs --to 0x',
            code='conflict',
            found=args.to,
            expected='0x',
        )
    both = Path(args.out), Path(args.checkpoint)
    if all(path.exists() for path in both) and both[0].samefile(both[1]):
        raise InputError(
            f'{args.out}: the file to read and the one to write are the same',
            code='conflict',
            file=args.out,
        )
    checkpoint = read_checkpoint(args.checkpoint)
    state, meta, beside = _parts(checkpoint, args.checkpoint)
    stock = read_stock_model(args.target) if args.target else None
    try:
        ours = convert.to_ours(state)
        model = _model_of(args.config, ours.state) if args.config else None
        result = ours
        if args.to == '0x':
            shortcut = model.pose_regressor.shortcut if model is not None else None
            result = convert.to_0x(state, shortcut, stock.geometry if stock else None)
            if stock:
                stock.check(convert.anatomy(result.state), model)
    except ValueError as error:
        known = error if isinstance(error, InputError) else InputError('', code='checkpoint')
        raise FileFormatError(
            f'{args.checkpoint}: {error}',
            code=known.code,
            file=args.checkpoint,
            found=known.found,
            expected=known.expected,
        ) from error
    with whole_path(args.out) as path:
        torch.save(dict(state_dict=result.state, meta=_plain(meta)), path)
    print(f'{args.checkpoint}: {_describe(ours)}')
    for word, what in _report(result, beside, stock, args):
        print(f'{word:8s} {what}')
    return 0


def _parts(checkpoint: Any, path: PathLike) -> tuple[dict[str, Tensor], dict, list[str]]:
    """Weights, what is said about them, and the names of what else lies in a checkpoint."""
    try:
        state = state_dict_of(checkpoint)
    except CheckpointError as error:
        raise error.of(path) from None
    if not isinstance(checkpoint.get('state_dict'), Mapping):
        return state, {}, []
    meta = checkpoint.get('meta')
    beside = [str(key) for key in checkpoint if key not in ('state_dict', 'meta')]
    return state, dict(meta) if isinstance(meta, Mapping) else {}, beside


def _plain(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Text and numbers alone, which any reader takes for data."""
    numbers = {k: v.item() if isinstance(v, np.generic) else v for k, v in meta.items()}
    return {str(k): v for k, v in numbers.items() if isinstance(v, _PLAIN)}


def _model_of(path: PathLike, state: Mapping[str, Tensor]) -> VoxelPose:
    """The model of a config of ours, which the weights must fit.

    Raises:
        InputError: They do not, or it is none of VoxelPose.
    """
    config = read_config(path)
    if config.get('model', {}).get('type') not in ('VoxelPose', 'mmpose_ours.VoxelPose'):
        raise InputError(
            f'{path} is no config of VoxelPose; name one whose model.type is that',
            code='checkpoint',
            file=path,
            found=config.get('model', {}).get('type'),
            expected='VoxelPose',
        )
    settings = {key: value for key, value in config.model.items() if key != 'data_preprocessor'}
    with torch.device('meta'):
        model = MODELS.build(settings)
    weights = dict(state)
    published.take_out(model, weights, '')
    theirs = model.state_dict()
    for key in sorted({*theirs, *weights}):
        found, wanted = (
            tuple(of[key].shape) if key in of else 'absent' for of in (weights, theirs)
        )
        if found != wanted:
            raise InputError(
                f'{key} is {found}, but {path} makes it {wanted}; name its config',
                code='checkpoint',
                file=path,
                found=found,
                expected=wanted,
            )
    return model


def _describe(ours: convert.Converted) -> str:
    """What was read, in one line."""
    found = convert.anatomy(ours.state)
    stock = any(key in ours.dropped for key in published.GEOMETRY)
    sees = f'images (ResNet-{found.backbone["depth"]})' if found.backbone else 'heatmaps'
    count = sum(tensor.numel() for tensor in ours.state.values())
    return (
        f'VoxelPose of {"MMPose 0.x" if stock else "mmpose_ours"}, {found.num_joints} joints '
        f'({" or ".join(found.skeletons)}), sees {sees}, {count:,} numbers'
    )


def _report(
    result: convert.Converted, beside: list[str], stock: StockModel | None, args: Any
) -> list[tuple[str, str]]:
    """What was done, as lines of a word and the rest."""
    lines = []
    if result.renamed:
        old, new = next(iter(result.renamed.items()))
        lines.append(('renamed', f'{len(result.renamed)} entries like {old} -> {new}'))
    space = published.space_in_words(result.dropped)
    if space:
        lines.append(('dropped', f'the space it learned in: {space}'))
    dropped = [key for key in result.dropped if key not in published.GEOMETRY]
    if dropped:
        lines.append(('dropped', f'{len(dropped)} unknown entries: {", ".join(dropped[:4])}'))
    if beside:
        lines.append(('dropped', f'{", ".join(beside)} (not weights)'))
    counters = f'{len(result.missing)} counters of batches, set to 0' if result.missing else ''
    lines.append(('missing', counters or 'nothing'))
    if stock:
        lines.append(
            ('added', f'the space of {args.target}: {published.space_in_words(result.state)}')
        )
    elif args.to == '0x':
        lines.append(
            ('left out', 'the space: MMPose 0.x takes that of its config and says "missing keys"')
        )
    config = config_for(args.checkpoint)
    if config:
        lines.append(('config', config))
    lines.append(('wrote', f'{args.out} ({Path(args.out).stat().st_size / 1e6:.1f} MB)'))
    return lines
