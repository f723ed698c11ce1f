"""Pickles and MAT files with all that may be in one, apart from what a format makes of it."""

from __future__ import annotations

import functools
import pickle
from pathlib import Path

import numpy as np

from mmpose_ours.io.parsers.matfiles import read_mat
from mmpose_ours.io.parsers.pickles import read_pickle


def _pickle(protocol: int, folder: Path) -> Path:
    path = folder / 'plain.pkl'
    data = {
        ('S1', 5): {'R': np.eye(3), 'n': np.float32(1), 'f': np.asfortranarray(np.ones((2, 3)))},
        'set': {1, 'a'}, 'bytes': bytearray(b'ab'), 'big': 10**30, 'list': [None, True, 2.5, (1,)],
        'twice': [[0.5], 'x' * 300, b'y' * 300, (1, 2, 3, 4), -1, 70000, frozenset([3])],
    }  # fmt: skip
    path.write_bytes(pickle.dumps(data, protocol))
    return path


def _mat(folder: Path) -> Path:
    from scipy.io import savemat

    path, cells = folder / 'some.mat', np.empty((1, 2), object)
    cells[0, 0], cells[0, 1] = np.eye(2, dtype='f4'), 'a text'
    content = {'a': np.eye(3), 's': {'x': 'text', 'y': np.int8([[1]])}, 'f': np.array([True])}
    savemat(path, {**content, 'cells': cells}, do_compression=True)
    return path


SAMPLES = {
    'pickle': (functools.partial(_pickle, 5), lambda path: repr(read_pickle(path))),
    'pickle, protocol 0': (functools.partial(_pickle, 0), lambda path: repr(read_pickle(path))),
    'mat': (_mat, lambda path: repr(read_mat(path))),
}
