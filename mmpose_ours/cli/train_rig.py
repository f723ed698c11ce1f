"""The command ``train-rig``: train and compare models for a rig, in one call.

If it is interrupted, the next call continues; it repeats only steps whose inputs have changed.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import errno
import functools
import math
import os
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, Iterator, NamedTuple, Sequence

from mmpose_ours import __version__
from mmpose_ours.cli.train_rig_arguments import NAMES, add_arguments, site_of
from mmpose_ours.errors import InputError, LimitError
from mmpose_ours.io.disk.locks import InUseError, hold_folder
from mmpose_ours.text import arguments_as_options, counted
from mmpose_ours.workflows.train_rig.folder_step import command_words, do_init, init_words
from mmpose_ours.workflows.train_rig.job import (
    Site,
    file_print,
)
from mmpose_ours.workflows.train_rig.preparation import (
    do_check,
    do_noise,
    do_space,
    do_train,
    train_words,
)
from mmpose_ours.workflows.train_rig.progress_record import Doing, Record
from mmpose_ours.workflows.train_rig.refusals import (
    TRUST,
    Fix,
    free_path,
    refusals_of,
    refused,
)
from mmpose_ours.workflows.train_rig.report import do_report
from mmpose_ours.workflows.train_rig.stock_scripts import command_line, shown
from mmpose_ours.workflows.train_rig.test_recordings import cameras_to_leave_out
from mmpose_ours.workflows.train_rig.testing import do_images, do_test

__all__ = ['add_arguments', 'inputs_of', 'run', 'site_of', 'train_rig']

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


def _volume(site: Site) -> dict[str, Any]:
    volume = {} if site.volume is None else {'--volume': dataclasses.asdict(site.volume)}
    return {**_rig(site), **volume}


def _reading(site: Site) -> dict[str, Any]:
    file = Path(site.skeleton) if site.skeleton else None
    skeleton = file_print(file) if file is not None and file.is_file() else site.skeleton
    given = {'--skeleton': skeleton, '--frame-offsets': dict(site.frame_offsets)}
    return {option: value for option, value in given.items() if value}


def _people(site: Site) -> dict[str, Any]:
    return {**_rig(site), 'keypoints': site.keypoints_print, **_reading(site)}


def _checked(site: Site) -> dict[str, Any]:
    return {**_people(site), TRUST: True} if site.trust else _people(site)


def _source(site: Site) -> dict[str, Any]:
    source = site.source_rig
    return {'--rig': None if source is None else source.fingerprint}


def _noise(site: Site) -> dict[str, Any]:
    detector = Path(site.detector) if site.detector else None
    detector_print = file_print(detector) if detector and detector.is_file() else site.detector
    return {**_people(site), '--detector': detector_print, **_joints(site)}


def _joints(site: Site) -> dict[str, Any]:
    return {'--joints': site.joints} if site.joints_words() else {}


def _training(site: Site) -> dict[str, Any]:
    box = site.box_file
    return {
        **_rig(site),
        **_joints(site),
        '--model': site.model,
        '--minutes': site.minutes,
        '--epochs': site.epochs,
        'pretrained weights': file_print(box) if box and site.model == 'prior' else None,
    }


def _testing(site: Site) -> dict[str, Any]:
    box = site.box_file
    return {
        **_people(site),
        **_joints(site),
        '--frames': site.frames,
        'pretrained weights': file_print(box) if box else None,
    }


def _training_minutes(site: Site) -> float:
    if site.minutes is not None:
        return site.minutes
    return (site.epochs or 0) * EPOCH_MINUTES[site.model] + 0.5


def _testing_minutes(site: Site) -> float:
    sets = 1
    if site.keypoints is not None:
        sets += 1 + (len(cameras_to_leave_out(site.rig)) if site.rig_file.is_file() else 5)
    return TEST_MINUTES * sets * (len(site.contenders) + 1)


def _by_clock(step: Step, site: Site) -> bool:
    """Whether a step takes as long on a busy machine as on an idle one."""
    return step.name == 'train' and site.minutes is not None


def slowdown() -> float:
    """How many times as long as on an idle machine things take now, by its load; at least 1."""
    try:
        load = os.getloadavg()[0]
    except (AttributeError, OSError):  # Windows knows no load
        return 1.0
    return max(1.0, (load + 1) / (os.cpu_count() or 1))


def _run_command(words: Sequence[str]) -> int:
    """Run a command of ``mmpose-ours`` in this process; its errors pass through."""
    from mmpose_ours.cli.main import build_parser  # late: it imports the commands

    args = build_parser(words).parse_args(words)
    return args.run(args)


STEPS = (
    Step('init', 'the data folder', (), _source,
         functools.partial(do_init, run_command=_run_command), lambda site: 0.1),
    Step('check', 'check the calibration', (), _checked, do_check, lambda site: 0.2),
    Step('space', 'fit the capture volume', (), _volume, do_space, lambda site: 0.1),
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
assert NAMES == tuple(step.name for step in STEPS)


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
        RefusedError: A step cannot be done; names what to do about it.
        InputError, OSError: The calibration cannot be read, something is larger than the limits,
            or the system refuses to write.
    """
    with contextlib.ExitStack() as stack:
        if not dry_run:
            with _other_work_dir(site, InUseError, OSError):
                stack.enter_context(hold_folder(site.work_dir, 'work directory'))
        return _do_steps(site, start, only, dry_run)


@contextlib.contextmanager
def _other_work_dir(site: Site, *errors: type[InputError | OSError]) -> Iterator[None]:
    """Let errors of some types name another work directory."""
    try:
        yield
    except errors as error:
        if isinstance(error, LimitError) or getattr(error, 'errno', None) == errno.ENOSPC:
            raise
        other = free_path(site.work_dir)
        if isinstance(error, OSError):
            other = free_path(Path(tempfile.gettempdir()) / site.work_dir.name)
        raise refused(error, Fix(('--work-dir', str(other)))) from error


def _do_steps(site: Site, start: str | None, only: Sequence[str], dry_run: bool) -> Record:
    with _other_work_dir(site, InputError):
        record = Record(site.work_dir, site.folder)
    wanted = [step for step in STEPS if not only or step.name in only]
    again = set(NAMES[NAMES.index(start) :]) if start else set(only)
    begun, slow = False, slowdown()
    for step in wanted:
        place = f'[{NAMES.index(step.name) + 1}/{len(STEPS)}] {step.name}'
        # Before the folder is there, or a step before this one is done again, all is open.
        known = not (dry_run and begun) and (step.name == 'init' or site.rig_file.is_file())
        with refusals_of(site, step.name, bool(only)):
            inputs = inputs_of(step, site, record) if known else {}
        why = record.why(step.name, inputs) if known else 'what it builds on comes first'
        goes_on = why == 'was cut off' and (step.name not in again or record.repeats(step.name))
        anew = step.name in again and not goes_on
        if why is None and not anew:
            print(f'{place}: done already')
            continue
        begun = True
        said = 'asked for' if anew else why
        to_do = wanted[wanted.index(step) :]
        left = math.ceil(sum(s.minutes(site) * (1 if _by_clock(s, site) else slow) for s in to_do))
        print(f'{place}: {step.about} ({said}), about {left} min left')
        with refusals_of(site, step.name, bool(only)):
            init = step.name == 'init'
            words = init_words(site, record) if init else command_words(site, step.name)
            if init and not words:
                print(f'    {site.folder} is laid out already, {counted(len(site.rig), "camera")}')
        if words:
            print(f'    $ {shown(["mmpose-ours", *words])}', flush=True)
        elif dry_run and not init:
            print(f'    $ {_later(site, step.name)}')
        if not dry_run:
            with record.doing(step.name, inputs, anew) as doing:
                doing.commands = [shown(['mmpose-ours', *words])] if words else []
                with refusals_of(site, step.name, bool(only), doing.goes_on):
                    step.do(site, record, doing)
            print(f'    ({record.steps[step.name]["seconds"]:.0f} s)', flush=True)
    return record


def _later(site: Site, step: str) -> str:
    """The command of a step whose files are not there yet."""
    if step == 'train':
        config, folder = site.work_dir / 'trained.py', site.work_dir / 'train'
        return shown(train_words(site, config.resolve(), folder.resolve()))
    if step == 'test':
        config = site.work_dir / 'test' / 'trained_synthetic.py'
        words = command_line('test.py', config.resolve(), 'CHECKPOINT')
        return f'{shown(words)}, and the like of the others'
    return f'mmpose-ours train-rig {shown([str(site.folder)])} --only {step}'


def run(args: argparse.Namespace) -> int:
    """Run the command on parsed arguments.

    Returns:
        0.

    Raises:
        InputError, OSError: As :func:`train_rig`.
    """
    start = time.monotonic()
    with arguments_as_options(format='rig-format', any_scale=TRUST[2:]):
        site = site_of(args)
        train_rig(site, args.start, args.only, args.dry_run)
    if args.dry_run:
        print('nothing was done')
    else:
        minutes = (time.monotonic() - start) / 60
        report = site.work_dir / 'report.md'
        print(f'{report} has it all ({minutes:.1f} min)' if report.is_file() else 'done')
    return 0
