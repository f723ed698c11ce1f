"""The clock of a camera: which of its frames is exposed when a reference frame is."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import numpy as np

# Frame rates of cameras; with those of the NTSC standard, which are 1.001 times as slow.
_RATES = (24, 25, 30, 50, 60, 100, 120)
_NTSC = (Fraction(1000, 1001), Fraction(1), Fraction(1001, 1000))
# Ratios of the frame rates of two cameras that are considered, 1 first.
USUAL_RATIOS = tuple(
    sorted(
        {float(Fraction(a, b) * slow) for a in _RATES for b in _RATES for slow in _NTSC},
        key=lambda ratio: abs(np.log(ratio)),
    )
)


@dataclasses.dataclass(frozen=True)
class Clock:
    """Frame ``offset + rate * t`` of a camera is exposed together with frame t of another.

    Args:
        offset: The frame that is exposed together with frame 0; need not be whole.
        rate: Ratio of the frame rates.
    """

    offset: float = 0.0
    rate: float = 1.0

    def at(self, frames: np.ndarray | float) -> np.ndarray:
        """The camera's frames at frames of the other."""
        return self.offset + self.rate * np.asarray(frames, dtype=np.float64)

    def inverse(self) -> Clock:
        """The other camera's clock by the frames of this one."""
        return Clock(-self.offset / self.rate, 1 / self.rate)

    def after(self, other: Clock) -> Clock:
        """This camera's clock by whatever the clock of the other camera goes by."""
        return Clock(float(self.at(other.offset)), self.rate * other.rate)
