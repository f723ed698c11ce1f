"""Bodies whose hands and faces stand in lists of their own, put together as one skeleton."""

from __future__ import annotations

from typing import NamedTuple, Sequence

import numpy as np

from mmpose_ours.detections.formats.imported import people_of_joints
from mmpose_ours.detections.formats.layouts import is_unnamed, skeletons_of_size
from mmpose_ours.io.json_values import Place
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import SKELETONS, extended
from mmpose_ours.structures.whole_body import FACE, FACE_WITH_PUPILS, hand

# How many joints each part may have.
_SIZES = {
    'face': (len(FACE), len(FACE_WITH_PUPILS)),
    'left_hand': (len(hand('left')),),
    'right_hand': (len(hand('right')),),
}


class Person(NamedTuple):
    """One person of a file.

    Args:
        body: (J, 3) ``u, v, score``; nothing where only a face or a hand was found.
        face: (68, 3) or (70, 3) likewise, or nothing.
        left_hand: (21, 3) likewise, or nothing.
        right_hand: Likewise.
    """

    body: np.ndarray
    face: np.ndarray = np.zeros((0, 3))
    left_hand: np.ndarray = np.zeros((0, 3))
    right_hand: np.ndarray = np.zeros((0, 3))


def part(name: str, rows: np.ndarray, place: Place) -> np.ndarray:
    """The joints of a part.

    Args:
        name: A field of :class:`Person`.
        rows: (J, 3).
        place: Where they stand.

    Raises:
        FileFormatError: No such part has so many.
    """
    if len(rows) not in _SIZES[name]:
        raise place.error(
            f'has {len(rows)} joints',
            f'{" or ".join(map(str, _SIZES[name]))} joints',
            value=len(rows),
            wanted=_SIZES[name][-1],
            code='wrong-shape',
        )
    return rows


def whole(people: Sequence[Person], place: Place, skeleton: Skeleton | None) -> Keypoints2D:
    """Bodies with the faces and hands that some of an image's people have.

    People of whom a file has nothing but a face or a hand are kept where a body's joints are
    known, from the file or from others.

    Args:
        people: Those of one image.
        place: Where they stand.
        skeleton: The joints of the body; None leaves them unnamed, or takes the usual ones of
            their number if there are hands or faces.

    Raises:
        FileFormatError: The joints do not fit the skeleton.
        LimitError: There are too many people.
    """
    found = [person.body for person in people if len(person.body)]
    bodies = people_of_joints(found, place, skeleton)
    if len(bodies) and skeleton is None:
        skeleton = bodies.skeleton
    face = max((len(person.face) for person in people), default=0)
    hands = any(len(person.left_hand) or len(person.right_hand) for person in people)
    if skeleton is None or not (face or hands):
        return bodies
    if is_unnamed(skeleton):
        skeleton = skeletons_of_size(len(skeleton))[0]
    name = f'{skeleton.name}{"_face" * bool(face)}{"_hands" * hands}'
    known = SKELETONS.get(name) if face != len(FACE) else None
    wide = known or extended(skeleton, name, face=face, hands=hands)
    sizes = [len(skeleton), face, *(len(hand('left')) * hands,) * 2]
    rows = [
        np.concatenate([_padded(rows, size) for rows, size in zip(person, sizes)])
        for person in people
    ]
    return people_of_joints(rows, place, wide)


def _padded(rows: np.ndarray, size: int) -> np.ndarray:
    return np.concatenate([rows, np.zeros((size - len(rows), 3))])
