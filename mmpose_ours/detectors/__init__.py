"""Detectors that look at images: several images in, people with joints and scores per image out.

No detector's own package is imported before it is asked for.
"""

from mmpose_ours.detectors.base import Detector
from mmpose_ours.detectors.by_name import DETECTORS, detector

__all__ = ['DETECTORS', 'Detector', 'detector']
