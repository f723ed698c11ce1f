"""Temporary files and folders by whose names the next run knows those of a dead one.

They lie beside what is written, as ``.NAME.<process>-<system>-<random>.tmp``. The system is this
boot of this machine and its process numbers, so that another machine or container on the same disk
is not mistaken for a dead process here; what comes from elsewhere is removed when it is a week old.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import re
import shutil
import socket
import tempfile
import time
from pathlib import Path
from typing import Iterator

OLD_S = 7 * 24 * 3600
# Of the target's name, so that the whole stays below the 255 bytes of file systems.
_NAME_BYTES = 180
_PATTERN = re.compile(r'\..*\.(\d+)-([0-9a-f]{12})-[A-Za-z0-9_]+\.tmp(\.\w+)?', re.DOTALL)
# Folders that this process has looked through.
_clean: set[str] = set()


def new_file(target: Path, suffix: str = '') -> tuple[int, str]:
    """Make a temporary file beside a target.

    The first time in a folder, files of dead runs are removed from it.

    Args:
        target: In an existing folder.
        suffix: The file's ending, for writers that go by it.

    Returns:
        Its handle, open for writing, and its path.

    Raises:
        OSError: It cannot be made.
    """
    _clean_once(target.parent)
    return tempfile.mkstemp(f'.tmp{suffix}', _prefix(target.name), str(target.parent))


@contextlib.contextmanager
def folder_beside(target: Path) -> Iterator[Path]:
    """Make a temporary folder for a block.

    Args:
        target: The folder lies beside this, in an existing folder.

    Raises:
        OSError: It cannot be made.
    """
    _clean_once(target.parent)
    with tempfile.TemporaryDirectory('.tmp', _prefix(target.name), str(target.parent)) as folder:
        yield Path(folder)


def remove_leftovers(folder: Path) -> None:
    """Remove what dead runs left in a folder; what cannot be removed stays."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            match = _PATTERN.fullmatch(entry.name)
            if match is None:
                continue
            with contextlib.suppress(OSError):
                if _is_dead(match[1], match[2]) or _is_old(entry):
                    if entry.is_dir(follow_symlinks=False):
                        shutil.rmtree(entry.path, ignore_errors=True)
                    else:
                        os.unlink(entry.path)


def _clean_once(folder: Path) -> None:
    # Once, since a writer of ten thousand images would otherwise list them ten thousand times.
    place = os.path.realpath(folder)
    if place not in _clean:
        _clean.add(place)
        remove_leftovers(folder)


def _prefix(name: str) -> str:
    name = os.fsencode(name)[:_NAME_BYTES].decode('utf-8', 'ignore')
    return f'.{name}.{os.getpid()}-{_system()}-'


@functools.lru_cache(maxsize=None)
def _system() -> str:
    """What tells apart where process numbers mean different processes."""
    known = [socket.gethostname()]
    with contextlib.suppress(OSError):
        known.append(Path('/proc/sys/kernel/random/boot_id').read_text())
    with contextlib.suppress(OSError):
        known.append(os.readlink('/proc/self/ns/pid'))
    return hashlib.blake2b('\n'.join(known).encode(), digest_size=6).hexdigest()


def _is_dead(process: str, system: str) -> bool:
    # On Windows os.kill(..., 0) is no question but ends the process.
    if system != _system() or os.name == 'nt' or len(process) > 10:
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _is_old(entry: os.DirEntry[str]) -> bool:
    return time.time() - entry.stat(follow_symlinks=False).st_mtime > OLD_S
