"""MediaPipe's vision tasks: the extra ``[mediapipe]``."""

from __future__ import annotations

import contextlib
import weakref
from typing import Any, Mapping, Sequence

import numpy as np

from mmpose_ours.detectors.mediapipe_bundles import Part, bundle
from mmpose_ours.io.native_output import native_output_hidden

MISSING = (
    'MediaPipe is not installed for this Python; `pip install "mmpose-ours[mediapipe]"` adds it'
)


class Task:
    """A task of MediaPipe with its models.

    Args:
        name: Class of ``mediapipe.tasks.python.vision``, such as ``'HandLandmarker'``.
        landmarks: What its result calls those that it finds, such as ``'hand_landmarks'``.
        parts: Its bundle.
        options: Of its options class.

    Attributes:
        version: Of MediaPipe.

    Raises:
        ImportError: There is no MediaPipe.
        ModelsMissingError: Its weights are not here and could not be fetched.
    """

    def __init__(self, name: str, landmarks: str, parts: Mapping[str, Part], **options: Any):
        try:
            import mediapipe
            from mediapipe.tasks.python import BaseOptions, vision
        except ImportError as error:
            raise ImportError(f'{MISSING} ({error})') from error
        self.version: str = mediapipe.__version__
        self._mediapipe = mediapipe
        base = BaseOptions(model_asset_buffer=bundle(parts))
        given = getattr(vision, f'{name}Options')(base_options=base, **options)
        # It writes about its parts when they are made, the last of them for the first find.
        self._complete, self._landmarks = False, landmarks
        with native_output_hidden():
            self._task = getattr(vision, name).create_from_options(given)
        # Its own __del__ comes too late when a program ends: what it calls is gone by then.
        weakref.finalize(self, _close, self._task)

    def detect(self, image: np.ndarray) -> Any:
        """The task's result for an image, (H, W, 3) BGR uint8."""
        rgb = np.ascontiguousarray(image[..., ::-1])
        formats = self._mediapipe.ImageFormat
        wrapped = self._mediapipe.Image(image_format=formats.SRGB, data=rgb)
        with contextlib.nullcontext() if self._complete else native_output_hidden():
            result = self._task.detect(wrapped)
        self._complete = self._complete or bool(getattr(result, self._landmarks))
        return result


def _close(task: Any) -> None:
    """Close a task; at the end of a program the threads that do it may be gone already."""
    with contextlib.suppress(RuntimeError):
        task.close()
    task._handle = None  # else its __del__ tries again


def pixels_of(landmarks: Sequence[Any], size: tuple[int, int]) -> np.ndarray:
    """Landmarks in pixels.

    Args:
        landmarks: N with ``x, y`` as shares of the image.
        size: (width, height) of the image.

    Returns:
        (N, 2) float32.
    """
    # A share counts from the image's edge, a pixel from the middle of the first one.
    shares = np.array([[point.x, point.y] for point in landmarks], np.float32).reshape(-1, 2)
    return shares * np.array(size, np.float32) - np.float32(0.5)
