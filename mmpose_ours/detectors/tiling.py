"""Small people in large images: overlapping parts of an image, and who was found twice.

Detectors shrink an image to a few hundred pixels; in a part of it people are larger.
"""

from __future__ import annotations

import math
from typing import Callable

import numpy as np

# Two detections are one person where half of their joints lie closer than this share of the larger
# one's extent.
SAME_PERSON = 0.15
# Joints of at least this score tell that a tile cuts a person.
CERTAIN = 0.5


def tile_corners(width: int, height: int, side: int) -> list[tuple[int, int]]:
    """Upper left corners (x, y) of squares that cover an image and overlap by half or more."""
    return [(x, y) for y in _starts(height, side) for x in _starts(width, side)]


def _starts(length: int, side: int) -> list[int]:
    if side >= length:
        return [0]
    steps = math.ceil((length - side) / (side / 2))
    return [round(step * (length - side) / steps) for step in range(steps + 1)]


def detect_in_tiles(
    image: np.ndarray, share: float, detect: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Detect in the whole image and in its tiles.

    Args:
        image: (H, W, 3).
        share: Side of a tile as a share of the image's shorter side; 0 for no tiles.
        detect: Takes (h, w, 3), gives (P, J, 3) in its pixels.

    Returns:
        (P, J, 3) in pixels of the image, each person once.
    """
    height, width = image.shape[:2]
    side = round(share * min(height, width))
    found = [detect(image)]
    for x, y in tile_corners(width, height, side) if side else ():
        part = detect(np.ascontiguousarray(image[y : y + side, x : x + side]))
        part = part + np.array([x, y, 0], np.float32)
        found.append(part[~_cut(part, (x, y), side, (width, height))])
    return each_once(np.concatenate(found)) if side else found[0]


def _cut(
    people: np.ndarray, corner: tuple[int, int], side: int, size: tuple[int, int]
) -> np.ndarray:
    """Whose joints lie beyond an edge of the tile inside the image, (P,) bool.

    A detector squeezes a whole body into the part of a person that it sees. Tiles overlap by
    half: who is cut by one is whole in another, or too large for tiles.
    """
    low = np.where(np.array(corner) > 0, corner, -np.inf)
    high = np.array(corner) + side
    high = np.where(high < np.array(size), high, np.inf)
    beyond = ((people[..., :2] < low) | (people[..., :2] > high)).any(-1)
    return np.asarray((beyond & (people[..., 2] >= CERTAIN)).any(-1))


def each_once(people: np.ndarray) -> np.ndarray:
    """Of people (P, J, 3) who were found several times, the detection of the highest mean score."""
    chosen: list[int] = []
    extent = np.ptp(people[..., :2], axis=1).max(-1)
    for index in np.argsort(-people[..., 2].mean(-1), kind='stable'):
        apart = np.linalg.norm(people[chosen, :, :2] - people[index, :, :2], axis=-1)
        size = np.maximum(extent[chosen], extent[index])
        if not (np.median(apart, axis=-1) < SAME_PERSON * size).any():
            chosen.append(index)
    return people[chosen]
