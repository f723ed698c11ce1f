"""Errors of names that do not tell their camera."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.text import argument

# Of longer lists a sentence shows the beginning.
MOST_LISTED = 20


def ambiguous(
    names: Sequence[str],
    rivals: Sequence[str],
    found: Sequence[str],
    cameras: Sequence[str],
    where: object,
    file: PathLike | None,
) -> FileFormatError:
    """Several names fit a camera, or one name fits several."""
    several = len(names) > 1
    what = (
        f'{listed(map(repr, names))} all fit camera {rivals[0]!r}'
        if several
        else f'{names[0]!r} fits cameras {listed(map(repr, rivals))}'
    )
    return FileFormatError(
        f'{where}: {what}; the names there are {listed(sorted(found))}, the cameras '
        f'{listed(cameras)}; say which is which with {argument("rename", {names[0]: rivals[0]})}',
        code='ambiguous',
        file=file,
        camera=rivals[0],
        found=list(names),
        expected=list(rivals),
    )


def counted_error(
    counted: Mapping[str, str],
    found: Sequence[str],
    cameras: Sequence[str],
    where: object,
    file: PathLike | None,
) -> FileFormatError:
    """Names and cameras are counted from different numbers; ``counted`` is one way to see it."""
    name, camera = next(iter(counted.items()))
    known = set(cameras)
    same = {one: one for one in found if one in known}
    return FileFormatError(
        f'{where}: the names there are {listed(sorted(found))}, the cameras {listed(cameras)}: '
        f'they may be counted from different numbers; say which is which, with '
        f'{argument("rename", dict(counted))} if {name!r} is {camera!r} and so on'
        + (f', or with {argument("rename", same)} if equal names are equal cameras' * bool(same)),
        code='ambiguous',
        file=file,
        camera=camera,
        found=list(found),
        expected=list(cameras),
    )


def not_there(
    name: str,
    camera: str,
    found: Sequence[str],
    cameras: Sequence[str],
    where: object,
    file: PathLike | None,
) -> FileFormatError:
    """A name that the user gave is not there."""
    return FileFormatError(
        f'{where}: {argument("rename", {name: camera})}: there is no {name!r}; the names there are '
        f'{listed(sorted(found)) or "none"}, the cameras {listed(cameras)}',
        code='unknown-name',
        file=file,
        camera=camera,
        found=name,
        expected=sorted(found),
    )


def listed(names: Any) -> str:
    """Names for a sentence, of many the first."""
    names = list(names)
    more = f' and {len(names) - MOST_LISTED} more' if len(names) > MOST_LISTED else ''
    return ', '.join(names[:MOST_LISTED]) + more
