"""What MMPose 1.x's inferencer and demos write: ``keypoints`` [[u, v], ...], ``keypoint_scores``.

=================================== ==========================================================
``[person, ...]``                   a file per image (``MMPoseInferencer(pred_out_dir=...)``)
``[{'frame_id', 'instances'}]``     a file per video, frames from 0
``{'instance_info': [...]}``        likewise, of the demos' ``--save-predictions``
=================================== ==========================================================

Pixels; joints by ``meta_info`` where a file has it, else by their number. A top-down model that is
given no box takes the whole image for a person, with the box score 1: that is nobody, and is left
out.

Source: MMPose 1.3.2, ``mmpose/apis/inferencers/base_mmpose_inferencer.py``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator

import numpy as np

from mmpose_ours.detections.formats.imported import Found, Hints, frame_number, people_of_joints
from mmpose_ours.detections.formats.source import Source
from mmpose_ours.io.json_files import read_json
from mmpose_ours.io.json_values import Place, checked_whole, numbers, objects
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.metainfo import skeleton_of
from mmpose_ours.structures.skeleton import Skeleton


def recognise(source: Source) -> str:
    """Why this is such a file or folder, or ''."""
    sample = source.sample
    if type(sample) is dict and 'instance_info' in sample:
        return "the key 'instance_info'"
    keys = [key for key in ('keypoint_scores', 'instances') if key in _first(sample)]
    return f'the key {keys[0]!r}' if keys else ''


def read(source: Source, hints: Hints) -> Iterator[Found]:
    """Read a file per image, or a file per camera.

    Raises:
        FileFormatError: One of them is something else.
    """
    if _is_video(source.sample):
        files = source.recordings()
        for camera, file in files.items():
            camera = camera or (hints.cameras[0] if len(hints.cameras) == 1 else file.stem)
            yield from _frames(read_json(file), camera, file, hints.skeleton)
        return
    images = source.images()
    total = sum(map(len, images.values()))
    done = 0
    for camera, paths in images.items():
        for file in paths:
            frame = frame_number(file.stem, Place(file, camera=camera))
            place = Place(file, '', camera, frame)
            people = people_of(read_json(file), place, hints.skeleton)
            yield Found(camera, frame, people, file.name)
            done += 1
            hints.progress(done, total)


def people_of(instances: Any, place: Place, skeleton: Skeleton | None = None) -> Keypoints2D:
    """The people of one image.

    Args:
        instances: The inferencer's: dictionaries with ``keypoints`` (J, 2) and
            ``keypoint_scores`` (J,), and ``bbox`` and ``bbox_score`` where there are boxes.
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


def _is_video(sample: Any) -> bool:
    return type(sample) is dict or 'instances' in _first(sample)


def _frames(data: Any, camera: str, file: Path, skeleton: Skeleton | None) -> Iterator[Found]:
    place = Place(file, camera=camera)
    if type(data) is dict:
        if skeleton is None and data.get('meta_info'):
            skeleton = skeleton_of(data['meta_info'], place['meta_info'])
        data, place = data.get('instance_info'), place['instance_info']
    for index, frame in enumerate(objects(data, place, "{'frame_id': number, 'instances': [...]}")):
        here = place[index]
        number = checked_whole(frame.get('frame_id'), here['frame_id'])
        instances = Place(file, here['instances'].at, camera, number)
        people = people_of(frame.get('instances'), instances, skeleton)
        yield Found(camera, number, people, str(here))
