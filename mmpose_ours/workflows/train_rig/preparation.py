"""The steps of ``train-rig`` up to the training, but for init: check, space, noise, train.

Each is a function that does its work, prints, and fills a :class:`Doing`; what it prints after
a ``$`` does the same by hand.
"""

from __future__ import annotations

import json
import math
import shutil
import time
from pathlib import Path
from typing import Any, Mapping, Sequence

import numpy as np

from mmpose_ours.calibration import check_space, coverage
from mmpose_ours.calibration.api import read_calibration
from mmpose_ours.calibration.checks.whole_report import check
from mmpose_ours.calibration.space_of_file import space_line, space_of
from mmpose_ours.detections import read_detections
from mmpose_ours.errors import FileFormatError
from mmpose_ours.io.disk.files import write_json, write_whole
from mmpose_ours.io.json_files import read_json
from mmpose_ours.io.numbers import is_number, is_whole
from mmpose_ours.noise_estimation.fit import TooLittleError
from mmpose_ours.text import counted
from mmpose_ours.workflows.train_rig.configs import EPOCHS, training_config
from mmpose_ours.workflows.train_rig.folder_step import RunCommand, command_words
from mmpose_ours.workflows.train_rig.job import (
    MODELS,
    TRAINED,
    Site,
    file_print,
    space_of_record,
)
from mmpose_ours.workflows.train_rig.progress_record import Doing, Record
from mmpose_ours.workflows.train_rig.refusals import (
    NO_KEYPOINTS,
    TRUST,
    Fix,
    RefusedError,
)
from mmpose_ours.workflows.train_rig.stock_scripts import command_line, run_stock, shown

# Steps that are timed to know how many fit into the minutes; the first ones are slow.
TIMED_STEPS, WARMING_STEPS = 16, 6
# However long timing takes, so much of the minutes is for training.
LEAST_SHARE = 0.3
# What the check finds in the keypoints rather than in the calibration.
OF_KEYPOINTS = ('keypoints', 'rate', 'sides', 'synchronisation')
# Where nobody can be measured.
SHIPPED = '--detector mediapipe, openpose or hrnet takes a profile that comes with this package'


def do_check(site: Site, record: Record, doing: Doing) -> None:
    """Judge the calibration, by images and 2D keypoints where there are any.

    Raises:
        RefusedError: Something is wrong, and nobody said to use the calibration all the same; or
            the recording has no frames.
    """
    read = read_calibration([site.rig_file])
    images = site.folder if site.has_images else None
    reading = site.keypoint_reading
    report, _ = check(read, site.rig, images, site.keypoints, reading=reading)
    for note in report['notes']:
        print(f'    note: {note}')
    for topic, evidence in report['judgement'].items():
        print(f'    {topic}: {evidence}')
    for problem in report['problems']:
        print(f'    WRONG   {problem["topic"]}: {problem["sentence"]}')
    for problem in report['warnings']:
        print(f'    warning {problem["topic"]}: {problem["sentence"]}')
    if site.keypoints and not report['people']['frames']:
        _check_frames(site)
    if not report['ok']:
        _check_trusted(site, [problem['topic'] for problem in report['problems']])
        print('    the calibration is used all the same')
    elif report['warnings']:
        print('    nothing is wrong; going on with the warnings above')
    else:
        print('    nothing wrong was found')
    problems = [*report['problems'], *report['warnings']]
    doing.result = {'warnings': [problem['sentence'] for problem in problems]}


def _check_frames(site: Site) -> None:
    assert site.keypoints is not None
    if not read_detections(site.keypoints, site.rig.names, **site.keypoint_reading):
        raise RefusedError(
            f'{site.keypoints}: has no frames to test on',
            code='no-data',
            file=site.keypoints,
            fix=Fix((NO_KEYPOINTS,)),
        )


def _check_trusted(site: Site, topics: Sequence[str]) -> None:
    """Refuse what is wrong with the keypoints, and with a calibration that is not trusted."""
    of_keypoints = [topic for topic in topics if topic in OF_KEYPOINTS]
    if of_keypoints:
        assert site.keypoints is not None
        raise RefusedError(
            f'{site.keypoints}: the 2D keypoints cannot be used, as said above',
            code='no-match',
            file=site.keypoints,
            found=of_keypoints,
            fix=Fix((NO_KEYPOINTS,)),
        )
    if not site.trust:
        raise RefusedError(
            f'{site.rig_file}: errors were found in the calibration ({", ".join(topics)}), as said '
            'above; if it is right all the same',
            file=site.rig_file,
            found=list(topics),
            fix=Fix((TRUST,)),
        )


def do_space(site: Site, record: Record, doing: Doing) -> None:
    """Fit the capture volume, or take the given one."""
    space = site.volume
    if space is None:
        space = space_of(site.rig, read_calibration([site.rig_file]), any_scale=site.trust)
    else:
        check_space(site.rig, space)
    seen = coverage(site.rig, space)[2]
    print(f'    {space_line(space)}  two cameras or more see {seen:.0%} of it')
    doing.result = {
        'center_mm': list(space.center_mm),
        'size_mm': list(space.size_mm),
        'seen_by_two': round(float(seen), 3),
    }


def do_noise(site: Site, record: Record, doing: Doing, run_command: RunCommand) -> None:
    """Fit the detector noise model, or print which one is assumed.

    Args:
        site: What is trained for.
        record: Of the steps before.
        doing: Is filled.
        run_command: See :func:`do_init`.
    """
    words = command_words(site, 'noise')
    if site.detector:
        why = f'the detector {site.detector}, as given by --detector'
        path = Path(site.detector)
        faults: str | None = str(path.resolve()) if path.is_file() else site.detector
    elif not words:
        why, faults = 'the default detector: there are no 2D keypoints to measure one by', None
    else:
        out = site.work_dir / 'detector.json'
        try:
            run_command(words)
        except FileFormatError as error:
            if not isinstance(error.__cause__, TooLittleError):
                raise
            why, faults = f'the default detector: {error} ({SHIPPED})', None
        else:
            why, faults = f'the detector measured on {site.keypoints}', str(out.resolve())
            doing.files = [out]
    print(f'    {why}')
    measured = faults is not None and Path(faults).is_file()
    doing.result = {
        'faults': faults,
        'why': why,
        'content': file_print(Path(faults)) if faults and measured else None,
    }


def do_train(site: Site, record: Record, doing: Doing) -> None:
    """Train by MMPose's stock script, or go on with a training that was cut off."""
    config, folder = site.work_dir / f'{TRAINED}.py', site.work_dir / 'train'
    plan_file = folder / 'plan.json'
    goes_on = doing.goes_on and (folder / 'last_checkpoint').is_file() and plan_file.is_file()
    if not goes_on:
        shutil.rmtree(folder, ignore_errors=True)
        write_json(plan_file, _length(site, record))
    plan = _plan(read_json(plan_file), plan_file)
    write_trained_config(site, record, plan)
    words = train_words(site, config, folder)
    if goes_on:
        print(f'    going on from {(folder / "last_checkpoint").read_text().strip()}')
        words.append('--resume')
    if site.model == 'prior' and site.box_file is None:
        print('    this installation has no pretrained weights: training begins from nothing')
    print(f'    $ {shown(words)}', flush=True)
    run_stock(words, site.work_dir / 'train.log')
    checkpoint = Path((folder / 'last_checkpoint').read_text().strip())
    doing.commands = [shown(words)]
    doing.files = [config, checkpoint]
    doing.result = {
        'checkpoint': str(checkpoint.resolve()),
        'content': file_print(checkpoint),
        **plan,
    }


def train_words(site: Site, config: Path, folder: Path) -> list[str]:
    """The command that trains; by the clock without validation, since the tests come next."""
    words = command_line('train.py', config, '--work-dir', folder)
    return words if site.minutes is None else [*words, '--no-validate']


def write_trained_config(site: Site, record: Record, plan: Mapping[str, Any]) -> None:
    """Write the config that is trained, from what the record says.

    Always anew: a config is a program, and one that lies in a folder may have come with it.

    Args:
        site: What is trained for.
        record: With the steps before the training.
        plan: ``epochs``, ``frames_per_epoch``, and ``seconds`` where they are limited.

    Raises:
        FileFormatError: The plan is none.
    """
    plan = _plan(plan, record.path)
    with write_whole(site.work_dir / f'{TRAINED}.py') as file:
        file.write(_config(site, record, plan))


def _plan(plan: Any, path: Path) -> dict[str, Any]:
    keys = ('epochs', 'frames_per_epoch')
    limit = plan.get('seconds') if isinstance(plan, Mapping) else None
    whole = isinstance(plan, Mapping) and all(is_whole(plan.get(key)) for key in keys)
    if not whole or not (limit is None or (is_number(limit) and limit > 0)):
        raise FileFormatError(
            f'{path}: does not say how long the training is (epochs and frames_per_epoch); '
            'train again with --from train',
            code='missing-value',
            file=path,
            found='train',
            expected=list(keys),
        )
    return {**{key: plan[key] for key in keys}, **({} if limit is None else {'seconds': limit})}


def _config(site: Site, record: Record, plan: Mapping[str, Any]) -> str:
    space, faults = space_of_record(record.result('space')), record.result('noise')['faults']
    length = plan['epochs'], plan['frames_per_epoch'], plan.get('seconds')
    return training_config(site, space, faults, *length)


def _length(site: Site, record: Record) -> dict[str, Any]:
    """How many epochs of how many frames, by the clock where minutes were asked for."""
    model = MODELS[site.model]
    if site.minutes is None:
        assert site.epochs is not None
        return {'epochs': site.epochs, 'frames_per_epoch': model.epoch}
    begun = time.monotonic()
    per_step, starting = _seconds_per_step(site, record)
    # Timing is part of the minutes, and so is that the script starts again.
    seconds = 60 * site.minutes - (time.monotonic() - begun) - starting
    seconds = round(max(seconds, LEAST_SHARE * 60 * site.minutes), 1)
    per_epoch = max(1, math.floor(seconds / per_step) // EPOCHS)
    print(
        f'    {counted(model.batch, "frame")} per step, {per_step:.2f} s per step here: {EPOCHS} '
        f'epochs of {counted(per_epoch, "step")}, at most {seconds / 60:.1f} minutes'
    )
    return {'epochs': EPOCHS, 'frames_per_epoch': per_epoch * model.batch, 'seconds': seconds}


def _seconds_per_step(site: Site, record: Record) -> tuple[float, float]:
    """Time a few steps of the training, and how long the script takes besides."""
    folder = site.work_dir / 'timing'
    shutil.rmtree(folder, ignore_errors=True)
    config = folder / 'timing.py'
    with write_whole(config) as file:
        frames = TIMED_STEPS * MODELS[site.model].batch
        file.write(_config(site, record, {'epochs': 1, 'frames_per_epoch': frames}))
        file.write('default_hooks = dict(logger=dict(interval=1), checkpoint=None)\n')
        file.write('log_processor = dict(window_size=1)\n')
    words = command_line('train.py', config, '--work-dir', folder, '--no-validate')
    print(f'    timing {TIMED_STEPS} steps', flush=True)
    begun = time.monotonic()
    run_stock(words, site.work_dir / 'train.log', say=lambda line: None)
    took = time.monotonic() - begun
    files = sorted(folder.glob('*/vis_data/scalars.json'))
    lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    times = [line['time'] for line in lines if 'time' in line and 'loss' in line]
    if len(times) <= WARMING_STEPS:
        raise RefusedError(
            f'{folder}: the log of {TIMED_STEPS} training steps tells no times',
            code='no-data',
            file=folder,
            found=len(times),
            expected=WARMING_STEPS + 1,
            fix=Fix(('--epochs', str(EPOCHS)), without=('--minutes',)),
        )
    shutil.rmtree(folder)
    return float(np.median(times[WARMING_STEPS:])), max(took - sum(times), 0.0)
