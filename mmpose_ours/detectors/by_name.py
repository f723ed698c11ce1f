"""Detectors by name."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from mmpose_ours.detectors.base import Detector
from mmpose_ours.errors import InputError

_RTMPOSE = 'mmpose_ours.detectors.rtmpose'
_MODES = ':lightweight, :balanced (as without) or :performance'
# name -> (module, class, what it is)
DETECTORS: dict[str, tuple[str, str, str]] = {
    'mediapipe': (
        'mmpose_ours.detectors.blazepose',
        'BlazePose',
        'BlazePose: body, heels and toes, 33 joints; fetches its weights once by pip: '
        'pip install "mmpose-ours[mediapipe]"',
    ),
    'mediapipe:wholebody': (
        'mmpose_ours.detectors.mediapipe_wholebody',
        'MediaPipeWholeBody',
        'BlazePose with hands and face, 133 joints of COCO-WholeBody; likewise',
    ),
    'rtmlib': (
        _RTMPOSE,
        'RtmPose',
        'RTMPose in ONNX: body, 17 joints of COCO; downloads its weights once: '
        f'pip install "mmpose-ours[rtmlib]"; with {_MODES}',
    ),
    'rtmlib:body_with_feet': (
        _RTMPOSE,
        'RtmPoseWithFeet',
        'RTMPose: body and feet, 26 joints of Halpe; likewise',
    ),
    'rtmlib:wholebody': (
        _RTMPOSE,
        'RtmPoseWholeBody',
        'RTMW: body, feet, hands and face, 133 joints of COCO-WholeBody; likewise',
    ),
    'mmpose': (
        'mmpose_ours.detectors.mmpose_model',
        'MMPoseModel',
        'any 2D model of MMPose 1.x with its own joints, mmpose:<model name or config>: needs '
        'make setup-full',
    ),
}


def detector(name: str, **options: Any) -> Detector:
    """Build a detector.

    Args:
        name: A key of :data:`DETECTORS`; behind a colon what it is to run, as in
            ``'mmpose:td-hm_hrnet-w32_8xb64-210e_coco-256x192'`` or
            ``'rtmlib:wholebody:performance'``.
        options: Its class's other arguments.

    Raises:
        InputError: No detector has this name, or not these options.
        ImportError: Its package is not installed; says how to add it.

    Examples:
        >>> from mmpose_ours import InputError
        >>> try:
        ...     detector('openpose')
        ... except InputError as error:
        ...     print(error.code)
        unknown-name
    """
    kind, model = _parts_of(name)
    module, class_name, _ = DETECTORS[kind]
    if model:
        options['model'] = model
    detector_class = getattr(importlib.import_module(module), class_name)
    taken = list(inspect.signature(detector_class).parameters)
    unknown = [option for option in options if option not in taken]
    if unknown == ['model']:
        raise _unknown(name)
    if unknown:
        raise InputError(
            f'the detector {kind} has no {", ".join(unknown)}; it takes {", ".join(taken)}',
            code='unknown-name',
            found=unknown,
            expected=taken,
        )
    return detector_class(**options)


def check_detector_name(name: str) -> None:
    """Refuse a name that no detector has, without building one.

    Args:
        name: See :func:`detector`.

    Raises:
        InputError: No detector has this name.
    """
    _parts_of(name)


def _parts_of(name: str) -> tuple[str, str]:
    """The longest key of :data:`DETECTORS` that a name begins with, and what is behind it."""
    kind, model = name, ''
    while kind not in DETECTORS:
        kind, colon, last = kind.rpartition(':')
        if not colon:
            raise _unknown(name)
        model = f'{last}:{model}' if model else last
    return kind, model


def _unknown(name: str) -> InputError:
    known = '; '.join(f'{key} ({what})' for key, (_, _, what) in DETECTORS.items())
    return InputError(
        f'unknown detector {name!r}; known: {known}',
        code='unknown-name',
        found=name,
        expected=list(DETECTORS),
    )
