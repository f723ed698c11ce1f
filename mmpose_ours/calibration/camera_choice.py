"""Some of a calibration's cameras, and image sizes that it does not say."""

from __future__ import annotations

import collections
import dataclasses
from types import MappingProxyType
from typing import Callable, Iterable, Mapping, Sequence

from mmpose_ours.calibration.errors import CalibrationError, about
from mmpose_ours.calibration.image_size import ImageSizes, named_cameras, size_of_camera
from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.geometry.rig import CameraRig, list_names
from mmpose_ours.recordings.camera_names import cameras_called
from mmpose_ours.text import argument

# Of more cameras than this, names are no help in a sentence.
MOST_NAMED = 50


def with_size(
    rig: CameraRig,
    sizes: ImageSizes,
    path: PathLike,
    known: Sequence[str] = (),
    say: Callable[[str], None] | None = None,
) -> CameraRig:
    """Fill in image sizes.

    Args:
        rig: The cameras.
        sizes: (width, height) of all, or by camera.
        path: The file that the cameras are of.
        known: Further cameras of the file, which need not be among these.
        say: Called with a note where a size for all cameras is not that of the file, which then
            counts. Without it that is an error, as it always is for the size of one camera.

    Raises:
        CalibrationError: A camera has another size, or its principal point does not fit; or one
            that is named is not there.
    """
    unknown = [n for n in named_cameras(sizes) if n not in rig.names and n not in known]
    if unknown:
        raise unknown_cameras(unknown, rig, path, f'{argument("image_size")} takes those names')
    cameras, stated = [], []
    for camera in rig:
        size = size_of_camera(sizes, camera.name)
        if say is not None and camera.size and camera.name not in named_cameras(sizes):
            stated += [camera.name] if size not in (None, camera.size) else []
            size = camera.size
        if camera.size is not None and size is not None and camera.size != size:
            raise CalibrationError(
                f'{path}: camera {camera.name!r} is {camera.size[0]}x{camera.size[1]} in the '
                f'file, but the image size given is {size[0]}x{size[1]}; leave it out, '
                'or correct the size in the file',
                code='conflict',
                file=path,
                camera=camera.name,
                found=size,
                expected=camera.size,
            )
        with about(path):
            cameras.append(dataclasses.replace(camera, size=size or camera.size))
    if stated and say is not None:
        say(
            f'the file says the image size of {list_names(stated, 10)}, so the size given for all '
            f'does not count; for images of another size use {argument("scale_intrinsics")}'
        )
    return CameraRig(tuple(cameras))


def need_sizes(rig: CameraRig, path: PathLike, why: str) -> None:
    """Refuse a rig of which an image size is not known.

    Args:
        rig: The cameras.
        path: The file that they are of.
        why: What the size is needed for, a relative clause.

    Raises:
        CalibrationError: A camera has none; says both ways to give it.
    """
    for camera in rig:
        with about(path):
            try:
                camera.need_size(why)
            except InputError as error:
                raise error.reworded(
                    CalibrationError,
                    f'{path}: {error}, or take the sizes from images with {argument("images")} '
                    '(a folder of images or a video for each camera)',
                    file=path,
                ) from error


def choose_cameras(
    rig: CameraRig,
    uncalibrated: Sequence[str],
    names: Sequence[str] | None,
    path: PathLike,
    rigs: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> CameraRig:
    """The cameras asked for, in the order asked for, in any spelling; None is all.

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
    if names is not None:
        names = cameras_called([str(name) for name in names], (*rig.names, *uncalibrated))
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
