"""How long the parts of a person are, and how tall the person is by them.

The proportions are those of the built-in bodies (:mod:`.body_model`, after Drillis and Contini,
1966). Whether a pose is sound is judged in :mod:`realism`.
"""

from __future__ import annotations

import warnings
from typing import Sequence

import numpy as np

from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic.poses.body_model import (
    FOREARM,
    HALF_HIPS,
    HALF_SHOULDERS,
    SHANK,
    THIGH,
    TRUNK,
    UPPER_ARM,
)

COCO17 = SKELETONS['coco17']
# Both sides of each: joint, joint, fraction of stature.
_LIMBS = (
    ('hip', 'knee', THIGH),
    ('knee', 'ankle', SHANK),
    ('shoulder', 'elbow', UPPER_ARM),
    ('elbow', 'wrist', FOREARM),
)
# What the columns of part_lengths are: pairs of joints of a body, left before right.
PARTS = tuple((f'{s}_{a}', f'{s}_{b}') for a, b, _ in _LIMBS for s in ('left', 'right')) + (
    ('mid_hip', 'mid_shoulder'),
    ('left_hip', 'right_hip'),
    ('left_shoulder', 'right_shoulder'),
)
FRACTIONS = np.array(
    [fraction for _, _, fraction in _LIMBS for _ in range(2)]
    + [TRUNK, 2 * HALF_HIPS, 2 * HALF_SHOULDERS]
)
# The first of PARTS come in pairs of sides; widths say little of stature and are the last two.
SIDED, WIDTHS = 2 * len(_LIMBS), 2


def joint_of(xyz: np.ndarray, name: str) -> np.ndarray:
    """One joint of (..., 17, 3) people: (..., 3); ``mid_hip`` is the middle of both hips."""
    if name.startswith('mid_'):
        part = name[len('mid_') :]
        return xyz[..., COCO17.index(f'left_{part}', f'right_{part}'), :].mean(-2)
    return xyz[..., COCO17.index(name)[0], :]


def part_lengths(xyz: np.ndarray) -> np.ndarray:
    """Lengths of :data:`PARTS`: (N, 17, 3) people, NaN where unknown, to (N, 11)."""
    ends: Sequence[np.ndarray] = [joint_of(xyz, a) - joint_of(xyz, b) for a, b in PARTS]
    return np.linalg.norm(np.stack(ends, axis=1), axis=-1)


def stature_of(xyz: np.ndarray) -> np.ndarray:
    """How tall people are by their limbs and trunk.

    Args:
        xyz: (N, 17, 3) in any unit, NaN where unknown.

    Returns:
        (N,) in the same unit: the median over the parts that are known; NaN where none is.
    """
    ratios = (part_lengths(xyz) / FRACTIONS)[:, :-WIDTHS]
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', RuntimeWarning)  # nothing known is not an error here
        return np.nanmedian(ratios, axis=1)
