"""This package's keypoint file as JSON, ``detections.schema.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, Any, Mapping

import numpy as np

from mmpose_ours.detections.arrays import DIGITS, as_kept, finite, to_coco17
from mmpose_ours.detections.on_disk import StoredDetections
from mmpose_ours.errors import FileFormatError, LimitError
from mmpose_ours.io.json_files import parse_json
from mmpose_ours.io.json_schema import first_fault, load_schema, show
from mmpose_ours.io.json_values import Place, numbers
from mmpose_ours.io.limits import limits
from mmpose_ours.io.regular_files import open_regular
from mmpose_ours.structures.skeletons import SKELETONS

WRITE_AGAIN = 'correct it or write it again as docs/data.md shows'
BEGIN = '{"joints": "coco17", "frames": {'
_MISSING = [0.0, 0.0, 0.0]
SCHEMA_FILE = Path(__file__).parents[2] / 'schemas' / 'detections.schema.json'


def read_json_detections(data: Any, path: Path) -> dict[str, dict[str, np.ndarray]]:
    """The people of a parsed file, COCO-17.

    Raises:
        FileFormatError: It breaks the schema, or a person has too many or too few joints.
        LimitError: There are too many frames, cameras or people.
    """
    try:
        return _read(data, path)
    except LimitError:
        raise
    except FileFormatError:
        # The schema explains best, but takes minutes for a long recording.
        _check_schema(_first_odd_part(data), path)
        raise


def _read(data: Any, path: Path) -> dict[str, dict[str, np.ndarray]]:
    """As :func:`read_json_detections`, with plainer messages."""
    place = Place(path)
    if type(data) is not dict or not data.keys() <= {'joints', 'frames', 'source'}:
        raise place.error('has other keys', 'joints, frames and source', WRITE_AGAIN)
    known = load_schema(SCHEMA_FILE)['properties']['joints']['enum']
    source, frames = data.get('joints', 'coco17'), data.get('frames')
    if source not in known:
        raise place['joints'].error(f'is {show(source)}', f'one of {", ".join(known)}', WRITE_AGAIN)
    if 'source' in data:
        check_source(data['source'], path)
    if type(frames) is not dict:
        raise place['frames'].error(f'is {show(frames)}', 'an object', WRITE_AGAIN)
    limits().check('frames', len(frames), 'frames', path)
    detections: dict[str, dict[str, np.ndarray]] = {}
    cameras: set[str] = set()
    for frame, views in frames.items():
        if type(views) is not dict:
            place = Place(path, f'$.frames[{show(frame)}]', frame=frame)
            raise place.error(f'is {show(views)}', 'an object of cameras', WRITE_AGAIN)
        cameras.update(views)
        limits().check('cameras', len(cameras), 'cameras', path)
        detections[frame] = {}
        for camera, people in views.items():
            place = Place(path, f'$.frames[{show(frame)}][{show(camera)}]', camera, frame)
            detections[frame][camera] = people_from_rows(people, source, place)
    return detections


def check_source(source: Any, path: Path) -> None:
    """Refuse what does not say what found the people as the schema has it.

    Raises:
        FileFormatError: It breaks the schema.
    """
    if type(source) is dict and source.keys() == {'detector', 'version', 'images'}:
        images = source['images']
        if type(images) is dict and {type(source['detector']), type(source['version'])} == {str}:
            views = images.values()
            if all(type(view) is dict and {*map(type, view.values())} <= {str} for view in views):
                return
    _check_schema({'frames': {}, 'source': source}, path)


def store_json(path: Path) -> tuple[StoredDetections, Any] | None:
    """Lay a file with the lines of :class:`JsonSink` out to be read frame by frame.

    Returns:
        The people, and ``source``; None where the file has other lines or breaks the schema, so
        that it must be read as a whole.

    Raises:
        LimitError: There are too many frames or cameras, or a line is too long.
    """
    with open_regular(path) as file:
        if file.read(len(BEGIN)) != BEGIN.encode():
            return None
        detections, ended, source = StoredDetections(), False, None
        longest = limits().json_bytes
        while line := file.readline(longest + 1):
            limits().check('json_bytes', len(line), 'bytes of one line', path)
            if ended:
                return None
            try:
                if line.endswith(b'},\n'):
                    data = {'frames': parse_json(b'{%s}' % line[:-2], path)}
                else:
                    data, ended = parse_json(b'{"frames": {' + line, path), True
            except FileFormatError:
                return None
            # What stands in BEGIN, or in an earlier line, must not come again. Not with isdisjoint,
            # which walks through all frames so far.
            if 'joints' in data or any(frame in detections for frame in data['frames']):
                return None
            try:
                read = _read(data, path)
            except FileFormatError:
                return None
            source = data.get('source')
            for frame, views in read.items():
                detections.add(frame, views)
            limits().check('frames', len(detections), 'frames', path)
            limits().check('cameras', len(detections.cameras), 'cameras', path)
    return (detections, source) if ended else None


def people_from_rows(people: Any, source: str, where: Place | str) -> np.ndarray:
    """One view's people, (P, 17, 3), from a skeleton's rows ``[u, v, score]`` or None.

    Raises:
        FileFormatError: A person has another number of joints, or a joint is no three numbers.
        LimitError: There are too many people.
    """
    place = where if isinstance(where, Place) else Place(where)
    if type(people) is not list or not {*map(type, people)} <= {list}:
        raise place.error(f'is {show(people)}', 'a list of people, a list of joints each')
    count = len(SKELETONS[source])
    limits().check('people_per_view', len(people), 'people of one view', place.file)
    if not {*map(len, people)} <= {count}:
        index = next(i for i, person in enumerate(people) if len(person) != count)
        raise place[index].error(
            f'has {len(people[index])} joints',
            f'{count} joints of {source}',
            'correct "joints" or write null for a missing joint',
        )
    rows = [[_MISSING if joint is None else joint for joint in person] for person in people]
    found = numbers(rows, (None, count, 3), place)
    if (found[..., 2] < 0).any():
        raise place.error(f'has the score {found[..., 2].min():g}', 'scores from 0 to 1')
    with np.errstate(over='ignore'):  # what float32 cannot hold is not a pixel
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
        """Write one frame."""
        rows = {camera: rows_from_people(people) for camera, people in views.items()}
        self._put(f'{self._between}{json.dumps(frame)}: {json.dumps(rows, allow_nan=False)}')
        self._between = ',\n'

    def finish(self, source: Mapping[str, Any] | None) -> None:
        """Write what stands behind the frames."""
        self._put('}' if source is None else f'}}, "source": {json.dumps(source)}')
        self._put('}\n')

    def _put(self, text: str) -> None:
        self._file.write(text.encode('utf-8'))


def _first_odd_part(data: Any) -> Any:
    """Of a file that breaks the schema only what does so first, at its place."""
    if type(data) is not dict or type(data.get('frames')) is not dict:
        return data
    for frame, views in data['frames'].items():
        if type(views) is not dict:
            return {**data, 'frames': {frame: views}}
        for camera, people in views.items():
            if type(people) is not list:
                return {**data, 'frames': {frame: {camera: people}}}
            for index, person in enumerate(people):
                if type(person) is not list:
                    return {**data, 'frames': {frame: {camera: [[]] * index + [person]}}}
                odd = next((at for at, joint in enumerate(person) if not _is_joint(joint)), None)
                if odd is not None:
                    person = [None] * odd + [person[odd]]
                    return {**data, 'frames': {frame: {camera: [[]] * index + [person]}}}
    return {**data, 'frames': {}}


def _is_joint(joint: Any) -> bool:
    return joint is None or (
        type(joint) is list
        and len(joint) == 3
        and {*map(type, joint)} <= {int, float}
        and not joint[2] < 0
    )


def _check_schema(data: Any, path: Path) -> None:
    """Refuse what breaks the schema.

    Raises:
        FileFormatError: It does; says where and how.
    """
    fault = first_fault(data, SCHEMA_FILE)
    if fault is not None:
        raise FileFormatError(
            f'{path}: {fault.json_path} {fault.found}, expected {fault.expected}; {WRITE_AGAIN}',
            file=path,
            found=fault.found,
            expected=fault.expected,
        )
