"""What counts as a number in files from elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np

# Larger whole numbers than this cannot be distinguished by programs that have floats only, such
# as JavaScript.
MAX_WHOLE = 2**53
# Larger ones are no coordinates or scores.
MAX_NUMBER = 1e15
# Frames per second that a file may state, as in ``schemas/predictions.schema.json``.
MIN_FPS, MAX_FPS = 1e-6, 1e5
_DIGITS = 15


def is_number(value: Any) -> bool:
    """Whether a value of JSON is a number that a coordinate or score can be."""
    # Also false for NaN, and no overflow for an integer that no float can hold.
    return type(value) in (int, float) and abs(value) < MAX_NUMBER


def is_whole(value: Any) -> bool:
    """Whether a value of JSON is a whole number from 0 to 2^53 - 1."""
    return type(value) is int and 0 <= value < MAX_WHOLE


def whole_number(text: str) -> int | None:
    """The number that a text of digits is; leading zeros do not count.

    Returns:
        None for anything but digits, and for more than 15 of them: that is a name.
    """
    if not text.isascii() or not text.isdigit():
        return None
    digits = text.lstrip('0')
    return int(digits or '0') if len(digits) <= _DIGITS else None


def numbers_of(value: Any) -> np.ndarray | None:
    """An array of numbers out of what a file holds; None where it is something else.

    Args:
        value: An array, a number, or lists of numbers in each other. Texts are no numbers.
    """
    if not isinstance(value, (np.ndarray, np.generic, list, tuple, int, float)):
        return None
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, OverflowError):  # lists of different lengths
        return None
    return array if array.dtype.kind in 'biuf' else None
