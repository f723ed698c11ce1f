"""Linear maps from one skeleton to another, by the names of their joints."""

from __future__ import annotations

import functools
import re
from typing import Dict, Tuple, Union

import numpy as np

from mmpose_ours.errors import InputError
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17, as_skeleton, sides

Weight = Union[float, Tuple[float, float, float]]
# How one target joint is mixed from source joints: a factor each, or one per world axis.
Recipe = Dict[str, Weight]

# Joints that can be mixed from others wherever a set lacks them.
_DERIVED: dict[str, Recipe] = {
    'mid_hip': {'left_hip': 0.5, 'right_hip': 0.5},
    'neck': {'left_shoulder': 0.5, 'right_shoulder': 0.5},
}


def _nose_head(bottom: Weight, top: Weight) -> dict[str, Recipe]:
    """Head joints M + (N - M) * factor, M the mid-shoulder and N the nose, per axis."""

    def recipe(factor: Weight) -> Recipe:
        factors = np.broadcast_to(np.asarray(factor, dtype=float), (3,))
        shoulder = tuple((1 - factors) / 2)
        return {'nose': tuple(factors), 'left_shoulder': shoulder, 'right_shoulder': shoulder}

    return {'bottom_head': recipe(bottom), 'top_head': recipe(top)}


# VoxelPose's Campus head: between mid-shoulder and mid-ear, and as far again above.
_EAR_HEAD: dict[str, Recipe] = {
    'bottom_head': dict.fromkeys(sides('shoulder', 'ear'), 0.25),
    'top_head': {**dict.fromkeys(sides('ear'), 0.75), **dict.fromkeys(sides('shoulder'), -0.25)},
}


def _blend(first: dict[str, Recipe], second: dict[str, Recipe], share: float) -> dict[str, Recipe]:
    """``share`` of the first recipe and the rest of the second, joint by joint."""

    def mixed(joint: str) -> Recipe:
        parts: Recipe = {}
        for recipe, factor in ((first[joint], share), (second[joint], 1 - share)):
            for part, weight in recipe.items():
                before = np.asarray(parts.get(part, 0.0))
                parts[part] = tuple(np.broadcast_to(before + factor * np.asarray(weight), (3,)))
        return parts

    return {joint: mixed(joint) for joint in first}


# Head joints of the Campus/Shelf annotation, which COCO lacks: published recipes by name.
HEAD_RECIPES: dict[str, dict[str, Recipe]] = {
    'voxelpose_campus': _EAR_HEAD,
    'voxelpose_shelf': _blend(_nose_head(0.5, (0.75, 0.75, 1.5)), _EAR_HEAD, share=0.75),
    'crossview': _nose_head((0.3, 0.4, 0.6), (0.78, 0.5, 1.5)),
}

# A human body has at least so many of COCO-17's joints, with both wrists or both ankles.
MIN_BODY_JOINTS = 6
# Words in the names of joints that people do not have.
_ANIMAL = {'tail', 'paw', 'hoof', 'wing', 'fin', 'beak'}


@functools.lru_cache(maxsize=128)
def joint_map(
    source: Skeleton | str, target: Skeleton | str, head: str = 'voxelpose_campus'
) -> np.ndarray:
    """The linear map that makes one skeleton from another.

    Args:
        source: The skeleton at hand, or its name.
        target: The skeleton wanted, or its name.
        head: Recipe for Campus/Shelf's head joints, a key of :data:`HEAD_RECIPES`.

    Returns:
        (3, T, S): per world axis, how much each source joint adds to each target joint.
        A row of zeros means that the source cannot make that joint.

    Raises:
        InputError: A name is unknown; lists those that are.
    """
    available, wanted = as_skeleton(source), as_skeleton(target)
    if head not in HEAD_RECIPES:
        raise InputError(
            f'unknown {head!r}; known: {", ".join(HEAD_RECIPES)}',
            code='unknown-name',
            found=head,
            expected=list(HEAD_RECIPES),
        )
    recipes: dict[str, Recipe] = {
        **_DERIVED,
        **HEAD_RECIPES[head],
        **{joint: {joint: 1.0} for joint in available.joints},
    }
    matrix = np.zeros((3, len(wanted), len(available)))
    for row, joint in enumerate(wanted.joints):
        recipe = recipes.get(joint, {})
        if set(recipe) <= set(available.joints):
            for part, weight in recipe.items():
                matrix[:, row, available.index(part)[0]] = weight
    matrix.flags.writeable = False  # it is kept for the next call
    return matrix


def has_human_body(skeleton: Skeleton) -> bool:
    """Whether models of people can work from the joints of a skeleton.

    It gives at least :data:`MIN_BODY_JOINTS` joints of COCO-17, among them both wrists or both
    ankles, and no joint is named after a tail, paw, hoof, wing, fin or beak: data sets of animals
    name shoulders, hips and knees as those of people do.

    Examples:
        >>> from mmpose_ours.structures.skeletons import SKELETONS
        >>> has_human_body(SKELETONS['body25']), has_human_body(Skeleton('box', tuple('abcdefgh')))
        (True, False)
    """
    given = np.flatnonzero(joint_map(skeleton, COCO17).any((0, 2)))
    joints = {COCO17.joints[index] for index in given}
    ends = any(set(sides(end)) <= joints for end in ('wrist', 'ankle'))
    words = {word for joint in skeleton.joints for word in re.findall('[a-z]+', joint.lower())}
    return len(joints) >= MIN_BODY_JOINTS and ends and not words & _ANIMAL


def convert_joints(
    points: np.ndarray,
    source: Skeleton | str,
    target: Skeleton | str,
    head: str = 'voxelpose_campus',
) -> np.ndarray:
    """Convert points from one skeleton to another.

    Args:
        points: (..., S, D) with D at most 3: joints of ``source``; NaN where missing.
        source: The skeleton at hand, or its name.
        target: The skeleton wanted, or its name.
        head: See :func:`joint_map`.

    Returns:
        (..., T, D); NaN where a joint that is needed is missing or the source has none.
    """
    points = np.asarray(points, dtype=np.float64)
    matrix = joint_map(source, target, head)[: points.shape[-1]]
    missing = np.isnan(points).any(-1)
    needed = (matrix != 0).any(0)  # (T, S)
    result = np.einsum('dts,...sd->...td', matrix, np.where(missing[..., None], 0.0, points))
    lost = (missing[..., None, :] & needed).any(-1) | ~needed.any(-1)
    return np.where(lost[..., None], np.nan, result)
