"""The command ``mmpose-ours calibrate``: a rig from people's 2D keypoints and intrinsics.

Exit status 0: the rig was written; 2: an input cannot be used or tells too little.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from mmpose_ours.calibration.api import describe
from mmpose_ours.calibration.format_table import written_world
from mmpose_ours.calibration.writing import write_rig_and_report, writer_of
from mmpose_ours.cli.arguments import (
    add_frame_offsets,
    add_rig,
    print_read,
    read_with_options,
)
from mmpose_ours.cli.outputs import refuse_replaced
from mmpose_ours.cli.people_input import add_people, add_written_rig, figures_of, read_people
from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.geometry.rig import list_names
from mmpose_ours.io.progress import Progress
from mmpose_ours.self_calibration import CalibratedRig, calibrate
from mmpose_ours.self_calibration.adjustment import UNCERTAIN_DEGREES
from mmpose_ours.self_calibration.calibration import MIN_MATCHED
from mmpose_ours.text import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_people(parser)
    add_frame_offsets(parser)
    add_rig(parser, '--intrinsics', required=True)
    parser.add_argument(
        '--person-height',
        type=float,
        metavar='MM',
        help='how tall these people are on average, which fixes the scale (default: 1700)',
    )
    parser.add_argument(
        '--distance',
        nargs=3,
        metavar=('CAMERA', 'CAMERA', 'MM'),
        help='a measured distance between two cameras, which fixes the scale in place of people',
    )
    add_written_rig(parser)
    parser.add_argument(
        '--figure',
        metavar='FILE',
        help='draw the rig with the uncertainty of its camera centres (default: a PNG beside OUT)',
    )


def run(args: argparse.Namespace) -> int:
    """Run the command on parsed arguments.

    Returns:
        0.

    Raises:
        CalibrationError, FileFormatError, InputError, OSError: An input cannot be read or tells
            too little, or an output cannot be written; nothing is written then.
    """
    writer = writer_of(args.to_format, args.out)
    figure = args.figure or Path(args.out).with_suffix('.png')
    refuse_replaced([*args.intrinsics, args.keypoints], [args.out, args.report, figure])
    distance = _distance(args.distance)
    read, cameras = read_with_options(args.intrinsics, args, any_pose=True)
    writer.HOLDS.check(cameras, args.out)
    print_read(read, cameras)
    _, people = read_people(args, cameras)
    progress = Progress('calibration', 'steps')
    done = calibrate(cameras, people, args.person_height, progress, distance)
    write_rig_and_report(done.rig, args.out, args.to_format, args.report, _report(done))
    _print(done)
    written = describe(args.to_format, *written_world(args.to_format))
    print(f'wrote   {args.out}: {args.to_format} ({written})')
    _draw(done, figure, args.out)
    return 0


def _distance(words: list[str] | None) -> tuple[str, str, float] | None:
    if words is None:
        return None
    try:
        return words[0], words[1], float(words[2])
    except ValueError as error:
        raise InputError(
            f'--distance ends in {words[2]!r}, expected millimetres',
            code='out-of-range',
            found=words[2],
        ) from error


def _draw(done: CalibratedRig, path: PathLike, title: str) -> None:
    try:
        from mmpose_ours.visualization.figures.rig_sheet import write_rig_image
    except ImportError as error:
        print(f'no image: {error}; pip install matplotlib')
        return
    write_rig_image(path, done.rig, None, title, done.center_cov_mm2)
    print(f'drawn   {path}')


def _report(done: CalibratedRig) -> dict[str, Any]:
    """Plain data; what is unknown is None."""
    return {
        'frames': done.frames,
        'left_out_frames': done.left_out_frames,
        'people': done.people,
        'error': done.error,
        'person_height_mm': done.person_height_mm,
        'scale_by': done.scale_by,
        'scale_std': done.scale_std if math.isfinite(done.scale_std) else None,
        'pairs': done.pairs,
        'notes': done.notes,
        'cameras': [figures_of(camera) for camera in done.cameras],
    }


def _print(done: CalibratedRig) -> None:
    print(
        f'used    {counted(done.frames, "frame")}, {counted(done.people, "person", "people")} in '
        f'all; {counted(done.left_out_frames, "frame")} left out'
    )
    wide = max(6, *(len(camera.name) for camera in done.cameras))
    print(f'\n{"camera":{wide}s}  {"rotation":>9s}  {"centre":>9s}  {"joints":>7s}  '
          f'{"matched":>7s}  {"reprojection error":>18s}')  # fmt: skip
    for camera in done.cameras:
        turn, center = f'± {camera.degrees_std:.2f}°', f'± {camera.mm_std:.0f} mm'
        error = f'{camera.error_px:.1f} px {camera.error_mrad:.1f} mrad'
        print(
            f'{camera.name:{wide}s}  {turn:>9s}  {center:>9s}  {camera.joints:7d}  '
            f'{camera.matched:7.0%}  {error:>18s}'
            f'{"  uncertain" if camera.uncertain else ""}'
        )
    count = len(done.cameras)
    print(
        f"\nepipolar error on left-out frames: {done.error:.2%} of a person's size; "
        f'{len(done.pairs)} of {counted(count * (count - 1) // 2, "pair")} of cameras gave a '
        'relative pose of their own that agrees'
    )
    for note in done.notes:
        print(note)
    print(f'scale by {done.scale_by.replace("_", " ")}: ± {done.scale_std:.1%}')
    if done.scale_by == 'usual_height':
        print(
            f'warning scale: nobody said how tall the people are, {done.person_height_mm:g} mm is '
            'assumed; say --person-height or --distance'
        )
    if done.uncertain:
        print(
            f'warning uncertain: the poses of {list_names(done.uncertain)} may be off by more than '
            'a degree: they differ between parts of the recording (standard deviation above '
            f'{UNCERTAIN_DEGREES:g} degrees), or less than {MIN_MATCHED:.0%} of their people match '
            'those of other cameras; use more frames in which people walk through the volume that '
            'these cameras share with others'
        )
