"""Joints of the SMPL family, as AMASS tools and pose estimators save them: npy and npz.

The joint's place in the array says which it is, and the count says which model made it. The
models' own parameters (AMASS's ``poses``, ``betas``, ``trans``) are no joints: turning them into
joints takes the licensed body model, which this package neither has nor loads.

Order of the joints after the ``smplx`` package's ``joint_names``; after the model's own come, with
``smplx``, points on the skin, nose and right eye first. Without them the face is unknown: the neck
says where a head is, not where it looks.
"""

from __future__ import annotations

import math

import numpy as np

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.limits import limits
from mmpose_ours.io.parsers.arrays import Header, open_arrays
from mmpose_ours.synthetic.poses.anthropometry import COCO17
from mmpose_ours.synthetic.poses.mocap import Recording

BODY = {
    'left_hip': 1, 'right_hip': 2, 'left_knee': 4, 'right_knee': 5, 'left_ankle': 7,
    'right_ankle': 8, 'left_shoulder': 16, 'right_shoulder': 17, 'left_elbow': 18,
    'right_elbow': 19, 'left_wrist': 20, 'right_wrist': 21,
}  # fmt: skip
# Points on the skin, from where they begin.
_FACE = ('nose', 'right_eye', 'left_eye', 'right_ear', 'left_ear')
# How many joints a file has, and where its face begins: SMPL's body without and with hands,
# SMPL+H, SMPL-X; then the same as the smplx package gives them.
FACE_AT: dict[int, int | None] = {
    22: None, 24: None, 52: None, 55: None, 45: 24, 73: 52, 127: 55, 144: 55,
}  # fmt: skip
_NAMES = ('joints', 'joints3d', 'joints_3d', 'jtr', 'keypoints3d', 'positions')
_PARAMETERS = {'poses', 'pose_body', 'betas', 'trans', 'body_pose', 'root_orient'}


def record_smpl(path: PathLike) -> Recording:
    """COCO's joints of an npy or npz file of SMPL joints.

    Args:
        path: An array (..., J, 3) with J of :data:`FACE_AT`, alone (npy) or as ``joints`` (npz).

    Raises:
        FileFormatError: It holds parameters only, no such array, or pickled objects.
    """
    return Recording(_to_coco(find_joints(path)))


def find_joints(path: PathLike) -> np.ndarray:
    """The (T, J, 3) joints in an npy or npz file.

    Raises:
        FileFormatError: See :func:`record_smpl`.
    """
    with open_arrays(path) as file:
        headers = {name: header for name, header in file.headers.items() if header is not None}
        fits = [name for name, header in headers.items() if _are_joints(header)]
        named = [name for name in fits if name.lower() in _NAMES]
        if len(fits) == 1 or named:
            name = (named or fits)[0]
            limits().check('frames', math.prod(headers[name].shape[:-2]), 'frames', path)
            joints = file.read(name)
            return joints.astype(np.float64).reshape(-1, *joints.shape[-2:])
    found = {name: header.shape for name, header in headers.items()}
    shapes = ', '.join(f'{name[:40] or "an array"} {shape}' for name, shape in found.items())
    if not fits and _PARAMETERS & set(headers):
        raise FileFormatError(
            f'{path}: it holds parameters of SMPL ({shapes[:200]}), and no joints. Joints come '
            'from the licensed body model: run it, e.g. with the smplx package, and save its '
            "output's `joints` with numpy.savez(file, joints=...)",
            code='no-data',
            file=path,
            found=found,
            expected='joints',
        )
    raise FileFormatError(
        f'{path}: found {shapes[:200] or "no array"}, expected one array (frames, J, 3) of SMPL '
        f'joints with J one of {", ".join(map(str, sorted(FACE_AT)))}; name it `joints`',
        code='ambiguous' if fits else 'wrong-shape',
        file=path,
        found=found,
        expected=('frames', sorted(FACE_AT), 3),
    )


def _are_joints(header: Header) -> bool:
    shape = header.shape
    return (
        len(shape) >= 3
        and shape[-1] == 3
        and shape[-2] in FACE_AT
        and header.dtype.kind == 'f'
        and math.prod(shape) > 0
    )


def _to_coco(joints: np.ndarray) -> np.ndarray:
    """(T, J, 3) of SMPL to (T, 17, 3) of COCO, NaN where unknown."""
    table = dict(BODY)
    face = FACE_AT[joints.shape[1]]
    if face is not None:
        table.update({name: face + i for i, name in enumerate(_FACE)})
    xyz = np.full((len(joints), len(COCO17), 3), np.nan)
    xyz[:, COCO17.index(*table)] = joints[:, list(table.values())]
    xyz[~np.isfinite(xyz).all(-1)] = np.nan
    return xyz
