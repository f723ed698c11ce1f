"""The one exception of this room."""

from __future__ import annotations

import contextlib
from typing import Iterator

from mmpose_ours.files import PathLike


class CalibrationError(ValueError):
    """A calibration cannot be used; one sentence with file, camera, place and mend."""


@contextlib.contextmanager
def about(path: PathLike) -> Iterator[None]:
    """Turn a ValueError, such as a camera's, into a CalibrationError that names the file."""
    try:
        yield
    except CalibrationError:
        raise
    except ValueError as error:
        raise CalibrationError(f'{path}: {error}') from error
