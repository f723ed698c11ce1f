"""What the commands that adjust a rig by people share: arguments, inputs and figures."""

from __future__ import annotations

import argparse
import dataclasses
import math
from typing import Any

from mmpose_ours.calibration.format_table import writable_formats
from mmpose_ours.cli.arguments import (
    add_reading_arguments,
    add_rename,
    add_skeleton,
    keypoint_options,
)
from mmpose_ours.detections import Detections, KeypointFrames, check_pixels
from mmpose_ours.detections.arrays import only_strongest
from mmpose_ours.detections.reading import detections_of, read_keypoints
from mmpose_ours.geometry.rig import CameraRig, list_names
from mmpose_ours.io.limits import limits


def add_people(parser: argparse.ArgumentParser, more: str = '') -> None:
    """Declare ``--keypoints``, how they and the rig are read, and ``--report``.

    Args:
        parser: Gets the arguments.
        more: What else must hold for the keypoints.
    """
    parser.add_argument(
        '--keypoints',
        metavar='FILE',
        required=True,
        help=f'2D keypoints of people who walk where the cameras see them{more} (docs/data.md)',
    )
    add_reading_arguments(parser)
    add_skeleton(parser)
    add_rename(parser, 'keypoints')
    parser.add_argument('--report', metavar='FILE', help='write all that was found as JSON')


def add_written_rig(parser: argparse.ArgumentParser) -> None:
    """Declare ``--out``, see also :func:`add_written_format`."""
    parser.add_argument(
        '--out',
        metavar='FILE',
        required=True,
        help='calibration to write: a file, or a folder where the format takes one',
    )
    add_written_format(parser)


def add_written_format(parser: argparse.ArgumentParser) -> None:
    """Declare ``--to``, the format of the calibration that is written."""
    parser.add_argument(
        '--to',
        dest='to_format',
        default='panoptic',
        metavar='FORMAT',
        help=f'panoptic (default) or one of {", ".join(writable_formats())}',
    )


def read_people(args: argparse.Namespace, rig: CameraRig) -> tuple[KeypointFrames, Detections]:
    """The people of ``args.keypoints``: with all joints, and with those of COCO-17.

    Of a crowd, the surest of each view (limit ``compared_per_view``), with a note.

    Raises:
        FileFormatError: They cannot be read, have no human body, or lie outside the images.
        FileNotFoundError: There is no such file.
    """
    options = keypoint_options(args)
    keypoints = read_keypoints(args.keypoints, rig.names, **options)
    most = limits().compared_per_view
    crowded = [name for name in rig.names if _most_people(keypoints, name) > most]
    if crowded:
        options['say'](f'{list_names(crowded)}: the {most} surest people of a frame are used')
        keypoints = {frame: only_strongest(views, most) for frame, views in keypoints.items()}
    people = detections_of(keypoints, args.keypoints, say=options['say'])
    if all(camera.size is not None for camera in rig):
        check_pixels(people, rig, args.keypoints)
    return keypoints, people


def _most_people(keypoints: KeypointFrames, camera: str) -> int:
    return max((len(views.get(camera, ())) for views in keypoints.values()), default=0)


def figures_of(camera: Any) -> dict[str, Any]:
    """The fields of a camera's result as plain data; what is unknown is None."""
    fields = dataclasses.asdict(camera)
    unknown = {
        name: None
        for name, value in fields.items()
        if isinstance(value, float) and not math.isfinite(value)
    }
    return {**fields, **unknown, 'uncertain': camera.uncertain}
