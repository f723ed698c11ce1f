"""The people of one view at any time: 2D tracks, interpolated between frames."""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.association.epipolar import SeenPeople
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.self_calibration.view_tracks import track_view

# Velocities are differences over frames -2 and +3 of a moment between frames 0 and 1: none of the
# two that give the position, whose noise would pull offsets towards half frames.
_BEFORE, _AFTER = 2, 3


@dataclasses.dataclass(frozen=True, eq=False)
class Moving:
    """The people of a view at T moments.

    Args:
        people: (T, P) detections, interpolated; nobody where a track does not go on.
        velocity: (T, P, J, 2) of the rays, per frame, from frames around; NaN where unknown.
        step: (T, P, J, 2) the difference between the two frames that give the position.
        track: (T, P) number of each detection's track, -1 where nobody is.
    """

    people: SeenPeople
    velocity: np.ndarray
    step: np.ndarray
    track: np.ndarray


class MovingView:
    """The detections of one camera, linked from frame to frame.

    Args:
        camera: The camera.
        keypoints: (F, P, J, 3) ``u, v, score`` of consecutive frames, score 0 where nobody is.
    """

    def __init__(self, camera: Camera, keypoints: np.ndarray):
        self.camera = camera
        self.people = SeenPeople.by(camera, keypoints)
        self.tracks = tracks = track_view(self.people)
        self._next = _links(tracks[:-1], tracks[1:])
        self._previous = _links(tracks[1:], tracks[:-1])

    def __len__(self) -> int:
        return len(self.people)

    @property
    def occupied(self) -> np.ndarray:
        """(F,) which frames have anybody."""
        return np.isfinite(self.people.size).any(1)

    def following(self, frame: int) -> np.ndarray:
        """(P,) index of each detection's person in the next frame; -1 where it has none."""
        return self._next[frame]

    def at(self, moments: np.ndarray) -> Moving:
        """The people at moments (T,) in frames, which need not be whole."""
        moments = np.asarray(moments, dtype=np.float64)
        known = np.isfinite(moments) & (moments >= 0) & (moments < len(self) - 1)
        frames = np.where(known, moments, 0).astype(int)
        share = (np.where(known, moments, 0) - frames)[:, None, None, None]
        count = self.people.size.shape[1]
        here = np.where(known[:, None], np.arange(count), -1)
        following = self._followed(frames, here, 1)
        here = np.where(following >= 0, here, -1)
        rays, found, size = self._taken(frames, here)
        next_rays, next_found, next_size = self._taken(frames + 1, following)
        both = found & next_found
        people = SeenPeople(
            np.where(both[..., None], (1 - share) * rays + share * next_rays, [0.0, 0.0, 1.0]),
            both,
            (1 - share[..., 0, 0]) * size + share[..., 0, 0] * next_size,
        )
        old, old_found, _ = self._taken(frames - _BEFORE, self._followed(frames, here, -_BEFORE))
        new, new_found, _ = self._taken(frames + _AFTER, self._followed(frames, here, _AFTER))
        velocity = (new - old)[..., :2] / (_BEFORE + _AFTER)
        known_velocity = both & old_found & new_found
        return Moving(
            people,
            np.where(known_velocity[..., None], velocity, np.nan),
            (next_rays - rays)[..., :2],
            np.where(here >= 0, self.tracks[frames], -1),
        )

    def _followed(self, frames: np.ndarray, people: np.ndarray, steps: int) -> np.ndarray:
        """(T, P) indices of the same people some frames later (or earlier); -1 where lost."""
        links, way = (self._next, 1) if steps > 0 else (self._previous, -1)
        first = 0 if steps > 0 else -1
        for step in range(abs(steps)):
            rows = frames + way * step + first
            inside = (rows >= 0) & (rows < len(links))
            followed = np.take_along_axis(
                links[np.where(inside, rows, 0)], np.maximum(people, 0), axis=1
            )
            people = np.where(inside[:, None] & (people >= 0), followed, -1)
        return people

    def _taken(
        self, frames: np.ndarray, people: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rays, found and size of people (T, P) of frames; not found, NaN where the index is -1."""
        rows = np.clip(frames, 0, len(self) - 1)[:, None], np.maximum(people, 0)
        there = people >= 0
        seen = self.people
        return (
            seen.rays[rows],
            seen.found[rows] & there[..., None],
            np.where(there, seen.size[rows], np.nan),
        )


def _links(tracks: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(F, P) index in ``others`` (F, P) of each detection's track; -1 where it is not there."""
    same = (tracks[:, :, None] == others[:, None]) & (tracks >= 0)[:, :, None]
    return np.where(same.any(2), same.argmax(2), -1)
