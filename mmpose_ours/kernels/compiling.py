"""Compilation by Numba, with compiled code kept on disk from one process to the next.

Numba looks at a function's own file when it decides whether cached code is up to date, not at the
functions that it calls and the constants that it reads. The cache of this package therefore has the
hash of all its source files in its path.

What keeps compilation short: numbers in loops instead of array expressions (Numba compiles its own
NumPy for each of these), float64 and int64 arrays in C order only, and functions that call few
others, since Numba compiles a function again into each one that calls it. So the steps of
:mod:`.people` and :mod:`.estimates` are joined in Python.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import os
import tempfile
import threading
from pathlib import Path
from typing import Any, Callable, Iterator

import platformdirs
from filelock import FileLock

_log = logging.getLogger(__name__)
# Sums may be reordered, so that they are vectorised; NaN and infinity keep their meaning.
_FASTMATH = {'reassoc', 'contract', 'nsz', 'arcp'}
# Seconds that a process waits for another one that compiles, before it compiles itself.
_PATIENCE_S = 300.0
_depth = threading.local()


def compiled(function: Callable) -> Any:
    """Compile a function at its first call, or take the code from the cache.

    It releases Python's global lock, so that threads can work on several frames at a time. Without
    Numba, the function itself runs: the same results, some hundred times slower.
    """
    numba = _numba()
    if numba is None:
        return function
    folder = cache_folder()
    before = numba.config.CACHE_DIR
    # Numba reads the folder when a function is decorated.
    numba.config.CACHE_DIR = folder or before
    try:
        options = dict(nogil=True, fastmath=_FASTMATH, error_model='numpy')
        dispatcher = numba.njit(cache=folder is not None, **options)(function)
    finally:
        numba.config.CACHE_DIR = before
    compile_or_load = dispatcher.compile

    def compile_once(signature: Any) -> Any:
        with _one_process_at_a_time():
            return compile_or_load(signature)

    # Numba calls this for types that the process has not met.
    dispatcher.compile = compile_once
    return dispatcher


@functools.lru_cache(maxsize=1)
def _numba() -> Any:
    try:
        import numba
    except ImportError as error:  # missing, or it refuses the installed NumPy
        _log.warning('geometry runs without Numba, some hundred times slower: %s', error)
        return None
    return numba


@functools.lru_cache(maxsize=1)
def cache_folder() -> str | None:
    """The folder of compiled code: the first that can be written; None where none can.

    These are ``NUMBA_CACHE_DIR``, the ``__pycache__`` beside the source files, and the user's own
    cache (``MMPOSE_OURS_CACHE``). Without any of them, every process compiles for itself. Only the
    user may read the folder and write into it, because what lies there is run.
    """
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(here.glob('*.py')):
        digest.update(path.read_bytes())
    for parent in (
        os.environ.get('NUMBA_CACHE_DIR'),
        here / '__pycache__',
        os.environ.get('MMPOSE_OURS_CACHE')
        or platformdirs.user_cache_dir('mmpose_ours', appauthor=False),
    ):
        if not parent:
            continue
        folder = Path(parent) / f'kernels-{digest.hexdigest()[:16]}'
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            if _is_private(folder):
                with tempfile.TemporaryFile(dir=folder):
                    return str(folder)
        except OSError:
            continue
    return None


def _is_private(folder: Path) -> bool:
    """Whether nobody but the user can write into a folder (not known on Windows: True)."""
    if not hasattr(os, 'getuid'):
        return True
    status = folder.stat()
    return status.st_uid == os.getuid() and not status.st_mode & 0o022


@contextlib.contextmanager
def _one_process_at_a_time() -> Iterator[None]:
    """Let one process compile, while others wait for its code; says so where it takes long."""
    if getattr(_depth, 'value', 0):  # a function that is compiled calls another one
        yield
        return
    _depth.value = 1
    folder = cache_folder()
    lock = FileLock(Path(folder) / 'lock', timeout=_PATIENCE_S) if folder else None
    try:
        if lock is not None:
            # Two processes that compile write the same code: a lock saves time, no more.
            with contextlib.suppress(OSError, NotImplementedError):
                lock.acquire()
        _announce(folder)
        yield
    finally:
        if lock is not None:
            lock.release()
        _depth.value = 0


@functools.lru_cache(maxsize=1)
def _announce(folder: str | None) -> None:
    if folder is None:
        _log.warning(
            'compiling the geometry in every process: no folder for compiled code can be written; '
            'set NUMBA_CACHE_DIR to one'
        )
    elif not any(Path(folder).rglob('*.nbi')):
        _log.warning('compiling the geometry, once, into %s', folder)
