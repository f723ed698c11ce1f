"""The command ``export-weights``: a checkpoint's weights as safetensors."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmpose_ours.checkpoints.shipped_weights import export_weights


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument('checkpoint', metavar='CHECKPOINT', help='.pth of a training run')
    parser.add_argument('out', metavar='OUT.safetensors', help='the file to write')
    parser.add_argument('--about', default='', help='one line to keep with the weights')


def run(args: argparse.Namespace) -> int:
    """Run the command on parsed arguments.

    Returns:
        0.

    Raises:
        OSError: A file cannot be read or written.
    """
    count = export_weights(args.checkpoint, args.out, args.about)
    size_mb = Path(args.out).stat().st_size / 1e6
    print(f'{args.out}: {count:,} numbers, {size_mb:.1f} MB')
    return 0
