"""Cameras of a file whose keys name value and camera together: ``K_left``, ``cam0_dist``, ``R2``.

Two cameras with one rotation and one translation beside them are a stereo pair, as OpenCV's
``stereoCalibrate`` gives it: ``x_2 = R x_1 + T``, and the world is that of the first camera.
"""

from __future__ import annotations

import re
from typing import Any, Iterator, Mapping

import numpy as np

from mmpose_ours.calibration.formats.krt.leaves import (
    INTRINSICS,
    LENS,
    ROTATIONS,
    SIZES,
    TRANSLATIONS,
    Leaf,
    count_numbers,
    has_intrinsics,
    has_pose,
    leaves_of,
    role_of,
)
from mmpose_ours.calibration.formats.krt.spellings import meaning_of
from mmpose_ours.calibration.parsing.node import Node

STEREO_NOTE = (
    'R and T were read as those of a stereo pair, x_2 = R x_1 + T: the world is that of camera '
    '{first!r}, z along its optical axis, y down'
)
_ROLES = INTRINSICS | LENS | SIZES | ROTATIONS | TRANSLATIONS | {'matrix', 'projection'}
_MOST_KEYS = 4096
_SEPARATORS = '_-. '
# Where a name ends that nothing separates from the value's: K1, mtxL, distRight.
_ENDS = re.compile(r'(?<=.)(?:\d+|[LR]|[lL]eft|[rR]ight|LEFT|RIGHT)$')


def by_camera(content: Mapping) -> tuple[dict[str, dict], dict]:
    """The values of each camera under their own names, and what is left.

    Args:
        content: An object of a parsed file.

    Returns:
        Cameras by name, those that have intrinsics; fewer than two where the keys name none.
    """
    if len(content) > _MOST_KEYS:
        return {}, {}
    styles: list[dict[str, dict]] = [{}, {}, {}]
    used: list[dict[str, set]] = [{}, {}, {}]
    for key, value in content.items():
        count = count_numbers(value) if isinstance(key, str) else -1
        for style, base, name in _splits(key) if count > 0 else ():
            if role_of(meaning_of((base,)).role, base, value, count) in _ROLES:
                styles[style].setdefault(name, {})[base] = value
                used[style].setdefault(name, set()).add(key)
    # Projections of rectified images may stand beside the intrinsics of two other names.
    complete = _complete(styles, {'projection'}) or _complete(styles, set()) or [{}]
    style = max(range(len(complete)), key=lambda index: len(complete[index]))  # the first of them
    cameras = complete[style]
    taken = set().union(*(used[style][name] for name in cameras))
    return cameras, {key: value for key, value in content.items() if key not in taken}


def _complete(styles: list[dict[str, dict]], without: set) -> list[dict[str, dict]]:
    """Of each style the cameras that have intrinsics; an empty list where none has."""
    complete = [
        {
            name: values
            for name, values in style.items()
            if has_intrinsics([leaf for leaf in _leaves(values) if leaf.role not in without])
        }
        for style in styles
    ]
    return complete if any(complete) else []


def _splits(key: str) -> Iterator[tuple[int, str, str]]:
    """What a key may be: the style, the value's name, the camera's.

    Styles are 0 for ``K_left``, 1 for ``left_K`` and 2 for ``KL``.
    """
    for index, sign in enumerate(key):
        if sign in _SEPARATORS and 0 < index < len(key) - 1:
            yield 0, key[:index], key[index + 1 :]
            yield 1, key[index + 1 :], key[:index]
    end = _ENDS.search(key)
    if end and key[end.start() - 1] not in _SEPARATORS:
        yield 2, key[: end.start()], end[0]


def stereo_pair(cameras: Mapping[str, Any], beside: Mapping) -> dict[str, dict] | None:
    """Two cameras with a pose, where the file has one rotation and translation between them.

    Args:
        cameras: What the file holds of each.
        beside: What stands beside them.

    Returns:
        Their intrinsics and poses, the first camera's first; None where it is no stereo pair.
    """
    if len(cameras) != 2:
        return None
    lenses: dict[str, dict] = {}
    for name in sorted(cameras, key=str):
        if not isinstance(cameras[name], dict):
            return None
        leaves = _leaves(cameras[name])
        if not has_intrinsics(leaves):
            return None
        # Rotations and projections are those of rectified images.
        lenses[name] = {x.key: x.node.value for x in leaves if x.role in _OF_LENS or not x.role}
    between = [x for x in _leaves(beside) if x.role in ROTATIONS | TRANSLATIONS]
    if len(between) < 2 or not has_pose(between) or any(x.direction for x in between):
        return None
    first, second = lenses
    at_origin = {'R_w2c': np.eye(3).tolist(), 't_w2c': [0.0, 0.0, 0.0]}
    return {
        first: {**lenses[first], **at_origin},
        second: {**lenses[second], **{f'{x.key}_w2c': x.node.value for x in between}},
    }


_OF_LENS = INTRINSICS | LENS | SIZES | {'model', 'fisheye'}


def _leaves(values: Mapping) -> list[Leaf]:
    return leaves_of(values, Node(values, ''))
