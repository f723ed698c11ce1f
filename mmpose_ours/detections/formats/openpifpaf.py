"""OpenPifPaf's predictions: a JSON per image, ``<image>.jpg.predictions.json``.

``[{'keypoints': [u, v, score, ...], 'bbox', 'score', 'category_id'}]``, a person per entry; joints
by their number, 0, 0, 0 for a missing one. Pixels.

Source: OpenPifPaf's guide, "Prediction", and ``json_data`` of its annotations.
"""

from __future__ import annotations

from typing import Any, Iterator

from mmpose_ours.detections.formats.imported import Found, Hints, triples
from mmpose_ours.detections.formats.listed_people import listed_people
from mmpose_ours.detections.formats.source import Source

ENDINGS = ('.json',)
LAYOUT = "[{'keypoints': [u, v, score, ...], 'bbox', 'score', 'category_id'}] per image"
KEYS = ('keypoints', 'bbox', 'score', 'category_id')


def recognise(source: Source) -> str:
    """Why this is such a file or folder, or ''."""
    return 'keypoints beside bbox and category_id' if _is_people(source.sample) else ''


def _is_people(data: Any) -> bool:
    first = data[0] if type(data) is list and data else None
    return (
        type(first) is dict
        and {'keypoints', 'bbox', 'category_id'} <= first.keys()
        and first.keys().isdisjoint(('image_id', 'keypoint_scores', 'file_name'))
        and type(first['keypoints']) is list
        and {*map(type, first['keypoints'])} <= {int, float}
    )


def read(source: Source, hints: Hints) -> Iterator[Found]:
    """Read a file per image.

    Raises:
        FileFormatError: One of them is something else.
    """
    return listed_people(source, hints, triples)
