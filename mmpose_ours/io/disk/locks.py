"""One program at a time writes a file or a folder; a second one waits, and says for whom.

The lock is the kernel's, on a file of its own (:mod:`filelock`), so it ends with the process that
holds it, however that ends. It holds between machines where the file system carries locks (NFS,
Lustre mounted with ``flock``). On a file system without locks a warning says so, and the program
goes on: the writers then still detect each other, but one of them ends with an error.

The lock of ``folder/NAME`` is ``folder/.NAME.lock``, that of a folder ``folder/.lock``. Who holds
it stands beside it in ``*.lock.holder``, which is for people only. Both are gone after the run;
what a killed run leaves behind is no obstacle. A thread may hold a lock that it holds already.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import functools
import json
import math
import os
import shlex
import socket
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Mapping

from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.io.disk.links import behind_link

if TYPE_CHECKING:
    import filelock

VARIABLE = 'MMPOSE_OURS_LOCK_WAIT'
# How long a second run waits if the user has not said, and after how long it says so.
WAIT_S, SILENT_S, POLL_S = 60.0, 0.5, 0.1
LOCK, HOLDER = '.lock', '.holder'
# What file systems without locks answer.
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
_HOLDER_BYTES = 4096


class InUseError(InputError):
    """Another program writes the same file or folder.

    ``file`` is what it writes, ``found`` what it says of itself: ``pid``, ``host``, ``command``,
    ``since``.
    """

    code = 'in-use'


class ChangedError(InputError):
    """A file was replaced by another program while this one was working on it."""

    code = 'changed'


class _Lock:
    """A lock that this process has."""

    def __init__(self, path: Path, native: filelock.BaseFileLock | None):
        self.path, self.native = path, native
        self.pid, self.thread, self.count = os.getpid(), threading.get_ident(), 1


# Locks of this process by the path of their file.
_locks: dict[str, _Lock] = {}
_guard = threading.Lock()
_warned: set[str] = set()


class Held:
    """A lock that is held until :meth:`close`, or the end of a ``with`` block.

    Args:
        lock: The lock.
    """

    def __init__(self, lock: _Lock):
        self._lock: _Lock | None = lock

    @property
    def holder_file(self) -> Path | None:
        """The file that says who holds the lock; None after the end."""
        return None if self._lock is None else _holder_file(self._lock.path)

    def close(self) -> None:
        """Let others have it; does nothing the second time, and in a forked process."""
        lock, self._lock = self._lock, None
        if lock is None or lock.pid != os.getpid():
            return
        with _guard:
            lock.count -= 1
            if lock.count:
                return
            del _locks[str(lock.path)]
            if lock.native is None:
                return
            with contextlib.suppress(OSError):
                os.unlink(_holder_file(lock.path))
            if _descriptor(lock.native) is not None:
                # While it is locked: who waits on the removed file sees that, see _acquire.
                with contextlib.suppress(OSError):
                    os.unlink(lock.path)
            lock.native.release()

    def __enter__(self) -> Held:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def to_stderr(line: str) -> None:
    """Print a line where no output of a command is expected, at once."""
    print(line, file=sys.stderr, flush=True)


def hold(
    path: PathLike,
    what: str,
    *,
    wait: float | None = None,
    say: Callable[[str], None] = to_stderr,
) -> Held:
    """Lock a file for the time of a ``with`` block.

    Args:
        path: The file, which need not exist; its folder is made.
        what: What it is, for messages, e.g. ``'2D keypoints'``.
        wait: Seconds to wait for another program; None asks ``MMPOSE_OURS_LOCK_WAIT``, and takes
            60 where that is not set.
        say: Takes a sentence when there is something to wait for, and the warning of a file
            system without locks.

    Returns:
        What ends the lock.

    Raises:
        InUseError: Another program still has it after that time.
        InputError: ``MMPOSE_OURS_LOCK_WAIT`` is not a number of seconds.
        OSError: The folder cannot be written, or ``path`` is a link out of its folder;
            ``filename`` is ``path``.
    """
    target = Path(os.path.realpath(behind_link(path)))
    return _claim(target.with_name(f'.{target.name}{LOCK}'), path, what, wait, say, {})


def hold_folder(
    folder: PathLike,
    what: str,
    *,
    wait: float | None = None,
    say: Callable[[str], None] = to_stderr,
    about: Mapping[str, str] | None = None,
) -> Held:
    """Lock a folder whose files belong together; as :func:`hold`. The folder is made.

    Args:
        folder: The folder.
        what: What it is.
        wait: As :func:`hold`.
        say: As :func:`hold`.
        about: What the message for a waiting process says beyond process, host, command and time.

    Raises:
        InUseError, InputError, OSError: As :func:`hold`.
    """
    place = Path(os.path.realpath(folder)) / LOCK
    return _claim(place, folder, what, wait, say, about or {})


def is_lock(path: Path) -> bool:
    """Whether a file is of a lock, so that a folder with nothing else counts as empty."""
    return path.name.endswith((LOCK, LOCK + HOLDER)) and path.name.startswith('.')


def _claim(
    lock_file: Path,
    target: PathLike,
    what: str,
    wait: float | None,
    say: Callable[[str], None],
    about: Mapping[str, str],
) -> Held:
    seconds = _seconds() if wait is None else wait
    start, reported = time.monotonic(), False
    while True:
        try:
            lock_file.parent.mkdir(parents=True, exist_ok=True)
            lock = _acquire(lock_file, say, about)
        except OSError as error:
            if error.errno is None:
                raise
            raise OSError(error.errno, error.strerror, os.fspath(target)) from error
        if lock is not None:
            return Held(lock)
        waited = time.monotonic() - start
        if waited >= seconds:
            found = holder(lock_file)
            raise InUseError(
                f'{os.fspath(target)}: {what} in use by another program '
                f'({describe(found)}); wait for its end, name another place, or wait longer with '
                f'{VARIABLE}=SECONDS (now {seconds:g})',
                file=target,
                found=found,
            )
        if waited >= SILENT_S and not reported:
            reported = True
            say(
                f'{os.fspath(target)}: {what} in use by another program '
                f'({describe(holder(lock_file))}); waiting up to {seconds:g} s for its end'
            )
        time.sleep(min(POLL_S, max(0.0, seconds - waited)))


def holder(lock_file: Path) -> dict[str, str]:
    """What the holder of a lock wrote about itself; nothing where that cannot be read."""
    try:
        with open(_holder_file(lock_file), 'rb', opener=_open_plain) as file:
            data = json.loads(file.read(_HOLDER_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(data, dict):
        return {}
    return {_printable(key): _printable(value) for key, value in data.items()}


def describe(found: Mapping[str, str]) -> str:
    """The same as words: ``pid 12, host a, ...``."""
    return ', '.join(f'{key} {value}' for key, value in found.items()) or 'which is not known'


def _printable(value: Any) -> str:
    return ''.join(c if c.isprintable() else '?' for c in str(value)[:300])


def _seconds() -> float:
    text = os.environ.get(VARIABLE, '')
    try:
        seconds = float(text or WAIT_S)
    except ValueError:
        seconds = math.nan
    if not seconds >= 0:
        raise InputError(
            f'{VARIABLE}: {text[:60]!r} is not a number of seconds',
            code='out-of-range',
            found=text,
            expected='seconds',
        )
    return seconds


def _acquire(path: Path, say: Callable[[str], None], about: Mapping[str, str]) -> _Lock | None:
    """The lock; None where somebody else has it."""
    import filelock  # only now: commands that lock nothing do without

    _forget_in_children()
    with _guard:
        mine = _locks.get(str(path))
        if mine is not None:
            if mine.thread != threading.get_ident():
                return None
            mine.count += 1
            return mine
        # A link in a folder from elsewhere: older versions of filelock empty what it leads to.
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise OSError(errno.EINVAL, f'its lock {path.name} is no plain file, remove it')
        native = filelock.FileLock(str(path), mode=_mode(path.parent), thread_local=False)
        try:
            native.acquire(blocking=False)
        except filelock.Timeout:
            if not _lacks_locks(path):
                return None
            lacking = True
        except FileNotFoundError:  # removed by its holder while filelock opened it
            if not path.parent.is_dir():
                raise
            return None
        except (NotImplementedError, OSError) as error:
            if isinstance(error, OSError) and error.errno not in _NO_LOCKS:
                raise
            lacking = True
        else:
            lacking = False
        if lacking:
            _warn_once(path, say)
            lock = _Lock(path, None)
        else:
            if not _is_in_place(native, path):
                native.release()
                return None
            lock = _Lock(path, native)
            _introduce(path, about)
        _locks[str(path)] = lock
        return lock


def _is_in_place(native: filelock.BaseFileLock, path: Path) -> bool:
    """Whether the locked file is still the one that others find, not one just removed."""
    descriptor = _descriptor(native)
    if descriptor is None:
        return True
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except OSError:
        return False


def _descriptor(native: filelock.BaseFileLock) -> int | None:
    """The open file of a kernel lock; filelock has no public name for it."""
    if os.name == 'nt':
        return None
    return getattr(native._context, 'lock_file_fd', None)


def _lacks_locks(path: Path) -> bool:
    """Whether a file system has no locks, which older versions of filelock take for a holder."""
    try:
        import fcntl

        with open(path, 'rb') as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError) as error:
        return isinstance(error, OSError) and error.errno in _NO_LOCKS
    return False


def _warn_once(path: Path, say: Callable[[str], None]) -> None:
    if str(path.parent) not in _warned:
        _warned.add(str(path.parent))
        say(
            f'warning: {path.parent}: this file system has no locks, so nothing keeps a second '
            'program from writing there at the same time; run one at a time'
        )


def _mode(folder: Path) -> int:
    """The permissions of a lock file: who may write the folder may lock."""
    return 0o644 | (folder.stat().st_mode & 0o022)


def _holder_file(lock_file: Path) -> Path:
    # Apart from the lock file, which some versions of filelock empty whenever they open it.
    return lock_file.with_name(lock_file.name + HOLDER)


def _introduce(path: Path, about: Mapping[str, str]) -> None:
    """Say who holds a lock, as far as the disk lets us."""
    program, *words = sys.argv or ['']
    said = {
        'pid': str(os.getpid()),
        'host': socket.gethostname(),
        'command': shlex.join([Path(program).name, *words]),
        'since': f'{datetime.datetime.now():%Y-%m-%d %H:%M:%S}',
        **about,
    }
    text = json.dumps({key: value[:300] for key, value in said.items()})
    with contextlib.suppress(OSError):
        with open(_holder_file(path), 'w', encoding='utf-8', opener=_open_plain) as file:
            file.write(text)


def _open_plain(path: str, flags: int) -> int:
    """Open a file without following a link, and without waiting for the other end of a pipe."""
    extra = getattr(os, 'O_NOFOLLOW', 0) | getattr(os, 'O_NONBLOCK', 0)
    return os.open(path, flags | extra, 0o644)


def _forget_in_child() -> None:
    """A forked process, for example of a data loader, has none of its parent's locks.

    Without this the kernel would keep them until the last such process has ended. Newer versions
    of filelock close their files themselves.
    """
    global _guard
    _guard = threading.Lock()
    for lock in _locks.values():
        descriptor = None if lock.native is None else _descriptor(lock.native)
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(descriptor)
            lock.native._context.lock_file_fd = None  # type: ignore[union-attr]
    _locks.clear()


@functools.lru_cache(maxsize=None)
def _forget_in_children() -> None:
    # Behind filelock's own, which then has closed its files already.
    if hasattr(os, 'register_at_fork'):
        os.register_at_fork(after_in_child=_forget_in_child)
