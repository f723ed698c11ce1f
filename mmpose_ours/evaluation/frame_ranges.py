"""Frame ranges as people type them: ``350-470,650-750``, both ends included."""

from __future__ import annotations

import re
from typing import Iterable, Sequence

from mmpose_ours.errors import InputError
from mmpose_ours.io.limits import limits


def parse_frames(text: str) -> list[int]:
    """Read frame ranges.

    Args:
        text: Numbers and ``first-last`` ranges, separated by commas.

    Returns:
        Frame numbers, rising, each once.

    Raises:
        InputError: The text is something else, or a range runs backwards.
        LimitError: There are more of them than ``frames`` of :mod:`mmpose_ours.io.limits` allows.

    Examples:
        >>> parse_frames('5,1-3')
        [1, 2, 3, 5]
    """
    frames: set[int] = set()
    count = 0
    for part in text.split(','):
        match = re.fullmatch(r'\s*([0-9]{1,18})\s*(?:-\s*([0-9]{1,18})\s*)?', part)
        if not match:
            raise InputError(
                f'frames {text!r}: {part!r} is no range; write 350-470,650-750', found=part
            )
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise InputError(
                f'frames {text!r}: {part!r} runs backwards; write {last}-{first}',
                code='out-of-range',
                found=part,
                expected=f'{last}-{first}',
            )
        count += last - first + 1
        limits().check('frames', count, 'frames of the ranges')
        frames.update(range(first, last + 1))
    return sorted(frames)


def format_frames(frames: Iterable[int]) -> str:
    """Write frame numbers as ranges, the inverse of :func:`parse_frames`.

    Examples:
        >>> format_frames([1, 2, 3, 5])
        '1-3,5'
    """
    ranges: list[list[int]] = []
    for frame in sorted(set(frames)):
        if ranges and frame == ranges[-1][1] + 1:
            ranges[-1][1] = frame
        else:
            ranges.append([frame, frame])
    return ','.join(f'{a}-{b}' if b > a else f'{a}' for a, b in ranges)


def name_frames(frames: Sequence[int | str], limit: int | None = None) -> str:
    """Frame numbers as ranges, frame names as a list.

    Args:
        frames: Frame ids.
        limit: Cut the text to about so many characters; None leaves it whole.
    """
    numbers = [frame for frame in frames if isinstance(frame, int)]
    whole = len(numbers) == len(frames)
    text = format_frames(numbers) if whole else ','.join(map(str, frames))
    if limit is None or len(text) <= limit:
        return text
    return text[:limit].rpartition(',')[0] + ',...'
