"""Epipolar errors of 2D detections, by pair of cameras.

The epipolar error of two detections is the mean distance of the joints of one from the epipolar
lines of the same joints of the other, divided by the person's size in the image. For each detection
the error to the best-matching detection of the other view is taken. It needs no triangulation, no
unit and no up axis. With real detectors a correct calibration has 0.01 to 0.05, a wrong one or the
wrong camera more than 0.1.
"""

from __future__ import annotations

import itertools
from typing import Mapping, Sequence, Tuple

import numpy as np

from mmpose_ours.association.epipolar import SeenPeople, epipolar_errors
from mmpose_ours.geometry.rig import CameraRig

Pair = Tuple[str, str]  # names of cameras
# Errors are clipped to this: above it the two detections are not of one person.
MAX_ERROR = 0.2
# Pairs of cameras that are compared; of more, a sample.
MAX_PAIRS = 60
# Errors that a pair of cameras needs to be evaluated.
MIN_COMPARISONS = 8


class Sightings:
    """The 2D detections of some frames, undistorted with the lenses of a rig.

    Args:
        rig: V cameras; only their lenses and names are used.
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
        """Epipolar error of each detection to the best match in the other view, by pair of cameras.

        Args:
            rig: The cameras whose extrinsics are evaluated.
            pairs: Pairs of camera names.

        Returns:
            Per pair (N,) finite errors: of each detection of the first view, and of each of the
            second.
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
    """Mean error over pairs, errors clipped to :data:`MAX_ERROR`; NaN if no pair has enough."""
    means = [np.minimum(v, MAX_ERROR).mean() for v in errors.values() if len(v) >= MIN_COMPARISONS]
    return float(np.mean(means)) if means else float('nan')


def medians(errors: Mapping[Pair, np.ndarray]) -> dict[Pair, float]:
    """Median error by pair, for pairs with at least :data:`MIN_COMPARISONS` errors."""
    return {
        pair: float(np.median(values))
        for pair, values in errors.items()
        if len(values) >= MIN_COMPARISONS
    }
