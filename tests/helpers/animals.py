"""The animals of the benchmark :mod:`benchmarks.animals`, for tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.animals import (  # noqa: E402
    FPS,
    JOINTS,
    RIG,
    best_possible,
    detected,
    dog20,
    errors_of,
    ray_noise_mm,
    walk,
)

__all__ = [
    'FPS',
    'JOINTS',
    'RIG',
    'best_possible',
    'detected',
    'dog20',
    'errors_of',
    'ray_noise_mm',
    'walk',
]
