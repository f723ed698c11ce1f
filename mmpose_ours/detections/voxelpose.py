"""VoxelPose's pickles: ``{'<camera>_<frame>': [{'pred': (17, 3)}, ...]}``, COCO-17, pixels.

Score 0 is a joint that was not found. Source: ``pred_shelf_maskrcnn_hrnet_coco.pkl`` of
microsoft/voxelpose-pytorch.
"""

from __future__ import annotations

from typing import Iterator

import numpy as np

from mmpose_ours.detections.found import Found, Hints
from mmpose_ours.detections.people import finite
from mmpose_ours.detections.source import Source
from mmpose_ours.errors import FileFormatError
from mmpose_ours.io.pickles import read_pickle


def recognise(source: Source) -> str:
    """Why this is such a file, or ''."""
    return 'its ending' if source.path.suffix.lower() in ('.pkl', '.pickle') else ''


def read(source: Source, hints: Hints) -> Iterator[Found]:
    """Read every view.

    Raises:
        FileFormatError: The pickle holds something else.
    """
    path = source.path
    data = read_pickle(path)
    try:
        for key, people in data.items():
            # Camera names may contain the separator: split from the right.
            camera, frame = str(key).rsplit('_', 1)
            arrays = [np.asarray(person['pred'], np.float32) for person in people]
            stacked = np.stack(arrays) if arrays else np.zeros((0, 17, 3), np.float32)
            if stacked.shape[1:] == (17, 2):
                stacked = np.concatenate([stacked, np.ones_like(stacked[..., :1])], -1)
            if stacked.shape[1:] != (17, 3):
                raise ValueError(f'{key}: people of shape {stacked.shape[1:]}')
            yield Found(camera, int(frame), finite(stacked), str(key))
    except (AttributeError, TypeError, LookupError, ValueError, OverflowError) as error:
        raise FileFormatError(
            f"{path}: expected {{'<camera>_<frame>': [{{'pred': (17, 3)}}]}}, found something "
            f'else ({error!r})'
        ) from error
