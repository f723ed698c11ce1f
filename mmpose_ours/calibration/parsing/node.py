"""A place in a parsed calibration file: values come out checked, errors name the place.

For formats without a JSON Schema (TOML, YAML, XML text, MATLAB, JSON of other tools).
"""

from __future__ import annotations

import math
from typing import Any, Iterator, NoReturn, Sequence

import numpy as np

from mmpose_ours.calibration.errors import CalibrationError, check_limit
from mmpose_ours.calibration.parsing.file import EXPORT_AGAIN, File
from mmpose_ours.calibration.parsing.schema import LARGEST_NUMBER, range_code
from mmpose_ours.errors import PathLike
from mmpose_ours.io.json_schema import format_place, show

MAX_IMAGE_SIDE = 1_000_000


class Node:
    """A value of a parsed file, and where it stands.

    Args:
        value: What the parser built there.
        path: The file.
        place: Keys and indices that lead to it.
        camera: The camera that it belongs to, for messages.
    """

    def __init__(
        self,
        value: Any,
        path: PathLike,
        place: Sequence[Any] = (),
        camera: str | None = None,
    ):
        self.value, self.path, self.place, self.camera = value, path, tuple(place), camera

    @classmethod
    def of(cls, file: File, *kinds: str) -> Node:
        """The whole of a file that is parsed as one of ``kinds``, the first that fits.

        Raises:
            CalibrationError: It is none of them; the first kind's syntax error.
        """
        kind = next((kind for kind in kinds if file.kind == kind), kinds[0])
        return cls(getattr(file, kind), file.path)

    def of_camera(self, name: str) -> Node:
        """The same place, known to belong to a camera."""
        return Node(self.value, self.path, self.place, name)

    def _child(self, step: Any, value: Any) -> Node:
        return Node(value, self.path, (*self.place, step), self.camera)

    def __contains__(self, key: str) -> bool:
        return self.get(key) is not None

    def __getitem__(self, key: str) -> Node:
        """The entry of a mapping.

        Raises:
            CalibrationError: It is no mapping, or has no such entry.
        """
        found = self.get(key)
        if found is None:
            self.fail(
                f'has no {key!r}',
                repr(key),
                code='missing-value',
                found=list(self.value),
                expected=key,
            )
        return found

    def get(self, *keys: str) -> Node | None:
        """The entry of a mapping under the first key that it has; None without one, or null.

        Raises:
            CalibrationError: It is no mapping.
        """
        if not isinstance(self.value, dict):
            self.fail(f'is {show(self.value)}', 'an object')
        for key in keys:
            if self.value.get(key) is not None:
                return self._child(key, self.value[key])
        return None

    def items(self) -> Iterator[tuple[str, Node]]:
        """The entries of a mapping.

        Raises:
            CalibrationError: It is no mapping.
        """
        if not isinstance(self.value, dict):
            self.fail(f'is {show(self.value)}', 'an object')
        check_limit('cameras', len(self.value), 'entries', self.path)
        return ((str(key), self._child(key, value)) for key, value in self.value.items())

    def elements(self) -> list[Node]:
        """The elements of a list.

        Raises:
            CalibrationError: It is not a list.
        """
        if not isinstance(self.value, (list, tuple)):
            self.fail(f'is {show(self.value)}', 'a list')
        check_limit('cameras', len(self.value), 'entries', self.path)
        return [self._child(index, value) for index, value in enumerate(self.value)]

    def text(self, what: str = '') -> str:
        """A text, or a whole number as text.

        Raises:
            CalibrationError: It is neither.
        """
        if isinstance(self.value, bool) or not isinstance(self.value, (str, int)):
            self.fail(f'is {show(self.value)}', 'a text', what)
        return str(self.value)

    def words(self) -> Node:
        """The words of a text, for numbers one after the other.

        Raises:
            CalibrationError: It is no text.
        """
        return Node(self.text().split(), self.path, self.place, self.camera)

    def flag(self, what: str = '') -> bool:
        """True or false.

        Raises:
            CalibrationError: It is neither.
        """
        value = self.value
        if isinstance(value, str) and value.lower() in ('true', 'false'):
            value = value.lower() == 'true'
        if not isinstance(value, (bool, np.bool_)) and value not in (0, 1):
            self.fail(f'is {show(value)}', 'true or false', what)
        return bool(value)

    def number(self, what: str = '') -> float:
        """A finite number; a text that spells one counts (YAML reads ``1e-5`` as text).

        Raises:
            CalibrationError: It is none.
        """
        value: Any = self.value
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                value = None
        if isinstance(value, (bool, np.bool_)) or not isinstance(
            value, (int, float, np.integer, np.floating)
        ):
            self.fail(f'is {show(self.value)}', 'a number', what)
        if not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
            self.fail(
                f'is {show(value)}',
                f'a finite number of at most {LARGEST_NUMBER:g}',
                what,
                code=range_code(value),
                expected=LARGEST_NUMBER,
            )
        return float(value)

    def whole(self, what: str = '') -> int:
        """A whole number, also as ``1280.0``.

        Raises:
            CalibrationError: It is none.
        """
        value = self.number(what)
        if value != int(value):
            self.fail(f'is {show(self.value)}', 'a whole number', what)
        return int(value)

    def numbers(self, what: str = '', most: int = 1000) -> np.ndarray:
        """All numbers of a list, nested or flat, of an array or of an OpenCV matrix: (N,).

        Raises:
            CalibrationError: Something in it is not a number, or there are more than ``most``.
        """
        found: list[float] = []
        self._collect(found, what, most, depth=0)
        return np.array(found)

    def _collect(self, found: list, what: str, most: int, depth: int) -> None:
        value = self.value
        if isinstance(value, dict) and 'data' in value:  # OpenCV's matrix
            self._child('data', value['data'])._collect(found, what, most, depth + 1)
        elif isinstance(value, (list, tuple, np.ndarray)):
            size = value.size if isinstance(value, np.ndarray) else len(value)
            if depth > 3 or size > most:
                self.fail(
                    f'is {show(value)}',
                    f'a list of at most {most} numbers',
                    what,
                    code='wrong-shape',
                    expected=most,
                )
            items = value.tolist() if isinstance(value, np.ndarray) else value
            if not isinstance(items, list):
                items = [items] if not isinstance(items, tuple) else list(items)
            for index, item in enumerate(items):
                self._child(index, item)._collect(found, what, most, depth + 1)
        else:
            found.append(self.number(what))
            if len(found) > most:
                self.fail(
                    'has too many values',
                    f'at most {most}',
                    what,
                    code='wrong-shape',
                    found=len(found),
                    expected=most,
                )

    def array(self, *shape: int, what: str = '') -> np.ndarray:
        """Numbers of a given shape, however they are nested (row by row).

        Raises:
            CalibrationError: It holds another number of numbers.
        """
        count = math.prod(shape)
        found = self.numbers(what)
        if len(found) != count:
            wanted = f'{"x".join(map(str, shape))} numbers'
            self._fail_count(found, wanted, what, shape)
        return found.reshape(shape)

    def one_of(self, counts: Sequence[int], what: str = '') -> np.ndarray:
        """(N,) numbers where N is one of ``counts``.

        Raises:
            CalibrationError: It holds another number of numbers.
        """
        found = self.numbers(what)
        if len(found) not in counts:
            wanted = f'{" or ".join(map(str, counts))} numbers'
            self._fail_count(found, wanted, what, tuple(counts))
        return found

    def _fail_count(
        self, numbers: np.ndarray, wanted: str, what: str, expected: tuple[int, ...]
    ) -> NoReturn:
        self.fail(
            f'has {len(numbers)} values',
            wanted,
            what,
            code='wrong-shape',
            found=len(numbers),
            expected=expected,
        )

    def image_size(self, what: str = 'image width and height in pixels') -> tuple[int, int]:
        """(width, height), two whole numbers above 0.

        Raises:
            CalibrationError: It is something else.
        """
        width, height = self.array(2, what=what)
        if not all(side == int(side) and 0 < side <= MAX_IMAGE_SIDE for side in (width, height)):
            self.fail(
                f'is {width:g}, {height:g}',
                'two whole numbers of pixels',
                what,
                code='out-of-range',
                found=(width, height),
                expected=(1, MAX_IMAGE_SIDE),
            )
        return int(width), int(height)

    def fail(
        self,
        is_what: str,
        wanted: str,
        what: str = '',
        *,
        code: str = 'file-format',
        found: Any = None,
        expected: Any = None,
    ) -> NoReturn:
        """Raise a CalibrationError about this place.

        Args:
            is_what: What was found, as the sentence says it: ``'is 5'``.
            wanted: What was expected, as the sentence says it.
            what: What the value means.
            code: See :data:`mmpose_ours.errors.CODES`.
            found: The error's field; None is the value.
            expected: The error's field; None is ``wanted``.

        Raises:
            CalibrationError: Always; names file, camera, place, found and expected.
        """
        who = '' if self.camera is None else f'camera {self.camera!r}, '
        about = f' ({what})' if what else ''
        raise CalibrationError(
            f'{self.path}: {who}{format_place(self.place)} {is_what}, expected {wanted}{about}; '
            f'{EXPORT_AGAIN}',
            code=code,
            file=self.path,
            camera=self.camera,
            found=self.value if found is None else found,
            expected=wanted if expected is None else expected,
        )
