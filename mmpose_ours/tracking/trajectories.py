"""Trajectories: tracks as arrays over evenly spaced frames, the input of all exports.

Skipped frame numbers become frames without people. Poses without track IDs are tracked.
"""

from __future__ import annotations

import dataclasses
from typing import Collection, Sequence

import numpy as np

from mmpose_ours.errors import InputError
from mmpose_ours.io.numbers import MAX_FPS, MIN_FPS
from mmpose_ours.predictions.person_json import FrameId
from mmpose_ours.predictions.reading import Predictions
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.text import argument
from mmpose_ours.tracking.smoothing import PoseSmoother
from mmpose_ours.tracking.tracks import PeopleTracker, patience_at

# Frame rate if neither the file nor the user gives one.
DEFAULT_FPS = 30.0
# If the frame numbers span more than this many times the number of frames, they are not counts
# (but times, or dates), and the frames are numbered consecutively.
_MAX_GAPS = 20
# Limit of the size of a timeline.
_MAX_BYTES = 4 * 2**30
# Lower limit for sparse timelines: array entries per listed pose, and bytes that are always
# allowed.
_SPARSE, _SPARSE_BYTES = 50, 2**28

UP_AXES = ('y', 'z')


@dataclasses.dataclass(frozen=True, eq=False)
class Timeline:
    """N tracks over T evenly spaced frames.

    Args:
        frames: (T,) frame numbers, or names if they are not numbers.
        seconds: (T,) time of each, the number divided by the frame rate.
        rate_hz: Frames per second.
        people: (N,) track IDs, increasing.
        poses: (T, N, J, 3) mm, z up; NaN where a joint or person is missing.
        scores: (T, N), NaN where the person is missing.
        views: (T, N) number of cameras that detected the person; -1 if missing or unknown.
        joints: The skeleton.
        std_mm: (T, N, J) standard deviation of each joint, NaN where it is missing or unknown;
            None where it is known of no joint.
        notes: Assumptions that were made (frame rate, tracking, ...), a sentence each.
    """

    frames: tuple[FrameId, ...]
    seconds: np.ndarray
    rate_hz: float
    people: tuple[int, ...]
    poses: np.ndarray
    scores: np.ndarray
    views: np.ndarray
    joints: Skeleton
    std_mm: np.ndarray | None = None
    notes: tuple[str, ...] = ()

    def of(self, person: int) -> Timeline:
        """One person, from their first to their last frame.

        Raises:
            InputError: There is no such person.
        """
        return self.only([person]).trimmed()

    def only(self, people: Sequence[int]) -> Timeline:
        """Some of the people.

        Raises:
            InputError: One of them is not there.
        """
        for person in people:
            if person not in self.people:
                raise _no_person(person, self.people)
        columns = [self.people.index(person) for person in sorted(set(people))]
        return dataclasses.replace(
            self,
            people=tuple(self.people[column] for column in columns),
            poses=self.poses[:, columns],
            scores=self.scores[:, columns],
            views=self.views[:, columns],
            std_mm=None if self.std_mm is None else self.std_mm[:, columns],
        )

    def trimmed(self) -> Timeline:
        """Without the frames before the first person and after the last."""
        rows = np.flatnonzero(self.present.any(1))
        kept = slice(rows[0], rows[-1] + 1) if len(rows) else slice(0)
        return dataclasses.replace(
            self,
            frames=self.frames[kept],
            seconds=self.seconds[kept],
            poses=self.poses[kept],
            scores=self.scores[kept],
            views=self.views[kept],
            std_mm=None if self.std_mm is None else self.std_mm[kept],
        )

    def markers(self) -> list[str]:
        """(N * J) names of all joints, each with its person before it where there are several."""
        if len(self.people) == 1:
            return list(self.joints.joints)
        return [f'p{person}_{joint}' for person in self.people for joint in self.joints.joints]

    def turned(self, up: str) -> np.ndarray:
        """(T, N, J, 3) poses with ``'y'`` or ``'z'`` up; (x, y, z) becomes (x, z, -y) for y.

        Raises:
            InputError: Another axis is asked for.
        """
        if up not in UP_AXES:
            raise InputError(
                f'up is {up!r}, expected y or z',
                code='unknown-name',
                found=up,
                expected=list(UP_AXES),
            )
        if up == 'z':
            return self.poses
        return np.stack([self.poses[..., 0], self.poses[..., 2], -self.poses[..., 1]], axis=-1)

    @property
    def present(self) -> np.ndarray:
        """(T, N) whether the person is there."""
        return np.isfinite(self.scores)


def spell(people: Sequence[int]) -> str:
    """The first few track IDs as text."""
    shown = ', '.join(map(str, people[:20]))
    return f'{shown}, ... ({len(people)} in all)' if len(people) > 20 else shown or 'none'


def _no_person(person: int, people: Sequence[int]) -> InputError:
    return InputError(
        f'there is no person {person}; there are {spell(people)}',
        code='unknown-name',
        found=person,
        expected=list(people),
    )


def timeline_of(
    predictions: Predictions,
    fps: float | None = None,
    min_frames: int = 1,
    people: Sequence[int] | None = None,
    smooth: bool = False,
) -> Timeline:
    """Convert the people of all frames to arrays over time.

    Args:
        predictions: People per frame. Where all frames are numbers, they are put in order and
            those left out become frames without people; else the file's order counts.
        fps: Frame numbers per second, where the file does not say it. None: the file's, else
            :data:`DEFAULT_FPS`.
        min_frames: People found in fewer frames are left out.
        people: Track IDs to keep; None keeps all.
        smooth: Whether to smooth, see :class:`mmpose_ours.tracking.smoothing.PoseSmoother`.

    Raises:
        InputError: There are no people, or none of those asked for; there are too many people
            for the memory; or ``fps`` is none that a file may state, or contradicts the file's.

    Examples:
        >>> from mmpose_ours import read_predictions, write_predictions
        >>> walking = {t: np.full((1, 17, 3), 20.0 * t) for t in range(10)}
        >>> write_predictions('people.json', walking, fps=25)
        >>> timeline = timeline_of(read_predictions('people.json'))
        >>> timeline.poses.shape, timeline.rate_hz  # frames, people, joints, xyz
        ((10, 1, 17, 3), 25.0)
    """
    notes = []
    if fps is not None and not MIN_FPS <= fps <= MAX_FPS:
        raise InputError(
            f'the frame rate is {fps:g}, expected {MIN_FPS:g} to {MAX_FPS:g} frames per second, '
            'such as 25',
            code='out-of-range',
            found=fps,
            expected=(MIN_FPS, MAX_FPS),
        )
    fps = predictions.frame_rate(fps)
    if fps is None:
        fps = DEFAULT_FPS
        notes.append(f'the file has no frame rate: {fps:g} per second is assumed')
    order, numbers = _in_order(predictions.frames)
    step = int(np.gcd.reduce(np.diff(numbers))) if len(numbers) > 1 else 1
    if len(order) and (numbers[-1] - numbers[0]) // step > _MAX_GAPS * len(order):
        numbers, step = np.arange(len(order)), 1
        notes.append(
            'the frame numbers are too far apart to be counts: the frames are numbered '
            'consecutively'
        )
    if predictions.tracked:
        ids = {frame: np.asarray(predictions.frames[frame].track_ids) for frame in order}
    else:
        ids = _track_ids(predictions, order, numbers, step, fps)
        notes.append('the file has no track IDs: they were assigned by the tracker')
    kept = _kept(predictions, ids, min_frames, people)
    rows = (numbers - numbers[0]) // step
    count, joints = int(rows[-1]) + 1, predictions.skeleton
    size = len(joints) * 3 * 8
    listed = sum(map(len, predictions.frames.values()))
    if count * len(kept) * size > min(_MAX_BYTES, max(_SPARSE_BYTES, _SPARSE * listed * size)):
        raise InputError(
            f'{len(kept)} people over {count} frames do not fit into memory; remove short '
            f'tracks ({argument("min_frames", 10)}), or choose some people',
            code='limit-exceeded',
            found=(len(kept), count),
        )
    poses = np.full((count, len(kept), len(joints), 3), np.nan)
    scores = np.full((count, len(kept)), np.nan)
    views = np.full((count, len(kept)), -1)
    std_mm = np.full(poses.shape[:3], np.nan)
    smoother = PoseSmoother(fps, frame_step=step)
    for frame, number, row in zip(order, numbers.tolist(), rows):
        found = predictions.frames[frame]
        xyz_mm = smoother(found.xyz_mm, ids[frame], number) if smooth else found.xyz_mm
        for index, person in enumerate(ids[frame].tolist()):
            column = kept.get(person)
            if column is not None:
                poses[row, column] = xyz_mm[index]
                scores[row, column] = 1.0 if found.scores is None else found.scores[index]
                views[row, column] = -1 if found.views is None else found.views[index]
                if found.std_mm is not None:
                    std_mm[row, column] = found.std_mm[index]
    std_mm[~np.isfinite(poses).all(-1)] = np.nan
    whole = numbers[0] + step * np.arange(count)
    counted = order == [int(number) for number in numbers]
    return Timeline(
        frames=tuple(whole.tolist()) if counted else tuple(order),
        seconds=whole / fps,
        rate_hz=fps / step,
        people=tuple(kept),
        poses=poses,
        scores=scores,
        views=views,
        joints=joints,
        std_mm=std_mm if np.isfinite(std_mm).any() else None,
        notes=tuple(notes),
    )


def _in_order(frames: Collection[FrameId]) -> tuple[list[FrameId], np.ndarray]:
    """The frames in the order of time, and their numbers."""
    numbers = [frame for frame in frames if isinstance(frame, int)]
    if len(numbers) == len(frames):
        return sorted(frames, key=int), np.array(sorted(numbers), dtype=np.int64)
    return list(frames), np.arange(len(frames))


def _track_ids(
    predictions: Predictions, order: list[FrameId], numbers: np.ndarray, step: int, fps: float
) -> dict[FrameId, np.ndarray]:
    tracker = PeopleTracker(patience=patience_at(fps / step), frame_step=step)
    return {
        frame: tracker(predictions.frames[frame].xyz_mm, number)
        for frame, number in zip(order, numbers.tolist())
    }


def _kept(
    predictions: Predictions,
    ids: dict[FrameId, np.ndarray],
    min_frames: int,
    people: Sequence[int] | None,
) -> dict[int, int]:
    """The columns of those who are kept, by track ID."""
    everybody = np.concatenate([np.zeros(0, np.int64), *ids.values()])
    if not len(everybody):
        raise InputError(
            f'nobody is in any of {len(predictions.frames)} frames',
            code='no-data',
            found=len(predictions.frames),
        )
    found, counts = np.unique(everybody, return_counts=True)
    for person in people or ():
        if person not in found:
            raise _no_person(person, found.tolist())
    kept = [
        person
        for person, count in zip(found.tolist(), counts.tolist())
        if (count >= min_frames if people is None else person in people)
    ]
    if not kept:
        raise InputError(
            f'nobody of {len(found)} is in {min_frames} frames or more; the longest is in '
            f'{counts.max()}',
            code='no-data',
            found=int(counts.max()),
            expected=min_frames,
        )
    return {person: column for column, person in enumerate(kept)}
