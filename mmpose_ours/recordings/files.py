"""Where a recording's images lie: images or a video per camera.

========================== ==========================================================
``<root>/<camera>/*.jpg``  a folder of images per camera, of any name
``<root>/Camera<name>/``   likewise, as Campus and Shelf call their folders
``<root>/<camera>_*.jpg``  all images in one folder, as CMU Panoptic names them
``<root>/<camera>.mp4``    a video per camera, also inside the camera's folder
========================== ==========================================================

The first of these places that holds an image counts, and hidden files never do: macOS leaves
``._0.jpg`` beside images, and an interrupted program its temporary files.

This module finds files under a camera's own name; :mod:`mmpose_ours.recordings.media` also finds
those that spell it otherwise. It does **not** decode them (see :mod:`mmpose_ours.io.parsers.images`
and :mod:`mmpose_ours.io.parsers.video`) or match the cameras' frames.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePath
from typing import Any, Sequence

import numpy as np

from mmpose_ours.errors import FileFormatError, InputError
from mmpose_ours.io.parsers.images import decode_image
from mmpose_ours.io.parsers.video import open_video
from mmpose_ours.recordings.endings import IMAGE_ENDINGS, VIDEO_ENDINGS, is_video

# Video codecs store blocks of so many pixels.
BLOCK = 16


def media_of(root: Path, camera: str, names: Sequence[str]) -> tuple[Path, ...]:
    """The files with a camera's images: its images in order, or else its video.

    Args:
        root: The recording.
        camera: The camera's name.
        names: Those of all cameras of the recording, see :func:`images_of`.

    Returns:
        Images, or one video (see :func:`is_video`), or nothing.
    """
    images = images_of(root, camera, names)
    video = None if images else video_of(root, camera, names)
    return tuple(images) if video is None else (video,)


def images_of(root: Path, camera: str, names: Sequence[str]) -> list[Path]:
    """The images of a camera in the order of their numbers.

    Args:
        root: The recording.
        camera: The camera's name.
        names: Those of all cameras of the recording. Where all images lie in one folder, the
            longest name that fits says whose an image is: ``cam_1_0.jpg`` is of ``cam_1``
            where there is such a camera, else of ``cam``.

    Returns:
        Files; none where the camera has no images.
    """
    for folder in _folders(root, camera, names):
        found = files_in(folder, IMAGE_ENDINGS)
        if found:
            return found
    return [
        p for p in files_in(root, IMAGE_ENDINGS) if owner_of(p.stem, (camera, *names)) == camera
    ]


def listed_cameras(names: Sequence[str]) -> str:
    """Names of cameras as words."""
    return ('cameras ' if len(names) > 1 else 'camera ') + ', '.join(map(repr, names))


def video_of(root: Path, camera: str, names: Sequence[str] = ()) -> Path | None:
    """The video of a camera, or None; in its own folder the first one by name.

    Args:
        root: The recording.
        camera: The camera's name.
        names: Those of all cameras of the recording.
    """
    beside = [path for path in files_in(root, VIDEO_ENDINGS) if path.stem == camera]
    if beside:
        return min(beside, key=ending_rank)
    inside = [
        path for folder in _folders(root, camera, names) for path in files_in(folder, VIDEO_ENDINGS)
    ]
    return inside[0] if inside else None


def first_size(files: Sequence[Path]) -> tuple[Path, tuple[int, int]]:
    """The size of the first image that can be decoded.

    Args:
        files: One or more, as :func:`media_of` finds them.

    Returns:
        The file, and (width, height) of its image.

    Raises:
        FileFormatError: None can be decoded.
        OSError: One cannot be read.
    """
    assert files
    for path in files:
        try:
            height, width = (_first_frame if is_video(path) else decode_image)(path).shape[:2]
        except FileFormatError as error:
            refused = error
        else:
            return path, (width, height)
    if len(files) == 1:
        raise refused
    raise refused.reworded(
        FileFormatError, f'none of {len(files)} images can be decoded; the last: {refused}'
    )


def as_bgr(image: np.ndarray) -> np.ndarray:
    """An image of any kind as (H, W, 3) BGR uint8, contiguous.

    Raises:
        InputError: It is no image.
    """
    if image.dtype == np.uint16:
        image = (image >> 8).astype(np.uint8)
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or not image.size:
        raise InputError(
            f'an image is an array {image.shape} of {image.dtype}, expected (H, W, 3) BGR uint8',
            code='wrong-shape',
            found=(image.shape, str(image.dtype)),
            expected=(('H', 'W', 3), 'uint8'),
        )
    if image.ndim == 2:
        image = image[..., None]
    if image.shape[2] not in (1, 3, 4):
        raise InputError(
            f'an image has {image.shape[2]} channels, expected 3 (BGR)',
            code='wrong-shape',
            found=image.shape,
            expected=('H', 'W', 3),
        )
    channels = image[..., :3]
    return np.ascontiguousarray(np.broadcast_to(channels, (*image.shape[:2], 3)))


def as_calibrated(image: np.ndarray, size: tuple[int, int] | None) -> np.ndarray:
    """An image with the columns and rows that a codec added, or took away, put right.

    Video codecs store blocks of 16 pixels, so one tool shows 1088 columns where another shows
    1080: they are the same, and the odd ones stand at the right and lower edges. Images that
    differ by more are returned as they are.

    Args:
        image: (H, W, 3).
        size: (width, height) that the camera was calibrated at; None where that is not known.
    """
    if size is None or not same_but_padding(image.shape[1::-1], size):
        return image
    image = image[: size[1], : size[0]]
    missing = [(0, wanted - has) for has, wanted in zip(image.shape, size[::-1])]
    return np.pad(image, [*missing, (0, 0)], mode='edge') if np.any(missing) else image


def same_but_padding(size: tuple[int, ...], calibrated: tuple[int, int]) -> bool:
    """Whether images of a size are those of another, but for columns and rows of a codec.

    Args:
        size: (width, height) of the images.
        calibrated: (width, height) that the camera was calibrated at.
    """
    return all(map(_is_padding, size, calibrated))


def _is_padding(has: int, wanted: int) -> bool:
    return has == wanted or (abs(has - wanted) < BLOCK and max(has, wanted) % BLOCK == 0)


def natural_key(path: Path) -> tuple[Any, ...]:
    """Sorts ``img_2`` before ``img_10``."""
    parts = re.split(r'(\d+)', path.stem)
    return tuple((0, int(part), '') if part.isdecimal() else (1, 0, part) for part in parts)


def _first_frame(video: Path) -> np.ndarray:
    with open_video(video) as opened:
        _, frame = opened.read()
    assert frame is not None, 'a video that can be opened has a frame'
    return frame


def _folders(root: Path, camera: str, names: Sequence[str]) -> list[Path]:
    # Of cameras '0' and 'Camera0' the folder Camera0 is the second's only.
    campus = f'Camera{camera}'
    return [
        root / name
        for name in (camera, campus)
        if (name == camera or name not in names) and _is_inside(name)
    ]


def _is_inside(name: str) -> bool:
    """Whether a camera's name, which a calibration may choose, is that of a folder further down."""
    path = PurePath(name)
    return bool(path.parts) and not path.anchor and '..' not in path.parts and '\0' not in name


def ending_rank(path: Path) -> int:
    """Sorts videos of one name: the first is taken."""
    return VIDEO_ENDINGS.index(path.suffix.lower())


def files_in(folder: Path, endings: Sequence[str]) -> list[Path]:
    """The files of a folder with one of these endings, in order; none without a folder."""
    if not folder.is_dir():
        return []
    found = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in endings and not path.name.startswith('.') and path.is_file()
    ]
    return sorted(found, key=lambda path: (natural_key(path), path.name))


def owner_of(stem: str, names: Sequence[str]) -> str | None:
    """Of images of all cameras in one folder: whose this is."""
    fitting = [name for name in names if stem == name or stem.startswith(f'{name}_')]
    return max(fitting, key=len, default=None)
