"""COCO's face for skeletons that have a head and no face.

Motion capture knows where the head is and how it is turned, but no nose, eyes and ears. They
are put where the built-in bodies have theirs: the middle of the ears lies from the middle of
the shoulders towards the head's joint, as far as in a body of that stature, and the landmarks
around it turn with the head.

A file does not say which way its head bone looks: skeletons rest in many ways. People look
ahead on average, so the bone's forward is what points to the chest's forward, on average over
the frames in which the trunk is upright. Who looks down all the time is therefore drawn as
looking ahead.
"""

from __future__ import annotations

import numpy as np

from mmpose_ours.synthetic.poses.anthropometry import COCO17, joint_of, stature_of
from mmpose_ours.synthetic.poses.body_model import FACE

# The vertical part of a trunk's direction; 30 degrees from upright.
UPRIGHT = 0.87
_EARS = np.array(FACE['left_ear']) * (1, 0, 1)


def add_face(xyz: np.ndarray, head: np.ndarray, R_head: np.ndarray) -> np.ndarray:
    """Fill in nose, eyes and ears.

    Args:
        xyz: (T, 17, 3) one person over time, z up, NaN where unknown.
        head: (T, 3) where the head's joint is.
        R_head: (T, 3, 3) how it is turned, from whatever axes the head bone has to the world's.

    Returns:
        (T, 17, 3) with a face; NaN where shoulders, hips or all limbs are unknown.
    """
    shoulders = joint_of(xyz, 'mid_shoulder')
    neck = head - shoulders
    length = np.linalg.norm(neck, axis=-1, keepdims=True)
    stature = np.full((1, 1), np.nan)
    known = np.isfinite(stature_of(xyz))
    if known.any():
        stature[:] = np.median(stature_of(xyz)[known])
    looks = R_head @ _forward_left_up(xyz, R_head)
    ears = shoulders + neck / np.where(length > 0, length, np.nan) * stature * _EARS[2]
    filled = xyz.copy()
    for name, offset in FACE.items():
        for joint, side in ((name, 1), (name.replace('left', 'right'), -1)):
            around = (np.array(offset) - _EARS) * (1, side, 1)
            filled[:, COCO17.index(joint)[0]] = ears + stature * (looks @ around)
    return filled


def _forward_left_up(xyz: np.ndarray, R_head: np.ndarray) -> np.ndarray:
    """(3, 3) the head's forward, left and up as columns, in the axes of its bone."""
    trunk = joint_of(xyz, 'mid_shoulder') - joint_of(xyz, 'mid_hip')
    left = joint_of(xyz, 'left_shoulder') - joint_of(xyz, 'right_shoulder')
    upright = trunk[:, 2] > UPRIGHT * np.linalg.norm(trunk, axis=-1)
    up = np.where(upright[:, None], (0.0, 0.0, 1.0), trunk)
    left = left - (left * up).sum(-1, keepdims=True) / (up * up).sum(-1, keepdims=True) * up
    axes = np.stack([np.cross(left, up), left, up], axis=-1)
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    known = np.isfinite(axes).all((1, 2)) & np.isfinite(R_head).all((1, 2))
    chosen = known & upright if (known & upright).any() else known
    if not chosen.any():
        return np.full((3, 3), np.nan)
    u, _, vt = np.linalg.svd((R_head[chosen].swapaxes(1, 2) @ axes[chosen]).mean(0))
    return u @ np.diag([1, 1, np.linalg.det(u @ vt)]) @ vt
