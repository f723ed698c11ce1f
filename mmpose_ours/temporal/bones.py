"""Bones of a skeleton, how its joints move, and the components that are solved together.

A *bone* is a pair of joints whose distance is a person's own. Left and right bones of one name
share one length. Bones of arms and legs are rigid; the distances of the joints of pelvis, head,
feet and fingers, as detectors place them, vary by some per cent.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from typing import NamedTuple

import numpy as np

from mmpose_ours.parts.layout import parts_of
from mmpose_ours.structures.joint_maps import has_human_body
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17
from mmpose_ours.structures.whole_body import SIDES

# Share of the stature. Source: Drillis and Contini, "Body Segment Parameters", 1966.
_LIMBS = (('shoulder', 'elbow', 0.186), ('elbow', 'wrist', 0.146),
          ('hip', 'knee', 0.245), ('knee', 'ankle', 0.246))  # fmt: skip
_HEAD = ('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear')
ADULT_MM = 1700.0
# Standard deviation, as a share, of the length of a bone around its usual share of the stature,
# that of the stature of people included.
PRIOR_SPREAD = 0.12
# Standard deviation of a length within a recording, as a share: of rigid bones, and of others.
RIGID, LOOSE = 0.001, 0.05
# Standard deviation of the acceleration of a joint at rest along each axis, m/s^2.
_ACCELERATIONS = {'wrist': 2.5, 'ankle': 2.0, 'elbow': 1.8, 'knee': 1.5}
_OF_PARTS = {'hand': 3.0, 'foot': 2.0, 'face': 1.5, 'trunk': 1.2}
_TRUNK_M_S2 = 1.2


class Bone(NamedTuple):
    """A pair of joints that keep their distance.

    Args:
        first: Index of a joint.
        second: Index of the other one.
        group: Bones of the same group have the same length: left and right.
        spread: Standard deviation of its length over time, as a share.
        usual_mm: Length in an adult; None where nobody has measured it.
    """

    first: int
    second: int
    group: int
    spread: float
    usual_mm: float | None


@dataclasses.dataclass(frozen=True)
class Anatomy:
    """What is known of the motion of a skeleton before anything is seen.

    Args:
        skeleton: J joints.
        bones: Pairs that keep their distance.
        components: Joints by component; no bone joins joints of two of them.
        acceleration_m_s2: (J,) standard deviation of the acceleration at rest along each axis.
        ray_std_mm: (J,) standard deviation of a detected joint across its ray.
    """

    skeleton: Skeleton
    bones: tuple[Bone, ...]
    components: tuple[tuple[int, ...], ...]
    acceleration_m_s2: np.ndarray
    ray_std_mm: np.ndarray

    @property
    def groups(self) -> int:
        """Number of different lengths."""
        return 1 + max((bone.group for bone in self.bones), default=-1)

    @functools.cached_property
    def group_names(self) -> tuple[str, ...]:
        """Per length the names of its joints, without their side where left and right share it."""
        names: dict[int, str] = {}
        for bone in self.bones:
            ends = (self.skeleton.joints[bone.first], self.skeleton.joints[bone.second])
            names.setdefault(bone.group, '-'.join(_key(*ends)))
        return tuple(names[group] for group in range(self.groups))


def _key(first: str, second: str) -> tuple[str, str]:
    """What a left bone and a right one have in common."""
    for side in SIDES:
        prefix = f'{side}_'
        if first.startswith(prefix) and second.startswith(prefix):
            return first[len(prefix) :], second[len(prefix) :]
    bare = [name.split('_', 1)[-1] if name.startswith(('left_', 'right_')) else name
            for name in (first, second)]  # fmt: skip
    # Across the middle (left eye to right ear), or from a joint in the middle (nose).
    crossing = all(name != plain for name, plain in zip((first, second), bare))
    return (f'{bare[0]}', f'opposite_{bare[1]}') if crossing else (bare[0], bare[1])


@functools.lru_cache(maxsize=32)
def anatomy_of(skeleton: Skeleton) -> Anatomy:
    """The bones of a skeleton of people; animals and objects have none.

    Examples:
        >>> anatomy = anatomy_of(COCO17)
        >>> anatomy.group_names[:4]
        ('shoulder-elbow', 'elbow-wrist', 'hip-knee', 'knee-ankle')
        >>> [len(component) for component in anatomy.components]
        [5, 3, 3, 6]
    """
    count = len(skeleton)
    acceleration = np.full(count, _TRUNK_M_S2)
    ray_std = np.full(count, 20.0)
    bones: list[Bone] = []
    if has_human_body(skeleton):
        place = {joint: index for index, joint in enumerate(skeleton.joints)}
        groups: dict[tuple[str, str], int] = {}
        pairs: list[tuple[str, str, float, float | None]] = [
            (f'{side}_{a}', f'{side}_{b}', RIGID, share * ADULT_MM)
            for a, b, share in _LIMBS
            for side in SIDES
        ]
        pairs.append(('left_hip', 'right_hip', LOOSE, None))
        pairs += [(a, b, LOOSE, None) for a, b in itertools.combinations(_HEAD, 2)]
        for part in parts_of(skeleton):
            joints = skeleton.index(*part.joints)
            acceleration[joints] = _OF_PARTS[part.kind]
            ray_std[joints] = {'foot': 22.0, 'hand': 9.0, 'face': 6.0, 'trunk': 27.0}[part.kind]
            for segment in part.segments:
                if 'hand_root' in segment.first or segment.stature is None:
                    continue  # a finger is a component of its own
                usual = segment.stature * ADULT_MM
                pairs.append((segment.first, segment.second, LOOSE, usual))
        for a, b, spread, length in pairs:
            if a in place and b in place:
                group = groups.setdefault(_key(a, b), len(groups))
                bones.append(Bone(place[a], place[b], group, spread, length))
        for joint, index in place.items():
            ending = joint.split('_')[-1]
            acceleration[index] = _ACCELERATIONS.get(ending, acceleration[index])
        sigmas = COCO17.sigmas or ()
        for joint, sigma in zip(COCO17.joints, sigmas):
            if joint in place:
                ray_std[place[joint]] = 0.2 * ADULT_MM * sigma
    return Anatomy(
        skeleton, tuple(bones), _components(count, bones), acceleration, np.maximum(ray_std, 6.0)
    )


def _components(count: int, bones: list[Bone]) -> tuple[tuple[int, ...], ...]:
    """Joints that bones join, directly or by others."""
    owner = list(range(count))
    for bone in bones:
        old, new = owner[bone.second], owner[bone.first]
        owner = [new if one == old else one for one in owner]
    found: dict[int, list[int]] = {}
    for joint, one in enumerate(owner):
        found.setdefault(one, []).append(joint)
    return tuple(tuple(joints) for joints in found.values())
