"""The lengths of the segments of a person's hands and feet, measured over a recording."""

from __future__ import annotations

import functools

import numpy as np

from mmpose_ours.kernels.constants import PART_SIZE_SPREAD
from mmpose_ours.kernels.segments import estimated_lengths, learn_lengths
from mmpose_ours.parts.layout import KINDS, Part
from mmpose_ours.structures.skeletons import COCO17

# Limb of the body -> share of the stature. Source: Drillis and Contini, 1966.
_LIMBS = (('shoulder', 'elbow', 0.186), ('elbow', 'wrist', 0.146),
          ('hip', 'knee', 0.245), ('knee', 'ankle', 0.246))  # fmt: skip
_ADULT_MM = 1700.0


class SegmentLengths:
    """Lengths of S segments of one person; a left part and a right one share them.

    What is measured of one segment says how large the hand is, and so what to expect of the others.

    Args:
        part: Whose segments they are.
        stature_mm: Of the person, see :func:`stature_of`.
    """

    def __init__(self, part: Part, stature_mm: float):
        shares = [np.nan if s.stature is None else s.stature for s in part.segments]
        self._usual = np.array(shares) * stature_mm
        self._spread = KINDS[part.kind].segment_spread
        self._mean, self._precision = np.zeros(len(shares)), np.zeros(len(shares))
        self._size = np.array([1.0, PART_SIZE_SPREAD**-2])

    @property
    def _state(self) -> tuple:
        return self._usual, self._spread, self._mean, self._precision, self._size

    def estimate(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation (S,) in mm; NaN and inf where nothing is known."""
        return estimated_lengths(*self._state)

    def add(self, ends: np.ndarray, covariance: np.ndarray) -> None:
        """Learn from joints that were triangulated without lengths.

        Args:
            ends: (S, 2, 3) the ends of the segments in mm; NaN where missing.
            covariance: (S, 2, 3, 3) of the ends.
        """
        learn_lengths(ends, covariance, *self._state)


@functools.lru_cache(maxsize=128)
def path_matrix(part: Part) -> np.ndarray:
    """(J, S) 1 for the segments that lead from an anchor to each joint of a part."""
    place = {segment: index for index, segment in enumerate(part.segments)}
    matrix = np.zeros((len(part.joints), len(part.segments)))
    for row, joint in enumerate(part.joints):
        matrix[row, [place[segment] for segment in part.path_to(joint)]] = 1.0
    return matrix


def stature_of(xyz_mm: np.ndarray) -> float:
    """Stature in mm by the limbs of a body.

    Args:
        xyz_mm: (17, 3) COCO-17; NaN where missing.

    Returns:
        The median over the limbs; an adult's where none is known.
    """
    estimates = []
    for first, second, share in _LIMBS:
        for side in ('left', 'right'):
            a, b = xyz_mm[COCO17.index(f'{side}_{first}', f'{side}_{second}')]
            length = float(np.linalg.norm(a - b))
            if np.isfinite(length):
                estimates.append(length / share)
    return float(np.median(estimates)) if estimates else _ADULT_MM
