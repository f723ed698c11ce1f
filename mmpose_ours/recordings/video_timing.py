"""When the frames of videos are shown, and which frames of several videos belong together.

Videos of one constant rate are matched by the number of the frame. Where rates differ (30 and 60
frames per second) or vary (phones in low light, cameras that lose frames), frames are matched by
their presentation time stamps, counted from each video's first frame. That videos began at
different moments is not guessed here: users say so by frame offsets.
"""

from __future__ import annotations

import dataclasses
import functools
import os
from pathlib import Path
from typing import Mapping

import numpy as np

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.limits import limits
from mmpose_ours.io.parsers.video import Video, read_stamps
from mmpose_ours.text import argument

# A frame this share of a frame's time from where a constant rate has it is still on time. A single
# frame that was lost in the middle puts others off by half a frame's time.
ON_TIME = 0.4
# Rates of cameras that trigger each other, which their files state with other roundings.
SAME_RATE = 0.002
# Steps between frames within this share of the median tell the rate of a video with gaps.
USUAL_STEP = 0.25
# Moments for each frame of the longest video: more are no recording.
MOST_GAPS = 10_000


@dataclasses.dataclass(frozen=True, eq=False)
class VideoTiming:
    """When the frames of one video are shown.

    Args:
        seconds: (N,) since its first frame.
        stamps: (N,) time stamps as the file has them; None where it has none that can be used.
        rate: Frames per second, where it varies those between gaps; 0 where nobody knows.
        constant: Whether frames come at a constant rate.
    """

    seconds: np.ndarray
    stamps: np.ndarray | None
    rate: float
    constant: bool

    def __str__(self) -> str:
        mean = (len(self.seconds) - 1) / self.seconds[-1] if len(self.seconds) > 1 else self.rate
        return f'{self.rate:.4g}' if self.constant else f'varying, {mean:.4g} on average'


@dataclasses.dataclass(frozen=True, eq=False)
class FrameRows:
    """Which frame of each video is shown at each moment.

    Args:
        rate: Moments per second.
        rows: Camera name to (T,) number of its frame; -1 where it shows none.
    """

    rate: float
    rows: dict[str, np.ndarray]

    @property
    def total(self) -> int:
        """How many moments there are."""
        return len(next(iter(self.rows.values())))


def timing_of(path: PathLike) -> VideoTiming:
    """When a video's frames are shown; read once per file.

    Raises:
        FileFormatError, LimitError, OSError: It is no video, or cannot be read.
    """
    status = os.stat(path)
    return _timing(os.fspath(path), status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=256)
def _timing(path: str, size: int, changed_ns: int) -> VideoTiming:
    stamps, unit, fps = read_stamps(path)
    return timing_of_stamps(stamps, unit, fps)


def timing_of_stamps(stamps: np.ndarray, unit: float, fps: float) -> VideoTiming:
    """Timing by the time stamps of frames.

    Args:
        stamps: (N,) ascending, each once.
        unit: Seconds per unit of them.
        fps: Frames per second as the file says; 0 where it does not.
    """
    seconds = (stamps - stamps[:1]) * unit
    if len(seconds) < 2 or not seconds[-1] > 0:
        return VideoTiming(np.zeros(len(seconds)), None, fps, True)
    rate = float((len(seconds) - 1) / seconds[-1])
    # What the file says is exact, unless it is about something else than these frames.
    rate = fps if abs(fps - rate) <= SAME_RATE * rate else rate
    if np.abs(seconds * rate - np.arange(len(seconds))).max() <= ON_TIME:
        return VideoTiming(seconds, stamps, rate, True)
    steps = np.diff(seconds)
    median = np.median(steps)
    usual = steps[np.abs(steps - median) <= USUAL_STEP * median]
    return VideoTiming(seconds, stamps, float(1 / usual.mean()), False)


def rows_by_time(
    timings: Mapping[str, VideoTiming], offsets: Mapping[str, int]
) -> FrameRows | None:
    """Match the frames of videos whose rates differ or vary.

    Args:
        timings: Camera name to the timing of its video.
        offsets: Camera name to the number of its frames before the first common moment.

    Returns:
        The frames at each moment of the slowest camera's rate; None where frames are to be matched
        by their numbers.

    Raises:
        LimitError: There are more moments than a recording may have frames.
        FileFormatError: Nearly no moment has a frame of any camera.
    """
    known = [timing for timing in timings.values() if timing.rate > 0]
    if len(timings) < 2 or len(known) < len(timings) or _alike(known):
        return None
    slowest = min(timing.rate for timing in known)
    about = [timing for timing in known if timing.rate <= slowest * (1 + 5 * SAME_RATE)]
    rate = next((timing.rate for timing in about if timing.constant), about[0].rate)
    times = {
        name: timing.seconds[offsets.get(name, 0) :] - timing.seconds[offsets.get(name, 0)]
        for name, timing in timings.items()
        if offsets.get(name, 0) < len(timing.seconds)
    }
    last = max((seconds[-1] for seconds in times.values()), default=0.0)
    count = int(last * rate + 0.25) + 1
    _check_gaps(count, times)
    moments = np.arange(count) / rate
    rows = {name: np.full(len(moments), -1) for name in timings}
    for name, seconds in times.items():
        between = (seconds[1:] + seconds[:-1]) / 2
        nearest = np.searchsorted(between, moments)
        on_time = np.abs(seconds[nearest] - moments) < 0.5 / rate - 1e-6
        rows[name][on_time] = nearest[on_time] + offsets.get(name, 0)
    return FrameRows(rate, rows)


def _check_gaps(moments: int, times: Mapping[str, np.ndarray]) -> None:
    """Refuse time stamps that are far beyond the frames; each moment costs memory and time."""
    limits().check('frames', moments, 'frames by the time stamps of the videos')
    frames = max(map(len, times.values()), default=0)
    if moments > MOST_GAPS * frames:
        name = max(times, key=lambda each: times[each][-1])
        raise FileFormatError(
            f'the video of {name!r} has {len(times[name])} frames over {times[name][-1]:g} '
            'seconds; repair its time stamps, for example by encoding it again',
            code='out-of-range',
            camera=name,
            found=float(times[name][-1]),
        )


def video_note(
    timings: Mapping[str, VideoTiming], offsets: Mapping[str, int], rows: FrameRows | None
) -> str:
    """What is to be said of how videos are matched; '' where nothing is.

    Args:
        timings: Camera name to the timing of its video.
        offsets: Camera name to the number of its frames before the first common moment.
        rows: What :func:`rows_by_time` found.
    """
    if rows is None:
        counts = {n: len(t.seconds) - offsets.get(n, 0) for n, t in timings.items()}
        if len(set(counts.values())) < 2:
            return ''
        return (
            'the videos have different numbers of frames ('
            + ', '.join(f'{name}: {count}' for name, count in counts.items())
            + '); frame n of each is taken for the same moment, and where a video ends the others '
            f'go on. If they began at different moments, give {argument("frame_offsets")}'
        )
    rates = ', '.join(f'{name}: {timing}' for name, timing in timings.items())
    lacking = {name: int((each < 0).sum()) for name, each in rows.rows.items()}
    listed = ', '.join(f'{name}: {count}' for name, count in lacking.items() if count)
    gaps = f'; frames that some cameras lack: {listed} of {rows.total}' if listed else ''
    return (
        f'the frame rates of the videos differ or vary ({rates} per second), so their frames are '
        f'matched by time stamps: frame n is n/{rows.rate:.4g} s after the first frame of each '
        f'video{gaps}. If they began at different moments, give {argument("frame_offsets")}, each '
        'in frames of its own video'
    )


def _alike(timings: list[VideoTiming]) -> bool:
    """Whether videos have one constant rate, so that their frames go by number."""
    if not all(timing.constant for timing in timings):
        return False
    least, most = min(t.rate for t in timings), max(t.rate for t in timings)
    counts = {len(timing.seconds) for timing in timings}
    drift = (most / least - 1) * min(counts)
    return drift < 0.5 or (len(counts) == 1 and most / least - 1 <= SAME_RATE)


class VideoFrames:
    """The frames of one video by number: going forwards is quick, going back begins again.

    Args:
        path: The video.
        timing: Its timing, where its frames are identified by time stamps; None counts them.
    """

    def __init__(self, path: Path, timing: VideoTiming | None = None):
        self.path = path
        self._stamps = None if timing is None or timing.constant else timing.stamps
        self._video: Video | None = None
        self._next = 0
        self._last: tuple[int, np.ndarray | None] = (-1, None)

    def frame(self, number: int) -> np.ndarray | None:
        """A frame (H, W, 3) BGR; None where the video has ended or lacks it.

        Raises:
            FileFormatError, LimitError, OSError: As :class:`mmpose_ours.io.parsers.video.Video`.
        """
        if number == self._last[0]:
            return self._last[1]
        if self._video is None or number < self._next:
            self.release()
            self._video, self._next = Video(self.path), 0
        there = self._skip_to(self._video, number)
        _, image = self._video.read() if there else (False, None)
        self._next = number + 1 if image is not None else self._next
        self._last = (number, image)
        return image

    def release(self) -> None:
        """Close the file."""
        if self._video is not None:
            self._video.release()
        self._video = None

    def _skip_to(self, video: Video, number: int) -> bool:
        if self._stamps is None:
            while self._next < number and video.grab():
                self._next += 1
            return self._next == number
        if number >= len(self._stamps):
            return False
        stamp = int(self._stamps[number])
        while (found := video.next_stamp) is not None and found < stamp:
            video.grab()
        self._next = number
        return found == stamp
