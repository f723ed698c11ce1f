"""The command ``mmpose-ours refine-rig``: bundle adjustment of a rig from people's keypoints.

Exit status 0: the result was written, refined or as it was; 2: an input cannot be used.
"""

from __future__ import annotations

import argparse
from typing import Any

from mmpose_ours.calibration.api import describe
from mmpose_ours.calibration.checks.sanity import OF_GEOMETRY, refuse
from mmpose_ours.calibration.format_table import written_world
from mmpose_ours.calibration.parsing.source import Source
from mmpose_ours.calibration.writing import write_rig_and_report, writer_of
from mmpose_ours.cli.arguments import (
    add_frame_offsets,
    add_rig,
    print_read,
    read_with_options,
)
from mmpose_ours.cli.outputs import refuse_replaced
from mmpose_ours.cli.people_input import add_people, add_written_rig, figures_of, read_people
from mmpose_ours.geometry.rig import list_names
from mmpose_ours.io.progress import Progress
from mmpose_ours.recordings.camera_names import cameras_called
from mmpose_ours.self_calibration import Refinement, refine_rig
from mmpose_ours.self_calibration.adjustment import UNCERTAIN_DEGREES
from mmpose_ours.text import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_rig(parser)
    add_people(parser)
    add_frame_offsets(parser)
    add_written_rig(parser)
    parser.add_argument(
        '--refine',
        nargs='+',
        metavar='CAMERA',
        help='the cameras whose poses are refined (default: all); the others stay as they are',
    )


def run(args: argparse.Namespace) -> int:
    """Run the command on parsed arguments.

    Returns:
        0.

    Raises:
        CalibrationError, FileFormatError, InputError, OSError: An input cannot be read or tells
            too little, or an output cannot be written; nothing is written then.
    """
    writer_of(args.to_format, args.out)
    refuse_replaced([*args.rig, args.keypoints], [args.out, args.report])
    read, rig = read_with_options(args.rig, args)
    refuse(rig, Source(args.rig).path, read.unit, OF_GEOMETRY)
    print_read(read, rig)
    _, people = read_people(args, rig)
    cameras = cameras_called(args.refine, rig.names) if args.refine else None
    done = refine_rig(rig, people, cameras, Progress('bundle adjustment', 'steps'))
    write_rig_and_report(done.rig, args.out, args.to_format, args.report, _report(done))
    _print(done)
    written = describe(args.to_format, *written_world(args.to_format))
    print(f'wrote   {args.out}: {args.to_format} ({written})')
    return 0


def _report(done: Refinement) -> dict[str, Any]:
    """Plain data; what is unknown is None."""
    return {
        'changed': done.changed,
        'frames': done.frames,
        'left_out_frames': done.left_out_frames,
        'people': done.people,
        'error': done.error,
        'error_refined': done.error_refined,
        'cameras': [figures_of(change) for change in done.cameras],
    }


def _print(done: Refinement) -> None:
    print(
        f'used    {counted(done.frames, "frame")}, {counted(done.people, "person", "people")} in '
        f'all; {counted(done.left_out_frames, "frame")} left out'
    )
    wide = max(6, *(len(change.name) for change in done.cameras))
    print(f'\n{"camera":{wide}s}  {"turned":>16s}  {"moved":>16s}  {"joints":>7s}  '
          f'{"reprojection error":>18s}')  # fmt: skip
    for change in done.cameras:
        turned = f'{change.degrees:.2f} ± {change.degrees_std:.2f}°'
        moved = f'{change.mm:.0f} ± {change.mm_std:.0f} mm'
        error = f'{change.error_px:.1f} px {change.error_mrad:.1f} mrad'
        print(
            f'{change.name:{wide}s}  {turned:>16s}  {moved:>16s}  {change.joints:7d}  '
            f'{error:>18s}{"" if change.significant else "  not significant"}'
        )
    print(
        f"\nepipolar error on left-out frames: {done.error:.2%} of a person's size as given, "
        f'{done.error_refined:.2%} refined'
    )
    if done.changed:
        print('the refined poses were taken')
    else:
        print(
            'the rig was left as it is: the refined poses are not clearly better on left-out '
            'frames, or no camera moved by more than its uncertainty'
        )
    if done.uncertain:
        print(
            f'warning uncertain: the refined poses of {list_names(done.uncertain)} differ between '
            f'parts of the recording (standard deviation above {UNCERTAIN_DEGREES:g} degrees) and '
            'may be off by more than a degree; use more frames in which people walk through the '
            'volume that these cameras share with others'
        )
