"""Random numbers for many scenes at once, each scene's from a generator of its own."""

from __future__ import annotations

from typing import Sequence

import numpy as np


class Draws:
    """Draws for a batch of scenes so that a scene does not depend on who is in its batch.

    Args:
        rngs: S generators, one per scene; they are used up as scenes draw.
    """

    def __init__(self, rngs: Sequence[np.random.Generator]):
        self.rngs = list(rngs)

    def __len__(self) -> int:
        return len(self.rngs)

    def uniform(self, counts: np.ndarray, *shape: int) -> np.ndarray:
        """Numbers from 0 up to 1.

        Args:
            counts: (S,) how many rows each scene draws.
            shape: That of a row.

        Returns:
            (counts.sum(), *shape), the scenes one after another.
        """
        return self._filled('random', counts, shape)

    def normal(self, counts: np.ndarray, *shape: int) -> np.ndarray:
        """Numbers of mean 0 and spread 1; see :meth:`uniform`."""
        return self._filled('standard_normal', counts, shape)

    def poisson(self, mean: float, *shape: int) -> np.ndarray:
        """Counts of a Poisson distribution: (S, *shape)."""
        return np.array([rng.poisson(mean, shape) for rng in self.rngs]).reshape(-1, *shape)

    def _filled(self, method: str, counts: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        result = np.empty((int(np.sum(counts)), *shape))
        start = 0
        for rng, count in zip(self.rngs, counts.tolist()):
            if count:
                getattr(rng, method)(out=result[start : start + count])
                start += count
        return result


def choose(uniform: np.ndarray, count: np.ndarray | int) -> np.ndarray:
    """Turn numbers from 0 up to 1 into even choices among ``count``: integers from 0."""
    return (uniform * count).astype(np.intp)
