"""What recordings call their joints: one table from every exporter's words to COCO's joints.

A name is a side and a word: ``mixamorig:LeftForeArm``, ``forearm.L``, ``Bip01 L Forearm`` and
``lForearmBend`` all say *left* and *forearm*. In a skeleton a bone's name stands for the joint
that it begins at, so the joint called forearm is the elbow.
"""

from __future__ import annotations

import re
from typing import Iterable, Mapping, Sequence

from mmpose_ours.errors import FileFormatError, PathLike

# COCO's joint without its side: words, the surest first. "Shoulder" is last because most
# exporters mean the collar bone by it, and "foot" because some mean the toes.
WORDS: dict[str, tuple[str, ...]] = {
    'shoulder': ('arm', 'upperarm', 'uparm', 'uarm', 'humerus', 'shldr', 'shldrbend', 'sjc',
                 'shoulder'),
    'elbow': ('elbow', 'forearm', 'lowerarm', 'lowarm', 'farm', 'radius', 'forearmbend', 'ejc'),
    'wrist': ('wrist', 'hand', 'wjc'),
    'hip': ('upleg', 'thigh', 'upperleg', 'thighbend', 'femur', 'hjc', 'hip'),
    'knee': ('knee', 'leg', 'shin', 'calf', 'lowerleg', 'lowleg', 'tibia', 'kjc'),
    'ankle': ('ankle', 'foot', 'ajc'),
    'eye': ('eye',),
    'ear': ('ear',),
}  # fmt: skip
BODY = ('shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle')
FACE = ('eye', 'ear')
_SIDES = {'left': 'left', 'l': 'left', 'right': 'right', 'r': 'right'}
_ENDINGS = {'joint', 'jnt'}
_BEGINNINGS = {'def', 'org', 'b', 'bn', 'jnt', 'joint', 'bone'}
_EVERY_WORD = {word for words in WORDS.values() for word in words}


def side_and_word(name: str) -> tuple[str, str]:
    """Split a joint's name into its side (``''`` in the middle) and its word, lower case.

    >>> side_and_word('mixamorig:LeftForeArm')
    ('left', 'forearm')
    >>> side_and_word('upper_arm.L')
    ('left', 'upperarm')
    """
    parts = re.findall(r'[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+', name)
    tokens = [part.lower() for part in parts]
    at = next((i for i, token in enumerate(tokens) if token in _SIDES), None)
    if at is not None:
        before = [token for token in tokens[:at] if token not in _BEGINNINGS]
        after = [token for token in tokens[at + 1 :] if token not in _ENDINGS]
        # What precedes the side is the word (thigh_l), or the exporter's prefix.
        return _SIDES[tokens[at]], ''.join(after or before)
    whole = ''.join(tokens)
    for beginning, side in _SIDES.items():  # lfemur, LHJC, leftarm
        if whole.startswith(beginning) and whole[len(beginning) :] in _EVERY_WORD:
            return side, whole[len(beginning) :]
    return '', tokens[-1] if tokens else ''


def coco_joints(names: Sequence[str], parts: Iterable[str] = BODY) -> dict[str, int]:
    """Find COCO's joints among the names of a recording.

    Args:
        names: As the file has them.
        parts: Keys of :data:`WORDS` to look for.

    Returns:
        COCO joint to its position in ``names``; joints that no name stands for are missing.
    """
    places: dict[tuple[str, str], int] = {}
    for place, name in enumerate(names):
        places.setdefault(side_and_word(name), place)
    found: dict[str, int] = {}
    for part in parts:
        for side in ('left', 'right'):
            known = [places[side, word] for word in WORDS[part] if (side, word) in places]
            if known:
                found[f'{side}_{part}'] = known[0]
    return found


def middle_joint(names: Sequence[str], word: str) -> int | None:
    """Position of the joint in the body's middle that is called ``head``, ``nose``..."""
    return next((i for i, name in enumerate(names) if side_and_word(name) == ('', word)), None)


def check_found(path: PathLike, names: Sequence[str], found: Mapping[str, int]) -> None:
    """Refuse a recording without hips, knees and shoulders that names tell.

    Raises:
        FileFormatError: Lists the names that were found and the joints that are missing.
    """
    needed = [
        f'{side}_{part}' for part in ('hip', 'knee', 'shoulder') for side in ('left', 'right')
    ]
    missing = [joint for joint in needed if joint not in found]
    if missing:
        shown = ', '.join(name[:40] for name in names[:40])
        raise FileFormatError(
            f'{path}: found joints called {shown}, expected names that tell {", ".join(missing)} '
            '(LeftUpLeg, L_Thigh, LHip, lfemur...); rename them',
            code='missing-value',
            file=path,
            found=list(names),
            expected=missing,
        )
