"""Time offsets and relative frame rates of the cameras of a rig, from the people they see.

Every camera has a clock: which of its frames is exposed when a frame of the reference camera is.
Candidates follow from each pair of cameras
(:mod:`~mmpose_ours.self_calibration.clock_search`); cameras are added one after the other, each
with the clock on which all cameras so far agree; then all clocks are refined together below a frame
(:mod:`~mmpose_ours.self_calibration.clock_fit`).
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Callable, Sequence

import numpy as np

from mmpose_ours.association.epipolar import MIN_SCORE
from mmpose_ours.detections import Detections
from mmpose_ours.errors import InputError
from mmpose_ours.geometry.rig import CameraRig, list_names
from mmpose_ours.io.limits import limits
from mmpose_ours.io.numbers import whole_number
from mmpose_ours.recordings.footage import frames_by_key
from mmpose_ours.self_calibration.clock_fit import ClockFit, fit_clocks, matched_shares
from mmpose_ours.self_calibration.clock_graph import ClockGraph
from mmpose_ours.self_calibration.clock_search import PairTable
from mmpose_ours.self_calibration.clocks import USUAL_RATIOS, Clock
from mmpose_ours.self_calibration.moving_views import MovingView

# Frames with people that a camera needs.
MIN_FRAMES = 30
# Numbers of frames for each frame that is there: each number costs memory.
MOST_GAPS = 100
# A clock is uncertain if its standard deviation is above so many frames, or if less than this share
# of people match; with less than the last share it is refused. Wrong clocks have up to 0.56.
UNCERTAIN_FRAMES, UNCERTAIN_MATCHED, MIN_MATCHED = 0.5, 0.75, 0.6
# A usual ratio of frame rates within so many standard deviations is taken for the ratio.
USUAL_WITHIN = 4.0


@dataclasses.dataclass(frozen=True)
class CameraClock:
    """When a camera's frames are exposed, by the frames of the reference camera.

    Args:
        name: The camera.
        offset: The camera's frame, counted from the first of the keypoints, that is exposed at the
            first common frame. Not whole, and at least -0.5.
        offset_std: Its standard deviation in frames, in the middle of the recording.
        rate: The frame rate over that of the reference camera.
        rate_std: Standard deviation of the measured ratio. A usual ratio (1, 25 to 30, 1 to
            1.001, ...) that is as near is taken instead.
        second: Agreement of people along the best other clock, as a share of that along this one.
        matched: Share of people that match those of another camera, see
            :func:`~mmpose_ours.self_calibration.clock_fit.matched_shares`.
    """

    name: str
    offset: float
    offset_std: float
    rate: float
    rate_std: float
    second: float
    matched: float

    @property
    def clock(self) -> Clock:
        """The same as a clock."""
        return Clock(self.offset, self.rate)

    @property
    def uncertain(self) -> bool:
        """Whether parts of the recording disagree, or most people are not matched."""
        return not (self.offset_std <= UNCERTAIN_FRAMES and self.matched >= UNCERTAIN_MATCHED)


@dataclasses.dataclass(frozen=True)
class Synchronization:
    """The result of :func:`synchronize`.

    Args:
        cameras: One per camera.
        reference: The camera whose frame rate has the ratio 1.
        first: Number of the first frame of the keypoints, from which offsets are counted.
        frames: Frames that all cameras have in common.
    """

    cameras: tuple[CameraClock, ...]
    reference: str
    first: int
    frames: int

    @property
    def frame_offsets(self) -> dict[str, int]:
        """Camera name to its frame offset, whole: images that come before the first frame."""
        rounded = {camera.name: round(camera.offset) for camera in self.cameras}
        least = min(rounded.values())
        return {name: offset - least for name, offset in rounded.items()}

    @property
    def left_over(self) -> float:
        """Frames by which a camera is off at most if :attr:`frame_offsets` are taken off."""
        ends = np.array([0.0, max(0, self.frames - 1)])
        return max(
            float(np.abs(camera.clock.at(ends) - ends - round(camera.offset)).max())
            for camera in self.cameras
        )

    @property
    def uncertain(self) -> tuple[str, ...]:
        """The cameras whose clocks may be wrong, see :attr:`CameraClock.uncertain`."""
        return tuple(camera.name for camera in self.cameras if camera.uncertain)


def synchronize(
    rig: CameraRig,
    detections: Detections,
    reference: str | None = None,
    same_rate: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Synchronization:
    """Find time offsets of any length, below a frame, and relative frame rates.

    Args:
        rig: Two or more cameras with known poses.
        detections: frame -> camera -> (P, 17, 3) ``u, v, score``, COCO-17. Frames are numbered by
            each camera on its own, without gaps.
        reference: The camera whose frame rate the others are compared with; by default the first.
        same_rate: Whether all cameras are known to have the same frame rate.
        progress: Called with steps done and to do.

    Raises:
        InputError: Frames have no numbers (``code='conflict'``); a camera has too few people, or
            people do not tell its clock, since they stand still, repeat themselves, or are not
            seen by others at the same time (``code='no-data'``); or there is no camera of the
            reference's name (``code='unknown-camera'``); or people contradict the best clock of a
            camera (``code='conflict'``).
    """
    if len(rig) < 2:
        raise InputError(
            'the rig has one camera, expected two or more', code='no-data', found=1, expected=2
        )
    chosen = _camera_called(reference, rig.names)
    first, keypoints = keypoints_of_views(detections, rig.names)
    pairs = list(itertools.combinations(range(len(rig)), 2))
    steps = len(rig) + len(pairs) + 2
    done = itertools.count(1)

    def tell() -> None:
        if progress is not None:
            progress(next(done), steps)

    views = []
    for camera, seen in zip(rig, keypoints):
        _check_people(camera.name, seen)
        views.append(MovingView(camera, seen))
        tell()
    tables = {}
    for a, b in pairs:
        tables[a, b] = PairTable(views[a], views[b])
        tell()
    rates = (1.0,) if same_rate else USUAL_RATIOS
    clocks, second = ClockGraph(rig.names, [len(v) for v in views], tables, rates).clocks()
    to_reference = clocks[chosen].inverse()
    clocks = [clock.after(to_reference) for clock in clocks]
    fit, rate_std = _fitted(views, clocks, chosen, same_rate)
    tell()
    matched = matched_shares(views, fit.clocks, chosen)
    _check_matched(rig.names, matched)
    clocks, frames = _from_first_common(fit.clocks, [len(view) for view in views])
    tell()
    cameras = [
        CameraClock(name, clock.offset, float(np.sqrt(covariance[0, 0])), clock.rate, *figures)
        for name, clock, covariance, *figures in zip(
            rig.names, clocks, fit.covariance, map(float, rate_std), second, map(float, matched)
        )
    ]
    return Synchronization(tuple(cameras), rig.names[chosen], first, frames)


def keypoints_of_views(
    detections: Detections, cameras: Sequence[str]
) -> tuple[int, list[np.ndarray]]:
    """Detections as one array per camera, by the numbers of the frames.

    Args:
        detections: frame -> camera -> (P, J, 3).
        cameras: Names.

    Returns:
        The first frame's number, and of each camera (F, P, J, 3) up to its last frame.

    Raises:
        InputError: A frame name is not a number, or nearly no number has a frame.
    """
    numbers = {}
    for key, frame in frames_by_key(detections).items():
        number = whole_number(key)
        if number is None:
            raise InputError(
                f'frame {frame!r} of the keypoints is not a number, so nothing says how much time '
                'lies between frames; number the frames',
                code='conflict',
                frame=frame,
                found=frame,
            )
        numbers[number] = detections[frame]
    first, last = min(numbers, default=0), max(numbers, default=0)
    limits().check('frames', last - first, 'frames of the keypoints')
    if last - first > MOST_GAPS * len(numbers):
        raise InputError(
            f'frames {first} to {last} of the keypoints are numbered, but only {len(numbers)} of '
            'them are there; give every frame, numbered without gaps',
            code='out-of-range',
            found=last,
            expected=first + len(numbers) - 1,
        )
    arrays = []
    for name in cameras:
        own = {n - first: views[name] for n, views in numbers.items() if len(views.get(name, ()))}
        most = max((len(people) for people in own.values()), default=0)
        array = np.zeros((max(own, default=-1) + 1, most, 17, 3))
        for row, people in own.items():
            array[row, : len(people)] = people
        arrays.append(array)
    return first, arrays


def _camera_called(name: str | None, names: Sequence[str]) -> int:
    if name is None:
        return 0
    if name not in names:
        raise InputError(
            f'the reference camera is {name!r}, expected one of {list_names(names)}',
            code='unknown-camera',
            camera=name,
            found=name,
            expected=list(names),
        )
    return names.index(name)


def _check_people(name: str, keypoints: np.ndarray) -> None:
    count = int((keypoints[..., 2] > MIN_SCORE).any((1, 2)).sum())
    if count < MIN_FRAMES:
        raise InputError(
            f'camera {name!r} has people in {count} frames, expected {MIN_FRAMES} or more; leave '
            'it out, or give keypoints of a longer recording',
            code='no-data',
            camera=name,
            found=count,
            expected=MIN_FRAMES,
        )


def _fitted(
    views: Sequence[MovingView], clocks: Sequence[Clock], reference: int, same_rate: bool
) -> tuple[ClockFit, np.ndarray]:
    """Refined clocks, and (V,) standard deviations of the rates as measured."""
    free = np.full(len(views), not same_rate)
    free[reference] = False
    fit = fit_clocks(views, clocks, reference, free)
    rate_std = np.sqrt(fit.covariance[:, 1, 1])
    usual = []
    for view, clock in enumerate(fit.clocks):
        ratio = _usual_ratio(clock.rate, rate_std[view]) if free[view] else None
        if ratio is not None:
            free[view] = False
            middle = fit.middle[view]
            clock = Clock(float(clock.at(middle)) - ratio * middle, ratio)
        usual.append(clock)
    return fit_clocks(views, usual, reference, free), rate_std


def _check_matched(names: Sequence[str], matched: np.ndarray) -> None:
    """Refuse clocks with which most people match nobody."""
    worst = int(np.argmin(np.nan_to_num(matched)))
    if not matched[worst] >= MIN_MATCHED:
        raise InputError(
            f'the people of camera {names[worst]!r} do not match those of other cameras with any '
            f'time offset: {matched[worst]:.0%} match with the best, expected '
            f'{MIN_MATCHED:.0%} or more; check that it recorded at the same time and that its '
            'calibration is right',
            code='conflict',
            camera=names[worst],
            found=float(matched[worst]),
            expected=MIN_MATCHED,
        )


def _usual_ratio(rate: float, std: float) -> float | None:
    """The usual ratio, nearest to 1, that a measured one does not contradict."""
    near = (ratio for ratio in USUAL_RATIOS if abs(ratio - rate) <= USUAL_WITHIN * std)
    return next(near, None)


def _from_first_common(clocks: Sequence[Clock], lengths: Sequence[int]) -> tuple[list[Clock], int]:
    """The same clocks from the frame on at which the last camera starts, and common frames."""
    starts = [float(clock.inverse().at(0)) for clock in clocks]
    ends = [float(clock.inverse().at(n - 1)) for clock, n in zip(clocks, lengths)]
    first = round(max(starts))
    moved = [Clock(float(clock.at(first)), clock.rate) for clock in clocks]
    return moved, max(0, round(min(ends)) - first + 1)
