"""``mmpose-ours prepare``: from the official downloads to folders that the datasets read.

Exit code 0: everything that training and testing from keypoints need is there; 1: something is
missing or wrong, with the command that gets it; 2: an archive or an argument is unfit.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mmpose_ours.errors import InputError
from mmpose_ours.text import counted
from mmpose_ours.workflows.prepare.campus_shelf import prepare_actors
from mmpose_ours.workflows.prepare.downloads import ACTORS, PANOPTIC_CAMERAS
from mmpose_ours.workflows.prepare.findings import count_fatal
from mmpose_ours.workflows.prepare.panoptic import prepare_panoptic


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``mmpose-ours prepare``."""
    parser.add_argument('dataset', choices=(*ACTORS, 'panoptic'))
    parser.add_argument(
        'folder',
        type=Path,
        metavar='FOLDER',
        help='the data set, such as data/Campus; panoptic: the folder of all sequences',
    )
    parser.add_argument(
        '--archive',
        nargs='+',
        type=Path,
        default=[],
        metavar='FILE',
        help='official archive to unpack into FOLDER (default: one of the official name in or '
        'beside FOLDER)',
    )
    parser.add_argument(
        '--sequences',
        nargs='+',
        metavar='NAME',
        help='panoptic: sequences (default: those in FOLDER, else the 14 of VoxelPose)',
    )
    parser.add_argument(
        '--cameras',
        nargs='+',
        default=None,
        metavar='NAME',
        help=f'panoptic: HD cameras (default: {" ".join(PANOPTIC_CAMERAS)})',
    )


def run(args: argparse.Namespace) -> int:
    """Prepare as the arguments say and print what was found.

    Returns:
        Exit code, see the module.

    Raises:
        InputError, OSError: An archive or an argument is unfit.
    """
    if args.dataset == 'panoptic':
        cameras = args.cameras or PANOPTIC_CAMERAS
        findings = prepare_panoptic(args.folder, args.sequences, cameras, args.archive)
    elif args.sequences or args.cameras:
        raise InputError(
            f'--sequences and --cameras are of panoptic, not of {args.dataset}',
            code='conflict',
            found=args.dataset,
            expected='panoptic',
        )
    else:
        findings = prepare_actors(ACTORS[args.dataset], args.folder, args.archive)
    for finding in findings:
        print('\n'.join(finding.lines()))
    fatal = count_fatal(findings)
    print()
    if fatal:
        print(f'{args.folder}: {counted(fatal, "thing")} missing or wrong')
    else:
        print(f'{args.folder}: ready')
    return 1 if fatal else 0
