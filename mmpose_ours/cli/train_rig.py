"""The command ``train-rig``: train and compare models for a rig, in one call.

If it is interrupted, the next call continues; it repeats only steps whose inputs have changed.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import math
import time
from pathlib import Path
from typing import Any, Callable, NamedTuple, Sequence

from mmpose_ours import __version__
from mmpose_ours.cli.arguments import add_rig, read_with_options
from mmpose_ours.errors import InputError
from mmpose_ours.io.disk.locks import hold_folder
from mmpose_ours.io.terminal import shell_path
from mmpose_ours.workflows.train_rig.job import (
    KEYPOINT_FILE,
    MODELS,
    Site,
    box_file,
    file_print,
)
from mmpose_ours.workflows.train_rig.preparation import (
    command_words,
    do_check,
    do_init,
    do_noise,
    do_space,
    do_train,
)
from mmpose_ours.workflows.train_rig.progress_record import Doing, Record
from mmpose_ours.workflows.train_rig.report import do_report
from mmpose_ours.workflows.train_rig.stock_scripts import command_line, shown
from mmpose_ours.workflows.train_rig.test_recordings import cameras_to_leave_out
from mmpose_ours.workflows.train_rig.testing import do_images, do_test

MINUTES = 30.0
# What an epoch of each model takes on two cores, for the time that remains.
EPOCH_MINUTES = {'prior': 4.0, 'fast': 2.0, 'voxelpose': 60.0}
TEST_MINUTES = 0.2


class Step(NamedTuple):
    """One step.

    Args:
        name: As in ``--from`` and ``--only``.
        about: What it does.
        after: The steps whose results it takes.
        inputs: What else its result depends on.
        do: Does it.
        minutes: How long it takes, roughly.
    """

    name: str
    about: str
    after: tuple[str, ...]
    inputs: Callable[[Site], dict[str, Any]]
    do: Callable[[Site, Record, Doing], None]
    minutes: Callable[[Site], float]


def _rig(site: Site) -> dict[str, Any]:
    return {'calibration': site.rig.fingerprint}


def _people(site: Site) -> dict[str, Any]:
    return {**_rig(site), 'keypoints': site.keypoints_print}


def _source(site: Site) -> dict[str, Any]:
    source = site.source_rig
    return {'--rig': None if source is None else source.fingerprint}


def _noise(site: Site) -> dict[str, Any]:
    detector = Path(site.detector) if site.detector else None
    detector_print = file_print(detector) if detector and detector.is_file() else site.detector
    return {**_people(site), '--detector': detector_print}


def _training(site: Site) -> dict[str, Any]:
    box = box_file()
    return {
        **_rig(site),
        '--model': site.model,
        '--minutes': site.minutes,
        '--epochs': site.epochs,
        'pretrained weights': file_print(box) if box and site.model == 'prior' else None,
    }


def _testing(site: Site) -> dict[str, Any]:
    box = box_file()
    return {
        **_people(site),
        '--frames': site.frames,
        'pretrained weights': file_print(box) if box else None,
    }


def _training_minutes(site: Site) -> float:
    if site.minutes is not None:
        return site.minutes + 1.0
    return (site.epochs or 0) * EPOCH_MINUTES[site.model] + 0.5


def _testing_minutes(site: Site) -> float:
    sets = 1
    if site.keypoints is not None:
        sets += 1 + (len(cameras_to_leave_out(site.rig)) if site.rig_file.is_file() else 5)
    return TEST_MINUTES * sets * (len(site.contenders) + 1)


def _run_command(words: Sequence[str]) -> int:
    """Run a command of ``mmpose-ours`` in this process; its errors pass through."""
    from mmpose_ours.cli.main import build_parser  # late: it imports the commands

    args = build_parser(words).parse_args(words)
    return args.run(args)


STEPS = (
    Step('init', 'the data folder', (), _source,
         functools.partial(do_init, run_command=_run_command), lambda site: 0.1),
    Step('check', 'check the calibration', (), _people, do_check, lambda site: 0.2),
    Step('space', 'fit the capture volume', (), _rig, do_space, lambda site: 0.1),
    Step('noise', 'the detector noise model', (), _noise,
         functools.partial(do_noise, run_command=_run_command),
         lambda site: 2.0 if site.keypoints and not site.detector else 0.0),
    Step('train', 'on synthetic people', ('space', 'noise'), _training, do_train,
         _training_minutes),
    Step('test', 'trained model, pretrained pose prior, triangulation',
         ('space', 'noise', 'train'), _testing, do_test, _testing_minutes),
    Step('images', 'of the rig and of frames', ('space', 'test'), _rig, do_images,
         lambda site: 0.3),
    Step('report', 'what to use from now on', ('space', 'noise', 'train', 'test', 'images'),
         lambda site: {'version': __version__}, do_report, lambda site: 0.1),
)  # fmt: skip
NAMES = tuple(step.name for step in STEPS)


def inputs_of(step: Step, site: Site, record: Record) -> dict[str, Any]:
    """All that a step's result depends on."""
    results = {f'the step {name}': record.print_of(name) for name in step.after}
    return {**step.inputs(site), **results}


def train_rig(
    site: Site, start: str | None = None, only: Sequence[str] = (), dry_run: bool = False
) -> Record:
    """Do what is not done yet.

    Args:
        site: The rig and the options.
        start: Do this step and all after it again.
        only: Do these steps again, and no other.
        dry_run: Say what would be done, and do nothing.

    Returns:
        The record of all steps.

    Raises:
        InUseError: Another call works in the same work directory.
        InputError, OSError: A step cannot be done; says what to do about it.
    """
    with contextlib.nullcontext() if dry_run else hold_folder(site.work_dir, 'work directory'):
        return _do_steps(site, start, only, dry_run)


def _do_steps(site: Site, start: str | None, only: Sequence[str], dry_run: bool) -> Record:
    record = Record(site.work_dir, site.folder)
    wanted = [step for step in STEPS if not only or step.name in only]
    again = set(NAMES[NAMES.index(start) :]) if start else set(only)
    begun = False
    for step in wanted:
        place = f'[{NAMES.index(step.name) + 1}/{len(STEPS)}] {step.name}'
        # Before the folder is there, or a step before this one is done again, all is open.
        known = not (dry_run and begun) and (step.name == 'init' or site.rig_file.is_file())
        inputs = inputs_of(step, site, record) if known else {}
        why = record.why(step.name, inputs) if known else 'what it builds on comes first'
        anew = step.name in again and why != 'was cut off'
        if why is None and not anew:
            print(f'{place}: done already')
            continue
        begun = True
        said = 'asked for' if anew else why
        left = math.ceil(sum(s.minutes(site) for s in wanted[wanted.index(step) :]))
        print(f'{place}: {step.about} ({said}), about {left} min left')
        words = command_words(site, step.name)
        if words:
            print(f'    $ {shown(["mmpose-ours", *words])}', flush=True)
        elif dry_run:
            print(f'    $ {_later(site, step.name)}')
        if not dry_run:
            with record.doing(step.name, inputs, anew) as doing:
                doing.commands = [shown(['mmpose-ours', *words])] if words else []
                step.do(site, record, doing)
            print(f'    ({record.steps[step.name]["seconds"]:.0f} s)', flush=True)
    return record


def _later(site: Site, step: str) -> str:
    """The command of a step whose files are not there yet."""
    if step == 'train':
        config, folder = site.work_dir / 'trained.py', site.work_dir / 'train'
        return shown(command_line('train.py', config.resolve(), '--work-dir', folder.resolve()))
    if step == 'test':
        config = site.work_dir / 'test' / 'trained_synthetic.py'
        words = command_line('test.py', config.resolve(), 'CHECKPOINT')
        return f'{shown(words)}, and the like of the others'
    return f'mmpose-ours train-rig {shown([str(site.folder)])} --only {step}'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument('folder', metavar='FOLDER', help='data folder, made where it is missing')
    add_rig(parser, '--rig')
    parser.add_argument('--rig-format', dest='from_format', default='auto', metavar='FORMAT',
                        help='format of --rig (default: by content)')  # fmt: skip
    parser.add_argument('--unit', help='of its lengths: mm, cm, m, or millimetres per unit')
    parser.add_argument('--up', metavar='AXIS', help='axis that points up: x -x y -y z or -z')
    parser.add_argument('--image-size', metavar='WxH', help='where --rig does not say it')
    parser.add_argument('--cameras', nargs='+', metavar='NAME', help='cameras to use')
    where = f'2D keypoints (default: FOLDER/{KEYPOINT_FILE}, if it is there)'
    parser.add_argument('--keypoints', type=Path, metavar='FILE', help=where)
    parser.add_argument('--detector', metavar='NAME',
                        help='a shipped detector (openpose, hrnet, mediapipe) or a file of '
                        'fit-noise, instead of measuring it')  # fmt: skip
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
        InputError, OSError: One of them is unfit, or a file is not there.
    """
    for value, option in ((args.minutes, '--minutes'), (args.epochs, '--epochs')):
        if value is not None and not 0 < value < math.inf:
            raise InputError(
                f'{option} is {value:g}, expected a number above 0',
                code='out-of-range',
                found=value,
            )
    if args.frames < 10:
        raise InputError(
            f'--frames is {args.frames}, expected 10 or more',
            code='out-of-range',
            found=args.frames,
            expected=10,
        )
    folder = Path(args.folder)
    for place in filter(None, (folder, args.work_dir)):
        if place.exists() and not place.is_dir():
            raise NotADirectoryError(
                f'{place}: is a file, expected a folder, made where it is missing; name another'
            )
    keypoints = args.keypoints
    if keypoints is None and (folder / KEYPOINT_FILE).is_file():
        keypoints = folder / KEYPOINT_FILE
    if keypoints is not None and keypoints.is_dir():
        raise IsADirectoryError(
            f'{keypoints}: is a folder; make one file of it with `mmpose-ours keypoints '
            f'{shell_path(keypoints)} {shell_path(folder / KEYPOINT_FILE)}`'
        )
    if keypoints is not None and not keypoints.is_file():
        raise FileNotFoundError(f'{keypoints}: no such file; correct --keypoints')
    source_rig = read_with_options(args.rig, args)[1] if args.rig else None
    options = (('--from', args.from_format), ('--unit', args.unit), ('--up', args.up),
            ('--image-size', args.image_size))  # fmt: skip
    reading = [f'{option}={value}' for option, value in options if value not in (None, 'auto')]
    cameras = tuple(args.cameras) if args.cameras else None
    if cameras and args.rig:
        reading += ['--cameras', *cameras]
    minutes = args.minutes if args.minutes is not None else (None if args.epochs else MINUTES)
    return Site(
        folder=folder,
        work_dir=args.work_dir or Path('work_dirs') / f'train_rig_{folder.resolve().name}',
        source=tuple(args.rig or ()),
        reading=tuple(reading),
        source_rig=source_rig,
        keypoints=keypoints,
        cameras=cameras,
        detector=args.detector,
        model=args.model,
        minutes=minutes,
        epochs=args.epochs,
        frames=args.frames,
    )


def run(args: argparse.Namespace) -> int:
    """Run the command on parsed arguments.

    Returns:
        0.

    Raises:
        InputError, OSError: As :func:`train_rig`.
    """
    site = site_of(args)
    start = time.monotonic()
    train_rig(site, args.start, args.only, args.dry_run)
    if args.dry_run:
        print('nothing was done')
    else:
        minutes = (time.monotonic() - start) / 60
        print(f'{site.work_dir / "report.md"} has it all ({minutes:.1f} min)')
    return 0
