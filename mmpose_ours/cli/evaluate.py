"""The command ``evaluate``: two files in, a table or JSON out."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from mmpose_ours.cli.arguments import (
    add_frame_offsets,
    add_reading_arguments,
    add_rename,
    add_rig,
    add_skeleton,
    keypoint_options,
    reading_of,
)
from mmpose_ours.errors import InputError
from mmpose_ours.evaluation.report import DATASETS, HEADS, evaluate_files
from mmpose_ours.evaluation.tables import format_report
from mmpose_ours.evaluation.without_truth.report import (
    evaluate_without_truth,
    format_without_truth,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``mmpose-ours evaluate``."""
    parser.add_argument('--dataset', choices=DATASETS, help='what --gt is the truth of')
    parser.add_argument(
        '--gt',
        metavar='FILE',
        help='actorsGT.mat; panoptic: a Predictions file or a folder of body3DScene_*.json',
    )
    parser.add_argument(
        '--pred', required=True, metavar='FILE.json', help='people per frame, Predictions format'
    )
    parser.add_argument(
        '--frames',
        metavar='RANGES',
        help='such as 350-470,650-750, both ends included '
        '(default: the published test range, or all of the truth for panoptic)',
    )
    parser.add_argument(
        '--head',
        choices=HEADS,
        default='voxelpose',
        help='campus and shelf: recipe for head joints (default: %(default)s)',
    )
    parser.add_argument('--json', action='store_true', help='print JSON instead of a table')

    group = parser.add_argument_group('without ground truth')
    group.add_argument(
        '--without-truth',
        action='store_true',
        help='judge --pred by 2D keypoints, time and anatomy instead of --dataset and --gt',
    )
    add_rig(group, '--rig')
    group.add_argument('--keypoints', metavar='FILE', help='2D keypoints, see docs/data.md')
    group.add_argument(
        '--left-out',
        nargs='+',
        default=[],
        metavar='CAMERA=FILE.json',
        help='predictions that were made without this camera, to be compared with what it saw',
    )
    group.add_argument(
        '--frame-rate',
        type=float,
        metavar='FPS',
        help='frames per second, for accelerations, and for how long somebody may be lost where '
        "the file has no track IDs (default: the file's)",
    )
    add_reading_arguments(group)
    add_rename(group, 'keypoints')
    add_skeleton(group)
    add_frame_offsets(group)


def run(args: argparse.Namespace) -> int:
    """Evaluate as the arguments say and print the figures.

    Returns:
        Exit code 0.

    Raises:
        InputError, OSError: As :func:`evaluate_files`; the command line prints them.
    """
    if args.without_truth:
        report, layout = _report_without_truth(args), format_without_truth
    elif args.dataset is None or args.gt is None:
        raise InputError(
            'evaluate needs --dataset and --gt, the truth to compare with; where there is none, '
            'say --without-truth --rig FILE --keypoints FILE',
            code='missing-value',
            expected=['dataset', 'gt'],
        )
    else:
        report = evaluate_files(args.dataset, args.gt, args.pred, args.frames, args.head)
        layout = format_report
    print(json.dumps(report, indent=2, allow_nan=False) if args.json else layout(report))
    return 0


def _report_without_truth(args: argparse.Namespace) -> dict[str, Any]:
    """Evaluate as the arguments of the command line say.

    Raises:
        InputError: An option is missing or out of place, or as above.
    """
    for value, option in (
        (args.pred, '--pred'), (args.rig, '--rig'), (args.keypoints, '--keypoints')
    ):  # fmt: skip
        if value is None:
            raise InputError(
                f'--without-truth needs {option}; write evaluate --without-truth --pred FILE '
                '--rig FILE --keypoints FILE',
                code='missing-value',
                expected=option[2:],
            )
    if args.gt is not None or args.dataset is not None:
        raise InputError(
            '--without-truth takes no --gt and no --dataset; leave one of them out',
            code='conflict',
        )
    left_out = dict(entry.partition('=')[::2] for entry in args.left_out)
    if not all(left_out.values()) or len(left_out) < len(args.left_out):
        raise InputError(
            f'--left-out {" ".join(args.left_out)}: expected CAMERA=FILE.json, each camera once',
            found=args.left_out,
        )
    return evaluate_without_truth(
        args.pred,
        args.rig,
        args.keypoints,
        args.frames,
        left_out,
        args.frame_rate,
        reading=keypoint_options(args, say=lambda note: print(f'note    {note}', file=sys.stderr)),
        rig_format=args.from_format,
        rig_options={**reading_of(args), 'cameras': args.cameras},
    )
