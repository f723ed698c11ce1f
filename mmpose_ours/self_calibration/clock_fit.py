"""Sub-frame offsets and frame rates: epipolar errors of interpolated 2D tracks, minimised.

The signed epipolar error of a joint changes with the time at which the second view is looked at, by
the joint's velocity in that view. Clocks follow from robust estimates over all pairs of views, with
instrumental variables in place of least squares, for two reasons. The noise of the detector is in
the velocity too, so the velocity is measured twice, by different frames. And joints that a detector
places ahead of a walking person are a constant error that looks like a time offset, so the mean of
the velocity of each joint in a second or two is taken off: what remains is how motion changes.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Sequence

import numpy as np

from mmpose_ours.association.epipolar import SeenPeople, epipolar_errors, essential_matrix
from mmpose_ours.self_calibration.clocks import Clock
from mmpose_ours.self_calibration.moving_views import Moving, MovingView
from mmpose_ours.self_calibration.pair_poses import mutual_matches

# Frames of each view that are compared with those of each other view, taken in runs of so many
# frames; iterations.
FRAMES, RUN, ITERATIONS = 600, 60, 16
# Blocks of time whose errors count as independent of each other: standard deviations follow from
# how they disagree, and from how pairs of views do.
BLOCKS = 8
# People in all frames of a pair of views that tell whether these match.
MIN_PEOPLE = 30
# Largest step of one iteration, in frames; steps below the last count as none.
MAX_STEP, NO_STEP = 4.0, 0.01
# Geman-McClure scale over the median absolute error, and its least value.
_SCALE, _LEAST_SCALE = 3.0, 1e-4


@dataclasses.dataclass(frozen=True, eq=False)
class Residuals:
    """Signed epipolar errors of the joints of matched people.

    Args:
        view: (N,) the view that is interpolated.
        base: (N,) the view whose frames are whole.
        time: (N,) reference frame of each.
        value: (N,) error as a share of the person's size.
        slope: (N,) its change per frame of ``view``, by the frames around.
        change: (N,) the same by the two frames that are interpolated.
        group: (N,) number of the joint, person and run of frames.
    """

    view: np.ndarray
    base: np.ndarray
    time: np.ndarray
    value: np.ndarray
    slope: np.ndarray
    change: np.ndarray
    group: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class ClockFit:
    """Clocks by the frames of a reference view.

    Args:
        clocks: One per view.
        covariance: (V, 2, 2) of offset and rate, offset at the reference frame ``middle``.
        middle: (V,) the mean reference frame of what tells each clock.
        joints: (V,) joints behind each.
    """

    clocks: tuple[Clock, ...]
    covariance: np.ndarray
    middle: np.ndarray
    joints: np.ndarray


def fit_clocks(
    views: Sequence[MovingView],
    clocks: Sequence[Clock],
    reference: int,
    free_rates: np.ndarray,
) -> ClockFit:
    """Refine clocks.

    Args:
        views: V views.
        clocks: Their clocks by frames of the reference, a few frames off at most.
        reference: The view whose clock is kept.
        free_rates: (V,) bool: whose frame rates are unknown.
    """
    count = len(views)
    parameters = np.array([[clock.offset, clock.rate] for clock in clocks])
    free = np.ones((count, 2), bool)
    free[:, 1] = free_rates
    free[reference] = False
    seen = _residuals(views, parameters)
    for _ in range(ITERATIONS):
        step = np.zeros(2 * count)
        system = _System(seen, parameters, free.ravel())
        step[free.ravel()] = system.step
        moved = _largest_move(step.reshape(-1, 2), seen)
        parameters = parameters + step.reshape(-1, 2) * min(1.0, MAX_STEP / max(moved, MAX_STEP))
        seen = _residuals(views, parameters)
        if moved < NO_STEP:
            break
    found = tuple(Clock(float(offset), float(rate)) for offset, rate in parameters)
    return _with_covariance(found, seen, parameters, free)


def _largest_move(step: np.ndarray, seen: Residuals) -> float:
    """Frames by which a step (V, 2) moves a view at most, where it is compared."""
    if not len(seen.time):
        return 0.0
    ends = np.array([seen.time.min(), seen.time.max()])
    return float(np.abs(step[:, :1] + step[:, 1:] * ends).max())


def _residuals(views: Sequence[MovingView], parameters: np.ndarray) -> Residuals:
    parts, groups = [], 0
    for base, view in itertools.permutations(range(len(views)), 2):
        *values, group = _of_pair(views, base, view, parameters)
        _, group = np.unique(group, axis=0, return_inverse=True)
        parts.append([*values, group.ravel() + groups])
        groups += int(group.max(initial=-1)) + 1
    return Residuals(*(np.concatenate(each) for each in zip(*parts)))


def matched_shares(
    views: Sequence[MovingView], clocks: Sequence[Clock], reference: int
) -> np.ndarray:
    """How well people connect each view with the others.

    Of a pair of views the share is that of the people in the view with fewer that match somebody of
    the other, in frames in which both see people. Views are joined one after the other, beginning
    with the reference, each by its largest share with a view that is joined already.

    Returns:
        (V,) the share by which each view was joined; of the reference, the largest of its shares.
    """
    parameters = np.array([[clock.offset, clock.rate] for clock in clocks])
    share = np.zeros((len(views), len(views)))
    for base, view in itertools.permutations(range(len(views)), 2):
        ours, theirs, _, _, error = _compared(views, base, view, parameters)
        people = np.minimum(*(np.isfinite(each.size).sum(1) for each in (ours, theirs.people)))
        if people.sum() >= MIN_PEOPLE:
            share[base, view] = mutual_matches(error).sum() / people.sum()
    share = np.maximum(share, share.T)
    joined, found = [reference], np.zeros(len(views))
    found[reference] = share[reference].max()
    while len(joined) < len(views):
        best = share[joined].max(0)
        best[joined] = -1
        joined.append(int(best.argmax()))
        found[joined[-1]] = best.max()
    return found


def _compared(
    views: Sequence[MovingView], base: int, view: int, parameters: np.ndarray
) -> tuple[SeenPeople, Moving, np.ndarray, np.ndarray, np.ndarray]:
    """People of frames of one view, those of another then; frames, times, (F, P, Q) errors."""
    ours, theirs = views[base], views[view]
    frames = np.arange(len(ours))
    time = (frames - parameters[base, 0]) / parameters[base, 1]
    moments = parameters[view, 0] + parameters[view, 1] * time
    usable = np.flatnonzero(ours.occupied & (moments >= 0) & (moments < len(theirs) - 1))
    chosen = _in_runs(usable)
    people, moving = ours.people.at(chosen), theirs.at(moments[chosen])
    return (
        people, moving, chosen, time[chosen],
        epipolar_errors(ours.camera, theirs.camera, people, moving.people),
    )  # fmt: skip


def _in_runs(frames: np.ndarray) -> np.ndarray:
    """At most FRAMES of the frames, in runs that are spread evenly."""
    if len(frames) <= FRAMES:
        return frames
    starts = np.linspace(0, len(frames) - RUN, FRAMES // RUN).round().astype(int)
    return frames[(starts[:, None] + np.arange(RUN)).ravel()]


def _of_pair(
    views: Sequence[MovingView], base: int, view: int, parameters: np.ndarray
) -> tuple[np.ndarray, ...]:
    people, moving, frames, time, error = _compared(views, base, view, parameters)
    row, p, q = np.nonzero(mutual_matches(error))
    E = essential_matrix(views[base].camera, views[view].camera)
    first, second = people.rays[row, p], moving.people.rays[row, q]
    lines, other_lines = first @ E.T, second @ E
    with np.errstate(invalid='ignore', divide='ignore'):
        scale = 0.5 / (
            np.linalg.norm(lines[..., :2], axis=-1) * moving.people.size[row, q, None]
        ) + 0.5 / (np.linalg.norm(other_lines[..., :2], axis=-1) * people.size[row, p, None])
        value = scale * (lines * second).sum(-1)
        slope = scale * (lines[..., :2] * moving.velocity[row, q]).sum(-1)
        change = scale * (lines[..., :2] * moving.step[row, q]).sum(-1)
    known = people.found[row, p] & moving.people.found[row, q]
    known &= np.isfinite(value) & np.isfinite(slope)
    person, joint = np.nonzero(known)
    time, row, p, q = time[row][person], row[person], p[person], q[person]
    base_track = views[base].tracks[frames[row], p]
    group = np.stack([base_track, moving.track[row, q], joint, frames[row] // RUN], axis=1)
    count = len(time)
    return (
        np.full(count, view), np.full(count, base), time,
        value[known], slope[known], change[known], group,
    )  # fmt: skip


def _jacobian(seen: Residuals, slope: np.ndarray, parameters: np.ndarray) -> np.ndarray:
    """(N, 2 V) change of each error with the offsets and rates of the views."""
    rows = np.arange(len(slope))
    jacobian = np.zeros((len(rows), len(parameters), 2))
    jacobian[rows, seen.view, 0] = slope
    jacobian[rows, seen.view, 1] = slope * seen.time
    ratio = parameters[seen.view, 1] / parameters[seen.base, 1]
    jacobian[rows, seen.base, 0] -= slope * ratio
    jacobian[rows, seen.base, 1] -= slope * ratio * seen.time
    return jacobian.reshape(len(rows), 2 * len(parameters))


class _System:
    """The equations of one iteration.

    Args:
        seen: The errors.
        parameters: (V, 2) offsets and rates.
        free: (2 V,) bool: which are unknown, U of them.
    """

    def __init__(self, seen: Residuals, parameters: np.ndarray, free: np.ndarray):
        self._weight, self._derivative = _weights(seen.value)
        slope = _without_bias(seen, self._weight)
        self.telling = self._weight * slope**2
        self._seen, self._views = seen, len(parameters)
        self._instrument = _jacobian(seen, slope, parameters)[:, free]
        self._change = _jacobian(seen, seen.change, parameters)[:, free]

    @property
    def step(self) -> np.ndarray:
        """(U,) of the unknowns; errors keep their weights, which is slow and does not diverge."""
        return -self._inverse(self._weight) @ self._gradients(np.zeros(len(self._weight), int))[0]

    @property
    def covariance(self) -> np.ndarray:
        """(U, U) of the unknowns: parts of the recording, and pairs of views, that disagree."""
        seen, inverse = self._seen, self._inverse(self._derivative)
        first, last = (seen.time.min(), seen.time.max()) if len(seen.time) else (0.0, 0.0)
        edges = np.linspace(first, last, BLOCKS + 1)
        block = np.clip(np.searchsorted(edges, seen.time, 'right') - 1, 0, BLOCKS - 1)
        low, high = np.minimum(seen.view, seen.base), np.maximum(seen.view, seen.base)
        total = np.zeros_like(inverse)
        for cluster in (block, low * self._views + high):
            gradients = self._gradients(cluster)
            count = max(2, int(gradients.any(1).sum()))
            total += count / (count - 1) * gradients.T @ gradients
        return inverse @ total @ inverse.T

    def _gradients(self, cluster: np.ndarray) -> np.ndarray:
        """(C, U) the values of the equations by clusters (N,) of errors."""
        values = (self._weight * self._seen.value)[:, None] * self._instrument
        count = int(cluster.max(initial=0)) + 1
        return np.stack([np.bincount(cluster, each, count) for each in values.T], axis=1)

    def _inverse(self, weight: np.ndarray) -> np.ndarray:
        """(U, U) inverse of the change of the equations with the unknowns."""
        normal = (weight[:, None] * self._instrument).T @ self._change
        return np.linalg.pinv(normal, rcond=1e-13)


def _without_bias(seen: Residuals, weight: np.ndarray) -> np.ndarray:
    """(N,) slopes less the share of their mean in a group that belongs to a bias of that group.

    Generalised least squares with a random effect of each group, whose variance is estimated.
    """
    if not len(weight):
        return seen.slope
    number = np.bincount(seen.group, weight)
    error = np.bincount(seen.group, weight * seen.value) / number
    within = (weight * (seen.value - error[seen.group]) ** 2).sum()
    within /= max(1.0, number.sum() - len(number))
    between = ((number * error**2).sum() - len(number) * within) / number.sum()
    share = number * max(0.0, between) / (within + number * max(0.0, between))
    means = np.bincount(seen.group, weight * seen.slope) / number
    return seen.slope - (share * means)[seen.group]


def _weights(value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Geman-McClure: (N,) weights of errors, and the derivatives of the weighted errors."""
    scale = max(_LEAST_SCALE, _SCALE * float(np.median(np.abs(value)))) if len(value) else 1.0
    square = (value / scale) ** 2
    return (1 + square) ** -2, (1 - 3 * square) / (1 + square) ** 3


def _with_covariance(
    clocks: tuple[Clock, ...], seen: Residuals, parameters: np.ndarray, free: np.ndarray
) -> ClockFit:
    """With covariances from blocks of time, whose gradients are independent of each other."""
    count = len(clocks)
    system = _System(seen, parameters, free.ravel())
    joints, middle = np.zeros(count, int), np.zeros(count)
    for view in range(count):
        own = (seen.view == view) | (seen.base == view)
        joints[view] = own.sum()
        middle[view] = np.average(seen.time[own], weights=system.telling[own]) if own.any() else 0.0
    full = np.zeros((2 * count, 2 * count))
    chosen = np.flatnonzero(free.ravel())
    full[np.ix_(chosen, chosen)] = system.covariance
    covariance = np.empty((count, 2, 2))
    for view in range(count):
        at = np.array([[1.0, middle[view]], [0.0, 1.0]])
        own = slice(2 * view, 2 * view + 2)
        covariance[view] = at @ full[own, own] @ at.T
    return ClockFit(clocks, covariance, middle, joints)
