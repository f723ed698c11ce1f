"""This package's keypoint file as JSON, ``detections.schema.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, Any, Mapping, NamedTuple

import numpy as np

from mmpose_ours.detections.arrays import DIGITS, KeypointFrames, arrays_of, as_kept, finite
from mmpose_ours.detections.on_disk import StoredDetections
from mmpose_ours.errors import FileFormatError, LimitError
from mmpose_ours.io.disk.regular_files import open_regular
from mmpose_ours.io.json_files import parse_json
from mmpose_ours.io.json_schema import first_fault, show
from mmpose_ours.io.json_values import Place, numbers
from mmpose_ours.io.limits import limits
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeleton_json import from_json, to_json
from mmpose_ours.structures.skeletons import COCO17

WRITE_AGAIN = 'correct it or write it again as docs/data.md shows'
_JOINTS, _FRAMES = '{"joints": ', ', "frames": {'
# The beginning of a file names the joints of its skeleton.
_LONGEST_BEGINNING = 10**6
_MISSING = [0.0, 0.0, 0.0]
SCHEMA_FILE = Path(__file__).parents[2] / 'schemas' / 'detections.schema.json'


class KeypointFile(NamedTuple):
    """What a keypoint file of this package holds.

    Args:
        skeleton: The joints of everybody.
        frames: frame -> camera -> people.
        source: What found them, see the schema, or None.
    """

    skeleton: Skeleton
    frames: KeypointFrames
    source: Any


def beginning(skeleton: Skeleton) -> str:
    """What stands before the frames."""
    return f'{_JOINTS}{json.dumps(to_json(skeleton))}{_FRAMES}'


def read_json_detections(data: Any, path: Path) -> KeypointFile:
    """The people of a parsed file.

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


def _read(data: Any, path: Path, skeleton: Skeleton | None = None) -> KeypointFile:
    """As :func:`read_json_detections`, with plainer messages."""
    place = Place(path)
    if type(data) is not dict or not data.keys() <= {'joints', 'frames', 'source'}:
        raise place.error(
            'has other keys',
            'joints, frames and source',
            WRITE_AGAIN,
            value=list(data) if type(data) is dict else data,
            wanted=['joints', 'frames', 'source'],
        )
    frames = data.get('frames')
    if skeleton is None:
        skeleton = from_json(data.get('joints', 'coco17'), Place(path, '$.joints'))
    if 'source' in data:
        check_source(data['source'], path)
    if type(frames) is not dict:
        raise place['frames'].error(f'is {show(frames)}', 'an object', WRITE_AGAIN, value=frames)
    limits().check('frames', len(frames), 'frames', path)
    detections: dict[str, dict[str, Keypoints2D]] = {}
    cameras: set[str] = set()
    for frame, views in frames.items():
        if type(views) is not dict:
            place = Place(path, f'$.frames[{show(frame)}]', frame=frame)
            raise place.error(f'is {show(views)}', 'an object of cameras', WRITE_AGAIN, value=views)
        cameras.update(views)
        limits().check('cameras', len(cameras), 'cameras', path)
        detections[frame] = {}
        for camera, people in views.items():
            place = Place(path, f'$.frames[{show(frame)}][{show(camera)}]', camera, frame)
            rows = people_from_rows(people, skeleton, place)
            detections[frame][camera] = Keypoints2D(skeleton, rows)
    return KeypointFile(skeleton, detections, data.get('source'))


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


def store_json(path: Path) -> KeypointFile | None:
    """Lay a file with the lines of :class:`JsonSink` out to be read frame by frame.

    Returns:
        None where the file has other lines or breaks the schema, so that it must be read as a
        whole.

    Raises:
        LimitError: There are too many frames or cameras, or a line is too long.
    """
    with open_regular(path) as file:
        skeleton = _read_beginning(file, path)
        if skeleton is None:
            return None
        detections, ended, source = StoredDetections(skeleton), False, None
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
            # What stands in the beginning or in an earlier line must not come again. Not with
            # isdisjoint, which walks through all frames so far.
            if 'joints' in data or any(frame in detections for frame in data['frames']):
                return None
            try:
                read = _read(data, path, skeleton)
            except FileFormatError:
                return None
            source = data.get('source')
            for frame, views in read.frames.items():
                detections.add(frame, arrays_of(views))
            limits().check('frames', len(detections), 'frames', path)
            limits().check('cameras', len(detections.cameras), 'cameras', path)
    return KeypointFile(skeleton, detections, source) if ended else None


def _read_beginning(file: IO[bytes], path: Path) -> Skeleton | None:
    """The skeleton that a file of :class:`JsonSink` begins with; frames are read next."""
    head = file.read(_LONGEST_BEGINNING).decode('utf-8', 'replace')
    if not head.startswith(_JOINTS):
        return None
    try:
        data, end = json.JSONDecoder().raw_decode(head, len(_JOINTS))
        skeleton = from_json(data, Place(path, '$.joints'))
    except (ValueError, RecursionError, FileFormatError):
        return None  # what is wrong is said where the file is read as a whole
    if not head.startswith(_FRAMES, end):
        return None
    file.seek(len(head[: end + len(_FRAMES)].encode('utf-8')))
    return skeleton


def people_from_rows(people: Any, skeleton: Skeleton, where: Place | str) -> np.ndarray:
    """One view's people, (P, J, 3), from rows ``[u, v, score]`` or None.

    Raises:
        FileFormatError: A person has another number of joints, or a joint is no three numbers.
        LimitError: There are too many people.
    """
    place = where if isinstance(where, Place) else Place(where)
    if type(people) is not list or not {*map(type, people)} <= {list}:
        raise place.error(
            f'is {show(people)}', 'a list of people, a list of joints each', value=people
        )
    count = len(skeleton)
    limits().check('people_per_view', len(people), 'people of one view', place.file)
    if not {*map(len, people)} <= {count}:
        index = next(i for i, person in enumerate(people) if len(person) != count)
        raise place[index].error(
            f'has {len(people[index])} joints',
            f'{count} joints of {skeleton.name}',
            'correct "joints" or write null for a missing joint',
            value=len(people[index]),
            wanted=count,
            code='wrong-shape',
        )
    rows = [[_MISSING if joint is None else joint for joint in person] for person in people]
    found = numbers(rows, (None, count, 3), place)
    if (found[..., 2] < 0).any():
        score = float(found[..., 2].min())
        raise place.error(
            f'has the score {score:g}',
            'scores from 0 to 1',
            value=score,
            wanted=(0, 1),
            code='out-of-range',
        )
    with np.errstate(over='ignore'):  # what float32 cannot hold is not a pixel
        return finite(found.astype(np.float32))


def rows_from_people(people: np.ndarray, skeleton: Skeleton = COCO17) -> list:
    """The reverse of :func:`people_from_rows`."""
    return [
        [[round(float(x), DIGITS) for x in joint] if joint[2] > 0 else None for joint in person]
        for person in as_kept(people, skeleton)
    ]


class JsonSink:
    """Writes a file frame by frame; see :class:`mmpose_ours.detections.DetectionsWriter`."""

    def __init__(self, file: IO[bytes], skeleton: Skeleton):
        self._file, self._skeleton = file, skeleton
        self._between = ''
        self._put(beginning(skeleton))

    def add(self, frame: str, views: Mapping[str, np.ndarray]) -> None:
        """Write one frame."""
        rows = {
            camera: rows_from_people(people, self._skeleton) for camera, people in views.items()
        }
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
            code=fault.code,
            file=path,
            found=fault.value,
            expected=fault.expected,
        )
