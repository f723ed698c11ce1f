"""The command ``path``: where configs, launch scripts or schemas lie."""

from __future__ import annotations

import argparse

from mmpose_ours.io.package_files import SHARED, schemas, share, stock_tools


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``mmpose-ours path``."""
    parser.add_argument(
        'name',
        choices=(*SHARED, 'schemas', 'mmpose-tools'),
        help='which folder; mmpose-tools are the launch scripts of the installed MMPose',
    )


def run(args: argparse.Namespace) -> int:
    """Print the folder that was asked for (of schemas: each, one a line)."""
    if args.name == 'schemas':
        print(*schemas(), sep='\n')
    elif args.name == 'mmpose-tools':
        print(stock_tools())
    else:
        print(share(args.name))
    return 0
