"""Images through a map of pixels: the images or the video of one camera, file by file.

Every file is complete or not there. This module knows no cameras (see
:mod:`mmpose_ours.geometry.pinhole`) and chooses no files (see :mod:`mmpose_ours.cli.undistort`).
"""

from __future__ import annotations

import contextlib
import errno
from pathlib import Path
from typing import Callable

import numpy as np

from mmpose_ours.errors import FileFormatError, InputError
from mmpose_ours.io.disk.files import whole_path, write_whole
from mmpose_ours.io.parsers.images import decode_image
from mmpose_ours.io.parsers.video import Video, has_frames, open_video
from mmpose_ours.io.terminal import shell_path
from mmpose_ours.text import argument

# What OpenCV's own builds can write into each container.
CODECS = {
    '.mp4': 'mp4v',
    '.m4v': 'mp4v',
    '.mov': 'mp4v',
    '.mkv': 'mp4v',
    '.avi': 'MJPG',
    '.webm': 'VP80',
    '.mpg': 'PIM1',
    '.mpeg': 'PIM1',
    '.ts': 'MPG2',
    '.mts': 'MPG2',
    '.m2ts': 'MPG2',
    '.3gp': 'mp4v',
    '.3g2': 'mp4v',
    '.wmv': 'WMV2',
    '.asf': 'WMV2',
}
# Containers that hold no index only estimate how many frames there are.
SHORT_SHARE = 0.01


class PixelMap:
    """Where each pixel of the new image lies in the old one.

    Args:
        uv: (H, W, 2) float32 pixels of the old image; outside of it is black.
        size: (width, height) of the old image.
    """

    def __init__(self, uv: np.ndarray, size: tuple[int, int]):
        import cv2

        self.size = size
        self.new_size = (uv.shape[1], uv.shape[0])
        self._maps = cv2.convertMaps(uv, None, cv2.CV_16SC2)

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """The new image (H, W) or (H, W, 3) of an old one, of the same kind of number."""
        import cv2

        return cv2.remap(image, *self._maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)


def render_image(source: Path, target: Path, pixel_map: PixelMap) -> None:
    """Render one image into a file of the same kind, whole or not at all.

    Raises:
        FileFormatError: It cannot be decoded, or is not of the map's size.
        OSError: It cannot be read or written.
    """
    import cv2

    image = decode_image(source)
    check_size(source, image, pixel_map.size)
    coded, content = False, None
    with contextlib.suppress(cv2.error):
        coded, content = cv2.imencode(target.suffix, pixel_map(image))
    if not coded or content is None:
        raise FileFormatError(
            f'{target}: {image.dtype} images of {pixel_map.new_size[0]}x{pixel_map.new_size[1]} '
            f'cannot be written as {target.suffix}; convert the images to .png first',
            code='cannot-express',
            file=target,
            found=(str(image.dtype), pixel_map.new_size),
            expected=target.suffix,
        )
    with write_whole(target, 'wb') as file:
        file.write(content.tobytes())


def check_size(path: Path, image: np.ndarray, size: tuple[int, int]) -> None:
    """Raise a FileFormatError where an image is not of the size (width, height)."""
    height, width = image.shape[:2]
    if (width, height) != tuple(size):
        raise FileFormatError(
            f'{path}: is {width}x{height}, but the images of its camera before it are '
            f'{size[0]}x{size[1]}; give images of one size',
            code='wrong-shape',
            file=path,
            found=(width, height),
            expected=tuple(size),
        )


def render_video(
    source: Path,
    target: Path,
    pixel_map: PixelMap,
    codec: str | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> tuple[int, int]:
    """Render a video, frame by frame at the same rate, whole or not at all. Sound is lost.

    Args:
        source: The video.
        target: The video to write; its ending says the container.
        pixel_map: For each frame.
        codec: Four letters as OpenCV knows them; None takes the container's usual one.
        progress: Called with the frames done, and how many the file says it has.

    Returns:
        How many frames were rendered, and how many the file said it had (0: it did not).

    Raises:
        FileFormatError: No frame can be decoded, or the rate is not known.
        InputError: The codec is none, or is not available.
        OSError: The target cannot be written.
    """
    with open_video(source) as video:
        rate = video.fps
        if not 0 < rate < 100_000:
            raise FileFormatError(
                f'{source}: does not say its frame rate; write it anew with one, for example '
                f'`ffmpeg -r 30 -i {shell_path(source.name)} new.mp4`',
                code='missing-value',
                file=source,
                found=rate,
            )
        announced = video.frame_count
        # OpenCV knows the container by the ending.
        with whole_path(target, target.suffix) as temporary:
            count = _copy_frames(
                video, source, temporary, target, pixel_map, codec, rate, announced, progress
            )
            if not has_frames(temporary, count):
                raise OSError(
                    errno.ENOSPC, 'the video came out incomplete, as on a full disk', str(target)
                )
    return count, announced


def is_short(count: int, announced: int) -> bool:
    """Whether so many frames are fewer than a video announced, beyond an estimate's error."""
    return announced - count > max(1.0, SHORT_SHARE * announced)


def _copy_frames(
    video: Video,
    source: Path,
    temporary: Path,
    target: Path,
    pixel_map: PixelMap,
    codec: str | None,
    rate: float,
    announced: int,
    progress: Callable[[int, int], None],
) -> int:
    import cv2

    codec = codec or CODECS.get(target.suffix.lower(), 'mp4v')
    if len(codec) != 4:
        raise InputError(
            f'the codec is {codec!r}, expected four letters, e.g. MJPG',
            code='unknown-name',
            found=codec,
            expected=sorted(set(CODECS.values())),
        )
    fourcc = cv2.VideoWriter.fourcc(*codec)
    writer = cv2.VideoWriter(str(temporary), fourcc, rate, pixel_map.new_size)
    count = 0
    try:
        if not writer.isOpened():
            raise InputError(
                f'{target}: this OpenCV cannot write {target.suffix} with codec {codec!r} at '
                f'{rate:g} frames per second; name another with {argument("codec")} (mp4v '
                'for .mp4, MJPG for .avi), or extract images first',
                code='cannot-express',
                file=target,
                found=codec,
            )
        while True:
            _, frame = video.read()
            if frame is None:
                break
            check_size(source, frame, pixel_map.size)
            writer.write(pixel_map(frame))
            count += 1
            progress(count, announced)
    finally:
        writer.release()
    return count
