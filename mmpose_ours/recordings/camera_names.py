"""The names of recordings and of keypoints, matched with the names of a rig's cameras.

A calibration says ``cam1``, and the files are called ``CAM01.MP4``, ``2024-05-11_cam1.mp4`` or
``cam1_trimmed``. One rule for images, videos and keypoints, the first that applies:

1. the user says so (``rename``);
2. the names are the same;
3. they are the same without case, separators, leading zeros and endings of files
   (``Cam_01.MOV``, ``cam1``), with or without a word for camera (``Camera 1``, ``1``);
4. one begins or ends with the camera's name, set off by a separator (``hd_00_03``,
   ``cam1_trimmed``). Dates and times are separators, so that camera ``1`` does not match
   ``2024-1-1_run``. A camera that is called by one short number never matches so without a word
   for camera, since cameras number their files: ``IMG_0001``, ``GX010001``.

A camera that several names fit equally well is an error: nothing is guessed.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from typing import Mapping, NamedTuple, Sequence, TypeVar

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.recordings.counted_names import counted_otherwise
from mmpose_ours.recordings.endings import without_ending
from mmpose_ours.recordings.name_errors import ambiguous, counted_error, listed, not_there
from mmpose_ours.text import argument

_Value = TypeVar('_Value')
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


@dataclasses.dataclass(frozen=True)
class NameMatch:
    """Which name belongs to which camera.

    Args:
        cameras: Name there to the camera's name.
        spelled: Those of ``cameras`` whose names differ and that nobody named.
        missing: Cameras without a name.
        left: Names without a camera.
    """

    cameras: dict[str, str]
    spelled: dict[str, str]
    missing: tuple[str, ...]
    left: tuple[str, ...]

    def note(self, where: object) -> str:
        """One sentence on names that were matched although they differ; '' without any."""
        if not self.spelled:
            return ''
        pairs = [f'{name!r} is camera {camera!r}' for name, camera in self.spelled.items()]
        return (
            f'{where}: {listed(pairs)}, by the names. Wrong? '
            f'{argument("rename", dict([next(iter(self.spelled.items()))]))}'
        )


class _Token(NamedTuple):
    text: str
    begin: int
    end: int


def match_cameras(
    found: Sequence[str],
    cameras: Sequence[str],
    rename: Mapping[str, str] | None = None,
    *,
    where: object = 'the recording',
    file: PathLike | None = None,
) -> NameMatch:
    """Find the name of each camera, see the module.

    Args:
        found: Names of images, videos or keypoints, without their endings or with them.
        cameras: Names of the rig's cameras.
        rename: Name there to camera; an ending may be given or left out. Names that are not there
            are for another input of the same call, unless a camera then has no name.
        where: What the names are of, for messages.
        file: Its path.

    Raises:
        FileFormatError: Several names fit a camera, or one name fits several; names are counted
            from 0 and cameras from 1, or the other way round; a camera of ``rename`` is none of
            these, or its name is not there.
    """
    chosen = _renamed(found, cameras, rename or {}, where, file)
    by_user = bool(chosen)
    taken = set(chosen.values())
    for name in found:
        if name not in chosen and name in cameras and name not in taken:
            chosen[name] = name
    given = dict(chosen)
    for fitting in (_same_spelling, _set_off):
        names = [name for name in found if name not in chosen]
        free = [camera for camera in cameras if camera not in set(chosen.values())]
        fits = fitting(names, cameras)
        for camera in free:
            # A name that fits a camera which has another one is none of a camera without.
            candidates = [n for n in names if camera in fits[n] and fits[n] <= set(free)]
            if not candidates:
                continue
            rivals = [other for other in free if other in fits[candidates[0]]]
            if len(candidates) > 1 or len(rivals) > 1:
                rivals = [camera, *(other for other in rivals if other != camera)]
                raise ambiguous(candidates, rivals, found, cameras, where, file)
            chosen[candidates[0]] = camera
    missing = tuple(camera for camera in cameras if camera not in set(chosen.values()))
    for name, camera in (rename or {}).items():
        if camera in missing:
            raise not_there(name, camera, found, cameras, where, file)
    counted = {} if by_user else counted_otherwise(found, cameras, chosen)
    if counted:
        raise counted_error(counted, found, cameras, where, file)
    return NameMatch(
        chosen,
        {name: camera for name, camera in chosen.items() if name not in given},
        missing,
        tuple(name for name in found if name not in chosen),
    )


def cameras_called(
    names: Sequence[str], cameras: Sequence[str], rename: Mapping[str, str] | None = None
) -> list[str]:
    """The camera that each name means by itself; a name that fits none or several stays."""
    called = []
    for name in names:
        camera = (rename or {}).get(name, name)
        for fitting in (_same_spelling, _set_off):
            fits = [camera] if camera in cameras else sorted(fitting([camera], cameras)[camera])
            if fits:
                camera = fits[0] if len(fits) == 1 else camera
                break
        called.append(camera)
    return called


def spelling(name: str) -> str:
    """What is left of a name without case, separators, leading zeros, ending, dates and times."""
    return _spelling(_tokens(name))


def by_camera(
    values: Mapping[str, _Value], cameras: Sequence[str], rename: Mapping[str, str] | None = None
) -> dict[str, _Value]:
    """What was said by name, such as frame offsets, by camera; see :func:`cameras_called`.

    Raises:
        FileFormatError: Two names are the same camera.
    """
    said: dict[str, str] = {}
    for name, camera in zip(values, cameras_called(list(values), cameras, rename)):
        if said.setdefault(camera, name) != name:
            raise FileFormatError(
                f'{said[camera]!r} and {name!r} are both camera {camera!r}; say it once',
                code='duplicate',
                camera=camera,
                found=[said[camera], name],
            )
    return {camera: values[name] for camera, name in said.items()}


def nothing_of(
    what: str, match: NameMatch, where: object, file: PathLike | None = None
) -> FileFormatError:
    """The error where cameras have no name: says which names there are, and the way out.

    Args:
        what: ``images`` or ``keypoints``.
        match: At least one camera is missing.
        where: What the names are of.
        file: Its path.
    """
    names = [*match.cameras, *match.left]
    cameras = [*match.cameras.values(), *match.missing]
    plural = 's' if len(match.missing) > 1 else ''
    there = listed(sorted(names)) or 'none'
    example = {(match.left or ('NAME',))[0]: match.missing[0]}
    return FileFormatError(
        f'{where}: no {what} of camera{plural} {listed(map(repr, match.missing))}; it has '
        f'{there}, the cameras are {listed(sorted(cameras))}; say which is which with '
        f'{argument("rename", example)}',
        code='unknown-camera',
        file=file,
        camera=match.missing[0],
        found=list(match.missing),
        expected=sorted(names),
    )


def _renamed(
    found: Sequence[str],
    cameras: Sequence[str],
    rename: Mapping[str, str],
    where: object,
    file: PathLike | None,
) -> dict[str, str]:
    """Names that are there to the cameras that the user says they are of."""
    chosen: dict[str, str] = {}
    for name, camera in rename.items():
        if camera not in cameras:
            raise FileFormatError(
                f'{argument("rename", {name: camera})}: no camera {camera!r} in the rig; it has '
                f'{listed(cameras)}',
                code='unknown-camera',
                file=file,
                camera=camera,
                found=camera,
                expected=list(cameras),
            )
        here = [name] if name in found else [n for n in found if _stem(n) == _stem(name)]
        for other in here:
            if camera in chosen.values() or other in chosen:
                raise FileFormatError(
                    f'{where}: {argument("rename", dict(rename))} names a camera or a name twice '
                    f'({other!r}, {camera!r}); say each once',
                    code='duplicate',
                    file=file,
                    camera=camera,
                    found=[*chosen, other],
                )
            chosen[other] = camera
    return chosen


def _stem(name: str) -> str:
    return without_ending(name).casefold()


def _same_spelling(names: Sequence[str], cameras: Sequence[str]) -> dict[str, set[str]]:
    """Name to the cameras of the same spelling: exactly so, or but for a word for camera."""
    known = {camera: _spelling(_tokens(camera)) for camera in cameras}
    bare = {camera: _number(_tokens(camera), None) for camera in cameras}
    fits = {}
    for name in names:
        tokens = _tokens(name)
        spelling, number = _spelling(tokens), _number(tokens)
        fits[name] = {camera for camera, other in known.items() if spelling and other == spelling}
        if not fits[name] and number is not None:
            fits[name] = {camera for camera, other in bare.items() if other == number}
    return fits


def _set_off(names: Sequence[str], cameras: Sequence[str]) -> dict[str, set[str]]:
    """Name to the cameras with whose name it begins or ends, of several the longest."""
    known = {camera: _tokens(camera) for camera in cameras}
    fits = {}
    for name in names:
        tokens = _tokens(name)
        places = {camera: _place(tokens, own) for camera, own in known.items()}
        spans = {camera: place for camera, place in places.items() if place is not None}
        fits[name] = {
            camera
            for camera, (begin, end) in spans.items()
            if not any(
                first <= begin and end <= last and last - first > end - begin
                for first, last in spans.values()
            )
        }
    return fits


def _place(tokens: Sequence[_Token], camera: Sequence[_Token]) -> tuple[int, int] | None:
    """Begin and end of a camera's name at the beginning or the end of another one."""
    number = _number(camera, None)
    if number is not None and len(number) < SERIAL_DIGITS:
        # '1' and 'cam1' are both found as 'cam1', and nothing else is.
        pairs = [(i, i + 2) for i in range(len(tokens) - 1) if _number(tokens[i : i + 2]) == number]
        return next((place for place in pairs if _at_an_end(tokens, place, False)), None)
    spelling = _spelling(camera)
    only_digits = all(token.text.isdigit() for token in camera)
    for begin in range(len(tokens)):
        for end in range(begin + 1, len(tokens) + 1):
            if _spelling(tokens[begin:end]) == spelling and spelling:
                if _at_an_end(tokens, (begin, end), only_digits):
                    return begin, end
    return None


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
    spelled = ''
    for part in parts:
        spelled += f' {part}' if part.isdigit() and spelled[-1:].isdigit() else part
    return spelled


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
