"""AlphaPose's results: ``[{'image_id': '12.jpg', 'keypoints': [u, v, c, ...]}]`` in one JSON.

COCO-17, Halpe-26 or Halpe-136, told by the number of joints; pixels; one entry per person, none
for an image without people. A file per camera (``<camera>.json``, or alone in the camera's
folder), or one whose image names begin with the camera's. Its ``--format open`` and ``cmu`` are
read as OpenPose's.

Source: AlphaPose, docs/output.md.
"""

from __future__ import annotations

from typing import Any, Iterator

import numpy as np

from mmpose_ours.detections.found import Found, Hints, coco17_from, split_image_name, triples
from mmpose_ours.detections.source import Source
from mmpose_ours.errors import FileFormatError
from mmpose_ours.io.json_files import read_json


def recognise(source: Source) -> str:
    """Why this is such a file, or ''."""
    return 'image names in image_id' if is_results(source.sample, str) else ''


def is_results(data: Any, kind: type) -> bool:
    """Whether this is a list of results whose ``image_id`` is of a kind."""
    return (
        isinstance(data, list)
        and bool(data)
        and all(isinstance(each, dict) and 'keypoints' in each for each in data)
        and isinstance(data[0].get('image_id'), kind)
    )


def read(source: Source, hints: Hints) -> Iterator[Found]:
    """Read a file per camera, or one of all.

    Raises:
        FileFormatError: One of them is something else.
    """
    views: dict[tuple[str, int], list] = {}
    cameras: dict[str, str] = {}  # and where each comes from
    files = source.recordings()
    for done, (camera, file) in enumerate(files.items(), start=1):
        data = read_json(file)
        if data and not is_results(data, str):
            raise FileFormatError(
                f"{file}: expected [{{'image_id': name, 'keypoints': [...]}}] as AlphaPose "
                'writes it; remove the file or export it again'
            )
        if camera:
            cameras[camera] = str(file)
        for index, result in enumerate(data):
            where = f'{file}: [{index}]'
            key = view_of(str(result['image_id']), camera, hints, where)
            cameras.setdefault(key[0], str(file))
            views.setdefault(key, []).append(triples(result['keypoints'], where))
        hints.progress(done, len(files))
    # Of an image without people the file says nothing.
    for frame in sorted({frame for _, frame in views}):
        for camera, origin in cameras.items():
            people = coco17_from(views.get((camera, frame), []), f'{origin}: image {frame}')
            yield Found(camera, frame, np.asarray(people), origin)


def view_of(image: str, camera: str, hints: Hints, where: str) -> tuple[str, int]:
    """Camera and number of an image.

    Args:
        image: Its name, with or without its folder.
        camera: The camera that the file is named after, '' where it is of all.
        hints: A single camera that is wanted needs no name in the image's.
        where: The place in a file, for messages.

    Raises:
        FileFormatError: The name tells no camera, or has no number.
    """
    named, frame = split_image_name(image)
    if not camera:
        alone = len(hints.cameras) == 1 and named not in hints.cameras
        camera = hints.cameras[0] if alone else named
    if not camera or frame is None:
        missing = 'camera' if frame is not None else 'frame number'
        raise FileFormatError(
            f'{where}: the image name {image!r} tells no {missing}; write a file per camera, '
            '<camera>.json, with image names that hold a number'
        )
    return camera, frame
