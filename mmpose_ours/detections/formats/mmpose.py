"""What MMPose's inferencer and demos write: ``keypoints`` [[u, v], ...], ``keypoint_scores``.

=================================== ==========================================================
``[person, ...]``                   a file per image (``MMPoseInferencer(pred_out_dir=...)``),
                                    also in a list of its own
``[{'frame_id', 'instances'}]``     a file per video, frames from 0
``[[person, ...], ...]``            likewise, of predictions that were stored as they are
``{'instance_info': [...]}``        either, of the demos' ``--save-predictions``: of an image
                                    people (``results_<image>.json``), of a video frames
=================================== ==========================================================

Pixels; joints by ``meta_info`` where a file has their names, else by their number. Sapiens writes
the same. MMPose 0.x has a person's scores in ``keypoints`` [[u, v, score], ...]. A top-down model
that is given no box takes the whole image for a person, with the box score 1: that is nobody, and
is left out.

Source: MMPose 1.3.2, ``mmpose/apis/inferencers/base_mmpose_inferencer.py`` and
``demo/topdown_demo_with_mmdet.py``; MMPose 0.29, ``mmpose/apis/inference.py``; facebookresearch's
sapiens, ``pose/demo/demo_vis.py``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator

import numpy as np

from mmpose_ours.detections.formats.imported import Found, Hints, frame_number, people_of_joints
from mmpose_ours.detections.formats.source import Source, plain_name
from mmpose_ours.detections.formats.unlisted import camera_of_file
from mmpose_ours.io.json_files import read_json
from mmpose_ours.io.json_values import Place, checked_whole, numbers, objects
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.metainfo import stated_skeleton
from mmpose_ours.structures.skeleton import Skeleton

ENDINGS = ('.json',)
LAYOUT = "[{'keypoints': [[u, v], ...], 'keypoint_scores': [score, ...]}] per image"
KEYS = ('meta_info', 'instance_info', 'instances', 'keypoints', 'keypoint_scores')


def recognise(source: Source) -> str:
    """Why this is such a file or folder, or ''."""
    sample = source.sample
    if type(sample) is dict and type(sample.get('instance_info')) is list:
        return "the key 'instance_info'"
    first = _first(_unwrapped(sample))
    first = first or _first(_first_list(sample))
    keys = [key for key in ('keypoint_scores', 'instances') if key in first]
    if keys:
        return f'the key {keys[0]!r}'
    return "'keypoints' [[u, v, score], ...]" if _is_older(first) else ''


def read(source: Source, hints: Hints) -> Iterator[Found]:
    """Read a file per image, or a file per camera.

    Raises:
        FileFormatError: One of them is something else.
    """
    if _is_video(source):
        files = source.recordings()
        for done, (named, file) in enumerate(files.items(), start=1):
            camera = camera_of_file(named, file, hints)
            yield from _frames(read_json(file), camera, file, hints.skeleton)
            hints.progress(done, len(files))
        return
    images = source.images(hints.cameras)
    total = sum(map(len, images.values()))
    done = 0
    for camera, paths in images.items():
        for file in paths:
            frame = frame_number(plain_name(file.stem), Place(file, camera=camera))
            place = Place(file, '', camera, frame)
            instances, place, skeleton = _content(read_json(file), place, hints.skeleton)
            people = people_of(_unwrapped(instances), place, skeleton)
            yield Found(camera, frame, people, file.name)
            done += 1
            hints.progress(done, total)


def people_of(instances: Any, place: Place, skeleton: Skeleton | None = None) -> Keypoints2D:
    """The people of one image.

    Args:
        instances: The inferencer's: dictionaries with ``keypoints`` (J, 2) and
            ``keypoint_scores`` (J,), and ``bbox`` and ``bbox_score`` where there are boxes; or
            MMPose 0.x's with ``keypoints`` (J, 3).
        place: Where they stand.
        skeleton: Their joints; None goes by the number of these.

    Raises:
        FileFormatError: They are something else.
    """
    instances = objects(instances, place, 'people')
    people = []
    for index, instance in enumerate(instances):
        if len(instances) == 1 and _is_whole_image(instance):
            continue
        here = place[index]
        if _is_older(instance):
            people.append(numbers(instance['keypoints'], (None, 3), here['keypoints']))
            continue
        uv = numbers(instance.get('keypoints'), (None, 2), here['keypoints'])
        scores = numbers(instance.get('keypoint_scores'), (len(uv),), here['keypoint_scores'])
        people.append(np.concatenate([uv, scores[:, None]], axis=1))
    return people_of_joints(people, place, skeleton)


def _is_whole_image(instance: dict[str, Any]) -> bool:
    box = instance.get('bbox')
    if isinstance(box, (list, tuple)) and len(box) == 1:  # MMPose puts the box in a tuple
        (box,) = box
    at_corner = isinstance(box, list) and len(box) == 4 and box[:2] == [0, 0]
    return at_corner and bool(instance.get('bbox_score') == 1)


def _first(sample: Any) -> dict[str, Any]:
    """The first object of a list; nothing where there is none."""
    first = sample[0] if type(sample) is list and sample else None
    return first if type(first) is dict else {}


def _first_list(sample: Any) -> Any:
    """The first list of a list that is not empty."""
    lists = (each for each in sample if each) if type(sample) is list else iter(())
    first = next(lists, None)
    return first if type(first) is list else None


def _is_older(instance: dict[str, Any]) -> bool:
    """Whether this is a person of MMPose 0.x."""
    keypoints = instance.get('keypoints')
    return (
        'keypoint_scores' not in instance
        and type(instance.get('bbox')) is list
        and type(keypoints) is list
        and bool(keypoints)
        and all(type(row) is list and len(row) == 3 for row in keypoints)
    )


def _unwrapped(instances: Any) -> Any:
    """The people of one image, which may stand in a list of their own."""
    alone = type(instances) is list and len(instances) == 1 and type(instances[0]) is list
    return instances[0] if alone else instances


def _content(
    data: Any, place: Place, skeleton: Skeleton | None
) -> tuple[Any, Place, Skeleton | None]:
    """What a file lists, its place, and the skeleton that is given or else named beside it."""
    if type(data) is not dict:
        return data, place, skeleton
    if skeleton is None:
        skeleton = stated_skeleton(data.get('meta_info'), place['meta_info'])
    return data.get('instance_info'), place['instance_info'], skeleton


def _is_video(source: Source) -> bool:
    """Whether a file has frames, by the first one that has anything."""
    for file in source.all_files:
        data = source.data if file == source.path else read_json(file)
        listed = data.get('instance_info') if type(data) is dict else data
        if type(listed) is not list or not listed:
            continue
        first = _first(listed)
        if first:
            return 'instances' in first or 'frame_id' in first
        return len(listed) > 1 and all(type(each) is list for each in listed)
    return False


def _frames(data: Any, camera: str, file: Path, skeleton: Skeleton | None) -> Iterator[Found]:
    data, place, skeleton = _content(data, Place(file, camera=camera), skeleton)
    if type(data) is list and data and all(type(each) is list for each in data):
        data = [{'frame_id': at, 'instances': people} for at, people in enumerate(data)]
    for index, frame in enumerate(objects(data, place, "{'frame_id': number, 'instances': [...]}")):
        here = place[index]
        number = checked_whole(frame.get('frame_id'), here['frame_id'])
        instances = Place(file, here['instances'].at, camera, number)
        people = people_of(frame.get('instances'), instances, skeleton)
        yield Found(camera, number, people, str(here))
