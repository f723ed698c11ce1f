"""Fit the detector noise model to a recording, without 3D ground truth.

Each view is compared with the triangulation from the other views. The result are the arguments of
:class:`~mmpose_ours.synthetic.DetectorNoise`. To check and correct the fit, detections of the
triangulated people are simulated with it and measured in the same way.
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
    ErrorModel,
    Posterior,
    Residuals,
    fit_errors,
)
from mmpose_ours.noise_estimation.misses import Misses, count_misses
from mmpose_ours.noise_estimation.observations import (
    Observations,
    crowd_sizes_px,
    find_observations,
)
from mmpose_ours.noise_estimation.swaps import Swaps, find_swaps
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17, as_skeleton
from mmpose_ours.synthetic.detector_noise import SCORE_NOISE_STD, DetectorNoise
from mmpose_ours.synthetic.draws import Streams
from mmpose_ours.synthetic.joint_noise import check_joints
from mmpose_ours.synthetic.occlusion import project_joints
from mmpose_ours.text import counted

# Smallest number of people (over all frames) in at least MIN_VIEWS views.
MIN_PEOPLE = 60
# Alternations of error model and 3D points, before and again after the correction of swaps.
ALTERNATIONS = 2
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
# A detection is of another person if more than this fraction of its joints are outliers; tested
# for detections with at least so many joints.
WRONG_PERSON_OUTLIERS, WRONG_PERSON_MIN_JOINTS = 0.5, 6
# Probabilities that keep their default if they rest on fewer than MIN_CASES cases.
NEEDS_CASES = ('lower_body_share', 'occluded_share', 'far_face_share', 'border_share',
              'missed_person_share', 'cut_person_share', 'whole_swap_share')  # fmt: skip
MIN_CASES = 30

Progress = Callable[[str, int, int], None]


class TooLittleError(InputError):
    """A recording with too few cameras or people to fit the noise model."""

    code = 'no-data'


@dataclasses.dataclass(frozen=True, eq=False)
class FittedNoise:
    """A fitted noise model, and the data it rests on.

    Args:
        noise: The noise model.
        counts: By parameter, the number of events and the number of cases.
        recorded: Statistics of the recording, see :meth:`Measured.statistics`.
        simulated: The same of detections simulated with ``noise``.
    """

    noise: DetectorNoise
    counts: dict[str, Any]
    recorded: dict[str, Any]
    simulated: dict[str, Any]

    def write(self, path: PathLike, source: str) -> None:
        """Write a file that :meth:`DetectorNoise.read` reads, atomically."""
        parameters = {
            field.name: _plain(getattr(self.noise, field.name))
            for field in dataclasses.fields(self.noise)
        }
        fit = {'given': self.recorded, 'drawn': self.simulated}
        write_json(
            path,
            {'source': source, 'faults': parameters, 'counts': self.counts, 'fit': fit},
            indent=1,
        )


def fit_noise(
    rig: CameraRig,
    frames: Sequence[np.ndarray],
    min_score: float = MIN_SCORE,
    seed: int = 0,
    progress: Progress | None = None,
    joints: str = 'coco17',
) -> FittedNoise:
    """Fit the noise model to the detections of a recording.

    Args:
        rig: V cameras, whose image sizes are known.
        frames: S arrays (V, P, J, 3) ``u, v, score``; P may differ.
        min_score: A joint with a score of at most this counts as missing.
        seed: Random seed of the simulations.
        progress: Called with the name of the current step, the number of frames done, and their
            total.
        joints: Name of the skeleton of the J joints; it has the joints of COCO-17.

    Raises:
        TooLittleError: Fewer than three cameras, or too few people in three views.
        InputError: A camera has no image size, there is no such skeleton, or it lacks joints.
    """
    skeleton = as_skeleton(joints)
    check_joints(skeleton)
    if len(rig) < MIN_VIEWS:
        raise TooLittleError(
            f'the rig has {len(rig)} cameras, but a view can only be used by two others; '
            'measure the detector on a rig of three cameras or more, or use a shipped profile',
            found=len(rig),
            expected=MIN_VIEWS,
        )
    for camera in rig:
        camera.need_size('which tells what should have been seen')
    recording = Measured(rig, frames, min_score, _with_name(progress, 'people'), skeleton)
    recorded_fit, counts = recording.noise()

    def simulate(noise: DetectorNoise, what: str) -> Measured:
        rngs = Streams(seed)(range(len(frames)))
        detections = noise.detect_many(recording.observations.crowd, rig, rngs)
        return Measured(rig, detections, min_score, _with_name(progress, what), skeleton)

    noise = recorded_fit
    for _ in range(rounds_needed(recorded_fit)):
        simulation = simulate(noise, 'people simulated with the fit')
        noise = corrected(noise, recorded_fit, *simulation.noise())
    noise = _default_where_rare(noise, counts)
    simulation = simulate(noise, 'people simulated with the corrected fit')
    return FittedNoise(noise, counts, recording.statistics(), simulation.statistics())


class Measured:
    """Measurements of a recording, without bias correction.

    Args:
        rig: V cameras.
        frames: S arrays (V, P, J, 3).
        min_score: See :func:`fit_noise`.
        progress: Called with the number of frames done and their total.
        skeleton: The J joints.

    Attributes:
        scores: (J, 2) mean and standard deviation of the scores of each joint.
        min_joints: Fewest joints of a detection.
        swaps: The left-right swaps.
        wrong: (V, N) bool, detections that are of another person.
        model, residuals, posterior: The fitted errors, after swaps and wrong detections were
            corrected.
        observations: The people, their swaps corrected.
        inlier: (V, N, J) bool, joints that are detected and no outliers.
    """

    def __init__(
        self,
        rig: CameraRig,
        frames: Sequence[np.ndarray],
        min_score: float = MIN_SCORE,
        progress: Callable[[int, int], None] | None = None,
        skeleton: Skeleton = COCO17,
    ):
        observations = find_observations(rig, frames, min_score, progress, skeleton)
        self._check_enough(observations)
        self.scores = _joint_scores(observations.keypoints[..., 2])
        self.min_joints = _fewest_joints(observations)
        model = ErrorModel.initial(skeleton)
        model, residuals, posterior, observations = self._fit_errors(observations, model)
        self.swaps: Swaps = find_swaps(residuals, model)
        observations = _with_swaps_corrected(observations, self.swaps.source)
        not_swapped = (self.swaps.source == np.arange(len(skeleton))).all(-1)
        self.wrong = wrong = _of_wrong_person(residuals, posterior) & not_swapped
        keypoints = np.where(wrong[..., None, None], 0.0, observations.keypoints)
        right = dataclasses.replace(observations, keypoints=keypoints)
        self.model, self.residuals, self.posterior, right = self._fit_errors(right, model)
        self.observations = dataclasses.replace(observations, crowd=right.crowd)
        self.inlier = self.residuals.found & (self.posterior.outlier < 0.5)

    @staticmethod
    def _check_enough(observations: Observations) -> None:
        people = int((observations.has.sum(0) >= MIN_VIEWS).sum())
        if people < MIN_PEOPLE:
            raise TooLittleError(
                f'{MIN_VIEWS} cameras or more detect {counted(people, "person", "people")} '
                f'consistently, in {counted(observations.crowd.scenes, "frame")}; {MIN_PEOPLE} are '
                'needed to fit the detector noise model; give more frames of people whom several '
                'cameras see, check '
                'that the keypoints belong to these cameras with `mmpose-ours check-rig '
                '--keypoints`, or use a shipped profile',
                found=people,
                expected=MIN_PEOPLE,
            )

    def _fit_errors(
        self, observations: Observations, model: ErrorModel
    ) -> tuple[ErrorModel, Residuals, Posterior, Observations]:
        """Alternate the error model and the 3D points; returns both and what they rest on."""
        z = _score_z(observations.keypoints[..., 2], self.scores)
        for _ in range(ALTERNATIONS):
            crowd = observations.crowd
            size = crowd_sizes_px(crowd, observations.rig)
            found = observations.found & crowd.visible
            residuals = Residuals.of(
                observations.rig, crowd.poses, observations.keypoints, size, found, z
            )
            model, posterior = fit_errors(residuals, model)
            visible = crowd.visible & (residuals.found.sum(0) >= 2)
            poses = _with_unknown_filled(crowd.poses + posterior.step_mm, visible)
            moved = dataclasses.replace(crowd, poses=poses, visible=visible)
            observations = dataclasses.replace(observations, crowd=moved)
        return model, residuals, posterior, observations

    def noise(self) -> tuple[DetectorNoise, dict[str, Any]]:
        """The noise model, and by parameter the number of events and of cases."""
        observations, model = self.observations, self.model
        split = dataclasses.replace(observations, split=observations.split | self.wrong)
        misses: Misses = count_misses(split, self.inlier, model.std)
        false_positives = count_false_positives(observations)
        detections = int(observations.has.sum())
        used = self.residuals.found & (self.residuals.found.sum(0) >= MIN_VIEWS)
        duplicates, splits = int(observations.duplicate.sum()), int(observations.split.sum())
        swap_share = round(self.swaps.limb_share, 4)
        noise = DetectorNoise(
            joints=model.skeleton.name,
            jitter=_rounded(model.jitter),
            outlier_share=round(model.outlier_share, 4),
            outlier_spread=round(model.outlier_spread, 4),
            missed_joint_share=_rounded(misses.joint),
            lower_body_share=round(misses.lower_body.share, 4),
            swap_share=swap_share,
            # The sum of both is at most 1, also if few cases were observed.
            whole_swap_share=min(round(self.swaps.whole_share, 4), round(1 - swap_share, 4)),
            occluded_share=round(misses.occluded.share, 4),
            far_face_share=round(misses.far_face.share, 4),
            border_share=round(misses.border.share, 4),
            missed_person_share=round(misses.person.share, 4),
            cut_person_share=round(misses.cut_person.share, 4),
            false_positive_rate=round(false_positives.share, 4),
            duplicate_share=round(duplicates / max(detections, 1), 4),
            split_share=round(splits / max(detections, 1), 4),
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
            'jitter': [int(used.sum()), int(self.residuals.found.sum())],
            'outlier_share': _pair((self.posterior.outlier * used).sum(), used.sum()),
            'swap_share': {name: list(pair) for name, pair in self.swaps.limbs.items()},
            'whole_swap_share': list(self.swaps.whole),
            'duplicate_share': [duplicates, detections],
            'split_share': [splits, detections],
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
        return _default_where_rare(noise, counts), counts

    def statistics(self) -> dict[str, Any]:
        """Statistics of a recording that need no ground truth.

        ``people_per_view``: mean number of detections; ``views_per_person``: mean number of views
        of a person; ``joints_missing``: fraction of the joints inside the image that are missing;
        ``score_quantiles`` of detected joints; ``residual_quantiles`` of their errors in sizes.
        """
        observations = self.observations
        score = observations.keypoints[..., 2]
        inside = np.moveaxis(project_joints(observations.crowd, observations.rig)[1], 0, -1)
        inside &= observations.has[..., None]
        # People in two views only are left out: they may be wrong associations.
        views = observations.has.sum(0)
        views = views[views >= MIN_VIEWS]
        used = self.residuals.found & (self.residuals.found.sum(0) >= MIN_VIEWS)
        error = np.linalg.norm(self.posterior.mean, axis=-1)[used]
        return {
            'people_per_view': round(float(observations.detection_counts.mean()), 3),
            'views_per_person': round(float(views.mean()), 3),
            'joints_missing': round(float((score == 0)[inside].mean()), 4),
            'score_quantiles': _rounded(np.quantile(score[score > 0], QUANTILES), 3),
            'residual_quantiles': _rounded(np.quantile(error, QUANTILES), 4),
        }


def _with_unknown_filled(poses: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Poses (N, J, 3) with each unknown joint at the mean of the known ones.

    Occlusion compares the mean depth of all joints, which this keeps.
    """
    weight = known[..., None]
    middle = (poses * weight).sum(1, keepdims=True) / np.maximum(weight.sum(1, keepdims=True), 1)
    return np.where(weight, poses, middle)


def _default_where_rare(noise: DetectorNoise, counts: dict[str, Any]) -> DetectorNoise:
    """The same model with the default for probabilities that rest on few cases."""
    defaults = {}
    for name in NEEDS_CASES:
        if counts[name][1] < MIN_CASES:
            defaults[name] = getattr(DetectorNoise(), name)
    return dataclasses.replace(noise, **defaults)


def _joint_scores(score: np.ndarray) -> np.ndarray:
    """(J, 2) mean and standard deviation of scores (V, N, J), as ``joint_score`` has them."""
    found = score > 0
    count = np.maximum(found.sum((0, 1)), 1)
    mean = score.sum((0, 1)) / count
    std = np.sqrt((np.where(found, score - mean, 0.0) ** 2).sum((0, 1)) / count)
    return np.minimum(np.stack([mean, std / SCORE_NOISE_STD], -1), 1.0)


def _score_z(score: np.ndarray, joint_score: np.ndarray) -> np.ndarray:
    """(V, N, J) scores in standard deviations above the joint's mean; 0 if all are the same."""
    mean, std = joint_score.T
    z = (score - mean) / np.maximum(std * SCORE_NOISE_STD, 1e-9)
    return np.where((score > 0) & (std > 1e-3), z, 0.0)


def _fewest_joints(observations: Observations) -> int:
    """The 0.5 % quantile of the number of joints per detection, unassigned ones included."""
    count = np.concatenate(
        [
            observations.found.sum(-1)[observations.has],
            (observations.unassigned[..., 2] > 0).sum(-1),
        ]
    )
    return max(1, int(np.quantile(count, 0.005)))


def _with_swaps_corrected(observations: Observations, source: np.ndarray) -> Observations:
    """Move each pixel to its true joint; ``source`` (V, N, J) is that of :class:`Swaps`."""
    keypoints = np.take_along_axis(observations.keypoints, source[..., None], axis=2)
    return dataclasses.replace(observations, keypoints=keypoints)


def _of_wrong_person(residuals: Residuals, posterior: Posterior) -> np.ndarray:
    """(V, N) bool, detections most of whose joints are outliers."""
    used = residuals.found & (residuals.found.sum(0) >= MIN_VIEWS)
    outliers, joints = (posterior.outlier * used).sum(-1), used.sum(-1)
    return (joints >= WRONG_PERSON_MIN_JOINTS) & (outliers > WRONG_PERSON_OUTLIERS * joints)


def _with_name(progress: Progress | None, what: str) -> Callable[[int, int], None] | None:
    return None if progress is None else lambda done, total: progress(what, done, total)


def _pair(count: float, of: float) -> list[float]:
    return [round(float(count), 1), round(float(of), 1)]


def _rounded(values: np.ndarray, digits: int = 4) -> Any:
    return np.round(np.asarray(values, float), digits).tolist()


def _plain(value: Any) -> Any:
    return value if isinstance(value, (int, float)) else np.asarray(value).tolist()
