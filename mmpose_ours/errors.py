"""The errors that this package raises for what a user gave it.

Anything else that comes out of a reader is a bug. Operating system errors (a missing file, a full
disk) stay ``OSError``.
"""

from __future__ import annotations

import os
from typing import Any, ClassVar, Union

from mmpose_ours.text import printable

PathLike = Union[str, 'os.PathLike[str]']
# Characters of a message: a name in a file may have millions.
_LONGEST = 4000


class InputError(ValueError):
    """Input that cannot be used.

    Args:
        message: What was found, what was expected, where, and what to do next. Control
            characters in it, of a name for example, are escaped, and what is longer than some
            thousand characters loses its middle; the fields have names as they are.
        file: The file at fault.
        camera: The camera at fault.
        frame: The frame at fault.
        found: What was found.
        expected: What was expected.

    Attributes:
        code: Names the kind of error; does not change between versions.
    """

    code: ClassVar[str] = 'invalid-input'

    def __init__(
        self,
        message: str,
        *,
        file: PathLike | None = None,
        camera: str | None = None,
        frame: str | int | None = None,
        found: Any = None,
        expected: Any = None,
    ):
        super().__init__(_shortened(printable(_shortened(message), keep='\n\t')))
        self.file = None if file is None else os.fspath(file)
        self.camera = camera
        self.frame = frame
        self.found = found
        self.expected = expected


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return f'{text[: _LONGEST // 2]} [...] {text[-_LONGEST // 2 :]}'


class FileFormatError(InputError):
    """A file cannot be read as what it was said to be."""

    code = 'file-format'


class LimitError(FileFormatError):
    """Reading a file would take more memory or time than is allowed.

    Args:
        file: The file.
        limit: The field of :class:`mmpose_ours.io.limits.Limits`.
        found: How much the file has, or claims to have.
        allowed: The limit.
        what: What is counted, e.g. ``'pixels'``.
    """

    code = 'limit-exceeded'

    def __init__(self, file: PathLike | None, limit: str, found: float, allowed: float, what: str):
        where = '' if file is None else f'{os.fspath(file)}: '
        super().__init__(
            f'{where}{found:,.0f} {what} exceed the limit of {allowed:,.0f}; if you trust the '
            f'source of the file, set MMPOSE_OURS_LIMITS={limit}={found:.0f} and try again',
            file=file,
            found=found,
            expected=allowed,
        )
        self.limit = limit
