"""Detectors by name."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from mmpose_ours.detectors.base import Detector
from mmpose_ours.errors import InputError

# name -> (module, class, what it is)
DETECTORS: dict[str, tuple[str, str, str]] = {
    'mediapipe': (
        'mmpose_ours.detectors.blazepose',
        'BlazePose',
        'fetches its weights once: pip install "mmpose-ours[mediapipe]"',
    ),
    'rtmlib': (
        'mmpose_ours.detectors.rtmpose',
        'RtmPose',
        'RTMPose in ONNX, downloads its weights once: pip install "mmpose-ours[rtmlib]"; '
        'rtmlib:lightweight, rtmlib:balanced, rtmlib:performance',
    ),
    'mmpose': (
        'mmpose_ours.detectors.mmpose_model',
        'MMPoseModel',
        'any 2D model of MMPose 1.x, mmpose:<model name or config>: needs make setup-full',
    ),
}


def detector(name: str, **options: Any) -> Detector:
    """Build a detector.

    Args:
        name: A key of :data:`DETECTORS`; behind a colon what it is to run, as in
            ``'mmpose:td-hm_hrnet-w32_8xb64-210e_coco-256x192'``.
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
    check_detector_name(name)
    kind, _, model = name.partition(':')
    module, class_name, _ = DETECTORS[kind]
    if model:
        options['model'] = model
    detector_class = getattr(importlib.import_module(module), class_name)
    taken = list(inspect.signature(detector_class).parameters)
    unknown = [option for option in options if option not in taken]
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
    if name.partition(':')[0] not in DETECTORS:
        known = '; '.join(f'{key} ({what})' for key, (_, _, what) in DETECTORS.items())
        raise InputError(
            f'unknown detector {name!r}; known: {known}',
            code='unknown-name',
            found=name,
            expected=list(DETECTORS),
        )
