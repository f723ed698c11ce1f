"""Plausibility of the poses of a bank: proportions, symmetry, joint limits, floor.

Each measure is the fraction of poses with an anatomically implausible fault, tested on the known
joints. The limits are wide, so that few real poses fail; the measures find a wrong unit, mirrored
sides, wrong joints and joints bent beyond their range.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.synthetic.poses.anthropometry import (
    FRACTIONS,
    PARTS,
    SIDED,
    WIDTHS,
    joint_of,
    part_lengths,
    stature_of,
)
from mmpose_ours.synthetic.poses.pose_bank import PoseBank

# A limb or trunk against the stature by all of them; hips and shoulders, whose landmarks
# differ more from one source to the next.
PROPORTION, WIDTH_PROPORTION = (0.75, 1.35), (0.6, 1.6)
MAX_UNEVEN = 1.15
# Degrees. A hinge that is bent less than this says nothing about the side it bends to.
BENT_KNEE, BENT_ELBOW = 20.0, 30.0
MAX_FLEXION = 165.0
# How far the axis that a hinge bends about may be turned from its rest, about the limb: knees by
# the hip's rotation, elbows by the upper arm's, each with the errors of real joints on top.
MAX_KNEE_TURN, MAX_ELBOW_TURN = 110.0, 130.0
# An elbow's rest is known only while the upper arm is this near to hanging down the trunk: a
# raised arm may have got there forwards or sideways, which differ by half a turn.
HANGING = 60.0
BELOW_FLOOR_MM, ABOVE_FLOOR_MM = -40.0, 350.0
FAULTS = ('limbs', 'uneven', 'knees', 'elbows', 'sunk', 'afloat')


@dataclasses.dataclass(frozen=True, eq=False)
class Realism:
    """Implausible features (faults) and body heights of N poses.

    Args:
        faults: (N,) bool per name of :data:`FAULTS`: limbs out of proportion, sides of unequal
            length, knees or elbows that bend the wrong way or too far, joints below the floor, no
            foot or other joint near the floor.
        head_below_hips: (N,) bool, no fault but rare: shoulders and face below the hips.
        stature_mm: (N,) by limbs and trunk; NaN where none is known.
        known: Share of all joints whose place is known.
        proportions: Per name of :data:`PARTS` the median of its length against what it is in a
            body of that stature; 1 is average.
    """

    faults: dict[str, np.ndarray]
    head_below_hips: np.ndarray
    stature_mm: np.ndarray
    known: float
    proportions: dict[str, float]

    @property
    def sound(self) -> np.ndarray:
        """(N,) poses without any fault."""
        return ~np.any(list(self.faults.values()), axis=0)


def measure_realism(bank: PoseBank) -> Realism:
    """Test the poses of a bank for implausible proportions and joint angles."""
    xyz = bank.known_poses
    stature = stature_of(xyz)
    lengths = part_lengths(xyz)
    with np.errstate(invalid='ignore', divide='ignore'):
        ratios = lengths / (FRACTIONS * stature[:, None])
        low, high = np.tile(PROPORTION, (len(PARTS), 1)).T
        low[-WIDTHS:], high[-WIDTHS:] = WIDTH_PROPORTION
        limbs = ((ratios < low) | (ratios > high)).any(1)
        sides = np.abs(np.log(lengths[:, 0:SIDED:2] / lengths[:, 1:SIDED:2]))
        lowest, hips = np.nanmin(xyz[..., 2], axis=1), joint_of(xyz, 'mid_hip')[:, 2]
        feet = np.isfinite(joint_of(xyz, 'mid_ankle')).all(-1)
        faults = {
            'limbs': limbs,
            'uneven': (sides > np.log(MAX_UNEVEN)).any(1),
            'knees': _wrong_knee(xyz, 'left') | _wrong_knee(xyz, 'right'),
            'elbows': _wrong_elbow(xyz, 'left') | _wrong_elbow(xyz, 'right'),
            'sunk': lowest < BELOW_FLOOR_MM,
            'afloat': feet & (lowest > ABOVE_FLOOR_MM),
        }
        face = xyz[:, :5, 2]
        upside_down = (joint_of(xyz, 'mid_shoulder')[:, 2] < hips) & ~(face > hips[:, None]).any(1)
    proportions = {
        '-'.join(part): float(np.nanmedian(ratio)) if np.isfinite(ratio).any() else float('nan')
        for part, ratio in zip(PARTS, ratios.T)
    }
    return Realism(faults, upside_down, stature, float(bank.visible.mean()), proportions)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def _flexion(
    xyz: np.ndarray, side: str, upper: str, middle: str, lower: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(N,) degrees that a hinge is bent, (N, 3) the axis it bends about and the upper bone."""
    place = joint_of(xyz, f'{side}_{middle}')
    first = _unit(place - joint_of(xyz, f'{side}_{upper}'))
    second = _unit(joint_of(xyz, f'{side}_{lower}') - place)
    axis = np.cross(first, second)
    sine = np.linalg.norm(axis, axis=-1)
    return np.rad2deg(np.arctan2(sine, (first * second).sum(-1))), axis / sine[:, None], first


def _angle(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(N,) degrees between unit vectors."""
    return np.rad2deg(np.arccos(np.clip((a * b).sum(-1), -1, 1)))


def _wrong_knee(xyz: np.ndarray, side: str) -> np.ndarray:
    """A knee turns about its left, which may leave the pelvis's, but not point the other way."""
    bent, axis, thigh = _flexion(xyz, side, 'hip', 'knee', 'ankle')
    left = _unit(joint_of(xyz, 'left_hip') - joint_of(xyz, 'right_hip'))
    across = left - (left * thigh).sum(-1, keepdims=True) * thigh
    # A thigh that points sideways leaves no pelvis's left to compare with.
    judged = (bent > BENT_KNEE) & (np.linalg.norm(across, axis=-1) > 0.5)
    return (judged & (_angle(axis, _unit(across)) > MAX_KNEE_TURN)) | (bent > MAX_FLEXION)


def _wrong_elbow(xyz: np.ndarray, side: str) -> np.ndarray:
    """A hanging arm's elbow turns about the body's right, give or take the upper arm's turn."""
    bent, axis, upper_arm = _flexion(xyz, side, 'shoulder', 'elbow', 'wrist')
    down = _unit(joint_of(xyz, 'mid_hip') - joint_of(xyz, 'mid_shoulder'))
    right = joint_of(xyz, 'right_shoulder') - joint_of(xyz, 'left_shoulder')
    right = _unit(right - (right * down).sum(-1, keepdims=True) * down)
    # The shortest turn that takes "down" to the upper arm takes "right" along.
    half = _unit(down + upper_arm)
    mirrored = right - 2 * (right * down).sum(-1, keepdims=True) * down
    rest = mirrored - 2 * (mirrored * half).sum(-1, keepdims=True) * half
    judged = (bent > BENT_ELBOW) & (_angle(down, upper_arm) < HANGING)
    return (judged & (_angle(axis, rest) > MAX_ELBOW_TURN)) | (bent > MAX_FLEXION)
