"""2D keypoints per frame and camera: this package's file, and what other tools write.

Nothing here detects anyone, see :mod:`mmpose_ours.detectors`.
"""

from mmpose_ours.detections.arrays import (
    Detections,
    check_pixels,
    from_coco17,
    stack_views,
    to_coco17,
)
from mmpose_ours.detections.reading import FORMATS, open_detections, read_detections
from mmpose_ours.detections.writer import DetectionsWriter, write_detections

__all__ = [
    'FORMATS',
    'Detections',
    'DetectionsWriter',
    'check_pixels',
    'from_coco17',
    'open_detections',
    'read_detections',
    'stack_views',
    'to_coco17',
    'write_detections',
]
