"""Files in and out: whole-or-not-at-all writes, and readers that treat data as data.

This module knows nothing of cameras or poses. It does **not** guess formats.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import tempfile
from pathlib import Path
from typing import IO, Any, Iterator, Union

PathLike = Union[str, 'os.PathLike[str]']

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
        FileFormatError: The file is no JSON; names the line and column.
        FileNotFoundError: There is no such file.
    """
    with open(path, encoding='utf-8-sig') as file:
        try:
            return json.load(file)
        except (ValueError, RecursionError) as error:
            raise FileFormatError(f'{path}: not valid JSON ({error})') from error


@contextlib.contextmanager
def write_whole(path: PathLike, mode: str = 'w') -> Iterator[IO]:
    """Open ``path`` for writing so that it appears complete or not at all.

    The content goes to a temporary file in the same folder, which replaces
    ``path`` when the block ends without an exception. Parent folders are made.

    Args:
        path: The file to write.
        mode: ``'w'`` for UTF-8 text or ``'wb'`` for bytes.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f'.{target.name}.', dir=str(target.parent))
    try:
        with os.fdopen(handle, mode, encoding=None if 'b' in mode else 'utf-8') as file:
            yield file
        # mkstemp makes private files; give the result what a plain open() would.
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def write_json(path: PathLike, data: Any, indent: int | None = None) -> None:
    """Write ``data`` as JSON, whole or not at all; NaN and infinity are refused."""
    text = json.dumps(data, indent=indent, allow_nan=False)
    with write_whole(path) as file:
        file.write(text + '\n')
