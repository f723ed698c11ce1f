"""The lengths of the segments of a person's hands and feet, measured over a recording."""

from __future__ import annotations

import functools

import numpy as np

from mmpose_ours.parts.layout import KINDS, Part
from mmpose_ours.structures.skeletons import COCO17

# Standard deviation, as a share, of a person's hands (or feet) around their usual share of the
# stature.
SIZE_SPREAD = 0.25
# Standard deviation of a measured length beyond that of its ends, as a share: joints of detectors
# are not quite points of a body.
MODEL_SPREAD = 0.05
# Measured lengths outside of this range, as shares of what is expected, are of wrong joints.
PLAUSIBLE = (0.4, 2.2)
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
        self._mean = np.zeros(len(shares))
        self._precision = np.zeros(len(shares))
        self._size, self._size_precision = 1.0, SIZE_SPREAD**-2
        self._estimate = self._new_estimate()

    def estimate(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation (S,) in mm; NaN and inf where nothing is known."""
        return self._estimate

    def _new_estimate(self) -> tuple[np.ndarray, np.ndarray]:
        expected = self._usual * self._size
        spread2 = expected**2 * (self._spread**2 + 1 / self._size_precision)
        known = np.isfinite(expected)
        prior = np.where(known, 1 / np.where(known, spread2, 1.0), 0.0)
        total = prior + self._precision
        measured = self._precision * self._mean
        with np.errstate(invalid='ignore', divide='ignore'):
            return (np.where(known, prior * expected, 0.0) + measured) / total, total**-0.5

    def add(self, ends: np.ndarray, covariance: np.ndarray) -> None:
        """Learn from joints that were triangulated without lengths.

        Args:
            ends: (S, 2, 3) the ends of the segments in mm; NaN where missing.
            covariance: (S, 2, 3, 3) of the ends.
        """
        away = ends[:, 1] - ends[:, 0]
        there = np.isfinite(away).all(-1)
        away = np.where(there[:, None], away, 1.0)
        squared = (away * away).sum(-1)
        spread = covariance.sum(1)
        along = np.einsum('si,sij,sj->s', away, spread, away) / squared
        # Noise across a segment makes it seem longer than it is.
        across = np.trace(spread, axis1=1, axis2=2) - along
        length = np.sqrt(np.maximum(squared - across, 0.0))
        expected, _ = self.estimate()
        with np.errstate(invalid='ignore'):
            low, high = PLAUSIBLE
            likely = (length > low * expected) & (length < high * expected)
        there &= (length > 0) & (likely | np.isnan(expected))
        precision = np.where(there, 1 / (along + (MODEL_SPREAD * length) ** 2 + 1e-6), 0.0)
        total = self._precision + precision
        self._mean += np.where(there, (length - self._mean) * precision / (total + 1e-12), 0.0)
        self._precision = total
        self._measure_size()
        self._estimate = self._new_estimate()

    def _measure_size(self) -> None:
        known = np.isfinite(self._usual) & (self._precision > 0)
        usual = np.where(known, self._usual, 1.0)
        with np.errstate(divide='ignore'):
            variance = 1 / self._precision / usual**2 + self._spread**2
        weight = np.where(known, 1 / variance, 0.0)
        self._size_precision = SIZE_SPREAD**-2 + weight.sum()
        ratio = (weight * self._mean / usual).sum() + SIZE_SPREAD**-2
        self._size = ratio / self._size_precision


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
