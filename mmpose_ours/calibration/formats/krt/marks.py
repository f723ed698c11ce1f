"""Marks of cameras that are not in use or not calibrated, such as ``ignore: true``."""

from __future__ import annotations

from typing import NamedTuple, Sequence

import numpy as np

from mmpose_ours.calibration.formats.krt.leaves import Leaf
from mmpose_ours.calibration.formats.krt.spellings import plain

# Not in use where true, and where false.
_UNUSED_IF = {'ignore': True, 'ignored': True, 'isignored': True, 'disabled': True,
              'isdisabled': True, 'excluded': True, 'exclude': True, 'enabled': False,
              'isenabled': False, 'active': False, 'isactive': False,
              'included': False}  # fmt: skip
# Not calibrated where false.
_CALIBRATED = {'calibrated', 'iscalibrated', 'valid', 'isvalid', 'hascalibration'}


class Mark(NamedTuple):
    """What marks a camera.

    Args:
        text: Key and value, as messages say them.
        is_unused: Whether the camera is not in use; else it is not calibrated.
    """

    text: str
    is_unused: bool


def mark_of(leaves: Sequence[Leaf]) -> Mark | None:
    """The mark of a camera that is not to be used, or None.

    Args:
        leaves: The camera's values; what is neither true nor false marks nothing.
    """
    for leaf in leaves:
        name, value = plain(leaf.key), _truth(leaf.node.value)
        if value is None:
            continue
        if _UNUSED_IF.get(name) == value:
            return Mark(f'{leaf.key[:40]} = {str(value).lower()}', True)
        if name in _CALIBRATED and not value:
            return Mark(f'{leaf.key[:40]} = false', False)
    return None


def _truth(value: object) -> bool | None:
    if isinstance(value, str):
        return {'true': True, 'false': False}.get(value.strip().lower())
    is_flag = isinstance(value, (bool, int, np.bool_, np.integer)) and value in (0, 1)
    return bool(value) if is_flag else None
