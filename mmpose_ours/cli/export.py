"""The command ``export``: 3D poses over time into the files of other tools."""

from __future__ import annotations

import argparse

from mmpose_ours.errors import InputError
from mmpose_ours.export.bvh import bridged_frames
from mmpose_ours.export.formats import FORMATS, format_of, write_timeline
from mmpose_ours.export.markers import PROGRAMS, gap_notes
from mmpose_ours.predictions.reading import read_predictions
from mmpose_ours.text import counted
from mmpose_ours.tracking.trajectories import UP_AXES, spell, timeline_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        'predictions', metavar='PEOPLE.json', help='3D poses in the Predictions format'
    )
    parser.add_argument(
        'target',
        metavar='OUT',
        help=f'file to write, of the format that its suffix tells: {", ".join(FORMATS)}',
    )
    parser.add_argument(
        '--fps',
        type=float,
        metavar='N',
        help='frame numbers per second, where the file does not say (default: 30)',
    )
    parser.add_argument(
        '--person',
        type=int,
        nargs='+',
        metavar='ID',
        help='people to write (default: all)',
    )
    parser.add_argument(
        '--min-frames',
        type=int,
        default=1,
        metavar='N',
        help='leave out people who are in fewer frames',
    )
    parser.add_argument(
        '--up',
        choices=UP_AXES,
        help='axis that points up in OUT (default: '
        f'{", ".join(f"{kind.up} for {suffix}" for suffix, kind in FORMATS.items())})',
    )
    parser.add_argument(
        '--smooth',
        action='store_true',
        help='reduce jitter with a One-Euro filter',
    )
    parser.add_argument(
        '--each',
        action='store_true',
        help='a file for each person, OUT with the ID before its suffix; .bvh does so by itself '
        'where there are several people',
    )
    parser.add_argument(
        '--for',
        dest='program',
        choices=PROGRAMS,
        help='marker names, unit (m) and axes as this program and its models expect them, a .trc '
        'for each person',
    )


def run(args: argparse.Namespace) -> int:
    """Run the command on parsed arguments.

    Returns:
        0.

    Raises:
        InputError, OSError, ImportError: As :func:`mmpose_ours.export.formats.write_timeline`; the
            command line prints them.
    """
    kind = format_of(args.target)
    predictions = read_predictions(args.predictions)
    try:
        timeline = timeline_of(predictions, args.fps, args.min_frames, args.person, args.smooth)
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
    if kind.one_person:
        for one in map(timeline.of, timeline.people):
            misfit = kind.misfit(one)
            frames = counted(len(one.frames), 'frame')
            bridged = ', '.join(
                f'{count} of {frames} ({part})'
                for part, count in bridged_frames(one).items()
                if count
            )
            if misfit:
                print(f'note    {misfit}')
            elif bridged:
                print(f'note    person {one.people[0]}: joints bridged in {bridged}')
    if args.program is not None:
        for one in map(timeline.of, timeline.people):
            for note in gap_notes(one):
                print(f'note    {note}')
    for path in write_timeline(timeline, args.target, args.up, args.each, args.program):
        print(f'wrote   {path}')
    return 0
