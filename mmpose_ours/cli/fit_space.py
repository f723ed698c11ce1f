"""The command ``fit-space``: the capture volume of a rig, as lines for a config."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any, Sequence

import numpy as np

from mmpose_ours.calibration.capture_volume import (
    MAX_EDGE_MM,
    describe_space,
)
from mmpose_ours.calibration.checks.orientation import judge_orientation
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.calibration.space_of_file import space_line, space_of
from mmpose_ours.cli.arguments import (
    add_any_scale,
    add_reading_arguments,
    add_rig,
    read_with_options,
)
from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.text import counted

# The coarse grid of configs/_base_/voxelpose.py, whose net halves it twice.
BINS, MULTIPLE_OF = (80, 80, 20), 4


def warn_of_floor(rig: CameraRig, path: PathLike) -> None:
    """Say on stderr where z seems not to be up, for then the space is on no floor."""
    problem = judge_orientation(rig)[1]
    if problem is not None:
        print(f'warning: {path}: {problem.sentence}', file=sys.stderr)


def bins_for(space: CaptureVolume, edge_mm: float) -> tuple[int, int, int]:
    """The coarse grid whose voxels have edges of at most ``edge_mm``.

    Raises:
        CalibrationError: The edge is not positive and finite, or not one of a room's voxels.
    """
    if not 10.0 <= edge_mm <= 1000.0:
        raise CalibrationError(
            f'a voxel edge of {edge_mm:g} mm was asked for, expected 10 to 1000 mm; VoxelPose '
            'uses 100 to 150',
            code='out-of-range',
            found=edge_mm,
            expected=(10.0, 1000.0),
        )
    x, y, z = (
        MULTIPLE_OF * int(np.ceil(round(size / edge_mm / MULTIPLE_OF, 9))) for size in space.size_mm
    )
    return x, y, z


def check_bins(bins: Sequence[int]) -> tuple[int, int, int]:
    """Refuse a coarse grid that the net cannot halve twice.

    Raises:
        CalibrationError: A number is not a positive multiple of four.
    """
    if len(bins) != 3 or any(count <= 0 or count % MULTIPLE_OF for count in bins):
        raise CalibrationError(
            f'the grid is {tuple(bins)}, expected three positive multiples of {MULTIPLE_OF}, '
            f'because the network downsamples it by two twice; for example {BINS}',
            code='wrong-shape' if len(bins) != 3 else 'out-of-range',
            found=tuple(bins),
            expected=MULTIPLE_OF,
        )
    x, y, z = bins
    return x, y, z


def describe(rig: CameraRig, space: CaptureVolume, bins: tuple[int, int, int]) -> dict:
    """All that the command says, as plain data."""
    return {
        **describe_space(rig, space),
        'bins': list(bins),
        'voxel_mm': [round(size / count, 1) for size, count in zip(space.size_mm, bins)],
    }


def config_lines(space: CaptureVolume, bins: tuple[int, int, int]) -> list[str]:
    """Lines of a config: the space of ``rig``, and the coarse grid of ``model``."""
    return [space_line(space), f'model = dict(center=dict(bins={tuple(bins)}))']


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_rig(parser)
    add_reading_arguments(parser)
    parser.add_argument(
        '--min-views',
        type=int,
        metavar='N',
        help='the box from where at least N cameras see (default: two, and half as many as see '
        'the best place)',
    )
    parser.add_argument(
        '--max-edge',
        type=float,
        default=MAX_EDGE_MM,
        metavar='MM',
        help=f'longest horizontal edge of the box (default {MAX_EDGE_MM:g})',
    )
    add_any_scale(parser)
    grid = parser.add_mutually_exclusive_group()
    grid.add_argument(
        '--bins',
        type=int,
        nargs=3,
        default=BINS,
        metavar=('X', 'Y', 'Z'),
        help='coarse voxels along each axis, multiples of 4 '
        f'(default {" ".join(map(str, BINS))}); the edge that results is printed',
    )
    grid.add_argument(
        '--voxel', type=float, metavar='MM', help='longest edge of a voxel, instead of --bins'
    )
    parser.add_argument(
        '--figure', metavar='FILE', help='draw rig and space into this image (.png)'
    )
    parser.add_argument('--json', action='store_true', help='print everything as JSON')


def run(args: argparse.Namespace) -> int:
    """Run the command on parsed arguments.

    Returns:
        0.

    Raises:
        CalibrationError, OSError: The rig cannot be read or has no space, or the image cannot
            be written.
    """
    bins = check_bins(args.bins)
    read, rig = read_with_options(args.rig, args)
    space = space_of(
        rig,
        read,
        max_edge_mm=args.max_edge,
        min_views=args.min_views,
        any_scale=args.any_scale,
    )
    warn_of_floor(rig, read.path)
    if args.voxel is not None:
        bins = bins_for(space, args.voxel)
    report = {'calibration': str(read.path), **describe(rig, space, bins)}
    if args.figure:
        from mmpose_ours.visualization.figures.rig_sheet import write_rig_image

        write_rig_image(args.figure, rig, space, str(read.path))
    if args.json:
        print(json.dumps(report, indent=1))
    else:
        _print(report, space, bins)
        if args.figure:
            print(f'\nwrote {args.figure}')
    return 0


def _print(report: dict[str, Any], space: CaptureVolume, bins: tuple[int, int, int]) -> None:
    in_rig, in_model = config_lines(space, bins)
    edges = ' x '.join(f'{edge:g}' for edge in report['voxel_mm'])
    print(f'{report["calibration"]}: {counted(len(report["seen_by_camera"]), "camera")}\n')
    print('For the config:\n')
    print(f'# in rig\n{in_rig}')
    print(f'# voxels of {edges} mm\n{in_model}\n')
    print('seen by at least   share of the space')
    for count, share in enumerate(report['seen_by_at_least']):
        if count and share > 0:
            print(f'{count:7d} camera{"s" if count > 1 else " "}   {share:6.1%}')
    print('\ncamera             share of the space')
    for name, share in report['seen_by_camera'].items():
        print(f'{name:16s}   {share:6.1%}')
