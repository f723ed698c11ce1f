"""The input of the model for each frame: 2D keypoints (given or detected), or decoded images."""

from __future__ import annotations

import collections
import dataclasses
import functools
import os
from typing import Any, Callable, Iterable, Iterator, Mapping

import numpy as np

from mmpose_ours.apis.stage_timer import StageTimer
from mmpose_ours.detections import Detections, KeypointFrames, check_pixels
from mmpose_ours.detections.arrays import array_frames, named_frames, only_strongest
from mmpose_ours.detections.cache import LazyImage, detect_recording, image_key
from mmpose_ours.detections.for_footage import open_for_footage
from mmpose_ours.detections.naming import name_cameras
from mmpose_ours.detections.reading import KeypointOptions
from mmpose_ours.detectors import Detector
from mmpose_ours.errors import FileFormatError, InputError, PathLike
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.limits import limits
from mmpose_ours.recordings.files import as_calibrated
from mmpose_ours.recordings.footage import (
    Footage,
    decoded,
    frame_key,
    frames_by_key,
)
from mmpose_ours.recordings.frame_matching import frame_order
from mmpose_ours.recordings.keypoint_frames import check_shared_frames, fit_keypoints
from mmpose_ours.structures.frames import FrameSet, ViewImage
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeletons import COCO17
from mmpose_ours.text import counted

# Names of the stages whose time is measured.
IMAGES, KEYPOINTS, IN_2D = 'images', 'reading keypoints', '2D keypoints'
MEASURING, IN_3D, TRACKING = 'measuring the scene', '3D poses', 'tracking'
PARTS = 'feet, hands, face'
StageProgress = Callable[[str, int, int], None]


class Views:
    """Reads or detects the 2D keypoints of one recording, or decodes its images.

    Args:
        rig: V cameras.
        timer: Measures the stages ``images`` and ``2D keypoints``.
        say: Called with warnings, a sentence each.
        progress: Called with a stage, how much of it is done, and of how much; 0 if unknown.

    Attributes:
        decoded: Number of images decoded so far.
    """

    def __init__(
        self,
        rig: CameraRig,
        timer: StageTimer,
        say: Callable[[str], None],
        progress: StageProgress = lambda stage, done, total: None,
    ):
        self.rig, self.timer, self.say, self.progress = rig, timer, say, progress
        self.decoded = 0
        self._failed: set[str] = set()
        self._ended: set[str] = set()
        self._crowded: set[str] = set()

    def given(
        self,
        keypoints: PathLike | KeypointFrames | Detections,
        footage: Footage | None,
        options: KeypointOptions,
    ) -> tuple[str, KeypointFrames]:
        """Read keypoints, by the frames and the cameras of the recording.

        Args:
            keypoints: A file, or frame to camera name to detections.
            footage: The images or videos that they are of; None where there are none.
            options: How they are to be read.

        Returns:
            Origin of the keypoints, for messages; and the keypoints.

        Raises:
            FileFormatError: It is no keypoint file, or lacks a camera.
            InputError: There are offsets, and the frames have no numbers.
        """
        progress = functools.partial(self.progress, KEYPOINTS)
        options = KeypointOptions(**{**options, 'say': self.say, 'progress': progress})
        if isinstance(keypoints, (str, os.PathLike)):
            frames = open_for_footage(keypoints, self.rig.names, options, footage)
            return os.fspath(keypoints), frames
        named, rename = named_frames(keypoints), options.get('rename')
        named = name_cameras(named, self.rig.names, rename, say=self.say, every=False)
        offsets = options.get('frame_offsets') or {}
        frames, notes = fit_keypoints(named, footage, offsets, by_frame=False)
        check_shared_frames(frames, footage, 'the keypoints')
        for note in notes:
            self.say(note)
        return 'the keypoints', frames

    def from_keypoints(
        self,
        frame_sets: Iterable[FrameSet],
        keypoints: KeypointFrames | Detections,
        where: str,
    ) -> Iterator[FrameSet]:
        """Yield the frames with images, and then those with keypoints only.

        Args:
            frame_sets: The frames with images.
            keypoints: Frame of the recording to camera name to detections, or to (P, 17, 3) of
                COCO-17.
            where: Origin of the keypoints, for messages.

        Raises:
            FileFormatError: The keypoints do not fit the calibrated image size, or a frame occurs
                twice.
        """
        keypoints = named_frames(keypoints)
        check_pixels(array_frames(keypoints), self.rig, where)
        known = frames_by_key(keypoints, where)
        # A camera without an entry has no detections: many tools omit such images.
        nobody = dict.fromkeys(self.rig.names, Keypoints2D.nobody(COCO17))
        unused, without = dict.fromkeys(known), 0
        for frame_set in frame_sets:
            key = frame_key(frame_set.frame)
            unused.pop(key, None)
            without += key not in known
            views = keypoints[known[key]] if key in known else {}
            people = {**nobody, **self._strongest(frame_set.frame, self._of_rig(views))}
            yield dataclasses.replace(frame_set, keypoints=people)
        if without:
            self.say(
                f'{counted(without, "frame")} with images and without an entry in the keypoints'
            )
        for frame in sorted(unused, key=frame_order):
            views = self._strongest(frame, self._of_rig(keypoints[known[frame]]))
            yield FrameSet(frame, keypoints={**nobody, **views})

    def from_detector(
        self,
        frame_sets: Iterable[FrameSet],
        detector: Detector,
        path: PathLike | None,
        batch: int,
        total: int = 0,
    ) -> Iterator[FrameSet]:
        """Frames with the 2D keypoints of each camera whose image can be read.

        Args:
            frame_sets: The frames with images.
            detector: The 2D detector.
            path: File for the detections; None does not save them.
            batch: Frames that the detector processes at once.
            total: Number of frames; 0 if unknown.
        """
        waiting: collections.deque[FrameSet] = collections.deque()

        def lazy_images() -> Iterator[tuple[str, dict[str, LazyImage]]]:
            for frame_set in frame_sets:
                waiting.append(frame_set)
                images = {}
                for name, image in self._of_rig(frame_set.images).items():
                    read = functools.partial(self._decode, frame_set.frame, name, image)
                    key = image_key(image) if path is not None else ''
                    images[name] = LazyImage(key, read)
                yield frame_set.frame, images

        detected = detect_recording(
            lazy_images(),
            detector,
            path,
            batch=batch,
            say=self.say,
            progress=functools.partial(self.progress, IN_2D),
            total=total,
        )
        while True:
            with self.timer.stage(IN_2D):
                item = next(detected, None)
            if item is None:
                return
            frame_set = waiting.popleft()
            people = self._strongest(frame_set.frame, item[1])
            yield dataclasses.replace(frame_set, keypoints=people)

    def pixels(
        self, frame_sets: Iterable[FrameSet]
    ) -> Iterator[tuple[FrameSet, dict[str, np.ndarray]]]:
        """Yield frames and their decoded images; images that cannot be decoded are omitted."""
        for frame_set in frame_sets:
            images = {}
            for name, image in self._of_rig(frame_set.images).items():
                try:
                    images[name] = self._decode(frame_set.frame, name, image)
                except FileFormatError as error:
                    if name not in self._failed:  # one warning per camera
                        self.say(
                            f'camera {name!r} is used without the images that cannot be '
                            f'decoded: {error}'
                        )
                    self._failed.add(name)
            yield frame_set, images

    def arriving(self, frame_sets: Iterable[FrameSet], tell_ends: bool) -> Iterator[FrameSet]:
        """Yield the same frames, and measure the time to read each as the stage ``images``.

        Args:
            frame_sets: The frames in the order of time.
            tell_ends: Whether to warn if a camera ends before the others.
        """
        iterator = iter(frame_sets)
        running: set[str] = set()
        while True:
            with self.timer.stage(IMAGES):
                frame_set = next(iterator, None)
            if frame_set is None:
                return
            ended = running.difference(frame_set.images) - self._ended if tell_ends else set()
            for name in sorted(ended):
                self.say(
                    f'camera {name!r} shows nothing from frame {frame_set.frame} on; the others '
                    'go on without it'
                )
            self._ended |= ended
            running = set(frame_set.images)
            yield frame_set

    def _of_rig(self, views: Mapping[str, Any]) -> dict[str, Any]:
        """The entries of the rig's cameras, in the order of the rig."""
        return {name: views[name] for name in self.rig.names if name in views}

    def _strongest(self, frame: str, views: Mapping[str, Keypoints2D]) -> dict[str, Keypoints2D]:
        """The detections with the highest scores, at most so many that association stays fast."""
        per_view, per_frame = limits().compared_per_view, limits().compared_per_frame
        most = max(1, min(per_view, per_frame // len(self.rig)))
        for name in [name for name, people in views.items() if len(people) > most]:
            if name not in self._crowded:  # one warning per camera
                self.say(
                    f'camera {name!r} has {counted(len(views[name]), "detection")} in frame '
                    f'{frame}; the '
                    f'{most} with the largest scores are used there and wherever there are more'
                )
            self._crowded.add(name)
        return only_strongest(views, most)

    def _decode(self, frame: str, name: str, encoded: ViewImage) -> np.ndarray:
        with self.timer.stage(IMAGES):
            image = decoded(encoded)
        self.decoded += 1
        expected = self.rig[name].size
        image = as_calibrated(image, expected)
        size = (image.shape[1], image.shape[0])
        if expected is not None and size != tuple(expected):
            raise InputError(
                f'frame {frame}: the image of camera {name!r} is {size[0]}x{size[1]}, but the '
                f'camera was calibrated at {expected[0]}x{expected[1]}; use images of the '
                'calibrated size',
                code='wrong-shape',
                camera=name,
                frame=frame,
                found=size,
                expected=tuple(expected),
            )
        return image
