"""The arguments of ``train-rig``, and what of them cannot be used."""

from __future__ import annotations

import argparse
import dataclasses
import math
from pathlib import Path
from typing import Sequence

from mmpose_ours.calibration.direction import UnsaidDirectionError
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.cli.arguments import (
    add_direction,
    add_frame_offsets,
    add_image_size,
    add_joints,
    add_rename,
    add_rig,
    add_skeleton,
    add_volume,
    parse_offsets,
    parse_renames,
    parse_volume,
    read_with_options,
)
from mmpose_ours.errors import InputError, LimitError
from mmpose_ours.structures.metainfo import find_skeleton
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic import DetectorNoise
from mmpose_ours.synthetic.joint_noise import check_joints
from mmpose_ours.synthetic.poses.whole_body import check_can_make
from mmpose_ours.workflows.rig_folder import RIG_FILE
from mmpose_ours.workflows.train_rig.configs import EPOCHS
from mmpose_ours.workflows.train_rig.job import KEYPOINT_FILE, MODELS, Site
from mmpose_ours.workflows.train_rig.refusals import (
    ANY_CALIBRATION,
    NO_KEYPOINTS,
    TRUST,
    Fix,
    RefusedError,
    calibration_fix,
    free_path,
    refused,
)

MINUTES = 30.0
MIN_FRAMES = 10
# The steps in their order.
NAMES = ('init', 'check', 'space', 'noise', 'train', 'test', 'images', 'report')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument('folder', metavar='FOLDER', help='data folder, made where it is missing')
    add_rig(parser, '--rig')
    parser.add_argument('--rig-format', dest='from_format', default='auto', metavar='FORMAT',
                        help='format of --rig (default: by content)')  # fmt: skip
    parser.add_argument('--unit', help='of its lengths: mm, cm, m, or millimetres per unit')
    parser.add_argument('--up', metavar='AXIS', help='axis that points up: x -x y -y z or -z')
    add_direction(parser)
    add_image_size(parser, '--rig')
    parser.add_argument('--cameras', nargs='+', metavar='NAME', help='cameras to use')
    add_volume(parser)
    parser.add_argument(TRUST, action='store_true',
                        help='use the calibration although its check finds errors')  # fmt: skip
    where = f'2D keypoints (default: FOLDER/{KEYPOINT_FILE}, if it is there)'
    parser.add_argument('--keypoints', type=Path, metavar='FILE', help=where)
    add_rename(parser)
    add_skeleton(parser)
    add_frame_offsets(parser)
    parser.add_argument(NO_KEYPOINTS, action='store_true',
                        help='do not use 2D keypoints, though there are some')  # fmt: skip
    parser.add_argument('--detector', metavar='NAME',
                        help='a shipped detector (openpose, hrnet, mediapipe) or a file of '
                        'fit-noise, instead of measuring it')  # fmt: skip
    add_joints(parser, 'that are trained, of people, keypoints and 3D poses')
    parser.add_argument('--model', choices=MODELS, default='prior',
                        help='what to train (default: %(default)s)')  # fmt: skip
    length = parser.add_mutually_exclusive_group()
    length.add_argument('--minutes', type=float, metavar='M',
                        help=f'of training (default: {MINUTES:g})')  # fmt: skip
    length.add_argument('--epochs', type=int, metavar='N', help='of training, instead of minutes')
    parser.add_argument('--frames', type=int, default=300, metavar='N',
                        help='to test on, at most (default: %(default)s)')  # fmt: skip
    parser.add_argument('--work-dir', type=Path, metavar='DIR',
                        help='where results go (default: work_dirs/train_rig_FOLDER)')  # fmt: skip
    chosen = parser.add_mutually_exclusive_group()
    which = f'do this step and those after it again: {", ".join(NAMES)}'
    chosen.add_argument('--from', dest='start', choices=NAMES, metavar='STEP', help=which)
    which = 'do these steps again and no other'
    chosen.add_argument('--only', nargs='+', choices=NAMES, default=[], metavar='STEP', help=which)
    parser.add_argument('--dry-run', action='store_true', help='say what would be done')


def site_of(args: argparse.Namespace) -> Site:
    """The rig and the options that the arguments name.

    Raises:
        RefusedError: One of them is unfit, or a file is not there.
        CalibrationError, OSError: The calibration cannot be read.
    """
    for value, option in ((args.minutes, '--minutes'), (args.epochs, '--epochs')):
        if value is not None and not 0 < value < math.inf:
            usual = f'{MINUTES:g}' if option == '--minutes' else str(EPOCHS)
            raise RefusedError(
                f'{option} is {value:g}, expected a number above 0',
                code='out-of-range',
                found=value,
                fix=Fix((option, usual)),
            )
    if args.frames < MIN_FRAMES:
        raise RefusedError(
            f'--frames is {args.frames}, expected {MIN_FRAMES} or more',
            code='out-of-range',
            found=args.frames,
            expected=MIN_FRAMES,
            fix=Fix(('--frames', str(MIN_FRAMES))),
        )
    folder = Path(args.folder)
    work_dir = args.work_dir or Path('work_dirs') / f'train_rig_{folder.resolve().name}'
    _check_places(folder, work_dir, args.rig)
    options = (('--from', args.from_format), ('--unit', args.unit), ('--up', args.up),
            ('--extrinsics', args.extrinsics), ('--translation', args.translation),
            *(('--image-size', size) for size in args.image_size or ()))  # fmt: skip
    reading = [f'{option}={value}' for option, value in options if value not in (None, 'auto')]
    source = tuple(args.rig or ())
    if reading and not source and (folder / RIG_FILE).is_file():
        source = (str(folder / RIG_FILE),)  # read the folder's own in another way
    cameras = tuple(args.cameras) if args.cameras else None
    if cameras and source:
        reading += ['--cameras', *cameras]
    minutes = args.minutes if args.minutes is not None else (None if args.epochs else MINUTES)
    site = Site(
        folder=folder,
        work_dir=work_dir,
        source=source,
        reading=tuple(reading),
        keypoints=_keypoints(args, folder),
        cameras=cameras,
        volume=parse_volume(args.volume),
        detector=args.detector,
        model=args.model,
        minutes=minutes,
        epochs=args.epochs,
        frames=args.frames,
        trust=args.trust_calibration,
        rename=parse_renames(args.rename),
        frame_offsets=parse_offsets(args.frame_offsets),
        skeleton=_skeleton(args.skeleton),
        joints=args.joints,
    )
    check_joints(site.trained_skeleton)
    check_can_make(site.trained_skeleton)
    if args.detector:
        _check_detector(args.detector)
    if not source:
        return site
    try:
        return dataclasses.replace(site, source_rig=read_with_options(source, args)[1])
    except CalibrationError as error:
        fix = calibration_fix(error, site)
        if ANY_CALIBRATION in fix.option or isinstance(error, (LimitError, UnsaidDirectionError)):
            raise  # its reader says what to correct
        raise refused(error, fix) from error


def _check_places(folder: Path, work_dir: Path, rig: Sequence[str] | None) -> None:
    if work_dir.exists() and not work_dir.is_dir():
        raise RefusedError(
            f'{work_dir}: is a file, expected a folder, made where it is missing',
            code='conflict',
            file=work_dir,
            fix=Fix(('--work-dir', str(free_path(work_dir)))),
        )
    if folder.exists() and not folder.is_dir():
        words = (str(free_path(folder.with_suffix(''))), '--rig', *(rig or [str(folder)]))
        raise RefusedError(
            f'{folder}: is a file, expected a folder, made where it is missing',
            code='conflict',
            file=folder,
            fix=Fix(command=('mmpose-ours', 'train-rig', *words), instead=True),
        )


def _keypoints(args: argparse.Namespace, folder: Path) -> Path | None:
    """The file of 2D keypoints to use; None without one."""
    if args.no_keypoints:
        return None
    usual = folder / KEYPOINT_FILE
    if args.keypoints is None:
        return usual if usual.is_file() else None
    path: Path = args.keypoints
    if path.is_dir():
        inside = path.resolve() in usual.resolve().parents
        out = free_path(Path(f'{path.resolve()}_{KEYPOINT_FILE}') if inside else usual)
        raise RefusedError(
            f'{path}: is a folder, expected one file',
            code='file-format',
            file=path,
            fix=Fix(
                ('--keypoints', str(out)),
                command=('mmpose-ours', 'keypoints', str(path), str(out)),
            ),
        )
    if not path.is_file():
        raise RefusedError(
            f'{path}: no such file; correct --keypoints, or train without a recording',
            code='no-data',
            file=path,
            fix=Fix((NO_KEYPOINTS,)),
        )
    return path


def _skeleton(name: str | None) -> str | None:
    """The name of a skeleton, or the whole path of its file.

    Raises:
        InputError: There is neither.
    """
    if name is None:
        return None
    find_skeleton(name)
    return name if name in SKELETONS else str(Path(name).resolve())


def _check_detector(name: str) -> None:
    try:
        DetectorNoise.read(name)
    except LimitError:
        raise
    except (InputError, OSError) as error:
        raise RefusedError(
            f'--detector: {str(error).partition("; ")[0]}',
            code='unknown-name' if isinstance(error, OSError) else 'file-format',
            file=name,
            found=name,
            fix=Fix(without=('--detector',)),
        ) from error
