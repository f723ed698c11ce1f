"""Messages of native libraries, which no logger and no ``warnings`` filter reaches."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from typing import Iterator

_STDERR = 2


@contextlib.contextmanager
def native_output_hidden() -> Iterator[None]:
    """Hide what a block writes to the process's standard error, and Python's warnings.

    For libraries in C++ that greet on standard error and offer no way to switch it off. What
    other threads write there meanwhile is hidden as well, so the block should be short. An
    exception passes through. With ``MMPOSE_OURS_DEBUG=1`` nothing is hidden.
    """
    if os.environ.get('MMPOSE_OURS_DEBUG', '') not in ('', '0'):
        yield
        return
    try:
        if sys.stderr is not None:
            sys.stderr.flush()
        kept = os.dup(_STDERR)
    except (OSError, ValueError):  # there is none
        yield
        return
    hole = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(hole, _STDERR)
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(kept)
        os.close(hole)
