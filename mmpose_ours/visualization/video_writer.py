"""Films, written image by image, whole or not at all."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Callable, Iterator

import cv2
import numpy as np

from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.io.disk.files import whole_path
from mmpose_ours.io.parsers.video import has_frames

# What every build of OpenCV with video writes.
CODEC = 'mp4v'
MAX_SIDE = 4096


@contextlib.contextmanager
def open_film(
    path: PathLike, fps: float, size: tuple[int, int]
) -> Iterator[Callable[[np.ndarray], None]]:
    """Write an MP4 film; memory does not grow with its length.

    Args:
        path: The file, ``.mp4``.
        fps: Images per second.
        size: (width, height) of the images that will come. Films of more than 4,096 pixels
            a side, or of an odd one, are made smaller.

    Yields:
        A function that takes the next (height, width, 3) uint8 RGB image.

    Raises:
        InputError: The ending is not ``.mp4``, the frame rate is none, or OpenCV cannot
            write films here.
        OSError: Not all images arrived in the file, as happens when the disk is full.
    """
    if Path(path).suffix.lower() != '.mp4':
        raise InputError(
            f'{path}: films are written as .mp4; name a file that ends so',
            code='unknown-name',
            file=path,
            found=Path(path).suffix,
            expected='.mp4',
        )
    if not 0 < fps <= 1000:
        raise InputError(
            f'{path}: {fps:g} images per second, expected more than 0, at most 1000',
            code='out-of-range',
            file=path,
            found=fps,
            expected=(0, 1000),
        )
    scale = min(1.0, MAX_SIDE / max(size))
    width, height = (max(int(side * scale) // 2 * 2, 2) for side in size)
    with whole_path(path, '.mp4') as temporary:
        writer = cv2.VideoWriter(
            str(temporary), cv2.VideoWriter.fourcc(*CODEC), fps, (width, height)
        )
        written = 0

        def add(image: np.ndarray) -> None:
            nonlocal written
            if image.shape[:2] != (size[1], size[0]):
                found = (image.shape[1], image.shape[0])
                raise InputError(
                    f'{path}: an image of {found[0]}x{found[1]} in a film of {size[0]}x{size[1]}',
                    code='wrong-shape',
                    file=path,
                    found=found,
                    expected=tuple(size),
                )
            if (width, height) != tuple(size):
                image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
            writer.write(np.ascontiguousarray(image[..., ::-1]))
            written += 1

        try:
            if not writer.isOpened():
                raise InputError(
                    f'{path}: this OpenCV cannot write films of {width}x{height} with the codec '
                    f'{CODEC}; install the opencv-python of the package index, or write images',
                    code='cannot-express',
                    file=path,
                    found=CODEC,
                )
            yield add
        finally:
            writer.release()
        # OpenCV says nothing of a disk that fills up.
        if not has_frames(temporary, written):
            raise OSError(
                f'{path}: not all {written} frames arrived in the film; make room on the disk or '
                'choose another place'
            )
