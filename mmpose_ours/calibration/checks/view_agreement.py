"""How well detected people agree with a rig's geometry, pair by pair of cameras.

The measure needs no triangulation, no unit and no up axis: how far the joints of one view
miss the epipolar lines of the best-fitting person in the other, as a share of the person's
size in the image. A right calibration reaches 0.01 to 0.05 with real detectors, a wrong
one or the wrong camera lies beyond 0.1.
"""

from __future__ import annotations

import itertools
from typing import Mapping, Sequence, Tuple

import numpy as np

from mmpose_ours.association.epipolar import SeenPeople, epipolar_errors
from mmpose_ours.geometry.rig import CameraRig

Pair = Tuple[str, str]  # names of cameras
# More errors than this of one person tell nothing more: a stranger is a stranger.
CUT = 0.2
# Pairs beyond this number are sampled.
MAX_PAIRS = 60
MIN_COMPARISONS = 8


class Sightings:
    """The people of some frames, as a rig's lenses see them.

    Args:
        rig: V cameras; of them only lenses and names are used.
        frames: Per frame, camera name to (P, J, 3) ``u, v, score``.
    """

    def __init__(self, rig: CameraRig, frames: Sequence[Mapping[str, np.ndarray]]):
        self.frames = [
            {
                camera.name: SeenPeople.by(camera, views[camera.name])
                for camera in rig
                if len(views.get(camera.name, ()))
            }
            for views in frames
        ]

    def errors(self, rig: CameraRig, pairs: Sequence[Pair]) -> dict[Pair, np.ndarray]:
        """Errors of the best-fitting people, by pair of cameras.

        Args:
            rig: The cameras whose poses are judged; cameras of the pairs by name.
            pairs: Which pairs.

        Returns:
            Per pair (N,) errors, two for each person with a partner: the person's and the
            partner's best.
        """
        found = {}
        for first, second in pairs:
            best = []
            for views in self.frames:
                if first in views and second in views:
                    error = epipolar_errors(rig[first], rig[second], views[first], views[second])
                    best += [error.min(1), error.min(0)]
            values = np.concatenate(best) if best else np.zeros(0)
            found[first, second] = values[np.isfinite(values)]
        return found


def pairs_of(rig: CameraRig, most: int = MAX_PAIRS) -> list[Pair]:
    """All pairs of cameras, or an even sample of them in which every camera occurs."""
    names = rig.names
    if len(names) * (len(names) - 1) // 2 <= most:
        return list(itertools.combinations(names, 2))
    steps = range(1, 1 + max(1, most // len(names)))
    ring = {
        tuple(sorted((i, (i + step * step) % len(names))))
        for step in steps
        for i in range(len(names))
    }
    return [(names[a], names[b]) for a, b in sorted(ring) if a != b]


def overall(errors: Mapping[Pair, np.ndarray]) -> float:
    """Mean error over pairs, each cut at :data:`CUT`; NaN without comparisons."""
    means = [np.minimum(v, CUT).mean() for v in errors.values() if len(v) >= MIN_COMPARISONS]
    return float(np.mean(means)) if means else float('nan')


def medians(errors: Mapping[Pair, np.ndarray]) -> dict[Pair, float]:
    """Median error by pair, of pairs with enough comparisons."""
    return {
        pair: float(np.median(values))
        for pair, values in errors.items()
        if len(values) >= MIN_COMPARISONS
    }
