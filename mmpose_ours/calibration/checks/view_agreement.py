"""Epipolar errors of 2D detections, by pair of cameras.

The epipolar error of two detections is the mean distance of the joints of one from the epipolar
lines of the same joints of the other, divided by the person's size in the image. Detections of two
views are compared if each is the best match of the other, so that somebody whom one camera alone
sees does not count. It needs no triangulation, no unit and no up axis.

How large the error of a correct calibration is depends on the detector: 0.01 to 0.05 with usual
ones, 0.15 with coarse ones. It is therefore judged relative to other pairs and to other
calibrations, see :mod:`~mmpose_ours.calibration.checks.mistakes`.
"""

from __future__ import annotations

import itertools
from typing import Mapping, Sequence, Tuple

import numpy as np

from mmpose_ours.association.duplicate_detections import without_duplicates
from mmpose_ours.association.epipolar import SeenPeople, epipolar_errors, essential_matrix
from mmpose_ours.detections.arrays import strongest
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig

Pair = Tuple[str, str]  # names of cameras
# Errors are clipped to this: above it the two detections are not of one person.
MAX_ERROR = 0.5
# Share of the smallest errors whose mean is taken: the others may be of different people.
KEPT_SHARE = 0.75
# Pairs of cameras that are compared; of more, a sample.
MAX_PAIRS = 60
# Errors that a pair of cameras needs to be evaluated.
MIN_COMPARISONS = 8
# Detections per view that are compared; frames times the square of them, for one pair of cameras.
MAX_PEOPLE, MAX_COMPARED = 25, 6000


class Sightings:
    """The 2D detections of some frames, without duplicates, in arrays.

    Args:
        names: Names of the cameras.
        frames: Per frame, camera name to (P, J, 3) ``u, v, score``.
        least: Frames that are kept at least, if there are so many; a crowd needs fewer.
    """

    def __init__(
        self,
        names: Sequence[str],
        frames: Sequence[Mapping[str, np.ndarray]],
        least: int = 0,
    ):
        distinct = [
            {
                name: people[strongest(people, MAX_PEOPLE)]
                for name, people in without_duplicates(
                    {name: views[name] for name in names if len(views.get(name, ()))}
                ).items()
            }
            for views in frames
        ]
        most = max((len(p) for views in distinct for p in views.values()), default=0)
        step = -(-len(frames) * most**2 // MAX_COMPARED)
        if least:
            step = min(step, len(frames) // least)
        self._stack(names, distinct[:: max(1, step)])

    def _stack(self, names: Sequence[str], frames: Sequence[Mapping[str, np.ndarray]]) -> None:
        self.frames = list(frames)
        self.pixels = {}
        for name in names:
            seen = [views[name] for views in self.frames if len(views.get(name, ()))]
            if not seen:
                continue
            count = max(map(len, seen))
            # (F, P, J, 3), score 0 for nobody
            pixels = np.zeros((len(self.frames), count, *seen[0].shape[1:]))
            for index, views in enumerate(self.frames):
                people = views.get(name, ())
                if len(people):
                    pixels[index, : len(people)] = people
            self.pixels[name] = pixels
        self._undistorted: dict[tuple, SeenPeople] = {}

    def seen_by(self, camera: Camera) -> SeenPeople:
        """The detections of a camera's name, undistorted with its lens: (F, P, J, 3) rays."""
        key = (camera.name, camera.K.tobytes(), camera.dist_full.tobytes(), camera.lens)
        if key not in self._undistorted:
            self._undistorted[key] = SeenPeople.by(camera, self.pixels[camera.name])
        return self._undistorted[key]

    def thinned(self, most: int) -> Sightings:
        """At most ``most`` of the frames."""
        few = object.__new__(Sightings)
        count = min(most, len(self.frames))
        chosen = np.linspace(0, len(self.frames) - 1, count).round().astype(int)
        few._stack(list(self.pixels), [self.frames[index] for index in chosen])
        return few

    def split(self, most: int) -> tuple[Sightings, Sightings]:
        """Two disjoint samples, each of about ``most`` of the frames, that take turns in time."""
        frames = self.frames[:: max(1, len(self.frames) // (2 * most))]
        parts = []
        for start in (0, 1):
            part = object.__new__(Sightings)
            part._stack(list(self.pixels), frames[start::2])
            parts.append(part)
        return parts[0], parts[1]

    def errors(self, rig: CameraRig, pairs: Sequence[Pair]) -> dict[Pair, np.ndarray]:
        """Epipolar errors of detections that are each other's best match, by pair of cameras.

        Args:
            rig: The cameras whose lenses and extrinsics are evaluated.
            pairs: Pairs of camera names.

        Returns:
            Per pair (N,) finite errors, as shares of the person's size.
        """
        found = {}
        for first, second in pairs:
            values = np.zeros(0)
            if first in self.pixels and second in self.pixels:
                a, b = rig[first], rig[second]
                values = best_matches(epipolar_errors(a, b, self.seen_by(a), self.seen_by(b)))
            found[first, second] = values
        return found


def best_matches(error: np.ndarray) -> np.ndarray:
    """(N,) finite errors of those in (F, P, Q) that are least in both their row and column."""
    return error[_mutual(error)]


def _mutual(error: np.ndarray) -> np.ndarray:
    mutual = (error == error.min(-1, keepdims=True)) & (error == error.min(-2, keepdims=True))
    return mutual & np.isfinite(error)


def common_and_own_error(
    rig: CameraRig, sightings: Sightings, pairs: Sequence[Pair]
) -> tuple[float, float]:
    """Split epipolar errors into what is common to the joints of a person, and the rest.

    A detector's joints deviate to both sides of the epipolar lines; if the calibration or the
    synchronisation is wrong, all joints of a person deviate to the same side.

    Returns:
        Medians over persons of the absolute mean of the signed deviations of their joints, and of
        the standard deviation, as shares of the person's size; then medians over pairs. NaN if no
        pair has enough persons.
    """
    medians = []
    for first, second in pairs:
        if first not in sightings.pixels or second not in sightings.pixels:
            continue
        a, b = rig[first], rig[second]
        people, others = sightings.seen_by(a), sightings.seen_by(b)
        frame, p, q = np.nonzero(_mutual(epipolar_errors(a, b, people, others)))
        if len(frame) < MIN_COMPARISONS:
            continue
        essential = essential_matrix(a, b)
        here, there = people.rays[frame, p], others.rays[frame, q]  # (N, J, 3)
        lines, other_lines = here @ essential.T, there @ essential
        with np.errstate(invalid='ignore', divide='ignore'):
            sizes = others.size[frame, q][:, None], people.size[frame, p][:, None]
            per_size = sum(
                0.5 / (np.hypot(line[..., 0], line[..., 1]) * size)
                for line, size in zip((lines, other_lines), sizes)
            )
            signed = (lines * there).sum(-1) * per_size
        common = people.found[frame, p] & others.found[frame, q] & np.isfinite(signed)
        count = np.maximum(common.sum(-1), 1)
        signed = np.where(common, signed, 0.0)
        mean = signed.sum(-1) / count
        deviation = np.where(common, signed - mean[:, None], 0.0)
        scatter = np.sqrt((deviation**2).sum(-1) / count)
        medians.append((np.median(np.abs(mean)), np.median(scatter)))
    if not medians:
        return float('nan'), float('nan')
    common_error, own_error = np.median(medians, axis=0)
    return float(common_error), float(own_error)


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


def typical(values: np.ndarray) -> float:
    """Mean of the :data:`KEPT_SHARE` smallest of some errors, clipped to :data:`MAX_ERROR`."""
    kept = np.sort(values)[: max(1, int(np.ceil(KEPT_SHARE * len(values))))]
    return float(np.minimum(kept, MAX_ERROR).mean())


def by_pair(errors: Mapping[Pair, np.ndarray]) -> dict[Pair, float]:
    """:func:`typical` error by pair, for pairs with :data:`MIN_COMPARISONS` errors."""
    return {p: typical(values) for p, values in errors.items() if len(values) >= MIN_COMPARISONS}


def overall(errors: Mapping[Pair, np.ndarray]) -> float:
    """Mean over pairs of :func:`by_pair`; NaN if no pair has enough."""
    means = list(by_pair(errors).values())
    return float(np.mean(means)) if means else float('nan')
