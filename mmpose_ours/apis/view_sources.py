"""What the cameras of a rig show at each instant: their people in 2D, or their pictures."""

from __future__ import annotations

import collections
import functools
from typing import Any, Callable, Iterable, Iterator, Mapping, Tuple

import numpy as np

from mmpose_ours.apis.stage_timer import Stopwatch
from mmpose_ours.detections import Detections, check_pixels
from mmpose_ours.detections.arrays import strongest
from mmpose_ours.detections.cache import LazyImage, detect_recording, image_key
from mmpose_ours.detectors import Detector
from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.geometry.cameras import CameraRig
from mmpose_ours.io.limits import limits
from mmpose_ours.recordings.files import as_calibrated
from mmpose_ours.recordings.frames import (
    Instant,
    Picture,
    by_instant,
    decoded,
    frame_key,
    frame_order,
    frames_by_key,
)

# An instant, and by camera that took part its people in 2D, or its picture.
Seen = Tuple[Instant, Mapping[str, np.ndarray]]
PICTURES, KEYPOINTS, IN_2D = 'pictures', 'reading keypoints', 'people in 2D'
IN_3D, IDENTITIES = 'people in 3D', 'identities'


class Views:
    """One recording, as a rig's cameras show it.

    Args:
        rig: V cameras.
        watch: Counts the stages ``pictures`` and ``people in 2D``.
        say: Takes sentences on what is amiss.

    Attributes:
        decoded: How many pictures were looked at.
    """

    def __init__(self, rig: CameraRig, watch: Stopwatch, say: Callable[[str], None]):
        self.rig, self.watch, self.say = rig, watch, say
        self.decoded = 0
        self._failed: set[str] = set()
        self._ended: set[str] = set()
        self._crowded: set[str] = set()

    def from_keypoints(
        self,
        instants: Iterable[Instant],
        keypoints: Detections,
        where: str,
        offsets: Mapping[str, int],
    ) -> Iterator[Seen]:
        """Instants of pictures and keypoints, those of keypoints alone at the end.

        Args:
            instants: Those with pictures.
            keypoints: Frame to camera name to (P, 17, 3) ``u, v, score``.
            where: Where they come from, for messages.
            offsets: Camera name to how many of its frames come before the first instant.

        Raises:
            FileFormatError: They are not of pictures of the calibrated size, or two frames are
                the same.
            ValueError: They have no frame numbers that an offset could shift.
        """
        check_pixels(keypoints, self.rig, where)
        shifted = by_instant(keypoints, offsets)
        known = frames_by_key(shifted, where)
        # A camera without an entry saw nobody: many tools leave such pictures out.
        nobody = dict.fromkeys(self.rig.names, np.zeros((0, 17, 3), np.float32))
        left, without = dict.fromkeys(known), 0
        for instant in instants:
            key = frame_key(instant.frame)
            left.pop(key, None)
            without += key not in known
            views = shifted[known[key]] if key in known else {}
            yield instant, {**nobody, **self._strongest(instant.frame, self._of_rig(views))}
        if without:
            self.say(f'{without} instants have pictures and no entry in the keypoints')
        for frame in sorted(left, key=frame_order):
            views = self._strongest(frame, self._of_rig(shifted[known[frame]]))
            yield Instant(frame, {}), {**nobody, **views}

    def from_detector(
        self, instants: Iterable[Instant], detector: Detector, path: PathLike | None, batch: int
    ) -> Iterator[Seen]:
        """Instants, and their people in 2D by camera whose picture can be read.

        Args:
            instants: With pictures.
            detector: Finds the people.
            path: File for what it finds; None keeps nothing.
            batch: Instants that it is given at once.
        """
        waiting: collections.deque[Instant] = collections.deque()

        def images() -> Iterator[tuple[str, dict[str, LazyImage]]]:
            for instant in instants:
                waiting.append(instant)
                pictures = {}
                for name, picture in self._of_rig(instant.pictures).items():
                    read = functools.partial(self._decode, instant.frame, name, picture)
                    key = image_key(picture) if path is not None else ''
                    pictures[name] = LazyImage(key, read)
                yield instant.frame, pictures

        found = detect_recording(images(), detector, path, batch=batch, say=self.say)
        while True:
            with self.watch.stage(IN_2D):
                item = next(found, None)
            if item is None:
                return
            instant = waiting.popleft()
            yield instant, self._strongest(instant.frame, item[1])

    def as_pictures(self, instants: Iterable[Instant]) -> Iterator[Seen]:
        """Instants and their pictures; a camera whose picture is broken goes without."""
        for instant in instants:
            pictures = {}
            for name, picture in self._of_rig(instant.pictures).items():
                try:
                    pictures[name] = self._decode(instant.frame, name, picture)
                except FileFormatError as error:
                    if name not in self._failed:  # the first of each camera will do
                        self.say(f'camera {name!r} goes without pictures that fail: {error}')
                    self._failed.add(name)
            yield instant, pictures

    def arriving(self, instants: Iterable[Instant], tell_ends: bool) -> Iterator[Instant]:
        """The same instants, with the time that they take to come counted as ``pictures``.

        Args:
            instants: In the order of time.
            tell_ends: Whether to say so where a camera stops while others go on.
        """
        coming, running = iter(instants), set()
        while True:
            with self.watch.stage(PICTURES):
                instant = next(coming, None)
            if instant is None:
                return
            ended = running.difference(instant.pictures) - self._ended if tell_ends else set()
            for name in sorted(ended):
                self.say(
                    f'camera {name!r} shows nothing from instant {instant.frame} on; the others '
                    'go on without it'
                )
            self._ended |= ended
            running = set(instant.pictures)
            yield instant

    def _of_rig(self, views: Mapping[str, Any]) -> dict[str, Any]:
        """What there is of the rig's cameras, in their order."""
        return {name: views[name] for name in self.rig.names if name in views}

    def _strongest(self, frame: str, views: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Of crowds the surest detections: comparing all with all grows with their square."""
        per_view, per_frame = limits().compared_per_view, limits().compared_per_frame
        most = max(1, min(per_view, per_frame // len(self.rig)))
        for name in [name for name, people in views.items() if len(people) > most]:
            if name not in self._crowded:  # the first of each camera will do
                self.say(
                    f'camera {name!r} has {len(views[name])} detections in frame {frame}; the '
                    f'{most} with the largest scores are used there and wherever there are more'
                )
            self._crowded.add(name)
        return {name: people[strongest(people, most)] for name, people in views.items()}

    def _decode(self, frame: str, name: str, picture: Picture) -> np.ndarray:
        with self.watch.stage(PICTURES):
            image = decoded(picture)
        self.decoded += 1
        expected = self.rig[name].size
        image = as_calibrated(image, expected)
        size = (image.shape[1], image.shape[0])
        if expected is not None and size != tuple(expected):
            raise ValueError(
                f'frame {frame}: the picture of camera {name!r} is {size[0]}x{size[1]}, but the '
                f'camera was calibrated at {expected[0]}x{expected[1]}; use pictures of the '
                'calibrated size'
            )
        return image
