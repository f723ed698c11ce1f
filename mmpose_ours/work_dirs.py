"""Keeps two trainings from writing into one folder, and a new one from overwriting an old one.

The lock is the kernel's, on the file ``.lock`` in the work dir: it ends with the process that
holds it, however that ends, and holds across machines on file systems that carry POSIX locks
(NFS, Lustre). What the file says is for people only. This module does **not** read checkpoints.
"""

from __future__ import annotations

import datetime
import errno
import json
import os
import socket
import sys
from pathlib import Path
from typing import IO, Mapping

from mmpose_ours.errors import InputError

LOCK = '.lock'
# What a training writes, and a new one in the same folder would overwrite.
CHECKPOINTS = (
    'epoch_*.pth',
    'iter_*.pth',
    'mid_epoch.pth',
    'best_*.pth',
    'latest.pth',
    'last_checkpoint',
)


class WorkDirError(InputError):
    """A training cannot begin in this work dir."""


def checkpoints_in(folder: Path) -> list[Path]:
    """List the checkpoints of a training, and the file that names the last of them."""
    return sorted(file for pattern in CHECKPOINTS for file in folder.glob(pattern))


def check_free(folder: Path, how_to_resume: str = '--resume') -> None:
    """Refuse a folder that holds the checkpoints of an earlier training.

    Args:
        folder: The work dir.
        how_to_resume: The option that goes on with a training.

    Raises:
        WorkDirError: It does; says what to do.
    """
    found = [file.name for file in checkpoints_in(folder) if file.suffix == '.pth']
    if found:
        raise WorkDirError(
            f'{folder} holds {len(found)} checkpoint{"s"[: len(found) > 1]} of an earlier '
            f'training ({", ".join(found[:3])}{", ..." if len(found) > 3 else ""}), which a new '
            f'one would overwrite; go on with that training by {how_to_resume}, name another '
            '--work-dir, or begin again with --start-over, which moves the old checkpoints aside'
        )


def move_aside(folder: Path, keep: Path | None = None) -> Path | None:
    """Move the checkpoints of an earlier training into a subfolder named by the time.

    Args:
        folder: The work dir.
        keep: A checkpoint that stays, since the new training loads it.

    Returns:
        The subfolder, or None where there was nothing to move.
    """
    files = checkpoints_in(folder)
    if keep is not None:
        files = [file for file in files if file.resolve() != keep.resolve()]
    if not files:
        return None
    aside = folder / f'earlier_{datetime.datetime.now():%Y%m%d_%H%M%S}'
    aside.mkdir()
    for file in files:
        file.rename(aside / file.name)
    return aside


def lock(folder: Path, environ: Mapping[str, str] = os.environ) -> IO[str] | None:
    """Claim a work dir for this process, for as long as the returned file is open.

    Args:
        folder: The work dir; made where it is missing.
        environ: Tells the Slurm job, if any.

    Returns:
        The locked file; None, after a warning, where the file system (or Windows) has no locks.

    Raises:
        WorkDirError: Another process holds it; says which.
    """
    try:
        import fcntl
    except ImportError:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    file = open(folder / LOCK, 'a+', encoding='utf-8')
    try:
        # lockf rather than flock: data loaders, which are forked, must not inherit it.
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        who = _holder(file)
        file.close()
        if error.errno in (errno.EACCES, errno.EAGAIN):
            raise WorkDirError(
                f'{folder} is being written to by another training ({who}); name another '
                '--work-dir, or wait for its end'
            ) from None
        print(
            f'warning: {folder} cannot be locked ({error.strerror}): nothing keeps a second '
            'training out of it',
            file=sys.stderr,
        )
        return None
    file.truncate(0)
    holder = {
        'host': socket.gethostname(),
        'pid': str(os.getpid()),
        'since': f'{datetime.datetime.now():%Y-%m-%d %H:%M:%S}',
    }
    if 'SLURM_JOB_ID' in environ:
        holder['Slurm job'] = environ['SLURM_JOB_ID']
    json.dump(holder, file)
    file.flush()
    return file


def _holder(file: IO[str]) -> str:
    """What the holder of a lock wrote about itself."""
    file.seek(0)
    try:
        return ', '.join(f'{key} {value}' for key, value in json.load(file).items())
    except (ValueError, AttributeError):
        return 'which does not say who it is'
