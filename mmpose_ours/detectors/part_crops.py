"""Hands and faces of people whose bodies are known: where to look, and whose each of them is.

Detectors of hands and faces shrink an image to some 200 pixels. In a square around a wrist or a
head, cut out of the full image, hands and faces of small people are large enough.
"""

from __future__ import annotations

from typing import Callable, NamedTuple, Sequence

import numpy as np

from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.whole_body import SIDES

# Joints of the body with a lower score tell nothing.
MIN_SCORE = 0.5
# Lengths are in forearms. Side of the square in which a part is looked for: a hand is 0.7 long.
SQUARE = 2.0
# A hand's root is no farther from the wrist, a face's nose no farther from the nose.
HAND_REACH, FACE_REACH = 0.25, 0.3
# Two detections are of one hand or face where their joints are no farther apart, in the median.
SAME = 0.15
# The trunk, from shoulder to hip, in forearms. A forearm that points to the camera looks short.
# Source: Drillis and Contini, "Body Segment Parameters", 1966.
TRUNK = 2.0
_HEAD = ('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear')


class Place(NamedTuple):
    """Where a part of a person is to be found.

    Args:
        person: Row of the person.
        part: ``'left_hand'``, ``'right_hand'`` or ``'face'``.
        anchor: (2,) pixels: the person's wrist or nose.
        middle: (2,) pixels: where the middle of the part is expected.
        forearm: Length of the person's forearm in pixels.
        reach: Of the part from the anchor, in forearms.
    """

    person: int
    part: str
    anchor: np.ndarray
    middle: np.ndarray
    forearm: float
    reach: float


def hand_places(people: np.ndarray, skeleton: Skeleton) -> list[Place]:
    """Where the hands are whose wrists are seen.

    Args:
        people: (P, J, 3) ``u, v, score``.
        skeleton: Their joints; with ``left_index``, ``left_pinky`` and so on the hand is looked
            for there, and else at the wrist.
    """
    places = []
    for row, person in enumerate(people):
        forearm = _forearm(person, skeleton)
        for side in SIDES:
            (wrist,) = _seen(person, skeleton, [f'{side}_wrist']) or (None,)
            if wrist is None or not forearm:
                continue
            knuckles = _seen(person, skeleton, [f'{side}_index', f'{side}_pinky'])
            middle = np.mean(knuckles, axis=0) if knuckles else wrist
            places.append(Place(row, f'{side}_hand', wrist, middle, forearm, HAND_REACH))
    return places


def face_places(people: np.ndarray, skeleton: Skeleton) -> list[Place]:
    """Where the faces are of people whose nose is seen; see :func:`hand_places`."""
    places = []
    for row, person in enumerate(people):
        forearm = _forearm(person, skeleton)
        (nose,) = _seen(person, skeleton, ['nose']) or (None,)
        if nose is not None and forearm:
            middle = np.mean(_seen(person, skeleton, _HEAD), axis=0)
            places.append(Place(row, 'face', nose, middle, forearm, FACE_REACH))
    return places


def find_parts(
    image: np.ndarray,
    places: Sequence[Place],
    detect: Callable[[np.ndarray], np.ndarray],
    anchor: int,
) -> dict[int, np.ndarray]:
    """Look for a part at each place.

    Args:
        image: (H, W, 3).
        places: All of one kind, hands or faces, of everybody in the image.
        detect: Takes (h, w, 3), gives (N, K, 3) ``u, v, score`` in its pixels.
        anchor: Which of the K joints lies at the place's anchor.

    Returns:
        Row of the place -> (K, 3) in pixels of the image. Each is at one place only, at the
        nearest one, whichever square it was found in.
    """
    found: list[np.ndarray] = []
    for place in places:
        square, corner = cut(image, place.middle, SQUARE * place.forearm)
        found.extend(part + np.array([*corner, 0], np.float32) for part in detect(square))
    apart = np.array(
        [
            [
                np.linalg.norm(part[anchor, :2] - place.anchor) / (place.reach * place.forearm)
                for part in found
            ]
            for place in places
        ]
    ).reshape(len(places), len(found))
    given: dict[int, np.ndarray] = {}
    for flat in np.argsort(apart, axis=None, kind='stable'):
        row, column = divmod(int(flat), len(found))
        if apart[row, column] > 1:
            break
        limit = SAME * places[row].forearm
        if row not in given and not any(_same(found[column], one, limit) for one in given.values()):
            given[row] = found[column]
    return given


def cut(image: np.ndarray, middle: np.ndarray, side: float) -> tuple[np.ndarray, tuple[int, int]]:
    """A square out of an image, black beyond the image's edge.

    Args:
        image: (H, W, 3).
        middle: (2,) pixels.
        side: In pixels; at least one, and no longer than the image.

    Returns:
        The square (S, S, 3), and the pixel (x, y) of the image at its upper left corner.
    """
    height, width = image.shape[:2]
    size = int(np.clip(round(side), 1, max(height, width)))
    x, y = (int(round(float(value) - (size - 1) / 2)) for value in middle)
    left, top = max(x, 0), max(y, 0)
    part = image[top : max(y + size, 0), left : max(x + size, 0)]
    square = np.zeros((size, size, image.shape[2]), image.dtype)
    square[top - y : top - y + part.shape[0], left - x : left - x + part.shape[1]] = part
    return square, (x, y)


def _same(one: np.ndarray, other: np.ndarray, limit: float) -> bool:
    return bool(np.median(np.linalg.norm(one[:, :2] - other[:, :2], axis=-1)) <= limit)


def _seen(person: np.ndarray, skeleton: Skeleton, joints: Sequence[str]) -> list[np.ndarray]:
    """Pixels (2,) of those joints that the person has."""
    known = [joint for joint in joints if joint in skeleton.joints]
    rows = person[skeleton.index(*known)]
    return list(rows[rows[:, 2] >= MIN_SCORE, :2])


def _forearm(person: np.ndarray, skeleton: Skeleton) -> float:
    """Length of a forearm in pixels: the longest that arms and trunk tell; 0 where none does."""
    lengths = [0.0]
    for side in SIDES:
        for first, second, forearms in (('elbow', 'wrist', 1.0), ('shoulder', 'hip', TRUNK)):
            ends = _seen(person, skeleton, [f'{side}_{first}', f'{side}_{second}'])
            if len(ends) == 2:
                lengths.append(float(np.linalg.norm(ends[0] - ends[1])) / forearms)
    return max(lengths)
