"""The detector noise model: simulated 2D detections of synthetic people.

The default probabilities and score factors follow VoxelPose's synthetic heatmaps for Campus and
Shelf (Tu et al., ECCV 2020): scores reduced at random, most at wrists and ankles, and 5 % of the
people missed. The model adds pixel jitter, occlusion by other people and by the person's own head,
left-right swaps and false positives. Jitter is scaled by COCO's per-joint sigmas. Bias, duplicate
detections, split detections and misses at the image border have probability 0 by default.
:mod:`mmpose_ours.noise_estimation.fit` estimates all parameters from a recording.

Shapes below: N people of all scenes, V views, J joints; ``uv`` (2, ...) are pixels, u right and v
down.
"""

from __future__ import annotations

import dataclasses
import os
from typing import Any, Sequence, Union

import numpy as np

from mmpose_ours.errors import FileFormatError, InputError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import as_skeleton
from mmpose_ours.synthetic.crowd import Crowd, Scene
from mmpose_ours.synthetic.detection_lists import by_view, swap_joints, with_enough_joints
from mmpose_ours.synthetic.draws import Draws, to_index
from mmpose_ours.synthetic.false_positives import (
    duplicates_of,
    false_positives_of,
    split_detections_of,
)
from mmpose_ours.synthetic.joint_noise import JointNoise, of_other_joints
from mmpose_ours.synthetic.noise_parameters import PER_JOINT, check_parameters
from mmpose_ours.synthetic.noise_profiles import read_profile
from mmpose_ours.synthetic.occlusion import (
    at_border,
    far_side_of_head,
    joint_box,
    longer_side,
    occluded_by_people,
    project_joints,
)

# A person with a smaller fraction of their joints inside the image is truncated by its border.
_TRUNCATED_BELOW = 0.6
# Standard deviation of a score's noise: joint (1) and half of the person's (1/2) in quadrature.
SCORE_NOISE_STD = 1.25**0.5
# Scores are clipped to so many standard deviations from the mean where they scale the jitter.
_MAX_SCORE_Z = 2.5

# One number for all joints, or one for each.
PerJoint = Union[float, Sequence[float]]


@dataclasses.dataclass(frozen=True)
class DetectorNoise:
    """Parameters of the detector noise model; :meth:`none` is a perfect detector.

    Every field whose name ends in ``_share`` is a probability from 0 to 1, evaluated independently
    in each view. Lengths are relative to the size of the person in the image: the longer side of
    the bounding box of the joints inside the image, in pixels.

    Args:
        jitter: Standard deviation of the pixel noise along each image axis, in units of COCO's
            sigma of the joint times half the size; one number for all joints, or one for each.
        outlier_share: Probability that a joint is an outlier.
        missed_joint_share: Probability that a joint is missed independently of occlusion; one
            number for all joints, or one for each.
        lower_body_share: Probability that all knees, ankles and feet of a person are missed (as
            if behind furniture).
        swap_share: Probability that limbs of a person are swapped left and right: elbows and
            wrists; knees and ankles; or hips, knees and ankles; each with a third of it.
        occluded_share: Probability that a joint is missed if a nearer person occludes it.
        far_face_share: Probability that the nose, an eye or an ear is missed if the person's own
            head occludes it.
        missed_person_share: Probability that a person is missed in a view.
        false_positive_rate: Mean number of false positives in a view with detections (Poisson).
        score: (mean, standard deviation) of the scores of detected joints.
        weak_share: Probability that the score of a joint is multiplied by 0.5 (elbow, knee) or 0.3
            (wrist, ankle).
        min_joints: A detection with fewer joints is dropped.
        outlier_spread: Standard deviation of an outlier's additional error along each image axis,
            in sizes.
        joint_bias: A pair (right, down) per joint: offset added to each joint along the image axes,
            in sizes. Empty means no bias.
        whole_swap_share: Probability that all left and right joints of a person are swapped. The
            sum of this and ``swap_share`` is at most 1: a person has at most one of the two swaps.
        border_share: Probability that a joint is missed if it is within 0.06 sizes of the image
            border.
        cut_person_share: Probability, in addition to ``missed_person_share``, that a person is
            missed of whom less than 0.6 of the joints are inside the image.
        duplicate_share: Probability of a duplicate detection, which has its own jitter, fewer
            joints and lower scores.
        split_share: Probability of a split detection: head to wrists, and hips to ankles, as two
            people.
        joint_score: A pair (mean, standard deviation) per joint that replaces ``score``. Empty
            means ``score``.
        score_error: Dependence of the error on the score: a joint whose score is z standard
            deviations above the mean has ``exp(-score_error * z)`` times the jitter of a joint at
            the mean. The root mean square over all scores stays ``jitter``.
        joints: Name of the skeleton whose joints the values per joint are of. Scenes may have
            another one, see :meth:`for_joints`.

    Raises:
        InputError: A number is not finite; a probability is outside 0 to 1; ``swap_share`` plus
            ``whole_swap_share`` is above 1; another field except ``joint_bias`` is negative; or a
            field has the wrong shape.
    """

    jitter: PerJoint = 0.4
    outlier_share: float = 0.015
    missed_joint_share: PerJoint = 0.04
    lower_body_share: float = 0.04
    swap_share: float = 0.02
    occluded_share: float = 0.5
    far_face_share: float = 0.8
    missed_person_share: float = 0.05
    false_positive_rate: float = 0.05
    score: tuple[float, float] = (0.85, 0.1)
    weak_share: float = 0.1
    min_joints: int = 4
    outlier_spread: float = 0.12
    joint_bias: Sequence[Sequence[float]] = ()
    whole_swap_share: float = 0.0
    border_share: float = 0.0
    cut_person_share: float = 0.0
    duplicate_share: float = 0.0
    split_share: float = 0.0
    joint_score: Sequence[Sequence[float]] = ()
    score_error: float = 0.0
    joints: str = 'coco17'

    def __post_init__(self) -> None:
        check_parameters(self)

    def for_joints(self, skeleton: Skeleton) -> DetectorNoise:
        """The same model with the values per joint for the joints of another skeleton.

        A joint that :attr:`joints` lacks gets the mean of the body joints that stand for it: toes
        and heels that of the ankle, the neck that of the shoulders.

        Raises:
            InputError: The skeleton has no name that is known, or a joint that stands for one of
                its joints is missing.
        """
        source = as_skeleton(self.joints)
        if skeleton.joints == source.joints:
            return self
        changes: dict[str, Any] = {'joints': as_skeleton(skeleton.name).name}
        for name in PER_JOINT:
            values = getattr(self, name)
            if np.ndim(values) and len(values):
                changes[name] = of_other_joints(values, source, skeleton).tolist()
        return dataclasses.replace(self, **changes)

    @classmethod
    def none(cls) -> DetectorNoise:
        """A perfect detector: every joint inside the image, without error, with score 1."""
        perfect: dict[str, Any] = {
            f.name: 0.0 for f in dataclasses.fields(cls) if f.type in ('float', 'PerJoint')
        }
        del perfect['outlier_spread']  # no effect without outliers
        perfect.update(score=(1.0, 0.0), min_joints=1)
        return cls(**perfect)

    @classmethod
    def read(cls, name_or_path: str | os.PathLike) -> DetectorNoise:
        """Read a profile of the package, or a file that ``mmpose-ours fit-noise`` wrote.

        Args:
            name_or_path: A name of :func:`mmpose_ours.synthetic.noise_profiles.profile_names`, or a
                path.

        Raises:
            FileFormatError: The file has another format, or its parameters are invalid.
            FileNotFoundError: Neither a profile nor a file has that name.
        """
        path, parameters = read_profile(name_or_path)
        try:
            return cls(**parameters)
        except InputError as error:
            raise error.reworded(
                FileFormatError,
                f'{path}: faults: {error}; write it again with `mmpose-ours fit-noise`',
                file=path,
            ) from error

    def detect(self, scene: Scene, rig: CameraRig, rng: np.random.Generator) -> np.ndarray:
        """Simulate the detections of a scene in every view.

        Args:
            scene: P people.
            rig: V cameras.
            rng: Random generator.

        Returns:
            (V, D, J, 3) float32 ``u, v, score`` in pixels; D is the largest number of detections
            of a view, and the other views are padded with zeros. A missing joint is (0, 0, 0). The
            detections of a view are in random order, so the same row in two views is in general
            not the same person.
        """
        return self.detect_many(Crowd.of([scene]), rig, [rng])[0]

    def detect_many(
        self, crowd: Crowd, rig: CameraRig, rngs: Sequence[np.random.Generator]
    ) -> list[np.ndarray]:
        """Simulate the detections of S scenes: the same as :meth:`detect` of each, but faster.

        Args:
            crowd: N people of S scenes.
            rig: V cameras.
            rngs: S random generators, one per scene.

        Returns:
            S arrays as :meth:`detect` returns them.
        """
        if crowd.skeleton.name != self.joints:
            return self.for_joints(crowd.skeleton).detect_many(crowd, rig, rngs)
        draws, of_joints = Draws(rngs), self._of_joints
        uv, found = project_joints(crowd, rig)
        box = joint_box(uv, found)
        detected_prob = self._joint_detected_prob(crowd, rig, uv, found, box)
        # From here on float32 with people first, the order of the random numbers:
        # uv (2, N, V, J), found and detected_prob (N, V, J), size_px (N, V).
        uv = np.ascontiguousarray(np.where(found, uv, 0.0).transpose(0, 3, 2, 1), np.float32)
        detected_prob, size_px = (
            np.ascontiguousarray(a.T, np.float32) for a in (detected_prob, longer_side(box))
        )
        found = np.ascontiguousarray(found.T)
        person_missed_prob = np.array(self.missed_person_share)
        if self.cut_person_share:
            cut_prob = self.cut_person_share * is_truncated(crowd, found).T
            person_missed_prob = 1 - (1 - person_missed_prob) * (1 - cut_prob)
        # Random numbers per person and view, (N, V) each: uniform in 0 to 1.
        lower_body_draw, person_draw, swap_draw, limb_draw, order_draw = np.moveaxis(
            draws.uniform(crowd.counts, 5, len(rig)), 1, 0
        )
        # Random numbers per joint, (N, V, J) each: uniform, then standard normal.
        shape = crowd.counts, 3, len(rig), len(crowd.skeleton)
        missed_draw, outlier_draw, weak_draw = np.moveaxis(
            draws.uniform(*shape, dtype=np.float32), 1, 0
        )
        *uv_noise, score_noise = np.moveaxis(draws.normal(*shape, dtype=np.float32), 1, 0)
        person_score_noise = draws.normal(crowd.counts, len(rig), dtype=np.float32)

        found &= missed_draw < detected_prob
        found[..., of_joints.lower_body] &= (lower_body_draw >= self.lower_body_share)[..., None]
        found &= (person_draw >= person_missed_prob)[..., None]

        score_noise = score_noise + person_score_noise[..., None] / 2
        uv += uv_noise * self._error_std_px(outlier_draw, size_px, score_noise)
        if len(self.joint_bias):
            uv += np.array(self.joint_bias, np.float32).T[:, None, None] * size_px[..., None]
        # The two kinds of swap use opposite ends of one draw, so that they exclude each other;
        # their probabilities add up to 1 at most.
        person, view = np.nonzero(swap_draw < self.swap_share)
        source = of_joints.limb_swaps[to_index(limb_draw[person, view], len(of_joints.limb_swaps))]
        swap_joints(uv, found, person, view, source)
        if self.whole_swap_share:
            person, view = np.nonzero(swap_draw >= 1 - self.whole_swap_share)
            swap_joints(uv, found, person, view, np.tile(of_joints.whole_swap, (len(person), 1)))

        score = self._scores(score_noise, weak_draw < self.weak_share)
        keypoints = np.moveaxis(np.where(found, [*uv, score], 0.0), 0, -1)
        extra = []
        if self.duplicate_share or self.split_share:
            extra = [self._duplicates_and_splits(keypoints, size_px, crowd, draws)]
        real, views, order = with_enough_joints(
            self.min_joints, (keypoints, crowd.scene, order_draw), *extra
        )
        false_positives, false_positive_views, false_positive_order = false_positives_of(
            real, views, rig, draws, self.false_positive_rate, self.min_joints
        )
        return by_view(
            np.concatenate([real, false_positives]),
            np.concatenate([views, false_positive_views]),
            np.concatenate([order, false_positive_order]),
            (crowd.scenes, len(rig)),
        )

    @property
    def _of_joints(self) -> JointNoise:
        return JointNoise.of(as_skeleton(self.joints))

    def _joint_detected_prob(
        self,
        crowd: Crowd,
        rig: CameraRig,
        uv: np.ndarray,
        found: np.ndarray,
        box: tuple[np.ndarray, np.ndarray],
    ) -> np.ndarray:
        """Probability that a joint is detected: the product of 1 - p over all causes of a miss.

        Args:
            crowd: N people.
            rig: V cameras.
            uv: (2, J, V, N) pixels.
            found: (J, V, N) bool, joints inside the image.
            box: Bounding boxes of these, see :func:`joint_box`.

        Returns:
            (J, V, N).
        """
        missed_prob = np.broadcast_to(np.asarray(self.missed_joint_share, float), len(found))
        detected_prob = np.empty(found.shape)
        detected_prob[:] = (1 - missed_prob)[:, None, None]
        if self.occluded_share:
            occluded = occluded_by_people(crowd, rig, uv, found, box)
            detected_prob *= 1 - self.occluded_share * occluded
        face = self._of_joints.face
        if self.far_face_share and face:
            detected_prob[face] *= 1 - self.far_face_share * far_side_of_head(crowd, rig)
        if self.border_share:
            detected_prob *= 1 - self.border_share * at_border(rig, uv, box)
        return detected_prob

    def _error_std_px(
        self, outlier_draw: np.ndarray, size_px: np.ndarray, score_noise: np.ndarray
    ) -> np.ndarray:
        """(N, V, J) standard deviation of a joint's error along each image axis, in pixels.

        Args:
            outlier_draw: (N, V, J) or (J,) uniform draws; below ``outlier_share`` is an outlier.
            size_px: (N, V).
            score_noise: As ``outlier_draw``, normal with standard deviation SCORE_NOISE_STD.
        """
        jitter = np.asarray(self.jitter, np.float32) * self._of_joints.sigmas * 0.5
        outlier = np.hypot(jitter, self.outlier_spread)
        if self.score_error:
            jitter = jitter * error_factor(self.score_error, score_noise / SCORE_NOISE_STD)
        return np.where(outlier_draw < self.outlier_share, outlier, jitter) * size_px[..., None]

    def _scores(self, score_noise: np.ndarray, weak: np.ndarray) -> np.ndarray:
        """(N, V, J) scores from the noise and from (N, V, J) bool, joints with a weak score."""
        by_joint = self.joint_score if len(self.joint_score) else self.score
        mean, std = np.array(by_joint, np.float32).T
        score = mean + std * score_noise
        score *= np.where(weak, self._of_joints.weak_score_factors, 1.0)
        return np.clip(score, np.where(std > 0, np.float32(0.05), np.float32(0)), 1.0)

    def _duplicates_and_splits(
        self, keypoints: np.ndarray, size_px: np.ndarray, crowd: Crowd, draws: Draws
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Make the second detection of duplicate and split detections.

        Args:
            keypoints: (N, V, J, 3) detections; changed in place: a split detection keeps its
                upper body only.
            size_px: (N, V).
            crowd: N people.
            draws: Random numbers of S scenes.

        Returns:
            (N, V, J, 3) additional detections, zeros where there is none; (N,) scenes; (N, V)
            sort keys: the arguments of :func:`with_enough_joints`.
        """
        joints = keypoints.shape[2]
        duplicate_draw, split_draw, order_draw, score_draw = np.moveaxis(
            draws.uniform(crowd.counts, 4, keypoints.shape[1]), 1, 0
        )
        duplicated = np.nonzero(duplicate_draw < self.duplicate_share)
        count = np.bincount(crowd.scene[duplicated[0]], minlength=crowd.scenes)
        missed_draw, *noise = np.moveaxis(draws.normal(count, 3, joints, dtype=np.float32), 1, 0)
        std_px = self._error_std_px(np.ones(joints), size_px[duplicated], np.zeros(joints))
        shift_px = np.stack(noise, -1) * std_px[..., None]
        extra = np.zeros_like(keypoints)
        extra[duplicated] = duplicates_of(
            keypoints[duplicated], shift_px, missed_draw, score_draw[duplicated]
        )
        split = split_draw < self.split_share
        keypoints[split], extra[split] = split_detections_of(
            keypoints[split], self._of_joints.below_waist
        )
        return extra, crowd.scene, order_draw


def is_truncated(crowd: Crowd, inside: np.ndarray) -> np.ndarray:
    """(V, N) bool, people truncated by the image border, from (N, V, J) joints inside it."""
    known = np.count_nonzero(crowd.visible, axis=-1)
    return np.count_nonzero(inside, axis=-1).T < _TRUNCATED_BELOW * known


def error_factor(score_error: float, z: np.ndarray) -> np.ndarray:
    """The factor of the jitter of joints whose scores are z standard deviations above the mean.

    ``exp(-score_error * z - score_error**2)``; its mean square over normally distributed z is 1.
    """
    z = np.clip(z, -_MAX_SCORE_Z, _MAX_SCORE_Z)
    return np.exp(-score_error * z - score_error**2)
