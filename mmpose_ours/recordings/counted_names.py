"""Names that count cameras from 0 where the rig counts them from 1, or the other way round.

``cam0`` to ``cam3`` of a rig with ``cam1`` to ``cam4`` have three names in common, and each is
likely to be another camera.
"""

from __future__ import annotations

import collections
import re
from typing import Mapping, Sequence

from mmpose_ours.recordings.endings import without_ending

_NUMBER = re.compile(r'\d+')


def counted_otherwise(
    found: Sequence[str], cameras: Sequence[str], matched: Mapping[str, str]
) -> dict[str, str]:
    """Name there to the camera that it would be, counted from the same first number.

    Args:
        found: Names of images, videos or keypoints.
        cameras: Names of the rig's cameras.
        matched: Those of ``found`` that fit a camera, with it.

    Returns:
        Nothing where every name or every camera is matched, or the numbers do not say so.
    """
    if len(matched) in (0, len(found), len(cameras)):
        return {}
    names, rig = _numbers(found), _numbers(cameras)
    if not names or not rig or abs(min(names) - min(rig)) != 1:
        return {}
    shift = min(rig) - min(names)
    if not {number + shift for number in names} <= set(rig):
        return {}
    return {name: rig[number + shift] for number, name in sorted(names.items())}


def _numbers(names: Sequence[str]) -> dict[int, str]:
    """Of names that differ in one number: the number, to the name."""
    parts = {name: tuple(_NUMBER.split(without_ending(name))) for name in names}
    usual = collections.Counter(parts.values()).most_common(1)[0][0]
    alike = [name for name in names if parts[name] == usual]
    values = [[int(text) for text in _NUMBER.findall(without_ending(name))] for name in alike]
    differing = [at for at, column in enumerate(zip(*values)) if len(set(column)) > 1]
    if len(differing) != 1:
        return {}
    numbers = {row[differing[0]]: name for name, row in zip(alike, values)}
    return numbers if len(numbers) == len(alike) else {}
