"""Random numbers for many scenes at once, each scene's from a generator of its own."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

# How far apart numbered streams begin: the stride of ``PCG64.jumped``.
_JUMP = 0x9E3779B97F4A7C15F39CC0605CEDC835


class Streams:
    """Independent streams of random numbers by number, those of ``PCG64(seed).jumped(number)``.

    Setting a generator takes a quarter of the time that a new one does, so those that were
    handed out are used again by the next call.

    Args:
        seed: Another seed gives other streams.
    """

    def __init__(self, seed: int):
        self._start: Any = np.random.PCG64(seed).state
        self._generators: list[np.random.Generator] = []

    def __call__(self, numbers: Sequence[int]) -> list[np.random.Generator]:
        """The generator of each number, until the next call."""
        while len(self._generators) < len(numbers):
            self._generators.append(np.random.Generator(np.random.PCG64(0)))
        rngs = self._generators[: len(numbers)]
        for rng, number in zip(rngs, numbers):
            bits: Any = rng.bit_generator
            bits.state = self._start
            bits.advance(int(number) * _JUMP)
        return rngs


class Draws:
    """Draws for a batch of scenes so that a scene does not depend on who is in its batch.

    Args:
        rngs: S generators, one per scene; they are used up as scenes draw.
    """

    def __init__(self, rngs: Sequence[np.random.Generator]):
        self.rngs = list(rngs)

    def __len__(self) -> int:
        return len(self.rngs)

    def uniform(self, counts: np.ndarray, *shape: int, dtype: type = np.float64) -> np.ndarray:
        """Numbers from 0 up to 1.

        Args:
            counts: (S,) how many rows each scene draws.
            shape: That of a row.
            dtype: ``np.float64``, or ``np.float32``, which is quicker.

        Returns:
            (counts.sum(), *shape), the scenes one after another.
        """
        return self._filled('random', counts, shape, dtype)

    def normal(self, counts: np.ndarray, *shape: int, dtype: type = np.float64) -> np.ndarray:
        """Numbers of mean 0 and spread 1; see :meth:`uniform`."""
        return self._filled('standard_normal', counts, shape, dtype)

    def poisson(self, mean: float, *shape: int) -> np.ndarray:
        """Counts of a Poisson distribution: (S, *shape)."""
        return np.array([rng.poisson(mean, shape) for rng in self.rngs]).reshape(-1, *shape)

    def _filled(self, method: str, counts: np.ndarray, shape: tuple, dtype: type) -> np.ndarray:
        result: np.ndarray = np.empty((int(np.sum(counts)), *shape), dtype)
        start = 0
        for rng, count in zip(self.rngs, counts.tolist()):
            if count:
                getattr(rng, method)(out=result[start : start + count], dtype=dtype)
                start += count
        return result


def choose(uniform: np.ndarray, count: np.ndarray | int) -> np.ndarray:
    """Turn numbers from 0 up to 1 into even choices among ``count``: integers from 0."""
    return (uniform * count).astype(np.intp)
