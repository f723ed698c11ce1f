"""Values out of parsed JSON, checked: arrays of numbers, whole numbers, names, lists of objects.

Everything here looks at the types that the JSON parser makes before anything else is done with a
value, so that no text is evaluated, no list becomes an array of objects, and no integer overflows.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any, Sequence

import numpy as np

from mmpose_ours.errors import FileFormatError, InputError, PathLike
from mmpose_ours.io.json_schema import show

# Names of cameras, frames and images; file systems end at 255 bytes.
MAX_NAME = 1000
MAX_INTEGER = 2**63 - 1


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a value stands: what messages and the fields of errors say of it.

    Args:
        file: The file.
        at: The place in it, e.g. ``people[3]``.
        camera: The camera, where it is known.
        frame: The frame, where it is known.
    """

    file: PathLike
    at: str = ''
    camera: str | None = None
    frame: str | int | None = None

    def __getitem__(self, step: str | int) -> Place:
        """The place of one of a list's items, or of one of an object's values."""
        more = f'[{step}]' if isinstance(step, int) else f'.{step}' if self.at else step
        return dataclasses.replace(self, at=self.at + more)

    def __str__(self) -> str:
        return f'{self.file}: {self.at}' if self.at else f'{self.file}'

    def error(
        self,
        found: str,
        expected: str,
        fix: str = 'export it again',
        *,
        value: Any,
        wanted: Any = None,
        code: str | None = None,
    ) -> FileFormatError:
        """The error that something else stands here than should.

        Args:
            found: What stands here, as what follows the place: ``'is a text'``.
            expected: What should.
            fix: What to do next.
            value: The field ``found``: what stands here, as it is.
            wanted: The field ``expected``, where that is no text: a shape, a limit, names.
            code: One of :data:`mmpose_ours.errors.CODES`; None is ``'file-format'``.
        """
        known = (('camera', self.camera), ('frame', self.frame))
        who = ', '.join(f'{what} {show(name)}' for what, name in known if name is not None)
        return FileFormatError(
            f'{self}{f" ({who})" if who else ""} {found}, expected {expected}; {fix}',
            file=self.file,
            camera=self.camera,
            frame=self.frame,
            found=value,
            expected=expected if wanted is None else wanted,
            code=code,
        )

    def refused(self, error: InputError) -> FileFormatError:
        """An error about what stands here, whose raiser did not know the file."""
        return error.reworded(
            FileFormatError,
            f'{self.file}: {error}',
            file=self.file,
            camera=self.camera,
            frame=self.frame,
        )


def numbers(value: Any, shape: Sequence[int | None], place: Place) -> np.ndarray:
    """Nested lists of numbers as an array.

    Args:
        value: As parsed.
        shape: Length of each axis; None where any will do.
        place: Where it stands.

    Returns:
        float64 of the shape; NaN and infinity as they stand there.

    Raises:
        FileFormatError: It is no such array, or a number is beyond the range of float64.
    """
    expected = f'numbers of shape ({", ".join("any" if n is None else str(n) for n in shape)})'
    level, lengths = [value], []
    for axis, wanted in enumerate(shape):
        if not {*map(type, level)} <= {list}:
            odd = next(part for part in level if type(part) is not list)
            raise place.error(
                f'has {show(odd)} where a list of axis {axis} should be',
                expected,
                value=odd,
                wanted=tuple(shape),
                code='wrong-shape',
            )
        counts = {*map(len, level)}
        if len(counts) > 1:
            raise place.error(
                f'has lists of {min(counts)} and of {max(counts)} values',
                expected,
                value=sorted(counts),
                wanted=tuple(shape),
                code='wrong-shape',
            )
        length = counts.pop() if counts else wanted or 0
        if wanted is not None and length != wanted:
            raise place.error(
                f'has lists of {length} values',
                expected,
                value=length,
                wanted=tuple(shape),
                code='wrong-shape',
            )
        lengths.append(length)
        level = list(itertools.chain.from_iterable(level))
    if not {*map(type, level)} <= {int, float}:
        odd = next(part for part in level if type(part) not in (int, float))
        raise place.error(
            f'has {show(odd)} among its numbers', expected, value=odd, wanted=tuple(shape)
        )
    try:
        return np.array(level, np.float64).reshape(lengths)
    except OverflowError as error:
        largest = max(level, key=abs)
        raise place.error(
            'has a number beyond 1e308', expected, value=largest, wanted=1e308, code='out-of-range'
        ) from error


def checked_whole(value: Any, place: Place, least: int = 0) -> int:
    """A whole number that fits in 64 bits.

    Args:
        value: As parsed.
        place: Where it stands.
        least: The smallest that is allowed.

    Raises:
        FileFormatError: It is something else.
    """
    if type(value) is not int or not least <= value <= MAX_INTEGER:
        raise place.error(
            f'is {show(value)}',
            f'a whole number from {least} to {MAX_INTEGER}',
            value=value,
            wanted=(least, MAX_INTEGER),
            code='out-of-range' if type(value) is int else None,
        )
    return value


def objects(value: Any, place: Place, what: str = 'objects') -> list[dict[str, Any]]:
    """A list of objects.

    Args:
        value: As parsed.
        place: Where it stands.
        what: What they are, for the message.

    Raises:
        FileFormatError: It is something else.
    """
    if type(value) is not list:
        raise place.error(f'is {show(value)}', f'a list of {what}', value=value)
    for index, each in enumerate(value):
        if type(each) is not dict:
            raise place[index].error(
                f'is {show(each)}', f'one of the {what}, an object', value=each
            )
    return value


def checked_name(value: Any, place: Place) -> str:
    """The name of a camera, a frame or an image.

    Args:
        value: As parsed.
        place: Where it stands.

    Raises:
        FileFormatError: It is no text, empty, or longer than any file's name.
    """
    if type(value) is not str or not 0 < len(value) <= MAX_NAME:
        found = f'has {len(value)} characters' if type(value) is str else f'is {show(value)}'
        raise place.error(
            found,
            f'a name of 1 to {MAX_NAME} characters',
            'rename it',
            value=value,
            wanted=(1, MAX_NAME),
            code='out-of-range' if type(value) is str else None,
        )
    return value
