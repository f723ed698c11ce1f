"""One file of a calibration, which several formats may look at, parsed once.

What is parsed is data: JSON, TOML, YAML and XML by parsers that build plain values only, within
:mod:`mmpose_ours.io.limits`. This module does **not** know what the values mean.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import re
from pathlib import Path
from typing import Any, BinaryIO, Callable, Iterator

from mmpose_ours.calibration.errors import (
    CalibrationError,
    CalibrationLimitError,
    check_limit,
)
from mmpose_ours.calibration.parsing.parsers_by_kind import parse
from mmpose_ours.calibration.parsing.small_arrays import STARTS as ARRAY_STARTS
from mmpose_ours.calibration.parsing.small_arrays import read_small_arrays
from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.disk.regular_files import open_regular
from mmpose_ours.io.limits import limits

EXPORT_AGAIN = 'correct it or export the calibration again'
# By kind, the limit of its size.
_LIMITS = {'json': 'calibration_bytes', 'xml': 'calibration_bytes', 'toml': 'slow_text_bytes',
           'yaml': 'slow_text_bytes', 'pickle': 'calibration_bytes'}  # fmt: skip
# Where a line ends, at the latest.
_LONGEST_LINE = 1 << 16
# The first line of TOML that is no comment: a table, or a key and its value.
_TOML = re.compile(
    rb"""\[{1,2}(?:[^][{},:"']|"(?:[^"\\]|\\.)*"|'[^']*')+\]{1,2}\s*(?:#.*)?$"""
    rb"""|"(?:[^"\\]|\\.)*"\s*=|[\w'"-][\w\s.'"-]*="""
)
# That of YAML: the begin of a document, a list or mapping, a key, a tag or an anchor.
_YAML = re.compile(rb"""[%&!?{[]|---|-\s|-$|[^#]*:(?:\s|$)""")
# XML as UTF-16, with and without a mark of the byte order
_UTF16_XML = (b'\xff\xfe<\x00', b'\xfe\xff\x00<', b'<\x00?\x00', b'\x00<\x00?')
# The first operations of pickles of protocol 0 and 1: a dictionary or a list.
_OLD_PICKLE = re.compile(rb'\([dl](?:p\d+\n|\n|[pq(])|ccollections\nOrderedDict\n|[}\]][q(]')


class Budget:
    """What the files of one source may take together: bytes of text and parsed values."""

    def __init__(self) -> None:
        self.used: collections.Counter[str] = collections.Counter()
        # Why a file was not parsed that is small enough by itself.
        self.exceeded: CalibrationLimitError | None = None

    def check(self, name: str, amount: int, what: str, path: Path) -> None:
        """Refuse more than what is left.

        Args:
            name: The limit.
            amount: How much the file at hand needs.
            what: What is counted.
            path: The file at hand.

        Raises:
            CalibrationLimitError: It is more than the limit, or than what other files left of it.
        """
        check_limit(name, amount, what, path)
        try:
            check_limit(name, self.used[name] + amount, f'{what} of this and other files', path)
        except CalibrationLimitError as error:
            self.exceeded = error
            raise


class File:
    """One file on disk.

    Args:
        path: The file.
        budget: What is left for it and other files.

    Raises:
        CalibrationError: There is no such file, or it is far too large.
    """

    def __init__(self, path: PathLike, budget: Budget | None = None):
        self.path = Path(path)
        self.budget = budget or Budget()
        try:
            is_file, self.size = self.path.is_file(), self.path.stat().st_size
        except OSError as error:
            raise self._error(
                f'cannot be read ({error.strerror}); check the path', 'no-data'
            ) from error
        except ValueError as error:  # a null byte in the path
            raise CalibrationError(
                f'{path!r}: is no path ({error})', code='no-data', file=path
            ) from error
        if not is_file:
            raise self._error('is not a file; name the calibration file itself', 'no-data')
        check_limit('model_bytes', self.size, 'bytes', path)
        if self.head.startswith(b'\x1f\x8b'):
            raise self._error('is compressed (gzip); unpack it first', found='gzip')
        self._outcomes: dict[str, Any] = {}

    def _error(self, what: str, code: str = 'file-format', **fields: Any) -> CalibrationError:
        return CalibrationError(f'{self.path}: {what}', code=code, file=self.path, **fields)

    def _not_valid(self, kind: str, why: str) -> CalibrationError:
        sentence = f'not valid {kind.upper()} ({why}); {EXPORT_AGAIN}'
        return self._error(sentence, found=why, expected=kind)

    @functools.cached_property
    def head(self) -> bytes:
        """The first 4096 bytes."""
        return self.read_bytes(4096)

    def read_bytes(self, count: int = -1) -> bytes:
        """The first ``count`` bytes, or all.

        Raises:
            CalibrationError: The file cannot be read.
        """
        with self.opened() as stream:
            return stream.read(count) or b''  # None of what would be waited for

    @contextlib.contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """The file, open for reading bytes.

        Raises:
            CalibrationError: The file cannot be read.
        """
        try:
            with open_regular(self.path) as stream:
                yield stream
        except OSError as error:
            raise self._error(
                f'cannot be read ({error.strerror}); check its permissions', 'no-data'
            ) from error

    @functools.cached_property
    def kind(self) -> str:
        """What the content is: json, toml, yaml, xml, mat, pickle, arrays, text or binary.

        Recognised by how it begins, so that a file is not parsed in turn as each of these.
        """
        if self.head.startswith((b'MATLAB 5.0 MAT-file', b'MATLAB 7.3 MAT-file')):
            return 'mat'
        if self.head.startswith(b'\x80') or _OLD_PICKLE.match(self.head):
            return 'pickle'
        start = self.head.lstrip(b'\xef\xbb\xbf \t\r\n')
        if start.startswith(b'<'):
            return 'xml'
        if self.head.startswith(_UTF16_XML):
            return 'xml'
        if self.head.startswith(ARRAY_STARTS) and isinstance(self._outcome('arrays'), dict):
            return 'arrays'
        if b'\x00' in self.head:
            return 'binary'
        if start.startswith(b'%YAML'):
            return 'yaml'
        for kind in self._candidates():
            # One that is too large is still one.
            if isinstance(self._outcome(kind), (dict, list, CalibrationLimitError)):
                return kind
        return 'json' if start.startswith(b'{') else 'text'

    def _candidates(self) -> tuple[str, ...]:
        """What a text may be, by its first line that is no comment."""
        line = self._first_line()
        if line.startswith(b'{'):  # JSON, or YAML in one line
            return 'json', 'yaml'
        kinds = ('toml',) if _TOML.match(line) else ()
        if kinds and re.match(rb'\[+\s*[A-Za-z_]', line):  # no list of JSON begins like this
            return ('toml', 'yaml')
        if line.startswith(b'['):  # a list of JSON or YAML, or a table of TOML
            return ('json', *kinds, 'yaml')
        return (*kinds, 'yaml') if _YAML.match(line) else kinds

    def _first_line(self) -> bytes:
        left = limits().slow_text_bytes
        with self.opened() as stream:
            while left > 0:
                line = stream.readline(_LONGEST_LINE)
                left -= len(line)
                said = line.lstrip(b'\xef\xbb\xbf').strip()
                if (said and not said.startswith(b'#')) or not line:
                    return said
        return b''

    def parsed(self, kind: str) -> Any | None:
        """The parsed content, or None where the file is not of this kind."""
        outcome = self._outcome(kind) if self.kind == kind else None
        return None if isinstance(outcome, CalibrationError) else outcome

    def check_syntax(self) -> None:
        """Raise a CalibrationError where the file is not what it begins or is named like."""
        if not self.size:
            raise self._error('is an empty file; export the calibration again')
        endings = {'.json': 'json', '.toml': 'toml', '.yaml': 'yaml', '.yml': 'yaml',
                   '.xml': 'xml', '.xcp': 'xml', '.npz': 'arrays', '.npy': 'arrays'}  # fmt: skip
        promised = endings.get(self.path.suffix.lower(), self.kind)
        for kind in {self.kind, promised} & {*_LIMITS, 'arrays'}:
            getattr(self, kind)
        if self.head.startswith(b'MATLAB 7.3'):
            raise self._error(
                'is a MATLAB file of version 7.3; save it again in MATLAB with -v7',
                found='7.3',
                expected='7',
            )

    @property
    def json(self) -> Any:
        """The content as JSON.

        Raises:
            CalibrationError: It is no JSON; names line and column.
        """
        return self._known('json')

    @property
    def toml(self) -> dict:
        """The content as TOML.

        Raises:
            CalibrationError: It is no TOML; names line and column.
        """
        return self._known('toml')

    @property
    def yaml(self) -> Any:
        """The content as YAML, OpenCV's dialect of it included.

        An ``!!opencv-matrix`` becomes a dictionary with rows, cols, dt and data.

        Raises:
            CalibrationError: It is no YAML; names line and column.
        """
        return self._known('yaml')

    @property
    def xml(self) -> Any:
        """The root element of the content as XML.

        Raises:
            CalibrationError: It is no XML, or declares entities; names line and column.
        """
        return self._known('xml')

    @property
    def pickle(self) -> Any:
        """The content as a pickle of plain data.

        Raises:
            CalibrationError: It is no pickle, or holds anything but plain data.
        """
        return self._known('pickle')

    @property
    def arrays(self) -> dict[str, Any]:
        """The small arrays of an ``.npz`` or ``.npy`` file, by name.

        Raises:
            CalibrationError: It is no such file, or holds nothing but Python objects.
        """
        return self.once('arrays', functools.partial(read_small_arrays, self.path))

    @functools.cached_property
    def text(self) -> str:
        """The content as UTF-8 text.

        Raises:
            CalibrationError: It is binary data.
        """
        try:
            return self._content('json').decode('utf-8-sig')
        except UnicodeDecodeError as error:
            sentence = f'is no UTF-8 text but binary data; {EXPORT_AGAIN}'
            raise self._error(sentence, expected='text') from error

    def _content(self, kind: str) -> bytes:
        self.budget.check(_LIMITS[kind], self.size, f'bytes of {kind.upper()}', self.path)
        # A byte more tells of a file that grows.
        content = self.read_bytes(self.size + 1)
        self.budget.check(_LIMITS[kind], len(content), f'bytes of {kind.upper()}', self.path)
        return content

    def once(self, what: str, make: Callable[[], Any]) -> Any:
        """What was made of the file before, or is made now; several formats ask for the same.

        Raises:
            CalibrationError: What ``make`` raises, each time.
        """
        if what not in self._outcomes:
            try:
                self._outcomes[what] = make()
            except CalibrationError as error:
                self._outcomes[what] = error
        outcome = self._outcomes[what]
        if isinstance(outcome, CalibrationError):
            raise outcome
        return outcome

    def _known(self, kind: str) -> Any:
        if kind == 'arrays':
            return self.arrays
        return self.once(kind, functools.partial(self._parse, kind))

    def _outcome(self, kind: str) -> Any:
        """The parsed content, or the error."""
        try:
            return self._known(kind)
        except CalibrationError as error:
            return error

    def _parse(self, kind: str) -> Any:
        content = self._content(kind)
        nodes, left = 0, limits().nodes - self.budget.used['nodes']

        def count(more: int) -> None:
            nonlocal nodes
            nodes += more
            if nodes > left:
                self.budget.check('nodes', nodes, 'values', self.path)

        try:
            found = parse(kind, content, count, self.path)
        except ImportError:
            raise
        except CalibrationError:
            raise
        except FileFormatError as error:  # names the file already
            raise error.reworded(
                CalibrationError,
                f'{error}; {EXPORT_AGAIN}',
                file=self.path,
                expected=kind if error.expected is None else error.expected,
            ) from error
        except UnicodeDecodeError as error:
            raise self._not_valid(kind, 'no UTF-8 text but binary data') from error
        except (ValueError, ArithmeticError, LookupError, TypeError, AttributeError) as error:
            why = ' '.join(str(error).split())[:300] or type(error).__name__
            raise self._not_valid(kind, why) from error
        except (RecursionError, MemoryError) as error:
            raise self._not_valid(kind, 'nested too deeply for a calibration') from error
        self.budget.used[_LIMITS[kind]] += self.size
        self.budget.used['nodes'] += nodes
        return found
