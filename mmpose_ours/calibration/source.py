"""A calibration file that several formats may look at, read from disk once."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.files import FileFormatError, PathLike, read_json

# 500 cameras of Panoptic JSON are about 1 MB; whatever is larger is no calibration.
MAX_BYTES = 64 * 2**20


class Source:
    """One calibration file on disk.

    Args:
        path: The file.

    Raises:
        CalibrationError: There is no such file, or it is far too large.
    """

    def __init__(self, path: PathLike):
        self.path = Path(path)
        try:
            is_file, size = self.path.is_file(), self.path.stat().st_size
        except OSError as error:
            raise CalibrationError(
                f'{path}: cannot be read ({error.strerror}); check the path'
            ) from error
        except ValueError as error:  # a null byte in the path
            raise CalibrationError(f'{path!r}: is no path ({error})') from error
        if not is_file:
            raise CalibrationError(f'{path}: is no file; name the calibration file itself')
        if size > MAX_BYTES:
            raise CalibrationError(
                f'{path}: {size / 2**20:.0f} MB is too large for a calibration '
                f'(at most {MAX_BYTES // 2**20} MB); name the calibration file itself'
            )

    @functools.cached_property
    def json(self) -> Any:
        """The parsed content.

        Raises:
            CalibrationError: The file is no JSON; names line and column.
        """
        try:
            return read_json(self.path)
        except FileFormatError as error:
            raise CalibrationError(
                f'{error}; correct it or export the calibration again'
            ) from error
        except OSError as error:
            raise CalibrationError(
                f'{self.path}: cannot be read ({error.strerror}); check its permissions'
            ) from error

    def check_syntax(self) -> None:
        """Raise a CalibrationError where a file named ``.json`` is no JSON."""
        if self.path.suffix.lower() == '.json':
            _ = self.json

    @property
    def json_or_none(self) -> Any | None:
        """The parsed content, or None where the file is no JSON."""
        try:
            return self.json
        except CalibrationError:
            return None
