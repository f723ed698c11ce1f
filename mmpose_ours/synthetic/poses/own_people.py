"""Pose banks from the user's own predictions or triangulated people (self-training).

Training on predictions reproduces their errors, so doubtful poses are removed: with few joints,
with implausible limb lengths, or in a single frame only, as false positives are. Missing joints are
not filled in, and poses are not smoothed.
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

# Smallest number of known joints, of the twelve joints of arms and legs.
MIN_JOINTS = 9
_FACE = 5
# Limits of the length of a limb or the trunk divided by its expected length for the body height,
# and of the ratio of left and right.
PROPORTION = (0.7, 1.4)
MAX_UNEVEN = 1.3
STATURE_MM = (900.0, 2200.0)
HIPS_MM = (100.0, 1500.0)
# Largest movement of a person between consecutive frames of the file, which may skip video frames.
STEP_MM = 600.0


def clean_people(path: PathLike) -> tuple[PoseBank, str]:
    """Read a Predictions file and remove doubtful poses.

    Args:
        path: File in the Predictions format; the rig's floor is z = 0.

    Returns:
        The poses, and a sentence with the number of removed poses for each reason.

    Raises:
        FileFormatError: The file has another format, or no pose remains.
    """
    predictions = read_predictions(path)
    frames = [
        convert_joints(predictions.frames[key].xyz_mm, predictions.skeleton, 'coco17')
        for key in sorted(predictions.frames, key=lambda key: (isinstance(key, str), key))
    ]
    xyz = np.concatenate([np.zeros((0, 17, 3)), *frames])
    kept = np.ones(len(xyz), dtype=bool)
    reasons = []
    for reason, good in (
        ('few joints', _has_enough_joints(xyz)),
        ('limbs', _is_plausible(xyz)),
        ('one frame only', _is_tracked(frames)),
    ):
        reasons.append(f'{np.count_nonzero(kept & ~good)} for {reason}')
        kept &= good
    bank = PoseBank.placed(
        xyz[kept],
        np.isfinite(xyz[kept]).all(-1),
        path,
        'the floor of the rig must be z = 0 (`mmpose-ours align-rig`)',
    )
    return bank, f'dropped of {len(xyz)} people: {", ".join(reasons)}'


def _has_enough_joints(xyz: np.ndarray) -> np.ndarray:
    known = np.isfinite(xyz).all(-1)
    hips = known[:, COCO17.index('left_hip', 'right_hip')].all(1)
    return hips & (known[:, _FACE:].sum(1) >= MIN_JOINTS)


def _is_plausible(xyz: np.ndarray) -> np.ndarray:
    """(N,) bool, limb lengths, body height and hip height are plausible."""
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


def _is_tracked(frames: list[np.ndarray]) -> np.ndarray:
    """(N,) bool, a pose is near in the previous or next frame; True for a single frame."""
    if len(frames) < 2:
        return np.ones(sum(map(len, frames)), dtype=bool)
    middles = [_middle(people) for people in frames]
    empty = np.zeros((0, 3))
    tracked = []
    for before, here, after in zip([empty, *middles], middles, [*middles[1:], empty]):
        neighbours = np.concatenate([before, after])
        distance_mm = np.linalg.norm(here[:, None] - neighbours, axis=-1)
        tracked.append((distance_mm < STEP_MM).any(1))
    return np.concatenate(tracked)


def _middle(people: np.ndarray) -> np.ndarray:
    """(P, 3) mean of the joints (P, 17, 3) that are known; NaN where none is."""
    known = np.isfinite(people).all(-1)[..., None]
    with np.errstate(invalid='ignore'):
        return np.where(known, people, 0.0).sum(1) / known.sum(1)
