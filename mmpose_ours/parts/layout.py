"""Which joints of a skeleton belong to which part, and the segments that hold a part together."""

from __future__ import annotations

import dataclasses
import functools
from typing import NamedTuple

import numpy as np

from mmpose_ours.kernels.segments import filled
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17
from mmpose_ours.structures.whole_body import FACE_WITH_PUPILS, SIDES, hand, hand_limbs

_FEET = ('heel', 'big_toe', 'small_toe', 'foot_index', 'foot')
# BlazePose's three fingers, and joints of depth cameras.
_COARSE_HANDS = ('pinky', 'index', 'thumb', 'hand', 'hand_tip')
_FACE = (
    *FACE_WITH_PUPILS, 'left_eye_inner', 'left_eye_outer', 'right_eye_inner', 'right_eye_outer',
    'mouth_left', 'mouth_right',
)  # fmt: skip
_TRUNK = ('nose', 'left_shoulder', 'right_shoulder', 'left_hip', 'right_hip')
_HEAD = ('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear')


class Kind(NamedTuple):
    """What is known of a kind of joints.

    Args:
        std_mm: Standard deviation of a detected joint across its ray. COCO's annotation noise,
            ``0.2 * 1700 mm * sigma``, with the mean sigma of COCO-WholeBody for the part, as the
            body prior takes it for the body, and at least 6 mm.
        reach_mm: A joint that is farther than this from the nearest anchor is none of the part.
        least_share: Share of a part's joints, seen by two views or more, on which these must
            agree; otherwise what one of them shows is something else.
        segment_spread: Standard deviation of a segment's length around what the size of its part
            makes it, as a share.
    """

    std_mm: float
    reach_mm: float
    least_share: float
    segment_spread: float = 0.0


KINDS = {
    # Detectors place heels and toes inside or outside of shoes as they were taught.
    'foot': Kind(22.0, 350.0, 0.0, 0.30),
    'hand': Kind(9.0, 300.0, 0.5, 0.10),
    'face': Kind(6.0, 350.0, 0.5),
    'trunk': Kind(27.0, 700.0, 0.0),
}


class Segment(NamedTuple):
    """Two joints whose distance is a person's own.

    Args:
        first: Name of a joint of the part, or of its anchor.
        second: Name of a joint of the part.
        stature: Usual length as a share of the stature; None where nobody has measured it.
    """

    first: str
    second: str
    stature: float | None

    @property
    def both_sides(self) -> tuple[str, str]:
        """The names without their side: what left and right have in common."""
        return _without_side(self.first), _without_side(self.second)


@dataclasses.dataclass(frozen=True)
class Part:
    """Joints that are seen together.

    Args:
        name: Such as ``left_hand``.
        kind: Key of :data:`KINDS`.
        joints: Names of its joints, all in the skeleton.
        anchors: Names of the body's joints that it hangs on.
        segments: Between its joints, and from an anchor.
    """

    name: str
    kind: str
    joints: tuple[str, ...]
    anchors: tuple[str, ...]
    segments: tuple[Segment, ...] = ()

    @functools.cached_property
    def joints_without_side(self) -> tuple[str, ...]:
        """What a left part and a right one have in common."""
        return tuple(_without_side(joint) for joint in self.joints)

    @functools.cached_property
    def segments_without_side(self) -> tuple[tuple[str, str], ...]:
        """The ends of its segments, as left and right have them."""
        return tuple(segment.both_sides for segment in self.segments)

    @functools.cached_property
    def segment_ends(self) -> np.ndarray:
        """(S, 2) the ends of its segments among its joints; the anchor is behind the last."""
        place = {joint: index for index, joint in enumerate(self.joints)}
        behind = len(place)
        ends = [[place.get(end, behind) for end in (s.first, s.second)] for s in self.segments]
        return np.array(ends, int).reshape(-1, 2)

    @functools.cached_property
    def filled(self) -> np.ndarray:
        """(J, J) of :func:`mmpose_ours.kernels.segments.filled`."""
        return filled(self.segment_ends, len(self.joints))

    def path_to(self, joint: str) -> tuple[Segment, ...]:
        """The shortest chain of segments from an anchor to a joint; empty where there is none."""
        paths: dict[str, tuple[Segment, ...]] = {anchor: () for anchor in self.anchors}
        if self.root is not None:
            paths[self.root] = ()
        border = list(paths)
        while border:
            end = border.pop(0)
            for segment in self.segments:
                for here, there in (segment[:2], segment[1::-1]):
                    if here == end and there not in paths:
                        paths[there] = (*paths[end], segment)
                        border.append(there)
        return paths.get(joint, ())

    @property
    def root(self) -> str | None:
        """The joint that is the anchor under another name: a hand's root is the wrist."""
        return next((joint for joint in self.joints if joint.endswith('_hand_root')), None)


@functools.lru_cache(maxsize=32)
def parts_of(skeleton: Skeleton, body: Skeleton = COCO17) -> tuple[Part, ...]:
    """The parts of a skeleton, without the joints of the body and without empty ones.

    Args:
        skeleton: The joints.
        body: Those of them that are in no part.

    Examples:
        >>> from mmpose_ours.structures.skeletons import SKELETONS
        >>> [part.name for part in parts_of(SKELETONS['halpe26'])]
        ['left_foot', 'right_foot', 'trunk']
    """
    left = [joint for joint in skeleton.joints if joint not in body.joints]
    parts = []

    def take(name: str, kind: str, joints: tuple[str, ...], anchors: tuple[str, ...]) -> None:
        found = tuple(joint for joint in left if joint in joints)
        if found:
            segments = tuple(
                segment
                for segment in _SEGMENTS.get(name, ())
                if {segment.first, segment.second} <= {*found, *anchors}
            )
            parts.append(Part(name, kind, found, anchors, segments))
            left[:] = [joint for joint in left if joint not in found]

    for side in SIDES:
        foot = tuple(f'{side}_{joint}' for joint in _FEET)
        take(f'{side}_foot', 'foot', foot, (f'{side}_ankle',))
    for side in SIDES:
        coarse = tuple(f'{side}_{joint}' for joint in _COARSE_HANDS)
        take(f'{side}_hand', 'hand', hand(side) + coarse, (f'{side}_wrist',))
    take('face', 'face', _FACE, _HEAD)
    take('trunk', 'trunk', tuple(left), _TRUNK)
    return tuple(parts)


def _without_side(name: str) -> str:
    for side in SIDES:
        if name.startswith(f'{side}_'):
            return name[len(side) + 1 :]
    return name


# mm in an adult hand: wrist to knuckle (carpus and metacarpal), and the phalanges; the last one
# with the soft tissue of the tip. The thumb begins at its own metacarpal.
# Source: Buryanov and Kotiuk, "Proportions of Hand Segments", Int. J. Morphol. 28(3), 2010.
HAND_MM = {
    'thumb': (30.0, 46.2, 31.6, 25.5),
    'forefinger': (91.0, 39.8, 22.4, 19.7),
    'middle_finger': (87.0, 44.6, 26.3, 21.4),
    'ring_finger': (81.0, 41.4, 25.7, 21.3),
    'pinky_finger': (76.0, 32.7, 18.1, 19.9),
}
_ADULT_MM = 1700.0
# Shares of the stature. Source: Drillis and Contini, "Body Segment Parameters", 1966: length of
# the foot 0.152, height of the ankle 0.039; the joints lie inside of the foot's outline.
_FOOT = (
    ('ankle', 'heel', 0.045), ('ankle', 'big_toe', 0.115), ('ankle', 'small_toe', 0.105),
    ('heel', 'big_toe', 0.135), ('heel', 'small_toe', 0.120), ('big_toe', 'small_toe', 0.045),
    ('ankle', 'foot_index', 0.115), ('heel', 'foot_index', 0.135),
)  # fmt: skip


def _segments() -> dict[str, tuple[Segment, ...]]:
    segments = {}
    for side in SIDES:
        segments[f'{side}_foot'] = tuple(
            Segment(f'{side}_{first}', f'{side}_{second}', share) for first, second, share in _FOOT
        )
        bones = []
        for first, second in hand_limbs(side):
            finger, number = second[len(side) + 1 : -1], int(second[-1])
            bones.append(Segment(first, second, HAND_MM[finger][number - 1] / _ADULT_MM))
        # The palm is stiff: its knuckles keep their distances too.
        knuckles = [f'{side}_{finger}1' for finger in tuple(HAND_MM)[1:]]
        palm = [Segment(a, b, 22.0 / _ADULT_MM) for a, b in zip(knuckles, knuckles[1:])]
        coarse = [Segment(f'{side}_wrist', f'{side}_{joint}', None) for joint in _COARSE_HANDS]
        segments[f'{side}_hand'] = (*bones, *palm, *coarse)
    return segments


_SEGMENTS = _segments()


@functools.lru_cache(maxsize=32)
def whole_skeleton(detected: Skeleton, body: Skeleton = COCO17) -> Skeleton:
    """The skeleton of a result: the detector's, with the body's joints where it lacks some.

    The body itself where the detector has no joint beyond.
    """
    if not parts_of(detected, body):
        return body
    missing = tuple(joint for joint in body.joints if joint not in detected.joints)
    if not missing:
        return detected
    limbs = tuple(limb for limb in body.limbs if set(limb) & set(missing))
    pairs = detected.pairs
    if pairs is not None:
        known = {joint for pair in pairs for joint in pair}
        lefts = [j for j in body.joints if j.startswith('left_') and j not in known]
        pairs += tuple((joint, f'right_{joint[5:]}') for joint in lefts)
    return Skeleton(
        f'{detected.name}_{body.name}', detected.joints + missing, detected.limbs + limbs,
        detected.root, pairs,
    )  # fmt: skip
