"""COLMAP's binary files: ``cameras.bin``, ``images.bin``, ``rigs.bin`` and ``frames.bin``.

Little-endian, no magic number: a file is what parses to its last byte. Every count is
compared with the bytes that are left before anything is read, keypoints are jumped over.
"""

from __future__ import annotations

import os
import struct
from typing import IO, Any, Callable, Iterator

from mmpose_ours.calibration.errors import CalibrationError, CalibrationLimitError, check_limit
from mmpose_ours.calibration.formats.colmap.entities import (
    IDENTITY,
    LARGEST_ID,
    MAX_RECORDS,
    MODELS,
    NAMES_BY_NUMBER,
    POSE,
    SENSOR_TYPES,
    CameraRecord,
    FrameRecord,
    ImageRecord,
    Place,
    RigRecord,
)
from mmpose_ours.calibration.parsing.file import File
from mmpose_ours.io.limits import limits

LONGEST_NAME = 4096
KEYPOINT_BYTES = 24  # x, y and the id of a 3D point
_CAMERA = SENSOR_TYPES['CAMERA']


class _Stream:
    """A file's bytes, none asked for that is not there."""

    def __init__(self, file: File, stream: IO[bytes]):
        self.path, self._stream, self.left = file.path, stream, file.size
        self.where = 'the beginning'
        self.takes, self.most_takes = 0, limits().nodes

    @property
    def place(self) -> Place:
        return Place(self.path, self.where)

    def take(self, layout: str) -> tuple:
        """Values of a layout of :mod:`struct`, little-endian without padding."""
        self.takes += 1
        if self.takes > self.most_takes:
            check_limit('nodes', self.takes, 'values', self.path)
        size = struct.calcsize('<' + layout)
        self._claim(size)
        data = self._stream.read(size)
        if len(data) != size:  # cut while it was read
            self._claim(self.left + 1)
        return struct.unpack('<' + layout, data)

    def skip(self, count: int, size: int) -> None:
        """Jump over ``count`` things of ``size`` bytes."""
        self._claim(count * size)
        self._stream.seek(count * size, os.SEEK_CUR)

    def name(self) -> str:
        """A text that ends with a null byte."""
        chunk = self._stream.read(min(self.left, LONGEST_NAME))
        end = chunk.find(b'\x00')
        if end < 0:
            self.place.fail(
                'has a name without an end', f'at most {LONGEST_NAME} bytes', code='damaged'
            )
        self._stream.seek(end + 1 - len(chunk), os.SEEK_CUR)
        self.left -= end + 1
        try:
            return chunk[:end].decode('utf-8')
        except UnicodeDecodeError:
            self.place.fail('has a name that is no UTF-8 text', 'text', found=chunk[:end])

    def records(self, what: str, smallest: int) -> Iterator[int]:
        """Count through the records, of which each takes ``smallest`` bytes or more."""
        (count,) = self.take('Q')
        if count > MAX_RECORDS or count * smallest > self.left:
            most = min(MAX_RECORDS, self.left // smallest)
            self.place.fail(
                f'says {count} {what}s',
                f'at most {most} in {self.left} bytes',
                code='damaged',
                found=count,
                expected=most,
            )
        for index in range(count):
            self.where = f'{what} {index + 1}'
            yield index
        if self.left:
            self.place.fail(
                f'is followed by {self.left} bytes',
                'the end of the file',
                code='damaged',
                found=self.left,
                expected=0,
            )

    def pose(self) -> tuple[float, ...]:
        """World to camera or rig, or rig to camera."""
        return self.place.numbers(POSE, self.take('7d'))

    def sensor(self) -> tuple[bool, int]:
        """Whether a sensor is a camera, and its id."""
        kind, id = self.take('iI')
        if kind not in SENSOR_TYPES.values():
            self.place.fail(
                f'has the sensor type {kind}',
                '0 (camera) or 1 (IMU)',
                code='unknown-name',
                found=kind,
                expected=list(SENSOR_TYPES.values()),
            )
        return kind == _CAMERA, id

    def _claim(self, size: int) -> None:
        if size > self.left:
            self.place.fail(
                f'breaks off: {self.left} bytes are left',
                f'{size} or more',
                code='damaged',
                found=self.left,
                expected=size,
            )
        self.left -= size


def read(file: File) -> tuple[str, list]:
    """What a binary file holds and its records.

    Args:
        file: The file.

    Returns:
        ``cameras``, ``images``, ``rigs`` or ``frames`` and the records; empty for a file
        of none, which may be any.

    Raises:
        CalibrationError: It is none of these; of the file whose name says what it should be
            the reason, else a short one.
    """
    return file.once('colmap_binary', lambda: _read(file))


def _read(file: File) -> tuple[str, list]:
    reasons = {}
    for role, parse in _PARSERS.items():
        try:
            found = _parse(file, parse)
        except CalibrationLimitError:
            raise
        except CalibrationError as error:
            reasons[role] = error
            continue
        return (role if found else ''), found
    promised = next((role for role in reasons if file.path.name.startswith(role)), None)
    if promised:
        raise reasons[promised]
    raise CalibrationError(
        f'{file.path}: is none of {", ".join(_PARSERS)} of COLMAP',
        code='file-format',
        file=file.path,
        expected=list(_PARSERS),
    )


def _parse(file: File, parse: Callable[[_Stream], Iterator[Any]]) -> list:
    with file.opened() as stream:
        return list(parse(_Stream(file, stream)))


def _cameras(stream: _Stream) -> Iterator[CameraRecord]:
    for _ in stream.records('camera', 40):
        id, number, width, height = stream.take('IiQQ')
        if number not in NAMES_BY_NUMBER:
            stream.place.fail(
                f'has the camera model {number}',
                f'0 to {max(NAMES_BY_NUMBER)}',
                code='unknown-name',
                found=number,
                expected=list(NAMES_BY_NUMBER),
            )
        name = NAMES_BY_NUMBER[number]
        params = stream.take(f'{MODELS[name].length}d')
        yield stream.place.camera(id, name, (width, height), params)


def _images(stream: _Stream) -> Iterator[ImageRecord]:
    for _ in stream.records('image', 73):
        (id,), pose, (camera_id,) = stream.take('I'), stream.pose(), stream.take('I')
        name = stream.name()
        (keypoints,) = stream.take('Q')
        stream.skip(keypoints, KEYPOINT_BYTES)
        yield ImageRecord(id, pose, camera_id, name)


def _rigs(stream: _Stream) -> Iterator[RigRecord]:
    for _ in stream.records('rig', 8):
        id, count = stream.take('II')
        sensors: dict[int, tuple[float, ...] | None] = {}
        for index in range(count):
            is_camera, sensor_id = stream.sensor()
            pose: tuple[float, ...] | None = IDENTITY  # of the reference sensor
            if index:
                (has_pose,) = stream.take('B')
                if has_pose > 1:
                    stream.place.fail(
                        f'has {has_pose} for HAS_POSE', '0 or 1', found=has_pose, expected=(0, 1)
                    )
                pose = stream.pose() if has_pose else None
            if is_camera:
                if sensor_id in sensors:
                    stream.place.fail_twice(sensor_id)
                sensors[sensor_id] = pose
        yield RigRecord(id, sensors)


def _frames(stream: _Stream) -> Iterator[FrameRecord]:
    for _ in stream.records('frame', 68):
        id, rig_id = stream.take('II')
        pose = stream.pose()
        (count,) = stream.take('I')
        images = {}
        for _ in range(count):
            is_camera, sensor_id = stream.sensor()
            (image_id,) = stream.take('Q')
            if image_id > LARGEST_ID:
                stream.place.fail(
                    f'has the image {image_id}',
                    f'0 to {LARGEST_ID}',
                    code='out-of-range',
                    found=image_id,
                    expected=(0, LARGEST_ID),
                )
            if is_camera:
                if sensor_id in images:
                    stream.place.fail_twice(sensor_id)
                images[sensor_id] = image_id
        yield FrameRecord(id, rig_id, pose, images)


_PARSERS = {'cameras': _cameras, 'images': _images, 'rigs': _rigs, 'frames': _frames}
