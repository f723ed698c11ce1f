"""OpenPose's folders: a JSON per image, ``{'people': [{'pose_keypoints_2d': [u, v, c, ...]}]}``.

BODY_25 or COCO (18 joints), told by their number; a joint that was not found is 0, 0, 0.
Pixels of the input image by default; ``--keypoint_scale 3`` or ``4`` normalises, which
:mod:`.normalised` undoes. BODY_25B has 25 joints too, in another order that nothing in the
file tells: it is **not** read right. AlphaPose's ``--format open`` and ``cmu``
(``{'bodies': [{'joints': ...}]}``) are the same with other names.

Source: OpenPose, doc/02_output.md.
"""

from __future__ import annotations

from typing import Any, Iterator

from mmpose_ours.detections.found import Found, Hints, coco17_from, frame_number, triples
from mmpose_ours.detections.source import Source, plain_name
from mmpose_ours.files import FileFormatError, PathLike, read_json

KEYS = (('people', 'pose_keypoints_2d'), ('bodies', 'joints'))


def recognise(source: Source) -> str:
    """Why this is such a folder, or ''."""
    sample = source.sample
    keys = [people for people, _ in KEYS if isinstance(sample, dict) and people in sample]
    return f'the key {keys[0]!r}' if keys else ''


def read(source: Source, hints: Hints) -> Iterator[Found]:
    """Read a file per image.

    Raises:
        FileFormatError: One of them is something else.
    """
    images = source.images()
    total = sum(map(len, images.values()))
    done = 0
    for camera, files in images.items():
        for file in files:
            people = _people(read_json(file), file)
            yield Found(camera, frame_number(plain_name(file.stem), file), people, file.name)
            done += 1
            hints.progress(done, total)


def _people(data: Any, path: PathLike) -> Any:
    for people, joints in KEYS:
        found = data.get(people) if isinstance(data, dict) else None
        if isinstance(found, list) and all(isinstance(each, dict) for each in found):
            where = f'{path}: {people}'
            # OpenPose leaves the list empty for people of whom only a hand or a face was found.
            rows = [
                triples(person.get(joints), f'{where}[{index}]')
                for index, person in enumerate(found)
                if person.get(joints) != []
            ]
            return coco17_from(rows, where)
    raise FileFormatError(
        f"{path}: expected {{'people': [{{'pose_keypoints_2d': [...]}}]}} as OpenPose writes it; "
        'remove the file or export it again'
    )
