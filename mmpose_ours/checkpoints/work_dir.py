"""Which files of a work directory are whole checkpoints, and which of them is the latest.

This module does **not** write any; see :mod:`mmpose_ours.engine.hooks.checkpoint`.
"""

from __future__ import annotations

import logging
from pathlib import Path

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.logging import print_log

from mmpose_ours.checkpoints.reading import is_resumable, read_checkpoint
from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.disk.regular_files import open_regular
from mmpose_ours.text import argument, printable

_MAX_PATH = 4096  # Linux', in bytes
LAST = 'last_checkpoint'  # MMEngine's: a file that names the latest checkpoint
MID_EPOCH = 'mid_epoch.pth'


def latest_whole(work_dir: PathLike) -> str | None:
    """Find the checkpoint to resume from, the same for all processes.

    That is the one that ``last_checkpoint`` names, or where it cannot be read, the one that
    got furthest. The log says so.

    Args:
        work_dir: Of the training.

    Returns:
        Its path; None if there is no checkpoint at all, so that training begins.

    Raises:
        FileFormatError: There are checkpoints, and none is whole.
    """
    # One process looks, for all: they might see a shared disk differently.
    found: list = [None, None]
    if is_main_process():
        try:
            found = [_latest_whole(Path(work_dir)), None]
        except FileFormatError as error:
            found = [None, error]
    broadcast_object_list(found)
    path, complaint = found
    if complaint is not None:
        raise complaint
    return path


def _latest_whole(work_dir: Path) -> str | None:
    named = _named(work_dir)
    if named is not None:
        why = _fault(named)
        if not why:
            return str(named)
        _warn(f'{LAST} names {named}, which cannot be resumed from: {why}')
    reached, faults = [], 0
    for path in sorted(work_dir.glob('*.pth')):
        if path == named:
            faults += 1
            continue
        try:
            checkpoint = read_checkpoint(path)
        except FileFormatError as error:
            _warn(str(error))
            faults += 1
            continue
        if is_resumable(checkpoint):
            meta = checkpoint['meta']
            reached.append((meta['iter'], meta['epoch'], str(path)))
    if reached:
        steps, _, furthest = max(reached)
        if named is not None or faults:
            _warn(f'going on from {furthest}, after {steps} steps, instead')
        return furthest
    if faults or named is not None:
        raise FileFormatError(
            f'{work_dir}: nothing to resume from: no checkpoint in it is whole; remove '
            f'{LAST} and *.pth there to train from the start, or choose another '
            f'{argument("work_dir")}',
            code='damaged',
            file=work_dir,
        )
    print_log(f'{printable(work_dir)}: no checkpoint yet, training begins', logger='current')
    return None


def _named(work_dir: Path) -> Path | None:
    """What ``last_checkpoint`` names, there or not; None where it names nothing."""
    try:
        with open_regular(work_dir / LAST) as file:
            name = file.read(_MAX_PATH).decode().strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    if not name or '\0' in name:
        return None
    path = Path(name)
    # A work directory that was moved or copied, or is seen from elsewhere.
    beside = work_dir / path.name
    try:
        return beside if beside.is_file() or not path.is_file() else path
    except OSError:  # no name that the disk can have
        return None


def _fault(path: Path) -> str:
    """Why a checkpoint cannot be resumed from; empty where it can."""
    try:
        if not is_resumable(read_checkpoint(path)):
            return 'it holds weights only'
    except FileNotFoundError:
        return 'there is no such file'
    except FileFormatError as error:
        return str(error)
    return ''


def _warn(message: str) -> None:
    print_log(printable(message), logger='current', level=logging.WARNING)
