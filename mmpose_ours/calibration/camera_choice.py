"""Some of a calibration's cameras, and image sizes that it does not say."""

from __future__ import annotations

import collections
from types import MappingProxyType
from typing import Iterable, Mapping, Sequence

from mmpose_ours.calibration.errors import CalibrationError, about
from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.rig import CameraRig, list_names
from mmpose_ours.text import argument

# Of more cameras than this, names are no help in a sentence.
MOST_NAMED = 50


def with_size(rig: CameraRig, size: tuple[int, int], path: PathLike) -> CameraRig:
    """Fill in image sizes.

    Raises:
        CalibrationError: A camera has another size, or its principal point does not fit.
    """
    for camera in rig:
        if camera.size is not None and camera.size != tuple(size):
            raise CalibrationError(
                f'{path}: camera {camera.name!r} is {camera.size[0]}x{camera.size[1]} in the '
                f'file, but the image size given is {size[0]}x{size[1]}; leave it out',
                code='conflict',
                file=path,
                camera=camera.name,
                found=tuple(size),
                expected=camera.size,
            )
    with about(path):
        return rig.with_size((size[0], size[1]))


def choose_cameras(
    rig: CameraRig,
    uncalibrated: Sequence[str],
    names: Sequence[str] | None,
    path: PathLike,
    rigs: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> CameraRig:
    """The cameras asked for, in the order asked for; None is all.

    Args:
        rig: The calibrated cameras.
        uncalibrated: Names of those that are listed without a calibration.
        names: The cameras asked for.
        path: The file.
        rigs: The names of each rig's cameras, where the file holds several rigs.

    Raises:
        CalibrationError: One of them is not there, or is not calibrated, or they are of several
            rigs.
    """
    if isinstance(names, str) or not isinstance(names, (Iterable, type(None))):
        kind = type(names).__name__
        kind = 'the text' if kind == 'str' else f'{"an" if kind == "int" else "a"} {kind},'
        raise CalibrationError(
            f'{path}: cameras must be a list of names, got {kind} {names!r}; say [{str(names)!r}]',
            code='wrong-shape',
            file=path,
            found=names,
        )
    names = None if names is None else [str(name) for name in names]
    if names is not None and not names:
        raise CalibrationError(
            f'{path}: an empty list of cameras was asked for; it has {list_names(rig.names)}',
            code='no-data',
            file=path,
            expected=list(rig.names),
        )
    _check_one_rig(names, rigs, path)
    lost = set(uncalibrated)
    wanted = [n for n in (uncalibrated if names is None else names) if n in lost]
    if wanted:
        listed = list_names([repr(name) for name in wanted])
        who, it = (
            (f'camera {listed} is', 'it') if len(wanted) == 1 else (f'cameras {listed} are', 'them')
        )
        raise CalibrationError(
            f'{path}: {who} listed but not calibrated; calibrate {it}, or take the others with '
            f'{argument("cameras", list(rig.names) if len(rig) <= MOST_NAMED else None)}',
            code='missing-value',
            file=path,
            camera=wanted[0],
            found=wanted,
            expected=list(rig.names),
        )
    if names is None:
        return rig
    twice = sorted(n for n, count in collections.Counter(names).items() if count > 1)
    if twice:
        raise CalibrationError(
            f'{path}: {", ".join(map(repr, twice))} asked for twice; say it once',
            code='duplicate',
            file=path,
            camera=twice[0],
            found=twice,
        )
    unknown = [name for name in names if name not in rig.names]
    if unknown:
        raise unknown_cameras(unknown, rig, path, 'ask for one of those')
    return rig.select(names)


def _check_one_rig(
    names: Sequence[str] | None, rigs: Mapping[str, Sequence[str]], path: PathLike
) -> None:
    """Refuse cameras of several rigs, whose calibrations hold at different times."""
    wanted = {
        rig: cameras for rig, cameras in rigs.items() if names is None or set(cameras) & set(names)
    }
    if len(wanted) < 2:
        return
    first = list(next(iter(rigs.values())))
    example = argument('cameras', first if len(first) <= MOST_NAMED else None)
    asked = '' if names is None else f'; those asked for are of {list_names(list(wanted))}'
    raise CalibrationError(
        f'{path}: its cameras are of {len(rigs)} rigs ({list_names(list(rigs))}){asked}; take '
        f'those of one, for example {example}',
        code='ambiguous',
        file=path,
        found=list(wanted),
        expected=first,
    )


def unknown_cameras(
    names: Sequence[str], rig: CameraRig, path: PathLike | None = None, fix: str = ''
) -> CalibrationError:
    """The error for names that no camera of a rig has.

    Args:
        names: One or more of them.
        rig: The cameras there are.
        path: The file that the rig is of; None where nobody knows it here.
        fix: What to do; empty where the list of names says it.
    """
    where = '' if path is None else f'{path}: '
    return CalibrationError(
        f'{where}no camera {list_names([repr(name) for name in names])} in the rig; it has '
        f'{list_names(rig.names)}{fix and "; " + fix}',
        code='unknown-camera',
        file=path,
        camera=names[0],
        found=names[0],
        expected=list(rig.names),
    )
