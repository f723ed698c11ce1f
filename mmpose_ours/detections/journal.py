"""What a detector has found so far, kept record by record until the recording is complete.

A line of text per record, so that a program may be killed at any time::

    <checksum> {"journal": 1, "id": ..., "detector": ..., "version": ...}
    <checksum> <number> "<frame>" {"images": {camera: key}, "views": {camera: people}}

Checksums are CRC-32 of the rest of the line as eight hexadecimal digits, and those of the frames
continue that of the first line, whose ``id`` is drawn anew for every journal: a record of another
journal has a wrong one. Numbers grow, so a record that comes a second time is recognised. Of a
frame that was detected again the later record counts. A line with anything wrong is left out, and
its frame is detected again. One process at a time writes a journal; if another one does so all the
same, because the disk has no locks, reading a record back detects it.
"""

from __future__ import annotations

import array
import contextlib
import json
import os
import re
import stat
import sys
import uuid
import zlib
from pathlib import Path
from typing import Any, BinaryIO, Callable, Iterator, Mapping, NamedTuple

import numpy as np

from mmpose_ours.detections.arrays import arrays_of
from mmpose_ours.detections.formats.own_json import read_json_detections, rows_from_people
from mmpose_ours.errors import FileFormatError
from mmpose_ours.io.disk.locks import ChangedError
from mmpose_ours.io.limits import limits
from mmpose_ours.recordings.files import natural_key
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeleton_json import to_json
from mmpose_ours.structures.skeletons import COCO17

VERSION = 1
# Frames are named after files.
MAX_NAME = 255
_LINE = re.compile(rb'([0-9a-f]{8}) (.+)\n', re.DOTALL)
_RECORD = re.compile(r'(\d{1,15}) (".*)', re.DOTALL)


class FrameRecord(NamedTuple):
    """What is known of one frame.

    Args:
        images: camera -> what its image was known by.
        views: camera -> (P, J, 3) people, of the journal's skeleton.
    """

    images: Mapping[str, str]
    views: Mapping[str, np.ndarray]


class Journal:
    """The file of records; it holds places in memory, not people.

    Args:
        path: Made where it is missing.
        head: What the first line must say; a file of another detector, of version 0.1, which had
            no checksums, or with a broken first line begins anew.
        say: Takes a sentence where records are given up.
        skeleton: The joints of everybody; a file of others begins anew.

    Raises:
        FileFormatError: ``path`` is no plain file.
        OSError: It cannot be written; ``filename`` is ``path``.
    """

    def __init__(
        self,
        path: Path,
        head: Mapping[str, Any],
        say: Callable[[str], None] = lambda line: None,
        skeleton: Skeleton = COCO17,
    ):
        self.path, self._skeleton = path, skeleton
        head = {**head, 'joints': to_json(skeleton)}
        # Frame to the row of its record in the two arrays, which take less than tuples.
        self._rows: dict[str, int] = {}
        self._starts, self._lengths = array.array('q'), array.array('q')
        self._number = self._seed = 0
        self._limits = limits()
        with self._named():
            path.parent.mkdir(parents=True, exist_ok=True)
            # Without a buffer, whose content a full disk would refuse once more at the end.
            self._file = open(path, 'a+b', buffering=0, opener=_open_plain)
        try:
            if not stat.S_ISREG(os.fstat(self._file.fileno()).st_mode):
                raise FileFormatError(
                    f'{path}: is no plain file; remove it', code='file-format', file=path
                )
            self._begin(head, say)
        except BaseException:
            self._file.close()
            raise

    def frames(self) -> list[str]:
        """Names of the frames, in the order of their numbers."""
        return sorted(self._rows, key=lambda frame: natural_key(Path(f'{frame}.json')))

    def __contains__(self, frame: str) -> bool:
        return frame in self._rows

    def get(self, frame: str) -> FrameRecord:
        """One frame; nothing is known of one that is not there.

        Raises:
            ChangedError: Another program wrote the file meanwhile.
            FileFormatError: The record is whole and yet holds something else.
        """
        row = self._rows.get(frame)
        if row is None:
            return FrameRecord({}, {})
        with self._named():
            self._file.seek(self._starts[row])
            line = _read(self._file, self._lengths[row])
        record = _parse(line, self._seed)
        if record is None or record[1] != frame:
            raise ChangedError(
                f'{self.path}: another program changed this file while it was in use (frame '
                f'{frame!r}); run one program at a time on it, and run this one again',
                file=self.path,
                frame=frame,
            )
        return self._parsed(frame, record[2])

    def put(self, frame: str, record: FrameRecord) -> None:
        """Keep one frame.

        Raises:
            LimitError: It is too large.
            FileFormatError: Its name is too long for a file's.
            OSError: The disk is full, or the like; ``filename`` is the journal.
        """
        if len(frame) > MAX_NAME:
            raise FileFormatError(
                f'{self.path}: a frame has a name of {len(frame)} characters, expected at most '
                f'{MAX_NAME}; choose shorter names',
                code='out-of-range',
                file=self.path,
                frame=frame[:MAX_NAME],
                found=len(frame),
                expected=MAX_NAME,
            )
        views = {
            camera: rows_from_people(people, self._skeleton)
            for camera, people in record.views.items()
        }
        data = json.dumps({'images': dict(record.images), 'views': views})
        self._number += 1
        line = _line(f'{self._number} {json.dumps(frame)} {data}', self._seed)
        self._limits.check('record_bytes', len(line), f'bytes of frame {frame!r}', self.path)
        self._index(frame, self._append(line), len(line))

    def close(self, remove: bool) -> None:
        """Close the file, and remove it where its content is kept elsewhere or it has none."""
        self._file.close()
        if remove or not self._rows:
            with contextlib.suppress(FileNotFoundError):
                self.path.unlink()

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        """Say of which file the system speaks: a full disk does not."""
        try:
            yield
        except OSError as error:
            if error.errno is None:
                raise
            raise OSError(error.errno, error.strerror, str(self.path)) from error

    def _begin(self, head: Mapping[str, Any], say: Callable[[str], None]) -> None:
        size = os.fstat(self._file.fileno()).st_size
        why = self._read_places(head) if size else ''
        if why is None:
            return
        if why:
            say(f'{self.path}: {why}; it begins anew')
        with self._named():
            self._file.truncate(0)
        full = {'journal': VERSION, 'id': uuid.uuid4().hex, **head}
        line = _line(json.dumps(full))
        self._append(line)
        self._seed = zlib.crc32(line)

    def _append(self, line: bytes) -> int:
        with self._named():
            start = self._file.seek(0, os.SEEK_END)
            try:
                left = memoryview(line)
                while left:
                    # None is for files that do not block; a plain file writes or raises.
                    left = left[self._file.write(left) or 0 :]
            except OSError:
                with contextlib.suppress(OSError):
                    self._file.truncate(start)
                raise
        return start

    def _index(self, frame: str, start: int, length: int) -> None:
        self._rows[frame] = len(self._starts)
        self._starts.append(start)
        self._lengths.append(length)

    def _read_places(self, head: Mapping[str, Any]) -> str | None:
        """Find the records that are there; why none counts, or None."""
        longest = self._limits.record_bytes
        with self._named(), open(self.path, 'rb') as file:
            line = file.readline(longest)
            found = _parse_head(line)
            if found is None:
                return 'has no checksums, as of version 0.1, or its first line is damaged'
            if {key: found.get(key) for key in head} != dict(head):
                return f'is of {found.get("detector")} {found.get("version")}'
            self._seed, start = zlib.crc32(line), len(line)
            while line := file.readline(longest):
                if not line.endswith(b'\n'):
                    rest = _skip_line(file, longest)
                    if rest is None:  # a program was killed here
                        self._file.truncate(start)
                        break
                    start += len(line) + rest
                    continue
                record = _parse(line, self._seed)
                if record is not None and record[0] > self._number:
                    self._number = record[0]
                    self._index(record[1], start, len(line))
                start += len(line)
        return None

    def _parsed(self, frame: str, text: str) -> FrameRecord:
        """The content of a record, validated."""
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise self._not_ours(frame, str(error)) from error
        if not isinstance(data, dict) or data.keys() != {'images', 'views'}:
            raise self._not_ours(frame, 'expected images and views')
        images = data['images']
        if not isinstance(images, dict) or not all(isinstance(k, str) for k in images.values()):
            raise self._not_ours(frame, 'images are no names')
        content = {'joints': to_json(self._skeleton), 'frames': {frame: data['views']}}
        views = arrays_of(read_json_detections(content, self.path).frames[frame])
        # The names of the cameras once, not once per frame: who writes the file has them all.
        return FrameRecord({sys.intern(camera): key for camera, key in images.items()}, views)

    def _not_ours(self, frame: str, why: str) -> FileFormatError:
        return FileFormatError(
            f'{self.path}: frame {frame!r} was not written by this program ({why}); remove the '
            'file, and everything is detected again',
            code='damaged',
            file=self.path,
            frame=frame,
            found=why,
        )


def _open_plain(path: str, flags: int) -> int:
    """Open a file without following a link, and without waiting for the other end of a pipe."""
    extra = getattr(os, 'O_NOFOLLOW', 0) | getattr(os, 'O_NONBLOCK', 0)
    return os.open(path, flags | extra, 0o666)


def _read(file: BinaryIO, length: int) -> bytes:
    parts = []
    while length and (part := file.read(length)):
        parts.append(part)
        length -= len(part)
    return b''.join(parts)


def _line(text: str, seed: int = 0) -> bytes:
    body = text.encode('ascii')  # json.dumps escapes everything else
    return b'%08x %s\n' % (zlib.crc32(body, seed), body)


def _body(line: bytes, seed: int = 0) -> str | None:
    """The text of a line, or None where the checksum is another."""
    match = _LINE.fullmatch(line)
    if match is None or zlib.crc32(match[2], seed) != int(match[1], 16):
        return None
    try:
        return match[2].decode('ascii')
    except UnicodeDecodeError:
        return None


def _parse_head(line: bytes) -> dict[str, Any] | None:
    text = _body(line)
    try:
        data = json.loads(text or '')
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) and data.get('journal') == VERSION else None


def _parse(line: bytes, seed: int) -> tuple[int, str, str] | None:
    """Number, frame and content of a record; None where anything is wrong."""
    match = _RECORD.fullmatch(_body(line, seed) or '')
    if match is None:
        return None
    try:
        frame, end = json.JSONDecoder().raw_decode(match[2])
    except ValueError:
        return None
    if not isinstance(frame, str) or len(frame) > MAX_NAME:
        return None
    return int(match[1]), frame, match[2][end:]


def _skip_line(file: BinaryIO, step: int) -> int | None:
    """The bytes up to the end of a line; None where the file ends before."""
    skipped = 0
    while part := file.readline(step):
        skipped += len(part)
        if part.endswith(b'\n'):
            return skipped
    return None
