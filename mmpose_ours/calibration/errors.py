"""The errors of calibration readers and writers."""

from __future__ import annotations

import contextlib
import os
from typing import Any, Iterator

from mmpose_ours.errors import InputError, LimitError, PathLike
from mmpose_ours.io.limits import limits


class CalibrationError(InputError):
    """A calibration cannot be used; one sentence with file, camera, place and fix.

    Args:
        message: See :class:`mmpose_ours.errors.InputError`, whose fields it has too.
        place: Where in the file, as ``cameras[2].K[0]``; empty where it is the file as a whole,
            or the cameras contradict each other.
    """

    def __init__(self, message: str, *, place: str = '', **fields: Any):
        super().__init__(message, **fields)
        self.place = place


class CalibrationLimitError(LimitError, CalibrationError):
    """A calibration is larger than the limits of :mod:`mmpose_ours.io.limits` allow."""


def check_limit(name: str, found: int, what: str, path: PathLike | None = None) -> None:
    """Refuse what exceeds a limit.

    Args:
        name: The field of :class:`mmpose_ours.io.limits.Limits`.
        found: How much there is.
        what: What is counted, e.g. ``'cameras'``.
        path: The file.

    Raises:
        CalibrationLimitError: ``found`` is more than the limit.
    """
    allowed = getattr(limits(), name)
    if found > allowed:
        raise CalibrationLimitError(path, name, found, allowed, what)


@contextlib.contextmanager
def about(path: PathLike | None = None, nameless: bool = False) -> Iterator[None]:
    """Turn a ValueError, such as a camera's, into a CalibrationError that names the file.

    Args:
        path: The file; None where nobody knows it here.
        nameless: CalibrationErrors from inside do not name it yet either.
    """
    try:
        yield
    except CalibrationError as error:
        if path is None:
            raise
        if nameless:
            raise _with_path(error, path) from error
        if error.file is None:
            error.file = os.fspath(path)
        raise
    except ValueError as error:
        raise _with_path(error, path) from error


def _with_path(error: ValueError, path: PathLike | None) -> CalibrationError:
    """The same error, whose message begins with the file."""
    known = error if isinstance(error, InputError) else InputError('')
    where = '' if path is None else f'{os.fspath(path)}: '
    place = getattr(error, 'place', '')
    return known.reworded(CalibrationError, f'{where}{error}', file=path, place=place)
