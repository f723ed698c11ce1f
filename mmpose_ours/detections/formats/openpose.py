"""OpenPose's folders: a JSON per image, ``{'people': [{'pose_keypoints_2d': [u, v, c, ...]}]}``.

BODY_25 or COCO (18 joints), recognised by their number; a joint that was not found is 0, 0, 0.
BODY_25B has 25 joints too, COCO's 17 first, and nothing in the file names it: the people
themselves tell the two apart, by limbs that are short under the right names only.
Pixels of the input image by default; ``--keypoint_scale 3`` or ``4`` normalises, which
:mod:`.normalised` undoes. AlphaPose's ``--format open`` and ``cmu``
(``{'bodies': [{'joints': ...}]}``) are the same with other names.

Source: OpenPose, doc/02_output.md; for BODY_25B its poseParameters.cpp.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterable, Iterator

import numpy as np

from mmpose_ours.detections.arrays import finite
from mmpose_ours.detections.formats.imported import (
    COCO_FIRST,
    Found,
    Hints,
    coco17_from,
    frame_number,
    triples,
)
from mmpose_ours.detections.formats.source import Source, plain_name
from mmpose_ours.io.json_files import read_json
from mmpose_ours.io.json_schema import show
from mmpose_ours.io.json_values import Place, objects
from mmpose_ours.structures.skeletons import SKELETONS

KEYS = (('people', 'pose_keypoints_2d'), ('bodies', 'joints'))

# The limbs that both layouts have, as indices of their ends: BODY_25's, BODY_25B's.
_LIMBS = [
    limb for limb in SKELETONS['coco17'].limbs if set(limb) <= set(SKELETONS['body25'].joints)
]
_LIMB_ENDS = [
    np.array([SKELETONS[name].index(*limb) for limb in _LIMBS]) for name in ('body25', 'coco17')
]


def recognise(source: Source) -> str:
    """Why this is such a folder, or ''."""
    sample = source.sample
    keys = [people for people, _ in KEYS if type(sample) is dict and people in sample]
    return f'the key {keys[0]!r}' if keys else ''


def read(source: Source, hints: Hints) -> Iterator[Found]:
    """Read a file per image.

    Raises:
        FileFormatError: One of them is something else.
    """
    images = source.images()
    total = sum(map(len, images.values()))
    done = 0
    body25b = _is_body25b(file for files in images.values() for file in files)
    coco_first = (25, *COCO_FIRST) if body25b else COCO_FIRST
    for camera, files in images.items():
        for file in files:
            frame = frame_number(plain_name(file.stem), Place(file, camera=camera))
            place = Place(file, '', camera, frame)
            people = coco17_from(_rows(read_json(file), place), place, coco_first)
            yield Found(camera, frame, people, file.name)
            done += 1
            hints.progress(done, total)


def _rows(data: Any, place: Place) -> list[np.ndarray]:
    """The people of a file, (J, 3) ``u, v, score`` each."""
    for people, joints in KEYS:
        if type(data) is dict and people in data:
            # OpenPose leaves the list empty for people of whom only a hand or a face was found.
            return [
                triples(person.get(joints), place[people][index][joints])
                for index, person in enumerate(objects(data[people], place[people], 'people'))
                if person.get(joints) != []
            ]
    raise place.error(
        f'is {show(data)}' if type(data) is not dict else 'has no people',
        "{'people': [{'pose_keypoints_2d': [...]}]} as OpenPose writes it",
        'remove the file or export it again',
    )


def _is_body25b(files: Iterable[Path], ask: int = 50) -> bool:
    """Whether most of the first people with 25 joints, ``ask`` or so, are BODY_25B's.

    Under a wrong name joints are far from their neighbours: the shorter limbs are the right ones.
    """
    closer: list[bool] = []
    for file in files:
        people = _rows(read_json(file), Place(file))
        if any(len(person) != 25 for person in people):
            return False
        for person in map(finite, people):
            uv = np.where(person[:, 2:] > 0, person[:, :2], np.nan)
            as_body25, as_body25b = (
                np.linalg.norm(uv[ends[:, 0]] - uv[ends[:, 1]], axis=1) for ends in _LIMB_ENDS
            )
            if np.isfinite(as_body25).any() and np.isfinite(as_body25b).any():
                closer.append(bool(np.nanmean(as_body25b) < np.nanmean(as_body25)))
        if len(closer) >= ask:
            break
    return sum(closer) * 2 > len(closer)
