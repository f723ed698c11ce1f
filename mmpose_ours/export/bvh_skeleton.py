"""The skeleton of our BVH files: which joints there are, and how bones turn.

A person's bones have the median length that they have over the recording, and rest in a T-pose
with y up, facing z, the left arm towards x and the palms down. A bone's vector from its parent
tells its direction; trunk, shoulders, head, hands and feet have a second one that tells their
twist, limbs and fingers have none and are turned the shortest way. Foot and palm are rigid: heel,
toes and knuckles rest where they are in the median as seen from ankle and wrist.
"""

from __future__ import annotations

from typing import Iterator, NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from mmpose_ours.structures.joint_maps import convert_joints
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17, as_skeleton
from mmpose_ours.structures.whole_body import FINGERS

UP, LEFT, AHEAD = np.eye(3)[1], np.eye(3)[0], np.eye(3)[2]
_COCO = COCO17
# Fingers as Mixamo calls them.
_FINGERS = dict(zip(FINGERS, ('Thumb', 'Index', 'Middle', 'Ring', 'Pinky')))
# The points of other skeletons that take the place of a foot's or a hand's.
_COARSE = {'big_toe': ('foot_index', 'foot'), 'thumb1': ('thumb',), 'forefinger1': ('index',),
           'pinky_finger1': ('pinky',)}  # fmt: skip


class Bone(NamedTuple):
    """A joint of the skeleton.

    Args:
        name: As Mixamo and most retargeting tools call it.
        parent: Name of the parent, ``''`` for the root.
        place: The point that it is at.
        rest: Direction of the parent's bone to it at rest; None where it is at its parent.
        rigid: Whether it rests where it is in the median, as seen from its parent, instead.
        part: ``'body'``, ``'feet'`` or ``'hands'``.
    """

    name: str
    parent: str
    place: str
    rest: np.ndarray | None = None
    rigid: bool = False
    part: str = 'body'


def _foot(side: str) -> tuple[Bone, ...]:
    low, foot = side.lower(), f'{side}Foot'
    return (
        Bone(f'{side}ToeBase', foot, f'{low}_big_toe', AHEAD, True, 'feet'),
        Bone(f'{side}SmallToe', foot, f'{low}_small_toe', AHEAD, True, 'feet'),
        Bone(f'{side}Heel', foot, f'{low}_heel', -AHEAD, True, 'feet'),
    )


def _hand(side: str) -> Iterator[Bone]:
    """A chain per finger; the first joint of each is fixed to the palm."""
    outward = LEFT if side == 'Left' else -LEFT
    for finger, mixamo in _FINGERS.items():
        rest = (outward + AHEAD) / np.sqrt(2) if finger == 'thumb' else outward
        before = f'{side}Hand'
        for number in range(1, 5):
            place = f'{side.lower()}_{finger}{number}'
            bone = Bone(f'{side}Hand{mixamo}{number}', before, place, rest, number == 1, 'hands')
            before = bone.name
            yield bone


SKELETON = (
    Bone('Hips', '', 'mid_hip'),
    Bone('LeftUpLeg', 'Hips', 'left_hip', LEFT),
    Bone('LeftLeg', 'LeftUpLeg', 'left_knee', -UP),
    Bone('LeftFoot', 'LeftLeg', 'left_ankle', -UP),
    *_foot('Left'),
    Bone('RightUpLeg', 'Hips', 'right_hip', -LEFT),
    Bone('RightLeg', 'RightUpLeg', 'right_knee', -UP),
    Bone('RightFoot', 'RightLeg', 'right_ankle', -UP),
    *_foot('Right'),
    Bone('Spine', 'Hips', 'mid_hip'),
    Bone('Chest', 'Spine', 'neck', UP),
    Bone('LeftArm', 'Chest', 'left_shoulder', LEFT),
    Bone('LeftForeArm', 'LeftArm', 'left_elbow', LEFT),
    Bone('LeftHand', 'LeftForeArm', 'left_wrist', LEFT),
    *_hand('Left'),
    Bone('RightArm', 'Chest', 'right_shoulder', -LEFT),
    Bone('RightForeArm', 'RightArm', 'right_elbow', -LEFT),
    Bone('RightHand', 'RightForeArm', 'right_wrist', -LEFT),
    *_hand('Right'),
    Bone('Neck', 'Chest', 'neck'),
    Bone('Head', 'Neck', 'head', UP),
)


def places_of(poses: np.ndarray, joints: Skeleton | str) -> dict[str, np.ndarray]:
    """The points that the skeleton is laid through.

    Args:
        poses: (T, J, 3) mm, y up; NaN where a joint is missing.
        joints: Their skeleton.

    Returns:
        By name (T, 3), those that are known in some frame only: COCO's joints, ``mid_hip``,
        ``neck`` (between the shoulders) and ``head`` (between the ears, else the nose, else the
        top of the head), and the joints of feet and hands.
    """
    coco = convert_joints(poses, joints, 'coco17')
    places = {name: coco[:, index] for index, name in enumerate(_COCO.joints)}
    for name, part in (('mid_hip', 'hip'), ('neck', 'shoulder'), ('head', 'ear')):
        places[name] = (places[f'left_{part}'] + places[f'right_{part}']) / 2
    own = as_skeleton(joints)
    others = [places['nose']]
    others += [poses[:, own.index(top)[0]] for top in ('head', 'top_head') if top in own.joints]
    for other in others:
        if not np.isfinite(places['head']).any():
            places['head'] = other
    for bone in SKELETON:
        if bone.part != 'body':
            side, _, joint = bone.place.partition('_')
            for name in (joint, *_COARSE.get(joint, ())):
                if f'{side}_{name}' in own.joints:
                    places[bone.place] = poses[:, own.index(f'{side}_{name}')[0]]
                    break
    return {name: place for name, place in places.items() if np.isfinite(place).any()}


def bridged(values: np.ndarray) -> np.ndarray:
    """(T, 3) with what is missing (NaN) put on the line between its neighbours in time."""
    known = np.isfinite(values).all(-1)
    rows = np.arange(len(values))
    return np.stack([np.interp(rows, rows[known], axis[known]) for axis in values.T], axis=-1)


def aimed(first: np.ndarray, second: np.ndarray, axes: str) -> np.ndarray:
    """Rotations whose axes point where two vectors do.

    Args:
        first: (T, 3) where the first axis of ``axes`` points exactly.
        second: (T, 3) where the second points as nearly as it can.
        axes: Two of ``xyz``.

    Returns:
        (T, 3, 3), body to world.
    """
    i, j = ('xyz'.index(axis) for axis in axes)
    k = 3 - i - j
    sign = 1 if (j - i) % 3 == 1 else -1
    exact = _unit(first, np.eye(3)[i])
    # Where both point the same way, anything across will do.
    anything = np.cross(exact, np.eye(3)[np.abs(exact).argmin(-1)])
    matrix = np.empty((len(first), 3, 3))
    matrix[..., i] = exact
    matrix[..., k] = sign * _unit(np.cross(exact, second), anything)
    matrix[..., j] = sign * np.cross(matrix[..., k], exact)
    return matrix


def shortest(rest: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """(T, 3, 3) rotations that take one direction (3,) to others (T, 3) the shortest way."""
    target = _unit(directions, rest)
    axis = np.cross(rest, target)
    sine = np.linalg.norm(axis, axis=-1)
    angle = np.arctan2(sine, target @ rest)
    # Straight back: any axis across will do.
    across = np.cross(rest, np.roll(np.abs(rest), 1))
    axis = np.where(sine[:, None] > 1e-9, axis / np.maximum(sine, 1e-9)[:, None], across)
    return Rotation.from_rotvec(axis * angle[:, None]).as_matrix()


def _unit(vectors: np.ndarray, instead: np.ndarray) -> np.ndarray:
    """(T, 3) of length 1; what has next to no length takes the direction of another."""
    vectors = np.where(np.linalg.norm(vectors, axis=-1, keepdims=True) > 1e-6, vectors, instead)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
