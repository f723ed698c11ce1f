"""Checks of the arguments of :class:`~mmpose_ours.synthetic.DetectorNoise`."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from mmpose_ours.errors import InputError
from mmpose_ours.structures.skeletons import as_skeleton

# Tolerance of the sum of two probabilities.
_ROUNDING = 1e-9
_PER_JOINT = ('jitter', 'missed_joint_share')
_PER_JOINT_PAIRS = ('joint_bias', 'joint_score')
PER_JOINT = (*_PER_JOINT, *_PER_JOINT_PAIRS)


def check_parameters(parameters: Any) -> None:
    """Check the fields of a ``DetectorNoise``: shapes, finite numbers, ranges.

    Raises:
        InputError: See :class:`~mmpose_ours.synthetic.DetectorNoise`.
    """
    joints = len(as_skeleton(parameters.joints))
    order = f'in the order of {parameters.joints}'
    wanted = {
        **dict.fromkeys(_PER_JOINT, f'one number, or {joints} {order}'),
        **dict.fromkeys(_PER_JOINT_PAIRS, f'{joints} pairs {order}, or none'),
        'score': 'a pair',
    }
    shapes: dict[str, tuple[tuple[int, ...], ...]] = {'score': ((2,),)}
    shapes.update(dict.fromkeys(_PER_JOINT, ((), (joints,))))
    shapes.update(dict.fromkeys(_PER_JOINT_PAIRS, ((0,), (joints, 2))))
    for field in dataclasses.fields(parameters):
        if field.name == 'joints':
            continue
        name, value = field.name, getattr(parameters, field.name)
        try:
            values = np.asarray(value, dtype=float)
        except (TypeError, ValueError, OverflowError):
            values = np.full(1, np.nan)
        if not np.isfinite(values).all():
            raise _invalid(name, value, 'not-finite', f'{value!r}; expected finite numbers')
        if values.shape not in shapes.get(name, ((),)):
            expected = wanted.get(name, 'a number')
            raise _invalid(name, value, 'wrong-shape', f'{value!r}; expected {expected}')
        if name.endswith('_share') and not (0 <= values.min() and values.max() <= 1):
            raise _invalid(name, value, 'out-of-range', f'{value}; expected 0 to 1')
        if name != 'joint_bias' and values.min(initial=0) < 0:
            raise _invalid(name, value, 'out-of-range', f'{value}; it cannot be negative')
    limb_swap, whole_swap = parameters.swap_share, parameters.whole_swap_share
    if limb_swap + whole_swap > 1 + _ROUNDING:
        raise InputError(
            f'swap_share is {limb_swap} and whole_swap_share is {whole_swap}; '
            'expected a sum of at most 1, because a person has at most one of the two swaps',
            code='out-of-range',
            found={'swap_share': limb_swap, 'whole_swap_share': whole_swap},
            expected=1,
        )


def _invalid(name: str, value: Any, code: str, what: str) -> InputError:
    return InputError(f'{name} is {what}', code=code, found={name: value})
