"""COCO's files: results ``[{'image_id': 7, 'keypoints': [...]}]`` and the images that they name.

=============================================== ================================================
``{'images': [{'id', 'file_name'}],             one file of images and people, or a folder with
'annotations': [...]}``                         it and a list of results
the same as ``<camera>.json``                   a file of images and people per camera
``<camera>.json``, ``<camera>/*.json``          a list of results per camera, whose ``image_id``
                                                is the number of the frame: OpenPose's
                                                ``--write_coco_json``, Detectron2
=============================================== ================================================

Joints by the names in ``categories`` where there are any, else by their number; pixels. The third
number is a score in results, or 0 and 1 as OpenPose writes it, with -1, -1, 0 for a missing joint;
in annotations it is 0, 1 or 2, of which every one above 0 counts as found. Images without people
are known where ``images`` lists them, so they count as seen.

Source: COCO's "Data format" and "Results format"; OpenPose's cocoJsonSaver.cpp, which takes the
last number of the frame's name for ``image_id``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator

import numpy as np

from mmpose_ours.detections.formats.alphapose import is_results, view_of
from mmpose_ours.detections.formats.imported import Found, Hints, people_of_joints, triples
from mmpose_ours.detections.formats.source import Source
from mmpose_ours.detections.formats.unlisted import camera_of_file, every_view
from mmpose_ours.errors import FileFormatError
from mmpose_ours.io.json_files import read_json
from mmpose_ours.io.json_schema import show
from mmpose_ours.io.json_values import MAX_INTEGER, Place, checked_name, checked_whole, objects
from mmpose_ours.structures.metainfo import skeleton_of
from mmpose_ours.structures.skeleton import Skeleton

ENDINGS = ('.json',)
LAYOUT = "[{'image_id': number, 'keypoints': [u, v, score, ...]}], or {'images', 'annotations'}"
# Files beside the one with images; folders of more are of something else.
_MOST_BESIDE = 10
KEYS = ('images', 'annotations', 'image_id', 'keypoints')


def recognise(source: Source) -> str:
    """Why this is such a file, or ''."""
    if has_images(source.sample) and _has_keypoints(source):
        return "the key 'images'"
    return 'numbers in image_id' if is_results(results_in(source.sample), int) else ''


def results_in(data: Any) -> Any:
    """The results of a file: a list, or the ``annotations`` of an object without images."""
    if type(data) is dict and 'annotations' in data and 'images' not in data:
        return data['annotations']
    return data


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


def _has_keypoints(source: Source) -> bool:
    """Whether people have keypoints, and not boxes only, in the file with images or beside it."""
    for values in (source.sample.get('annotations'), source.sample.get('categories')):
        listed = values if type(values) is list else []
        if any(type(value) is dict and 'keypoints' in value for value in listed):
            return True
    others = source.files[1:] if len(source.files) <= _MOST_BESIDE else []
    return any(is_results(read_json(file), int) for file in others)


def read(source: Source, hints: Hints) -> Iterator[Found]:
    """Read the people of every listed image, or of every number.

    Raises:
        FileFormatError: One results file of several cameras, and none that lists its images; or
            several do; or something in them is wrong.
    """
    if source.path.is_file():
        contents = {source.path: source.data}
    else:
        contents = {file: read_json(file) for file in source.files}
    listings = [file for file, data in contents.items() if has_images(data)]
    if not listings and has_images(source.sample) or 1 < len(listings) == len(contents):
        for camera, file in source.recordings().items():
            yield from _listed({file: read_json(file)}, [file], source, hints, camera)
    elif listings:
        yield from _listed(contents, listings, source, hints)
    else:
        yield from _numbered(source, hints)


def _numbered(source: Source, hints: Hints) -> Iterator[Found]:
    """People of a results file per camera, the number of the image being that of the frame."""
    views: dict[tuple[str, int], list[np.ndarray]] = {}
    cameras: dict[str, Path] = {}
    files = source.recordings()
    if len(files) == 1 and len(hints.cameras) > 1:
        raise FileFormatError(
            f'{source.path}: one file of results for {len(hints.cameras)} cameras names images by '
            'number, and no "images" say which these are; put the annotation file with "images" '
            'beside the results and name the folder, or write a file per camera, <camera>.json, '
            'with the number of the frame in image_id',
            code='missing-value',
            file=source.path,
            expected='images',
        )
    for done, (named, file) in enumerate(files.items(), start=1):
        camera = camera_of_file(named, file, hints)
        cameras[camera] = file
        results = results_in(read_json(file))
        for index, result in enumerate(objects(results, Place(file), 'results')):
            at = Place(file, f'[{index}].image_id', camera)
            frame = checked_whole(result.get('image_id'), at)
            place = Place(file, f'[{index}].keypoints', camera, frame)
            views.setdefault((camera, frame), []).append(triples(result.get('keypoints'), place))
        hints.progress(done, len(files))
    yield from every_view(views, cameras, source, hints.skeleton)


def _listed(
    contents: dict[Path, Any],
    listings: list[Path],
    source: Source,
    hints: Hints,
    of_camera: str = '',
) -> Iterator[Found]:
    """People of every image that a file lists.

    Args:
        contents: Files of images and results.
        listings: Those of them that list images.
        source: What is read.
        hints: What is known.
        of_camera: The camera of all images, '' where their names tell it.
    """
    listing = contents[_only(listings, 'list images', source)]
    if not has_images(listing):
        raise Place(listings[0]).error('lists no images', "the key 'images'", value=show(listing))
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
        camera, frame = view_of(image_name, of_camera, hints, place)
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
