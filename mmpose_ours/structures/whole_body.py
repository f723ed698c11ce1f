"""Feet, hands and face: the joints that follow the body in whole-body skeletons.

Names are those of MMPose's ``coco_wholebody``. The face is the 68-point layout of iBUG 300-W; a
hand is its root and four joints per finger, thumb first, as OpenPose and COCO-WholeBody have it.

Source: Jin et al., "Whole-Body Human Pose Estimation in the Wild", ECCV 2020; OpenPose,
doc/02_output.md; Sagonas et al., "300 Faces in-the-Wild Challenge", ICCVW 2013.
"""

from __future__ import annotations

from typing import Iterable

SIDES = ('left', 'right')
FINGERS = ('thumb', 'forefinger', 'middle_finger', 'ring_finger', 'pinky_finger')


def hand(side: str) -> tuple[str, ...]:
    """The 21 joints of a hand."""
    fingers = (f'{side}_{finger}{joint}' for finger in FINGERS for joint in range(1, 5))
    return (f'{side}_hand_root', *fingers)


def hand_limbs(side: str) -> tuple[tuple[str, str], ...]:
    """A chain per finger, from the root."""
    chains = [
        [f'{side}_hand_root', *(f'{side}_{finger}{joint}' for joint in range(1, 5))]
        for finger in FINGERS
    ]
    return tuple(pair for chain in chains for pair in zip(chain, chain[1:]))


HANDS = hand('left') + hand('right')
HAND_LIMBS = hand_limbs('left') + hand_limbs('right')
HAND_PAIRS = tuple(zip(hand('left'), hand('right')))

FACE = tuple(f'face-{index}' for index in range(68))
# OpenPose adds the pupils.
FACE_WITH_PUPILS = (*FACE, 'right_pupil', 'left_pupil')
# Contours of the face: first point, last point, and whether the last is joined to the first.
_CONTOURS = (
    (0, 16, False), (17, 21, False), (22, 26, False), (27, 30, False), (31, 35, False),
    (36, 41, True), (42, 47, True), (48, 59, True), (60, 67, True),
)  # fmt: skip


def _face_limbs() -> tuple[tuple[str, str], ...]:
    limbs = []
    for first, last, closed in _CONTOURS:
        points = [*range(first, last + 1), *([first] if closed else [])]
        limbs += [(FACE[a], FACE[b]) for a, b in zip(points, points[1:])]
    return tuple(limbs)


FACE_LIMBS = _face_limbs()
# What a mirror exchanges: jaw, brows, nostrils, eyes, outer and inner mouth.
_MIRRORED = (
    *((index, 16 - index) for index in range(8)),
    *((17 + index, 26 - index) for index in range(5)),
    (31, 35), (32, 34),
    (36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46),
    (48, 54), (49, 53), (50, 52), (59, 55), (58, 56),
    (60, 64), (61, 63), (67, 65),
)  # fmt: skip
FACE_PAIRS = tuple((FACE[a], FACE[b]) for a, b in _MIRRORED)
PUPIL_PAIRS = (('left_pupil', 'right_pupil'),)


# COCO-WholeBody's standard deviations of annotation per joint, as shares of the object's scale.
# Source: evaluation/myeval_wholebody.py of the COCO-WholeBody repository. Both hands have the same.
FOOT_SIGMAS = (0.068, 0.066, 0.066, 0.092, 0.094, 0.094)
FACE_SIGMAS = (
    0.042, 0.043, 0.044, 0.043, 0.040, 0.035, 0.031, 0.025, 0.020, 0.023, 0.029, 0.032, 0.037,
    0.038, 0.043, 0.041, 0.045, 0.013, 0.012, 0.011, 0.011, 0.012, 0.012, 0.011, 0.011, 0.013,
    0.015, 0.009, 0.007, 0.007, 0.007, 0.012, 0.009, 0.008, 0.016, 0.010, 0.017, 0.011, 0.009,
    0.011, 0.009, 0.007, 0.013, 0.008, 0.011, 0.012, 0.010, 0.034, 0.008, 0.008, 0.009, 0.008,
    0.008, 0.007, 0.010, 0.008, 0.009, 0.009, 0.009, 0.007, 0.007, 0.008, 0.011, 0.008, 0.008,
    0.008, 0.010, 0.008,
)  # fmt: skip
HAND_SIGMAS = (
    0.029, 0.022, 0.035, 0.037, 0.047, 0.026, 0.025, 0.024, 0.035, 0.018, 0.024, 0.022, 0.026,
    0.017, 0.021, 0.021, 0.032, 0.020, 0.019, 0.022, 0.031,
)  # fmt: skip


def left_right_pairs(joints: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Pairs by names that begin with ``left_`` and ``right_``."""
    joints = tuple(joints)
    lefts = (joint[5:] for joint in joints if joint.startswith('left_'))
    return tuple((f'left_{name}', f'right_{name}') for name in lefts if f'right_{name}' in joints)
