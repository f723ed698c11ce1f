"""The command ``convert-calibration``: one tool's calibration into another's."""

from __future__ import annotations

import argparse
import sys

from mmpose_ours.calibration.conversion import Conversion, convert_calibration
from mmpose_ours.calibration.format_table import writable_formats
from mmpose_ours.cli.arguments import (
    add_any_scale,
    add_images,
    add_reading_arguments,
    parse_renames,
    parse_size,
    print_read,
    reading_of,
)
from mmpose_ours.errors import PathLike


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        'source',
        metavar='IN',
        nargs='+',
        help='calibration to read: a file, several files, or the folder that holds them',
    )
    parser.add_argument(
        'target', metavar='OUT', help='calibration to write: a file, or a folder where it takes one'
    )
    parser.add_argument(
        '--to',
        dest='to_format',
        required=True,
        metavar='FORMAT',
        help=f'one of {", ".join(writable_formats())}',
    )
    add_reading_arguments(parser)
    parser.add_argument(
        '--rename',
        nargs='+',
        action='extend',
        default=[],
        metavar='OLD=NEW',
        help='new names for cameras',
    )
    parser.add_argument(
        '--scale-intrinsics',
        metavar='WxH',
        help='size in pixels of the scaled images that the rig will be used with',
    )
    parser.add_argument(
        '--ground',
        action='store_true',
        help="level the world by the cameras' horizons and put the floor a metre below what "
        'they look at',
    )
    parser.add_argument(
        '--approximate',
        action='store_true',
        help='refit the nearest lens where OUT cannot hold the one in IN, and say how far off',
    )
    add_images(parser)
    parser.add_argument('--report', metavar='FILE', help='write all that was found as JSON')
    add_any_scale(parser)
    parser.add_argument(
        '--force',
        action='store_true',
        help='write a rig that check-rig calls wrong, and replace IN where OUT is the same',
    )


def run(args: argparse.Namespace) -> int:
    """Run the command on parsed arguments.

    Returns:
        0.

    Raises:
        CalibrationError, OSError: As :func:`convert_calibration`; the command line prints them.
    """
    done = convert_calibration(
        args.source,
        args.target,
        args.from_format,
        to_format=args.to_format,
        **reading_of(args),
        cameras=args.cameras,
        rename=parse_renames(args.rename),
        images=args.images,
        scale_intrinsics=_parse_scale(args.scale_intrinsics),
        ground=args.ground,
        approximate=args.approximate,
        any_scale=args.any_scale,
        force=args.force,
        report=args.report,
    )
    _print(done, args.target)
    return 0


def _parse_scale(text: str | None) -> tuple[int, int] | None:
    return parse_size(text, '--scale-intrinsics') if text else None


def _print(done: Conversion, target: PathLike) -> None:
    print_read(done.read, done.rig)
    for note in done.notes:
        print(f'note    {note}')
    for fit in done.fits:
        beyond = f', {fit.left_out:.0%} of the image is beyond it' if fit.left_out else ''
        print(
            f'refit   camera {fit.camera.name!r}: nearest lens is off by at most '
            f'{fit.error_px:.3g} px{beyond}'
        )
    for warning in done.warnings:
        print(f'warning: {done.read.path}: {warning}', file=sys.stderr)
    print(f'wrote   {target}: {done.to_format} ({done.written_as})')
