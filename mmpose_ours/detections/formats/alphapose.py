"""AlphaPose's results: ``[{'image_id': '12.jpg', 'keypoints': [u, v, c, ...]}]`` in one JSON.

COCO-17, Halpe-26 or Halpe-136, by the number of joints; pixels; one entry per person, none
for an image without people. A file per camera (``<camera>.json``, or alone in the camera's
folder), or one whose image names begin with the camera's. Its ``--format open`` and ``cmu`` are
read as OpenPose's.

Source: AlphaPose, docs/output.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator

import numpy as np

from mmpose_ours.detections.formats.imported import (
    Found,
    Hints,
    people_of_joints,
    split_image_name,
    triples,
)
from mmpose_ours.detections.formats.source import Source
from mmpose_ours.errors import FileFormatError
from mmpose_ours.io.json_files import read_json
from mmpose_ours.io.json_schema import show
from mmpose_ours.io.json_values import Place, checked_name, checked_whole, objects

# Of a recording's views, one in so many at least has people, unless there are few views.
SPARSE, MANY_VIEWS = 50, 10**5


def recognise(source: Source) -> str:
    """Why this is such a file, or ''."""
    return 'image names in image_id' if is_results(source.sample, str) else ''


def is_results(data: Any, kind: type) -> bool:
    """Whether this is a list of results whose first ``image_id`` is of a kind."""
    return (
        type(data) is list
        and bool(data)
        and all(type(each) is dict and 'keypoints' in each for each in data)
        and type(data[0].get('image_id')) is kind
    )


def read(source: Source, hints: Hints) -> Iterator[Found]:
    """Read a file per camera, or one of all.

    Raises:
        FileFormatError: One of them is something else, or two images are the same frame.
    """
    views: dict[tuple[str, int], list[np.ndarray]] = {}
    images: dict[tuple[str, int], str] = {}  # and which image that is
    cameras: dict[str, Path] = {}  # and where each comes from
    files = source.recordings()
    for done, (camera, file) in enumerate(files.items(), start=1):
        if camera:
            cameras[camera] = file
        for index, result in enumerate(objects(read_json(file), Place(file), 'results')):
            place = Place(file)[index]
            image = checked_name(result.get('image_id'), place['image_id'])
            key = view_of(image, camera, hints, place)
            cameras.setdefault(key[0], file)
            if images.setdefault(key, image) != image:
                raise FileFormatError(
                    f'{file}: images {images[key]!r} and {image!r} are both frame {key[1]} of '
                    f'camera {key[0]!r}; rename or remove one',
                    code='duplicate',
                    file=file,
                    camera=key[0],
                    frame=key[1],
                    found=[images[key], image],
                )
            place = Place(file, f'[{index}].keypoints', *key)
            views.setdefault(key, []).append(triples(result.get('keypoints'), place))
        hints.progress(done, len(files))
    frames = sorted({frame for _, frame in views})
    _refuse_sparse(len(views), len(frames), len(cameras), source)
    # Of an image without people the file says nothing.
    for frame in frames:
        for camera, file in cameras.items():
            place = Place(file, camera=camera, frame=frame)
            people = people_of_joints(views.get((camera, frame), []), place, hints.skeleton)
            yield Found(camera, frame, people, str(file), (camera, frame) in views)


def _refuse_sparse(views: int, frames: int, cameras: int, source: Source) -> None:
    """Refuse names that share hardly a frame: every camera would have empty views by the million.

    Raises:
        FileFormatError: So it is.
    """
    if frames * cameras > max(SPARSE * views, MANY_VIEWS):
        raise FileFormatError(
            f'{source.path}: image names tell {cameras:,} cameras and {frames:,} frames, but only '
            f'{views:,} images; the part before the last number of a name must be its camera',
            code='no-match',
            file=source.path,
            found=[cameras, frames, views],
        )


def view_of(image: str, camera: str, hints: Hints, place: Place) -> tuple[str, int]:
    """Camera and number of an image.

    Args:
        image: Its name, with or without its folder.
        camera: The camera that the file is named after, '' where it is of all.
        hints: A single camera that is wanted needs no name in the image's.
        place: The place in a file.

    Raises:
        FileFormatError: The name tells no camera, or has no number.
    """
    named, frame = split_image_name(image)
    if not camera:
        alone = len(hints.cameras) == 1 and named not in hints.cameras
        camera = hints.cameras[0] if alone else named
    if not camera or frame is None:
        missing = 'camera' if frame is not None else 'frame number'
        raise place.error(
            f'has the image name {show(image)}, which tells no {missing}',
            '<camera>/<number>.jpg or <camera>_<number>.jpg',
            'write a file per camera, <camera>.json, with image names that hold a number',
            value=image,
            code='missing-value',
        )
    return camera, checked_whole(frame, place['frame number'])
