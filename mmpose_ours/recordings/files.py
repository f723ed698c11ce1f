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

import functools
import re
from pathlib import Path, PurePath
from typing import AbstractSet, Any, Iterable, Sequence

import numpy as np

from mmpose_ours.errors import FileFormatError, InputError
from mmpose_ours.io.parsers.images import decode_image
from mmpose_ours.io.parsers.video import open_video
from mmpose_ours.recordings.endings import IMAGE_ENDINGS, VIDEO_ENDINGS, is_video

# Video codecs store blocks of so many pixels.
BLOCK = 16


class MediaFolder:
    """The images and videos of a recording by camera; the folder itself is listed once.

    Args:
        root: The recording; it may be missing, and then holds nothing.
        names: All cameras of the recording. Where all images lie in one folder, the longest name
            that fits says whose an image is: ``cam_1_0.jpg`` is of ``cam_1`` where there is such
            a camera, else of ``cam``.
    """

    def __init__(self, root: Path, names: Iterable[str]):
        self._root, self._names = root, frozenset(names)

    def media(self, camera: str) -> tuple[Path, ...]:
        """The images of a camera in order, else its one video (see :func:`is_video`), or none."""
        images = self.images(camera)
        video = None if images else self.video(camera)
        return tuple(images) if video is None else (video,)

    def images(self, camera: str) -> list[Path]:
        """The images of a camera in the order of their numbers."""
        return self._inside(camera, IMAGE_ENDINGS) or self._images_beside.get(camera, [])

    def video(self, camera: str) -> Path | None:
        """The video of a camera; in its own folder the first one by name."""
        beside = self._videos_beside.get(camera)
        return beside or next(iter(self._inside(camera, VIDEO_ENDINGS)), None)

    def _inside(self, camera: str, endings: Sequence[str]) -> list[Path]:
        """Files of the first folder called after a camera that has any."""
        folders = _folders(self._root, camera, self._names)
        return next(filter(None, (files_in(folder, endings) for folder in folders)), [])

    @functools.cached_property
    def _images_beside(self) -> dict[str, list[Path]]:
        """Images right in the recording, by camera."""
        owned: dict[str, list[Path]] = {}
        for path in files_in(self._root, IMAGE_ENDINGS):
            owner = owner_of(path.stem, self._names)
            if owner is not None:
                owned.setdefault(owner, []).append(path)
        return owned

    @functools.cached_property
    def _videos_beside(self) -> dict[str, Path]:
        """Videos right in the recording by name, of each name the one that counts."""
        found: dict[str, Path] = {}
        for path in sorted(files_in(self._root, VIDEO_ENDINGS), key=ending_rank):
            found.setdefault(path.stem, path)
        return found


def media_of(root: Path, camera: str, names: Sequence[str]) -> tuple[Path, ...]:
    """The files with one camera's images, see :class:`MediaFolder`."""
    return MediaFolder(root, (camera, *names)).media(camera)


def listed_cameras(names: Sequence[str]) -> str:
    """Names of cameras as words."""
    return ('cameras ' if len(names) > 1 else 'camera ') + ', '.join(map(repr, names))


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


def _folders(root: Path, camera: str, names: AbstractSet[str]) -> list[Path]:
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


def owner_of(stem: str, names: AbstractSet[str]) -> str | None:
    """Of images of all cameras in one folder: whose this is.

    Args:
        stem: The image's name, ``<camera>`` or ``<camera>_...``; the longest camera counts.
        names: All cameras.
    """
    while stem not in names:
        stem, separator, _ = stem.rpartition('_')
        if not separator:
            return None
    return stem
