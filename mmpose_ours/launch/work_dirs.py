"""Keeps two trainings from writing into one folder, and a new one from overwriting an old one.

The lock is that of :mod:`mmpose_ours.io.disk.locks`. This module does **not** read checkpoints.
"""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from typing import Mapping

from mmpose_ours.errors import InputError
from mmpose_ours.io.disk.locks import Held, InUseError, describe, hold_folder

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
            '--work-dir, or begin again with --start-over, which moves the old checkpoints aside',
            code='conflict',
            file=folder,
            found=found,
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


def lock(folder: Path, environ: Mapping[str, str] = os.environ) -> Held:
    """Claim a work dir for this process.

    Args:
        folder: The work dir; made where it is missing.
        environ: Tells the Slurm job, if any.

    Returns:
        What ends it. The end of the process does so as well, but not that of data loaders, which
        are forked and do not inherit it.

    Raises:
        WorkDirError: Another process holds it; says which.
    """
    job = environ.get('SLURM_JOB_ID')
    try:
        return hold_folder(
            folder, 'work dir', wait=0, about={} if job is None else {'Slurm job': job}
        )
    except InUseError as error:
        raise WorkDirError(
            f'{folder} is being written to by another training ({describe(error.found)}); name '
            'another --work-dir, or wait for its end',
            code='in-use',
            file=folder,
            found=error.found,
        ) from None
