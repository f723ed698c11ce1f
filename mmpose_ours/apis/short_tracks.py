"""Short tracks: counted, and removed on request, while a recording is processed."""

from __future__ import annotations

import collections
import dataclasses
from typing import Iterable, Iterator

import numpy as np

from mmpose_ours.structures.frames import FrameResult


@dataclasses.dataclass
class _TrackLength:
    """Number of frames with a pose of the track, and the index of the last of them."""

    count: int = 0
    last: int = 0


class ShortTrackFilter:
    """Counts the tracks of few frames, and optionally removes their poses.

    A track is long as soon as it has poses in ``min_frames`` frames, and short if it ends before.
    With ``drop`` a frame is delayed until this is known for all its tracks: by at most
    ``min_frames * (patience + 2)`` frames, so that memory does not grow with the recording.

    Args:
        min_frames: Tracks with poses in fewer frames are short.
        patience: Number of consecutive frames without a match after which a track ends.
        drop: Whether to remove the poses of short tracks. If not, no frame is delayed.

    Attributes:
        long_tracks: Number of long tracks; complete after the last frame.
        short_tracks: Number of short tracks; complete after the last frame.
        dropped_poses: Number of poses removed, over all frames.
    """

    def __init__(self, min_frames: int, patience: int, drop: bool):
        self.min_frames, self.patience, self.drop = min_frames, patience, drop
        self.long_tracks = self.short_tracks = self.dropped_poses = 0
        self._lengths: dict[int, _TrackLength] = {}

    def __call__(self, results: Iterable[FrameResult]) -> Iterator[FrameResult]:
        """Yield the same frames, delayed and without the poses of short tracks if ``drop``."""
        waiting: collections.deque[tuple[int, FrameResult]] = collections.deque()
        for index, result in enumerate(results):
            self._count(result, index)
            if self.drop:
                # Decoded images of many frames would fill the memory; keep file names only.
                named = {n: p for n, p in result.images.items() if not isinstance(p, np.ndarray)}
                result = dataclasses.replace(result, images=named)
            waiting.append((index, result))
            while waiting and self._is_decided(waiting[0][1], index):
                yield self._without_short(waiting.popleft()[1])
            self._finish(index, waiting[0][0] if waiting else index)
        for _, result in waiting:
            yield self._without_short(result)
        self._finish()

    def _count(self, result: FrameResult, index: int) -> None:
        for track_id in result.track_ids.tolist():
            length = self._lengths.setdefault(track_id, _TrackLength())
            length.count, length.last = length.count + 1, index

    def _has_ended(self, length: _TrackLength, index: int) -> bool:
        return index - length.last > self.patience + 1

    def _is_decided(self, result: FrameResult, index: int) -> bool:
        """Whether it is known of all tracks of a frame if they are long or short."""
        if not self.drop:
            return True
        lengths = (self._lengths[track_id] for track_id in result.track_ids.tolist())
        return all(
            length.count >= self.min_frames or self._has_ended(length, index) for length in lengths
        )

    def _without_short(self, result: FrameResult) -> FrameResult:
        if not self.drop:
            return result
        keep = np.array(
            [self._lengths[n].count >= self.min_frames for n in result.track_ids.tolist()], bool
        )
        self.dropped_poses += int((~keep).sum())
        return dataclasses.replace(result, poses=result.poses.only(keep))

    def _finish(self, index: int | None = None, oldest: int = 0) -> None:
        """Count and delete the tracks that have ended and are in no waiting frame.

        Args:
            index: The current frame; None at the end of the recording, which ends all tracks.
            oldest: The oldest waiting frame.
        """
        for track_id, length in list(self._lengths.items()):
            if index is None or (self._has_ended(length, index) and length.last < oldest):
                self.long_tracks += length.count >= self.min_frames
                self.short_tracks += length.count < self.min_frames
                del self._lengths[track_id]
