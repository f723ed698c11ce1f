"""The command ``view``: 3D poses to look at, as a page, as images, as a film."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from mmpose_ours.cli.arguments import (
    add_frame_offsets,
    add_reading_arguments,
    add_rename,
    add_rig,
    add_skeleton,
    keypoint_options,
    read_with_options,
    reading_of,
    sized,
)
from mmpose_ours.errors import InputError

if TYPE_CHECKING:
    from mmpose_ours.workflows.visualize import Wanted

# Of joints and limbs.
MOST_PIXELS = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        'people', metavar='PEOPLE', help='3D poses, a file in the Predictions format'
    )
    add_rig(parser, '--rig', required=True)
    add_reading_arguments(parser)
    parser.add_argument('--out', required=True, metavar='DIR', help='folder for what is written')
    parser.add_argument(
        '--img-root',
        metavar='DIR',
        help='the images: a folder of images or a video per camera, see docs/data.md',
    )
    parser.add_argument(
        '--keypoints', metavar='FILE', help='2D keypoints that the 3D ones come from, drawn beneath'
    )
    parser.add_argument(
        '--report',
        action='store_true',
        help='write run.html: figures of the whole recording, per camera, and the worst '
        'frames; needs --keypoints',
    )
    parser.add_argument('--png', action='store_true', help='write a sheet per frame as PNG')
    parser.add_argument(
        '--single-views',
        action='store_true',
        help='write every image with the people in it as views/<camera>/<frame>.png',
    )
    parser.add_argument('--radius', type=int, metavar='PX', help='of joints in single views')
    parser.add_argument('--thickness', type=int, metavar='PX', help='of limbs in single views')
    parser.add_argument('--show', action='store_true', help='show the sheets in a window')
    add_frame_offsets(parser)
    add_rename(parser)
    add_skeleton(parser)
    parser.add_argument('--mp4', action='store_true', help='write the sheets as people.mp4')
    parser.add_argument(
        '--no-page', action='store_true', help='write no scene.html, only what else is asked for'
    )
    parser.add_argument(
        '--every', type=int, default=1, metavar='N', help='take every n-th frame (default 1)'
    )
    parser.add_argument(
        '--fps', type=float, help='frames per second, where neither the file nor a video says'
    )
    parser.add_argument(
        '--image-budget',
        type=float,
        default=32.0,
        metavar='MB',
        help='megabytes of images in the page (default 32); images shrink until every frame has '
        'one, and where the smallest do not fit, fewer frames carry images; 0 for no images',
    )


def run(args: argparse.Namespace) -> int:
    """Run the command on parsed arguments.

    Returns:
        0.

    Raises:
        InputError, OSError: Something cannot be read, does not fit together, or cannot be
            written.
    """
    # Only now: drawing needs more than the other commands.
    from mmpose_ours.workflows.visualize import visualize

    _check(args)
    read, rig = read_with_options(args.rig, args)
    visualize(
        args.people,
        rig,
        args.out,
        wanted(args),
        images=args.img_root,
        keypoints=args.keypoints,
        reading=keypoint_options(args),
        rig_file=read.path,
        all_cameras=bool(args.cameras),
        whole=sized(read.rig, reading_of(args)['image_size'], read),
    )
    return 0


def wanted(args: argparse.Namespace) -> Wanted:
    """What the options ask for."""
    from mmpose_ours.workflows.visualize import Wanted

    return Wanted(
        page=not args.no_page,
        report=args.report,
        sheets=args.png,
        film=args.mp4,
        single_views=args.single_views,
        window=args.show,
        radius=args.radius,
        thickness=args.thickness,
        every=args.every,
        fps=args.fps,
        image_megabytes=args.image_budget,
    )


def _check(args: argparse.Namespace) -> None:
    if args.every < 1:
        raise InputError(
            f'--every is {args.every}, expected 1 or more',
            code='out-of-range',
            found=args.every,
            expected=1,
        )
    if args.fps is not None and not 0 < args.fps <= 1000:
        raise InputError(
            f'--fps is {args.fps:g}, expected more than 0, at most 1000',
            code='out-of-range',
            found=args.fps,
            expected=(0, 1000),
        )
    if not 0 <= args.image_budget <= 1000:
        raise InputError(
            f'--image-budget is {args.image_budget:g}, expected 0 to 1000 megabytes',
            code='out-of-range',
            found=args.image_budget,
            expected=(0, 1000),
        )
    for option, pixels in (('--radius', args.radius), ('--thickness', args.thickness)):
        if pixels is not None and not 1 <= pixels <= MOST_PIXELS:
            raise InputError(
                f'{option} is {pixels}, expected 1 to {MOST_PIXELS} pixels',
                code='out-of-range',
                found=pixels,
                expected=(1, MOST_PIXELS),
            )
    if args.no_page and not (args.png or args.mp4 or args.report or args.single_views or args.show):
        raise InputError(
            '--no-page leaves nothing to write; add --png, --mp4, --single-views or --report',
            code='missing-value',
            expected=['png', 'mp4', 'single_views', 'report'],
        )
    if args.report and not args.keypoints:
        raise InputError(
            '--report compares with 2D keypoints; name their file with --keypoints',
            code='missing-value',
            expected='keypoints',
        )
