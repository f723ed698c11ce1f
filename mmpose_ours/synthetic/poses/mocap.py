"""Conversion of a motion capture recording of any unit and axes to a pose bank.

The unit is estimated from the length of the legs, the up axis from the mean direction from feet to
shoulders, and the floor from the lowest ankles. Unit and axis can be given instead; estimates are
reported.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.calibration.world_axes import Z_UP_FROM, mm_per_unit
from mmpose_ours.errors import FileFormatError, InputError, PathLike
from mmpose_ours.io.disk.files import MM_PER_UNIT
from mmpose_ours.synthetic.poses.anthropometry import COCO17, joint_of
from mmpose_ours.synthetic.poses.body_model import ANKLE_HEIGHT, STATURE_MM
from mmpose_ours.synthetic.poses.face import add_face
from mmpose_ours.synthetic.poses.pose_bank import PoseBank
from mmpose_ours.text import argument

# From hip to ankle, children of school age to very tall people. Narrower than the step from
# one unit to the next, so that at most one unit fits.
LEG_MM = (550.0, 1100.0)
# The CMU motion library counts in 1/0.45 of an inch, and so do its BVH conversions.
UNITS = {**MM_PER_UNIT, 'inches': 25.4, "CMU's units of 56.4 mm": 25.4 / 0.45}
# How much of trunks and legs must point along one axis, on average.
MIN_UPRIGHT = 0.65
# The share of frames whose lowest ankle may be below where the floor is taken to be.
BELOW_FLOOR = 0.02


@dataclasses.dataclass(frozen=True, eq=False)
class Recording:
    """One person over time, as a file has it.

    Args:
        xyz: (T, 17, 3) COCO's joints in the file's unit and axes; NaN where unknown.
        head: (T, 3) the head's joint, if the file has one whose rotation is known.
        R_head: (T, 3, 3) that rotation, bone to the file's axes.
        unit: ``mm``, ``cm`` or ``m`` where the file says it.
    """

    xyz: np.ndarray
    head: np.ndarray | None = None
    R_head: np.ndarray | None = None
    unit: str | None = None


def bank_of(
    recording: Recording, path: PathLike, unit: str | float | None = None, up: str | None = None
) -> tuple[PoseBank, str]:
    """Turn a recording into poses: millimetres, z up, ankles on the floor, hips over the origin.

    Args:
        recording: What the file has.
        path: The file, for messages.
        unit: ``mm``, ``cm``, ``m`` or millimetres per unit; None takes the file's word, or
            guesses.
        up: The axis that points up in the file, ``x -x y -y z -z``; None guesses.

    Returns:
        The poses, and how unit and axis were understood.

    Raises:
        FileFormatError: They cannot be guessed, or what results are no people on a floor.
        InputError: ``unit`` or ``up`` is none.
    """
    if up is not None and up not in Z_UP_FROM:
        raise InputError(
            f'the up axis is {up!r}, expected one of {", ".join(Z_UP_FROM)}',
            code='unknown-name',
            found=up,
            expected=list(Z_UP_FROM),
        )
    axis = up or _guess_up(recording.xyz, path)
    given = unit if unit is not None else recording.unit
    name, factor = (
        _guess_unit(recording.xyz, path) if given is None else (given, mm_per_unit(given))
    )
    turn = Z_UP_FROM[axis].T
    xyz = recording.xyz @ turn * factor
    if recording.head is not None and recording.R_head is not None:
        xyz = add_face(xyz, recording.head @ turn * factor, turn.T @ recording.R_head)
    xyz[..., 2] -= _floor(xyz)
    remedy = f'say {argument("unit")} and {argument("up")}'
    bank = PoseBank.placed(xyz, np.isfinite(xyz).all(-1), path, remedy)
    words = f'unit {name}{"" if given is not None else " by its legs"}'
    return bank, f'{words}, {axis} up{"" if up else " by its motion"}'


def _guess_up(xyz: np.ndarray, path: PathLike) -> str:
    hips = joint_of(xyz, 'mid_hip')
    upwards = np.concatenate(
        [joint_of(xyz, 'mid_shoulder') - hips, hips - joint_of(xyz, 'mid_ankle')]
    )
    upwards = upwards[np.isfinite(upwards).all(-1)]
    length = np.linalg.norm(upwards, axis=-1, keepdims=True)
    share = (upwards / np.where(length > 0, length, 1)).mean(0) if len(upwards) else np.zeros(3)
    axis = int(np.abs(share).argmax())
    if abs(share[axis]) < MIN_UPRIGHT:
        raise FileFormatError(
            f'{path}: its people point along x, y, z by {np.round(share, 2).tolist()} on average, '
            f'expected {MIN_UPRIGHT} or more along one axis that is up; say which with '
            f'{argument("up")}',
            code='ambiguous',
            file=path,
            found=share.tolist(),
            expected=MIN_UPRIGHT,
        )
    return ('-' if share[axis] < 0 else '') + 'xyz'[axis]


def _guess_unit(xyz: np.ndarray, path: PathLike) -> tuple[str, float]:
    legs = np.stack(
        [
            np.linalg.norm(joint_of(xyz, f'{side}_{a}') - joint_of(xyz, f'{side}_{b}'), axis=-1)
            for side in ('left', 'right')
            for a, b in (('hip', 'knee'), ('knee', 'ankle'))
        ]
    )
    known = legs[:, np.isfinite(legs).all(0)]
    if not known.size:
        raise FileFormatError(
            f'{path}: no frame has both legs, to estimate its unit from; say it with '
            f'{argument("unit")}',
            code='no-data',
            file=path,
        )
    leg = float(np.median(known.sum(0) / 2))
    for name, factor in UNITS.items():
        if LEG_MM[0] <= leg * factor <= LEG_MM[1]:
            return name, factor
    example = 800 / leg if leg > 0 else 1.0
    example_unit = argument('unit', float(f'{example:.4g}'))
    raise FileFormatError(
        f'{path}: its legs are {leg:.4g} long, which is no leg of {LEG_MM[0]:g} to '
        f'{LEG_MM[1]:g} mm in {", ".join(UNITS)}; say the unit, e.g. {example_unit} for legs of '
        '800 mm',
        code='missing-value',
        file=path,
        found=leg,
        expected=LEG_MM,
    )


def _floor(xyz: np.ndarray) -> float:
    """Where the floor is in z: an ankle's height below the lowest ankles, but for outliers."""
    ankles = xyz[:, COCO17.index('left_ankle', 'right_ankle'), 2]
    known = ankles[np.isfinite(ankles).any(1)]
    if not len(known):
        return 0.0
    return float(np.quantile(np.nanmin(known, axis=1), BELOW_FLOOR)) - ANKLE_HEIGHT * STATURE_MM
