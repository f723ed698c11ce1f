"""The command ``keypoints``: 2D keypoints of any tool as one keypoint file, and what is in it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmpose_ours.calibration.api import read_calibration
from mmpose_ours.calibration.camera_choice import choose_cameras, with_size
from mmpose_ours.cli.arguments import parse_size
from mmpose_ours.detections import (
    FORMATS,
    KeypointFrames,
    check_pixels,
    read_keypoints,
    write_detections,
)
from mmpose_ours.detections.arrays import array_frames, cameras_of
from mmpose_ours.detections.formats.source import Source
from mmpose_ours.detections.reading import recognise
from mmpose_ours.detections.summary import oddities, summarise, table
from mmpose_ours.errors import InputError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.progress import Progress
from mmpose_ours.structures.metainfo import find_skeleton
from mmpose_ours.structures.skeletons import COCO17


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
        metavar='RIG',
        help='calibration: its camera names are expected, and pixels are held against its sizes',
    )
    parser.add_argument(
        '--cameras', nargs='+', metavar='NAME', help='cameras to keep; others are left out'
    )
    parser.add_argument(
        '--skeleton',
        metavar='NAME',
        help="the joints, where IN does not name them and their number is ambiguous: a skeleton's "
        "name, or a file of MMPose's METAINFO",
    )
    parser.add_argument(
        '--image-size', metavar='WxH', help='image size where the calibration does not say it'
    )


def run(args: argparse.Namespace) -> int:
    """Run the command on parsed arguments.

    Returns:
        0.

    Raises:
        CalibrationError, InputError, OSError: Something cannot be read, does
            not fit the calibration, or cannot be written.
    """
    source, out = Path(args.source), Path(args.out)
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
    progress = Progress(f'reading {source}', 'files')
    cameras = args.cameras or (rig.names if rig is not None else None)
    skeleton = find_skeleton(args.skeleton) if args.skeleton else None
    detections = read_keypoints(
        source, cameras, chosen, rig=rig, progress=progress, skeleton=skeleton
    )
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
        f'wrote   {out}: {len(detections)} frames of {len(kept)} cameras, '
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
    size = parse_size(args.image_size) if args.image_size else None
    read = read_calibration(args.camera_param_file, image_size=size, any_up=True, any_unit=True)
    rig = choose_cameras(read.rig, read.uncalibrated, args.cameras, read.path, read.rigs)
    return rig if size is None else with_size(rig, size, read.path)
