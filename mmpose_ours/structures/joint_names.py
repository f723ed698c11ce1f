"""Joint names as tools spell them, under the names of this package.

``RShoulder``, ``right shoulder``, ``shoulder_right`` and ``SHOULDER.R`` are all ``right_shoulder``.
Names that are not those of a person's joints stay as they are.
"""

from __future__ import annotations

import re
from typing import Sequence

# Words of a joint's name without its side, joined, and what it is called here.
_PARTS = {
    'nose': 'nose', 'eye': 'eye', 'ear': 'ear', 'neck': 'neck', 'head': 'head', 'heel': 'heel',
    'shoulder': 'shoulder', 'sho': 'shoulder', 'shldr': 'shoulder', 'shoul': 'shoulder',
    'elbow': 'elbow', 'elb': 'elbow', 'wrist': 'wrist', 'wri': 'wrist', 'hand': 'hand',
    'hip': 'hip', 'knee': 'knee', 'kne': 'knee', 'ankle': 'ankle', 'ank': 'ankle', 'foot': 'foot',
    'bigtoe': 'big_toe', 'smalltoe': 'small_toe', 'littletoe': 'small_toe',
    'thorax': 'thorax', 'spine': 'spine', 'pelvis': 'mid_hip', 'root': 'mid_hip',
    'hips': 'mid_hip', 'midhip': 'mid_hip', 'midhips': 'mid_hip', 'hipcenter': 'mid_hip',
    'hipscenter': 'mid_hip', 'hipcentre': 'mid_hip', 'centerhip': 'mid_hip',
    'headtop': 'top_head', 'tophead': 'top_head', 'topofhead': 'top_head',
    'headbottom': 'bottom_head', 'bottomhead': 'bottom_head',
    'neckbase': 'neck_base', 'upperneck': 'upper_neck',
    'spinebase': 'spine_base', 'spinemid': 'spine_mid', 'spineshoulder': 'spine_shoulder',
    'spinenavel': 'spine_navel', 'spinechest': 'spine_chest', 'clavicle': 'clavicle',
    'handtip': 'hand_tip', 'thumb': 'thumb',
}  # fmt: skip
_SIDED = {'eye', 'ear', 'shoulder', 'elbow', 'wrist', 'hand', 'hip', 'knee', 'ankle', 'foot',
          'heel', 'big_toe', 'small_toe', 'clavicle', 'hand_tip', 'thumb'}  # fmt: skip
_SIDES = {'left': 'left', 'l': 'left', 'lt': 'left', 'right': 'right', 'r': 'right', 'rt': 'right'}
_WORDS = re.compile(r'[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+')
# A side may be run together with the part: ``lhip``, ``leftShoulder``, ``shoulderright``.
_RUN_TOGETHER = re.compile(r'(left|right|l|r)(.+)|(.+?)(left|right)')
# A limb ends at the ankle (wrist): where a layout has none, its foot (hand) is what others call so,
# as in Human3.6M.
_ENDS = {'foot': 'ankle', 'hand': 'wrist'}
_ARM, _LEG = ('shoulder', 'elbow', 'wrist'), ('hip', 'knee', 'ankle')


def plain_joint(name: str) -> str | None:
    """The name of one joint of a person here; None for any other name.

    Examples:
        >>> plain_joint('RShoulder'), plain_joint('hip centre'), plain_joint('snout')
        ('right_shoulder', 'mid_hip', None)
    """
    words = [word.lower() for word in _WORDS.findall(name)]
    sides = [_SIDES[word] for word in words if word in _SIDES]
    rest = ''.join(word for word in words if word not in _SIDES)
    if not sides and rest not in _PARTS:
        parts = _RUN_TOGETHER.fullmatch(rest)
        if parts is None:
            return None
        sides, rest = [_SIDES[parts[1] or parts[4]]], parts[2] or parts[3]
    part = _PARTS.get(rest)
    if part is None or len(sides) > 1:
        return None
    if not sides:
        # A hip of no side is the one between both.
        return 'mid_hip' if part == 'hip' else None if part in _SIDED else part
    return f'{sides[0]}_{part}' if part in _SIDED else None


def plain_joints(names: Sequence[str]) -> tuple[str, ...]:
    """The joints of a skeleton under the names of this package.

    Args:
        names: As a tool has them.

    Returns:
        As many names; those that are no joints of a person stay as they are, and all of them do
        where neither both arms nor both legs are there: an animal's legs are not a person's.
    """
    plain = [plain_joint(name) for name in names]
    for tool, ours in _ENDS.items():
        for side in ('left', 'right'):
            if f'{side}_{tool}' in plain and f'{side}_{ours}' not in plain:
                plain[plain.index(f'{side}_{tool}')] = f'{side}_{ours}'
    limbs = [{f'{s}_{part}' for part in parts for s in ('left', 'right')} for parts in (_ARM, _LEG)]
    if not any(limb <= set(plain) for limb in limbs):
        return tuple(names)
    # Where two joints would have one name, both keep their own.
    return tuple(
        name if mine is None or plain.count(mine) > 1 else mine for mine, name in zip(plain, names)
    )
