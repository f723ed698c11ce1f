"""The command ``keypoints``: 2D keypoints of any tool as one keypoint file, and what is in it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmpose_ours.calibration.api import read_calibration
from mmpose_ours.calibration.camera_choice import choose_cameras
from mmpose_ours.cli.arguments import (
    add_frame_offsets,
    add_image_size,
    add_rename,
    add_skeleton,
    keypoint_options,
    parse_sizes,
    sized,
)
from mmpose_ours.cli.outputs import refuse_replaced
from mmpose_ours.detections import (
    FORMATS,
    KeypointFrames,
    check_pixels,
    read_keypoints,
    write_detections,
)
from mmpose_ours.detections.arrays import array_frames, cameras_of
from mmpose_ours.detections.format_table import recognise
from mmpose_ours.detections.formats.source import Source
from mmpose_ours.detections.summary import oddities, summarise, table
from mmpose_ours.errors import InputError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.structures.skeletons import COCO17
from mmpose_ours.text import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        'source', metavar='IN', help='file or folder of keypoints, see docs/keypoints_2d.md'
    )
    parser.add_argument('out', metavar='OUT', help='file to write: .json or, compact, .npz')
    parser.add_argument(
        '--format',
        default='auto',
        metavar='FORMAT',
        help=f'auto (default: by content) or one of {", ".join(FORMATS)}',
    )
    parser.add_argument(
        '--camera-param-file',
        nargs='+',
        metavar='RIG',
        help='calibration: its camera names are expected, and pixels are held against its sizes',
    )
    parser.add_argument(
        '--cameras', nargs='+', metavar='NAME', help='cameras to keep; others are left out'
    )
    add_rename(parser, 'keypoints')
    add_skeleton(parser)
    add_frame_offsets(parser)
    add_image_size(parser, 'the calibration')


def run(args: argparse.Namespace) -> int:
    """Run the command on parsed arguments.

    Returns:
        0.

    Raises:
        CalibrationError, InputError, OSError: Something cannot be read, does
            not fit the calibration, or cannot be written.
    """
    source, out = Path(args.source), Path(args.out)
    refuse_replaced([source, *(args.camera_param_file or ())], [out])
    if source.is_dir() and source.resolve() in out.resolve().parents:
        raise InputError(
            f'{out}: lies in the folder that is read; name another place',
            code='conflict',
            file=out,
            found=source,
        )
    chosen = args.format
    if chosen == 'auto' and source.exists():
        chosen, reason = recognise(Source(source))
        print(f'read    {source}: {chosen}, recognised by {reason}')
    rig = _rig(args)
    cameras = args.cameras or (rig.names if rig is not None else None)
    detections = read_keypoints(source, cameras, chosen, rig=rig, **keypoint_options(args))
    for sentence in oddities(detections, cameras or ()):
        print(f'warning: {source}: {sentence}', file=sys.stderr)
    if rig is not None:
        check_pixels(array_frames(detections), rig, source)
    kept = set(cameras or cameras_of(detections))
    detections = {
        frame: {camera: people for camera, people in views.items() if camera in kept}
        for frame, views in detections.items()
    }
    print('\n'.join(table(summarise(detections))))
    write_detections(out, detections)
    print(
        f'wrote   {out}: {counted(len(detections), "frame")} of {counted(len(kept), "camera")}, '
        f'{_joints(detections)}, pixels'
    )
    return 0


def _joints(detections: KeypointFrames) -> str:
    """The skeleton of everybody, for people to read."""
    skeletons = (people.skeleton for views in detections.values() for people in views.values())
    skeleton = next(skeletons, COCO17)
    return f'{len(skeleton)} joints ({skeleton.name})'


def _rig(args: argparse.Namespace) -> CameraRig | None:
    """The calibrated cameras that are asked for; only their names and sizes count here."""
    if args.camera_param_file is None:
        return None
    sizes = parse_sizes(args.image_size)
    read = read_calibration(
        args.camera_param_file, image_size=sizes, any_up=True, any_unit=True, any_direction=True
    )
    rig = choose_cameras(read.rig, read.uncalibrated, args.cameras, read.path, read.rigs)
    return sized(rig, sizes, read)
