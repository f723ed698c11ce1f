"""What a real 2D detector makes of people: noise, misses, false positives and scores.

The shares and score factors start from the recipe of VoxelPose for Campus and Shelf
(Tu et al., ECCV 2020): peaks weakened at random, more so at wrists and ankles, five people in
a hundred missed. Pixel jitter, joints lost behind other bodies or at the far side of a head,
swapped limbs and false positives come on top. Jitter is scaled by COCO's per-joint annotation
spread. What else detectors do (bias, duplicate and split detections, joints lost at the border) is
off unless asked for: :mod:`mmpose_ours.noise_estimation.fit` measures all of it.
"""

from __future__ import annotations

import dataclasses
import os
from typing import Any, Sequence, Union

import numpy as np

from mmpose_ours.errors import FileFormatError, InputError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic.crowd import Crowd, Scene
from mmpose_ours.synthetic.detection_lists import arranged, exchange, with_enough_joints
from mmpose_ours.synthetic.draws import Draws, choose
from mmpose_ours.synthetic.false_positives import (
    duplicates_of,
    false_positives_of,
    split_detections_of,
)
from mmpose_ours.synthetic.noise_profiles import read_profile
from mmpose_ours.synthetic.occlusion import (
    FACE,
    at_border,
    covered,
    far_side_of_head,
    joint_box,
    longer_side,
    seen_joints,
)

COCO17 = SKELETONS['coco17']
# COCO's keypoint spread (one standard deviation per unit of object scale).
COCO_SIGMAS = np.array(
    [26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89], dtype=np.float32
) / 1000  # fmt: skip
_LIMB_ENDS = COCO17.index('left_wrist', 'right_wrist', 'left_ankle', 'right_ankle')
_MID_LIMBS = COCO17.index('left_elbow', 'right_elbow', 'left_knee', 'right_knee')
_LOWER_BODY = COCO17.index('left_knee', 'right_knee', 'left_ankle', 'right_ankle')
_SWAPPED_TOGETHER = (
    ('knee', 'ankle'),
    ('elbow', 'wrist'),
    ('hip', 'knee', 'ankle'),
)
# A person of whom the image holds a smaller share of the joints is cut by its edge.
_WHOLE_FROM = 0.6
# A body whose left and right are exchanged.
_WHOLE_SWAP = np.array(COCO17.flip_order)
# The spread of a joint's score together with its person's, in units of the joint's own.
_SCORE_SPREAD = 1.25**0.5
# Scores drawn farther than this from their mean say no more about the error.
_MOST_SPREADS = 2.5

# One number for all joints, or one for each of COCO's 17.
PerJoint = Union[float, Sequence[float]]


def _swaps() -> np.ndarray:
    """(L, 17) orders of the joints, each with some left and right limbs exchanged."""
    orders = np.tile(np.arange(17), (len(_SWAPPED_TOGETHER), 1))
    for order, limb in zip(orders, _SWAPPED_TOGETHER):
        joints = COCO17.index(*(f'{side}_{name}' for side in ('left', 'right') for name in limb))
        order[joints] = np.array(COCO17.flip_order)[joints]
    return orders


def _weakened() -> np.ndarray:
    """(17,) what remains of a joint's score where it is weakened."""
    factor = np.ones(17, dtype=np.float32)
    factor[_MID_LIMBS], factor[_LIMB_ENDS] = 0.5, 0.3
    return factor


_SWAPS, _WEAKENED = _swaps(), _weakened()
_PER_JOINT = ('jitter', 'missed_joint_share')
_PER_JOINT_PAIRS = ('joint_bias', 'joint_score')
_EXPECTED = {
    **dict.fromkeys(_PER_JOINT, 'one number, or 17 in the order of COCO'),
    **dict.fromkeys(_PER_JOINT_PAIRS, '17 pairs in the order of COCO, or none'),
    'score': 'a pair',
}


def _unfit(name: str, value: Any, code: str, what: str) -> InputError:
    return InputError(f'{name} is {what}', code=code, found={name: value})


@dataclasses.dataclass(frozen=True)
class DetectorNoise:
    """How wrong the synthetic detector is; zeros make it perfect (see :meth:`none`).

    The size of a body is the longer side of the box around its joints in the image.

    Args:
        jitter: Pixel noise in units of COCO's annotation spread; one for all joints or 17.
        outlier_share: Joints that land elsewhere.
        missed_joint_share: Joints lost for no reason; one for all joints or 17.
        lower_body_share: People whose knees and ankles are lost (behind furniture).
        swap_share: People with a pair of left and right limbs exchanged.
        occluded_share: Joints lost among those that a nearer person covers.
        far_face_share: Eyes, ears and nose lost among those at the far side of the head.
        missed_person_share: People lost in a view.
        false_positive_rate: Mean number of people who are not there, in a view that has people.
        score: (mean, spread) of the scores of joints that are found.
        weak_share: Elbows, knees, wrists and ankles whose score is weakened much.
        min_joints: A person with fewer joints in a view is not detected there.
        outlier_spread: How far outliers are off, in sizes of the body, one standard deviation
            along each axis.
        joint_bias: 17 times (right, down): what the detector adds to a joint along the image's
            axes, in sizes of the body. Empty is none.
        whole_swap_share: People all of whose left and right joints are exchanged.
        border_share: Joints lost among those within 0.06 sizes of the body from the edge of the
            image, of people whom the edge cuts or touches.
        cut_person_share: People lost among those of whom the image holds less than 0.6 of the
            joints.
        duplicate_share: People found twice; the second time with jitter of its own, fewer
            joints and lower scores.
        split_share: People found as two, head to wrists and hips to ankles.
        joint_score: 17 times (mean, spread), instead of ``score``. Empty is ``score``.
        score_error: How the error goes with the score: a joint whose score is z spreads above
            the mean has ``exp(-score_error * z)`` times the jitter of one at the mean. The root
            mean square stays ``jitter``.

    Raises:
        InputError: A share is outside 0 to 1, another number is negative, or there are not 17
            where there must be.
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

    def __post_init__(self) -> None:
        shapes: dict[str, tuple[tuple[int, ...], ...]] = {'score': ((2,),)}
        shapes.update(dict.fromkeys(_PER_JOINT, ((), (17,))))
        shapes.update(dict.fromkeys(_PER_JOINT_PAIRS, ((0,), (17, 2))))
        for field in dataclasses.fields(self):
            name, value = field.name, getattr(self, field.name)
            try:
                values = np.asarray(value, dtype=float)
            except (TypeError, ValueError, OverflowError):
                values = np.full(1, np.nan)
            if not np.isfinite(values).all():
                raise _unfit(name, value, 'not-finite', f'{value!r}; expected finite numbers')
            if values.shape not in shapes.get(name, ((),)):
                wanted = _EXPECTED.get(name, 'a number')
                raise _unfit(name, value, 'wrong-shape', f'{value!r}; expected {wanted}')
            if name.endswith('_share') and not (0 <= values.min() and values.max() <= 1):
                raise _unfit(name, value, 'out-of-range', f'{value}; a share is between 0 and 1')
            if name != 'joint_bias' and values.min(initial=0) < 0:
                raise _unfit(name, value, 'out-of-range', f'{value}; it cannot be negative')

    @classmethod
    def none(cls) -> DetectorNoise:
        """A detector that finds every joint inside the image, exactly, with score 1."""
        perfect: dict[str, Any] = {
            f.name: 0.0 for f in dataclasses.fields(cls) if f.type in ('float', 'PerJoint')
        }
        del perfect['outlier_spread']  # says how far, not how often
        perfect.update(score=(1.0, 0.0), min_joints=1)
        return cls(**perfect)

    @classmethod
    def read(cls, name_or_path: str | os.PathLike) -> DetectorNoise:
        """The faults of a shipped profile, or of a file that ``mmpose-ours fit-noise`` wrote.

        Args:
            name_or_path: A name of :func:`mmpose_ours.synthetic.noise_profiles.profile_names`, or a
                path.

        Raises:
            FileFormatError: The file is no such file, or its faults cannot be.
            FileNotFoundError: Neither a profile nor a file has that name.
        """
        path, faults = read_profile(name_or_path)
        try:
            return cls(**faults)
        except InputError as error:
            raise error.reworded(
                FileFormatError,
                f'{path}: faults: {error}; write it again with `mmpose-ours fit-noise`',
                file=path,
            ) from error

    def detect(self, scene: Scene, rig: CameraRig, rng: np.random.Generator) -> np.ndarray:
        """Detect a scene's people in every view.

        Args:
            scene: P people.
            rig: V cameras.
            rng: Source of randomness.

        Returns:
            (V, P', 17, 3) float32 ``u, v, score`` in pixels; a score of 0 means not found
            (its pixel is then 0). Rows of a view are in random order, so that a row means
            nothing across views; P' is the largest count over the views.
        """
        return self.detect_many(Crowd.of([scene]), rig, [rng])[0]

    def detect_many(
        self, crowd: Crowd, rig: CameraRig, rngs: Sequence[np.random.Generator]
    ) -> list[np.ndarray]:
        """Detect the people of S scenes; as :meth:`detect` of each, much faster.

        Args:
            crowd: S scenes.
            rig: V cameras.
            rngs: A source of randomness per scene.

        Returns:
            One array per scene, as :meth:`detect` returns it.
        """
        draws = Draws(rngs)
        uv, found = seen_joints(crowd, rig)
        box = joint_box(uv, found)
        kept = self._kept_share(crowd, rig, uv, found, box)
        # What follows has people first, as they draw, and pixels in single precision.
        uv = np.ascontiguousarray(np.where(found, uv, 0.0).transpose(0, 3, 2, 1), np.float32)
        kept, size_px = (np.ascontiguousarray(a.T, np.float32) for a in (kept, longer_side(box)))
        found = np.ascontiguousarray(found.T)
        person_lost_share = np.array(self.missed_person_share)
        if self.cut_person_share:
            cut = self.cut_person_share * is_cut(crowd, found).T
            person_lost_share = 1 - (1 - person_lost_share) * (1 - cut)
        # Per person and view: a fate for the whole person; per joint: one of its own.
        lower_lost, person_lost, swap, limb, order = np.moveaxis(
            draws.uniform(crowd.counts, 5, len(rig)), 1, 0
        )
        joints = crowd.counts, 3, len(rig), 17
        lost, wild, weak = np.moveaxis(draws.uniform(*joints, dtype=np.float32), 1, 0)
        *noise, score = np.moveaxis(draws.normal(*joints, dtype=np.float32), 1, 0)
        person_score = draws.normal(crowd.counts, len(rig), dtype=np.float32)

        found &= lost < kept
        found[..., _LOWER_BODY] &= (lower_lost >= self.lower_body_share)[..., None]
        found &= (person_lost >= person_lost_share)[..., None]

        score = score + person_score[..., None] / 2
        uv += noise * self._spread_px(wild, size_px, score)
        if len(self.joint_bias):
            uv += np.array(self.joint_bias, np.float32).T[:, None, None] * size_px[..., None]
        person, view = np.nonzero(swap < self.swap_share)
        source = _SWAPS[choose(limb[person, view], len(_SWAPS))]
        exchange(uv, found, person, view, source)
        if self.whole_swap_share:  # drawn at the other end, so that nobody is swapped twice
            person, view = np.nonzero(swap >= 1 - self.whole_swap_share)
            exchange(uv, found, person, view, np.tile(_WHOLE_SWAP, (len(person), 1)))

        score = self._scores(score, weak < self.weak_share)
        keypoints = np.moveaxis(np.where(found, [*uv, score], 0.0), 0, -1)
        extra = []
        if self.duplicate_share or self.split_share:
            extra = [self._found_twice(keypoints, size_px, crowd, draws)]
        real, views, order = with_enough_joints(
            self.min_joints, (keypoints, crowd.scene, order), *extra
        )
        false_positives, false_positive_views, false_positive_order = false_positives_of(
            real, views, rig, draws, self.false_positive_rate, self.min_joints
        )
        return arranged(
            np.concatenate([real, false_positives]),
            np.concatenate([views, false_positive_views]),
            np.concatenate([order, false_positive_order]),
            (crowd.scenes, len(rig)),
        )

    def _kept_share(
        self,
        crowd: Crowd,
        rig: CameraRig,
        uv: np.ndarray,
        found: np.ndarray,
        box: tuple[np.ndarray, np.ndarray],
    ) -> np.ndarray:
        """(17, V, N) probability that a joint survives what hides or loses it."""
        lost = np.broadcast_to(np.asarray(self.missed_joint_share, float), 17)
        kept = np.empty(found.shape)
        kept[:] = (1 - lost)[:, None, None]
        if self.occluded_share:
            kept *= 1 - self.occluded_share * covered(crowd, rig, uv, found, box)
        if self.far_face_share:
            kept[FACE] *= 1 - self.far_face_share * far_side_of_head(crowd, rig)
        if self.border_share:
            kept *= 1 - self.border_share * at_border(rig, uv, box)
        return kept

    def _spread_px(self, wild: np.ndarray, size_px: np.ndarray, score: np.ndarray) -> np.ndarray:
        """(N, V, 17) spread of a joint's pixel, along each axis, from draws of outliers."""
        jitter = np.asarray(self.jitter, np.float32) * COCO_SIGMAS * 0.5
        outlier = np.hypot(jitter, self.outlier_spread)
        if self.score_error:
            jitter = jitter * error_factor(self.score_error, score / _SCORE_SPREAD)
        return np.where(wild < self.outlier_share, outlier, jitter) * size_px[..., None]

    def _scores(self, score: np.ndarray, weak: np.ndarray) -> np.ndarray:
        """(N, V, 17) scores from normals of joints and people, and who is weakened."""
        by_joint = self.joint_score if len(self.joint_score) else self.score
        mean, spread = np.array(by_joint, np.float32).T
        score = mean + spread * score
        score *= np.where(weak, _WEAKENED, 1.0)
        return np.clip(score, np.where(spread > 0, np.float32(0.05), np.float32(0)), 1.0)

    def _found_twice(
        self, keypoints: np.ndarray, size_px: np.ndarray, crowd: Crowd, draws: Draws
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Find some people again, and take others apart.

        Args:
            keypoints: (N, V, 17, 3); who is taken apart keeps the upper half here.
            size_px: (N, V).
            crowd: N people.
            draws: Of S scenes.

        Returns:
            Who is added, as :func:`_enough` takes it.
        """
        twice, apart, order, strength = np.moveaxis(
            draws.uniform(crowd.counts, 4, keypoints.shape[1]), 1, 0
        )
        again = np.nonzero(twice < self.duplicate_share)
        count = np.bincount(crowd.scene[again[0]], minlength=crowd.scenes)
        lost, *noise = np.moveaxis(draws.normal(count, 3, 17, dtype=np.float32), 1, 0)
        spread_px = self._spread_px(np.ones(17), size_px[again], np.zeros(17))
        shift_px = np.stack(noise, -1) * spread_px[..., None]
        extra = np.zeros_like(keypoints)
        extra[again] = duplicates_of(keypoints[again], shift_px, lost, strength[again])
        split = apart < self.split_share
        keypoints[split], extra[split] = split_detections_of(keypoints[split])
        return extra, crowd.scene, order


def is_cut(crowd: Crowd, inside: np.ndarray) -> np.ndarray:
    """(V, N) bool, who is cut by the edge of the image, from joints (N, V, 17) inside it."""
    known = np.count_nonzero(crowd.visible, axis=-1)
    return np.count_nonzero(inside, axis=-1).T < _WHOLE_FROM * known


def error_factor(score_error: float, z: np.ndarray) -> np.ndarray:
    """How many times its usual jitter a joint has whose score is z spreads above the mean.

    Its mean square over normal scores is 1.
    """
    z = np.clip(z, -_MOST_SPREADS, _MOST_SPREADS)
    return np.exp(-score_error * z - score_error**2)
