"""OpenPifPaf's predictions: a JSON per image, ``<image>.jpg.predictions.json``.

``[{'keypoints': [u, v, score, ...], 'bbox', 'score', 'category_id'}]``, a person per entry; joints
by their number, 0, 0, 0 for a missing one. Pixels.

Source: OpenPifPaf's guide, "Prediction", and ``json_data`` of its annotations.
"""

from __future__ import annotations

from typing import Any, Iterator

from mmpose_ours.detections.formats.imported import (
    Found,
    Hints,
    frame_number,
    people_of_joints,
    triples,
)
from mmpose_ours.detections.formats.source import Source, plain_name
from mmpose_ours.io.json_files import read_json
from mmpose_ours.io.json_values import Place, objects

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
    images = source.images(hints.cameras)
    total = sum(map(len, images.values()))
    done = 0
    for camera, files in images.items():
        for file in files:
            frame = frame_number(plain_name(file.stem), Place(file, camera=camera))
            place = Place(file, '', camera, frame)
            people = [
                triples(person.get('keypoints'), place[index]['keypoints'])
                for index, person in enumerate(objects(read_json(file), place, 'people'))
            ]
            yield Found(camera, frame, people_of_joints(people, place, hints.skeleton), file.name)
            done += 1
            hints.progress(done, total)
