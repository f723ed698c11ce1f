"""The command ``mmpose-ours align-rig``: turn, scale and ground a rig."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from typing import Any, Sequence

import numpy as np

from mmpose_ours.calibration.alignment.align import Alignment, align, strange_about
from mmpose_ours.calibration.alignment.evidence import PARTS, Evidence
from mmpose_ours.calibration.alignment.similarity import Similarity
from mmpose_ours.calibration.api import Read, describe
from mmpose_ours.calibration.checks.people_report import STRANGE_LENGTH
from mmpose_ours.calibration.checks.sanity import OF_GEOMETRY, refuse
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.calibration.format_table import FORMATS, written_world
from mmpose_ours.calibration.parsing.source import Source
from mmpose_ours.calibration.world_axes import Z_UP_FROM, mm_per_unit
from mmpose_ours.calibration.writing import write_rig, writer_of
from mmpose_ours.cli.arguments import (
    add_frame_offsets,
    add_reading_arguments,
    add_rename,
    add_rig,
    add_skeleton,
    parse_point,
    read_with_options,
)
from mmpose_ours.cli.outputs import refuse_replaced
from mmpose_ours.cli.people_input import add_written_format, read_people
from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.disk.files import write_whole
from mmpose_ours.io.json_files import read_json
from mmpose_ours.io.progress import Progress
from mmpose_ours.recordings.camera_names import by_camera, cameras_called
from mmpose_ours.text import argument

ORIGINS = ('focus', 'keep', 'camera')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_rig(parser)
    parser.add_argument(
        'target', metavar='OUT', help='calibration to write: a file, or a folder where it takes one'
    )
    add_written_format(parser)
    add_reading_arguments(parser)
    parser.add_argument(
        '--horizons', action='store_true', help="take up from the cameras' level horizons"
    )
    parser.add_argument(
        '--floor-points',
        nargs='+',
        action='extend',
        metavar='X,Y,Z',
        help="three or more points on the floor, in the source's coordinates and unit",
    )
    parser.add_argument(
        '--floor-pixels',
        metavar='FILE',
        help='JSON {camera: [[u, v], ...]} of three or more points on the floor that two cameras '
        'or more see, the same ones in the same order, null where a camera does not see one',
    )
    parser.add_argument(
        '--distance',
        nargs=3,
        metavar=('A', 'B', 'MM'),
        help='a measured distance in millimetres between two cameras, or points x,y,z in the '
        "source's coordinates",
    )
    parser.add_argument(
        '--keypoints',
        metavar='FILE',
        help='2D keypoints of people who walk about (docs/data.md): up from their bodies, the '
        'floor from their feet',
    )
    add_skeleton(parser)
    add_frame_offsets(parser)
    parser.add_argument(
        '--person-height',
        type=float,
        metavar='MM',
        help='how tall these people are on average, which fixes the scale if the format of RIG '
        'does not fix its unit',
    )
    parser.add_argument(
        '--rescale',
        action='store_true',
        help='scale to --person-height also if the format of RIG fixes its unit',
    )
    parser.add_argument(
        '--keypoints-for',
        nargs='+',
        choices=PARTS,
        help='what people are asked for where another option fixes the rest',
    )
    parser.add_argument(
        '--origin',
        nargs='+',
        default=[],
        metavar='WHERE',
        help='focus: below where people were, or else the point that the cameras look at '
        '(default); keep; or camera NAME: below that camera',
    )
    add_rename(parser, 'keypoints')
    parser.add_argument('--report', metavar='FILE', help='write all that was found as JSON')


def run(args: argparse.Namespace) -> int:
    """Run the command on parsed arguments.

    Returns:
        0.

    Raises:
        CalibrationError, FileFormatError, OSError: An input cannot be read, tells too little
            or contradicts itself, or an output cannot be written; nothing is written then.
    """
    writer_of(args.to_format, args.target)
    refuse_replaced([*args.rig, args.keypoints, args.floor_pixels], [args.target, args.report])
    where = Source(args.rig).path
    read, rig = read_with_options(args.rig, args, any_up=True, any_unit=True)
    refuse(rig, where, read.unit, OF_GEOMETRY)
    from_source = Similarity(Z_UP_FROM[read.up], mm_per_unit(read.unit))
    scale_known = FORMATS[read.format].UNIT is not None and not args.rescale
    evidence = _evidence(args, rig, from_source, where, scale_known)
    done = align(rig, evidence, Progress('3D poses', 'frames'))
    warnings = [*_left_open(args, read, done), *strange_about(done.rig, evidence.people)]
    report = _report(args, read, done, from_source, warnings)
    _write(args, done.rig, report)
    _print(args, read, done, from_source, warnings, where)
    return 0


def _evidence(
    args: argparse.Namespace,
    rig: CameraRig,
    from_source: Similarity,
    where: PathLike,
    scale_known: bool,
) -> Evidence:
    points = args.floor_points
    files = {'rig': where, 'floor_pixels': args.floor_pixels, 'keypoints': args.keypoints}
    return Evidence(
        up_given=args.up is not None,
        unit_given=args.unit is not None,
        horizons=args.horizons,
        floor_points=None
        if points is None
        else from_source(np.array([parse_point(text, '--floor-points') for text in points])),
        floor_pixels=_read_pixels(args.floor_pixels, rig) if args.floor_pixels else None,
        distance=_parse_distance(args.distance, rig, from_source) if args.distance else None,
        people=read_people(args, rig)[1] if args.keypoints else None,
        people_for=tuple(args.keypoints_for) if args.keypoints_for else None,
        person_height_mm=args.person_height,
        scale_known=scale_known,
        origin=_parse_origin(args.origin, rig),
        files={name: path for name, path in files.items() if path},
    )


def _parse_distance(
    words: Sequence[str], rig: CameraRig, from_source: Similarity
) -> tuple[Any, Any, float]:
    *ends, length = words
    try:
        mm = float(length)
    except ValueError as error:
        raise CalibrationError(
            f'--distance ends in {length!r}, expected millimetres', found=length
        ) from error
    places: list[Any] = []
    for end in ends:
        is_name = ',' not in end or end in rig.names
        (name,) = cameras_called([end], rig.names)
        places.append(name if is_name else from_source(parse_point(end, '--distance')))
    return places[0], places[1], mm


def _parse_origin(words: Sequence[str], rig: CameraRig) -> tuple[str, ...]:
    if not words:
        return ()
    kind, *names = words
    if kind not in ORIGINS or len(names) != (kind == 'camera'):
        raise CalibrationError(
            f'--origin is {" ".join(words)!r}, expected focus, keep or camera NAME',
            code='unknown-name',
            found=tuple(words),
            expected=list(ORIGINS),
        )
    return (kind, *cameras_called(names, rig.names))


def _read_pixels(path: PathLike, rig: CameraRig) -> dict[str, list]:
    pixels = read_json(path)
    if not isinstance(pixels, dict) or not all(isinstance(v, list) for v in pixels.values()):
        raise CalibrationError(
            f'{path}: expected an object {{camera: [[u, v], ...]}} of floor points, found '
            f'{str(pixels)[:60]!r}',
            code='file-format',
            file=path,
        )
    return by_camera(pixels, rig.names)


def _left_open(args: argparse.Namespace, read: Read, done: Alignment) -> list[str]:
    """What the file does not say, and nothing fixed: an assumption stands in the output."""
    found = []
    module = FORMATS[read.format]
    ratio = done.figures['scale'].get('height_ratio')
    if ratio is not None and not 1 / STRANGE_LENGTH < ratio < STRANGE_LENGTH:
        found.append(
            f'people measure {ratio:.2f} times {argument("person_height", args.person_height)}, '
            f'but {read.format} files have a known unit, so the scale was kept; say '
            f'{argument("rescale", True)} to change it'
        )
    if module.UP is None and done.figures['up']['by'] is None:
        found.append(
            f'{read.format} files do not say which axis points up and no option does, so z was '
            'taken; say --up, or find it with --horizons, --floor-points or --keypoints'
        )
    if module.UNIT is None and done.figures['scale']['by'] is None:
        found.append(
            f'{read.format} files do not say their unit and no option does, so millimetres were '
            'taken; say --unit, or fix it with --distance or --person-height'
        )
    return found


def _report(
    args: argparse.Namespace,
    read: Read,
    done: Alignment,
    from_source: Similarity,
    warnings: Sequence[str],
) -> dict[str, Any]:
    """All that was found as plain data; the transform takes points of the source to ours."""
    whole = done.transform.after(from_source)
    return {
        'from': read.format,
        'convention': _as_read(args, read),
        'to': args.to_format,
        'written_as': describe(args.to_format, *written_world(args.to_format)),
        'world': 'millimetres, z up',
        'transform': whole.matrix.tolist(),
        'mm_per_source_unit': whole.scale,
        'up_in_source': whole.R[2].tolist(),
        **done.figures,
        'notes': list(read.notes),
        'warnings': list(warnings),
        'cameras': [
            {
                'name': camera.name,
                'R_w2c': camera.R_w2c.tolist(),
                't_w2c_mm': camera.t_w2c.tolist(),
                'center_mm': camera.center_w.tolist(),
            }
            for camera in done.rig
        ],
    }


def _write(args: argparse.Namespace, rig: CameraRig, report: dict[str, Any]) -> None:
    """Both files or none: the report is complete, beside its place, before the rig is written."""
    with contextlib.ExitStack() as stack:
        if args.report:
            file = stack.enter_context(write_whole(args.report))
            file.write(json.dumps(report, indent=1, allow_nan=False) + '\n')
            file.flush()
        write_rig(rig, args.target, args.to_format)


def _print(
    args: argparse.Namespace,
    read: Read,
    done: Alignment,
    from_source: Similarity,
    warnings: Sequence[str],
    where: PathLike,
) -> None:
    reason = f', recognised by {read.reason}' if read.reason else ''
    print(f'read    {where}: {read.format} ({_as_read(args, read)}){reason}')
    print(f'cameras {len(done.rig)}: {" ".join(done.rig.names)}')
    for note in read.notes:
        print(f'note    {note}')
    figures = done.figures
    x, y, z = from_source.R.T @ done.transform.R[2]
    degrees = figures['up']['turned_degrees']
    print(
        f'up      ({x:.4f}, {y:.4f}, {z:.4f}) of the source{_by(figures["up"])}: '
        f'{figures["up"]["sentence"]}; turned by {degrees:.2f} degrees'
    )
    print(
        f'scale   times {figures["scale"]["factor"]:.6g}{_by(figures["scale"])}: '
        f'{figures["scale"]["sentence"]}'
    )
    print(f'floor   z = 0{_by(figures["floor"])}: {figures["floor"]["sentence"]}')
    moved = figures['origin']['moved_mm']
    x, y, z = (0.0 if abs(value) < 0.05 else value for value in moved)
    print(f'origin  {figures["origin"]["sentence"]}; moved by ({x:.1f}, {y:.1f}, {z:.1f}) mm')
    for warning in warnings:
        print(f'warning: {where}: {warning}', file=sys.stderr)
    written = describe(args.to_format, *written_world(args.to_format))
    print(f'wrote   {args.target}: {args.to_format} ({written})')


def _as_read(args: argparse.Namespace, read: Read) -> str:
    """The convention, and whether unit and up axis are not specified by format and options."""
    module = FORMATS[read.format]
    unit = 'unit not specified' if module.UNIT is None and args.unit is None else ''
    up = 'up not specified' if module.UP is None and args.up is None else ''
    open_ = [word for word in (unit, up) if word]
    return f'{", ".join(open_)}, {module.CONVENTION}' if open_ else read.convention


def _by(figures: dict[str, Any]) -> str:
    return f' by {argument(figures["by"])}' if figures['by'] else ''
