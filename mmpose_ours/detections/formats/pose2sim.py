"""Pose2Sim's projects: ``pose/<camera>_json/*.json``, each as OpenPose writes it.

The joints are those of the model that Pose2Sim was configured with (HALPE_26, COCO_133, COCO_17, or
OpenPose's). Where it synchronised the cameras, ``pose-sync`` holds the frames of one moment
under one number, and is preferred. ``pose-associated`` is Pose2Sim's own choice of people,
which this package makes anew: it is read only where it is named itself.

Source: Pose2Sim's documentation, and its ``poseEstimation.py`` and ``synchronization.py``.
"""

from __future__ import annotations

from typing import Iterator

from mmpose_ours.detections.formats import openpose
from mmpose_ours.detections.formats.imported import Found, Hints
from mmpose_ours.detections.formats.source import Source

ENDINGS = openpose.ENDINGS
LAYOUT = 'pose/<camera>_json/*.json, each as OpenPose writes it'
KEYS = openpose.KEYS

FOLDERS = ('pose-sync', 'pose')


def recognise(source: Source) -> str:
    """Why this is such a project, or ''."""
    inner = _inner(source)
    if not any(path.name.endswith('_json') and path.is_dir() for path in inner.path.glob('*')):
        return ''
    return f'{inner.path.name}/<camera>_json/' if openpose.recognise(inner) else ''


def read(source: Source, hints: Hints) -> Iterator[Found]:
    """Read a file per image.

    Raises:
        FileFormatError: One of them is something else.
    """
    return openpose.read(_inner(source), hints)


def _inner(source: Source) -> Source:
    folders = [source.path / name for name in FOLDERS if (source.path / name).is_dir()]
    return Source(folders[0]) if folders else source
