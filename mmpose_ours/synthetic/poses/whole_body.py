"""Feet, hands and a face of anatomical size for bodies of COCO-17.

The body says where they are and which way they point; their sizes are shares of the stature. Fingers
are slightly bent and spread.
"""

from __future__ import annotations

import numpy as np

from mmpose_ours.parts.layout import HAND_MM
from mmpose_ours.parts.segment_lengths import stature_of
from mmpose_ours.structures.skeletons import COCO17, SKELETONS
from mmpose_ours.structures.whole_body import FACE, SIDES

WHOLE_BODY = SKELETONS['coco_wholebody']
_ADULT_MM = 1700.0
# Shares of the stature: along the foot, along the shank (upwards), outwards.
_FOOT = {'heel': (-0.023, -0.039, 0.0), 'big_toe': (0.110, -0.040, -0.008),
         'small_toe': (0.093, -0.042, 0.035)}  # fmt: skip
# Degrees that a finger points away from the middle one, towards the thumb, and that each of its
# joints is bent.
_SPREAD = {'thumb': 48.0, 'forefinger': 12.0, 'middle_finger': 0.0, 'ring_finger': -11.0,
           'pinky_finger': -22.0}  # fmt: skip
_BEND = 12.0


def with_parts(poses: np.ndarray) -> np.ndarray:
    """People of COCO-17 with feet, face and hands.

    Args:
        poses: (N, 17, 3) in mm, z up, without missing joints.

    Returns:
        (N, 133, 3) of COCO-WholeBody.
    """
    return np.array([_with_parts(pose) for pose in poses]).reshape(-1, len(WHOLE_BODY), 3)


def _with_parts(pose: np.ndarray) -> np.ndarray:
    joints = {name: pose[index] for index, name in enumerate(COCO17.joints)}
    size = stature_of(pose)
    forward = _forward(joints)
    for number, side in enumerate(SIDES):
        outward = (1, -1)[number] * _unit(joints['left_hip'] - joints['right_hip'])
        joints.update(_foot(joints, side, size, forward, outward))
        joints.update(_hand(joints, side, size, forward))
    joints.update(_face(joints, size))
    return np.array([joints[name] for name in WHOLE_BODY.joints])


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


def _across(vector: np.ndarray, axis: np.ndarray, instead: np.ndarray) -> np.ndarray:
    """The unit vector of what is left of a vector across an axis."""
    rest = vector - (vector @ axis) * axis
    if np.linalg.norm(rest) < 0.1:
        rest = instead - (instead @ axis) * axis
    return _unit(rest)


def _forward(joints: dict[str, np.ndarray]) -> np.ndarray:
    """Where the trunk faces."""
    left = _unit(joints['left_hip'] - joints['right_hip'])
    up = (joints['left_shoulder'] + joints['right_shoulder']) - (
        joints['left_hip'] + joints['right_hip']
    )
    return _unit(np.cross(left, _unit(up)))


def _foot(
    joints: dict[str, np.ndarray],
    side: str,
    size: float,
    forward: np.ndarray,
    outward: np.ndarray,
) -> dict[str, np.ndarray]:
    ankle = joints[f'{side}_ankle']
    shank = _unit(joints[f'{side}_knee'] - ankle)
    along = _across(forward, shank, np.array([0.0, 0.0, 1.0]))
    aside = _across(outward, shank, np.cross(shank, along))
    return {
        f'{side}_{name}': ankle + size * (a * along + b * shank + c * aside)
        for name, (a, b, c) in _FOOT.items()
    }


def _hand(
    joints: dict[str, np.ndarray], side: str, size: float, forward: np.ndarray
) -> dict[str, np.ndarray]:
    wrist = joints[f'{side}_wrist']
    along = _unit(wrist - joints[f'{side}_elbow'])
    # The thumb's side of the palm.
    aside = _across(forward, along, np.array([0.0, 0.0, 1.0]))
    palm = np.cross(along, aside)
    hand = {f'{side}_hand_root': wrist.copy()}
    for finger, lengths in HAND_MM.items():
        turn = np.radians(_SPREAD[finger])
        direction = np.cos(turn) * along + np.sin(turn) * aside
        place = wrist
        for number, length in enumerate(lengths):
            bend = np.radians(_BEND * number)
            step = np.cos(bend) * direction + np.sin(bend) * palm
            place = place + step * length * size / _ADULT_MM
            hand[f'{side}_{finger}{number + 1}'] = place
    return hand


def _face(joints: dict[str, np.ndarray], size: float) -> dict[str, np.ndarray]:
    """iBUG's 68 points on a head of usual size, which looks where the nose points."""
    ears = (joints['left_ear'] + joints['right_ear']) / 2
    left = _unit(joints['left_ear'] - joints['right_ear'])
    look = _across(joints['nose'] - ears, left, np.array([0.0, 0.0, 1.0]))
    up = np.cross(look, left)
    middle = ears + 0.03 * size * look
    points = [
        middle + size * (x * left + y * up + z * look) for x, y, z in _face_template()
    ]
    return dict(zip(FACE, points))


def _face_template() -> np.ndarray:
    """(68, 3) shares of the stature: to the left of the person, up, and forward."""

    def arc(count: int, width: float, rise: float, at: tuple[float, float]) -> np.ndarray:
        # From the person's right to the left, bent by ``rise`` in the middle.
        x = np.linspace(-1, 1, count)
        return np.stack([at[0] + width * x, at[1] + rise * (1 - x * x)], axis=1)

    def ring(count: int, width: float, height: float, at: tuple[float, float]) -> np.ndarray:
        angle = np.pi - 2 * np.pi * np.arange(count) / count
        return np.stack([at[0] + width * np.cos(angle), at[1] + height * np.sin(angle)], axis=1)

    angle = np.pi + np.pi * np.arange(17) / 16
    jaw = np.stack([0.042 * np.cos(angle), 0.068 * np.sin(angle)], axis=1)
    flat = np.concatenate([
        jaw,
        arc(5, 0.011, 0.004, (-0.020, 0.018)), arc(5, 0.011, 0.004, (0.020, 0.018)),
        np.stack([np.zeros(4), np.linspace(0.008, -0.014, 4)], axis=1),
        arc(5, 0.009, -0.003, (0.0, -0.018)),
        ring(6, 0.009, 0.004, (-0.019, 0.008)), ring(6, 0.009, 0.004, (0.019, 0.008)),
        ring(12, 0.015, 0.007, (0.0, -0.038)), ring(8, 0.011, 0.003, (0.0, -0.038)),
    ])  # fmt: skip
    # A head is round: what is beside the middle lies farther back.
    depth = 0.035 - 0.6 * flat[:, 0] ** 2 / 0.042
    depth[27:31] += 0.006
    return np.concatenate([flat, depth[:, None]], axis=1)
