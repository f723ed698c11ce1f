"""Normalised keypoints (shares of the image) as pixels; recognised by their size alone."""

from __future__ import annotations

from typing import Mapping

import numpy as np

from mmpose_ours.detections.arrays import MAX_NORMALISED
from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.recordings.name_fits import spelling
from mmpose_ours.structures.keypoints import Keypoints2D

# Shares from -1 to 1 have joints in the left or upper half, below this; a joint a little
# outside of an image whose shares go from 0 to 1 does not.
CLEARLY_NEGATIVE = -0.1


def in_pixels(
    detections: dict[str, dict[str, Keypoints2D]],
    sizes: Mapping[str, tuple[int, int]],
    path: PathLike,
    of_width: bool = False,
) -> dict[str, dict[str, Keypoints2D]]:
    """Turn shares into pixels, camera by camera; pixels stay as they are.

    As OpenPose writes them, 0 (or -1) is the middle of the first pixel and 1 that of the last.
    Other tools divide pixels by the width and the height.

    Args:
        detections: frame -> camera -> people.
        sizes: camera -> (width, height) of its images.
        path: Where they come from, for the message.
        of_width: Whether 1 is the image's width or height, and not its last pixel.

    Raises:
        FileFormatError: They are shares of an image whose size is not known.
    """
    lowest: dict[str, float] = {}
    largest: dict[str, float] = {}
    for views in detections.values():
        for camera, people in views.items():
            uv = people.array[people.scores > 0][:, :2]
            if len(uv):
                lowest[camera] = min(lowest.get(camera, np.inf), float(uv.min()))
                largest[camera] = max(largest.get(camera, -np.inf), float(uv.max()))
    scale: dict[str, tuple[np.ndarray, float]] = {}
    for camera in sorted(lowest):
        low, high = lowest[camera], largest[camera]
        if max(-low, high) > MAX_NORMALISED:
            continue
        size = size_of(sizes, camera)
        if size is None:
            raise FileFormatError(
                f'{path}: keypoints of camera {camera!r} lie between {low:.2f} and {high:.2f}: '
                'shares of an image whose size is not known; name the calibration, or export '
                'pixels',
                code='missing-value',
                file=path,
                camera=camera,
                found=[low, high],
            )
        last = np.array(size, float) - (0 if of_width else 1)
        scale[camera] = (last / 2, 1.0) if low < CLEARLY_NEGATIVE else (last, 0.0)
    if not scale:
        return detections
    return {
        frame: {
            camera: _scaled(people, *scale[camera]) if camera in scale else people
            for camera, people in views.items()
        }
        for frame, views in detections.items()
    }


def size_of(sizes: Mapping[str, tuple[int, int]], camera: str) -> tuple[int, int] | None:
    """The size of a camera's images, whose name may be spelled otherwise; None where unknown."""
    alike = [size for name, size in sizes.items() if spelling(name) == spelling(camera)]
    return sizes.get(camera) or (alike[0] if len(alike) == 1 else None)


def _scaled(people: Keypoints2D, factor: np.ndarray, offset: float) -> Keypoints2D:
    array, scaled = people.array, people.array.copy()
    scaled[..., :2] = np.where(array[..., 2:] > 0, (array[..., :2] + offset) * factor, 0.0)
    return Keypoints2D(people.skeleton, scaled)
