"""Skeletons by name, and the one table of maps between them.

Code elsewhere asks for joints by name; indices live only here.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Dict, Tuple, Union

import numpy as np

Weight = Union[float, Tuple[float, float, float]]
# How one target joint is mixed from source joints: a factor each, or one per world axis.
Recipe = Dict[str, Weight]


@dataclasses.dataclass(frozen=True)
class Skeleton:
    """A named, ordered list of body joints.

    Args:
        name: The set's name, a key of :data:`SKELETONS`.
        joints: Joint names, ``left_``/``right_`` first.
        limbs: Pairs of joint names that a drawing connects.
        root: Joints whose mean is the person's place (the middle of the hips).
    """

    name: str
    joints: tuple[str, ...]
    limbs: tuple[tuple[str, str], ...]
    root: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.joints)

    def index(self, *names: str) -> list[int]:
        """Positions of the named joints.

        Raises:
            ValueError: The set has no such joint.
        """
        missing = [name for name in names if name not in self.joints]
        if missing:
            raise ValueError(f'{self.name} has no joint {", ".join(missing)}')
        return [self.joints.index(name) for name in names]

    @functools.cached_property
    def flip_order(self) -> list[int]:
        """Permutation that exchanges left and right."""
        swap = {'left': 'right', 'right': 'left'}

        def mirrored(joint: str) -> str:
            side, _, rest = joint.partition('_')
            return f'{swap[side]}_{rest}' if side in swap else joint

        return self.index(*(mirrored(joint) for joint in self.joints))

    @functools.cached_property
    def limb_indices(self) -> np.ndarray:
        """(L, 2) index pairs of ``limbs``."""
        return np.array([self.index(*limb) for limb in self.limbs])

    def root_of(self, poses: np.ndarray) -> np.ndarray:
        """Mean of the root joints: (..., J, D) to (..., D)."""
        return np.asarray(poses)[..., self.index(*self.root), :].mean(-2)


def _sides(*names: str) -> tuple[str, ...]:
    """COCO's order: left before right for each name."""
    return tuple(f'{side}_{name}' for name in names for side in ('left', 'right'))


def _mirrored(*pairs: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((f'{s}_{a}', f'{s}_{b}') for a, b in pairs for s in ('left', 'right'))


_ARMS_LEGS = _mirrored(
    ('ankle', 'knee'), ('knee', 'hip'), ('wrist', 'elbow'), ('elbow', 'shoulder')
)
_HIPS = ('left_hip', 'right_hip')
_TRUNK = (_HIPS, ('left_shoulder', 'right_shoulder')) + _mirrored(('hip', 'shoulder'))
_FACE = _mirrored(('eye', 'ear')) + tuple(('nose', eye) for eye in _sides('eye'))
_NECK_TRUNK = _mirrored(('hip', 'shoulder')) + (
    ('neck', 'mid_hip'), ('neck', 'nose'), ('neck', 'left_shoulder'), ('neck', 'right_shoulder'),
    ('mid_hip', 'left_hip'), ('mid_hip', 'right_hip'),
)  # fmt: skip
_PANOPTIC15 = (
    'neck', 'nose', 'mid_hip',
    'left_shoulder', 'left_elbow', 'left_wrist', 'left_hip', 'left_knee', 'left_ankle',
    'right_shoulder', 'right_elbow', 'right_wrist', 'right_hip', 'right_knee', 'right_ankle',
)  # fmt: skip

SKELETONS: dict[str, Skeleton] = {
    skeleton.name: skeleton
    for skeleton in (
        Skeleton(
            'coco17',
            ('nose', *_sides('eye', 'ear', 'shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle')),
            _ARMS_LEGS + _TRUNK + _FACE,
            _HIPS,
        ),
        Skeleton(
            'campus14',
            (
                'right_ankle', 'right_knee', 'right_hip', 'left_hip', 'left_knee', 'left_ankle',
                'right_wrist', 'right_elbow', 'right_shoulder',
                'left_shoulder', 'left_elbow', 'left_wrist', 'bottom_head', 'top_head',
            ),
            _ARMS_LEGS + _TRUNK + (('bottom_head', 'top_head'),),
            _HIPS,
        ),
        Skeleton('panoptic15', _PANOPTIC15, _ARMS_LEGS + _NECK_TRUNK, ('mid_hip',)),
        Skeleton(
            'panoptic19',
            (*_PANOPTIC15, 'left_eye', 'left_ear', 'right_eye', 'right_ear'),
            _ARMS_LEGS + _NECK_TRUNK + _FACE,
            ('mid_hip',),
        ),
        Skeleton(
            'body25',
            (
                'nose', 'neck', 'right_shoulder', 'right_elbow', 'right_wrist',
                'left_shoulder', 'left_elbow', 'left_wrist', 'mid_hip',
                'right_hip', 'right_knee', 'right_ankle', 'left_hip', 'left_knee', 'left_ankle',
                'right_eye', 'left_eye', 'right_ear', 'left_ear',
                'left_big_toe', 'left_small_toe', 'left_heel',
                'right_big_toe', 'right_small_toe', 'right_heel',
            ),
            _ARMS_LEGS + _NECK_TRUNK + _FACE + _mirrored(('ankle', 'heel'), ('ankle', 'big_toe')),
            ('mid_hip',),
        ),
        # OpenPose's COCO model.
        Skeleton(
            'coco18',
            (
                'nose', 'neck', 'right_shoulder', 'right_elbow', 'right_wrist',
                'left_shoulder', 'left_elbow', 'left_wrist',
                'right_hip', 'right_knee', 'right_ankle', 'left_hip', 'left_knee', 'left_ankle',
                'right_eye', 'left_eye', 'right_ear', 'left_ear',
            ),
            _ARMS_LEGS + _TRUNK + _FACE + (('neck', 'nose'),),
            _HIPS,
        ),
        # COCO-17 first, then Halpe's own; AlphaPose and RTMPose know it.
        Skeleton(
            'halpe26',
            (
                'nose',
                *_sides('eye', 'ear', 'shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle'),
                'head', 'neck', 'mid_hip', *_sides('big_toe', 'small_toe', 'heel'),
            ),
            _ARMS_LEGS + _NECK_TRUNK + _FACE + _mirrored(('ankle', 'heel'), ('ankle', 'big_toe'))
            + (('head', 'neck'),),
            ('mid_hip',),
        ),
    )
}  # fmt: skip

# Joints that can be mixed from others wherever a set lacks them.
_DERIVED: dict[str, Recipe] = {
    'mid_hip': {'left_hip': 0.5, 'right_hip': 0.5},
    'neck': {'left_shoulder': 0.5, 'right_shoulder': 0.5},
}


def _nose_head(bottom: Weight, top: Weight) -> dict[str, Recipe]:
    """Head joints M + (N - M) * factor, M the mid-shoulder and N the nose, per axis."""

    def recipe(factor):
        factor = np.broadcast_to(np.asarray(factor, dtype=float), (3,))
        shoulder = tuple((1 - factor) / 2)
        return {'nose': tuple(factor), 'left_shoulder': shoulder, 'right_shoulder': shoulder}

    return {'bottom_head': recipe(bottom), 'top_head': recipe(top)}


# VoxelPose's Campus head: between mid-shoulder and mid-ear, and as far again above.
_EAR_HEAD: dict[str, Recipe] = {
    'bottom_head': dict.fromkeys(_sides('shoulder', 'ear'), 0.25),
    'top_head': {**dict.fromkeys(_sides('ear'), 0.75), **dict.fromkeys(_sides('shoulder'), -0.25)},
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


def joint_map(source: str, target: str, head: str = 'voxelpose_campus') -> np.ndarray:
    """The linear map that makes one skeleton from another.

    Args:
        source: Name of the skeleton at hand.
        target: Name of the skeleton wanted.
        head: Recipe for Campus/Shelf's head joints, a key of :data:`HEAD_RECIPES`.

    Returns:
        (3, T, S): per world axis, how much each source joint adds to each target joint.
        A row of zeros means that the source cannot make that joint.

    Raises:
        ValueError: A name is unknown; lists those that are.
    """
    for name, known in ((source, SKELETONS), (target, SKELETONS), (head, HEAD_RECIPES)):
        if name not in known:
            raise ValueError(f'unknown {name!r}; known: {", ".join(known)}')
    available = SKELETONS[source]
    recipes: dict[str, Recipe] = {
        **_DERIVED,
        **HEAD_RECIPES[head],
        **{joint: {joint: 1.0} for joint in available.joints},
    }
    matrix = np.zeros((3, len(SKELETONS[target]), len(available)))
    for row, joint in enumerate(SKELETONS[target].joints):
        recipe = recipes.get(joint, {})
        if all(part in available.joints for part in recipe):
            for part, weight in recipe.items():
                matrix[:, row, available.joints.index(part)] = weight
    return matrix


def convert_joints(
    points: np.ndarray, source: str, target: str, head: str = 'voxelpose_campus'
) -> np.ndarray:
    """Convert points from one skeleton to another.

    Args:
        points: (..., S, D) with D at most 3: joints of ``source``; NaN where missing.
        source: Name of the skeleton at hand.
        target: Name of the skeleton wanted.
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
