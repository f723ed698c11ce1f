"""The command ``convert-calibration``: one tool's calibration file into another's."""

from __future__ import annotations

import argparse
import dataclasses
import re
import sys
from typing import Mapping, Sequence

from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.calibration.formats import (
    FORMATS,
    read_rig,
    readable_formats,
    recognise_format,
    writable_formats,
    write_rig,
)
from mmpose_ours.cameras import CameraRig
from mmpose_ours.files import PathLike


def convert_calibration(
    source: PathLike,
    target: PathLike,
    from_format: str = 'auto',
    *,
    to_format: str,
    cameras: Sequence[str] | None = None,
    rename: Mapping[str, str] | None = None,
    image_size: tuple[int, int] | None = None,
    any_scale: bool = False,
) -> CameraRig:
    """Convert a calibration file.

    Args:
        source: The file to read.
        target: The file to write, whole or not at all.
        from_format: A name of :data:`mmpose_ours.calibration.FORMATS`, or ``'auto'``.
        to_format: A name of :data:`mmpose_ours.calibration.FORMATS`.
        cameras: The cameras to keep, in this order, by their names in ``source``.
        rename: New camera name by old one.
        image_size: (width, height) in pixels where ``source`` does not say.
        any_scale: Accept a rig too small or too large for people.

    Returns:
        The rig as written, millimetres, z up.

    Raises:
        CalibrationError: The rig cannot be read, or the target cannot hold it.
        OSError: The target cannot be written.
    """
    rig = read_rig(source, from_format, cameras=cameras, image_size=image_size, any_scale=any_scale)
    if rename:
        rig = _rename(rig, rename, source)
    write_rig(rig, target, to_format)
    return rig


def _rename(rig: CameraRig, rename: Mapping[str, str], path: PathLike) -> CameraRig:
    unknown = [name for name in rename if name not in rig.names]
    if unknown:
        raise CalibrationError(
            f'{path}: no camera {", ".join(map(repr, unknown))} to rename; '
            f'the cameras at hand are {", ".join(rig.names)}'
        )
    try:
        return CameraRig(
            tuple(dataclasses.replace(c, name=rename.get(c.name, c.name)) for c in rig)
        )
    except ValueError as error:
        raise CalibrationError(f'{path}: after renaming, {error}; give other names') from error


def parse_size(text: str) -> tuple[int, int]:
    """Read ``WxH``, e.g. ``1920x1080``, as (width, height) in pixels.

    Raises:
        CalibrationError: The text is no size.
    """
    found = re.fullmatch(r'([1-9]\d{0,5})[xX]([1-9]\d{0,5})', text)
    if not found:
        raise CalibrationError(f'--image-size is {text!r}, expected WxH in pixels, e.g. 1920x1080')
    return int(found[1]), int(found[2])


def parse_renames(pairs: Sequence[str]) -> dict:
    """Read ``old=new`` pairs.

    Raises:
        CalibrationError: A pair has no ``=``, an empty side, or an old name comes twice.
    """
    renames = {}
    for pair in pairs:
        old, _, new = pair.partition('=')
        if not old or not new or old in renames:
            raise CalibrationError(f'--rename is {pair!r}, expected old=new, each old name once')
        renames[old] = new
    return renames


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument('source', metavar='IN', help='calibration file to read')
    parser.add_argument('target', metavar='OUT', help='calibration file to write')
    parser.add_argument(
        '--from',
        dest='from_format',
        default='auto',
        metavar='FORMAT',
        help=f'auto (default: by content) or one of {", ".join(readable_formats())}',
    )
    parser.add_argument(
        '--to',
        dest='to_format',
        required=True,
        metavar='FORMAT',
        help=f'one of {", ".join(writable_formats())}',
    )
    parser.add_argument(
        '--cameras', nargs='+', metavar='NAME', help='cameras to keep, in this order'
    )
    parser.add_argument(
        '--rename', nargs='+', default=[], metavar='OLD=NEW', help='new names for cameras'
    )
    parser.add_argument(
        '--image-size', metavar='WxH', help='image size in pixels where IN does not say it'
    )
    parser.add_argument(
        '--any-scale',
        action='store_true',
        help='accept a rig too small or too large for people (hands, animals)',
    )


def run(args: argparse.Namespace) -> int:
    """Run the command on parsed arguments.

    Returns:
        0.

    Raises:
        CalibrationError, OSError: As :func:`convert_calibration`; the command line prints them.
    """
    recognised = ''
    if args.from_format == 'auto':
        args.from_format, reason = recognise_format(args.source)
        recognised = f', recognised by {reason}'
    rig = convert_calibration(
        args.source,
        args.target,
        args.from_format,
        to_format=args.to_format,
        cameras=args.cameras,
        rename=parse_renames(args.rename),
        image_size=parse_size(args.image_size) if args.image_size else None,
        any_scale=args.any_scale,
    )
    convention = FORMATS[args.from_format].CONVENTION
    print(f'read    {args.source}: {args.from_format} ({convention}){recognised}')
    print(f'cameras {len(rig)}: {" ".join(rig.names)}')
    print(f'wrote   {args.target}: {args.to_format} ({FORMATS[args.to_format].CONVENTION})')
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of ``convert-calibration``: ``mmpose-ours convert-calibration`` by itself."""
    # The one import upwards: as a program of its own this module is a command line.
    from mmpose_ours import cli

    argv = list(sys.argv[1:] if argv is None else argv)

    def call() -> int:
        parser = argparse.ArgumentParser(
            prog='convert-calibration',
            description='Convert a calibration file from one format to another, and check it.',
        )
        cli.add_debug(parser)
        add_arguments(parser)
        return run(parser.parse_args(argv))

    return cli.guarded('convert-calibration', argv, call)


if __name__ == '__main__':
    sys.exit(main())
