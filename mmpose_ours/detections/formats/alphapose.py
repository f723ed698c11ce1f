"""AlphaPose's results: one JSON of all images, in its three forms.

================================================ ===============================================
``[{'image_id': '12.jpg', 'keypoints': [...]}]`` the default, also COCO results with image names
``{'12.jpg': {'people': [...]}}``                ``--format open``, people as OpenPose's
``{'12.jpg': {'bodies': [...]}}``                ``--format cmu``
================================================ ===============================================

COCO-17, Halpe-26 or Halpe-136, by the number of joints, ``u, v, score`` each; the latter two forms
have OpenPose's 18. Pixels; one entry per person, none for an image without people. A file per
camera (``<camera>.json``, or alone in the camera's folder), or one whose image names begin with
the camera's. The files of ``sep-json/`` are read as OpenPose's.

Source: AlphaPose, docs/output.md, and ``write_json`` of alphapose/utils/pPose_nms.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator

import numpy as np

from mmpose_ours.detections.formats import openpose
from mmpose_ours.detections.formats.imported import Found, Hints, split_image_name, triples
from mmpose_ours.detections.formats.source import Source, plain_name
from mmpose_ours.detections.formats.unlisted import every_view
from mmpose_ours.errors import FileFormatError
from mmpose_ours.io.json_files import read_json
from mmpose_ours.io.json_schema import show
from mmpose_ours.io.json_values import Place, checked_name, checked_whole, objects
from mmpose_ours.recordings.name_fits import spelling

ENDINGS = ('.json',)
LAYOUT = "[{'image_id': '<image>', 'keypoints': [u, v, score, ...]}]"
KEYS = ('image_id', 'keypoints')


def recognise(source: Source) -> str:
    """Why this is such a file, or ''."""
    sample = source.sample
    if is_results(sample, str):
        return 'image names in image_id'
    return 'people by image names' if _is_by_image(sample) else ''


def is_results(data: Any, kind: type) -> bool:
    """Whether this is a list of results whose first ``image_id`` is of a kind."""
    return (
        type(data) is list
        and bool(data)
        and all(type(each) is dict and 'keypoints' in each for each in data)
        and type(data[0].get('image_id')) is kind
    )


def _is_by_image(data: Any) -> bool:
    """Whether this is an object of OpenPose's files, by the names of their images."""
    return (
        type(data) is dict
        and bool(data)
        and all(type(each) is dict and openpose.has_people(each) for each in data.values())
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
    if len(source.files) == 1 and _names_no_camera(source.files[0], hints):
        files = {'': source.files[0]}
    for done, (camera, file) in enumerate(files.items(), start=1):
        if camera:
            cameras[camera] = file
        for image, keypoints, place in _people(read_json(file), Place(file)):
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
            place = Place(file, place.at, *key)
            views.setdefault(key, []).append(triples(keypoints, place))
        hints.progress(done, len(files))
    yield from every_view(views, cameras, source, hints.skeleton)


def _names_no_camera(file: Path, hints: Hints) -> bool:
    """Whether the only file of a folder is called as AlphaPose calls it, and not as a camera."""
    name = plain_name(file.stem)
    return name == 'alphapose' and spelling(name) not in map(spelling, hints.cameras)


def _people(data: Any, place: Place) -> Iterator[tuple[str, Any, Place]]:
    """Image, keypoints as they stand there, and their place, of every person of a file."""
    if type(data) is dict:
        for image, content in data.items():
            name = checked_name(image, place['the name of an image'])
            for keypoints, where in openpose.bodies(content, Place(place.file, show(name))):
                yield name, keypoints, where
        return
    for index, result in enumerate(objects(data, place, 'results')):
        here = place[index]
        named = result.get('file_name', result.get('image_id'))
        image = checked_name(named, here['image_id'])
        yield image, result.get('keypoints'), here['keypoints']


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
