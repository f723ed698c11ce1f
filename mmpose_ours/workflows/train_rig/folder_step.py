"""The first step of ``train-rig``, init, and the commands that do it and others by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Sequence

from mmpose_ours.errors import InputError
from mmpose_ours.io.terminal import path_word
from mmpose_ours.workflows.train_rig.job import Site, same_rig
from mmpose_ours.workflows.train_rig.progress_record import Doing, Record
from mmpose_ours.workflows.train_rig.refusals import (
    ANY_CALIBRATION,
    Fix,
    RefusedError,
    reading_options,
    refused,
)
from mmpose_ours.workflows.train_rig.stock_scripts import shown

RunCommand = Callable[[Sequence[str]], int]


def command_words(site: Site, step: str) -> list[str]:
    """The words of the ``mmpose-ours`` command that does a step; none for training and later."""
    rig = [path_word(site.rig_file), *site.camera_words()]
    if step == 'init':
        source = [*map(path_word, site.source)] or [path_word(site.rig_file)]
        cameras = site.camera_words() if not site.source else []
        words = ['init', path_word(site.folder), '--rig', *source, *site.reading, *cameras]
        return [*words, *site.volume_words(), *site.scale_words()]
    if step == 'check':
        has_images = site.rig_file.is_file() and site.has_images
        images = ['--images', path_word(site.folder)] if has_images else []
        keypoints = ['--keypoints', path_word(site.keypoints)] if site.keypoints else []
        reading = site.keypoint_words() if keypoints else []
        return ['check-rig', *rig, *images, *keypoints, *site.rename_words(), *reading]
    if step == 'space':
        return ['fit-space', *rig, *site.scale_words()]
    if step == 'noise' and site.keypoints and not site.detector:
        out = site.work_dir / 'detector.json'
        words = ['fit-noise', rig[0], path_word(site.keypoints), path_word(out)]
        return [
            *words,
            *rig[1:],
            *site.rename_words(),
            *site.keypoint_words(),
            *site.joints_words(),
        ]
    return []


def init_words(site: Site, record: Record) -> list[str]:
    """The words of the command that makes the data folder; none where it is laid out already.

    Raises:
        RefusedError: There is no calibration, or the folder has another one than --rig.
    """
    if site.initialised and _is_source(site):
        return []
    words = command_words(site, 'init')
    if site.rig_file.is_file() and not _is_source(site):
        _check_replaceable(site, record, _replacing(site))
        words.append('--force')
    elif not site.rig_file.is_file() and not site.source:
        missing = site.rig_file if site.folder.is_dir() else site.folder
        raise RefusedError(
            f'{missing}: no such {"file" if site.folder.is_dir() else "folder"}, and no '
            'calibration is given to make it from',
            code='missing-value',
            file=missing,
            expected='rig',
            fix=Fix(('--rig', ANY_CALIBRATION)),
        )
    return words


def _replacing(site: Site) -> Fix:
    own = [Path(path).resolve() for path in site.source] == [site.rig_file.resolve()]
    return Fix(
        command=('mmpose-ours', *command_words(site, 'init'), '--force'),
        without=reading_options(site) if own else (),  # it is written as it was read
    )


def do_init(site: Site, record: Record, doing: Doing, run_command: RunCommand) -> None:
    """Make the data folder, or see that it is there.

    Args:
        site: What is trained for.
        record: Takes the fingerprint of the calibration that was put there.
        doing: Is filled.
        run_command: Runs a command of ``mmpose-ours``, whose words it is given; its errors pass
            through.

    Raises:
        RefusedError: As :func:`init_words`, or the folder has other files that ``init`` would
            replace.
    """
    words = init_words(site, record)
    if words:
        doing.commands = [shown(['mmpose-ours', *words])]
        try:
            run_command(words)
        except FileExistsError as error:
            raise refused(error, _replacing(site)) from error
        site.__dict__.pop('rig', None)  # what was read before is another one now
        record.made = site.rig.fingerprint
    doing.result = {'calibration': site.rig.fingerprint}
    doing.files = [site.rig_file]


def _is_source(site: Site) -> bool:
    """Whether the folder's calibration is that of --rig, where one is given."""
    if site.source_rig is None:
        return True
    try:
        return same_rig(site.rig, site.source_rig)
    except InputError:  # the folder's own cannot be read
        return False


def _check_replaceable(site: Site, record: Record, fix: Fix) -> None:
    """Refuse to replace a calibration that this command did not put there."""
    try:
        found: str | None = site.rig.fingerprint
    except InputError:  # it cannot be read
        found = None
    if found is None or record.made != found:
        raise RefusedError(
            f'{site.rig_file}: is another calibration than --rig {" ".join(site.source)}, and was '
            'not written by this command',
            code='conflict',
            file=site.rig_file,
            found=found,
            fix=fix,
        )
