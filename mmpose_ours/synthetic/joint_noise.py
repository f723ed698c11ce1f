"""What the detector noise model knows of each joint of a skeleton, by the joint's name."""

from __future__ import annotations

import dataclasses
import functools
from typing import Sequence

import numpy as np

from mmpose_ours.errors import InputError
from mmpose_ours.parts.layout import parts_of
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17, SKELETONS, sides

# COCO's keypoint sigmas: one standard deviation of the annotation, per unit of object scale.
COCO_SIGMAS = np.array(
    [26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89], dtype=np.float32
) / 1000  # fmt: skip
# Of the joints of feet, hands and face, those of COCO-WholeBody.
_WHOLE_BODY = SKELETONS['coco_wholebody']
# Joints of the body that stand for joints of the trunk which COCO does not have.
_TRUNK = {'mid_hip': sides('hip'), 'head': sides('ear'), 'top_head': sides('ear')}
# Limbs of which left and right are swapped together; feet and hands go with ankles and wrists.
LIMB_SWAPS = {
    'legs': ('knee', 'ankle'),
    'arms': ('elbow', 'wrist'),
    'legs and hips': ('hip', 'knee', 'ankle'),
}
FACE = ('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear')


@functools.lru_cache(maxsize=128)
def body_joints_of(skeleton: Skeleton) -> tuple[tuple[str, ...], ...]:
    """For each joint of a skeleton the joints of COCO-17 that stand for it; itself if it is one."""
    anchors = {joint: part.anchors for part in parts_of(skeleton) for joint in part.joints}
    anchors.update({joint: _TRUNK.get(joint, sides('shoulder')) for joint in _trunk(skeleton)})
    return tuple(
        (joint,) if joint in COCO17.joints else anchors[joint] for joint in skeleton.joints
    )


def check_joints(skeleton: Skeleton) -> None:
    """Check that the detector noise model can have the joints of a skeleton.

    Raises:
        InputError: It lacks joints of COCO-17, or has some that nothing is known of.
    """
    missing = [joint for joint in COCO17.joints if joint not in skeleton.joints]
    if missing:
        raise InputError(
            f'the skeleton {skeleton.name} lacks {", ".join(missing)}; the detector noise model '
            'needs all joints of coco17',
            code='cannot-express',
            found=missing,
        )
    known = {*COCO17.joints, *(j for part in parts_of(skeleton) for j in part.joints)}
    unknown = [joint for joint in skeleton.joints if joint not in known]
    if unknown:
        raise InputError(
            f'the skeleton {skeleton.name} has {", ".join(unknown)}, of which the detector noise '
            'model knows nothing',
            code='cannot-express',
            found=unknown,
        )


def _trunk(skeleton: Skeleton) -> list[str]:
    return [j for part in parts_of(skeleton) if part.kind == 'trunk' for j in part.joints]


def of_other_joints(values: Sequence, source: Skeleton, target: Skeleton) -> np.ndarray:
    """A value per joint of one skeleton as values per joint of another one.

    A joint that the source lacks gets the mean of the joints of the body that stand for it: toes
    and heels that of the ankle.

    Args:
        values: (S, ...) for the joints of ``source``, which has the joints of COCO-17.
        source: The skeleton at hand.
        target: The skeleton wanted.

    Returns:
        (T, ...).

    Raises:
        InputError: The source lacks a joint that stands for one of the target.
    """
    rows = np.asarray(values, float)
    return np.stack(
        [
            rows[source.index(*((joint,) if joint in source.joints else instead))].mean(0)
            for joint, instead in zip(target.joints, body_joints_of(target))
        ]
    )


@dataclasses.dataclass(frozen=True, eq=False)
class JointNoise:
    """Properties of the J joints of a skeleton.

    Args:
        sigmas: (J,) float32, COCO's sigmas: the unit of the jitter. Joints of the trunk that COCO
            does not annotate have those of the joints that stand for them, the top of the head and
            the neck that of the shoulders.
        weak_score_factors: (J,) factors that multiply the score of a joint if it is drawn as weak.
        limb_swaps: (L, J) for each of :data:`LIMB_SWAPS`, the joint whose pixel each joint gets.
        whole_swap: (J,) the same if the whole person is swapped left and right.
        lower_body: Indices of knees, ankles and feet.
        below_waist: Indices of these and the hips.
        face: Indices of :data:`FACE`; empty if one of these is not in the skeleton.
    """

    sigmas: np.ndarray
    weak_score_factors: np.ndarray
    limb_swaps: np.ndarray
    whole_swap: np.ndarray
    lower_body: list[int]
    below_waist: list[int]
    face: list[int]

    @classmethod
    @functools.lru_cache(maxsize=32)
    def of(cls, skeleton: Skeleton) -> JointNoise:
        """The properties of a skeleton's joints."""
        flip_order = np.array(skeleton.flip_order)

        def places(*names: str) -> list[int]:
            stand_in = {f'{side}_{name}' for side in ('left', 'right') for name in names}
            bodies = body_joints_of(skeleton)
            return [index for index, joints in enumerate(bodies) if set(joints) <= stand_in]

        swaps = np.tile(np.arange(len(skeleton)), (len(LIMB_SWAPS), 1))
        for order, limb in zip(swaps, LIMB_SWAPS.values()):
            order[places(*limb)] = flip_order[places(*limb)]
        weak = np.ones(len(skeleton), dtype=np.float32)
        weak[places('elbow', 'knee')], weak[places('wrist', 'ankle')] = 0.5, 0.3
        face = skeleton.index(*FACE) if set(FACE) <= set(skeleton.joints) else []
        return cls(
            _sigmas(skeleton),
            weak,
            swaps,
            flip_order,
            places('knee', 'ankle'),
            places('hip', 'knee', 'ankle'),
            face,
        )


def _sigmas(skeleton: Skeleton) -> np.ndarray:
    assert _WHOLE_BODY.sigmas is not None
    known = dict(zip(_WHOLE_BODY.joints, _WHOLE_BODY.sigmas))
    known.update(zip(COCO17.joints, COCO_SIGMAS))
    head = {'head', 'top_head'}
    of_trunk = [sides('shoulder') if joint in head else () for joint in skeleton.joints]
    stand_ins = (first or rest for first, rest in zip(of_trunk, body_joints_of(skeleton)))
    return np.array(
        [
            known[joint] if joint in known else np.mean([known[name] for name in names])
            for joint, names in zip(skeleton.joints, stand_ins)
        ],
        dtype=np.float32,
    )
