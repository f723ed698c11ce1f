"""Multi-view, multi-person 3D human pose estimation on your own camera rig.

The names below are the public API. Each is imported when it is first used, so that importing the
package is cheap and needs no torch. MMEngine finds the registered classes through
:mod:`mmpose_ours.registry`, which a config names in its ``custom_imports``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmpose_ours.apis.inferencer import MultiviewInferencer
    from mmpose_ours.apis.session import InferenceSession
    from mmpose_ours.calibration.api import read_rig
    from mmpose_ours.calibration.capture_volume import fit_space
    from mmpose_ours.calibration.format_table import recognise_format
    from mmpose_ours.calibration.writing import write_rig
    from mmpose_ours.detections.cache import detect_recording
    from mmpose_ours.detections.reading import open_keypoints, read_keypoints
    from mmpose_ours.detections.writer import DetectionsWriter, write_detections
    from mmpose_ours.detectors.by_name import detector
    from mmpose_ours.errors import FileFormatError, InputError
    from mmpose_ours.evaluation.report import evaluate_files
    from mmpose_ours.export.formats import write_timeline
    from mmpose_ours.geometry.camera import Camera
    from mmpose_ours.geometry.rig import CameraRig
    from mmpose_ours.geometry.triangulation import triangulate
    from mmpose_ours.geometry.volume import CaptureVolume
    from mmpose_ours.predictions.reading import Predictions, read_predictions
    from mmpose_ours.predictions.writing import PredictionsWriter, write_predictions
    from mmpose_ours.recordings.footage import open_footage
    from mmpose_ours.structures.frames import FrameResult, FrameSet
    from mmpose_ours.structures.keypoints import Keypoints2D
    from mmpose_ours.structures.metainfo import find_skeleton
    from mmpose_ours.structures.poses import Poses3D
    from mmpose_ours.structures.skeleton import Skeleton
    from mmpose_ours.structures.skeletons import SKELETONS
    from mmpose_ours.tracking.trajectories import timeline_of
    from mmpose_ours.visualization.page.scene import write_scene_page

__version__ = '0.2.0'

# Module of each name.
_MODULES = {
    'Camera': 'geometry.camera',
    'CameraRig': 'geometry.rig',
    'CaptureVolume': 'geometry.volume',
    'DetectionsWriter': 'detections.writer',
    'FileFormatError': 'errors',
    'FrameResult': 'structures.frames',
    'FrameSet': 'structures.frames',
    'InferenceSession': 'apis.session',
    'InputError': 'errors',
    'Keypoints2D': 'structures.keypoints',
    'MultiviewInferencer': 'apis.inferencer',
    'Poses3D': 'structures.poses',
    'Predictions': 'predictions.reading',
    'PredictionsWriter': 'predictions.writing',
    'SKELETONS': 'structures.skeletons',
    'Skeleton': 'structures.skeleton',
    'detect_recording': 'detections.cache',
    'detector': 'detectors.by_name',
    'evaluate_files': 'evaluation.report',
    'find_skeleton': 'structures.metainfo',
    'fit_space': 'calibration.capture_volume',
    'open_footage': 'recordings.footage',
    'open_keypoints': 'detections.reading',
    'read_keypoints': 'detections.reading',
    'read_predictions': 'predictions.reading',
    'read_rig': 'calibration.api',
    'recognise_format': 'calibration.format_table',
    'timeline_of': 'tracking.trajectories',
    'triangulate': 'geometry.triangulation',
    'write_detections': 'detections.writer',
    'write_predictions': 'predictions.writing',
    'write_rig': 'calibration.writing',
    'write_scene_page': 'visualization.page.scene',
    'write_timeline': 'export.formats',
}

__all__ = [
    'SKELETONS',
    'Camera',
    'CameraRig',
    'CaptureVolume',
    'DetectionsWriter',
    'FileFormatError',
    'FrameResult',
    'FrameSet',
    'InferenceSession',
    'InputError',
    'Keypoints2D',
    'MultiviewInferencer',
    'Poses3D',
    'Predictions',
    'PredictionsWriter',
    'Skeleton',
    '__version__',
    'detect_recording',
    'detector',
    'evaluate_files',
    'find_skeleton',
    'fit_space',
    'open_footage',
    'open_keypoints',
    'read_keypoints',
    'read_predictions',
    'read_rig',
    'recognise_format',
    'timeline_of',
    'triangulate',
    'write_detections',
    'write_predictions',
    'write_rig',
    'write_scene_page',
    'write_timeline',
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(importlib.import_module(f'{__name__}.{_MODULES[name]}'), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
