"""VoxelPose's pickles: ``{'<camera>_<frame>': [{'pred': (17, 3)}, ...]}``, COCO-17, pixels.

Score 0 is a joint that was not found. Source: ``pred_shelf_maskrcnn_hrnet_coco.pkl`` of
microsoft/voxelpose-pytorch.
"""

from __future__ import annotations

import re
from typing import Any, Iterator

import numpy as np

from mmpose_ours.detections.arrays import finite
from mmpose_ours.detections.formats.imported import Found, Hints
from mmpose_ours.detections.formats.source import Source
from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.limits import limits
from mmpose_ours.io.numbers import numbers_of
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeletons import COCO17

ENDINGS = ('.pkl', '.pickle')
LAYOUT = "{'<camera>_<frame>': [{'pred': (17, 3)}]} in a pickle"
KEYS = ()

_KEY = re.compile(r'(.+)_([0-9]{1,15})', re.DOTALL)


def recognise(source: Source) -> str:
    """Why this is such a file, or ''."""
    if source.path.suffix.lower() not in ENDINGS or not source.path.is_file():
        return ''
    data = source.pickled
    key = next(iter(data), None) if isinstance(data, dict) else None
    alike = isinstance(key, str) and _KEY.fullmatch(key) and isinstance(data[key], list)
    return 'the keys <camera>_<frame>' if alike else ''


def read(source: Source, hints: Hints) -> Iterator[Found]:
    """Read every view.

    Raises:
        FileFormatError: The pickle holds something else.
    """
    path = source.path
    data = source.pickled
    if not isinstance(data, dict):
        raise _other(path, type(data).__name__, type(data).__name__)
    for key, people in data.items():
        # Camera names may contain the separator.
        parts = _KEY.fullmatch(key) if isinstance(key, str) else None
        if parts is None:
            raise _other(path, f'the key {str(key)[:60]!r}', key)
        if not isinstance(people, list):
            raise _other(path, f'{key[:60]!r} with {type(people).__name__}', key)
        limits().check('people_per_view', len(people), f'people of {key[:60]!r}', path)
        found = np.zeros((len(people), 17, 3), np.float32)
        for row, person in zip(found, people):
            pred = numbers_of(person.get('pred')) if isinstance(person, dict) else None
            if pred is None or pred.shape not in ((17, 2), (17, 3)):
                raise _other(path, f'{key[:60]!r} with other people', key)
            row[:, 2] = 1
            with np.errstate(over='ignore'):
                row[:, : pred.shape[1]] = pred
        people = Keypoints2D(COCO17, finite(found).astype(np.float32))
        yield Found(parts[1], int(parts[2]), people, key)


def _other(path: PathLike, found: str, value: Any) -> FileFormatError:
    expected = "{'<camera>_<frame>': [{'pred': (17, 3)}]}"
    return FileFormatError(
        f'{path}: expected {expected}, found {found}',
        code='file-format',
        file=path,
        found=value,
        expected=expected,
    )
