"""Named kinds of poses, and which of them a bank does not cover."""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.synthetic.poses.anthropometry import joint_of, stature_of
from mmpose_ours.synthetic.poses.body_model import STATURE_MM
from mmpose_ours.synthetic.poses.coverage import COVERED_MM, nearest_mm, standardised
from mmpose_ours.synthetic.poses.pose_bank import PoseBank

# Millimetres of people 1.7 m tall, and sines and cosines of a trunk's angles.
FOOT_UP_MM, HAND_UP_MM, LOW_HIPS_MM, WIDE_STEP_MM = 250.0, 250.0, 550.0, 700.0
BENT_DOWN, ASIDE, BACK = np.cos(np.deg2rad(60)), np.sin(np.deg2rad(25)), np.sin(np.deg2rad(15))


@dataclasses.dataclass(frozen=True)
class Kind:
    """How many poses are of a kind, and what share of them a bank misses."""

    name: str
    count: int
    missed: float


def kinds_of(bank: PoseBank) -> dict[str, np.ndarray]:
    """(N,) bool per kind of pose; a pose may be of several, or of none."""
    xyz = standardised(bank).known_poses
    height = joint_of(bank.known_poses, 'mid_hip')[:, 2] * STATURE_MM
    height = height / stature_of(bank.known_poses)
    trunk = joint_of(xyz, 'mid_shoulder')
    forward, left, up = (trunk / np.linalg.norm(trunk, axis=-1, keepdims=True)).T
    feet = joint_of(xyz, 'left_ankle') - joint_of(xyz, 'right_ankle')
    hands = np.fmax(joint_of(xyz, 'left_wrist')[:, 2], joint_of(xyz, 'right_wrist')[:, 2])
    with np.errstate(invalid='ignore'):
        return {
            'a foot raised': np.abs(feet[:, 2]) > FOOT_UP_MM,
            'a hand over the shoulders': hands - trunk[:, 2] > HAND_UP_MM,
            'bent down': up < BENT_DOWN,
            'leaning aside': np.abs(left) > ASIDE,
            'leaning back': forward < -BACK,
            'hips low': height < LOW_HIPS_MM,
            'a wide step': np.linalg.norm(feet, axis=-1) > WIDE_STEP_MM,
        }


def missed_kinds(bank: PoseBank, of: PoseBank) -> list[Kind]:
    """Which kinds among the poses ``of`` have no neighbour in a bank, the most missed first.

    The last is ``'none of these'``: poses of no kind.
    """
    missed = nearest_mm(of, bank) > COVERED_MM
    kinds = kinds_of(of)
    rest = ~np.any(list(kinds.values()), axis=0)
    reported = [
        Kind(name, int(found.sum()), float(missed[found].mean()))
        for name, found in kinds.items()
        if found.any()
    ]
    reported.sort(key=lambda kind: -kind.missed)
    if rest.any():
        reported.append(Kind('none of these', int(rest.sum()), float(missed[rest].mean())))
    return reported
