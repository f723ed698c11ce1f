"""Random numbers for many scenes at once, each scene's from a generator of its own."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

# Distance between the starts of consecutive streams: the stride of ``PCG64.jumped``.
_JUMP = 0x9E3779B97F4A7C15F39CC0605CEDC835


class Streams:
    """Numbered, independent random streams: those of ``PCG64(seed).jumped(number)``.

    Setting the state of a generator takes a quarter of the time of a new one, so a call reuses
    the generators that the previous call returned.

    Args:
        seed: Another seed gives other streams.
    """

    def __init__(self, seed: int):
        self._start: Any = np.random.PCG64(seed).state
        self._generators: list[np.random.Generator] = []

    def __call__(self, numbers: Sequence[int]) -> list[np.random.Generator]:
        """The generators of these numbers; valid until the next call."""
        while len(self._generators) < len(numbers):
            self._generators.append(np.random.Generator(np.random.PCG64(0)))
        rngs = self._generators[: len(numbers)]
        for rng, number in zip(rngs, numbers):
            bits: Any = rng.bit_generator
            bits.state = self._start
            bits.advance(int(number) * _JUMP)
        return rngs


class Draws:
    """Random numbers for a batch of scenes; those of a scene do not depend on the other scenes.

    Args:
        rngs: S generators, one per scene; every draw advances them.
    """

    def __init__(self, rngs: Sequence[np.random.Generator]):
        self.rngs = list(rngs)

    def __len__(self) -> int:
        return len(self.rngs)

    def uniform(self, counts: np.ndarray, *shape: int, dtype: type = np.float64) -> np.ndarray:
        """Uniform numbers in [0, 1).

        Args:
            counts: (S,) number of rows of each scene.
            shape: Shape of a row.
            dtype: ``np.float64``, or ``np.float32``, which is faster.

        Returns:
            (counts.sum(), *shape), scene after scene.
        """
        return self._filled('random', counts, shape, dtype)

    def normal(self, counts: np.ndarray, *shape: int, dtype: type = np.float64) -> np.ndarray:
        """Standard normal numbers; arguments and shape as of :meth:`uniform`."""
        return self._filled('standard_normal', counts, shape, dtype)

    def poisson(self, mean: float, *shape: int) -> np.ndarray:
        """Poisson distributed counts, (S, *shape)."""
        return np.array([rng.poisson(mean, shape) for rng in self.rngs]).reshape(-1, *shape)

    def _filled(self, method: str, counts: np.ndarray, shape: tuple, dtype: type) -> np.ndarray:
        result: np.ndarray = np.empty((int(np.sum(counts)), *shape), dtype)
        start = 0
        for rng, count in zip(self.rngs, counts.tolist()):
            if count:
                getattr(rng, method)(out=result[start : start + count], dtype=dtype)
                start += count
        return result


def to_index(uniform: np.ndarray, count: np.ndarray | int) -> np.ndarray:
    """Map uniform numbers in [0, 1) to indices 0 to ``count - 1`` of equal probability."""
    return (uniform * count).astype(np.intp)
