"""Diagnosis of missing or wrong 3D poses, from detections, calibration and capture volume."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any, Mapping, Sequence

import numpy as np

from mmpose_ours.association.epipolar import MIN_SCORE
from mmpose_ours.calibration import coverage
from mmpose_ours.calibration.checks.recording_report import (
    DetectionSample,
    judge_recording,
    not_refuted,
)
from mmpose_ours.calibration.checks.rig_report import RigInspection
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.text import argument, counted

# Ratio of 3D poses to the mean number of detections per view below which hardly anybody is found.
FEW = 0.25


class RunStatistics:
    """Statistics of a run for its diagnosis, in constant memory.

    Args:
        cameras: Names of the rig's cameras.
        frame_offsets: Camera name to the frames that are skipped.

    Attributes:
        frames: Number of frames so far.
        detections: Number of 2D detections, over all frames and cameras.
        poses: Number of 3D poses, over all frames.
        has_keypoints: Whether 2D keypoints are known (not so for models that take images).
        images_by_camera: Camera name to its number of frames.
        detections_by_camera: Camera name to its number of detections.
        joints_by_camera: Camera name to its number of detected joints.
        best_score: The highest score that the model gave to a pose; None if unknown.
        min_score: The model's score threshold; None if unknown.
        sample: Detections of some frames.
    """

    def __init__(self, cameras: Sequence[str], frame_offsets: Mapping[str, int] | None = None):
        self.cameras, self.frame_offsets = tuple(cameras), dict(frame_offsets or {})
        self.frames = self.detections = self.poses = 0
        self.has_keypoints = False
        self.images_by_camera = dict.fromkeys(cameras, 0)
        self.detections_by_camera = dict.fromkeys(cameras, 0)
        self.joints_by_camera = dict.fromkeys(cameras, 0)
        self.best_score: float | None = None
        self.min_score: float | None = None
        self.sample = DetectionSample()

    def add(
        self,
        detections: Mapping[str, np.ndarray] | None,
        poses: int,
        best_score: float | None = None,
        min_score: float | None = None,
        images: Sequence[str] | None = None,
    ) -> None:
        """Add a frame.

        Args:
            detections: Camera name to (P, 17, 3) ``u, v, score``; None if the model takes images.
            poses: Number of 3D poses.
            best_score: The highest score of the model, over poses below its threshold as well.
            min_score: The score threshold of the model.
            images: Names of the cameras that took part; None: those with an entry in
                ``detections``.
        """
        self.has_keypoints |= detections is not None
        detections = detections or {}
        for name in detections if images is None else images:
            self.images_by_camera[name] += 1
        for name, people in detections.items():
            self.detections_by_camera[name] += len(people)
            self.joints_by_camera[name] += int((people[..., 2] > MIN_SCORE).sum())
            self.detections += len(people)
        self.poses += poses
        if best_score is not None:
            self.best_score = max(best_score, self.best_score or 0.0)
            self.min_score = min_score
        self.sample.add(self.frames, detections)
        self.frames += 1


@dataclasses.dataclass(frozen=True)
class Diagnosis:
    """The result of a diagnosis.

    Args:
        lines: Figures, as lines of text.
        causes: Likely causes, the most likely first; empty if none was found.
        next_step: What to do next; empty where nothing needs to be done.
        certain: Whether one of the causes is a definite mistake (in the calibration or the
            synchronisation). Otherwise an inaccurate 2D detector may explain the errors.
    """

    lines: tuple[str, ...]
    causes: tuple[str, ...]
    next_step: str
    certain: bool = False

    @property
    def verdict(self) -> str:
        """The causes and the next step, without the figures."""
        wrong = [f'likely cause: {cause}' for cause in self.causes]
        if not wrong and not self.next_step:
            return 'nothing wrong was found'
        return '\n'.join([*wrong, *([f'next: {self.next_step}'] if self.next_step else [])])

    def __str__(self) -> str:
        return '\n'.join((*self.lines, self.verdict))


def diagnose_recording(
    rig: CameraRig,
    space: CaptureVolume,
    statistics: RunStatistics,
    rig_file: str = 'camera_parameters.json',
    people: bool = True,
) -> Diagnosis:
    """Find the likely causes of missing or wrong 3D poses.

    Args:
        rig: V cameras with image sizes.
        space: The capture volume.
        statistics: Statistics of the run.
        rig_file: Path of the calibration, for the commands in the messages.
        people: Whether the detections are of people, see
            :func:`~mmpose_ours.calibration.checks.recording_report.judge_recording`.
    """
    lines, causes = [_summary(statistics)], []
    next_step = ''
    if statistics.best_score is not None:
        lines.append(
            f'highest score of the model {statistics.best_score:.2f}, '
            f'threshold {statistics.min_score:.2f}'
        )
    if statistics.has_keypoints:
        lines += _per_camera(statistics)
    shared = coverage(rig, space)[min(2, len(rig))]
    size, middle = (
        'x'.join(f'{v / 1000:.1f}' for v in vector) for vector in _size_and_center(space)
    )
    lines.append(
        f'capture volume of {size} m, centre ({middle.replace("x", ", ")}) m: two cameras see '
        f'{shared:.0%} of it'
    )
    without_images = [name for name, count in statistics.images_by_camera.items() if not count]
    if without_images:
        causes.append(f'no image of {", ".join(without_images)}')
    if not statistics.has_keypoints:
        # Of a model that takes images, only the scores are known.
        causes += _score_causes(statistics, shared)
        if statistics.poses and not causes:
            return Diagnosis(tuple(lines), (), '')
        next_step = (
            'compare with 2D keypoints and the pretrained pose prior: `mmpose-ours predict` '
            f'without {argument("config")}, which also checks the calibration'
        )
        return Diagnosis(tuple(lines), tuple(causes), next_step)
    without_detections = [
        name
        for name in rig.names
        if statistics.images_by_camera[name] and not statistics.detections_by_camera[name]
    ]
    if not statistics.detections:
        causes.append('the 2D detector found nobody in any image')
        next_step = (
            'look at the images; if people are in them, try another detector '
            f'({argument("detector")}) or give keypoints ({argument("keypoints")})'
        )
        return Diagnosis(tuple(lines), tuple(causes), next_step)
    if without_detections:
        causes.append(
            f'the 2D detector found nobody in any image of {", ".join(without_detections)}'
        )
    views = sum(count > 0 for count in statistics.detections_by_camera.values())
    if views < 2:
        causes.append('only one camera has detections')
        next_step = '3D poses need two cameras that see a person in the same frame'
        return Diagnosis(tuple(lines), tuple(causes), next_step)
    offsets = statistics.frame_offsets
    facts, problems = judge_recording(rig, statistics.sample, frame_offsets=offsets, people=people)
    lines += _per_pair(facts)
    by_cameras = not_refuted(RigInspection(rig).problems, facts, problems)
    mistakes = [problem for problem in by_cameras if not problem.warning]
    causes += [f'the calibration: {problem.sentence}' for problem in mistakes]
    wrong = [problem for problem in problems if not problem.warning]
    for problem in wrong:
        if problem.topic == 'synchronisation':
            causes.append(problem.sentence)
            how = 'with' if problem.found else 'without'
            next_step = f'run again {how} {argument("frame_offsets", problem.found or None)}'
        elif problem.topic == 'rate':
            causes.append(problem.sentence)
            next_step = 'make the keypoints of all cameras at one frame rate, and run again'
        else:
            causes.append(f'2D keypoints and calibration are inconsistent: {problem.sentence}')
    if not causes:
        causes = _score_causes(statistics, shared)
        if causes or statistics.poses < FEW * statistics.detections / views:
            next_step = (
                f'mmpose-ours fit-space {rig_file}, then check that people stand inside the '
                'volume; or compare with the training-free model, '
                'configs/ours/triangulation_ours.py'
            )
    # Hints, e.g. that the detector is inaccurate; whether enough people were compared is none.
    causes += [p.sentence for p in problems if p.warning and p.topic != 'people']
    if causes:
        next_step = next_step or f'mmpose-ours check-rig {rig_file}'
    # Without a known mistake, keypoints of other cameras are as likely as a wrong calibration.
    certain = bool(mistakes) or any(p.topic != 'reprojection' for p in wrong)
    return Diagnosis(tuple(lines), tuple(causes), next_step, certain)


def _size_and_center(space: CaptureVolume) -> tuple:
    return space.size_mm, space.center_mm


def _summary(statistics: RunStatistics) -> str:
    per_frame = statistics.detections / max(1, statistics.frames)
    detections = counted(statistics.detections, 'detection')
    in_2d = f'{detections} ({per_frame:.1f} per frame in all views), '
    in_2d = in_2d if statistics.has_keypoints else ''
    poses = counted(statistics.poses, '3D pose')
    return f'{counted(statistics.frames, "frame")}, {in_2d}{poses}'


def _per_camera(statistics: RunStatistics) -> list[str]:
    lines = ['camera          images  people per image  joints per person']
    for name in statistics.cameras:
        images, people = statistics.images_by_camera[name], statistics.detections_by_camera[name]
        joints = statistics.joints_by_camera[name] / people if people else 0.0
        lines.append(f'{name:<15} {images:>8}  {people / max(1, images):>18.2f}  {joints:>17.1f}')
    return lines


def _per_pair(facts: Mapping[str, Any]) -> list[str]:
    """Epipolar error of each pair of cameras, largest first."""
    errors = facts['pair_errors']
    if not errors:
        return ['no two cameras detect enough people in the same frames to be compared']
    lines = ["pair of cameras                 epipolar error (share of a person's size)"]
    for first, second, error in itertools.islice(errors, 10):
        verdict = 'too large' if [first, second] in facts['bad_pairs'] else 'ok'
        lines.append(f'{first + " and " + second:<31} {error:>7.1%}  {verdict}')
    if len(errors) > 10:
        lines.append(f'... and {counted(len(errors) - 10, "pair")} with smaller errors')
    return lines


def _score_causes(statistics: RunStatistics, shared: float) -> list[str]:
    """Likely causes if calibration and detections are consistent."""
    causes = []
    if shared < 0.2:
        causes.append(f'two cameras together see only {shared:.0%} of the capture volume')
    best, least = statistics.best_score, statistics.min_score
    if best is not None and least is not None and best < least:
        causes.append(
            f'no pose reaches the score threshold (highest {best:.2f}, threshold '
            f'{least:.2f}): the model was trained for another rig, or for too short a time'
        )
    elif not statistics.poses:
        causes.append('no other problem was found; people may stand outside the capture volume')
    return causes
