"""The skeletons that this package knows, by name.

Code elsewhere asks for joints by name; indices live only here.
"""

from __future__ import annotations

import dataclasses
from typing import Iterator

from mmpose_ours.errors import InputError
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.whole_body import (
    FACE,
    FACE_LIMBS,
    FACE_PAIRS,
    FACE_SIGMAS,
    FACE_WITH_PUPILS,
    FOOT_SIGMAS,
    HAND_LIMBS,
    HAND_PAIRS,
    HAND_SIGMAS,
    HANDS,
    PUPIL_PAIRS,
    left_right_pairs,
)


def sides(*names: str) -> tuple[str, ...]:
    """COCO's order: left before right for each name."""
    return tuple(f'{side}_{name}' for name in names for side in ('left', 'right'))


def _mirrored(*pairs: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((f'{s}_{a}', f'{s}_{b}') for a, b in pairs for s in ('left', 'right'))


def _mirrored_names(*names: str) -> tuple[tuple[str, str], ...]:
    return tuple((f'left_{name}', f'right_{name}') for name in names)


_ARMS_LEGS = _mirrored(
    ('ankle', 'knee'), ('knee', 'hip'), ('wrist', 'elbow'), ('elbow', 'shoulder')
)
_HIPS = ('left_hip', 'right_hip')
_TRUNK = (_HIPS, ('left_shoulder', 'right_shoulder')) + _mirrored(('hip', 'shoulder'))
_HEAD = _mirrored(('eye', 'ear')) + tuple(('nose', eye) for eye in sides('eye'))
_NECK_TRUNK = _mirrored(('hip', 'shoulder')) + (
    ('neck', 'mid_hip'), ('neck', 'nose'), ('neck', 'left_shoulder'), ('neck', 'right_shoulder'),
    ('mid_hip', 'left_hip'), ('mid_hip', 'right_hip'),
)  # fmt: skip
_NECK_SHOULDERS = (('neck', 'left_shoulder'), ('neck', 'right_shoulder'))
_SPINE = (
    ('mid_hip', 'left_hip'), ('mid_hip', 'right_hip'), ('mid_hip', 'spine'), ('spine', 'thorax'),
)  # fmt: skip
_FEET = _mirrored(('ankle', 'heel'), ('ankle', 'big_toe'), ('big_toe', 'small_toe'))
_FEET_BY_SIDE = (
    'left_big_toe', 'left_small_toe', 'left_heel', 'right_big_toe', 'right_small_toe', 'right_heel',
)  # fmt: skip
_COCO17 = ('nose', *sides('eye', 'ear', 'shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle'))
_COCO_SIGMAS = (
    0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107,
    0.087, 0.087, 0.089, 0.089,
)  # fmt: skip
_PANOPTIC15 = (
    'neck', 'nose', 'mid_hip',
    'left_shoulder', 'left_elbow', 'left_wrist', 'left_hip', 'left_knee', 'left_ankle',
    'right_shoulder', 'right_elbow', 'right_wrist', 'right_hip', 'right_knee', 'right_ankle',
)  # fmt: skip

_BODIES = (
    Skeleton('coco17', _COCO17, _ARMS_LEGS + _TRUNK + _HEAD, _HIPS, sigmas=_COCO_SIGMAS),
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
        _ARMS_LEGS + _NECK_TRUNK + _HEAD,
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
        _ARMS_LEGS + _NECK_TRUNK + _HEAD + _FEET,
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
        _ARMS_LEGS + _TRUNK + _HEAD + (('neck', 'nose'),),
        _HIPS,
    ),
    # COCO-17 first, then Halpe's own; AlphaPose and RTMPose know it.
    Skeleton(
        'halpe26',
        (
            *_COCO17, 'head', 'neck', 'mid_hip', *sides('big_toe', 'small_toe', 'heel'),
        ),
        _ARMS_LEGS + _NECK_TRUNK + _HEAD + _FEET
        + (('head', 'neck'),),
        ('mid_hip',),
    ),
    # OpenPose's model of 2019: COCO-17 first, neck and head of MPII, feet.
    Skeleton(
        'body25b',
        (*_COCO17, 'upper_neck', 'head', *_FEET_BY_SIDE),
        _ARMS_LEGS + _TRUNK + _HEAD + _FEET + (('upper_neck', 'head'),),
        _HIPS,
    ),
    # Human3.6M as 2D and 3D models of MMPose have it; its feet end at the ankles.
    Skeleton(
        'h36m17',
        (
            'mid_hip', 'right_hip', 'right_knee', 'right_ankle',
            'left_hip', 'left_knee', 'left_ankle', 'spine', 'thorax', 'neck_base', 'head',
            'left_shoulder', 'left_elbow', 'left_wrist',
            'right_shoulder', 'right_elbow', 'right_wrist',
        ),
        _ARMS_LEGS + _SPINE + (
            ('thorax', 'neck_base'), ('neck_base', 'head'),
            ('thorax', 'left_shoulder'), ('thorax', 'right_shoulder'),
        ),
        ('mid_hip',),
    ),
    Skeleton(
        'mpi_inf_3dhp17',
        (
            'top_head', 'neck', 'right_shoulder', 'right_elbow', 'right_wrist',
            'left_shoulder', 'left_elbow', 'left_wrist', 'right_hip', 'right_knee', 'right_ankle',
            'left_hip', 'left_knee', 'left_ankle', 'mid_hip', 'spine', 'head',
        ),
        _ARMS_LEGS + _NECK_SHOULDERS + (
            ('mid_hip', 'left_hip'), ('mid_hip', 'right_hip'), ('mid_hip', 'spine'),
            ('spine', 'neck'), ('neck', 'head'), ('head', 'top_head'),
        ),
        ('mid_hip',),
    ),
    Skeleton(
        'mpii16',
        (
            'right_ankle', 'right_knee', 'right_hip', 'left_hip', 'left_knee', 'left_ankle',
            'mid_hip', 'thorax', 'upper_neck', 'top_head',
            'right_wrist', 'right_elbow', 'right_shoulder',
            'left_shoulder', 'left_elbow', 'left_wrist',
        ),
        _ARMS_LEGS + (
            ('mid_hip', 'left_hip'), ('mid_hip', 'right_hip'), ('mid_hip', 'thorax'),
            ('thorax', 'left_shoulder'), ('thorax', 'right_shoulder'),
            ('thorax', 'upper_neck'), ('upper_neck', 'top_head'),
        ),
        ('mid_hip',),
    ),
    # OpenPose's MPI models.
    Skeleton(
        'openpose_mpi15',
        (
            'top_head', 'neck', 'right_shoulder', 'right_elbow', 'right_wrist',
            'left_shoulder', 'left_elbow', 'left_wrist',
            'right_hip', 'right_knee', 'right_ankle', 'left_hip', 'left_knee', 'left_ankle',
            'chest',
        ),
        _ARMS_LEGS + _NECK_SHOULDERS + (
            ('top_head', 'neck'), ('neck', 'chest'), ('chest', 'left_hip'), ('chest', 'right_hip'),
        ),
        _HIPS,
    ),
    Skeleton(
        'crowdpose14',
        (*sides('shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle'), 'top_head', 'neck'),
        _ARMS_LEGS + _TRUNK + _NECK_SHOULDERS + (('neck', 'top_head'),),
        _HIPS,
    ),
    # AI Challenger.
    Skeleton(
        'aic14',
        (
            'right_shoulder', 'right_elbow', 'right_wrist',
            'left_shoulder', 'left_elbow', 'left_wrist',
            'right_hip', 'right_knee', 'right_ankle', 'left_hip', 'left_knee', 'left_ankle',
            'top_head', 'neck',
        ),
        _ARMS_LEGS + _TRUNK + _NECK_SHOULDERS + (('neck', 'top_head'),),
        _HIPS,
    ),
    # Kinect v2, as NTU RGB+D has it too.
    Skeleton(
        'kinect25',
        (
            'spine_base', 'spine_mid', 'neck', 'head',
            'left_shoulder', 'left_elbow', 'left_wrist', 'left_hand',
            'right_shoulder', 'right_elbow', 'right_wrist', 'right_hand',
            'left_hip', 'left_knee', 'left_ankle', 'left_foot',
            'right_hip', 'right_knee', 'right_ankle', 'right_foot',
            'spine_shoulder', 'left_hand_tip', 'left_thumb', 'right_hand_tip', 'right_thumb',
        ),
        _ARMS_LEGS + _mirrored(('ankle', 'foot'), ('wrist', 'hand'), ('hand', 'hand_tip'),
                               ('wrist', 'thumb'))
        + tuple(('spine_base', hip) for hip in _HIPS)
        + tuple(('spine_shoulder', shoulder) for shoulder in sides('shoulder'))
        + (('spine_base', 'spine_mid'), ('spine_mid', 'spine_shoulder'),
           ('spine_shoulder', 'neck'), ('neck', 'head')),
        _HIPS,
    ),
    # Azure Kinect.
    Skeleton(
        'kinect32',
        (
            'mid_hip', 'spine_navel', 'spine_chest', 'neck',
            'left_clavicle', 'left_shoulder', 'left_elbow', 'left_wrist',
            'left_hand', 'left_hand_tip', 'left_thumb',
            'right_clavicle', 'right_shoulder', 'right_elbow', 'right_wrist',
            'right_hand', 'right_hand_tip', 'right_thumb',
            'left_hip', 'left_knee', 'left_ankle', 'left_foot',
            'right_hip', 'right_knee', 'right_ankle', 'right_foot',
            'head', 'nose', 'left_eye', 'left_ear', 'right_eye', 'right_ear',
        ),
        _ARMS_LEGS + _HEAD + _mirrored(('ankle', 'foot'), ('wrist', 'hand'), ('hand', 'hand_tip'),
                                       ('wrist', 'thumb'), ('clavicle', 'shoulder'))
        + tuple(('mid_hip', hip) for hip in _HIPS)
        + tuple(('spine_chest', clavicle) for clavicle in sides('clavicle'))
        + (('mid_hip', 'spine_navel'), ('spine_navel', 'spine_chest'), ('spine_chest', 'neck'),
           ('neck', 'head'), ('head', 'nose')),
        ('mid_hip',),
    ),
    # MediaPipe's names, in the order of its landmarks.
    Skeleton(
        'blazepose33',
        (
            'nose', 'left_eye_inner', 'left_eye', 'left_eye_outer',
            'right_eye_inner', 'right_eye', 'right_eye_outer', 'left_ear', 'right_ear',
            'mouth_left', 'mouth_right', *sides('shoulder', 'elbow', 'wrist'),
            *sides('pinky', 'index', 'thumb'), *sides('hip', 'knee', 'ankle'),
            *sides('heel', 'foot_index'),
        ),
        _ARMS_LEGS + _TRUNK + (('mouth_left', 'mouth_right'),) + _mirrored(
            ('eye_inner', 'eye'), ('eye', 'eye_outer'), ('eye_outer', 'ear'),
            ('wrist', 'pinky'), ('wrist', 'index'), ('wrist', 'thumb'), ('pinky', 'index'),
            ('ankle', 'heel'), ('heel', 'foot_index'), ('ankle', 'foot_index'),
        ) + (('nose', 'left_eye_inner'), ('nose', 'right_eye_inner')),
        _HIPS,
        pairs=(
            *_mirrored_names(
                'eye_inner', 'eye', 'eye_outer', 'ear', 'shoulder', 'elbow', 'wrist', 'pinky',
                'index', 'thumb', 'hip', 'knee', 'ankle', 'heel', 'foot_index',
            ),
            ('mouth_left', 'mouth_right'),
        ),
    ),
)  # fmt: skip


def extended(
    body: Skeleton, name: str, *, feet: bool = False, face: int = 0, hands: bool = False
) -> Skeleton:
    """A body with feet, face and hands behind its joints, in this order.

    Args:
        body: The skeleton to begin with.
        name: Of the whole.
        feet: Whether COCO-WholeBody's six joints of the feet follow.
        face: How many joints of a face follow: 0, 68, or OpenPose's 70.
        hands: Whether 21 joints of either hand follow, the left one first.

    Raises:
        InputError: No face has so many joints.
    """
    if face not in (0, len(FACE), len(FACE_WITH_PUPILS)):
        raise InputError(
            f'a face has {len(FACE)} or {len(FACE_WITH_PUPILS)} joints, not {face}',
            code='wrong-shape',
            found=face,
            expected=[0, len(FACE), len(FACE_WITH_PUPILS)],
        )
    joints, limbs = body.joints, body.limbs
    pairs = left_right_pairs(joints) if body.pairs is None else body.pairs
    if feet:
        joints += _FEET_BY_SIDE
        limbs += _FEET
        pairs += left_right_pairs(_FEET_BY_SIDE)
    if face:
        joints += FACE_WITH_PUPILS[:face] if face > len(FACE) else FACE
        limbs += FACE_LIMBS
        pairs += FACE_PAIRS + (PUPIL_PAIRS if face > len(FACE) else ())
    if hands:
        joints += HANDS
        limbs += HAND_LIMBS + _mirrored(('wrist', 'hand_root'))
        pairs += HAND_PAIRS
    return Skeleton(name, joints, limbs, body.root, pairs)


def _with_parts() -> Iterator[Skeleton]:
    known = {body.name: body for body in _BODIES}
    whole = extended(known['coco17'], 'coco_wholebody', feet=True, face=68, hands=True)
    sigmas = (*_COCO_SIGMAS, *FOOT_SIGMAS, *FACE_SIGMAS, *HAND_SIGMAS, *HAND_SIGMAS)
    yield dataclasses.replace(whole, sigmas=sigmas)
    yield extended(known['halpe26'], 'halpe136', face=68, hands=True)
    # OpenPose's --hand and --face.
    for name in ('body25', 'body25b', 'coco18'):
        yield extended(known[name], f'{name}_hands', hands=True)
        yield extended(known[name], f'{name}_face', face=70)
        yield extended(known[name], f'{name}_face_hands', face=70, hands=True)


SKELETONS: dict[str, Skeleton] = {
    skeleton.name: skeleton for skeleton in (*_BODIES, *_with_parts())
}
COCO17 = SKELETONS['coco17']


def as_skeleton(skeleton: Skeleton | str) -> Skeleton:
    """A skeleton, or the known one of this name.

    Raises:
        InputError: The name is unknown; lists those that are.
    """
    if isinstance(skeleton, Skeleton):
        return skeleton
    if skeleton not in SKELETONS:
        raise InputError(
            f'unknown skeleton {skeleton!r}; known: {", ".join(SKELETONS)}',
            code='unknown-name',
            found=skeleton,
            expected=list(SKELETONS),
        )
    return SKELETONS[skeleton]
