"""Files of one image each that are a list of people."""

from __future__ import annotations

from typing import Any, Callable, Iterator

import numpy as np

from mmpose_ours.detections.formats.imported import Found, Hints, frame_number, people_of_joints
from mmpose_ours.detections.formats.source import Source, plain_name
from mmpose_ours.io.json_files import read_json
from mmpose_ours.io.json_values import Place, objects


def listed_people(
    source: Source, hints: Hints, joints_of: Callable[[Any, Place], np.ndarray]
) -> Iterator[Found]:
    """People of a JSON file per image, each a list of objects with ``keypoints``.

    Args:
        source: The files.
        hints: What is known besides.
        joints_of: (J, 3) of the value of ``keypoints`` and its place.

    Raises:
        FileFormatError: A file is something else.
    """
    images = source.images(hints.cameras)
    total = sum(map(len, images.values()))
    done = 0
    for camera, files in images.items():
        for file in files:
            frame = frame_number(plain_name(file.stem), Place(file, camera=camera))
            place = Place(file, '', camera, frame)
            people = [
                joints_of(person.get('keypoints'), place[index]['keypoints'])
                for index, person in enumerate(objects(read_json(file), place, 'people'))
            ]
            yield Found(camera, frame, people_of_joints(people, place, hints.skeleton), file.name)
            done += 1
            hints.progress(done, total)
