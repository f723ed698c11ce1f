"""Small images for the page, as JPEG within a budget of bytes."""

from __future__ import annotations

import base64
import dataclasses
from typing import Callable, Mapping, Sequence

import numpy as np

from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.visualization.frame_images import ImageSource

# Longer sides in pixels, the largest first: as large as the budget allows for every frame.
SIDES = (960, 640, 480, 320, 240)
JPEG_QUALITY = 72
# The first frame tells how large the others will be; this much larger they may get.
RESERVE = 1.15
# For a budget that is proposed: the reserve, and frames that differ.
ENOUGH = 1.3


@dataclasses.dataclass(frozen=True)
class CarriedImages:
    """Which images a page carries.

    Args:
        frames: How many frames have images.
        side: Pixels of the longer side of the largest image; 0 without images.
        left_out: How many frames have none because the budget did not suffice.
        enough_bytes: A budget that the smallest images of all frames fit into, estimated from
            those of some; 0 where none is left out.
    """

    frames: int = 0
    side: int = 0
    left_out: int = 0
    enough_bytes: int = 0


@dataclasses.dataclass(frozen=True, eq=False)
class PageImages:
    """Images of some frames.

    Args:
        frames: Positions of the frames that have images, ascending.
        spans: Per such frame and camera where its image lies in ``text``: begin and end,
            both 0 where there is none.
        text: All images as base64, each padded so that it can be cut out of the text.
        carried: What that is in figures.
    """

    frames: list[int]
    spans: list[list[tuple[int, int]]]
    text: str
    carried: CarriedImages = CarriedImages()


NO_IMAGES = PageImages([], [], '')


def encode_images(
    images: ImageSource,
    rig: CameraRig,
    frames: Sequence[int | str],
    budget_bytes: int,
    progress: Callable[[int, int], None] | None = None,
) -> PageImages:
    """Read and shrink images: of every frame if the smallest fit, else of every n-th.

    Args:
        images: Where the images come from.
        rig: V cameras with image sizes.
        frames: T frames.
        budget_bytes: The JPEG files may take as much together; 0 for no images.
        progress: Called with how many frames are done, and of how many.

    Raises:
        InputError: An image has another shape than its camera's image, or is broken.
    """
    if budget_bytes <= 0:
        return NO_IMAGES
    candidates = [i for i, frame in enumerate(frames) if images.may_have(frame)]
    side, stride = _plan(images, rig, [frames[i] for i in candidates], budget_bytes)
    rows = candidates[::stride]
    coded: dict[int, list[bytes]] = {}
    used, keep_every = 0, 1
    for done, row in enumerate(rows):
        if done % keep_every == 0:
            coded[row] = _jpegs(images, rig, frames[row], side)
            used += sum(map(len, coded[row]))
        # Later images may be larger than the first: then all shrink, or fewer frames have some.
        while used > budget_bytes and (side > SIDES[-1] or len(coded) > 1):
            if side > SIDES[-1]:
                side = SIDES[SIDES.index(side) + 1]
                coded = {i: [_smaller(jpeg, side) for jpeg in coded[i]] for i in coded}
            else:
                coded = {kept: coded[kept] for kept in sorted(coded)[::2]}
                keep_every *= 2
            used = sum(len(jpeg) for jpegs in coded.values() for jpeg in jpegs)
        if progress is not None:
            progress(done + 1, len(rows))
    shown = [i for i in sorted(coded) if any(coded[i])] if used <= budget_bytes else []
    left_out = len(candidates) - len(coded) if shown else len(candidates) if used else 0
    enough = round(ENOUGH * used / len(coded) * len(candidates)) if left_out else 0
    carried = CarriedImages(len(shown), _side(coded[shown[0]]) if shown else 0, left_out, enough)
    return _joined(shown, coded, carried)


def _plan(
    images: ImageSource, rig: CameraRig, frames: Sequence[int | str], budget_bytes: int
) -> tuple[int, int]:
    """The longer side of the images, and from how many frames one has some."""
    first = next((f for f in frames if any(_jpegs(images, rig, f, SIDES[-1]))), None)
    if first is None:
        return SIDES[-1], 1
    for side in SIDES:
        needed = RESERVE * len(frames) * sum(map(len, _jpegs(images, rig, first, side)))
        if needed <= budget_bytes:
            return side, 1
    return SIDES[-1], int(np.ceil(needed / budget_bytes))


def _jpegs(images: ImageSource, rig: CameraRig, frame: int | str, side: int) -> list[bytes]:
    """A JPEG per camera, empty where it has no image."""
    found = [(camera, images.of(camera.name, frame)) for camera in rig]
    return [b'' if image is None else _checked_jpeg(camera, image, side) for camera, image in found]


def _checked_jpeg(camera: Camera, image: np.ndarray, side: int) -> bytes:
    camera.resized((image.shape[1], image.shape[0]))  # refuses another shape
    return _jpeg(image[..., ::-1], side)


def _smaller(jpeg: bytes, side: int) -> bytes:
    return _jpeg(_decoded(jpeg), side) if jpeg else b''


def _side(jpegs: Sequence[bytes]) -> int:
    """Pixels of the longer side of the largest."""
    return max(max(_decoded(jpeg).shape) for jpeg in jpegs if jpeg)


def _decoded(jpeg: bytes) -> np.ndarray:
    import cv2

    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR))


def _jpeg(bgr: np.ndarray, side: int) -> bytes:
    """A JPEG whose longer side has at most so many pixels, upright or not."""
    import cv2

    height, width = bgr.shape[:2]
    share = side / max(height, width)
    if share < 1:
        size = (max(round(width * share), 1), max(round(height * share), 1))
        bgr = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA)
    coded, content = cv2.imencode('.jpg', bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    assert coded, 'OpenCV writes every image of 8 bits as JPEG'
    return content.tobytes()


def _joined(
    kept: Sequence[int], coded: Mapping[int, Sequence[bytes]], carried: CarriedImages
) -> PageImages:
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
    return PageImages(list(kept), spans, ''.join(texts), carried)
