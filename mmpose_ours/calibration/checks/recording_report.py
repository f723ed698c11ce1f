"""The judgement of calibration and synchronisation by the 2D detections of a recording.

``mmpose-ours check-rig --keypoints`` and the sanity check at the end of ``mmpose-ours predict``
both call :func:`judge_recording` on a :class:`DetectionSample`, so that they say the same.
"""

from __future__ import annotations

from typing import Any, Mapping, Sequence

import numpy as np

from mmpose_ours.calibration.checks.frame_rates import FrameRates, find_frame_rates
from mmpose_ours.calibration.checks.left_right import find_exchanged_sides
from mmpose_ours.calibration.checks.people_report import inspect_people
from mmpose_ours.calibration.checks.sanity import Problem
from mmpose_ours.calibration.checks.synchronization import Shifts, find_shifts
from mmpose_ours.detections import Detections
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.recordings.even_sample import EvenSample
from mmpose_ours.recordings.files import listed_cameras
from mmpose_ours.recordings.frame_matching import frame_order
from mmpose_ours.text import argument

# Frames whose detections are kept: sampled evenly over the recording, and consecutive ones.
MAX_SAMPLED, MAX_CONSECUTIVE = 80, 90


class DetectionSample:
    """The detections of some frames of a recording, in constant memory.

    Attributes:
        consecutive: Detections of the first :data:`MAX_CONSECUTIVE` consecutive frames, from the
            first frame with detections in two views on.
    """

    def __init__(self) -> None:
        self.consecutive: list[Mapping[str, np.ndarray]] = []
        self._sampled: EvenSample[Mapping[str, np.ndarray]] = EvenSample(MAX_SAMPLED)

    @classmethod
    def of(cls, detections: Detections) -> DetectionSample:
        """The sample of a whole recording: frame -> camera -> (P, 17, 3) ``u, v, score``."""
        sample = cls()
        for index, frame in enumerate(sorted(detections, key=frame_order)):
            sample.add(index, detections[frame])
        return sample

    def add(self, index: int, detections: Mapping[str, np.ndarray]) -> None:
        """Add a frame; indices ascend.

        Args:
            index: Index of the frame.
            detections: Camera name to (P, 17, 3) ``u, v, score``.
        """
        views = sum(len(people) > 0 for people in detections.values())
        if len(self.consecutive) < MAX_CONSECUTIVE and (self.consecutive or views >= 2):
            self.consecutive.append(detections)
        if views:
            self._sampled.add(index, detections)

    @property
    def sampled(self) -> dict[str, Mapping[str, np.ndarray]]:
        """Detections of frames sampled evenly over the recording, by frame index."""
        return {str(index): detections for index, detections in self._sampled.items.items()}


def judge_recording(
    rig: CameraRig,
    sample: DetectionSample,
    up: str = 'z',
    frame_offsets: Mapping[str, int] | None = None,
    people: bool = True,
) -> tuple[dict[str, Any], list[Problem]]:
    """Judge calibration and synchronisation by the 2D detections of a recording.

    Args:
        rig: V cameras, millimetres, z up.
        sample: The detections.
        up: The axis that points up in the rig's file.
        frame_offsets: Camera name to the frames that were skipped already.
        people: Whether the detections are of people, COCO-17. Those of anything else tell whether
            calibration and synchronisation agree with them, but not up axis, unit, floor and sides.

    Returns:
        Facts and problems of :func:`inspect_people`. If frame offsets explain the epipolar errors,
        and better than any correction of the calibration, they are the only problem, of the topic
        ``synchronisation``: its ``found`` are the offsets in frames by camera name, with those that
        were given already. Likewise
        ``rate``, of cameras whose detections have another frame rate: its ``found`` are their
        frames per frame of the others, by camera name. Likewise ``sides``, of cameras whose left
        and right joints are exchanged.
    """
    facts, problems = inspect_people(rig, sample.sampled, up, people)
    shifts = find_shifts(rig, sample.consecutive)
    shifted = shifts is not None and shifts.any
    ratio = shifts.error_shifted / max(shifts.error, 1e-12) if shifts and shifted else 1.0
    corrected = facts.get('corrected_ratio', 1.0)
    rates = find_frame_rates(rig, {int(n): views for n, views in sample.sampled.items()})
    sides = find_exchanged_sides(rig, [*sample.sampled.values()]) if people else None
    others = min(ratio, corrected, rates.error_matched / rates.error if rates else 1.0)
    if sides is not None and sides.error_exchanged / sides.error < others:
        return facts, [sides.problem]
    if rates is not None and rates.error_matched / rates.error < min(ratio, corrected):
        return facts, [_other_rates(rates)]
    if shifts is None or not shifted or ratio >= corrected:
        return facts, problems
    return facts, [_not_synchronised(shifts, rig.names, frame_offsets or {})]


def not_refuted(
    by_cameras: Sequence[Problem], people: dict[str, Any], by_people: Sequence[Problem]
) -> list[Problem]:
    """Problems found from the cameras alone, without those that people refute.

    If people stand upright, the horizons of rolled cameras do not count. A camera whose detections
    have small epipolar errors does not look away.

    Args:
        by_cameras: What :class:`~mmpose_ours.calibration.checks.rig_report.RigInspection` found.
        people: Facts of :func:`judge_recording`; empty without keypoints.
        by_people: Its problems.
    """
    upright = people.get('up') is not None and not any(p.topic == 'orientation' for p in by_people)
    bad = {name for pair in people.get('bad_pairs', ()) for name in pair}
    seen = {name for first, second, _ in people.get('pair_errors', ()) for name in (first, second)}
    kept = []
    for problem in by_cameras:
        if problem.topic == 'orientation' and upright:
            continue
        if problem.topic == 'view' and problem.cameras and set(problem.cameras) <= seen - bad:
            continue
        kept.append(problem)
    return kept


def _other_rates(found: FrameRates) -> Problem:
    pairs = ', '.join(
        f'frame {rate.numerator} of {name!r} is frame {rate.denominator} of the others'
        for name, rate in found.rates.items()
    )
    return Problem(
        'rate',
        f'the keypoints of {listed_cameras(list(found.rates))} have another frame rate than the '
        f'others: if {pairs}, counted from 0, the epipolar error is {found.error_matched:.1%} of a '
        f"person's size instead of {found.error:.1%}; number the frames of all keypoints by the "
        'same clock, or detect people in videos of one frame rate',
        tuple(found.rates),
        found={name: str(rate) for name, rate in found.rates.items()},
        expected={},
    )


def _not_synchronised(shifts: Shifts, names: Sequence[str], given: Mapping[str, int]) -> Problem:
    total = {name: given.get(name, 0) + shifts.frames.get(name, 0) for name in names}
    first = min(total.values())
    late = {name: count - first for name, count in total.items() if count > first}
    offsets = ' '.join(f'{name}={count}' for name, count in late.items()) or 'no'
    advice = (
        f'skip them with {argument("frame_offsets", late)}'
        if late
        else f'leave out {argument("frame_offsets")}'
    )
    return Problem(
        'synchronisation',
        f'the recordings are not synchronised: with {offsets} frames skipped, the epipolar '
        f"error is {shifts.error_shifted:.1%} of a person's size instead of "
        f'{shifts.error:.1%}; {advice}',
        tuple(name for name, count in shifts.frames.items() if count),
        found=late,
        expected=dict(given),
    )
