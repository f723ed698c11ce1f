"""The command ``predict``: a recording in, 3D poses out, as files and as something to see."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Sequence

from mmpose_ours import __version__
from mmpose_ours.calibration.checks.image_sizes import check_shapes
from mmpose_ours.calibration.writing import write_rig
from mmpose_ours.cli.arguments import (
    add_frame_offsets,
    add_reading_arguments,
    add_rename,
    add_rig,
    add_skeleton,
    add_volume,
    keypoint_options,
    parse_offsets,
    parse_renames,
    parse_volume,
    reading_of,
)
from mmpose_ours.cli.keypoint_files import KEYPOINTS, keypoint_files
from mmpose_ours.cli.run_report import print_notes, report_run
from mmpose_ours.errors import PathLike
from mmpose_ours.io.disk.leftovers import folder_beside
from mmpose_ours.io.disk.locks import hold, hold_folder
from mmpose_ours.io.progress import Progress
from mmpose_ours.io.terminal import shell_path
from mmpose_ours.predictions.reading import PredictionsWriter
from mmpose_ours.recordings.media import find_media

if TYPE_CHECKING:
    from mmpose_ours.apis.session import InferenceSession
    from mmpose_ours.workflows.visualize import Wanted

PEOPLE = 'people.json'
# The cameras in the level world of the results.
LEVEL_RIG = 'level_rig.json'
# The 2D detector if neither keypoints nor a detector are given; it works offline.
DETECTOR = 'mediapipe'
# What a page shows at most, so that neither it nor the memory it takes grows with a recording.
PAGE_FRAMES = 2000
# Frames that are processed at once: whose images are in memory, and of keypoints alone.
DETECTED_AT_ONCE, READ_AT_ONCE = 4, 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        '--config',
        metavar='FILE',
        help='config of the model (default: the learned prior, whose weights come along)',
    )
    parser.add_argument('--checkpoint', metavar='FILE', help="weights (default: the config's)")
    add_rig(parser, '--rig', required=True)
    parser.add_argument(
        '--img-root',
        metavar='DIR',
        help='images: a folder of images per camera (<camera>/), or a video (<camera>.mp4)',
    )
    add_recording(parser)
    parser.add_argument('--out', required=True, metavar='DIR', help='folder for what is found')
    parser.add_argument(
        '--no-page', action='store_true', help='do not write the web page scene.html'
    )


def add_recording(parser: argparse.ArgumentParser) -> None:
    """Declare the options that say how a recording is read; the demos have them too."""
    add_reading_arguments(parser)
    parser.add_argument(
        '--keypoints',
        metavar='FILE',
        help='2D keypoints, of any format that `mmpose-ours keypoints` reads (default: '
        f'{KEYPOINTS} beside the images, where that is no detector of ours wrote it)',
    )
    parser.add_argument(
        '--detector',
        metavar='NAME',
        help='what finds people in the images: mediapipe (default; body, heels and toes), '
        'mediapipe:wholebody (with hands and face), rtmlib (body), rtmlib:body_with_feet, '
        'rtmlib:wholebody, mmpose:MODEL (the joints of that model)',
    )
    parser.add_argument(
        '--keep-keypoints',
        metavar='FILE',
        help='where to keep what the detector finds, so that it runs once (default: '
        f'{KEYPOINTS} beside the images, or in the output folder where nothing can be written '
        'there)',
    )
    add_frame_offsets(parser)
    add_rename(parser)
    add_skeleton(parser)
    parser.add_argument(
        '--batch-size',
        type=int,
        metavar='N',
        help=f'frames at once (default: {DETECTED_AT_ONCE}; from keypoints {READ_AT_ONCE})',
    )
    parser.add_argument(
        '--fps', type=float, metavar='N', help="frames per second (default: the videos')"
    )
    parser.add_argument(
        '--min-track-seconds',
        type=float,
        default=0.0,
        metavar='S',
        help='leave out tracks that are found for less than this (default: keep everybody)',
    )
    parser.add_argument('--smooth', action='store_true', help='smooth joints over time')
    parser.add_argument(
        '--temporal',
        action='store_true',
        help='estimate trajectories from all frames together: bones of constant length, steady '
        'motion, short gaps filled (docs/trajectories.md)',
    )
    parser.add_argument(
        '--body-only',
        action='store_true',
        help='COCO-17 alone (default: every joint of the keypoints, such as feet and hands)',
    )
    parser.add_argument('--device', help='cpu, cuda:0, ... (default: a GPU where there is one)')
    add_volume(parser)
    parser.add_argument(
        '--auto-level',
        action='store_true',
        help=f'results in a level world with the floor z = 0, as people show it, and the cameras '
        f'in that world in {LEVEL_RIG} (default: in the world of the calibration)',
    )
    parser.add_argument(
        '--any-scale', action='store_true', help='accept a rig that is not one around people'
    )


def run(args: argparse.Namespace) -> int:
    """Run the command on parsed arguments.

    Returns:
        0; 1 where nobody was found.

    Raises:
        InputError, OSError, ImportError: As
            :class:`~mmpose_ours.apis.inferencer.MultiviewInferencer`; the command line prints them.
    """
    from mmpose_ours.workflows.visualize import Wanted

    wanted = None if args.no_page else Wanted(fps=args.fps)
    return find_people(args, args.rig, args.img_root, args.out, wanted)


def demo_parser(description: str | None) -> argparse.ArgumentParser:
    """A parser of what the demos have in common."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config of the model')
    parser.add_argument('checkpoint', help='its weights: a file or mmpose-ours://NAME')
    add_rig(parser, '--camera-param-file', required=True)
    add_recording(parser)
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    return parser


def find_people(
    args: argparse.Namespace,
    rig: Sequence[PathLike],
    img_root: PathLike | None,
    out: PathLike,
    wanted: Wanted | None = None,
) -> int:
    """Find everybody in a recording, write ``people.json``, and something to look at.

    Args:
        args: ``config``, ``checkpoint``, and the options of :func:`add_recording`.
        rig: The files of the calibration.
        img_root: Folder of the images, if there are any.
        out: Folder for what is found.
        wanted: What to write to look at; None is nothing.

    Returns:
        0; 1 where nobody was found.
    """
    from mmpose_ours.apis.inferencer import MultiviewInferencer
    from mmpose_ours.detectors.by_name import check_detector_name
    from mmpose_ours.workflows.visualize import Wanted, visualize

    if args.detector:
        check_detector_name(args.detector)
    inferencer = MultiviewInferencer(
        args.config,
        args.checkpoint,
        rig,
        rig_format=args.from_format,
        rig_options=reading_of(args),
        images=img_root,
        rename=parse_renames(args.rename),
        cameras=args.cameras,
        device=args.device,
        space=parse_volume(args.volume),
        any_scale=args.any_scale,
    )
    out = Path(out)
    if img_root is not None and wanted is not None:
        # What cannot be drawn is refused before people are searched for.
        names, rename = inferencer.rig.names, inferencer.rename
        check_shapes(inferencer.rig, find_media(img_root, names, rename).files)
    with contextlib.ExitStack() as stack:
        # What is in the folder is of one run, and the page shows the keypoints of that run.
        stack.enter_context(hold_folder(out, 'output folder'))
        keypoints, keep = args.keypoints, None
        if not inferencer.sees_images:
            keypoints, keep = keypoint_files(args, img_root, out)
        if keep is not None and keep.parent.is_dir():
            stack.enter_context(hold(keep, '2D keypoints'))
        # A page alone may show some frames; what else is drawn shows every frame.
        folder = stack.enter_context(folder_beside(out / PEOPLE))
        page_only = wanted == Wanted(fps=args.fps)
        some = folder / PEOPLE if page_only else None
        replaced = _replaced(out, wanted)
        session = _predict(inferencer, args, img_root, out, keypoints, keep, replaced, some)
        statistics = session.statistics
        if args.auto_level:
            write_rig(session.rig, out / LEVEL_RIG, 'panoptic')
        shown = some if some is not None and some.exists() else out / PEOPLE
        if wanted is not None and (statistics.poses or (img_root and statistics.frames)):
            beneath = keypoints or keep
            visualize(
                shown,
                session.rig,
                out,
                wanted,
                images=img_root,
                keypoints=beneath if beneath is not None and beneath.exists() else None,
                found=session.keypoints,
                # The run has printed the notes.
                reading=keypoint_options(args, say=lambda note: None),
                rig_file=' '.join(map(str, rig)),
                all_cameras=bool(args.cameras),
            )
    return 0 if statistics.poses else 1


def _predict(
    inferencer: Any,
    args: argparse.Namespace,
    img_root: PathLike | None,
    out: Path,
    keypoints: Path | None,
    keep: Path | None,
    replaced: Sequence[Path],
    some: Path | None = None,
) -> InferenceSession:
    """Find everybody in a recording and write ``people.json``.

    Args:
        inferencer: A :class:`~mmpose_ours.apis.inferencer.MultiviewInferencer`.
        args: Options of :func:`add_recording`.
        img_root: Folder of the images, if there are any.
        out: Folder for what is found.
        keypoints: File of 2D keypoints to work from.
        keep: File to keep those that are detected in.
        replaced: Files of an earlier run, which are removed when those of this one appear.
        some: File for every n-th frame of a recording that is too long for one page; it is
            not written where the page can show them all.
    """
    from mmpose_ours.apis.view_sources import IN_2D
    from mmpose_ours.apis.view_sources import KEYPOINTS as READING
    from mmpose_ours.detectors import detector

    if keep is not None:
        inferencer.detector = detector(args.detector or DETECTOR)
    progress = {READING: Progress(READING, 'files'), IN_2D: Progress(IN_2D, 'frames')}
    begun, at_once = False, DETECTED_AT_ONCE if keypoints is None else READ_AT_ONCE

    def before_poses(stage: str, done: int, total: int) -> None:
        if not begun:
            progress[stage](done, total)

    session = inferencer.open(
        img_root,
        keypoints,
        keep_keypoints=keep,
        frame_offsets=parse_offsets(args.frame_offsets),
        skeleton=keypoint_options(args)['skeleton'],
        batch_size=at_once if args.batch_size is None else args.batch_size,
        smooth=args.smooth,
        temporal=args.temporal,
        fps=args.fps,
        min_track_s=args.min_track_seconds,
        auto_level=args.auto_level,
        body_only=args.body_only,
        progress=before_poses,
    )
    first = next(session, None)
    begun, poses = True, Progress('3D poses', 'frames')
    out.mkdir(parents=True, exist_ok=True)
    every = math.ceil(session.total / PAGE_FRAMES)
    printed = 0
    with contextlib.ExitStack() as stack:
        stack.enter_context(session.timer.stage('writing'))
        whole = stack.enter_context(_writer(session, out / PEOPLE, replaced))
        thin = None
        if some is not None and every > 1:
            thin = stack.enter_context(_writer(session, some))
        for done, result in enumerate(itertools.chain([first] if first else [], session), 1):
            whole(result)
            if thin is not None and done % every == 1:
                thin(result)
            printed = print_notes(session, printed)
            poses(done, session.total)
    if thin is not None:
        print(
            f'note    the page shows one frame of {every}, since {session.total} are many; '
            f'for all, mmpose-ours view {shell_path(out / PEOPLE)} --rig RIG --out DIR'
        )
    print_notes(session, printed)
    # A rig of any scale is not one around people, by whom it could be judged.
    report_run(session, out / PEOPLE, judge=not args.any_scale)
    return session


def _replaced(out: Path, wanted: Wanted | None) -> list[Path]:
    """The files beside ``people.json`` that a run writes anew."""
    if wanted is None:
        return []
    from mmpose_ours.workflows.visualize import FILM_FILE, PAGE_FILE

    return [out / PAGE_FILE, *([out / FILM_FILE] if wanted.film else [])]


def _writer(
    session: InferenceSession, path: Path, replaced: Sequence[Path] = ()
) -> PredictionsWriter:
    def remove() -> None:
        # A run that is killed before its page is written must not leave one of other people, and
        # one that cannot write its people must leave those of before with their page.
        for file in replaced:
            file.unlink(missing_ok=True)

    return PredictionsWriter(
        path,
        session.skeleton,
        session.fps,
        rig=session.rig.fingerprint,
        made_by=_made_by(session),
        space=session.space,
        before=remove,
    )


def _made_by(session: InferenceSession) -> dict[str, Any]:
    inferencer = session.inferencer
    # Of animals and objects no model takes part.
    model = '' if session.of_objects else type(inferencer.model).__name__
    config = None if session.of_objects else getattr(inferencer.config, 'filename', None)
    trajectories = session.trajectories
    estimated = {} if trajectories is None else {'trajectories': trajectories.summary()}
    return {
        'program': f'mmpose_ours {__version__}',
        'model': model,
        'config': Path(config).name if config else '',
        'detector': getattr(inferencer.detector, 'name', ''),
        **estimated,
    }
