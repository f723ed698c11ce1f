"""Feet, hands, a face and the joints of other skeletons for bodies of COCO-17.

The body says where they are and which way they point; their sizes are shares of the stature.
Fingers are slightly bent and spread.
"""

from __future__ import annotations

import numpy as np

from mmpose_ours.errors import InputError
from mmpose_ours.parts.layout import HAND_MM
from mmpose_ours.parts.segment_lengths import stature_of
from mmpose_ours.structures.joint_maps import convert_joints, joint_map
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17, SKELETONS
from mmpose_ours.structures.whole_body import FACE, SIDES

WHOLE_BODY = SKELETONS['coco_wholebody']
# The whole body with the joints of the head and neck that other skeletons have.
_WITH_HEAD = Skeleton('whole_body', (*WHOLE_BODY.joints, 'head', 'upper_neck'))
_ADULT_MM = 1700.0
# Shares of the stature: along the foot, along the shank (upwards), outwards.
_FOOT = {'heel': (-0.023, -0.039, 0.0), 'big_toe': (0.110, -0.040, -0.008),
         'small_toe': (0.093, -0.042, 0.035)}  # fmt: skip
# Degrees: mean, standard deviation and limits of the angles of a foot in the air. It bends upwards
# from a right angle with the shank, and turns outwards.
_FOOT_UP, _FOOT_OUT = (-8.0, 15.0, (-45.0, 25.0)), (7.0, 8.0, (-20.0, 35.0))
# Standard deviation of the size of feet as a share of that which follows from the stature.
_FOOT_SPREAD = 0.06
# Shares of the stature: height of an ankle above the floor on which the foot stands, height above
# that at which the floor no longer matters, and the lowest height of a toe.
_STANDING, _LEAVING, _LOWEST_TOE = 0.055, 0.06, 0.012
# Shares of the stature: from the middle of the ears to the top of the head, and from the middle of
# the shoulders to the upper end of the neck.
_HEAD_TOP, _UPPER_NECK = 0.063, 0.045
# Degrees that a finger points away from the middle one, towards the thumb, and that each of its
# joints is bent.
_SPREAD = {'thumb': 48.0, 'forefinger': 12.0, 'middle_finger': 0.0, 'ring_finger': -11.0,
           'pinky_finger': -22.0}  # fmt: skip
_BEND = 12.0


def with_parts(poses: np.ndarray, rng: np.random.Generator | None = None) -> np.ndarray:
    """People of COCO-17 with feet, face and hands.

    Args:
        poses: (N, 17, 3) in mm, z up; NaN where missing.
        rng: Draws size and ankle angles of the feet, for people who stand on the floor z = 0. None
            gives feet of usual size at right angles to the shanks.

    Returns:
        (N, 133, 3) of COCO-WholeBody; NaN where a joint that is needed is missing.
    """
    joints = _with_parts(poses, rng)
    return np.stack([joints[name] for name in WHOLE_BODY.joints], axis=1)


def check_can_make(skeleton: Skeleton) -> None:
    """Refuse a skeleton with joints that the built-in body does not have.

    Raises:
        InputError: There are such joints; names them.
    """
    made = np.asarray(joint_map(_WITH_HEAD, skeleton).any((0, 2)))
    unknown = [joint for joint, can in zip(skeleton.joints, made) if not can]
    needed = [j for j in ('left_shoulder', 'left_hip', 'left_ankle') if j not in skeleton.joints]
    if unknown or needed:
        what = f'has no {", ".join(unknown)}' if unknown else f'needs {", ".join(needed)}'
        raise InputError(
            f'synthetic people cannot be made with the joints of {skeleton.name}: the built-in '
            f'body {what}; take coco17, halpe26, body25 or another skeleton of whole people',
            code='cannot-express',
            found=unknown or needed,
            expected=list(_WITH_HEAD.joints),
        )


def bodies_in(
    skeleton: Skeleton, poses: np.ndarray, rng: np.random.Generator | None = None
) -> np.ndarray:
    """People of COCO-17 with the joints of another skeleton.

    Args:
        skeleton: The joints wanted; of COCO-17 the poses are returned as they are.
        poses: (N, 17, 3) in mm, z up; NaN where missing.
        rng: See :func:`with_parts`.

    Returns:
        (N, J, 3); NaN where a joint that is needed is missing.

    Raises:
        InputError: The built-in body lacks a joint of the skeleton.
    """
    if skeleton.joints == COCO17.joints:
        return poses
    check_can_make(skeleton)
    joints = _with_parts(poses, rng)
    whole = np.stack([joints[name] for name in _WITH_HEAD.joints], axis=1)
    return convert_joints(whole, _WITH_HEAD, skeleton)


def _with_parts(poses: np.ndarray, rng: np.random.Generator | None) -> dict[str, np.ndarray]:
    """Name to (N, 3) for all joints of the whole body, its head and neck."""
    joints = {name: poses[:, index] for index, name in enumerate(COCO17.joints)}
    size = np.array([stature_of(pose) for pose in poses])[:, None]
    forward = _forward(joints)
    for number, side in enumerate(SIDES):
        outward = (1, -1)[number] * _unit(joints['left_hip'] - joints['right_hip'])
        joints.update(_foot(joints, side, size, forward, outward, rng))
        joints.update(_hand(joints, side, size, forward))
    joints.update(_head(joints, size))
    return joints


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.maximum(np.linalg.norm(vector, axis=-1, keepdims=True), 1e-9)


def _along(vector: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """The part of vectors (..., 3) along unit vectors."""
    return (vector * axis).sum(-1, keepdims=True) * axis


def _across(vector: np.ndarray, axis: np.ndarray, instead: np.ndarray) -> np.ndarray:
    """The unit vector of what is left of a vector across an axis."""
    rest, other = vector - _along(vector, axis), instead - _along(instead, axis)
    short = np.linalg.norm(rest, axis=-1, keepdims=True) < 0.1
    return _unit(np.where(short, other, rest))


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
    size: np.ndarray,
    forward: np.ndarray,
    outward: np.ndarray,
    rng: np.random.Generator | None,
) -> dict[str, np.ndarray]:
    ankle = joints[f'{side}_ankle']
    up = _unit(joints[f'{side}_knee'] - ankle)
    along = _across(forward, up, np.array([0.0, 0.0, 1.0]))
    aside = _across(outward, up, np.cross(up, along))
    if rng is not None:
        along, up, aside = _moved_foot(along, up, aside, ankle[:, 2:] / size, rng)
        size = size * (1 + _FOOT_SPREAD * rng.standard_normal(size.shape))
    return {
        f'{side}_{name}': ankle + size * (a * along + b * up + c * aside)
        for name, (a, b, c) in _FOOT.items()
    }


def _moved_foot(
    along: np.ndarray,
    up: np.ndarray,
    aside: np.ndarray,
    height: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Axes of feet with random angles of the ankles; flat on the floor where they stand on it.

    Args:
        along: (N, 3) axes of feet at right angles to the shanks: to the toes,
        up: (N, 3) along the shanks,
        aside: (N, 3) and outwards.
        height: (N, 1) of the ankles above the floor, in statures.
        rng: Random generator.
    """

    def drawn(mean: float, std: float, limits: tuple[float, float]) -> np.ndarray:
        return np.radians(np.clip(rng.normal(mean, std, height.shape), *limits))

    bend, turn = drawn(*_FOOT_UP), drawn(*_FOOT_OUT)
    along = np.cos(turn) * along + np.sin(turn) * aside
    level = _across(along, np.array([0.0, 0.0, 1.0]), along)
    free, up_free = np.cos(bend) * along + np.sin(bend) * up, np.cos(bend) * up
    up_free = up_free - np.sin(bend) * along
    in_air = np.clip((height - _STANDING) / _LEAVING, 0, 1)
    axis = _unit(in_air * free + (1 - in_air) * level)
    # Toes do not go through the floor.
    lowest = -np.clip((height - _LOWEST_TOE - 0.04) / _FOOT['big_toe'][0], 0.0, 1.0)
    steep = axis[:, 2:] < lowest
    flat = _across(axis, np.array([0.0, 0.0, 1.0]), level)
    raised = np.sqrt(1 - lowest**2) * flat + lowest * np.array([0.0, 0.0, 1.0])
    axis = np.where(steep, raised, axis)
    up = _across(in_air * up_free + (1 - in_air) * np.array([0.0, 0.0, 1.0]), axis, up)
    third = np.cross(axis, up)
    return axis, up, np.where((third * aside).sum(-1, keepdims=True) < 0, -third, third)


def _hand(
    joints: dict[str, np.ndarray], side: str, size: np.ndarray, forward: np.ndarray
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


def _head(joints: dict[str, np.ndarray], size: np.ndarray) -> dict[str, np.ndarray]:
    """Top of the head, neck, and IBUG's 68 points on a head that looks where the nose points."""
    ears = (joints['left_ear'] + joints['right_ear']) / 2
    left = _unit(joints['left_ear'] - joints['right_ear'])
    look = _across(joints['nose'] - ears, left, np.array([0.0, 0.0, 1.0]))
    up = np.cross(look, left)
    middle = ears + 0.03 * size * look
    points = [middle + size * (x * left + y * up + z * look) for x, y, z in _face_template()]
    shoulders = (joints['left_shoulder'] + joints['right_shoulder']) / 2
    return {
        **dict(zip(FACE, points)),
        'head': ears + _HEAD_TOP * size * up,
        'upper_neck': shoulders + _UPPER_NECK * size * _unit(ears - shoulders),
    }


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
