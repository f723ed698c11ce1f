"""Where a recording's pictures lie: images or a video per camera, found by camera name.

========================== ==========================================================
``<root>/<camera>/*.jpg``  a folder of images per camera, of any name
``<root>/Camera<name>/``   likewise, as Campus and Shelf call their folders
``<root>/<camera>_*.jpg``  all images in one folder, as CMU Panoptic names them
``<root>/<camera>.mp4``    a video per camera, also inside the camera's folder
========================== ==========================================================

This module finds and decodes; it does **not** match the cameras' instants.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

IMAGE_ENDINGS = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp')
VIDEO_ENDINGS = ('.mp4', '.avi', '.mov', '.mkv', '.webm', '.m4v', '.mpg')


def images_of(root: Path, camera: str) -> list[Path]:
    """The images of a camera in the order of their numbers; an empty list where there are none."""
    for folder in (root / camera, root / f'Camera{camera}'):
        if folder.is_dir():
            found = [p for p in folder.iterdir() if p.suffix.lower() in IMAGE_ENDINGS]
            return sorted(found, key=natural_key)
    if not root.is_dir():
        return []
    found = [
        path
        for path in root.iterdir()
        if path.suffix.lower() in IMAGE_ENDINGS
        and (path.stem == camera or path.stem.startswith(f'{camera}_'))
    ]
    return sorted(found, key=natural_key)


def video_of(root: Path, camera: str) -> Path | None:
    """The video of a camera, or None; in its own folder the first one by name."""
    folders = [folder for folder in (root / camera, root / f'Camera{camera}') if folder.is_dir()]
    inside = [path for folder in folders for path in sorted(folder.iterdir())]
    beside = [root / f'{camera}{ending}' for ending in VIDEO_ENDINGS]
    beside += [root / f'{camera}{ending.upper()}' for ending in VIDEO_ENDINGS]
    for path in (*beside, *inside):
        if path.suffix.lower() in VIDEO_ENDINGS and path.is_file():
            return path
    return None


def first_frame(root: Path, camera: str) -> tuple[Path, np.ndarray] | None:
    """The first picture of a camera that can be decoded: its file and (H, W, 3) BGR.

    Returns:
        None where the camera has no pictures, or none that can be decoded.
    """
    import cv2

    for path in images_of(root, camera)[:10]:
        image = read_image(path)
        if image is not None:
            return path, image
    video = video_of(root, camera)
    if video is None:
        return None
    capture = cv2.VideoCapture(str(video))
    try:
        decoded, frame = capture.read()
    finally:
        capture.release()
    return (video, frame) if decoded else None


def read_image(path: Path) -> np.ndarray | None:
    """An image as (H, W, 3) BGR uint8, or None where it cannot be decoded."""
    import cv2

    try:
        # Not cv2.imread, which cannot open names beyond ASCII on every system.
        return cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_COLOR)
    except (OSError, cv2.error):
        return None


def natural_key(path: Path) -> tuple[Any, ...]:
    """Sorts ``img_2`` before ``img_10``."""
    parts = re.split(r'(\d+)', path.stem)
    return tuple((0, int(part), '') if part.isdigit() else (1, 0, part) for part in parts)
