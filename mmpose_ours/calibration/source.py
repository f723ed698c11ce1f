"""The files of one calibration, which several formats may look at, each parsed once.

What is parsed is data: JSON, TOML, YAML and XML by parsers that build plain values only,
each within a limit of size. This module does **not** know what the values mean.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import re
from pathlib import Path
from typing import Any, BinaryIO, Callable, Iterator, Sequence, cast

import numpy as np

from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.cameras import CameraRig
from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.json_files import parse_json

# 500 cameras of Panoptic JSON are about 1 MB; whatever is larger is no calibration. TOML
# and YAML parsers are slow: these limits are seconds.
MAX_BYTES = {'json': 64 << 20, 'xml': 64 << 20, 'toml': 4 << 20, 'yaml': 4 << 20}
# COLMAP's images carry every keypoint; such files are read line by line.
MAX_FILE_BYTES = 4 << 30
MAX_FILES = 2000
# Of brackets within brackets.
MAX_DEPTH = 100
EXPORT_AGAIN = 'correct it or export the calibration again'


@dataclasses.dataclass(frozen=True)
class Reading:
    """What a format's reader found.

    Args:
        rig: The calibrated cameras, lengths and axes as in the file.
        uncalibrated: Names of cameras that the file lists without a pose or a lens.
        notes: Sentences that a user should see, for example what the world's origin is.
    """

    rig: CameraRig
    uncalibrated: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class File:
    """One file on disk.

    Args:
        path: The file.

    Raises:
        CalibrationError: There is no such file, or it is far too large.
    """

    def __init__(self, path: PathLike):
        self.path = Path(path)
        try:
            is_file, self.size = self.path.is_file(), self.path.stat().st_size
        except OSError as error:
            raise CalibrationError(
                f'{path}: cannot be read ({error.strerror}); check the path'
            ) from error
        except ValueError as error:  # a null byte in the path
            raise CalibrationError(f'{path!r}: is no path ({error})') from error
        if not is_file:
            raise CalibrationError(f'{path}: is no file; name the calibration file itself')
        if self.size > MAX_FILE_BYTES:
            raise CalibrationError(
                f'{path}: {self.size / 2**30:.0f} GB is too large for a calibration; '
                'name the calibration file itself'
            )
        if self.head.startswith(b'\x1f\x8b'):
            raise CalibrationError(f'{path}: is compressed (gzip); unpack it first')
        self._outcomes: dict[str, Any] = {}

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
            return stream.read(count)

    @contextlib.contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """The file, open for reading bytes.

        Raises:
            CalibrationError: The file cannot be read.
        """
        try:
            with open(self.path, 'rb') as stream:
                yield stream
        except OSError as error:
            raise CalibrationError(
                f'{self.path}: cannot be read ({error.strerror}); check its permissions'
            ) from error

    @functools.cached_property
    def kind(self) -> str:
        """What the content is: json, toml, yaml, xml, mat, text or binary."""
        if self.head.startswith((b'MATLAB 5.0 MAT-file', b'MATLAB 7.3 MAT-file')):
            return 'mat'
        start = self.head.lstrip(b'\xef\xbb\xbf \t\r\n')
        if start.startswith(b'<'):
            return 'xml'
        if b'\x00' in self.head:
            return 'binary'
        if start.startswith(b'%YAML'):
            return 'yaml'
        if start.startswith(b'{'):  # JSON, or YAML in one line
            return 'yaml' if self.parsed('json') is None and self.parsed('yaml') else 'json'
        # '[' opens a JSON list, a TOML table and a YAML list; the parsers know.
        for kind in ('json', 'toml', 'yaml'):
            if isinstance(self.parsed(kind), (dict, list)):
                return kind
        return 'text'

    def parsed(self, kind: str) -> Any | None:
        """The parsed content, or None where the file is not of this kind."""
        try:
            return getattr(self, kind)
        except CalibrationError:
            return None

    def check_syntax(self) -> None:
        """Raise a CalibrationError where the file is not what it begins or is named like."""
        endings = {'.json': 'json', '.toml': 'toml', '.yaml': 'yaml', '.yml': 'yaml',
                   '.xml': 'xml', '.xcp': 'xml'}  # fmt: skip
        promised = endings.get(self.path.suffix.lower(), self.kind)
        for kind in {self.kind, promised} & set(MAX_BYTES):
            getattr(self, kind)

    @property
    def json(self) -> Any:
        """The content as JSON.

        Raises:
            CalibrationError: It is no JSON; names line and column.
        """
        return self._parsed_once('json', lambda content: parse_json(content, self.path))

    @property
    def toml(self) -> dict:
        """The content as TOML.

        Raises:
            CalibrationError: It is no TOML; names line and column.
        """
        return self._parsed_once('toml', _parse_toml)

    @property
    def yaml(self) -> Any:
        """The content as YAML, OpenCV's dialect of it included.

        An ``!!opencv-matrix`` becomes a dictionary with rows, cols, dt and data.

        Raises:
            CalibrationError: It is no YAML; names line and column.
        """
        return self._parsed_once('yaml', _parse_yaml)

    @property
    def xml(self) -> Any:
        """The root element of the content as XML.

        Raises:
            CalibrationError: It is no XML, or declares entities; names line and column.
        """
        return self._parsed_once('xml', _parse_xml)

    @functools.cached_property
    def text(self) -> str:
        """The content as UTF-8 text.

        Raises:
            CalibrationError: It is binary data.
        """
        try:
            return self._limited('json').decode('utf-8-sig')
        except UnicodeDecodeError as error:
            raise CalibrationError(
                f'{self.path}: is no UTF-8 text but binary data; {EXPORT_AGAIN}'
            ) from error

    def _limited(self, kind: str) -> bytes:
        limit = MAX_BYTES[kind]
        if self.size > limit:
            raise CalibrationError(
                f'{self.path}: {self.size / 2**20:.0f} MB is too large for a calibration '
                f'(at most {limit >> 20} MB); name the calibration file itself'
            )
        return self.read_bytes()

    def _parsed_once(self, kind: str, parse: Callable[[bytes], Any]) -> Any:
        """Parse, and remember what came of it: several formats ask for the same."""
        if kind not in self._outcomes:
            try:
                self._outcomes[kind] = self._parse(kind, parse)
            except CalibrationError as error:
                self._outcomes[kind] = error
        outcome = self._outcomes[kind]
        if isinstance(outcome, CalibrationError):
            raise outcome
        return outcome

    def _parse(self, kind: str, parse: Callable[[bytes], Any]) -> Any:
        content = self._limited(kind)
        try:
            if kind != 'xml' and _nested_deeply(content):
                raise RecursionError
            return parse(content)
        except ImportError:
            raise
        except FileFormatError as error:  # names the file already
            raise CalibrationError(f'{error}; {EXPORT_AGAIN}') from error
        except UnicodeDecodeError as error:
            why = 'no UTF-8 text but binary data'
            raise CalibrationError(
                f'{self.path}: not valid {kind.upper()} ({why}); {EXPORT_AGAIN}'
            ) from error
        except (ValueError, ArithmeticError, LookupError, TypeError, AttributeError) as error:
            why = ' '.join(str(error).split())[:300] or type(error).__name__
            raise CalibrationError(
                f'{self.path}: not valid {kind.upper()} ({why}); {EXPORT_AGAIN}'
            ) from error
        except (RecursionError, MemoryError) as error:
            raise CalibrationError(
                f'{self.path}: not valid {kind.upper()} (nested too deeply for a calibration); '
                f'{EXPORT_AGAIN}'
            ) from error


def _nested_deeply(content: bytes) -> bool:
    """Whether more brackets are open somewhere than any calibration has: parsers are slow there."""
    if re.search(rb'(?:- *){%d}' % MAX_DEPTH, content):  # YAML's lists of lists
        return True
    text = np.frombuffer(content, dtype=np.uint8)
    brackets = np.isin(text, np.frombuffer(b'[{]}', dtype=np.uint8))
    steps = np.where(np.isin(text[brackets], np.frombuffer(b'[{', dtype=np.uint8)), 1, -1)
    return bool(len(steps)) and int(steps.cumsum().max()) > MAX_DEPTH


class Source:
    """The files of one calibration.

    Args:
        paths: A file, the folder that holds one calibration's files, or several files.
        image_size: (width, height) in pixels that the user said, for formats whose
            intrinsics are relative to it.

    Raises:
        CalibrationError: A file is missing or too large, or a folder holds no file.
    """

    def __init__(
        self,
        paths: PathLike | Sequence[PathLike],
        image_size: tuple[int, int] | None = None,
    ):
        self.image_size = image_size
        named = list(paths) if isinstance(paths, (list, tuple)) else [cast(PathLike, paths)]
        if not named:
            raise CalibrationError('no calibration file was named; name one')
        self.files: tuple[File, ...] = tuple(
            File(path) for name in named for path in _expanded(Path(name))
        )
        # What messages call it
        self.path: PathLike = named[0] if len(named) == 1 else ', '.join(map(str, named))

    def __iter__(self) -> Iterator[File]:
        return iter(self.files)

    @property
    def paths(self) -> list[Path]:
        """Where the files lie."""
        return [file.path for file in self.files]

    def only(self, file: File) -> Source:
        """This source without its other files."""
        return Source(file.path, self.image_size)

    @property
    def one(self) -> File:
        """The only file.

        Raises:
            CalibrationError: There are several.
        """
        if len(self.files) > 1:
            raise CalibrationError(
                f'{self.path}: {len(self.files)} files, but this format is one file; name only '
                'that one'
            )
        return self.files[0]


def _expanded(path: Path) -> list[Path]:
    """A folder's files, hidden ones left out; a file itself."""
    try:
        is_folder = path.is_dir()
    except ValueError:  # a null byte: the file says so
        is_folder = False
    if not is_folder:
        return [path]
    try:
        inside = sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith('.'))
    except OSError as error:
        raise CalibrationError(
            f'{path}: cannot be read ({error.strerror}); check its permissions'
        ) from error
    if not inside:
        raise CalibrationError(f'{path}: is a folder without files; name the calibration itself')
    if len(inside) > MAX_FILES:
        raise CalibrationError(
            f'{path}: holds {len(inside)} files, so it is no calibration; name the file itself'
        )
    return inside


def _parse_toml(content: bytes) -> dict:
    try:
        import tomllib  # Python 3.11
    except ImportError:
        import tomli as tomllib  # type: ignore[no-redef, import-not-found, unused-ignore]
    return tomllib.loads(content.decode('utf-8-sig').replace('\r\n', '\n'))


def _parse_xml(content: bytes) -> Any:
    from xml.etree.ElementTree import ParseError

    import defusedxml.ElementTree

    try:
        return defusedxml.ElementTree.fromstring(content, forbid_dtd=True)
    except ParseError as error:
        raise ValueError(str(error)) from error


def _parse_yaml(content: bytes) -> Any:
    import yaml

    # OpenCV and Kalibr write a first line that is no YAML directive.
    text = re.sub(r'\A\s*%YAML[^\n]*', '', content.decode('utf-8-sig'))
    try:
        return yaml.load(text, Loader=_yaml_loader())  # noqa: S506, a SafeLoader
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


@functools.lru_cache(maxsize=None)
def _yaml_loader() -> Any:
    """PyYAML's safe loader for OpenCV's matrices, each key once and no merging."""
    import yaml

    # libyaml's parser where PyYAML was built with it: ten times faster
    base: Any = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)

    class Loader(base):
        def flatten_mapping(self, node: Any) -> None:
            """Merge keys multiply; no calibration has them."""

        def construct_mapping(self, node: Any, deep: bool = False) -> dict:
            mapping = super().construct_mapping(node, deep=deep)
            if len(mapping) < len(node.value):
                raise yaml.constructor.ConstructorError(
                    None, None, 'a key stands twice in one mapping', node.start_mark
                )
            return mapping

    Loader.add_constructor(
        'tag:yaml.org,2002:opencv-matrix',
        lambda loader, node: loader.construct_mapping(node, deep=True),
    )
    return Loader
