"""The errors that this package raises for what a user gave it.

Anything else that comes out of a reader is a bug. Operating system errors (a missing file, a full
disk) stay ``OSError``. Every error has a code of :data:`CODES`, which programs and tests can rely
on; the sentence is for people and may change. A sentence that names an argument does so with
:func:`mmpose_ours.text.argument`, which the command line spells as an option.
"""

from __future__ import annotations

import os
from typing import Any, TypeVar, Union

from mmpose_ours.text import printable

_Kind = TypeVar('_Kind', bound='InputError')
PathLike = Union[str, 'os.PathLike[str]']
# Characters of a message: a name in a file may have millions.
_LONGEST = 4000

# Code of an error -> what it says. Codes do not change between versions.
CODES = {
    'invalid-input': 'none of the others',
    'ambiguous': 'could be read in more ways than one',
    'cannot-express': 'the output format, model or function cannot hold or handle what is there',
    'changed': 'written by another run meanwhile, or made from other input',
    'checkpoint': 'weights that do not fit the model, or are none',
    'conflict': 'two things that were said exclude each other, or contradict',
    'damaged': 'torn, truncated or corrupt',
    'download': 'a file cannot be had from the network',
    'duplicate': 'something that must be unique is there twice',
    'file-format': 'not what it was said to be: syntax, structure or type of a file',
    'in-use': 'another run holds it',
    'limit-exceeded': 'more memory or time than is allowed',
    'missing-value': 'something needed is not said: a field, a size, a unit, an option',
    'no-data': 'nothing, or too little, to work with',
    'no-match': 'files or frames that should belong together do not',
    'not-finite': 'NaN or infinity where a number must be',
    'out-of-range': 'a number outside what is possible or plausible',
    'unknown-camera': 'no camera of this name',
    'unknown-name': 'no joint, skeleton, format, data set, detector ... of this name',
    'unsafe': 'would run code, or leave its folder',
    'wrong-shape': 'an array or list of another size or form than expected',
}


class InputError(ValueError):
    """Input that cannot be used.

    Args:
        message: What was found, what was expected, where, and what to do next. Control
            characters in it, of a name for example, are escaped, and what is longer than some
            thousand characters loses its middle; the fields have names as they are.
        code: One of :data:`CODES`. None means the code of the class.
        file: The file at fault.
        camera: The camera at fault.
        frame: The frame at fault.
        found: What was found.
        expected: What was expected.

    Attributes:
        code: One of :data:`CODES`.

    Raises:
        KeyError: ``code`` is not one of :data:`CODES`.

    Examples:
        >>> from mmpose_ours import Camera
        >>> try:
        ...     Camera.looking_at('top', (0, 0, 4000), (0, 0, 0), 800, (640, 480))
        ... except InputError as error:
        ...     print(error.code, error.camera, error.found)
        out-of-range top (0.0, 0.0, 0.0)
    """

    code: str = 'invalid-input'

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if cls.code not in CODES:
            raise KeyError(cls.code)

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        file: PathLike | None = None,
        camera: str | None = None,
        frame: str | int | None = None,
        found: Any = None,
        expected: Any = None,
    ):
        super().__init__(_shortened(printable(_shortened(message), keep='\n\t')))
        if code is not None:
            if code not in CODES:
                raise KeyError(code)
            self.code = code
        self.file = None if file is None else os.fspath(file)
        self.camera = camera
        self.frame = frame
        self.found = found
        self.expected = expected

    def reworded(self, kind: type[_Kind], message: str, **fields: Any) -> _Kind:
        """An error that says more, of another type perhaps; code and fields are this one's.

        Args:
            kind: Its type.
            message: Its sentence.
            fields: Fields that change.
        """
        names = ('code', 'file', 'camera', 'frame', 'found', 'expected')
        return kind(message, **{**{name: getattr(self, name) for name in names}, **fields})


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
