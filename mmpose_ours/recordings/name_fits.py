"""Which cameras a name fits, by its words and numbers; see :mod:`.camera_names` for the rules.

A file may have thousands of names of hundreds of words each: what cameras have in common is looked
up, and no name is compared with each of them.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Iterable, Iterator, Mapping, NamedTuple, Sequence

from mmpose_ours.recordings.endings import without_ending

# A number alone may be a camera's up to so many digits; with more, it counts files.
MOST_DIGITS = 2
# With so many digits a number is a camera's serial number.
SERIAL_DIGITS = 5
_CAMERA_WORDS = ('cam', 'camera', 'cameras', 'kamera')
# Compact ones too, and the time after a date where it has seconds.
_YEAR = r'(?:19|20)\d\d'
_DAY = (
    rf'(?:{_YEAR}(?:[-_. ]\d{{1,2}}[-_. ]\d{{1,2}}|[01]\d[0-3]\d)'
    rf'|\d{{1,2}}[-_.]\d{{1,2}}[-_.]{_YEAR})'
)
_TIME = r'(?:\d{1,2}[-_.:h]\d\d[-_.:m]\d\d|\d{6})(?:[.,]\d+|\d{3})?[sz]?'
_DATE = re.compile(rf'(?<!\d){_DAY}(?:[-_ .,t]*(?:at )?{_TIME})?(?!\d)')
_TOKEN = re.compile(r'[^\W\d_]+|\d+')
_NONE: frozenset[str] = frozenset()


class _Token(NamedTuple):
    text: str
    begin: int
    end: int


def spelling(name: str) -> str:
    """What is left of a name without case, separators, leading zeros, ending, dates and times."""
    return _spelling(_tokens(name))


def _grouped(keys: Iterable[tuple[str | None, str]]) -> dict[str, frozenset[str]]:
    """Cameras by what they have in common; without those that have none or an empty text."""
    groups: dict[str, set[str]] = {}
    for key, camera in keys:
        if key:
            groups.setdefault(key, set()).add(camera)
    return {key: frozenset(group) for key, group in groups.items()}


def same_spelling(names: Sequence[str], cameras: Sequence[str]) -> dict[str, frozenset[str]]:
    """Name to the cameras of the same spelling: exactly so, or but for a word for camera."""
    known = _grouped((_spelling(_tokens(camera)), camera) for camera in cameras)
    bare = _grouped((_number(_tokens(camera), None), camera) for camera in cameras)
    fits = {}
    for name in names:
        tokens = _tokens(name)
        number = _number(tokens)
        fits[name] = known.get(_spelling(tokens), _NONE)
        if not fits[name] and number is not None:
            fits[name] = bare.get(number, _NONE)
    return fits


def set_off(names: Sequence[str], cameras: Sequence[str]) -> dict[str, frozenset[str]]:
    """Name to the cameras with whose name it begins or ends, of several the longest."""
    own = {camera: _tokens(camera) for camera in cameras}
    numbers = {camera: _number(tokens, None) for camera, tokens in own.items()}
    short = {c: n for c, n in numbers.items() if n is not None and len(n) < SERIAL_DIGITS}
    numbered = _grouped((number, camera) for camera, number in short.items())
    spelled = _grouped((_spelling(own[c]), c) for c in cameras if c not in short)
    fits = {}
    for name in names:
        tokens = _tokens(name)
        spans = _spans(tokens, numbered, spelled)
        beginning = max((place for place in spans.values() if place[0] == 0), default=None)
        ending = min((place for place in spans.values() if place[1] == len(tokens)), default=None)
        longest = [group for group, place in spans.items() if place in (beginning, ending)]
        fits[name] = longest[0] if len(longest) == 1 else _NONE.union(*longest)
    return fits


def _spans(
    tokens: Sequence[_Token],
    numbered: Mapping[str, frozenset[str]],
    spelled: Mapping[str, frozenset[str]],
) -> dict[frozenset[str], tuple[int, int]]:
    """Cameras whose name stands at the beginning or the end of another one: begin and end there.

    Args:
        tokens: Of the other name.
        numbered: Cameras by their number, if they are called so. ``1`` and ``cam1`` are both found
            as ``cam1``, and nothing else is.
        spelled: The others by their spelling.
    """
    spans: dict[frozenset[str], tuple[int, int]] = {}
    count = len(tokens)
    for begin in sorted({0, count - 2}) if count > 1 else ():
        cameras = numbered.get(_number(tokens[begin : begin + 2]) or '', _NONE)
        if cameras and _at_an_end(tokens, (begin, begin + 2), False):
            spans.setdefault(cameras, (begin, begin + 2))
    for place, spelling in _ends(tokens):
        cameras = spelled.get(spelling, _NONE)
        if cameras and _at_an_end(tokens, place, spelling.replace(' ', '').isdigit()):
            spans.setdefault(cameras, place)
    return spans


def _ends(tokens: Sequence[_Token]) -> Iterator[tuple[tuple[int, int], str]]:
    """Every beginning of a name, and every end but the whole: its place and its spelling."""
    spelled = ''
    for end, token in enumerate(tokens, start=1):
        spelled = _joined(spelled, _spelling([token]))
        yield (0, end), spelled
    ends, spelled = [], ''
    for begin in range(len(tokens) - 1, 0, -1):
        spelled = _joined(_spelling([tokens[begin]]), spelled)
        ends.append(((begin, len(tokens)), spelled))
    yield from reversed(ends)


def _at_an_end(tokens: Sequence[_Token], place: tuple[int, int], digits: bool) -> bool:
    """Whether tokens stand at an end of a name, and a separator between them and the rest.

    Args:
        tokens: Of the whole name.
        place: Begin and end of some of them.
        digits: Whether these are numbers only, beside which no other number may stand.
    """
    begin, end = place
    if begin > 0 and end < len(tokens):
        return False
    for inner, outer in ((begin, begin - 1), (end - 1, end)):
        if 0 <= outer < len(tokens):
            first, second = tokens[min(inner, outer)], tokens[max(inner, outer)]
            if first.end == second.begin or (digits and tokens[outer].text.isdigit()):
                return False
    return True


def _tokens(name: str) -> list[_Token]:
    """The words and numbers of a name that are no date; numbers without leading zeros."""
    text = unicodedata.normalize('NFKC', without_ending(name)).casefold()
    text = _DATE.sub(lambda date: '-' * len(date[0]), text)
    return [_Token(found[0], found.start(), found.end()) for found in _TOKEN.finditer(text)]


def _spelling(tokens: Sequence[_Token]) -> str:
    """What is left of a name without separators and leading zeros; two numbers stay two."""
    parts = [
        token.text.lstrip('0') or '0'
        if token.text.isdigit()
        else ('cam' if token.text in _CAMERA_WORDS else token.text)
        for token in tokens
    ]
    return functools.reduce(_joined, parts, '')


def _joined(before: str, after: str) -> str:
    """Two spellings as one; two numbers stay two."""
    return f'{before} {after}' if before[-1:].isdigit() and after[:1].isdigit() else before + after


def _number(tokens: Sequence[_Token], most: int | None = MOST_DIGITS) -> str | None:
    """The number of a name that has no more than it and a word for camera; else None.

    Args:
        tokens: Of the name.
        most: Digits of a number without a word for camera, unless it is a serial number; None
            allows any.
    """
    texts = [token.text for token in tokens]
    if len(texts) == 2 and texts[0] in _CAMERA_WORDS and texts[1].isdigit():
        return texts[1].lstrip('0') or '0'
    if len(texts) == 1 and texts[0].isdigit():
        number = texts[0].lstrip('0') or '0'
        if most is None or len(texts[0]) <= most or len(number) >= SERIAL_DIGITS:
            return number
    return None
