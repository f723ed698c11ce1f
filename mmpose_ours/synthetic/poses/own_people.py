"""Poses of the user's own people: what was triangulated on the rig, cleaned, becomes a bank.

Training on own results is training on their errors too, so people are dropped when in doubt: with
few joints, with impossible limbs, or seen in one frame only, as false positives are. Nothing is
filled in or smoothed.
"""

from __future__ import annotations

import numpy as np

from mmpose_ours.errors import PathLike
from mmpose_ours.predictions.reading import read_predictions
from mmpose_ours.structures.joint_maps import convert_joints
from mmpose_ours.synthetic.poses.anthropometry import (
    COCO17,
    FRACTIONS,
    SIDED,
    joint_of,
    part_lengths,
    stature_of,
)
from mmpose_ours.synthetic.poses.pose_bank import PoseBank

# Of the twelve joints of arms and legs.
MIN_JOINTS = 9
_FACE = 5
# A limb or trunk against the person's stature by all of them, and the sides of a limb.
PROPORTION = (0.7, 1.4)
MAX_UNEVEN = 1.3
STATURE_MM = (900.0, 2200.0)
HIPS_MM = (100.0, 1500.0)
# How far a person gets from one frame of the file to the next, which may skip some of the video.
STEP_MM = 600.0


def clean_people(path: PathLike) -> tuple[PoseBank, str]:
    """Read a Predictions file and keep the people who can be trusted.

    Args:
        path: File in the Predictions format; the rig's floor is z = 0.

    Returns:
        The poses, and a sentence that says how many were dropped for what.

    Raises:
        FileFormatError: The file is none, or nobody is left.
    """
    predictions = read_predictions(path)
    frames = [
        convert_joints(predictions.frames[key].xyz_mm, predictions.skeleton, 'coco17')
        for key in sorted(predictions.frames, key=lambda key: (isinstance(key, str), key))
    ]
    xyz = np.concatenate([np.zeros((0, 17, 3)), *frames])
    left = np.ones(len(xyz), dtype=bool)
    reasons = []
    for reason, good in (
        ('few joints', _many_joints(xyz)),
        ('limbs', _human(xyz)),
        ('one frame only', _stay(frames)),
    ):
        reasons.append(f'{np.count_nonzero(left & ~good)} for {reason}')
        left &= good
    bank = PoseBank.placed(
        xyz[left],
        np.isfinite(xyz[left]).all(-1),
        path,
        'the floor of the rig must be z = 0 (`mmpose-ours align-rig`)',
    )
    return bank, f'dropped of {len(xyz)} people: {", ".join(reasons)}'


def _many_joints(xyz: np.ndarray) -> np.ndarray:
    known = np.isfinite(xyz).all(-1)
    hips = known[:, COCO17.index('left_hip', 'right_hip')].all(1)
    return hips & (known[:, _FACE:].sum(1) >= MIN_JOINTS)


def _human(xyz: np.ndarray) -> np.ndarray:
    """(N,) whose known limbs fit each other, and whose hips are where hips can be."""
    stature = stature_of(xyz)
    lengths = part_lengths(xyz)
    with np.errstate(invalid='ignore', divide='ignore'):
        share = lengths[:, : SIDED + 1] / (FRACTIONS[: SIDED + 1] * stature[:, None])
        uneven = np.abs(np.log(lengths[:, 0:SIDED:2] / lengths[:, 1:SIDED:2]))
        off = ((share < PROPORTION[0]) | (share > PROPORTION[1])).any(1)
        off |= (uneven > np.log(MAX_UNEVEN)).any(1)
        height = joint_of(xyz, 'mid_hip')[:, 2]
        fits = (stature >= STATURE_MM[0]) & (stature <= STATURE_MM[1])
        return ~off & fits & (height >= HIPS_MM[0]) & (height <= HIPS_MM[1])


def _stay(frames: list[np.ndarray]) -> np.ndarray:
    """(N,) who has somebody near in the frame before or after; all, where there is one frame."""
    if len(frames) < 2:
        return np.ones(sum(map(len, frames)), dtype=bool)
    middles = [_middle(people) for people in frames]
    nobody = np.zeros((0, 3))
    stay = []
    for before, here, after in zip([nobody, *middles], middles, [*middles[1:], nobody]):
        there = np.concatenate([before, after])
        away = np.linalg.norm(here[:, None] - there, axis=-1)
        stay.append((away < STEP_MM).any(1))
    return np.concatenate(stay)


def _middle(people: np.ndarray) -> np.ndarray:
    """(P, 3) mean of the joints (P, 17, 3) that are known; NaN where none is."""
    known = np.isfinite(people).all(-1)[..., None]
    with np.errstate(invalid='ignore'):
        return np.where(known, people, 0.0).sum(1) / known.sum(1)
