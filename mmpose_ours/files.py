"""Files in and out: whole-or-not-at-all writes, and readers that treat data as data.

This module knows nothing of cameras or poses. It does **not** guess formats.
"""

from __future__ import annotations

import collections
import contextlib
import errno
import json
import os
import pickle
import tempfile
from pathlib import Path
from typing import IO, Any, Iterator, Mapping, Union

PathLike = Union[str, 'os.PathLike[str]']

# The units in which files state lengths.
MM_PER_UNIT = {'mm': 1.0, 'cm': 10.0, 'm': 1000.0}

# What a pickle of plain data may name. Python 2 arrays pass through
# ``_codecs.encode``; NumPy moved ``numpy.core`` to ``numpy._core`` in 2.0.
_PICKLE_GLOBALS = {
    ('builtins', 'set'),
    ('builtins', 'frozenset'),
    ('builtins', 'complex'),
    ('builtins', 'bytearray'),
    ('__builtin__', 'set'),
    ('__builtin__', 'complex'),
    ('__builtin__', 'frozenset'),
    ('collections', 'OrderedDict'),
    ('_codecs', 'encode'),
    ('numpy', 'ndarray'),
    ('numpy', 'dtype'),
    ('numpy.core.multiarray', '_reconstruct'),
    ('numpy.core.multiarray', 'scalar'),
    ('numpy._core.multiarray', '_reconstruct'),
    ('numpy._core.multiarray', 'scalar'),
    ('numpy.core.numeric', '_frombuffer'),
    ('numpy._core.numeric', '_frombuffer'),
}


class FileFormatError(ValueError):
    """A file cannot be read as what it was said to be."""


# By errno: what to do about it. The others are met with "check the path".
_MENDS = {
    errno.ENOENT: 'correct the path',
    errno.EISDIR: 'name a file in that folder',
    errno.ENOTDIR: 'choose another folder, a file stands where one is due',
    errno.EEXIST: 'choose another folder, a file stands where one is due',
    errno.EACCES: 'check its permissions or choose another place',
    errno.EPERM: 'check its permissions or choose another place',
    errno.EROFS: 'choose another place, nothing can be written there',
    errno.ENOSPC: 'make room on the disk or choose another one',
    errno.ENAMETOOLONG: 'choose a shorter name',
}


def explain_os_error(error: OSError) -> str:
    """Say what the system refused in one sentence: path, reason and next step.

    An error that this package raised with a sentence of its own keeps it.
    """
    if error.errno is None or error.strerror is None:
        return str(error)
    where = '' if error.filename is None else f'{os.fsdecode(error.filename)}: '
    reason = error.strerror[:1].lower() + error.strerror[1:]
    return f'{where}{reason}; {_MENDS.get(error.errno, "check the path")}'


class _PlainUnpickler(pickle.Unpickler):
    """Builds arrays and plain containers; refuses to look up anything else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _PICKLE_GLOBALS:
            raise pickle.UnpicklingError(f'it calls {module}.{name}')
        if module.startswith('numpy._core'):
            import numpy

            if int(numpy.__version__.split('.')[0]) < 2:
                module = module.replace('numpy._core', 'numpy.core')
        return super().find_class(module, name)


def read_pickle(path: PathLike) -> Any:
    """Read a pickle that holds only NumPy arrays and plain Python containers.

    Args:
        path: A pickle of any protocol, Python 2 ones included.

    Returns:
        The stored object.

    Raises:
        FileFormatError: The file is truncated, is no pickle, or names a class or
            function other than NumPy's array constructors. Nothing of it is run.
        FileNotFoundError: There is no such file.
    """
    with open(path, 'rb') as file:
        try:
            return _PlainUnpickler(file, encoding='latin1').load()
        except MemoryError:
            raise
        except Exception as error:  # a broken pickle can raise nearly anything
            raise FileFormatError(
                f'{path}: not a pickle of plain arrays and containers ({error}); '
                'export the data as JSON or as NumPy arrays instead'
            ) from error


def read_json(path: PathLike) -> Any:
    """Read a JSON file.

    Raises:
        FileFormatError: See :func:`parse_json`.
        FileNotFoundError: There is no such file.
    """
    with open(path, 'rb') as file:
        return parse_json(file.read(), path)


def parse_json(content: bytes, path: PathLike) -> Any:
    """Parse the content of a JSON file.

    Args:
        content: The file's bytes.
        path: The file, for messages.

    Raises:
        FileFormatError: The content is no JSON, which names the line and column, or an
            object holds a key twice, of which Python would keep the last.
    """
    try:
        return json.loads(content.decode('utf-8-sig'), object_pairs_hook=_object)
    except _RepeatedKeyError as error:
        raise FileFormatError(
            f'{path}: an object holds the key {error.args[0]!r} twice, expected each key once'
        ) from error
    except UnicodeDecodeError as error:
        raise FileFormatError(f'{path}: not valid JSON (no UTF-8 text but binary data)') from error
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f'{path}: not valid JSON ({error})') from error


class _RepeatedKeyError(Exception):
    """Carries the key."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, each key once."""
    data = dict(pairs)
    if len(data) < len(pairs):
        counts = collections.Counter(key for key, _ in pairs)
        raise _RepeatedKeyError(max(counts, key=lambda key: counts[key]))
    return data


@contextlib.contextmanager
def whole_path(path: PathLike, suffix: str = '') -> Iterator[Path]:
    """Let ``path`` appear complete or not at all, whoever writes it.

    Yields a temporary file in the same folder, which replaces ``path`` when the block
    ends without an exception. Parent folders are made.

    Args:
        path: The file to write.
        suffix: The temporary file's ending, for writers that go by it.

    Raises:
        OSError: ``path`` cannot be written; its ``filename`` is ``path``.
    """
    target = _place_of(path)
    handle, name = _temporary_for(target, suffix)
    os.close(handle)
    try:
        yield Path(name)
        _put_in_place(name, target)
    except BaseException as error:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        # A full disk names no file.
        if isinstance(error, OSError) and error.errno and error.filename in (None, name):
            raise OSError(error.errno, error.strerror, str(target)) from error
        raise


def _place_of(path: PathLike) -> Path:
    """Where a file is to be: behind a link, and only where a plain file is or may be.

    Raises:
        OSError: A folder or a device is there, or a file that may not be written.
    """
    target = Path(path)
    if target.is_symlink():
        target = target.resolve()
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if target.exists() and not target.is_file():
        raise OSError(errno.EINVAL, 'is no plain file', str(path))
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    return target


def _temporary_for(target: Path, suffix: str = '') -> tuple[int, str]:
    """A new file beside the target, open for writing: its handle and its path."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return tempfile.mkstemp(suffix, f'.{target.name}.', str(target.parent))
    except OSError as error:  # which names the folder or the temporary file
        raise OSError(error.errno, error.strerror, str(target)) from error


def _put_in_place(temporary: str, target: Path) -> None:
    # mkstemp makes private files; give the result what a plain open() would.
    if target.exists():
        mode = target.stat().st_mode & 0o777
    else:
        umask = os.umask(0)
        os.umask(umask)
        mode = 0o666 & ~umask
    os.chmod(temporary, mode)
    os.replace(temporary, target)


@contextlib.contextmanager
def write_whole(path: PathLike, mode: str = 'w') -> Iterator[IO]:
    """Open ``path`` for writing so that it appears complete or not at all.

    See :func:`whole_path`, which this opens.

    Args:
        path: The file to write.
        mode: ``'w'`` for UTF-8 text or ``'wb'`` for bytes.

    Raises:
        OSError: ``path`` cannot be written; its ``filename`` is ``path``.
    """
    encoding = None if 'b' in mode else 'utf-8'
    with whole_path(path) as temporary, open(temporary, mode, encoding=encoding) as file:
        yield file


def write_files_whole(folder: PathLike, contents: Mapping[str, str | bytes]) -> None:
    """Write files into a folder: all of them are complete before the first appears.

    Args:
        folder: Made where it is missing.
        contents: Text, which is written as UTF-8, or bytes by file name.

    Raises:
        OSError: One of them cannot be written. None has changed then, unless the system
            refuses to put a complete file in its place: those before it are there already.
    """
    complete: list[tuple[str, Path]] = []
    try:
        for name, content in contents.items():
            target = _place_of(Path(folder) / name)
            handle, temporary = _temporary_for(target)
            complete.append((temporary, target))
            with os.fdopen(handle, 'wb') as file:
                file.write(content.encode('utf-8') if isinstance(content, str) else content)
        for temporary, target in complete:
            _put_in_place(temporary, target)
    finally:
        for temporary, _ in complete:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)


def write_json(path: PathLike, data: Any, indent: int | None = None) -> None:
    """Write ``data`` as JSON, whole or not at all; NaN and infinity are refused."""
    text = json.dumps(data, indent=indent, allow_nan=False)
    with write_whole(path) as file:
        file.write(text + '\n')
