"""The package's own file of poses: an npz of plain arrays, no pickle inside."""

from __future__ import annotations

import numpy as np

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.files import write_whole
from mmpose_ours.synthetic.pose_bank import PoseBank
from mmpose_ours.synthetic.smpl_joints import load_arrays

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
    with open(path, 'rb') as file:
        return file.read(2) == b'PK' and str(load_arrays(path).get('format')) == FORMAT


def load_bank(path: PathLike) -> PoseBank:
    """Read what :func:`write_bank` wrote.

    Raises:
        FileFormatError: It is no such file, or its arrays do not fit each other.
    """
    arrays = load_arrays(path)
    poses, visible = arrays.get('poses'), arrays.get('visible')
    if (
        poses is None
        or visible is None
        or poses.dtype.kind != 'f'
        or visible.dtype != bool
        or poses.shape != visible.shape + (3,)
        or poses.shape[1:] != (17, 3)
        or str(arrays.get('joints')) != 'coco17'
    ):
        shapes = ', '.join(f'{name} {array.shape}' for name, array in arrays.items())
        raise FileFormatError(
            f'{path}: found {shapes[:200]}, expected poses (N, 17, 3) and visible (N, 17) of '
            'coco17; write it with `mmpose-ours pose-bank`'
        )
    return PoseBank.placed(poses.astype(np.float64), visible, path, 'write it again')
