"""EasyMocap's annotations: ``annots/<camera>/<frame>.json``.

``{'filename', 'height', 'width', 'annots': [{'personID', 'bbox', 'keypoints': [[u, v, score]]}]}``,
or the list of ``annots`` alone; ``handl2d``, ``handr2d`` and ``face2d`` where hands and faces were
detected. BODY_25 in most cases, also where HRNet or MediaPipe found the people, else by the number
of joints. Pixels; score 0 is a missing joint. A face of MediaPipe's 468 points or more is left out.
The folder of the camera tells whose an image is, and the name of the file its number.

Source: EasyMocap, ``easymocap/annotator/file_utils.py`` and the wrappers in
``easymocap/estimator``.
"""

from __future__ import annotations

from typing import Any, Iterator

import numpy as np

from mmpose_ours.detections.formats.body_parts import Person, part, whole
from mmpose_ours.detections.formats.imported import Found, Hints, frame_number
from mmpose_ours.detections.formats.source import Source, plain_name
from mmpose_ours.io.json_files import read_json
from mmpose_ours.io.json_values import Place, numbers, objects
from mmpose_ours.structures.skeletons import SKELETONS

ENDINGS = ('.json',)
LAYOUT = "{'annots': [{'personID', 'keypoints': [[u, v, score], ...]}]} per image"
KEYS = ('filename', 'annots', 'personID', 'keypoints')

_PARTS = {'face2d': 'face', 'handl2d': 'left_hand', 'handr2d': 'right_hand'}
# From so many joints on a face is MediaPipe's.
_MESH = 468


def recognise(source: Source) -> str:
    """Why this is such a folder, or ''."""
    sample = _inner(source).sample
    if type(sample) is dict and type(sample.get('annots')) is list:
        first = sample['annots'][0] if sample['annots'] else {}
        if 'filename' in sample or (type(first) is dict and 'personID' in first):
            return "the key 'annots'"
    first = sample[0] if type(sample) is list and sample else None
    alike = type(first) is dict and {'personID', 'keypoints'} <= first.keys()
    return "the key 'personID'" if alike else ''


def read(source: Source, hints: Hints) -> Iterator[Found]:
    """Read a file per image.

    Raises:
        FileFormatError: One of them is something else, or holds boxes without keypoints.
    """
    images = _inner(source).images(hints.cameras)
    total = sum(map(len, images.values()))
    done = 0
    for camera, files in images.items():
        for file in files:
            frame = frame_number(plain_name(file.stem), Place(file, camera=camera))
            data, place = read_json(file), Place(file, '', camera, frame)
            if type(data) is dict:
                data, place = data.get('annots'), place['annots']
            people = [
                _person(person, place[index])
                for index, person in enumerate(objects(data, place, 'people'))
            ]
            skeleton = hints.skeleton
            if skeleton is None and all(not len(person.body) for person in people):
                skeleton = SKELETONS['body25']  # of people with nothing but hands
            yield Found(camera, frame, whole(people, place, skeleton), file.name)
            done += 1
            hints.progress(done, total)


def _inner(source: Source) -> Source:
    """The folder ``annots`` of a recording, where that is what the user named."""
    annots = source.path / 'annots'
    return Source(annots, source.endings) if annots.is_dir() else source


def _person(person: dict[str, Any], place: Place) -> Person:
    parts = {}
    for key, what in _PARTS.items():
        if person.get(key):
            rows = numbers(person[key], (None, 3), place[key])
            if len(rows) < _MESH:
                parts[what] = part(what, rows, place[key])
    if not person.get('keypoints') and not any(person.get(key) for key in _PARTS):
        raise place.error(
            'has no keypoints',
            'keypoints [[u, v, score], ...]',
            "run EasyMocap's extraction of keypoints; boxes alone are not enough",
            value=sorted(person),
            wanted='keypoints',
            code='missing-value',
        )
    body = np.zeros((0, 3))
    if person.get('keypoints'):
        body = numbers(person['keypoints'], (None, 3), place['keypoints'])
    return Person(body, **parts)
