"""OpenPose's folders: a JSON per image, ``{'people': [{'pose_keypoints_2d': [u, v, c, ...]}]}``.

BODY_25 or COCO (18 joints), recognised by their number; a joint that was not found is 0, 0, 0.
BODY_25B has 25 joints too, COCO's 17 first, and nothing in the file names it: the people
themselves tell the two apart, since they look like people under the right names only. With
``--face`` and ``--hand`` the joints of faces and hands stand in lists of their own.
Pixels of the input image by default; ``--keypoint_scale 3`` or ``4`` normalises, which
:mod:`.normalised` undoes. AlphaPose's ``--format open`` and ``cmu``
(``{'bodies': [{'joints': ...}]}``) are the same with other names.

Source: OpenPose, doc/02_output.md; for BODY_25B its poseParameters.cpp.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Iterator, NamedTuple, Sequence

import numpy as np

from mmpose_ours.detections.arrays import finite
from mmpose_ours.detections.formats.imported import (
    Found,
    Hints,
    frame_number,
    people_of_joints,
    triples,
)
from mmpose_ours.detections.formats.layouts import BY_SIZE, named_by_people
from mmpose_ours.detections.formats.source import Source, plain_name
from mmpose_ours.io.json_files import read_json
from mmpose_ours.io.json_schema import show
from mmpose_ours.io.json_values import Place, objects
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import SKELETONS, extended
from mmpose_ours.structures.whole_body import FACE_WITH_PUPILS, hand

KEYS = (('people', 'pose_keypoints_2d'), ('bodies', 'joints'))
FACE = 'face_keypoints_2d'
HANDS = ('hand_left_keypoints_2d', 'hand_right_keypoints_2d')
# The joints of each part that may stand beside a body.
PARTS = {FACE: len(FACE_WITH_PUPILS), **{name: len(hand('left')) for name in HANDS}}
# So many people tell the skeleton of a recording.
ENOUGH_PEOPLE = 50


class Person(NamedTuple):
    """One person of a file.

    Args:
        body: (J, 3) ``u, v, score``; nothing where only a face or a hand was found.
        parts: Face and hands likewise, by the name of their list.
    """

    body: np.ndarray
    parts: dict[str, np.ndarray]


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
    skeleton = hints.skeleton
    if skeleton is None:
        every = [file for files in images.values() for file in files]
        skeleton = _body_of(every, hints, source.path)
    for camera, files in images.items():
        for file in files:
            frame = frame_number(plain_name(file.stem), Place(file, camera=camera))
            place = Place(file, '', camera, frame)
            people = _whole(_people(read_json(file), place), place, skeleton)
            yield Found(camera, frame, people, file.name)
            done += 1
            hints.progress(done, total)


def _people(data: Any, place: Place) -> list[Person]:
    """The people of a file."""
    for people, joints in KEYS:
        if type(data) is dict and people in data:
            return [
                _person(person, joints, place[people][index])
                for index, person in enumerate(objects(data[people], place[people], 'people'))
            ]
    raise place.error(
        f'is {show(data)}' if type(data) is not dict else 'has no people',
        "{'people': [{'pose_keypoints_2d': [...]}]} as OpenPose writes it",
        'remove the file or export it again',
        value=data if type(data) is not dict else list(data),
        code='file-format' if type(data) is not dict else 'missing-value',
    )


def _person(data: dict[str, Any], joints: str, place: Place) -> Person:
    # OpenPose leaves the list empty for people of whom only a hand or a face was found.
    body = triples(data.get(joints), place[joints]) if data.get(joints) != [] else np.zeros((0, 3))
    parts = {}
    for name, count in PARTS.items():
        if data.get(name):
            parts[name] = triples(data[name], place[name])
            if len(parts[name]) != count:
                raise place[name].error(
                    f'has {len(parts[name])} joints',
                    f'{count} joints',
                    value=len(parts[name]),
                    wanted=count,
                    code='wrong-shape',
                )
    return Person(body, parts)


def _whole(people: list[Person], place: Place, skeleton: Skeleton | None) -> Keypoints2D:
    """Bodies with the faces and hands that some of a file's people have.

    People of whom a file has nothing but a face or a hand are kept where a body's joints are
    known, from the file or from others.
    """
    bodies = people_of_joints(
        [person.body for person in people if len(person.body)], place, skeleton
    )
    if len(bodies) and skeleton is None:
        skeleton = bodies.skeleton
    parts = {name for person in people for name in person.parts}
    if skeleton is None or not parts:
        return bodies
    face, hands = FACE in parts, bool(parts.intersection(HANDS))
    name = f'{skeleton.name}{"_face" * face}{"_hands" * hands}'
    whole = SKELETONS.get(name) or extended(skeleton, name, face=PARTS[FACE] * face, hands=hands)
    lists = [FACE] * face + [*HANDS] * hands
    rows = [
        np.concatenate(
            [
                person.body if len(person.body) else np.zeros((len(skeleton), 3)),
                *(person.parts.get(name, np.zeros((PARTS[name], 3))) for name in lists),
            ]
        )
        for person in people
    ]
    return people_of_joints(rows, place, whole)


def _body_of(files: Sequence[Path], hints: Hints, path: Path) -> Skeleton | None:
    """The skeleton of the bodies, by people from all of the recording; None where none has a body.

    BODY_25 and BODY_25B both have 25 joints, and nothing in the files tells them apart.

    Raises:
        FileFormatError: The people contradict the usual skeleton of so many joints.
    """
    bodies: list[np.ndarray] = []
    for file in _spread(files):
        people = _people(read_json(file), Place(file))
        bodies += [person.body for person in people if len(person.body)]
        if len(bodies) >= ENOUGH_PEOPLE:
            break
    count = len(bodies[0]) if bodies else 0
    if count not in BY_SIZE:
        return None
    same = finite(np.stack([body for body in bodies if len(body) == count]))
    return named_by_people(same, path, hints.say, also=('body25b',) if count == 25 else ())


def _spread(files: Sequence[Path]) -> Iterator[Path]:
    """All files, each once, the first few of them from all over the recording."""
    count = len(files)
    step = next((n for n in range(round(count * 0.618), count) if math.gcd(n, count) == 1), 1)
    return (files[index * step % count] for index in range(count))
