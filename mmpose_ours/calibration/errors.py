"""The one exception of this room."""

from __future__ import annotations

import contextlib
from typing import Iterator

from mmpose_ours.errors import InputError, PathLike


class CalibrationError(InputError):
    """A calibration cannot be used; one sentence with file, camera, place and mend."""


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
        if nameless and path is not None:
            raise CalibrationError(f'{path}: {error}') from error
        raise
    except ValueError as error:
        raise CalibrationError(('' if path is None else f'{path}: ') + str(error)) from error
