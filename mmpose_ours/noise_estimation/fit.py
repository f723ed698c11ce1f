"""Measure a detector's faults on a recording, without any truth in 3D.

Each view is held against what the others agree on; what is estimated are the arguments of
:class:`~mmpose_ours.synthetic.DetectorNoise`, by the geometry that it draws with. A fit is
checked by drawing: the people who were found are detected again with the fitted faults, and
both are measured in the same way.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Callable, Sequence

import numpy as np

from mmpose_ours.association.epipolar import MIN_SCORE
from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.disk.files import write_json
from mmpose_ours.noise_estimation.corrections import corrected, rounds_needed
from mmpose_ours.noise_estimation.false_positives import count_false_positives
from mmpose_ours.noise_estimation.joint_errors import (
    MIN_VIEWS,
    Agreement,
    ErrorModel,
    Rays,
    fit_errors,
)
from mmpose_ours.noise_estimation.misses import Misses, count_misses
from mmpose_ours.noise_estimation.observations import (
    Observations,
    crowd_sizes_px,
    find_observations,
)
from mmpose_ours.noise_estimation.swaps import Swaps, find_swaps
from mmpose_ours.synthetic.crowd import Crowd
from mmpose_ours.synthetic.detector_noise import DetectorNoise
from mmpose_ours.synthetic.draws import Streams
from mmpose_ours.synthetic.occlusion import project_joints

# Fewer people than this, each seen by three views, tell too little.
MIN_PEOPLE = 60
# The points settle this often before limbs are put right, and again after.
SETTLING = 2
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
# A detection most of whose joints are outliers, and so many, is not of this person.
WRONG_PERSON, OF_JOINTS = 0.5, 6
# Shares that keep their defaults where they would rest on fewer cases.
FROM_CASES = ('lower_body_share', 'occluded_share', 'far_face_share', 'border_share',
              'missed_person_share', 'cut_person_share', 'whole_swap_share')  # fmt: skip
FEWEST_CASES = 30
_SCORE_SPREAD = 1.25**0.5

Progress = Callable[[str, int, int], None]


class TooLittleError(InputError):
    """A recording from which the faults cannot be determined."""

    code = 'no-data'


@dataclasses.dataclass(frozen=True, eq=False)
class FittedNoise:
    """Faults, and what they rest on.

    Args:
        faults: The detector.
        counts: Per fault, how many of how many.
        given: Figures of the recording, see :func:`figures`.
        drawn: The same of people detected by ``faults``.
    """

    faults: DetectorNoise
    counts: dict[str, Any]
    given: dict[str, Any]
    drawn: dict[str, Any]

    def write(self, path: PathLike, source: str) -> None:
        """Write a file that :meth:`DetectorNoise.read` reads, whole or not at all."""
        faults = {
            field.name: _plain(getattr(self.faults, field.name))
            for field in dataclasses.fields(self.faults)
        }
        fit = {'given': self.given, 'drawn': self.drawn}
        write_json(
            path, {'source': source, 'faults': faults, 'counts': self.counts, 'fit': fit}, indent=1
        )


def fit_noise(
    rig: CameraRig,
    frames: Sequence[np.ndarray],
    min_score: float = MIN_SCORE,
    seed: int = 0,
    progress: Progress | None = None,
) -> FittedNoise:
    """Estimate the faults of the detector that made a recording.

    Args:
        rig: V cameras, whose image sizes are known.
        frames: S arrays (V, P, 17, 3) ``u, v, score``; P may differ.
        min_score: Joints with a score of at most this count as not found.
        seed: Of the detections that are drawn to check the fit.
        progress: Called with what goes on, frames done and to do.

    Raises:
        TooLittleError: Fewer than three cameras, or too few people whom three of them see.
        InputError: A camera has no image size.
    """
    if len(rig) < MIN_VIEWS:
        raise TooLittleError(
            f'the rig has {len(rig)} cameras, but a view can only be judged by two others; '
            'measure the detector on a rig of three cameras or more, or use a shipped profile',
            found=len(rig),
            expected=MIN_VIEWS,
        )
    for camera in rig:
        camera.need_size('which tells what should have been seen')
    given = Measured(rig, frames, min_score, _named(progress, 'people'))
    measured, counts = given.faults()

    def drawn(by: DetectorNoise, what: str) -> Measured:
        rngs = Streams(seed)(range(len(frames)))
        detections = by.detect_many(given.observations.crowd, rig, rngs)
        return Measured(rig, detections, min_score, _named(progress, what))

    faults = measured
    for _ in range(rounds_needed(measured)):
        again = drawn(faults, 'people drawn from the fit')
        faults = corrected(faults, measured, *again.faults())
    faults = _usual_where_rare(faults, counts)
    again = drawn(faults, 'people drawn from the corrected fit')
    return FittedNoise(faults, counts, given.figures(), again.figures())


class Measured:
    """A recording, measured as it is, without taking off what measuring adds.

    Args:
        rig: V cameras.
        frames: S arrays (V, P, 17, 3).
        min_score: See :func:`fit_noise`.
        progress: Called with frames done and to do.
    """

    def __init__(
        self,
        rig: CameraRig,
        frames: Sequence[np.ndarray],
        min_score: float = MIN_SCORE,
        progress: Callable[[int, int], None] | None = None,
    ):
        observations = find_observations(rig, frames, min_score, progress)
        self._check_enough(observations)
        scored = observations.keypoints[..., 2]
        self.scores = _joint_scores(scored)
        self.min_joints = _fewest_joints(observations)
        model = ErrorModel.usual()
        model, rays, agreement, observations = self._settle(observations, model)
        self.swaps: Swaps = find_swaps(rays, model)
        observations = _put_right(observations, self.swaps.source)
        wrong = _wrong_people(rays, agreement) & (self.swaps.source == np.arange(17)).all(-1)
        self.wrong = wrong
        keypoints = np.where(wrong[..., None, None], 0.0, observations.keypoints)
        right = dataclasses.replace(observations, keypoints=keypoints)
        self.model, self.rays, self.agreement, right = self._settle(right, model)
        self.observations = dataclasses.replace(observations, crowd=right.crowd)
        self.sound = self.rays.found & (self.agreement.outlier < 0.5)

    @staticmethod
    def _check_enough(observations: Observations) -> None:
        people = int((observations.has.sum(0) >= MIN_VIEWS).sum())
        if people < MIN_PEOPLE:
            raise TooLittleError(
                f'{people} people are seen by {MIN_VIEWS} cameras that agree on them, in '
                f'{observations.crowd.scenes} frames, where {MIN_PEOPLE} are needed to tell how a '
                'detector errs; give more frames of people whom several cameras see, check '
                'that the keypoints belong to these cameras with `mmpose-ours check-rig '
                '--keypoints`, or use a shipped profile',
                found=people,
                expected=MIN_PEOPLE,
            )

    def _settle(
        self, observations: Observations, model: ErrorModel
    ) -> tuple[ErrorModel, Rays, Agreement, Observations]:
        """Let points and errors find each other: model, rays, agreement, and new observations."""
        z = _standing(observations.keypoints[..., 2], self.scores)
        for _ in range(SETTLING):
            crowd = observations.crowd
            size = crowd_sizes_px(crowd, observations.rig)
            found = observations.found & crowd.visible
            rays = Rays.of(observations.rig, crowd.poses, observations.keypoints, size, found, z)
            model, agreement = fit_errors(rays, model)
            visible = crowd.visible & (rays.found.sum(0) >= 2)
            poses = _filled(crowd.poses + agreement.step_mm, visible)
            moved = Crowd(poses, visible, crowd.scene, crowd.scenes)
            observations = dataclasses.replace(observations, crowd=moved)
        return model, rays, agreement, observations

    def faults(self) -> tuple[DetectorNoise, dict[str, Any]]:
        """The detector, and what each of its numbers rests on."""
        observations, model = self.observations, self.model
        split = dataclasses.replace(observations, split=observations.split | self.wrong)
        misses: Misses = count_misses(split, self.sound, model.spread)
        false_positives = count_false_positives(observations)
        detections = int(observations.has.sum())
        judged = self.rays.found & (self.rays.found.sum(0) >= MIN_VIEWS)
        again, apart = int(observations.again.sum()), int(observations.split.sum())
        faults = DetectorNoise(
            jitter=_rounded(model.jitter),
            outlier_share=round(model.outlier_share, 4),
            outlier_spread=round(model.outlier_spread, 4),
            missed_joint_share=_rounded(misses.joint),
            lower_body_share=round(misses.lower_body.share, 4),
            swap_share=round(self.swaps.limb_share, 4),
            whole_swap_share=round(self.swaps.whole_share, 4),
            occluded_share=round(misses.occluded.share, 4),
            far_face_share=round(misses.far_face.share, 4),
            border_share=round(misses.border.share, 4),
            missed_person_share=round(misses.person.share, 4),
            cut_person_share=round(misses.cut_person.share, 4),
            false_positive_rate=round(false_positives.share, 4),
            duplicate_share=round(again / max(detections, 1), 4),
            split_share=round(apart / max(detections, 1), 4),
            weak_share=0.0,
            min_joints=self.min_joints,
            joint_bias=_rounded(model.bias) if model.bias.any() else (),
            score=_rounded(self.scores.mean(0)),
            joint_score=_rounded(self.scores),
            score_error=round(model.score_error, 3),
        )
        counts = {
            'people': len(observations.crowd),
            'detections': detections,
            'jitter': [int(judged.sum()), int(self.rays.found.sum())],
            'outlier_share': _pair((self.agreement.outlier * judged).sum(), judged.sum()),
            'swap_share': {name: list(pair) for name, pair in self.swaps.limbs.items()},
            'whole_swap_share': list(self.swaps.whole),
            'duplicate_share': [again, detections],
            'split_share': [apart, detections],
            'false_positive_rate': _pair(false_positives.count, false_positives.of),
            'other_person': [int(self.wrong.sum()), detections],
        }
        for name, share in (
            ('missed_joint_share', misses.joints),
            ('lower_body_share', misses.lower_body),
            ('occluded_share', misses.occluded),
            ('far_face_share', misses.far_face),
            ('border_share', misses.border),
            ('missed_person_share', misses.person),
            ('cut_person_share', misses.cut_person),
        ):
            counts[name] = _pair(share.count, share.of)
        return _usual_where_rare(faults, counts), counts

    def figures(self) -> dict[str, Any]:
        """What can be said of a recording without knowing the truth."""
        observations = self.observations
        score = observations.keypoints[..., 2]
        inside = np.moveaxis(project_joints(observations.crowd, observations.rig)[1], 0, -1)
        inside &= observations.has[..., None]
        # Whom only two views see may be two strangers; the figure leaves them out.
        views = observations.has.sum(0)
        views = views[views >= MIN_VIEWS]
        judged = self.rays.found & (self.rays.found.sum(0) >= MIN_VIEWS)
        error = np.linalg.norm(self.agreement.mean, axis=-1)[judged]
        return {
            'people_per_view': round(float(observations.people.mean()), 3),
            'views_per_person': round(float(views.mean()), 3),
            'joints_missing': round(float((score == 0)[inside].mean()), 4),
            'score_quantiles': _rounded(np.quantile(score[score > 0], QUANTILES), 3),
            'residual_quantiles': _rounded(np.quantile(error, QUANTILES), 4),
        }


def _filled(poses: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Poses (N, 17, 3) with unknown joints in the middle of the others.

    Who stands before whom follows from the middle of all joints.
    """
    weight = known[..., None]
    middle = (poses * weight).sum(1, keepdims=True) / np.maximum(weight.sum(1, keepdims=True), 1)
    return np.where(weight, poses, middle)


def _usual_where_rare(faults: DetectorNoise, counts: dict[str, Any]) -> DetectorNoise:
    """The same faults, but the usual share where hardly anything could have shown it."""
    usual = {}
    for name in FROM_CASES:
        if counts[name][1] < FEWEST_CASES:
            usual[name] = getattr(DetectorNoise(), name)
    return dataclasses.replace(faults, **usual)


def _joint_scores(score: np.ndarray) -> np.ndarray:
    """(17, 2) mean and spread of the scores (V, N, 17) of found joints, as faults take them."""
    found = score > 0
    count = np.maximum(found.sum((0, 1)), 1)
    mean = score.sum((0, 1)) / count
    spread = np.sqrt((np.where(found, score - mean, 0.0) ** 2).sum((0, 1)) / count)
    return np.minimum(np.stack([mean, spread / _SCORE_SPREAD], -1), 1.0)


def _standing(score: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(V, N, 17) scores in spreads above the mean of their joint; 0 where all are the same."""
    mean, spread = scores.T
    z = (score - mean) / np.maximum(spread * _SCORE_SPREAD, 1e-9)
    return np.where((score > 0) & (spread > 1e-3), z, 0.0)


def _fewest_joints(observations: Observations) -> int:
    """How many joints nearly every detection has, unassigned ones included."""
    count = np.concatenate(
        [
            observations.found.sum(-1)[observations.has],
            (observations.unassigned[..., 2] > 0).sum(-1),
        ]
    )
    return max(1, int(np.quantile(count, 0.005)))


def _put_right(observations: Observations, source: np.ndarray) -> Observations:
    """Give each joint (V, N, 17) the pixel that it should have had."""
    keypoints = np.take_along_axis(observations.keypoints, source[..., None], axis=2)
    return dataclasses.replace(observations, keypoints=keypoints)


def _wrong_people(rays: Rays, agreement: Agreement) -> np.ndarray:
    """(V, N) bool, detections most of whose joints are elsewhere."""
    judged = rays.found & (rays.found.sum(0) >= MIN_VIEWS)
    wild, of = (agreement.outlier * judged).sum(-1), judged.sum(-1)
    return (of >= OF_JOINTS) & (wild > WRONG_PERSON * of)


def _named(progress: Progress | None, what: str) -> Callable[[int, int], None] | None:
    return None if progress is None else lambda done, total: progress(what, done, total)


def _pair(count: float, of: float) -> list[float]:
    return [round(float(count), 1), round(float(of), 1)]


def _rounded(values: np.ndarray, digits: int = 4) -> Any:
    return np.round(np.asarray(values, float), digits).tolist()


def _plain(value: Any) -> Any:
    return value if isinstance(value, (int, float)) else np.asarray(value).tolist()
