"""Pickles of plain data."""

from __future__ import annotations

import pickle
from typing import Any

from mmpose_ours.errors import FileFormatError, PathLike

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
