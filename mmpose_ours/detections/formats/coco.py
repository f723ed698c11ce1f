"""COCO's files: results ``[{'image_id': 7, 'keypoints': [...]}]`` and the images that they name.

Either one object ``{'images': [{'id', 'file_name'}], 'annotations': [...]}``, or a folder with
the list of results and, in a file of its own, the object with ``images``. Joints by the names in
``categories`` where there are any, else by their number; pixels. The third number is a score in
results; in annotations it is 0, 1 or 2, of which every one above 0 counts as found. Images without
people are known, so they count as seen.

Source: COCO's "Data format" and "Results format".
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator

import numpy as np

from mmpose_ours.detections.formats.alphapose import is_results, view_of
from mmpose_ours.detections.formats.imported import Found, Hints, people_of_joints, triples
from mmpose_ours.detections.formats.source import Source
from mmpose_ours.errors import FileFormatError
from mmpose_ours.io.json_files import read_json
from mmpose_ours.io.json_schema import show
from mmpose_ours.io.json_values import MAX_INTEGER, Place, checked_name, objects
from mmpose_ours.structures.metainfo import skeleton_of
from mmpose_ours.structures.skeleton import Skeleton


def recognise(source: Source) -> str:
    """Why this is such a file, or ''."""
    if has_images(source.sample):
        return "the key 'images'"
    return 'numbers in image_id' if is_results(source.sample, int) else ''


def has_images(data: Any) -> bool:
    """Whether this is an object that lists images."""
    return (
        type(data) is dict
        and type(data.get('images')) is list
        and all(
            type(image) is dict and 'id' in image and type(image.get('file_name')) is str
            for image in data['images']
        )
    )


def read(source: Source, hints: Hints) -> Iterator[Found]:
    """Read the people of every listed image.

    Raises:
        FileFormatError: No file lists the images, or several do; or something in them is wrong.
    """
    if source.path.is_file():
        contents = {source.path: source.data}
    else:
        contents = {file: read_json(file) for file in source.files}
    listings = [file for file, data in contents.items() if has_images(data)]
    if not listings:
        raise FileFormatError(
            f'{source.path}: results name images by number, and no "images" say which these '
            'are; put the annotation file with "images" beside the results and name the folder',
            code='missing-value',
            file=source.path,
            expected='images',
        )
    listing = contents[_only(listings, 'list images', source)]
    files = [file for file, data in contents.items() if is_results(data, int)]
    if files:
        file = _only(files, 'hold results', source)
        results = objects(contents[file], Place(file), 'results')
    else:
        file = listings[0]
        results = objects(listing.get('annotations'), Place(file, 'annotations'), 'people')
    by_image: dict[int | str, list[np.ndarray]] = {}
    for index, image in enumerate(listing['images']):
        place = Place(listings[0], f'images[{index}].id')
        identity = _identity(image['id'], place)
        if identity in by_image:
            raise place.error(
                f'is {show(identity)} again',
                'a number for each image',
                value=identity,
                code='duplicate',
            )
        by_image[identity] = []
    for index, result in enumerate(results):
        place = Place(file, f'result {index}')
        image_id = _identity(result.get('image_id'), place['image_id'])
        if image_id not in by_image:
            raise place['image_id'].error(
                f'is {show(image_id)}',
                f'one of the {len(by_image)} images listed',
                'give the results of these images',
                value=image_id,
                code='no-match',
            )
        if result.get('keypoints'):
            by_image[image_id].append(triples(result['keypoints'], place['keypoints']))
    flags = file == listings[0]
    skeleton = hints.skeleton or _skeleton(listing.get('categories'), listings[0])
    for index, image in enumerate(listing['images']):
        place = Place(listings[0], f'images[{index}].file_name')
        image_name = checked_name(image['file_name'], place)
        camera, frame = view_of(image_name, '', hints, place)
        place = Place(file, f'image {show(image["id"])}', camera, frame)
        people = people_of_joints(by_image[image['id']], place, skeleton)
        if flags and _are_flags(people.array):
            people.array[..., 2] = people.array[..., 2] > 0
        yield Found(camera, frame, people, image_name)


def _skeleton(categories: Any, file: Path) -> Skeleton | None:
    """What the first category with keypoints names; None where none does.

    Raises:
        FileFormatError: It is something else than a list of names.
    """
    place = Place(file, 'categories')
    named = categories if type(categories) is list else []
    for index, category in enumerate(named):
        if type(category) is dict and category.get('keypoints'):
            names, links = category['keypoints'], category.get('skeleton') or []
            if type(names) is not list or type(links) is not list:
                raise place[index].error(
                    'has no lists', 'names in keypoints, pairs in skeleton', value=category
                )
            # COCO counts joints from 1.
            pairs = [
                [end - 1 if type(end) is int else end for end in link]
                if type(link) is list
                else link
                for link in links
            ]
            name = category.get('name', 'unnamed')
            metainfo = {
                'dataset_name': name,
                'keypoint_id2name': dict(enumerate(names)),
                'skeleton_links': pairs,
            }
            return skeleton_of(metainfo, place[index])
    return None


def _only(files: list[Path], what: str, source: Source) -> Path:
    """The only one of some files.

    Raises:
        FileFormatError: There are more, of which all but one would be lost.
    """
    if len(files) > 1:
        raise FileFormatError(
            f'{source.path}: {files[0].name} and {files[1].name} both {what}; keep one of them, or '
            'convert them one by one',
            code='ambiguous',
            file=source.path,
            found=[str(file) for file in files],
        )
    return files[0]


def _identity(value: Any, place: Place) -> int | str:
    """What an image is known by.

    Raises:
        FileFormatError: It is neither a number of 64 bits nor a name. Larger numbers can be
            chosen so that as keys of a dictionary each is compared with all others.
    """
    if type(value) is not str and (type(value) is not int or abs(value) > MAX_INTEGER):
        raise place.error(f'is {show(value)}', "an image's number, of 64 bits at most", value=value)
    return value


def _are_flags(people: np.ndarray) -> bool:
    """Whether the third numbers are COCO's visibilities, not scores."""
    return bool(np.isin(people[..., 2], (0, 1, 2)).all())
