"""What a detector has found so far, kept line by line until the recording is complete.

A line per instant: ``{"frame", "images": {camera: key}, "views": {camera: people}}``; the first
says which detector. Of an instant that comes again the later line counts, and a last line that
breaks off is forgotten, so a program may be killed at any time.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any, Mapping, NamedTuple

import numpy as np

from mmpose_ours.detections.json_format import people_from_rows, rows_from_people
from mmpose_ours.io.files import explain_os_error
from mmpose_ours.recordings import natural_key


class Instant(NamedTuple):
    """What is known of one instant.

    Args:
        images: camera -> what its image was known by.
        views: camera -> (P, 17, 3) people.
    """

    images: Mapping[str, str]
    views: Mapping[str, np.ndarray]


class Journal:
    """The file of lines; it holds places in memory, not people.

    Args:
        path: Made where it is missing.
        head: What the first line must be; a file of another detector begins anew.

    Raises:
        OSError: It cannot be written.
    """

    def __init__(self, path: Path, head: Mapping[str, Any]):
        self.path = path
        self._places: dict[str, int] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(path, 'a+b')
        if not self._read_places(json.dumps(head)):
            self._file.truncate(0)
            self._places.clear()
            self._append(json.dumps(head))

    def frames(self) -> list[str]:
        """Names of the instants, in the order of their numbers."""
        return sorted(self._places, key=lambda frame: natural_key(Path(f'{frame}.json')))

    def __contains__(self, frame: str) -> bool:
        return frame in self._places

    def get(self, frame: str) -> Instant:
        """One instant; nothing is known of one that is not there."""
        if frame not in self._places:
            return Instant({}, {})
        self._file.seek(self._places[frame])
        line = json.loads(self._file.readline())
        views = {
            camera: people_from_rows(rows, 'coco17', f'{self.path}: {frame}')
            for camera, rows in line['views'].items()
        }
        return Instant(line['images'], views)

    def put(self, frame: str, instant: Instant) -> None:
        """Keep one instant.

        Raises:
            OSError: The disk is full, or the like.
        """
        views = {camera: rows_from_people(people) for camera, people in instant.views.items()}
        line = json.dumps({'frame': frame, 'images': dict(instant.images), 'views': views})
        self._places[frame] = self._append(line)

    def close(self, remove: bool) -> None:
        """Close the file, and remove it where its content is kept elsewhere or it has none."""
        self._file.close()
        if remove or not self._places:
            with contextlib.suppress(FileNotFoundError):
                self.path.unlink()

    def _append(self, line: str) -> int:
        place = self._file.seek(0, 2)
        try:
            self._file.write(line.encode('utf-8') + b'\n')
            self._file.flush()
        except OSError as error:
            raise OSError(f'{self.path}: {explain_os_error(error)}') from error
        return place

    def _read_places(self, head: str) -> bool:
        """Find the lines that are there; whether they are of this detector."""
        self._file.seek(0)
        if self._file.readline().decode('utf-8', 'replace') != head + '\n':
            return False
        place = self._file.tell()
        for raw in self._file:
            try:
                frame = json.loads(raw)['frame'] if raw.endswith(b'\n') else None
            except (ValueError, LookupError, TypeError):
                frame = None
            if not isinstance(frame, str):
                break
            self._places[frame] = place
            place += len(raw)
        self._file.truncate(place)
        return True
