"""COLMAP's text files: ``cameras.txt``, ``images.txt``, ``rigs.txt`` and ``frames.txt``.

An image takes two lines: the image, and its keypoints, which may be megabytes and are
passed over without being held.
"""

from __future__ import annotations

import re
from typing import IO, Iterator, Mapping

from mmpose_ours.calibration.errors import CalibrationError, check_limit
from mmpose_ours.calibration.formats.colmap.entities import (
    IDENTITY,
    MAX_RECORDS,
    MODELS,
    POSE,
    SENSOR_TYPES,
    CameraRecord,
    FrameRecord,
    ImageRecord,
    Place,
    Records,
    RigRecord,
)
from mmpose_ours.calibration.parsing.file import File
from mmpose_ours.errors import PathLike
from mmpose_ours.io.limits import limits

LONGEST_LINE = 1 << 16

# The line with which COLMAP explains each file, behind '#'
_HEADERS = {
    'cameras': 'CAMERA_ID, MODEL, WIDTH, HEIGHT',
    'images': 'IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID, NAME',
    'rigs': 'RIG_ID, NUM_SENSORS, REF_SENSOR_TYPE',
    'frames': 'FRAME_ID, RIG_ID, RIG_FROM_WORLD',
    'points3D': 'POINT3D_ID, X, Y, Z, R, G, B',
}


def role(file: File) -> str:
    """What a text file holds: cameras, images, rigs, frames, points3D, or nothing known."""
    lines = file.head.decode('utf-8-sig', 'replace').splitlines()
    comments = ' '.join(line for line in lines if line.lstrip().startswith('#'))
    for name, words in _HEADERS.items():
        if words in comments:
            return name
    data = (line for line in lines if line.strip() and not line.lstrip().startswith('#'))
    return _role_of_line(next(data, '').split())


def _role_of_line(tokens: list[str]) -> str:
    """What a file without COLMAP's header holds, by its first line of data."""
    if not tokens or not tokens[0].isdigit():
        return ''
    if len(tokens) > 4 and tokens[1] in MODELS:
        return 'cameras'
    if len(tokens) > 3 and tokens[2] in SENSOR_TYPES:
        return 'rigs'
    if len(tokens) > 12 and tokens[10] in SENSOR_TYPES:
        return 'frames'
    try:
        values = [float(token) for token in tokens[1:9]]
    except ValueError:
        return ''
    length2 = sum(value * value for value in values[:4])
    if len(tokens) > 9 and tokens[8].isdigit() and 0.99 < length2 < 1.01:
        return 'images'
    return ''


class _Lines:
    """A file's lines one by one, none held longer than needed."""

    def __init__(self, file: File, stream: IO[bytes]):
        self.path, self._stream, self.number = file.path, stream, 0
        self.announced: int | None = None  # how many records the header counts
        self.name_last = False  # an image's name, the tenth word, may hold spaces

    @property
    def place(self) -> Place:
        return Place(self.path, f'line {self.number}')

    def data(self) -> Iterator[list[str]]:
        """The next lines' words, comments and empty lines left out."""
        most = limits().nodes
        while True:
            line = self._stream.readline(LONGEST_LINE)
            if not line:
                return
            self.number += 1
            if self.number > most:
                check_limit('nodes', self.number, 'lines', self.path)
            if len(line) == LONGEST_LINE:
                self.place.fail(
                    'has no end',
                    f'a line of fewer than {LONGEST_LINE} bytes',
                    code='limit-exceeded',
                    expected=LONGEST_LINE,
                )
            try:
                text = line.decode('utf-8').lstrip('\ufeff').strip()
            except UnicodeDecodeError:
                self.place.fail('is no UTF-8 text', 'text')
            count = re.match(r'# Number of \w+: (\d{1,9})\b', text)
            if count and self.announced is None:
                self.announced = int(count.group(1))
            if text and not text.startswith('#'):
                yield text.split(maxsplit=9) if self.name_last else text.split()

    def skip_keypoints(self, image: str) -> None:
        """Pass over the line behind an image; the first numbers show that it is that line."""
        line = self._stream.readline(LONGEST_LINE)
        self.number += bool(line)
        words = line[:400].split()
        whole = len(line) < 400
        try:
            numbers = [float(word) for word in (words if whole else words[:9])]
        except ValueError:
            numbers = [0.0]
        if len(numbers) % 3:
            self.place.fail(
                f'is no line of keypoints of the image {image[:80]!r}',
                'X Y POINT3D_ID for each, or an empty line, which must not be left out',
                found=image,
            )
        while len(line) == LONGEST_LINE and not line.endswith(b'\n'):
            line = self._stream.readline(LONGEST_LINE)


def read(file: File, role: str, into: Records) -> str:
    """Read a file's records.

    Args:
        file: The file.
        role: What it holds, see :func:`role`.
        into: Gets the records.

    Returns:
        A sentence where the header counts other than what is there, else an empty text.

    Raises:
        CalibrationError: A line is broken.
    """
    with file.opened() as stream:
        lines = _Lines(file, stream)
        found: list = getattr(into, role)
        for record in _PARSERS[role](lines):
            found.append(record)
            if len(found) > MAX_RECORDS:
                lines.place.fail(
                    f'is {role} {len(found)}',
                    f'at most {MAX_RECORDS} of them',
                    code='limit-exceeded',
                    found=len(found),
                    expected=MAX_RECORDS,
                )
    if lines.announced in (None, len(found)):
        return ''
    return f'{file.path}: its header counts {lines.announced} {role}, {len(found)} are there'


def _cameras(lines: _Lines) -> Iterator[CameraRecord]:
    for words in lines.data():
        place = lines.place
        if len(words) < 5:
            place.fail_count(len(words), 'values', 'CAMERA_ID MODEL WIDTH HEIGHT PARAMS')
        id = place.whole('CAMERA_ID', words[0])
        yield place.camera(id, words[1], (words[2], words[3]), words[4:])


def _images(lines: _Lines) -> Iterator[ImageRecord]:
    lines.name_last = True
    for words in lines.data():
        place = lines.place
        if len(words) < 10:
            place.fail_count(len(words), 'values', f'IMAGE_ID {" ".join(POSE)} CAMERA_ID NAME', 10)
        lines.skip_keypoints(words[9])
        yield ImageRecord(
            place.whole('IMAGE_ID', words[0]),
            place.numbers(POSE, words[1:8]),
            place.whole('CAMERA_ID', words[8]),
            words[9],
        )


def _rigs(lines: _Lines) -> Iterator[RigRecord]:
    for words in lines.data():
        place = lines.place
        if len(words) < 2:
            place.fail_count(len(words), 'values', 'RIG_ID NUM_SENSORS SENSORS')
        id, count = place.whole('RIG_ID', words[0]), place.whole('NUM_SENSORS', words[1])
        sensors: dict[int, tuple[float, ...] | None] = {}
        rest, seen = words[2:], 0
        while rest:
            kind, sensor_id = _sensor(place, rest)
            pose: tuple[float, ...] | None = IDENTITY  # of the reference sensor
            rest = rest[2:]
            if seen:
                has_pose = rest[:1] == ['1']
                pose = place.numbers(POSE, rest[1:8]) if has_pose else None
                rest = rest[8 if has_pose else 1 :]
            if kind == 'CAMERA':
                if sensor_id in sensors:
                    place.fail_twice(sensor_id)
                sensors[sensor_id] = pose
            seen += 1
        if seen != count:
            place.fail_count(seen, 'sensors', f'the {count} of NUM_SENSORS', count)
        yield RigRecord(id, sensors)


def _sensor(place: Place, words: list[str]) -> tuple[str, int]:
    if len(words) < 2 or words[0] not in SENSOR_TYPES:
        place.fail(
            f'has {" ".join(words[:2])[:40]!r}',
            'SENSOR_TYPE (CAMERA or IMU) SENSOR_ID',
            found=words[:2],
            expected=list(SENSOR_TYPES),
        )
    return words[0], place.whole('SENSOR_ID', words[1])


def _frames(lines: _Lines) -> Iterator[FrameRecord]:
    for words in lines.data():
        place = lines.place
        if len(words) < 10 or len(words) % 3 != 1:
            place.fail_count(
                len(words),
                'values',
                f'FRAME_ID RIG_ID {" ".join(POSE)} NUM_DATA_IDS, and three for each DATA_ID',
            )
        count = place.whole('NUM_DATA_IDS', words[9])
        if len(words) != 10 + 3 * count:
            listed = (len(words) - 10) // 3
            place.fail_count(listed, 'DATA_IDS', f'the {count} of NUM_DATA_IDS', count)
        images = {}
        for start in range(10, len(words), 3):
            kind, sensor_id = _sensor(place, words[start:])
            if kind == 'CAMERA':
                if sensor_id in images:
                    place.fail_twice(sensor_id)
                images[sensor_id] = place.whole('DATA_ID', words[start + 2])
        yield FrameRecord(
            place.whole('FRAME_ID', words[0]),
            place.whole('RIG_ID', words[1]),
            place.numbers(POSE, words[2:9]),
            images,
        )


_PARSERS = {'cameras': _cameras, 'images': _images, 'rigs': _rigs, 'frames': _frames}


def check_name(name: str, path: PathLike) -> None:
    """Refuse a name that COLMAP would cut at its first space.

    Raises:
        CalibrationError: It holds a space.
    """
    if len(name.split()) != 1 or name != name.strip():
        raise CalibrationError(
            f'{path}: camera {name!r} has a space in its name, at which COLMAP cuts names in '
            'text files; rename it',
            code='cannot-express',
            file=path,
            camera=name,
            found=name,
        )


def render(records: Records) -> dict[str, str]:
    """Texts by file name, numbers with all digits; image names without spaces."""
    lines: dict[str, list] = {
        'cameras': [(c.id, c.model, *c.size, *c.params) for c in records.cameras],
        'images': [
            line
            for i in records.images
            for line in ((i.id, *i.pose, i.camera_id, i.name), ())  # no keypoints
        ],
        'points3D': [],
        'rigs': [(r.id, len(r.sensors), *_data(r.sensors)) for r in records.rigs],
        'frames': [
            (f.id, f.rig_id, *f.pose, len(f.images), *_data(f.images, with_value=True))
            for f in records.frames
        ],
    }
    return {
        f'{role}.txt': '\n'.join([f'# {_HEADERS[role]}', *map(_line, values)]) + '\n'
        for role, values in lines.items()
    }


def _data(by_camera: Mapping, with_value: bool = False) -> list:
    """CAMERA and its id, and what belongs to it, for rigs of one camera and for frames."""
    return [
        word
        for id, value in by_camera.items()
        for word in (('CAMERA', id, value) if with_value else ('CAMERA', id))
    ]


def _line(values: tuple) -> str:
    return ' '.join(repr(float(v)) if isinstance(v, float) else str(v) for v in values)
