"""RTMPose in ONNX through ``rtmlib``: the extra ``[rtmlib]``.

rtmlib downloads detector and pose model (some 100 MB for ``balanced``) when they are first
asked for, and keeps them in the user's cache folder; on a machine without a network, have them
there before.
"""

from __future__ import annotations

import importlib.metadata
from typing import Any, Sequence

import numpy as np

from mmpose_ours.detections.formats.scores import confidences_of_logits
from mmpose_ours.detectors.base import within
from mmpose_ours.errors import InputError
from mmpose_ours.recordings.files import as_bgr
from mmpose_ours.structures.skeletons import COCO17

MODES = ('lightweight', 'balanced', 'performance')
# Modes whose scores go far beyond 1.
RAW = ('performance',)
MISSING = 'rtmlib is not installed for this Python; `pip install "mmpose-ours[rtmlib]"` adds it'


class RtmPose:
    """The detector ``rtmlib``: YOLOX for people, RTMPose for their joints.

    Args:
        model: One of :data:`MODES`, rtmlib's ``mode``.
        device: ``'cpu'``, ``'cuda'`` or another that rtmlib knows.
        backend: ``'onnxruntime'``, ``'opencv'`` or ``'openvino'``.

    Raises:
        ImportError: There is no rtmlib.
        OSError: Its weights could not be downloaded.
        InputError: No such model.
    """

    name = 'rtmlib'
    skeleton = COCO17

    def __init__(self, model: str = 'balanced', device: str = 'cpu', backend: str = 'onnxruntime'):
        if model not in MODES:
            raise InputError(
                f'rtmlib has no mode {model!r}; known: {", ".join(MODES)}',
                code='unknown-name',
                found=model,
                expected=list(MODES),
            )
        try:
            import rtmlib
        except ImportError as error:
            raise ImportError(f'{MISSING} ({error})') from error
        self.version = f'{_version_of("rtmlib")} {model}'
        self._raw = model in RAW
        if self._raw:
            self.version += ', 1 - exp(-score)'
        try:
            body = rtmlib.Body(mode=model, backend=backend, device=device)
        except OSError as error:
            raise OSError(
                f'rtmlib could not fetch its weights ({error}); run it once where there is a '
                'network, or use the detector mediapipe, which needs none'
            ) from error
        self._find_boxes, self._find_joints = body.det_model, body.pose_model

    def detect(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
        """See :class:`mmpose_ours.detectors.Detector`."""
        return [self._detect_one(as_bgr(image)) for image in images]

    def _detect_one(self, image: np.ndarray) -> np.ndarray:
        boxes = self._find_boxes(image)
        if not len(boxes):  # rtmlib would take the whole image for a person
            return np.zeros((0, 17, 3), np.float32)
        uv, scores = self._find_joints(image, bboxes=boxes)
        people = np.concatenate([uv, self._confidences(scores)[..., None]], axis=-1)
        return within(people, (image.shape[1], image.shape[0]))

    def _confidences(self, scores: np.ndarray) -> np.ndarray:
        return confidences_of_logits(scores) if self._raw else np.clip(scores, 0, 1)


def _version_of(package: str) -> Any:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return 'unknown'
