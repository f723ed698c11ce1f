"""Multi-person tracking: track IDs from frame to frame, by 3D positions and velocities.

A track stores a person's last pose and the velocity of the body. In each frame every track predicts
a pose with this velocity, and the Hungarian assignment links the new poses to the predictions so
that the sum of the squared mean joint distances is minimal. Two people who cross keep their track
IDs, also if both are undetected while they do.
"""

from __future__ import annotations

import dataclasses
from typing import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from mmpose_ours.errors import InputError

# Gate in mm: the largest mean joint distance between a pose and the pose that its track predicts
# (a sprint at 15 frames per second, for a track whose velocity is not known yet).
MAX_DISTANCE_MM = 500.0
# The gate in mm if only one camera detected the person in either frame: the depth then follows
# from the assumed size of the person alone, and has large errors.
SINGLE_VIEW_DISTANCE_MM = 1000.0
# Default of `patience`: consecutive frames without a match after which a track ends.
PATIENCE = 5
# Least patience in seconds if the frame rate is known.
PATIENCE_S = 0.5
# Tracks that are kept; if there are more, those that were matched last are kept.
MAX_TRACKS = 1000
# Joint distances that are computed at once; each takes about 50 bytes of memory.
_CHUNK = 1 << 20
# Weight of the newest displacement in the exponential moving average of the velocity. A single
# displacement is noisy; an average over seconds does not follow a person who turns.
_NEWEST = 0.5


def patience_at(fps: float | None) -> int:
    """The patience for a frame rate: half a second, and at least :data:`PATIENCE` frames.

    Args:
        fps: Frames per second; None if unknown.
    """
    return PATIENCE if fps is None else max(PATIENCE, round(PATIENCE_S * fps))


class PeopleTracker:
    """Assigns track IDs frame by frame; its state is the last pose and velocity of each track.

    Args:
        max_distance_mm: Gate: largest mean distance, over the joints that both have, between a
            pose and the pose that its track predicts.
        patience: Number of consecutive frames without a match after which a track ends.
        frame_step: Difference between the numbers of consecutive frames, for example 5 if every
            fifth frame of a video is used.
        first_id: The first track ID to assign.
    """

    def __init__(
        self,
        max_distance_mm: float = MAX_DISTANCE_MM,
        patience: int = PATIENCE,
        frame_step: float = 1,
        first_id: int = 0,
    ) -> None:
        if max_distance_mm <= 0 or patience < 0 or frame_step <= 0:
            raise InputError(
                f'max_distance_mm {max_distance_mm}, patience {patience}, frame_step '
                f'{frame_step}: expected a distance and a frame step above 0, and a patience of '
                '0 frames or more',
                code='out-of-range',
                found=(max_distance_mm, patience, frame_step),
            )
        self.max_distance_mm, self.patience = max_distance_mm, patience
        self.frame_step = frame_step
        self._next_id = first_id
        self._tracks: dict[int, _Track] = {}
        self._frame: float | None = None

    def __call__(
        self,
        poses: np.ndarray,
        frame: float | None = None,
        views: Sequence[int] | np.ndarray | None = None,
    ) -> np.ndarray:
        """Assign track IDs to the poses of the next frame.

        Args:
            poses: (P, J, 3) mm; NaN where a joint is missing.
            frame: The frame number, greater than that of the previous call. None: the previous
                number plus ``frame_step``.
            views: (P,) number of cameras that each pose was estimated from; None if unknown. If
                it is 1 in this frame or in the last frame of the track, the gate is
                :data:`SINGLE_VIEW_DISTANCE_MM` where that is larger.

        Returns:
            (P,) track IDs, unique within the frame.

        Raises:
            InputError: The frame number does not increase.
        """
        if frame is None:
            frame = 0.0 if self._frame is None else self._frame + self.frame_step
        check_increasing(frame, self._frame)
        self._frame = frame
        time = frame / self.frame_step
        # Half a step of tolerance for frame numbers that are not quite evenly spaced.
        tracks = {n: t for n, t in self._tracks.items() if time - t.time < self.patience + 1.5}
        if len(tracks) > MAX_TRACKS:
            newest = sorted(tracks, key=lambda track_id: tracks[track_id].time)[-MAX_TRACKS:]
            tracks = {track_id: tracks[track_id] for track_id in newest}
        single_view = np.zeros(len(poses), bool) if views is None else np.asarray(views) == 1
        ids = self._match(poses, single_view, tracks, time)
        for index in np.flatnonzero(ids < 0):
            ids[index], self._next_id = self._next_id, self._next_id + 1
        for track_id, pose, single in zip(ids.tolist(), poses, single_view.tolist()):
            track = tracks.get(track_id)
            new = _Track(time, pose, single)
            tracks[track_id] = new if track is None else track.updated(new)
        self._tracks = tracks
        return ids

    def _match(
        self, poses: np.ndarray, single_view: np.ndarray, tracks: dict[int, _Track], time: float
    ) -> np.ndarray:
        """(P,) track IDs by Hungarian assignment, -1 for poses without a track inside the gate."""
        ids = np.full(len(poses), -1)
        if not tracks or not len(poses):
            return ids
        track_ids = list(tracks)
        predicted = np.stack([track.predict(time) for track in tracks.values()])
        distance = _distances(predicted, poses)
        single = np.array([[track.single_view] for track in tracks.values()]) | single_view
        gate = np.where(
            single, max(SINGLE_VIEW_DISTANCE_MM, self.max_distance_mm), self.max_distance_mm
        )
        inside = distance < gate
        # A pair outside the gate costs more than all pairs inside it together.
        cost = np.where(inside, distance, gate.max() * (1 + min(inside.shape))) ** 2
        for row, column in zip(*linear_sum_assignment(cost)):
            if inside[row, column]:
                ids[column] = track_ids[row]
        return ids


def check_increasing(frame: float, previous: float | None) -> None:
    """Raise an InputError unless a frame number is greater than the previous one.

    Args:
        frame: The frame number.
        previous: That of the previous call; None for the first.
    """
    if previous is not None and frame <= previous:
        raise InputError(
            f'frame {frame} was passed after frame {previous}; frame numbers must increase',
            code='out-of-range',
            found=frame,
            expected=previous,
        )


@dataclasses.dataclass(frozen=True, eq=False)
class _Track:
    """The state of a track.

    Args:
        time: Time of the last match, in frame steps.
        pose: (J, 3) mm, the last pose.
        single_view: Whether only one camera detected the person then.
        velocity: (3,) mm per frame step, mean over the joints; None if unknown.
    """

    time: float
    pose: np.ndarray
    single_view: bool
    velocity: np.ndarray | None = None

    def predict(self, time: float) -> np.ndarray:
        """(J, 3) the pose at a time, by constant velocity."""
        return (
            self.pose if self.velocity is None else self.pose + self.velocity * (time - self.time)
        )

    def updated(self, new: _Track) -> _Track:
        """The track with a new pose matched to it."""
        predicted, velocity = self.predict(new.time), self.velocity
        # With a single view, an error in depth cannot be distinguished from a displacement.
        if not (self.single_view or new.single_view):
            moved = new.pose - self.pose
            velocity = moved[np.isfinite(moved).all(-1)].mean(0) / (new.time - self.time)
            if self.velocity is not None:
                velocity = (1 - _NEWEST) * self.velocity + _NEWEST * velocity
        # A missing joint takes its predicted position.
        pose = np.where(np.isfinite(new.pose), new.pose, predicted)
        return _Track(new.time, pose, new.single_view, velocity)


def assign_track_ids(
    poses: Sequence[np.ndarray],
    max_distance_mm: float = MAX_DISTANCE_MM,
    patience: int = PATIENCE,
    frames: Sequence[float] | None = None,
) -> list[np.ndarray]:
    """Assign track IDs to the poses of a whole recording, see :class:`PeopleTracker`.

    Args:
        poses: Per frame (P, J, 3) mm in the order of time; NaN where a joint is missing.
        max_distance_mm: See :class:`PeopleTracker`.
        patience: See :class:`PeopleTracker`.
        frames: Increasing frame numbers. Their median difference is the frame step. None:
            consecutive numbers.

    Returns:
        Per frame (P,) track IDs, unique within the frame.
    """
    frame_step = 1.0 if frames is None or len(frames) < 2 else float(np.median(np.diff(frames)))
    tracker = PeopleTracker(max_distance_mm, patience, frame_step)
    numbers = range(len(poses)) if frames is None else frames
    return [tracker(frame_poses, number) for frame_poses, number in zip(poses, numbers)]


def _distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(N, P) mean joint distances of (N, J, 3) and (P, J, 3); infinite without a common joint."""
    mean = np.full((len(first), len(second)), np.inf)
    rows = max(1, _CHUNK // max(1, second.shape[0] * second.shape[1]))
    for start in range(0, len(first), rows):
        offset = first[start : start + rows, None] - second
        per_joint = np.sqrt(np.einsum('npjd,npjd->npj', offset, offset))
        shared = np.isfinite(per_joint)
        count = shared.sum(-1)
        total = np.where(shared, per_joint, 0.0).sum(-1)
        np.divide(total, count, out=mean[start : start + rows], where=count > 0)
    return mean
