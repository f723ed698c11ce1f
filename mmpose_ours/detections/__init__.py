"""2D keypoints per frame and camera: this package's file, and what other tools write.

Nothing here detects anyone, see :mod:`mmpose_ours.detectors`.
"""

from mmpose_ours.detections.arrays import (
    Detections,
    KeypointFrames,
    arrays_of,
    check_pixels,
    stack_keypoints,
    stack_views,
    with_skeleton,
)
from mmpose_ours.detections.reading import (
    FORMATS,
    open_keypoints,
    read_detections,
    read_keypoints,
)
from mmpose_ours.detections.writer import DetectionsWriter, write_detections

__all__ = [
    'FORMATS',
    'Detections',
    'DetectionsWriter',
    'KeypointFrames',
    'arrays_of',
    'check_pixels',
    'open_keypoints',
    'read_detections',
    'read_keypoints',
    'stack_keypoints',
    'stack_views',
    'with_skeleton',
    'write_detections',
]
