"""The table of 2D keypoint formats, and which of them a file or folder is.

To add a format: write a module as CONTRIBUTING says, and add one line to :data:`IMPORTERS`.
"""

from __future__ import annotations

from types import ModuleType

from mmpose_ours.detections.formats import (
    alphapose,
    coco,
    deeplabcut,
    easymocap,
    freemocap,
    kinetics,
    mmpose,
    openpifpaf,
    openpose,
    pose2sim,
    sleap,
    voxelpose,
    yolo,
    yolo_json,
)
from mmpose_ours.detections.formats.own_npz import has_other_arrays
from mmpose_ours.detections.formats.source import Source
from mmpose_ours.detections.formats.unrecognised import unrecognised

OURS = ('json', 'npz')
# In the order in which they are tried: a Pose2Sim project is full of OpenPose's files.
IMPORTERS: dict[str, ModuleType] = {
    'voxelpose': voxelpose,
    'pose2sim': pose2sim,
    'openpose': openpose,
    'easymocap': easymocap,
    'mmpose': mmpose,
    'alphapose': alphapose,
    'coco': coco,
    'kinetics': kinetics,
    'openpifpaf': openpifpaf,
    'deeplabcut': deeplabcut,
    'sleap': sleap,
    'yolo': yolo,
    'yolo_json': yolo_json,
    'freemocap': freemocap,
}
FORMATS = (*OURS, *IMPORTERS)


def recognise(source: Source) -> tuple[str, str]:
    """Tell the format.

    Returns:
        A name of :data:`FORMATS`, and by what it was recognised.

    Raises:
        FileFormatError: It is none of them; says what it is, and what is nearest.
    """
    path = source.path
    if path.suffix.lower() == '.npz' and path.is_file() and not has_other_arrays(path):
        return 'npz', 'its arrays'
    for name, module in IMPORTERS.items():
        reason = module.recognise(source.of(module.ENDINGS))
        if reason:
            return name, reason
    if path.suffix.lower() == '.json' and path.is_file() and isinstance(source.sample, dict):
        if 'frames' in source.sample:
            return 'json', "the key 'frames'"
        if source.sample and source.sample.keys() <= {'joints', 'source'}:
            return 'json', 'its other keys'
    raise unrecognised(source, IMPORTERS)
