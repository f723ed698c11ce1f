"""The image of a camera in a frame, out of a recording's images or videos."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np

from mmpose_ours.errors import FileFormatError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.recordings.files import as_calibrated
from mmpose_ours.recordings.footage import Footage, decoded, frame_key


class ImageSource(Protocol):
    """Where drawings get their images from."""

    def of(self, camera: str, frame: int | str) -> np.ndarray | None:
        """The (H, W, 3) uint8 RGB image of a camera in a frame, or None."""

    def may_have(self, frame: int | str) -> bool:
        """Whether a camera can have an image of a frame, known without decoding any."""


class FootageImages:
    """The images of a recording by camera and frame, in any order.

    Going forwards is quick; going back in a video reads it from its beginning.

    One image of thousands that cannot be decoded is no reason to show nothing: it counts as
    missing and is kept in ``broken``, its path with the reason.

    Args:
        footage: As :func:`mmpose_ours.recordings.footage.open_footage` finds it.
        rig: Its cameras; codecs' padding is put right by their sizes.
    """

    def __init__(self, footage: Footage, rig: CameraRig | None = None):
        self.footage = footage
        self._sizes = {} if rig is None else {camera.name: camera.size for camera in rig}
        self.broken: dict[Path, str] = {}
        self._videos = footage.videos()

    def of(self, camera: str, frame: int | str) -> np.ndarray | None:
        """The image of a camera in a frame.

        Args:
            camera: Its name.
            frame: The frame, as the footage names it; leading zeros do not count.

        Returns:
            (H, W, 3) uint8 RGB, or None where the camera shows nothing.

        Raises:
            FileFormatError: A video cannot be opened.
            OSError: An image cannot be read.
        """
        key = frame_key(frame)
        if camera in self._videos:
            row = self.footage.row_of(camera, int(key)) if key.isdecimal() else -1
            image = self._videos[camera].frame(row) if row >= 0 else None
        else:
            path = self.footage.places.get(camera, {}).get(key)
            image = None if path is None else self._decoded(path)
        if image is None:
            return None
        return np.ascontiguousarray(as_calibrated(image, self._sizes.get(camera))[..., ::-1])

    def may_have(self, frame: int | str) -> bool:
        """Whether a camera can have an image of a frame, known without decoding any."""
        key = frame_key(frame)
        if self._videos:
            return key.isdecimal()
        return any(key in places for places in self.footage.places.values())

    def _decoded(self, path: Path) -> np.ndarray | None:
        try:
            return decoded(path)
        except FileFormatError as error:
            self.broken[Path(path)] = str(error)
            return None
