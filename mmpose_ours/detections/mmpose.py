"""What MMPose 1.x's inferencer and demos write: ``keypoints`` [[u, v], ...], ``keypoint_scores``.

=================================== ==========================================================
``[person, ...]``                   a file per image (``MMPoseInferencer(pred_out_dir=...)``)
``[{'frame_id', 'instances'}]``     a file per video, frames from 0
``{'instance_info': [...]}``        likewise, of the demos' ``--save-predictions``
=================================== ==========================================================

Pixels; joints as :mod:`.found` tells them by their number. A top-down model that is given no
box takes the whole image for a person, with the box score 1: that is nobody, and is left out.

Source: MMPose 1.3.2, ``mmpose/apis/inferencers/base_mmpose_inferencer.py``.
"""

from __future__ import annotations

from typing import Any, Iterator

import numpy as np

from mmpose_ours.detections.found import Found, Hints, coco17_from, frame_number
from mmpose_ours.detections.source import Source
from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.json_files import read_json


def recognise(source: Source) -> str:
    """Why this is such a file or folder, or ''."""
    sample = source.sample
    if isinstance(sample, dict) and 'instance_info' in sample:
        return "the key 'instance_info'"
    first = sample[0] if isinstance(sample, list) and sample else None
    keys = [
        key for key in ('keypoint_scores', 'instances') if isinstance(first, dict) and key in first
    ]
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
            yield from _frames(read_json(file), camera, file)
        return
    images = source.images()
    total = sum(map(len, images.values()))
    done = 0
    for camera, paths in images.items():
        for file in paths:
            people = people_of(read_json(file), str(file))
            yield Found(camera, frame_number(file.stem, file), people, file.name)
            done += 1
            hints.progress(done, total)


def people_of(instances: Any, where: str) -> np.ndarray:
    """The people of one image.

    Args:
        instances: The inferencer's: dictionaries with ``keypoints`` (J, 2) and
            ``keypoint_scores`` (J,), and ``bbox`` and ``bbox_score`` where there are boxes.
        where: The file, for messages.

    Returns:
        (P, 17, 3) float32 COCO-17.

    Raises:
        FileFormatError: They are something else.
    """
    try:
        people = [
            np.concatenate(
                [np.asarray(each['keypoints'], float), np.c_[each['keypoint_scores']]], axis=1
            )
            for each in instances
            if not (len(instances) == 1 and _is_whole_image(each))
        ]
    except (TypeError, KeyError, ValueError, OverflowError) as error:
        raise FileFormatError(
            f"{where}: expected people with 'keypoints' (J, 2) and 'keypoint_scores' (J,), found "
            f'something else ({error!r}); export the predictions again'
        ) from error
    return coco17_from(people, where)


def _is_whole_image(instance: Any) -> bool:
    box = np.ravel(instance.get('bbox', (1, 1, 1, 1)))
    return instance.get('bbox_score') == 1 and len(box) == 4 and not box[:2].any()


def _is_video(sample: Any) -> bool:
    if isinstance(sample, dict):
        return True
    return isinstance(sample, list) and bool(sample) and 'instances' in sample[0]


def _frames(data: Any, camera: str, path: PathLike) -> Iterator[Found]:
    frames = data.get('instance_info') if isinstance(data, dict) else data
    for index, frame in enumerate(frames if isinstance(frames, list) else [None]):
        where = f'{path}: frame {index}'
        if not isinstance(frame, dict) or not isinstance(frame.get('frame_id'), int):
            raise FileFormatError(
                f"{where}: expected {{'frame_id': number, 'instances': [...]}}; export the "
                'predictions again'
            )
        people = people_of(frame.get('instances'), where)
        yield Found(camera, frame['frame_id'], people, where)
