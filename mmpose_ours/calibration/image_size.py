"""Image sizes: one for all cameras or one for each, as a caller gives them, and what K fits."""

from __future__ import annotations

from typing import Any, Mapping, Sequence, Tuple, Union

import numpy as np

from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.text import argument

Size = Tuple[int, int]
#: (width, height) in pixels of all cameras; or by name, with None for those that are not named.
ImageSizes = Union[Sequence[int], Mapping[Any, Sequence[int]]]


def size_of_camera(sizes: ImageSizes | None, name: str) -> Size | None:
    """The (width, height) that was given for a camera, or None.

    Raises:
        CalibrationError: It is no size.
    """
    if isinstance(sizes, Mapping):
        named = {None if key is None else str(key): size for key, size in sizes.items()}
        found = named.get(name, named.get(None))
    else:
        found = sizes
    return None if found is None else _checked(found)


def named_cameras(sizes: ImageSizes | None) -> list[str]:
    """The cameras for which a size of their own was given."""
    if not isinstance(sizes, Mapping):
        return []
    return [str(name) for name in sizes if name is not None]


def _checked(size: Any) -> Size:
    try:
        width, height = (int(side) for side in size)
    except (TypeError, ValueError) as error:
        raise CalibrationError(
            f'{argument("image_size")} is {size!r}, expected (width, height) in pixels',
            code='wrong-shape',
            found=size,
        ) from error
    if width <= 0 or height <= 0:
        raise CalibrationError(
            f'{argument("image_size")} is {width}x{height}, expected two numbers above 0',
            code='out-of-range',
            found=(width, height),
        )
    return width, height


def looks_turned(K: np.ndarray, size: tuple[int, int]) -> bool:
    """Whether intrinsics (3, 3) fit an image only whose width is the height of this size."""
    off = off_middle(K, size)
    return off > 0.1 and off_middle(K, size[::-1]) * 2.5 < off


def off_middle(K: np.ndarray, size: tuple[int, int]) -> float:
    """How far the principal point is off the middle of the image, in sides of it."""
    return float(np.abs((K[:2, 2] + 0.5) / size - 0.5).max())
