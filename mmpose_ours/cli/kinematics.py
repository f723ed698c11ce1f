"""The command ``kinematics``: joint angles of 3D poses over time."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from mmpose_ours.cli.outputs import refuse_replaced
from mmpose_ours.errors import InputError
from mmpose_ours.kinematics.files import ENDINGS, check_ending, write_angles
from mmpose_ours.kinematics.joint_angles import JointAngles, joint_angles
from mmpose_ours.predictions.reading import read_predictions
from mmpose_ours.text import counted
from mmpose_ours.tracking.trajectories import spell, timeline_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        'predictions', metavar='PEOPLE.json', help='3D poses in the Predictions format'
    )
    parser.add_argument(
        '--out',
        required=True,
        metavar='ANGLES',
        help=f'file to write, {" or ".join(ENDINGS)}; .mot holds one person, so that of several '
        'each gets a file with the ID before its suffix',
    )
    parser.add_argument(
        '--fps',
        type=float,
        metavar='N',
        help='frame numbers per second, where the file does not say (default: 30)',
    )
    parser.add_argument(
        '--person', type=int, nargs='+', metavar='ID', help='people to write (default: all)'
    )
    parser.add_argument(
        '--min-frames',
        type=int,
        default=1,
        metavar='N',
        help='leave out people who are in fewer frames',
    )
    parser.add_argument(
        '--smooth',
        action='store_true',
        help='reduce jitter of the joints with a One-Euro filter before',
    )
    parser.add_argument(
        '--figure',
        metavar='IMAGE',
        help='also draw the angles over time, an image for each person',
    )


def run(args: argparse.Namespace) -> int:
    """Run the command on parsed arguments.

    Returns:
        0.

    Raises:
        InputError, OSError: As :func:`mmpose_ours.kinematics.write_angles`; the command line
            prints them.
    """
    check_ending(args.out)
    refuse_replaced([args.predictions], [args.out, args.figure])
    predictions = read_predictions(args.predictions)
    try:
        timeline = timeline_of(predictions, args.fps, args.min_frames, args.person, args.smooth)
        people = joint_angles(timeline)
    except InputError as error:
        raise error.reworded(
            InputError, f'{args.predictions}: {error}', file=args.predictions
        ) from error
    for note in timeline.notes:
        print(f'note    {note}')
    print(
        f'read    {args.predictions}: {counted(len(timeline.frames), "frame")} at '
        f'{timeline.rate_hz:g} per second, people {spell(timeline.people)}'
    )
    for one in people:
        never = [name for name in one.names if not np.isfinite(one.of(name)).any()]
        if never:
            print(f'note    person {one.person}: not determined in any frame: {", ".join(never)}')
    for path in write_angles(people, args.out):
        print(f'wrote   {path}')
    if args.figure:
        for path in _draw(people, Path(args.figure)):
            print(f'wrote   {path}')
    return 0


def _draw(people: list[JointAngles], path: Path) -> list[Path]:
    from mmpose_ours.visualization.figures.angle_sheet import write_angles_image  # Matplotlib

    paths = [path]
    if len(people) > 1:
        paths = [path.with_name(f'{path.stem}_{one.person}{path.suffix}') for one in people]
    for one, file in zip(people, paths):
        write_angles_image(file, one, f'person {one.person}')
    return paths
