"""Ultralytics' results as JSON: a file per image with what ``result.to_json()`` gives.

``[{'name', 'class', 'confidence', 'box': {'x1', ...}, 'keypoints': {'x', 'y', 'visible'}}]``, an
entry per person, lists of numbers for all joints; 0, 0 is a missing joint, whatever its score.
Pixels, or divided by the width and the height of the image where that was asked for.

Source: Ultralytics, ``summary`` of ultralytics/engine/results.py.
"""

from __future__ import annotations

from typing import Any, Iterator

import numpy as np

from mmpose_ours.detections.formats.imported import Found, Hints
from mmpose_ours.detections.formats.listed_people import listed_people
from mmpose_ours.detections.formats.source import Source
from mmpose_ours.io.json_values import Place, numbers, objects

ENDINGS = ('.json',)
LAYOUT = "[{'class', 'box', 'keypoints': {'x', 'y', 'visible'}}] per image"
KEYS = ('class', 'box', 'keypoints', 'visible')
# 1 is the width or the height of the image.
SHARES_OF_WIDTH = True


def recognise(source: Source) -> str:
    """Why this is such a file or folder, or ''."""
    sample = source.sample
    first = sample[0] if type(sample) is list and sample else None
    keypoints = first.get('keypoints') if type(first) is dict else None
    alike = type(keypoints) is dict and {'x', 'y'} <= keypoints.keys()
    return "x and y in 'keypoints'" if alike else ''


def read(source: Source, hints: Hints) -> Iterator[Found]:
    """Read a file per image.

    Raises:
        FileFormatError: One of them is something else.
    """
    return listed_people(source, hints, _person)


def _person(keypoints: Any, place: Place) -> np.ndarray:
    (listed,) = objects([keypoints], place)
    x = numbers(listed.get('x'), (None,), place['x'])
    y = numbers(listed.get('y'), (len(x),), place['y'])
    scores = np.ones(len(x))
    if listed.get('visible') is not None:
        scores = numbers(listed['visible'], (len(x),), place['visible'])
    found = (x != 0) | (y != 0)
    return np.stack([x, y, np.where(found, scores, 0.0)], axis=1)
