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
from typing import Iterator, Mapping, Sequence, TypeVar

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.recordings.counted_names import counted_otherwise
from mmpose_ours.recordings.endings import without_ending
from mmpose_ours.recordings.name_errors import ambiguous, counted_error, listed, not_there
from mmpose_ours.recordings.name_fits import same_spelling, set_off
from mmpose_ours.text import argument

_Value = TypeVar('_Value')


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
    taken, known = set(chosen.values()), set(cameras)
    for name in found:
        if name not in chosen and name in known and name not in taken:
            chosen[name] = name
    given = dict(chosen)
    for fitting in (same_spelling, set_off):
        taken = set(chosen.values())
        free = [camera for camera in cameras if camera not in taken]
        fits = fitting([name for name in found if name not in chosen], cameras)
        for names, rivals in _candidates(fits, free):
            if len(names) > 1 or len(rivals) > 1:
                raise ambiguous(names, rivals, found, cameras, where, file)
            chosen[names[0]] = rivals[0]
    taken = set(chosen.values())
    missing = tuple(camera for camera in cameras if camera not in taken)
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
        for fitting in (same_spelling, set_off):
            fits = [camera] if camera in cameras else sorted(fitting([camera], cameras)[camera])
            if fits:
                camera = fits[0] if len(fits) == 1 else camera
                break
        called.append(camera)
    return called


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


def _candidates(
    fits: Mapping[str, frozenset[str]], free: Sequence[str]
) -> Iterator[tuple[list[str], list[str]]]:
    """Names that fit a camera without a name, and all cameras that the first of them fits.

    The first camera of these is the one that the names fit. Who takes several names or cameras for
    an error ends with the first such pair; later ones may lack names.

    Args:
        fits: Name to cameras. A name that fits a camera which has another one is none of a camera
            without.
        free: The cameras without a name.
    """
    order = {camera: place for place, camera in enumerate(free)}
    firsts: dict[frozenset[str], str | None] = {}
    names: dict[str, list[str]] = {}
    for name, cameras in fits.items():
        if cameras not in firsts:
            fit = cameras and cameras <= order.keys()
            firsts[cameras] = min(cameras, key=order.__getitem__) if fit else None
        first = firsts[cameras]
        if first is not None:
            names.setdefault(first, []).append(name)
    for camera in sorted(names, key=order.__getitem__):
        yield names[camera], sorted(fits[names[camera][0]], key=order.__getitem__)
