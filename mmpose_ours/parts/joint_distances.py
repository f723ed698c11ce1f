"""Distances between the joints of a kind of object, learned over a recording.

Where no more than two views agree on a joint, one of them may be wrong: two rays pass each other
by chance. The distances from the other joints then tell.
"""

from __future__ import annotations

import numpy as np

# A pair of joints is known from so many poses on.
LEAST_COUNT = 20
# Other joints that a joint is held against, those at the steadiest distances; fewer do not tell.
MOST_OTHERS, LEAST_OTHERS = 5, 3
# A joint is wrong whose typical deviation is more than so many standard deviations, each at least
# so large a share of the size.
MAX_STDS, LEAST_STD = 3.0, 0.05


class JointDistances:
    """Mean and variance of the distance of each pair of J joints, as shares of the object's size.

    Objects of one kind may have different sizes: a pose is scaled to the mean distances before it
    is compared or learned.

    Args:
        joints: Their number J.
    """

    def __init__(self, joints: int):
        self._count = np.zeros((joints, joints))
        self._mean = np.zeros((joints, joints))
        self._squares = np.zeros((joints, joints))

    def learn(self, xyz_mm: np.ndarray) -> None:
        """Learn from poses (P, J, 3), NaN where a joint is missing or uncertain."""
        for distance in self._relative(xyz_mm, np.isfinite(xyz_mm).all(-1)):
            known = np.isfinite(distance) & (distance > 0)
            self._count += known
            change = np.where(known, distance - self._mean, 0.0)
            self._mean += change / np.maximum(self._count, 1)
            self._squares += change * np.where(known, distance - self._mean, 0.0)

    def implausible(self, xyz_mm: np.ndarray, certain: np.ndarray) -> np.ndarray:
        """(P, J) which joints are at wrong distances from the others of their object.

        Args:
            xyz_mm: (P, J, 3), NaN where a joint is missing.
            certain: (P, J) joints that are right, of which none is implausible. Where an object has
                none, most of its joints must be right.
        """
        result = np.zeros(certain.shape, bool)
        known = np.isfinite(xyz_mm).all(-1)
        alone = certain.sum(1) < LEAST_OTHERS
        compared = np.where(alone[:, None], known, certain)
        doubted = ~certain & known
        rows = doubted.any(1)
        relative = np.zeros((len(xyz_mm), *self._count.shape))
        relative[rows] = self._relative(xyz_mm[rows], compared[rows])
        learned = self._count >= LEAST_COUNT
        std = np.maximum(np.sqrt(self._squares / np.maximum(self._count, 1)), LEAST_STD)
        for row, joint in np.argwhere(doubted):
            others = np.flatnonzero(compared[row] & learned[joint])
            others = others[np.argsort(std[joint, others], kind='stable')[:MOST_OTHERS]]
            if len(others) < LEAST_OTHERS:
                continue
            off = (relative[row, joint, others] - self._mean[joint, others]) / std[joint, others]
            squared = off * off
            typical = np.median(squared) if alone[row] else squared.mean()
            result[row, joint] = typical > MAX_STDS**2
        return result

    def _relative(self, xyz_mm: np.ndarray, compared: np.ndarray) -> np.ndarray:
        """(P, J, J) distances as shares of the size of each pose, by its compared joints (P, J)."""
        distance = np.linalg.norm(xyz_mm[:, :, None] - xyz_mm[:, None], axis=-1)
        pairs = compared[:, :, None] & compared[:, None] & ~np.eye(len(self._count), dtype=bool)
        learned = pairs & (self._count >= LEAST_COUNT)
        sizes = np.ones(len(distance))
        for row, mm in enumerate(distance):
            if learned[row].any():
                sizes[row] = np.median(mm[learned[row]] / self._mean[learned[row]])
            elif pairs[row].any():
                sizes[row] = np.median(mm[pairs[row]])
        return distance / sizes[:, None, None]
