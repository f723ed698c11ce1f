"""The command ``view``: 3D poses to look at, as a page, as images, as a film."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Iterable, Sequence

import numpy as np

from mmpose_ours.apis.stage_timer import Stopwatch
from mmpose_ours.calibration.capture_volume import fit_space
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.cli.arguments import (
    add_frame_offsets,
    add_reading_arguments,
    add_rig,
    parse_offsets,
    read_with_options,
)
from mmpose_ours.detections import KeypointFrames, check_pixels, open_keypoints
from mmpose_ours.detections.arrays import array_frames
from mmpose_ours.detections.cache import made_here
from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.geometry.cameras import CameraRig, CaptureVolume
from mmpose_ours.io.locks import hold_folder
from mmpose_ours.predictions.reading import FrameId, Predictions, read_predictions
from mmpose_ours.recordings.frames import (
    Footage,
    by_frame,
    frame_key,
    open_footage,
    sized_by_images,
)

if TYPE_CHECKING:
    from mmpose_ours.visualization.view_files import Show

PAGE_FILE, FILM_FILE, IMAGE_FOLDER = 'scene.html', 'people.mp4', 'frames'
VIEW_FOLDER = 'views'
RUN_FILE = 'run.html'


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
        help=f'write {RUN_FILE}: figures of the whole recording, per camera, and the worst '
        'frames; needs --keypoints',
    )
    parser.add_argument('--png', action='store_true', help='write a sheet per frame as PNG')
    parser.add_argument(
        '--single-views',
        action='store_true',
        help=f'write every image with the people in it as {VIEW_FOLDER}/<camera>/<frame>.png',
    )
    parser.add_argument('--radius', type=int, metavar='PX', help='of joints in single views')
    parser.add_argument('--thickness', type=int, metavar='PX', help='of limbs in single views')
    parser.add_argument('--show', action='store_true', help='show the sheets in a window')
    add_frame_offsets(parser)
    parser.add_argument('--mp4', action='store_true', help=f'write the sheets as {FILM_FILE}')
    parser.add_argument(
        '--no-page', action='store_true', help=f'write no {PAGE_FILE}, only what else is asked for'
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
        default=16.0,
        metavar='MB',
        help='megabytes of images in the page (default 16); where they do not suffice, fewer '
        'frames carry images',
    )


def run(args: argparse.Namespace) -> int:
    """Run the command on parsed arguments.

    Returns:
        0.

    Raises:
        ValueError, OSError: Something cannot be read, does not fit together, or cannot be
            written.
    """
    # Only now: drawing needs more than the other commands.
    from mmpose_ours.visualization.frame_images import FootageImages
    from mmpose_ours.visualization.results import results_of
    from mmpose_ours.visualization.view_files import Show

    _check(args)
    out = Path(args.out)
    predictions = read_predictions(args.people)
    if not predictions.frames:
        raise ValueError(f'{args.people}: has no frame, so there is nothing to look at')
    read, rig = read_with_options(args.rig, args)
    footage = None
    if args.img_root:
        rig = sized_by_images(rig, args.img_root)
        footage = open_footage(args.img_root, rig.names, parse_offsets(args.frame_offsets))
    detections = _keypoints(args) if args.keypoints else None
    rig = _cameras_shown(rig, args, footage, detections)
    if detections is not None:
        check_pixels(array_frames(detections), rig, args.keypoints)
        _compare(predictions, args.people, detections, args.keypoints)
    if footage is not None and footage.frames is not None:
        _compare(predictions, args.people, footage.frames, args.img_root)
    frames = results_of(predictions, detections)[:: args.every]
    fps = args.fps or predictions.fps or (footage.fps if footage is not None else None)
    rate = frames_per_second(fps, [people.frame for people in frames])
    images = None if footage is None else FootageImages(footage, rig)
    show = Show(
        title=Path(args.people).name,
        rig=rig,
        joints=predictions.joints,
        frames=frames,
        space=predictions.space or _space_of(rig, read.path),
        fps=rate,
        images=images,
    )
    with hold_folder(out, 'output folder'):
        _write(show, args, out)
    if images is not None and images.broken:
        first = next(iter(images.broken.values()))
        print(f'warning: {len(images.broken)} left out: {first}', file=sys.stderr)
    return 0


def _write(show: Show, args: argparse.Namespace, out: Path) -> None:
    """Write what was asked for."""
    from mmpose_ours.visualization import view_files

    watch = Stopwatch()
    if not args.no_page:
        with watch.stage('page'):
            view_files.write_page(show, out / PAGE_FILE, round(args.image_budget * 1e6))
    if args.report:
        with watch.stage('report'):
            view_files.write_report(show, out / RUN_FILE)
    if args.single_views:
        with watch.stage('single views'):
            view_files.write_views(show, out / VIEW_FOLDER, args.radius, args.thickness)
    if args.png or args.mp4 or args.show:
        folder = out / IMAGE_FOLDER if args.png else None
        film = out / FILM_FILE if args.mp4 else None
        with watch.stage('sheets'):
            view_files.write_sheets(show, folder, film, window=args.show)
    print(f'time    {watch.summary()}')


def detected_here(path: PathLike) -> bool:
    """Whether keypoints are those of a detector of ours, which go by frames, not by images."""
    try:
        return made_here(path)
    except (FileFormatError, OSError):  # of another tool, or a folder
        return False


def _keypoints(args: argparse.Namespace) -> KeypointFrames:
    """2D keypoints by frame."""
    detections = open_keypoints(args.keypoints)
    if not args.frame_offsets or detected_here(args.keypoints):
        return detections
    return by_frame(detections, parse_offsets(args.frame_offsets))


def frames_per_second(fps: float | None, frames: Sequence[FrameId]) -> float | None:
    """How many of these frames there are per second.

    Args:
        fps: Frame numbers per second, or frames where they have names; None is not known.
        frames: The frames; every fifth number makes a fifth of the frame rate.
    """
    if fps is None:
        return None
    steps = np.diff([frame for frame in frames if isinstance(frame, int)])
    usual = float(np.median(steps)) if len(steps) else 1.0
    return fps / max(usual, 1.0)


def _check(args: argparse.Namespace) -> None:
    if args.every < 1:
        raise ValueError(f'--every is {args.every}, expected 1 or more')
    if args.fps is not None and not 0 < args.fps <= 1000:
        raise ValueError(f'--fps is {args.fps:g}, expected more than 0, at most 1000')
    if not 0 <= args.image_budget <= 1000:
        raise ValueError(f'--image-budget is {args.image_budget:g}, expected 0 to 1000 megabytes')
    if args.no_page and not (args.png or args.mp4 or args.report or args.single_views or args.show):
        raise ValueError(
            '--no-page leaves nothing to write; add --png, --mp4, --single-views or --report'
        )
    if args.report and not args.keypoints:
        raise ValueError('--report compares with 2D keypoints; name their file with --keypoints')


def _cameras_shown(
    rig: CameraRig,
    args: argparse.Namespace,
    footage: Footage | None,
    detections: KeypointFrames | None,
) -> CameraRig:
    """The cameras that were named, else those of which there is something to show."""
    if args.cameras or (footage is None and detections is None):
        return rig
    has: set[str] = set(footage.cameras) if footage is not None else set()
    if footage is None and detections is not None:
        has = {camera for views in detections.values() for camera in views}
    shown = [name for name in rig.names if name in has]
    if not shown:
        raise ValueError(
            f'{args.keypoints}: has keypoints of {", ".join(sorted(has)) or "no camera"}, but the '
            f'calibration has {", ".join(rig.names)}; the names must agree'
        )
    if len(shown) < len(rig):
        kind = 'images' if footage is not None else 'keypoints'
        print(
            f'cameras {len(shown)} of {len(rig)}: {" ".join(shown)}; those without {kind} are '
            'left out (name them with --cameras to see them)'
        )
    return rig.select(shown)


def _compare(
    predictions: Predictions, path: PathLike, frames: Iterable[str], other: PathLike
) -> None:
    """Refuse what has no frame in common with the people, and say how many lack it."""
    theirs = {frame_key(frame) for frame in frames}
    lacking = [frame for frame in predictions.frames if frame_key(frame) not in theirs]
    if len(lacking) == len(predictions.frames):
        raise ValueError(
            f'{other} has none of the {len(lacking)} frames of {path} (such as {lacking[0]!r}) but '
            f'others (such as {next(iter(theirs), "none")!r}); frames are named after the images'
        )
    if lacking:
        print(f'note: {other} lacks {len(lacking)} of {len(predictions.frames)} frames of {path}')


def _space_of(rig: CameraRig, path: PathLike) -> CaptureVolume | None:
    try:
        return fit_space(rig)
    except CalibrationError as error:
        print(f'note: {path}: no capture volume is drawn: {error}', file=sys.stderr)
        return None
