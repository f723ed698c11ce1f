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
from mmpose_ours.structures.skeletons import SKELETONS

MODES = ('lightweight', 'balanced', 'performance')
MISSING = 'rtmlib is not installed for this Python; `pip install "mmpose-ours[rtmlib]"` adds it'


class RtmPose:
    """The detector ``rtmlib``: YOLOX for people, RTMPose for their bodies, COCO-17.

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
    skeleton = SKELETONS['coco17']
    # rtmlib's class, and its modes whose scores go far beyond 1.
    _solution = 'Body'
    _raw_modes: tuple[str, ...] = ('performance',)

    def __init__(self, model: str = 'balanced', device: str = 'cpu', backend: str = 'onnxruntime'):
        if model not in MODES:
            raise InputError(
                f'{self.name} has no mode {model!r}; known: {", ".join(MODES)}',
                code='unknown-name',
                found=model,
                expected=list(MODES),
            )
        try:
            import rtmlib
        except ImportError as error:
            raise ImportError(f'{MISSING} ({error})') from error
        installed = _version_of('rtmlib')
        if not hasattr(rtmlib, self._solution):
            raise ImportError(f'rtmlib {installed} has no {self._solution}; update it')
        self.version = f'{installed} {model}'
        self._raw = model in self._raw_modes
        if self._raw:
            self.version += ', 1 - exp(-score)'
        try:
            solution = getattr(rtmlib, self._solution)(mode=model, backend=backend, device=device)
        except OSError as error:
            raise OSError(
                f'rtmlib could not fetch its weights ({error}); run it once where there is a '
                'network, or use the detector mediapipe, which needs none'
            ) from error
        self._find_boxes, self._find_joints = solution.det_model, solution.pose_model

    def detect(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
        """See :class:`mmpose_ours.detectors.Detector`."""
        return [self._detect_one(as_bgr(image)) for image in images]

    def _detect_one(self, image: np.ndarray) -> np.ndarray:
        boxes = self._find_boxes(image)
        if not len(boxes):  # rtmlib would take the whole image for a person
            return np.zeros((0, len(self.skeleton), 3), np.float32)
        uv, scores = self._find_joints(image, bboxes=boxes)
        people = np.concatenate([uv, self._confidences(scores)[..., None]], axis=-1)
        return within(people, (image.shape[1], image.shape[0]))

    def _confidences(self, scores: np.ndarray) -> np.ndarray:
        return confidences_of_logits(scores) if self._raw else np.clip(scores, 0, 1)


class RtmPoseWithFeet(RtmPose):
    """The detector ``rtmlib:body_with_feet``: RTMPose for bodies and feet, HALPE-26."""

    name = 'rtmlib:body_with_feet'
    skeleton = SKELETONS['halpe26']
    _solution = 'BodyWithFeet'


class RtmPoseWholeBody(RtmPose):
    """The detector ``rtmlib:wholebody``: RTMW for body, feet, hands and face, COCO-WholeBody."""

    name = 'rtmlib:wholebody'
    skeleton = SKELETONS['coco_wholebody']
    _solution = 'Wholebody'
    _raw_modes = MODES


def _version_of(package: str) -> Any:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return 'unknown'
