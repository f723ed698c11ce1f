"""A recording's 2D keypoints on the disk: read frame by frame, as often as one likes.

Memory holds where each view's people are (some 0.3 kB per frame), the people themselves lie one
after another in a temporary file that is gone with the program.
"""

from __future__ import annotations

import array
import collections.abc
from typing import IO, Iterator, Mapping

import numpy as np

from mmpose_ours.detections.arrays import finite
from mmpose_ours.io.disk.temporary import temporary_file
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeleton import Skeleton


class StoredDetections(collections.abc.Mapping):
    """Frame to camera name to people, in the order of their coming.

    Args:
        skeleton: Their joints.
        people: File of people, (J, 3) ``<f4`` each; None begins an empty temporary one.
    """

    def __init__(self, skeleton: Skeleton, people: IO[bytes] | None = None):
        self.skeleton = skeleton
        self._person_bytes = len(skeleton) * 3 * 4
        self._people: IO[bytes] = temporary_file() if people is None else people
        self._count = 0
        self._rows: dict[str, int] = {}
        self._cameras: dict[str, int] = {}
        # Of each frame its first view; of each view its camera, first person and their number.
        self._first = array.array('q', [0])
        self._view_camera, self._view_count = array.array('I'), array.array('I')
        self._view_start = array.array('q')

    @property
    def cameras(self) -> tuple[str, ...]:
        """The names of the cameras, in alphabetical order."""
        return tuple(sorted(self._cameras))

    def add(self, frame: str, views: Mapping[str, np.ndarray]) -> None:
        """Store one more frame.

        Args:
            frame: Its name, each once.
            views: Camera name to (P, J, 3) ``u, v, score``.
        """
        places = {}
        self._people.seek(0, 2)
        for camera, people in views.items():
            self._people.write(np.ascontiguousarray(people, '<f4').tobytes())
            places[camera] = self._count, len(people)
            self._count += len(people)
        self.add_places(frame, places)

    def add_places(self, frame: str, places: Mapping[str, tuple[int, int]]) -> None:
        """Say where the file has one more frame's people.

        Args:
            frame: Its name, each once.
            places: Camera name to the number of the first person and how many there are.
        """
        assert frame not in self._rows, frame
        self._rows[frame] = len(self._rows)
        for camera, (start, count) in places.items():
            self._view_camera.append(self._cameras.setdefault(camera, len(self._cameras)))
            self._view_start.append(start)
            self._view_count.append(count)
        self._first.append(len(self._view_start))

    def __getitem__(self, frame: str) -> dict[str, Keypoints2D]:
        row = self._rows[frame]
        names = list(self._cameras)
        return {
            names[self._view_camera[view]]: self._read(view)
            for view in range(self._first[row], self._first[row + 1])
        }

    def views(self) -> Iterator[tuple[str, list[str]]]:
        """Each frame and its cameras, without reading anybody."""
        names = list(self._cameras)
        for frame, row in self._rows.items():
            views = range(self._first[row], self._first[row + 1])
            yield frame, [names[self._view_camera[view]] for view in views]

    def __contains__(self, frame: object) -> bool:
        return frame in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def _read(self, view: int) -> Keypoints2D:
        self._people.seek(self._view_start[view] * self._person_bytes)
        rows = self._people.read(self._view_count[view] * self._person_bytes)
        people = np.frombuffer(rows, '<f4').reshape(-1, len(self.skeleton), 3)
        return Keypoints2D(self.skeleton, finite(people).astype(np.float32, copy=False))
