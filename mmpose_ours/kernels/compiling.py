"""Compilation by Numba, with compiled code kept on disk from one process to the next.

Numba looks at a function's own file when it decides whether cached code is up to date, not at the
functions that it calls and the constants that it reads. The cache of this package therefore has the
hash of all its source files in its path.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import os
import tempfile
from pathlib import Path
from typing import Any, Callable

import numba
import platformdirs

_log = logging.getLogger(__name__)
# Sums may be reordered, so that they are vectorised; NaN and infinity keep their meaning.
_FASTMATH = {'reassoc', 'contract', 'nsz', 'arcp'}


def compiled(function: Callable) -> Any:
    """Compile a function at its first call, or take the code from the cache.

    It releases Python's global lock, so that threads can work on several frames at a time.
    """
    cached = cache_folder()
    config: Any = numba.config
    before = config.CACHE_DIR
    # Numba reads the folder when a function is decorated.
    config.CACHE_DIR = cached or before
    try:
        return numba.njit(
            cache=cached is not None, nogil=True, fastmath=_FASTMATH, error_model='numpy'
        )(function)
    finally:
        config.CACHE_DIR = before


@functools.lru_cache(maxsize=1)
def cache_folder() -> str | None:
    """The folder of compiled code: the first that can be written; None where none can.

    These are ``NUMBA_CACHE_DIR``, the ``__pycache__`` beside the source files, and the user's own
    cache. Without any of them, every process compiles for itself.
    """
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(here.glob('*.py')):
        digest.update(path.read_bytes())
    for parent in (
        os.environ.get('NUMBA_CACHE_DIR'),
        here / '__pycache__',
        platformdirs.user_cache_dir('mmpose_ours', appauthor=False),
    ):
        if not parent:
            continue
        folder = Path(parent) / f'kernels-{digest.hexdigest()[:16]}'
        new = not folder.is_dir()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError:
            continue
        if new:
            _log.warning(
                'compiling the geometry, once, into %s: a minute or more on a busy machine', folder
            )
        return str(folder)
    _log.warning(
        'compiling the geometry, up to a minute in every process: no folder for compiled code can '
        'be written; set NUMBA_CACHE_DIR to one'
    )
    return None
