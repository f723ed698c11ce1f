"""Whether a rig's image sizes are those of its images."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Callable, Mapping, Sequence

from mmpose_ours.calibration.checks.sanity import Problem
from mmpose_ours.errors import FileFormatError
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.disk.files import explain_os_error
from mmpose_ours.recordings.files import first_size, same_but_padding
from mmpose_ours.recordings.media import find_media
from mmpose_ours.text import argument


def inspect_images(
    rig: CameraRig,
    root: Path,
    rename: Mapping[str, str] | None = None,
    say: Callable[[str], None] = lambda note: None,
) -> tuple[dict[str, tuple[int, int] | None], list[Problem]]:
    """Compare image sizes with the first image of each camera that can be decoded.

    Args:
        rig: V cameras.
        root: Where their images or videos lie, see :mod:`mmpose_ours.recordings.files`.
        rename: Name of images or a video to the camera that they are of.
        say: Takes a sentence on names that were matched although they are spelled otherwise.

    Returns:
        (width, height) of each camera's images by name, None without any; and problems.
    """
    sizes: dict[str, tuple[int, int] | None] = {}
    problems = []
    media = find_media(root, rig.names, rename, needed=False)
    for note in media.notes:
        say(note)
    for camera in rig:
        files = media.files.get(camera.name, ())
        sizes[camera.name], problem = _inspect(camera, root, files)
        if problem is not None:
            problems.append(problem)
    return sizes, problems


def sized_and_compared(
    rig: CameraRig,
    root: Path,
    rename: Mapping[str, str] | None = None,
    say: Callable[[str], None] = lambda note: None,
) -> tuple[CameraRig, dict[str, tuple[int, int] | None], list[Problem]]:
    """Take the sizes that a calibration does not say from its images, and compare the others.

    Args:
        rig: V cameras.
        root: Where their images or videos lie.
        rename: See :func:`inspect_images`.
        say: Likewise.

    Returns:
        The rig; (width, height) of each camera's images by name, None without any; and problems.
    """
    sizes, problems = inspect_images(rig, root, rename, say)
    cameras = []
    for camera in rig:
        size = sizes[camera.name]
        if camera.size is None and size is not None:
            try:
                camera = dataclasses.replace(camera, size=size)
            except ValueError as error:  # a principal point that lies outside the image
                problems.append(Problem('resolution', f'{root}: {error}', (camera.name,)))
        cameras.append(camera)
    return CameraRig(tuple(cameras)), sizes, problems


def _inspect(
    camera: Camera, root: Path, files: Sequence[Path]
) -> tuple[tuple[int, int] | None, Problem | None]:
    if not files:
        sentence = (
            f'camera {camera.name!r} has no images in {root}; name the folder or video after '
            f'the camera ({root / camera.name}), or leave it out with '
            f'{argument("cameras")}'
        )
        return None, Problem('images', sentence, (camera.name,))
    try:
        path, size = first_size(files)
    except (FileFormatError, OSError) as error:
        reason = explain_os_error(error) if isinstance(error, OSError) else str(error)
        sentence = f'camera {camera.name!r} has no image that can be decoded: {reason}'
        return None, Problem('images', sentence, (camera.name,))
    sentence = size_mismatch(camera, size, path)
    return size, Problem('resolution', sentence, (camera.name,)) if sentence else None


def check_shapes(rig: CameraRig, files: Mapping[str, Sequence[Path]]) -> None:
    """Refuse images that cannot be scaled to their cameras' images.

    Args:
        rig: Cameras; those without an image size fit any image.
        files: Camera name to its images or its one video.

    Raises:
        FileFormatError: The first image of a camera has another shape; names file and camera.
        OSError: One cannot be read.
    """
    for name, paths in files.items():
        camera = rig[name]
        try:
            path, size = first_size(paths)
        except FileFormatError:  # counts as missing, and is reported with the others
            continue
        if camera.size is None or same_but_padding(size, camera.size):
            continue
        try:
            camera.resized(size)
        except ValueError as error:
            raise FileFormatError(
                size_mismatch(camera, size, path),
                code='wrong-shape',
                file=path,
                camera=name,
                found=size,
                expected=camera.size,
            ) from error


def size_mismatch(camera: Camera, size: tuple[int, int], path: Path, padding: bool = True) -> str:
    """Say how images of another size than the calibration's come together with it.

    Args:
        camera: The camera.
        size: (width, height) of its images.
        path: One of them.
        padding: Whether columns and rows that a video codec added or took away may differ, which
            :func:`mmpose_ours.recordings.files.as_calibrated` corrects.

    Returns:
        A sentence; empty where the camera's size is not known or the sizes are the same.
    """
    if camera.size is None or camera.size == size:
        return ''
    if padding and same_but_padding(size, camera.size):
        return ''
    width, height = size
    found = (
        f'{path}: is {width}x{height}, but camera {camera.name!r} was calibrated for '
        f'{camera.size[0]}x{camera.size[1]} images'
    )
    if camera.size == (height, width):
        return (
            f'{found}, so width and height are swapped or the images were turned; correct the '
            'size, or turn the images by 90 degrees, as they were when it was calibrated'
        )
    try:
        camera.resized(size)
    except ValueError:
        return (
            f'{found}, which is another shape, so the images were cropped or are those of '
            'another camera; give the full images that it was calibrated for, or calibrate on '
            'these'
        )
    return (
        f'{found}, so the calibration is one of another resolution; scale it first: `mmpose-ours '
        f'convert-calibration RIG scaled.json --to panoptic --scale-intrinsics {width}x{height}`'
    )
