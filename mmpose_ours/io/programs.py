"""How a program of this package begins and ends: its threads, its errors, its exit status."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from typing import Any, Callable, MutableMapping, Sequence

from mmpose_ours.io.disk.files import explain_os_error
from mmpose_ours.io.terminal import escaped_streams, one_line
from mmpose_ours.text import arguments_as_options

# Exit statuses; 70 and 71 after sysexits.h, 130 as shells have it.
BAD_INPUT, INTERNAL_ERROR, NO_MEMORY, INTERRUPTED = 2, 70, 71, 130


def let_waiting_threads_sleep(environ: MutableMapping[str, str]) -> None:
    """Let OpenMP's threads sleep when they have waited for each other for a moment.

    By default they keep their core busy 15 times as long, while the thread that they wait for has
    none as soon as another program runs: a training step of 0.2 s then takes up to 15 s. It counts
    before torch is loaded, here and in the processes that this one starts; what the user set stays.

    Args:
        environ: ``os.environ``.
    """
    if 'OMP_WAIT_POLICY' in environ:
        return
    # GNU's OpenMP counts turns of a loop (by default 300,000), Intel's milliseconds (200).
    environ.setdefault('GOMP_SPINCOUNT', '20000')
    environ.setdefault('KMP_BLOCKTIME', '1')


def add_debug(parser: argparse.ArgumentParser) -> None:
    """Declare ``--debug``, which :func:`guarded` looks for."""
    parser.add_argument(
        '--debug',
        action='store_true',
        default=argparse.SUPPRESS,
        help='show the traceback of an error (or MMPOSE_OURS_DEBUG=1)',
    )


def guarded(program: str, argv: Sequence[str], call: Callable[[], int]) -> int:
    """Run a program; an error becomes one sentence on stderr, and control characters are escaped.

    Args:
        program: What stands before the sentence.
        argv: The arguments; with ``--debug`` among them errors keep their traceback.
        call: Parses and runs.

    Returns:
        The program's exit status: its own, or :data:`BAD_INPUT` for what the user gave,
        :data:`INTERNAL_ERROR` for a bug of this package, :data:`NO_MEMORY`, :data:`INTERRUPTED`.
    """
    let_waiting_threads_sleep(os.environ)
    debug = '--debug' in argv or os.environ.get('MMPOSE_OURS_DEBUG', '') not in ('', '0')
    with escaped_streams(), arguments_as_options():
        try:
            return call()
        except BrokenPipeError:
            # The reader (head, less) has seen enough. What is left must not be flushed at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except KeyboardInterrupt:
            return INTERRUPTED
        except Exception as error:
            if debug:
                sys.excepthook = _print_traceback
                raise
            message, status = explain_error(error)
            print(f'{program}: {one_line(message)}', file=sys.stderr)
            return status


def explain_error(error: Exception) -> tuple[str, int]:
    """What to tell the user about an exception, and the exit status.

    Only what this package raises for bad input, and what the operating system refuses, is the
    user's; anything else is called a bug, with the way to report it.
    """
    if isinstance(error, ImportError):
        hint = '`mmpose-ours doctor` says what is missing and how to add it'
        return f'error: {error}; {hint}', BAD_INPUT
    if isinstance(error, OSError):
        return f'error: {explain_os_error(error)}', BAD_INPUT
    if isinstance(error, ValueError):
        return f'error: {error}', BAD_INPUT
    # torch.OutOfMemoryError, of a GPU, is a RuntimeError; torch itself may not be there.
    if isinstance(error, MemoryError) or type(error).__name__ == 'OutOfMemoryError':
        about = one_line(error).partition('. ')[0]
        return (
            f'error: not enough memory{f" ({about})" if about else ""}; work on fewer frames or '
            'cameras at once, for example with a smaller --batch-size, or on a larger machine'
        ), NO_MEMORY
    where = traceback.extract_tb(error.__traceback__)[-1:]
    place = ''.join(f' at {os.path.basename(at.filename)}:{at.lineno}' for at in where)
    return (
        f'internal error: {type(error).__name__}: {str(error)[:500]}{place}; this is a bug in '
        'mmpose_ours: run the same command again with --debug (or MMPOSE_OURS_DEBUG=1) and report '
        "what it prints in the project's issue tracker"
    ), INTERNAL_ERROR


def _print_traceback(kind: Any, error: Any, trace: Any) -> None:
    with escaped_streams():
        traceback.print_exception(kind, error, trace)
