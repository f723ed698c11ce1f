"""Kinetics-Skeleton, which ST-GCN reads and writes: a JSON per video.

``{'data': [{'frame_index': 1, 'skeleton': [{'pose': [u, v, ...], 'score': [...]}]}], 'label'}``
with the joints of OpenPose (18 of COCO, or 25), 0, 0 and score 0 for a missing one. Coordinates are
divided by the width and the height of the image. A file per camera, ``<camera>.json``.

Source: ST-GCN, OLD_README.md and ``json_pack`` of tools/utils/openpose.py.
"""

from __future__ import annotations

from typing import Any, Iterator

import numpy as np

from mmpose_ours.detections.formats.imported import Found, Hints, people_of_joints
from mmpose_ours.detections.formats.source import Source
from mmpose_ours.detections.formats.unlisted import camera_of_file
from mmpose_ours.io.json_files import read_json
from mmpose_ours.io.json_schema import show
from mmpose_ours.io.json_values import Place, checked_whole, numbers, objects

ENDINGS = ('.json',)
LAYOUT = "{'data': [{'frame_index': number, 'skeleton': [{'pose', 'score'}]}]} per camera"
KEYS = ('data', 'frame_index', 'skeleton', 'pose', 'score')
# 1 is the width or the height of the image.
SHARES_OF_WIDTH = True


def recognise(source: Source) -> str:
    """Why this is such a file or folder, or ''."""
    sample = source.sample
    frames = sample.get('data') if type(sample) is dict else None
    first = frames[0] if type(frames) is list and frames else None
    alike = type(first) is dict and {'frame_index', 'skeleton'} <= first.keys()
    return "the keys 'frame_index' and 'skeleton'" if alike else ''


def read(source: Source, hints: Hints) -> Iterator[Found]:
    """Read a file per camera.

    Raises:
        FileFormatError: One of them is something else.
    """
    files = source.recordings()
    for done, (named, file) in enumerate(files.items(), start=1):
        camera = camera_of_file(named, file, hints)
        data, place = read_json(file), Place(file, camera=camera)
        if type(data) is not dict:
            raise place.error(f'is {show(data)}', LAYOUT, value=data)
        for index, frame in enumerate(objects(data.get('data'), place['data'], 'frames')):
            here = place['data'][index]
            number = checked_whole(frame.get('frame_index'), here['frame_index'])
            at = Place(file, here['skeleton'].at, camera, number)
            people = [
                _person(person, at[row])
                for row, person in enumerate(objects(frame.get('skeleton'), at, 'people'))
            ]
            yield Found(camera, number, people_of_joints(people, at, hints.skeleton), str(at))
        hints.progress(done, len(files))


def _person(person: dict[str, Any], place: Place) -> np.ndarray:
    scores = numbers(person.get('score'), (None,), place['score'])
    pose = numbers(person.get('pose'), (2 * len(scores),), place['pose'])
    return np.concatenate([pose.reshape(-1, 2), scores[:, None]], axis=1)
