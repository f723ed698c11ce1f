"""A sheet to draw on: panels placed in inches, its pixels, and the file they go to."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.io.disk.files import write_whole


def new_sheet(width: float, height: float) -> Figure:
    """An empty sheet of a size in inches, 100 pixels each, that belongs to no window."""
    sheet = Figure(figsize=(width, height), dpi=100)
    FigureCanvasAgg(sheet)
    return sheet


def add_panel(sheet: Figure, inches: Sequence[float]) -> Axes:
    """Place a panel: left, bottom, width and height in inches from the lower left corner."""
    left, bottom, width, height = inches
    across, up = sheet.get_size_inches()
    return sheet.add_axes((left / across, bottom / up, width / across, height / up))


def pixels_of(sheet: Figure) -> np.ndarray:
    """Draw a sheet.

    Returns:
        (H, W, 3) uint8 RGB image.
    """
    canvas = sheet.canvas
    assert isinstance(canvas, FigureCanvasAgg), 'made by new_sheet'
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def write_image(path: PathLike, image: np.ndarray) -> None:
    """Write an image to a file, whole or not at all.

    Args:
        path: The file; its ending says the format.
        image: (H, W, 3) uint8 RGB.

    Raises:
        InputError: The ending is that of no image format, or the format cannot hold this
            image.
        OSError: The file cannot be written.
    """
    import cv2

    ending = Path(path).suffix
    if not cv2.haveImageWriter(f'image{ending}'):
        raise InputError(
            f'{path}: no image format ends in {ending!r}; write .png',
            code='unknown-name',
            file=path,
            found=ending,
        )
    coded, content = False, None
    with contextlib.suppress(cv2.error):
        coded, content = cv2.imencode(ending, image[..., ::-1])
    if not coded or content is None:
        height, width = image.shape[:2]
        raise InputError(
            f'{path}: an image of {width}x{height} cannot be written as {ending}; write .png',
            code='cannot-express',
            file=path,
            found=(width, height),
        )
    with write_whole(path, 'wb') as file:
        file.write(content.tobytes())
