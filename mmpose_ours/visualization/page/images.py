"""Small images for the page, as JPEG within a budget of bytes."""

from __future__ import annotations

import base64
import dataclasses
from typing import Callable, Sequence

import numpy as np

from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.visualization.frame_images import ImageSource

# Widths in pixels, the largest first: as large as the budget allows for every frame.
WIDTHS = (960, 640, 400)
JPEG_QUALITY = 72
# The first frame tells how large the others will be; this much larger they may get.
RESERVE = 1.15


@dataclasses.dataclass(frozen=True, eq=False)
class PageImages:
    """Images of some frames.

    Args:
        frames: Positions of the frames that have images, ascending.
        spans: Per such frame and camera where its image lies in ``text``: begin and end,
            both 0 where there is none.
        text: All images as base64, each padded so that it can be cut out of the text.
    """

    frames: list[int]
    spans: list[list[tuple[int, int]]]
    text: str


NO_IMAGES = PageImages([], [], '')


def encode_images(
    images: ImageSource,
    rig: CameraRig,
    frames: Sequence[int | str],
    budget_bytes: int,
    progress: Callable[[int, int], None] | None = None,
) -> PageImages:
    """Read and shrink images: all of them if they fit, else those of every n-th frame.

    Args:
        images: Where the images come from.
        rig: V cameras with image sizes.
        frames: T frames.
        budget_bytes: The JPEG files may take as much together.
        progress: Called with how many frames are done, and of how many.

    Raises:
        InputError: An image has another shape than its camera's image, or is broken.
    """
    candidates = [i for i, frame in enumerate(frames) if images.may_have(frame)]
    width, stride = _plan(images, rig, [frames[i] for i in candidates], budget_bytes)
    rows = candidates[::stride]
    coded: dict[int, list[bytes]] = {}
    used, keep_every = 0, 1
    for done, row in enumerate(rows):
        if done % keep_every == 0:
            coded[row] = _jpegs(images, rig, frames[row], width)
            used += sum(map(len, coded[row]))
        # Later images may be larger than the first: then fewer frames have some.
        while len(coded) > 1 and used > budget_bytes:
            coded = {kept: coded[kept] for kept in sorted(coded)[::2]}
            used = sum(len(jpeg) for jpegs in coded.values() for jpeg in jpegs)
            keep_every *= 2
        if progress is not None:
            progress(done + 1, len(rows))
    if used > budget_bytes:
        return NO_IMAGES
    return _joined([i for i in sorted(coded) if any(coded[i])], coded)


def _plan(
    images: ImageSource, rig: CameraRig, frames: Sequence[int | str], budget_bytes: int
) -> tuple[int, int]:
    """The width of the images, and from how many frames one has some."""
    first = next((f for f in frames if any(_jpegs(images, rig, f, WIDTHS[-1]))), None)
    if first is None:
        return WIDTHS[-1], 1
    for width in WIDTHS:
        needed = RESERVE * len(frames) * sum(map(len, _jpegs(images, rig, first, width)))
        if needed <= budget_bytes:
            return width, 1
    return WIDTHS[-1], int(np.ceil(needed / max(budget_bytes, 1)))


def _jpegs(images: ImageSource, rig: CameraRig, frame: int | str, width: int) -> list[bytes]:
    """A JPEG per camera, empty where it has no image."""
    found = [(camera, images.of(camera.name, frame)) for camera in rig]
    return [b'' if image is None else _jpeg(camera, image, width) for camera, image in found]


def _jpeg(camera: Camera, image: np.ndarray, width: int) -> bytes:
    import cv2

    camera.resized((image.shape[1], image.shape[0]))  # refuses another shape
    if image.shape[1] > width:
        height = max(round(image.shape[0] * width / image.shape[1]), 1)
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    coded, content = cv2.imencode(
        '.jpg', image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    )
    assert coded, 'OpenCV writes every RGB image as JPEG'
    return content.tobytes()


def _joined(kept: Sequence[int], coded: dict[int, list[bytes]]) -> PageImages:
    texts: list[str] = []
    spans, length = [], 0
    for index in kept:
        row = []
        for jpeg in coded[index]:
            # Three bytes are four characters; decoders ignore what follows a JPEG's end.
            text = base64.b64encode(jpeg + bytes(-len(jpeg) % 3)).decode('ascii')
            row.append((length, length + len(text)) if jpeg else (0, 0))
            texts.append(text)
            length += len(text)
        spans.append(row)
    return PageImages(list(kept), spans, ''.join(texts))
