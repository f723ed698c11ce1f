"""Why nobody is found, or nonsense: what detections, cameras and space say, and what to do next."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Mapping, Sequence

import numpy as np

from mmpose_ours.association.epipolar import MIN_SCORE
from mmpose_ours.calibration import coverage
from mmpose_ours.calibration.checks.mistakes import BAD_PAIR
from mmpose_ours.calibration.checks.people_report import inspect_people
from mmpose_ours.calibration.checks.rig_report import RigInspection
from mmpose_ours.calibration.checks.synchronization import find_shifts
from mmpose_ours.calibration.checks.view_agreement import Sightings, medians, pairs_of
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.text import argument

# Of a recording so many frames are kept, spread over all of it, and so many in a row.
SPREAD, IN_A_ROW = 40, 120


class RunStatistics:
    """Keeps what a diagnosis asks for while a recording goes by; constant memory.

    Args:
        cameras: Names of the rig's cameras.
    """

    def __init__(self, cameras: Sequence[str]):
        self.cameras = tuple(cameras)
        self.frames = self.people = self.found = 0
        self.knows_2d = False
        self.images = dict.fromkeys(cameras, 0)
        self.detected = dict.fromkeys(cameras, 0)
        self.joints = dict.fromkeys(cameras, 0)
        self.best_score: float | None = None
        self.least_score: float | None = None
        self.row: list[Mapping[str, np.ndarray]] = []
        self._spread: dict[int, Mapping[str, np.ndarray]] = {}
        self._step = 1

    def add(
        self,
        detections: Mapping[str, np.ndarray] | None,
        found: int,
        best_score: float | None = None,
        least_score: float | None = None,
        images: Sequence[str] | None = None,
    ) -> None:
        """Tell of one more frame.

        Args:
            detections: Camera name to (P, 17, 3) ``u, v, score``; None where the model looks at
                images itself.
            found: 3D poses.
            best_score: The model's highest score, of people that it dropped too.
            least_score: The score that people need.
            images: Names of cameras that took part; None is those with an entry in
                ``detections``.
        """
        self.knows_2d |= detections is not None
        detections = detections or {}
        for name in detections if images is None else images:
            self.images[name] += 1
        for name, people in detections.items():
            self.detected[name] += len(people)
            self.joints[name] += int((people[..., 2] > MIN_SCORE).sum())
            self.people += len(people)
        self.found += found
        if best_score is not None:
            self.best_score = max(best_score, self.best_score or 0.0)
            self.least_score = least_score
        seen = sum(len(people) > 0 for people in detections.values())
        if len(self.row) < IN_A_ROW and (self.row or seen >= 2):
            self.row.append(detections)
        if seen and self.frames % self._step == 0:
            self._spread[self.frames] = detections
            if len(self._spread) > SPREAD:
                self._step *= 2
                kept = {i: d for i, d in self._spread.items() if i % self._step == 0}
                self._spread = kept or {self.frames: detections}
        self.frames += 1

    @property
    def spread(self) -> dict[str, Mapping[str, np.ndarray]]:
        """Frames from all over the recording."""
        return {str(index): detections for index, detections in self._spread.items()}


@dataclasses.dataclass(frozen=True)
class Diagnosis:
    """What was found out.

    Args:
        lines: The facts, for a terminal.
        causes: What is wrong, the likeliest first; nothing where all seems well.
        next_step: What to do.
        certain: Whether a mistake is known that explains what is wrong. If not, a detector that
            places joints badly may be all there is.
    """

    lines: tuple[str, ...]
    causes: tuple[str, ...]
    next_step: str
    certain: bool = False

    @property
    def verdict(self) -> str:
        """The causes and what to do, without the facts."""
        wrong = [f'likely cause: {cause}' for cause in self.causes]
        return '\n'.join((*wrong, f'next: {self.next_step}'))

    def __str__(self) -> str:
        return '\n'.join((*self.lines, self.verdict))


def diagnose_recording(
    rig: CameraRig,
    space: CaptureVolume,
    statistics: RunStatistics,
    rig_file: str = 'camera_parameters.json',
) -> Diagnosis:
    """Say why a recording gives nobody, or nonsense.

    Args:
        rig: V cameras with image sizes.
        space: Where people are looked for.
        statistics: What went by.
        rig_file: The calibration, for the commands that are named.
    """
    lines, causes = [_summary(statistics)], []
    next_step = ''
    if statistics.best_score is not None:
        lines.append(
            f'highest score of the model {statistics.best_score:.2f}, '
            f'needed {statistics.least_score:.2f}'
        )
    if statistics.knows_2d:
        lines += _per_camera(statistics)
    shared = coverage(rig, space)[min(2, len(rig))]
    size, middle = ('x'.join(f'{v / 1000:.1f}' for v in vector) for vector in _of(space))
    lines.append(
        f'the space of {size} m around ({middle.replace("x", ", ")}) m: two cameras see '
        f'{shared:.0%} of it'
    )
    dead = [name for name, count in statistics.images.items() if not count]
    if dead:
        causes.append(f'no image of {", ".join(dead)}')
    if not statistics.knows_2d:
        # A model that looks at images itself tells nothing but how sure it is.
        causes += _of_scores(statistics, shared)
        next_step = (
            'compare with 2D keypoints and the pretrained pose prior: `mmpose-ours predict` '
            f'without {argument("config")}, which also checks the calibration'
        )
        return Diagnosis(tuple(lines), tuple(causes), next_step)
    blind = [
        name for name in rig.names if statistics.images[name] and not statistics.detected[name]
    ]
    if not statistics.people:
        causes.append('the 2D detector found nobody in any image')
        next_step = (
            'look at the images; if people are in them, try another detector '
            f'({argument("detector")}) or give keypoints ({argument("keypoints")})'
        )
        return Diagnosis(tuple(lines), tuple(causes), next_step)
    if blind:
        causes.append(f'the 2D detector never found anybody in {", ".join(blind)}')
    views = sum(count > 0 for count in statistics.detected.values())
    if views < 2:
        causes.append('only one camera ever shows anybody')
        next_step = '3D poses need two cameras that show them at the same moment'
        return Diagnosis(tuple(lines), tuple(causes), next_step)
    lines += _per_pair(rig, statistics)
    judged = [p for p in RigInspection(rig).problems if not p.warning]
    causes += [f'the calibration: {problem.sentence}' for problem in judged]
    certain, shifts = bool(judged), find_shifts(rig, statistics.row)
    if shifts is not None and shifts.any:
        late = {name: n for name, n in shifts.frames.items() if n}
        offsets = ' '.join(f'{name}={n}' for name, n in late.items())
        causes.append(
            f'the recordings are not of the same moments: with {offsets} frames skipped, views '
            f"disagree by {shifts.error_shifted:.1%} of a person's size instead of "
            f'{shifts.error:.1%}'
        )
        certain = True
        next_step = f'run again with {argument("frame_offsets", late)}'
    else:
        problems = [p for p in inspect_people(rig, statistics.spread)[1] if not p.warning]
        certain |= any(p.topic != 'reprojection' or p.cameras for p in problems)
        causes += [f'people and calibration disagree: {p.sentence}' for p in problems]
    if not causes:
        causes = _of_scores(statistics, shared)
        next_step = next_step or (
            f'mmpose-ours fit-space {rig_file}, then look whether people stand inside the space; '
            'or compare with the training-free model, configs/ours/triangulation_ours.py'
        )
    next_step = next_step or f'mmpose-ours check-rig {rig_file}'
    return Diagnosis(tuple(lines), tuple(causes), next_step, certain)


def _of(space: CaptureVolume) -> tuple:
    return space.size_mm, space.center_mm


def _summary(statistics: RunStatistics) -> str:
    per_frame = statistics.people / max(1, statistics.frames)
    in_2d = f'{statistics.people} detections ({per_frame:.1f} per frame in all views), '
    in_2d = in_2d if statistics.knows_2d else ''
    return f'{statistics.frames} frames, {in_2d}{statistics.found} 3D poses'


def _per_camera(statistics: RunStatistics) -> list[str]:
    lines = ['camera          images  people per image  joints per person']
    for name in statistics.cameras:
        images, people = statistics.images[name], statistics.detected[name]
        joints = statistics.joints[name] / people if people else 0.0
        lines.append(f'{name:<15} {images:>8}  {people / max(1, images):>18.2f}  {joints:>17.1f}')
    return lines


def _per_pair(rig: CameraRig, statistics: RunStatistics) -> list[str]:
    """How well views agree, worst pairs first."""
    pairs = pairs_of(rig)
    errors = medians(Sightings(rig, list(statistics.spread.values())).errors(rig, pairs))
    if not errors:
        return ['no two cameras show enough people at the same moments to be compared']
    lines = ["pair of cameras                 disagreement (share of a person's size)"]
    worst = sorted(errors.items(), key=lambda item: -item[1])
    for (first, second), error in itertools.islice(worst, 10):
        verdict = 'do not fit' if error > BAD_PAIR else 'fit'
        lines.append(f'{first + " and " + second:<31} {error:>7.1%}  {verdict}')
    if len(worst) > 10:
        lines.append(f'... and {len(worst) - 10} pairs that agree better')
    return lines


def _of_scores(statistics: RunStatistics, shared: float) -> list[str]:
    """When calibration and detections are in order."""
    causes = []
    if shared < 0.2:
        causes.append(f'two cameras together see only {shared:.0%} of the space')
    best, least = statistics.best_score, statistics.least_score
    if best is not None and least is not None and best < least:
        causes.append(
            f'the model is not sure enough of anybody ({best:.2f} of '
            f'{least:.2f}): it was trained for another rig, or for too short a time'
        )
    elif not statistics.found:
        causes.append(
            'nothing else is wrong, so people may stand outside the space that is looked at'
        )
    return causes
