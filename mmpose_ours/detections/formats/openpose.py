"""OpenPose's folders: a JSON per image, ``{'people': [{'pose_keypoints_2d': [u, v, c, ...]}]}``.

BODY_25 or COCO (18 joints), recognised by their number; a joint that was not found is 0, 0, 0.
BODY_25B has 25 joints too, COCO's 17 first, and nothing in the file names it: the people
themselves tell the two apart, since they look like people under the right names only. With
``--face`` and ``--hand`` the joints of faces and hands stand in lists of their own.
Pixels of the input image by default; ``--keypoint_scale 3`` or ``4`` normalises, which
:mod:`.normalised` undoes. The same with other names:

- OpenPose 1.0 and 1.1: ``pose_keypoints`` without ``_2d``, hands and face likewise.
- AlphaPose's ``--format open`` and ``cmu`` (``{'bodies': [{'joints': ...}]}``).
- DWPose and the OpenPose preprocessor of ControlNet: ``canvas_width`` and ``canvas_height`` beside
  ``people``, None where no hand or face was found, 68 or 70 joints of a face. Coordinates are
  shares of the canvas or its pixels, and the canvas may be a resized image: they are brought to
  the size of the camera's images where that is known. ComfyUI writes a list of such objects, one
  per frame.

Source: OpenPose, doc/02_output.md; for BODY_25B its poseParameters.cpp; ControlNet,
annotator/openpose/__init__.py of Mikubill/sd-webui-controlnet.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Iterator, Sequence

import numpy as np

from mmpose_ours.detections.arrays import MAX_NORMALISED, finite
from mmpose_ours.detections.formats.body_parts import Person, part, whole
from mmpose_ours.detections.formats.imported import Found, Hints, frame_number, triples
from mmpose_ours.detections.formats.layouts import skeleton_of_bodies
from mmpose_ours.detections.formats.normalised import size_of
from mmpose_ours.detections.formats.source import Source, plain_name
from mmpose_ours.detections.formats.unlisted import camera_of_file
from mmpose_ours.io.json_files import read_json
from mmpose_ours.io.json_schema import show
from mmpose_ours.io.json_values import Place, checked_whole, objects
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeleton import Skeleton

ENDINGS = ('.json',)
LAYOUT = "{'people': [{'pose_keypoints_2d': [u, v, score, ...]}]} per image"
KEYS = ('people', 'pose_keypoints_2d')

# The list of people, and what may be the list of a person's joints.
_NAMES = {'people': ('pose_keypoints_2d', 'pose_keypoints'), 'bodies': ('joints',)}
# Lists of a person's parts, without the ``_2d`` of later versions.
_PARTS = {
    'face_keypoints': 'face',
    'hand_left_keypoints': 'left_hand',
    'hand_right_keypoints': 'right_hand',
}
# All lists of a person.
_LISTS = {
    'people': {*_NAMES['people'], *_PARTS, *(f'{name}_2d' for name in _PARTS)},
    'bodies': {*_NAMES['bodies']},
}
_CANVAS = ('canvas_width', 'canvas_height')
# What else stands in a file.
_BESIDE = (*_CANVAS, 'version', 'part_candidates', 'animals')


def recognise(source: Source) -> str:
    """Why this is such a folder, or ''."""
    sample = source.sample
    if _is_frames(sample):
        sample = sample[0]
    return f'the key {_people_key(sample)!r}' if has_people(sample) else ''


def has_people(data: Any) -> bool:
    """Whether this is what a file of one image holds."""
    key = _people_key(data)
    people = data[key] if key else None
    if type(people) is not list:
        return False
    if not people:
        return set(data) <= {key, *_BESIDE}
    return any(type(each) is dict and not each.keys().isdisjoint(_LISTS[key]) for each in people)


def bodies(data: Any, place: Place) -> Iterator[tuple[Any, Place]]:
    """The list of joints of each person of one image, as it stands there, and its place.

    Raises:
        FileFormatError: It holds something else than people.
    """
    key, people = _list_of_people(data, place)
    for index, person in enumerate(people):
        name = next((name for name in _NAMES[key] if name in person), _NAMES[key][0])
        yield person.get(name), place[key][index][name]


def read(source: Source, hints: Hints) -> Iterator[Found]:
    """Read a file per image, or a file per camera with a list of frames.

    Raises:
        FileFormatError: One of them is something else.
    """
    if _is_frames(source.sample) and len(source.sample) > 1:
        files = source.recordings()
        skeleton = hints.skeleton or _skeleton([*files.values()], source, hints)
        for done, (named, file) in enumerate(files.items(), start=1):
            camera = camera_of_file(named, file, hints)
            for frame, data in enumerate(objects(read_json(file), Place(file), 'frames')):
                place = Place(file, f'[{frame}]', camera, frame)
                yield Found(camera, frame, _read(data, place, skeleton, hints), str(place))
            hints.progress(done, len(files))
        return
    images = source.images(hints.cameras)
    total = sum(map(len, images.values()))
    done = 0
    every = [file for files in images.values() for file in files]
    skeleton = hints.skeleton or _skeleton(every, source, hints)
    for camera, paths in images.items():
        for file in paths:
            frame = frame_number(plain_name(file.stem), Place(file, camera=camera))
            place = Place(file, '', camera, frame)
            data = read_json(file)
            people = _read(data[0] if _is_one_frame(data) else data, place, skeleton, hints)
            yield Found(camera, frame, people, file.name)
            done += 1
            hints.progress(done, total)


def _read(data: Any, place: Place, skeleton: Skeleton | None, hints: Hints) -> Keypoints2D:
    """The people of one image, in pixels of the camera's images where it has a canvas."""
    people = _people(data, place)
    if _CANVAS[0] in data:
        canvas = np.array([checked_whole(data.get(key), place[key], least=1) for key in _CANVAS])
        people = _off_canvas(people, canvas, size_of(hints.sizes, place.camera or ''))
    return whole(people, place, skeleton)


def _off_canvas(
    people: list[Person], canvas: np.ndarray, size: tuple[int, int] | None
) -> list[Person]:
    """People in pixels of the image.

    Args:
        people: In pixels of the canvas, or in shares of it.
        canvas: Its width and height.
        size: Those of the camera's images; None takes the canvas for the image.
    """
    wanted = canvas if size is None else np.array(size)
    rows = finite(np.concatenate([np.zeros((0, 3)), *(row for one in people for row in one)]))
    shares = np.abs(rows[rows[:, 2] > 0, :2]).max(initial=0) <= MAX_NORMALISED
    factor = (*(wanted if shares else wanted / canvas), 1)
    # A finger that was not found is at -1, -1, with a score of 1.
    return [
        Person(*(row * factor * ~(row[:, :2] < 0).all(1, keepdims=True) for row in one))
        for one in people
    ]


def _people_key(data: Any) -> str:
    return next((key for key in _NAMES if type(data) is dict and key in data), '')


def _is_frames(data: Any) -> bool:
    """Whether this is a list of images' objects, each with a canvas."""
    return (
        type(data) is list
        and bool(data)
        and all(_people_key(each) and _CANVAS[0] in each for each in data)
    )


def _is_one_frame(data: Any) -> bool:
    return type(data) is list and len(data) == 1 and type(data[0]) is dict


def _list_of_people(data: Any, place: Place) -> tuple[str, list[dict[str, Any]]]:
    key = _people_key(data)
    if key:
        return key, objects(data[key], place[key], 'people')
    raise place.error(
        f'is {show(data)}' if type(data) is not dict else 'has no people',
        "{'people': [{'pose_keypoints_2d': [...]}]} as OpenPose writes it",
        'remove the file or export it again',
        value=data if type(data) is not dict else list(data),
        code='file-format' if type(data) is not dict else 'missing-value',
    )


def _people(data: Any, place: Place) -> list[Person]:
    """The people of one image."""
    key, people = _list_of_people(data, place)
    read = []
    for index, person in enumerate(people):
        here = place[key][index]
        name = next((name for name in _NAMES[key] if name in person), _NAMES[key][0])
        # The list is empty, or null, for people of whom only a hand or a face was found.
        missing = name in person and person[name] in ([], None)
        body = np.zeros((0, 3)) if missing else triples(person.get(name), here[name])
        parts = {}
        for plain, what in _PARTS.items():
            for listed in (f'{plain}_2d', plain):
                if person.get(listed):
                    parts[what] = part(what, triples(person[listed], here[listed]), here[listed])
        read.append(Person(body, **parts))
    return read


def _skeleton(files: Sequence[Path], source: Source, hints: Hints) -> Skeleton | None:
    return skeleton_of_bodies(_bodies(files), source.path, hints.say)


def _bodies(files: Sequence[Path]) -> Iterator[np.ndarray]:
    """People's bodies, (J, 3) each, the first ones from all over the recording."""
    for file in _spread(files):
        data = read_json(file)
        for image in data if type(data) is list else [data]:
            yield from (person.body for person in _people(image, Place(file)) if len(person.body))


def _spread(files: Sequence[Path]) -> Iterator[Path]:
    """All files, each once, the first few of them from all over the recording."""
    count = len(files)
    step = next((n for n in range(round(count * 0.618), count) if math.gcd(n, count) == 1), 1)
    return (files[index * step % count] for index in range(count))
