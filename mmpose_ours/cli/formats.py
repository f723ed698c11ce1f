"""The command ``formats``: the file formats that are read, with an example of each."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmpose_ours.errors import InputError
from mmpose_ours.text import printable
from mmpose_ours.workflows.format_list import (
    CALIBRATION,
    EXAMPLES,
    FAMILIES,
    Format,
    all_formats,
    find_formats,
    markdown,
    text_of,
    write_examples,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        'names', metavar='NAME', nargs='*', help='formats to describe (default: list all)'
    )
    parser.add_argument('--family', choices=FAMILIES, help='only calibrations or only keypoints')
    parser.add_argument(
        '--write', metavar='FOLDER', help='write the examples of the formats into this folder'
    )
    parser.add_argument(
        '--markdown', action='store_true', help='print the page of --family for the documentation'
    )


def run(args: argparse.Namespace) -> int:
    """Run the command on parsed arguments.

    Returns:
        0.

    Raises:
        InputError: A format is unknown, or its example is there already.
        OSError: The folder cannot be written.
    """
    if args.markdown:
        if args.family is None:
            raise InputError('--markdown needs --family', code='missing-value', expected='--family')
        print(markdown(args.family), end='')
        return 0
    formats = [format for name in args.names for format in find_formats(name)] or all_formats()
    formats = [format for format in formats if args.family in (None, format.family)]
    if args.write:
        for format in formats:
            for folder in write_examples(format, Path(args.write)):
                print(f'wrote   {printable(str(folder))}')
        return 0
    if args.names:
        for format in formats:
            _print_whole(format)
    else:
        for family in FAMILIES:
            _print_table([format for format in formats if format.family == family])
    return 0


def _print_table(formats: list[Format]) -> None:
    if not formats:
        return
    width = max(len(format.name) for format in formats)
    is_calibration = formats[0].family == CALIBRATION
    head = f'  {"unit":4} {"up":3}' if is_calibration else ''
    print(f'{formats[0].family} ({len(formats)} formats)')
    print(f'  {"name":{width}}{head}  written')
    for format in formats:
        world = f'  {format.unit or "?":4} {format.up or "?":3}' if is_calibration else ''
        written = 'yes' if format.is_written else ''
        print(f'  {format.name:{width}}{world}  {written:7}  {format.title}')
    if is_calibration:
        print('  ? is not in the file: say it with --unit and --up')
    print()


def _print_whole(format: Format) -> None:
    print(f'{format.family} format {format.name}: {format.title}\n')
    if format.about:
        print(f'{format.about}\n')
    for name, paths in format.examples().items():
        for path in paths:
            place = path.relative_to(EXAMPLES / format.family / name)
            print(f'--- example: {place.as_posix()}')
            print(f'{text_of(path)}\n')
