"""Pickles of plain data, read by an interpreter of their own that can build nothing else.

Python's unpickler calls what a file names and believes what it claims: it hands NumPy types and
memory as the file describes them, makes room for whatever place in the memo or length a byte says,
and hashes what takes for ever to hash. Here the few operations that plain data need are carried
out by this module. No name of a file is looked up, an array is made of bytes that are there, and
what comes out costs about as much as the file does:

- a file has at most ``pickle_bytes`` and ``pickle_operations`` (:mod:`mmpose_ours.io.limits`);
- keys are texts, numbers or short tuples of these, and no dictionary has many numbers as keys,
  which could be chosen so that each looks at all others;
- bytes can be decoded or copied a few times, not once for every reference to them;
- the result is a tree: a list that holds another list twice counts twice, one that holds itself
  is refused.

Sources: CPython's ``Lib/pickletools.py``; how NumPy 1.x and 2.x reduce arrays.
"""

from __future__ import annotations

import collections
import os
import struct
from typing import Any

import numpy as np

from mmpose_ours.errors import FileFormatError, LimitError, PathLike
from mmpose_ours.io.disk.regular_files import open_regular
from mmpose_ours.io.limits import limits
from mmpose_ours.io.parsers.pickle_machine import COPIES, ROOM, SCALARS, BrokenError, Machine
from mmpose_ours.io.parsers.pickle_operations import run

# References to shorter texts than this are counted as values only.
_LONG_TEXT = 200


def read_pickle(path: PathLike) -> Any:
    """Read a pickle that holds only numeric NumPy arrays and plain Python containers.

    Args:
        path: A pickle of any protocol, Python 2 ones included.

    Returns:
        The stored object. Python 2's ``str`` comes as text, ``bytearray`` as ``bytes``,
        ``frozenset`` as ``set``.

    Raises:
        FileFormatError: The file is truncated, is no pickle, or holds anything else.
        LimitError: It is larger, or holds more, than is allowed.
        OSError: It cannot be read.
    """
    with open_regular(path) as file:
        limits().check('pickle_bytes', os.fstat(file.fileno()).st_size, 'bytes', path)
        return parse_pickle(file.read(), path)


def parse_pickle(content: bytes, path: PathLike) -> Any:
    """Read the content of a pickle.

    Args:
        content: A pickle of any protocol.
        path: The file, for messages.

    Returns:
        The stored object, see :func:`read_pickle`.

    Raises:
        FileFormatError: See :func:`read_pickle`.
    """
    limits().check('pickle_bytes', len(content), 'bytes', path)
    try:
        value = run(Machine(content, path))
        _check_tree(value, COPIES * len(content) + ROOM, path)
    except (BrokenError, IndexError, KeyError, ValueError, struct.error) as error:
        if isinstance(error, FileFormatError):
            raise
        known = isinstance(error, BrokenError)
        why = ' '.join(str(error).split())[:200] if known else 'it is damaged or breaks off'
        raise FileFormatError(
            f'{path}: not a pickle of plain arrays and containers '
            f'({why}); export the data as JSON or as NumPy arrays instead',
            code=error.code if isinstance(error, BrokenError) else 'damaged',
            file=path,
            found=(isinstance(error, BrokenError) and error.found) or why,
            expected='a pickle of numeric arrays, lists, dictionaries, texts and numbers',
        ) from error
    return value


def _check_tree(root: Any, room: int, path: PathLike) -> None:
    """Refuse what takes for ever, or all memory, to walk through without looking for repetitions.

    Raises:
        BrokenError: It is nested too deeply, or holds other things than plain data.
        LimitError: It holds too many values.
    """
    allowed, deepest = limits().pickle_operations, limits().depth
    count = 1
    waiting = [iter([root])]
    while waiting:
        for value in waiting[-1]:
            kind = type(value)
            if kind in (list, tuple, set):
                inside = value
            elif kind in (dict, collections.OrderedDict):
                inside = [*value.keys(), *value.values()]
            elif kind in (str, bytes):
                room -= len(value) if len(value) > _LONG_TEXT else 0
                continue
            elif kind is np.ndarray:
                room -= value.nbytes
                continue
            elif isinstance(value, SCALARS):
                continue
            else:
                raise BrokenError('it holds objects')
            count += len(inside)
            waiting.append(iter(inside))
            break
        else:
            waiting.pop()
        if room < 0:
            raise BrokenError('it refers to the same values over and over')
        if len(waiting) > deepest:
            raise BrokenError(f'nested more than {deepest} deep, or it holds itself')
        if count > allowed:
            raise LimitError(path, 'pickle_operations', count, allowed, 'values')
