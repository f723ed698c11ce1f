"""The command ``init``: a data folder for a rig, ready to train on."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from mmpose_ours.calibration import coverage
from mmpose_ours.calibration.camera_choice import need_sizes
from mmpose_ours.calibration.checks.judgement import refuse_wrong
from mmpose_ours.calibration.checks.sanity import OF_SCALE, Problem
from mmpose_ours.calibration.conversion import size_by_images
from mmpose_ours.calibration.space_of_file import space_of
from mmpose_ours.cli.arguments import (
    add_any_scale,
    add_images,
    add_reading_arguments,
    add_rig,
    add_volume,
    parse_volume,
    read_with_options,
)
from mmpose_ours.workflows.rig_folder import README_FILE, RIG_FILE, init_rig, next_commands


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument('folder', metavar='FOLDER', help='data folder to make, e.g. data/Ours')
    add_rig(parser, '--rig', required=True)
    add_reading_arguments(parser)
    parser.add_argument(
        '--min-views',
        type=int,
        metavar='N',
        help='the space is where at least N cameras see, see fit-space',
    )
    add_volume(parser)
    add_any_scale(parser)
    add_images(parser)
    parser.add_argument(
        '--force',
        action='store_true',
        help='replace files that are there, and write a rig that its check (check-rig) calls wrong',
    )


def run(args: argparse.Namespace) -> int:
    """Run the command on parsed arguments.

    Returns:
        0.

    Raises:
        CalibrationError, OSError: As :func:`~mmpose_ours.workflows.rig_folder.init_rig`; or the
            rig cannot be read, or no space be fitted to it.
    """
    read, rig = read_with_options(args.rig, args)
    problems: list[Problem] = []
    if args.images is not None:
        rig, problems = size_by_images(rig, args.images)
    need_sizes(rig, read.path, 'so nobody knows where it sees')
    space = parse_volume(args.volume)
    found = refuse_wrong(
        rig,
        read.path,
        read.unit,
        read.up,
        space=space,
        any_scale=args.any_scale,
        force=args.force,
        more=problems,
    )
    # What is written all the same is read without these checks later.
    any_scale = args.any_scale or any(p.topic in OF_SCALE and not p.warning for p in found)
    options: dict[str, Any] = dict(any_scale=any_scale)
    if space is None:
        space = space_of(rig, read, min_views=args.min_views, **options)
    for problem in found:
        print(f'warning: {read.path}: {problem.sentence}', file=sys.stderr)
    folder = Path(args.folder)
    done = init_rig(folder, rig, space, source=read.path, force=args.force, **options)
    seen = coverage(rig, space)[2]
    print(f'{folder}:')
    for line in done:
        print(f'  {line}')
    print(f'checked: {RIG_FILE} reads back, and two cameras or more see {seen:.0%} of the space')
    print(f'\n2D people, for testing, go into keypoints_2d.json, see {README_FILE}.')
    for what, command in next_commands(folder).items():
        print(f'{what}:\n  {command}')
    return 0
