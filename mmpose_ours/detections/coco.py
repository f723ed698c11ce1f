"""COCO's files: results ``[{'image_id': 7, 'keypoints': [...]}]`` and the images that they name.

Either one object ``{'images': [{'id', 'file_name'}], 'annotations': [...]}``, or a folder with
the list of results and, in a file of its own, the object with ``images``. Joints as
:mod:`.found` tells them; pixels. The third number is a score in results; in annotations it is
0, 1 or 2, of which every one above 0 counts as found. Images without people are known, so they
count as seen.

Source: COCO's "Data format" and "Results format".
"""

from __future__ import annotations

from typing import Any, Iterator

import numpy as np

from mmpose_ours.detections.alphapose import is_results, view_of
from mmpose_ours.detections.found import Found, Hints, coco17_from, triples
from mmpose_ours.detections.source import Source
from mmpose_ours.errors import FileFormatError
from mmpose_ours.io.json_files import read_json


def recognise(source: Source) -> str:
    """Why this is such a file, or ''."""
    if has_images(source.sample):
        return "the key 'images'"
    return 'numbers in image_id' if is_results(source.sample, int) else ''


def has_images(data: Any) -> bool:
    """Whether this is an object that lists images."""
    return (
        isinstance(data, dict)
        and isinstance(data.get('images'), list)
        and all(
            isinstance(image, dict) and 'id' in image and isinstance(image.get('file_name'), str)
            for image in data['images']
        )
    )


def read(source: Source, hints: Hints) -> Iterator[Found]:
    """Read the people of every listed image.

    Raises:
        FileFormatError: No file lists the images, or something in them is wrong.
    """
    contents = [source.data] if source.path.is_file() else [*map(read_json, source.files)]
    listing = next((data for data in contents if has_images(data)), None)
    if listing is None:
        raise FileFormatError(
            f'{source.path}: results name images by number, and no "images" say which these '
            'are; put the annotation file with "images" beside the results and name the folder'
        )
    results = next((data for data in contents if is_results(data, int)), None)
    if results is None:
        results = listing.get('annotations')
    if not isinstance(results, list) or not all(isinstance(each, dict) for each in results):
        raise FileFormatError(
            f'{source.path}: has images but no list of people, expected "annotations" or a file '
            'of results beside it'
        )
    by_image: dict[Any, list] = {image['id']: [] for image in listing['images']}
    for index, result in enumerate(results):
        where = f'{source.path}: result {index}'
        if result.get('image_id') not in by_image:
            raise FileFormatError(
                f'{where}: image {result.get("image_id")!r} is none of the {len(by_image)} images '
                'listed; the results are of other images'
            )
        if result.get('keypoints'):
            by_image[result['image_id']].append(triples(result['keypoints'], where))
    for image in listing['images']:
        where = f'{source.path}: image {image["id"]}'
        camera, frame = view_of(image['file_name'], '', hints, where)
        people = coco17_from(by_image[image['id']], where)
        if 'annotations' in listing and results is listing['annotations']:
            people[..., 2] = np.where(_are_flags(people), people[..., 2] > 0, people[..., 2])
        yield Found(camera, frame, people, image['file_name'])


def _are_flags(people: np.ndarray) -> bool:
    """Whether the third numbers are COCO's visibilities, not scores."""
    return bool(np.isin(people[..., 2], (0, 1, 2)).all())
