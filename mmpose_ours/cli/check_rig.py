"""The command ``mmpose-ours check-rig``: find mistakes in a calibration.

Exit status 0: no problem was found; 1: there is a problem; 2: the calibration or the keypoints
cannot be read.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from mmpose_ours.calibration.api import Read
from mmpose_ours.calibration.checks.whole_report import check
from mmpose_ours.cli.arguments import (
    add_any_scale,
    add_frame_offsets,
    add_reading_arguments,
    add_rename,
    add_rig,
    add_skeleton,
    add_volume,
    keypoint_options,
    parse_volume,
    read_with_options,
    words_again,
)
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.io.terminal import path_word, shell_word

# Shares of the capture volume are printed for "at least N cameras" up to this N.
MOST_COUNTS = 50
# Row labels of the keys of ``judgement`` whose name in the JSON is kept for compatibility.
LABELS = {'reprojection': 'epipolar error'}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_rig(parser)
    add_reading_arguments(parser)
    parser.add_argument(
        '--images',
        type=Path,
        metavar='DIR',
        help='folder of images or videos by camera, whose sizes are compared',
    )
    parser.add_argument(
        '--keypoints', metavar='FILE', help='2D keypoints, to check the rig with (docs/data.md)'
    )
    add_rename(parser)
    add_skeleton(parser)
    add_frame_offsets(parser)
    add_volume(parser)
    add_any_scale(parser)
    parser.add_argument('--figure', metavar='FILE', help='draw the rig into this PNG')
    parser.add_argument('--json', action='store_true', help='print everything as JSON')


def run(args: argparse.Namespace) -> int:
    """Run the command on parsed arguments.

    Returns:
        0 if nothing is wrong, 1 if something is.

    Raises:
        CalibrationError, FileFormatError, OSError: An input cannot be read.
    """
    read, rig = read_with_options(args.rig, args)
    if args.images is not None and not args.images.is_dir():
        raise FileNotFoundError(f'{args.images}: no such folder of images; correct the path')
    found, rig = check(
        read,
        rig,
        args.images,
        args.keypoints,
        parse_volume(args.volume),
        reading=keypoint_options(args),
        any_scale=args.any_scale,
    )
    report = {'calibration': str(read.path), **found}
    if args.figure:
        from mmpose_ours.visualization.figures.rig_sheet import write_rig_image

        box = report['space']
        space = CaptureVolume(box['center_mm'], box['size_mm']) if box else None
        write_rig_image(args.figure, rig, space, str(read.path))
    if args.json:
        print(json.dumps(report, indent=1, allow_nan=False))
    else:
        _print(report, read)
        if report['ok']:
            print(f'next: {" ".join(map(shell_word, predict_words(args)))}')
    return 0 if report['ok'] else 1


def predict_words(args: argparse.Namespace) -> list[str]:
    """The command that estimates 3D poses with the calibration that was checked."""
    words = ['mmpose-ours', 'predict', '--rig', *map(path_word, args.rig), *words_again(args)]
    if args.images is not None or args.keypoints is None:
        words += ['--img-root', 'VIDEOS' if args.images is None else path_word(args.images)]
    if args.keypoints is not None:
        words += ['--keypoints', path_word(args.keypoints)]
    return [*words, '--out', 'poses']


def _print(report: dict[str, Any], read: Read) -> None:
    reason = f', recognised by {read.reason}' if read.reason else ''
    print(f'{report["calibration"]}: {read.format} ({read.convention}){reason}')
    for note in [*read.notes, *report['notes']]:
        print(f'note: {note}')
    print()
    _print_cameras(report)
    if report['rig'] is not None:
        _print_rig(report)
    for topic, evidence in report['judgement'].items():
        print(f'{LABELS.get(topic, topic) + ":":30s}{evidence}')
    if report.get('people', {}).get('reprojection_px'):
        errors = report['people']['reprojection_px'].items()
        print(
            f'{"reprojection error (median):":30s}{", ".join(f"{n} {e:.1f} px" for n, e in errors)}'
        )
    if report['space'] is not None:
        space = report['space']
        shares = ', '.join(
            f'{count}: {share:.0%}'
            for count, share in enumerate(space['seen_by_at_least'])
            if 0 < count <= MOST_COUNTS
        )
        print(
            f'{"capture volume:":30s}center_mm={tuple(space["center_mm"])}, '
            f'size_mm={tuple(space["size_mm"])}; seen by at least {shares}'
        )
    print()
    for problem in report['problems']:
        print(f'WRONG   {problem["topic"]}: {problem["sentence"]}')
    for problem in report['warnings']:
        print(f'warning {problem["topic"]}: {problem["sentence"]}')
    sys.stdout.flush()
    wrong = len(report['problems'])
    things = f'{wrong} thing{"s are" if wrong > 1 else " is"} wrong'
    print(things if wrong else 'nothing wrong was found')


def _print_cameras(report: dict[str, Any]) -> None:
    wide = max(6, *(len(facts['name']) for facts in report['cameras']))
    print(f'{"camera":{wide}s}  {"size":>11s}  {"fov":>9s}  {"pp offset":>12s}  {"R error":>7s}  '
          f'{"height":>8s}  {"tilt":>5s}  {"roll":>5s}  lens')  # fmt: skip
    for facts in report['cameras']:
        size = 'unknown' if facts['size'] is None else '{}x{}'.format(*facts['size'])
        # Rays of a fisheye may come from beside or behind the camera.
        fov = ('?' if angle is None else f'{angle:.0f}' for angle in facts['fov_degrees'] or ())
        angles = ' x '.join(fov) + '°' if facts['fov_degrees'] else '-'
        off = facts['principal_point_off']
        offset = '-' if off is None else '{:+.1%} {:+.1%}'.format(*off)
        print(f'{facts["name"]:{wide}s}  {size:>11s}  {angles:>9s}  {offset:>12s}  '
              f'{facts["rotation_error"]:7.0e}  {facts["height_mm"] / 1000:6.2f} m  '
              f'{facts["tilt_degrees"]:4.0f}°  {facts["roll_degrees"]:4.0f}°  '
              f'{facts["lens"]}')  # fmt: skip
    print()


def _print_rig(report: dict[str, Any]) -> None:
    facts = report['rig']
    least, middle, most = (value / 1000 for value in facts['baselines_mm'])
    print(f'{"baselines:":30s}{least:.2f} to {most:.2f} m, median {middle:.2f} m')
    if facts['pairs_compared'] < facts['pairs']:
        print(
            f'{"":30s}(of {facts["pairs_compared"]:,} pairs of cameras out of {facts["pairs"]:,}, '
            'sampled; angles too)'
        )
    least, middle, most = facts['view_angles_degrees']
    print(f'{"angles between views:":30s}{least:.0f} to {most:.0f} degrees, median {middle:.0f}')
    if facts['focus_mm'] is not None:
        x, y, z = facts['focus_mm']
        off = max(facts['off_focus_degrees'].items(), key=lambda item: item[1])
        print(
            f'{"cameras look at:":30s}({x:.0f}, {y:.0f}, {z:.0f}) mm; camera {off[0]!r} has it '
            f'farthest off its axis, {off[1]:.0f} degrees'
        )
