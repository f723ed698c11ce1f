"""Tracking: people numbered from frame to frame, by where they are heading.

A track is where a person was last and how fast the body moved. Each is moved on to the time of
the next frame, and people are given to tracks so that the squared distances sum to the least.
Two who cross each other keep their numbers, also where both are lost while they do.
"""

from __future__ import annotations

import dataclasses
from typing import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from mmpose_ours.errors import InputError

# Nobody is farther than this from where a track expects them (a sprint at 15 frames per second,
# when nothing is known of how fast the person moves).
MAX_STEP_MM = 500.0
# How far off somebody is whom one camera alone shows: nothing but the size of people says how far
# from the camera they are.
SINGLE_STEP_MM = 1000.0
# Somebody who is not found for so many frames comes back as somebody else.
PATIENCE = 5
# Where the frame rate is known, it is at least so long.
PATIENCE_S = 0.5
# Of people who come and go by the hundred, those seen last are kept.
MAX_TRACKS = 1000
# Distances of joints that are worked out together, of which each takes some 50 bytes.
_AT_ONCE = 1 << 20
# How much of the newest step enters the velocity. One step alone is noisy; one in five seconds
# says nothing of where somebody who turns is going.
_NEWEST = 0.5


def patience_at(fps: float | None) -> int:
    """For how many frames somebody may be lost: half a second, and not less than a few.

    Args:
        fps: Frames per second; None is not known.
    """
    return PATIENCE if fps is None else max(PATIENCE, round(PATIENCE_S * fps))


class PeopleTracker:
    """Numbers people frame by frame; its memory holds those of the last few frames.

    Args:
        max_step_mm: Largest mean distance, over the joints known in both, between a person and
            where the track expects them.
        patience: Frames that a track outlives without being found.
        step: Frame numbers from one frame to the next, for frames that are every so many of a
            video.
        first: The first number to give.
    """

    def __init__(
        self,
        max_step_mm: float = MAX_STEP_MM,
        patience: int = PATIENCE,
        step: float = 1,
        first: int = 0,
    ) -> None:
        if max_step_mm <= 0 or patience < 0 or step <= 0:
            raise InputError(
                f'max_step_mm {max_step_mm}, patience {patience}, step {step}: expected a distance '
                'and a step above 0, and frames from 0 on',
                code='out-of-range',
                found=(max_step_mm, patience, step),
            )
        self.max_step_mm, self.patience, self.step = max_step_mm, patience, step
        self._next = first
        self._tracks: dict[int, _Track] = {}
        self._frame: float | None = None

    def __call__(
        self,
        poses: np.ndarray,
        frame: float | None = None,
        views: Sequence[int] | np.ndarray | None = None,
    ) -> np.ndarray:
        """Number the people of the next frame.

        Args:
            poses: (P, J, 3) mm; NaN where a joint is missing.
            frame: Its number, greater than the one before. None: one step after it.
            views: (P,) how many cameras show each; None is not known. Who is shown by one alone,
                now or before, may be :data:`SINGLE_STEP_MM` from where the track expects them.

        Returns:
            (P,) numbers, each once.

        Raises:
            InputError: The frame is not after the one before.
        """
        if frame is None:
            frame = 0.0 if self._frame is None else self._frame + self.step
        if self._frame is not None and frame <= self._frame:
            raise InputError(
                f'frame {frame} comes after {self._frame}; give frames in their order',
                code='out-of-range',
                found=frame,
                expected=self._frame,
            )
        self._frame = frame
        now = frame / self.step
        # Half a step is for frame numbers that are not quite even.
        alive = {n: t for n, t in self._tracks.items() if now - t.time < self.patience + 1.5}
        if len(alive) > MAX_TRACKS:
            newest = sorted(alive, key=lambda number: alive[number].time)[-MAX_TRACKS:]
            alive = {number: alive[number] for number in newest}
        alone = np.zeros(len(poses), bool) if views is None else np.asarray(views) == 1
        numbers = self._known(poses, alone, alive, now)
        for person in np.flatnonzero(numbers < 0):
            numbers[person], self._next = self._next, self._next + 1
        for number, pose, single in zip(numbers.tolist(), poses, alone.tolist()):
            track = alive.get(number)
            new = _Track(now, pose, single)
            alive[number] = new if track is None else track.followed_by(new)
        self._tracks = alive
        return numbers

    def _known(
        self, poses: np.ndarray, alone: np.ndarray, tracks: dict[int, _Track], now: float
    ) -> np.ndarray:
        """(P,) numbers of the tracks that people belong to, -1 for new people."""
        numbers = np.full(len(poses), -1)
        if not tracks or not len(poses):
            return numbers
        names = list(tracks)
        expected = np.stack([track.at(now) for track in tracks.values()])
        distance = _distances(expected, poses)
        either = np.array([[track.alone] for track in tracks.values()]) | alone
        limit = np.where(either, max(SINGLE_STEP_MM, self.max_step_mm), self.max_step_mm)
        near = distance < limit
        # What is too far costs more than all near pairs together.
        cost = np.where(near, distance, limit.max() * (1 + min(near.shape))) ** 2
        for row, person in zip(*linear_sum_assignment(cost)):
            if near[row, person]:
                numbers[person] = names[row]
        return numbers


@dataclasses.dataclass(frozen=True, eq=False)
class _Track:
    """Where a person was last.

    Args:
        time: When, in steps.
        pose: (J, 3) mm.
        alone: Whether one camera alone showed the person.
        velocity: (3,) mm per step of the body; None is not known.
    """

    time: float
    pose: np.ndarray
    alone: bool
    velocity: np.ndarray | None = None

    def at(self, time: float) -> np.ndarray:
        """(J, 3) where the person is expected."""
        return (
            self.pose if self.velocity is None else self.pose + self.velocity * (time - self.time)
        )

    def followed_by(self, new: _Track) -> _Track:
        """The track with the person found anew."""
        expected, velocity = self.at(new.time), self.velocity
        # One camera alone cannot tell a wrong distance from a step.
        if not (self.alone or new.alone):
            step = new.pose - self.pose
            velocity = step[np.isfinite(step).all(-1)].mean(0) / (new.time - self.time)
            if self.velocity is not None:
                velocity = (1 - _NEWEST) * self.velocity + _NEWEST * velocity
        # A joint that is missing is taken to have moved along.
        pose = np.where(np.isfinite(new.pose), new.pose, expected)
        return _Track(new.time, pose, new.alone, velocity)


def link_people(
    poses: Sequence[np.ndarray],
    max_step_mm: float = MAX_STEP_MM,
    patience: int = PATIENCE,
    frames: Sequence[float] | None = None,
) -> list[np.ndarray]:
    """Give every person of every frame the number of a track, see :class:`PeopleTracker`.

    Args:
        poses: Per frame (P, J, 3) mm in the order of time; NaN where a joint is missing.
        max_step_mm: See :class:`PeopleTracker`.
        patience: Likewise.
        frames: Increasing numbers of the frames, where some are left out. What lies between
            most of them is one step.

    Returns:
        Per frame (P,) numbers of tracks, each at most once.
    """
    step = 1.0 if frames is None or len(frames) < 2 else float(np.median(np.diff(frames)))
    tracker = PeopleTracker(max_step_mm, patience, step)
    numbers = range(len(poses)) if frames is None else frames
    return [tracker(people, number) for people, number in zip(poses, numbers)]


def _distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(N, J, 3) and (P, J, 3): (N, P) mean distances, infinite without a common joint."""
    mean = np.full((len(first), len(second)), np.inf)
    rows = max(1, _AT_ONCE // max(1, second.shape[0] * second.shape[1]))
    for start in range(0, len(first), rows):
        away = first[start : start + rows, None] - second
        per_joint = np.sqrt(np.einsum('npjd,npjd->npj', away, away))
        known = np.isfinite(per_joint)
        count = known.sum(-1)
        total = np.where(known, per_joint, 0.0).sum(-1)
        np.divide(total, count, out=mean[start : start + rows], where=count > 0)
    return mean
