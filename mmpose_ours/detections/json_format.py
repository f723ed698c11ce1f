"""This package's keypoint file as JSON, ``detections.schema.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, Any, Mapping

import numpy as np

from mmpose_ours.detections.people import DIGITS, as_kept, finite, to_coco17
from mmpose_ours.detections.stored import StoredDetections
from mmpose_ours.errors import FileFormatError
from mmpose_ours.io.json_schema import first_fault, load_schema
from mmpose_ours.keypoints import JOINT_SETS

WRITE_AGAIN = 'correct it or write it again as docs/data.md shows'
BEGIN = '{"joints": "coco17", "frames": {'
SCHEMA_FILE = Path(__file__).parents[1] / 'schemas' / 'detections.schema.json'


def read_json_detections(data: Any, path: Path) -> dict[str, dict[str, np.ndarray]]:
    """The people of a parsed file, COCO-17.

    Raises:
        FileFormatError: It breaks the schema, or a person has too many or too few joints.
    """
    if not _is_plain(data):  # the schema explains, but takes minutes for a long recording
        _raise_fault(data, path)
    elif 'source' in data:
        _raise_fault({**data, 'frames': {}}, path)
    source = data.get('joints', 'coco17')
    return {
        frame: {
            camera: people_from_rows(people, source, f'{path}: $.frames[{frame!r}][{camera!r}]')
            for camera, people in views.items()
        }
        for frame, views in data['frames'].items()
    }


def store_json(path: Path) -> tuple[StoredDetections, Any] | None:
    """Lay a file with the lines of :class:`JsonSink` out to be read instant by instant.

    Returns:
        The people, and ``source``; None where the file has other lines or breaks the schema, so
        that it must be read as a whole.
    """
    with open(path, encoding='utf-8', errors='replace') as file:
        if file.read(len(BEGIN)) != BEGIN:
            return None
        detections, ended, source = StoredDetections(), False, None
        for line in file:
            if ended:
                return None
            try:
                if line.endswith('},\n'):
                    data = {'frames': json.loads(f'{{{line[:-2]}}}')}
                else:
                    data, ended = json.loads(f'{{"frames": {{{line}'), True
            except (ValueError, RecursionError):
                return None
            source = data.pop('source', None)
            if not _is_plain(data) or not data['frames'].keys().isdisjoint(detections):
                return None
            for frame, views in read_json_detections(data, path).items():
                detections.add(frame, views)
    if source is not None:
        check_source(source, path)
    return (detections, source) if ended else None


def check_source(source: Any, path: Path) -> None:
    """Refuse what does not say what found the people as the schema has it.

    Raises:
        FileFormatError: It breaks the schema.
    """
    _raise_fault({'frames': {}, 'source': source}, path)


def people_from_rows(people: list, source: str, where: str) -> np.ndarray:
    """One view's people, (P, 17, 3), from a joint set's rows ``[u, v, score]`` or None.

    Raises:
        FileFormatError: A person has another number of joints; begins with ``where``.
    """
    count = len(JOINT_SETS[source])
    blank = [0.0, 0.0, 0.0]
    for index, person in enumerate(people):
        if len(person) != count:
            raise FileFormatError(
                f'{where}[{index}]: {source} has {count} joints, found {len(person)}; correct '
                '"joints" or write null for a missing joint'
            )
    rows = [[joint or blank for joint in person] for person in people]
    try:
        found = np.array(rows, np.float64).reshape(-1, count, 3)
    except OverflowError as error:  # JSON's integers have no end
        raise FileFormatError(f'{where}: a number is too large for a pixel ({error})') from error
    with np.errstate(over='ignore'):  # what float32 cannot hold is no pixel
        return to_coco17(finite(found.astype(np.float32)), source)


def rows_from_people(people: np.ndarray) -> list:
    """The reverse of :func:`people_from_rows`, of COCO-17."""
    return [
        [[round(float(x), DIGITS) for x in joint] if joint[2] > 0 else None for joint in person]
        for person in as_kept(people)
    ]


class JsonSink:
    """Writes a file frame by frame; see :class:`mmpose_ours.detections.DetectionsWriter`."""

    def __init__(self, file: IO[bytes]):
        self._file = file
        self._between = ''
        self._put(BEGIN)

    def add(self, frame: str, views: Mapping[str, np.ndarray]) -> None:
        """Write one instant."""
        rows = {camera: rows_from_people(people) for camera, people in views.items()}
        self._put(f'{self._between}{json.dumps(frame)}: {json.dumps(rows, allow_nan=False)}')
        self._between = ',\n'

    def finish(self, source: Mapping[str, Any] | None) -> None:
        """Write what stands behind the frames."""
        self._put('}' if source is None else f'}}, "source": {json.dumps(source)}')
        self._put('}\n')

    def _put(self, text: str) -> None:
        self._file.write(text.encode('utf-8'))


def _is_plain(data: Any) -> bool:
    """Whether data surely fit the schema, whatever ``source`` is."""
    if type(data) is not dict or not data.keys() <= {'joints', 'frames', 'source'}:
        return False
    frames = data.get('frames')
    known = load_schema(SCHEMA_FILE)['properties']['joints']['enum']
    if data.get('joints', 'coco17') not in known or type(frames) is not dict:
        return False
    return all(
        type(views) is dict
        and all(type(people) is list and all(map(_is_person, people)) for people in views.values())
        for views in frames.values()
    )


def _is_person(person: Any) -> bool:
    return type(person) is list and all(
        joint is None
        or (
            type(joint) is list
            and len(joint) == 3
            and {*map(type, joint)} <= {int, float}
            and not joint[2] < 0
        )
        for joint in person
    )


def _raise_fault(data: Any, path: Path) -> None:
    try:
        fault = first_fault(data, SCHEMA_FILE)
    except RecursionError as error:
        raise FileFormatError(
            f'{path}: lists or objects are nested too deeply for keypoints; {WRITE_AGAIN}'
        ) from error
    if fault is not None:
        raise FileFormatError(
            f'{path}: {fault.json_path} {fault.found}, expected {fault.expected}; {WRITE_AGAIN}'
        )
