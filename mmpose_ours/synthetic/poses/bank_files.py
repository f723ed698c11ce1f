"""The package's own file of poses: an npz of plain arrays, no pickle inside."""

from __future__ import annotations

import numpy as np

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.disk.files import write_whole
from mmpose_ours.io.limits import limits
from mmpose_ours.io.parsers.arrays import ArrayFile, open_arrays
from mmpose_ours.synthetic.poses.pose_bank import PoseBank

FORMAT = 'mmpose_ours.pose_bank.1'


def write_bank(path: PathLike, bank: PoseBank) -> None:
    """Write a bank, whole or not at all: about 150 bytes a pose.

    The arrays are ``format``, ``joints`` (``coco17``), ``poses`` (N, 17, 3) float32 in
    millimetres, z up, and ``visible`` (N, 17).

    Raises:
        OSError: The file cannot be written.
    """
    with write_whole(path, 'wb') as file:
        np.savez_compressed(
            file,
            format=np.array(FORMAT),
            joints=np.array('coco17'),
            poses=bank.poses.astype(np.float32),
            visible=bank.visible,
        )


def is_bank(path: PathLike) -> bool:
    """Whether an npz file is one of :func:`write_bank`.

    Raises:
        FileFormatError: It is no npz file.
    """
    with open_arrays(path) as file:
        return _text(file, 'format') == FORMAT


def load_bank(path: PathLike) -> PoseBank:
    """Read what :func:`write_bank` wrote.

    Raises:
        FileFormatError: It is no such file, or its arrays do not fit each other.
    """
    with open_arrays(path) as file:
        poses, visible = file.headers.get('poses'), file.headers.get('visible')
        if (
            poses is None
            or visible is None
            or poses.dtype.kind != 'f'
            or visible.dtype != bool
            or poses.shape != visible.shape + (3,)
            or poses.shape[1:] != (17, 3)
            or _text(file, 'joints') != 'coco17'
        ):
            found = {name: header and header.shape for name, header in file.headers.items()}
            shapes = ', '.join(f'{name} {shape}' for name, shape in found.items())
            raise FileFormatError(
                f'{path}: found {shapes[:200]}, expected poses (N, 17, 3) and visible (N, 17) of '
                'coco17; write it with `mmpose-ours pose-bank`',
                code='wrong-shape',
                file=path,
                found=found,
                expected={'poses': ('N', 17, 3), 'visible': ('N', 17), 'joints': 'coco17'},
            )
        limits().check('frames', poses.shape[0], 'poses', path)
        people = file.read('poses').astype(np.float64), file.read('visible')
    return PoseBank.placed(*people, path, 'write it again')


def _text(file: ArrayFile, name: str) -> str:
    """A text of a few characters; '' where there is none."""
    header = file.headers.get(name)
    if header is None or header.dtype.kind != 'U' or header.shape or header.bytes > 1000:
        return ''
    return str(file.read(name)[()])
