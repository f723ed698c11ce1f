"""The command ``mmpose-ours synchronize``: time offsets between cameras from the people they see.

Exit status 0: offsets of all cameras were found; 2: an input cannot be used or tells too little.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shlex
from typing import Any

from mmpose_ours.calibration.checks.sanity import OF_GEOMETRY, refuse
from mmpose_ours.calibration.parsing.source import Source
from mmpose_ours.cli.arguments import add_rig, print_read, read_with_options
from mmpose_ours.cli.outputs import refuse_replaced
from mmpose_ours.cli.people_input import add_people, figures_of, read_people
from mmpose_ours.detections import write_detections
from mmpose_ours.geometry.rig import list_names
from mmpose_ours.io.disk.files import write_whole
from mmpose_ours.io.progress import Progress
from mmpose_ours.self_calibration import Synchronization, retime, synchronize
from mmpose_ours.self_calibration.synchronization import UNCERTAIN_FRAMES, UNCERTAIN_MATCHED
from mmpose_ours.text import counted

# Frame offsets are enough where no camera is off by more frames than this.
ENOUGH = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_rig(parser)
    more = ', in every frame of each camera, numbered by each camera on its own'
    add_people(parser, more)
    parser.add_argument(
        '--out',
        metavar='FILE',
        help='write the keypoints of the common frames, synchronised: .json or .npz',
    )
    parser.add_argument(
        '--reference',
        metavar='CAMERA',
        help='the camera whose frames the others are brought to (default: the first)',
    )
    parser.add_argument(
        '--same-rate', action='store_true', help='all cameras are known to have one frame rate'
    )


def run(args: argparse.Namespace) -> int:
    """Run the command on parsed arguments.

    Returns:
        0.

    Raises:
        CalibrationError, FileFormatError, InputError, OSError: An input cannot be read or tells
            too little, or an output cannot be written; nothing is written then.
    """
    refuse_replaced([*args.rig, args.keypoints], [args.out, args.report])
    read, rig = read_with_options(args.rig, args)
    refuse(rig, Source(args.rig).path, read.unit, OF_GEOMETRY)
    print_read(read, rig)
    keypoints, people = read_people(args, rig)
    progress = Progress('synchronisation', 'steps')
    found = synchronize(rig, people, args.reference, args.same_rate, progress)
    _print(found)
    with contextlib.ExitStack() as stack:
        if args.report is not None:
            # Opened first: if it cannot be written, there are no keypoints either.
            file = stack.enter_context(write_whole(args.report))
            file.write(json.dumps(_report(found), indent=1, allow_nan=False) + '\n')
        if args.out is not None:
            write_detections(args.out, retime(rig, keypoints, people, found))
            print(f'wrote   {args.out}: {counted(found.frames, "frame")}, synchronised')
    return 0


def _report(found: Synchronization) -> dict[str, Any]:
    """Plain data; what is unknown is None."""
    return {
        'reference': found.reference,
        'first': found.first,
        'frames': found.frames,
        'frame_offsets': found.frame_offsets,
        'left_over': found.left_over,
        'cameras': [figures_of(camera) for camera in found.cameras],
    }


def _print(found: Synchronization) -> None:
    wide = max(6, *(len(camera.name) for camera in found.cameras))
    print(f'\n{"camera":{wide}s}  {"offset in frames":>17s}  {"frame rate":>19s}  {"matched":>7s}')
    for camera in found.cameras:
        offset = f'{camera.offset:.2f} ± {camera.offset_std:.2f}'
        rate = f'{camera.rate:.5f} ± {camera.rate_std:.5f}'
        if camera.name == found.reference:
            offset, rate = f'{camera.offset:.2f}', 'reference'
        print(
            f'{camera.name:{wide}s}  {offset:>17s}  {rate:>19s}  {camera.matched:7.0%}'
            f'{"  uncertain" if camera.uncertain else ""}'
        )
    print(f'\n{counted(found.frames, "frame")} that all cameras have in common')
    words = [shlex.quote(f'{name}={offset}') for name, offset in found.frame_offsets.items()]
    print(f'--frame-offsets {" ".join(words)}')
    if found.left_over > ENOUGH:
        print(
            f'warning rates: with these offsets a camera is off by up to {found.left_over:.1f} '
            'frames, since frame rates differ; use the keypoints that --out writes'
        )
    if found.uncertain:
        print(
            f'warning uncertain: the offsets of {list_names(found.uncertain)} have a standard '
            f'deviation above {UNCERTAIN_FRAMES:g} frames, or less than {UNCERTAIN_MATCHED:.0%} of '
            'their people match those of other cameras; use more frames in which people walk '
            'through the volume that these cameras share with others'
        )
