"""A recording's keypoints, detected once: what is known of an image is not detected again.

The keypoint file itself says what found its people and in which images (``source`` in the
schema). An image is known by its file's name, size and time of change, or by its pixels.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import hashlib
import os
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, Mapping, Union

import numpy as np

from mmpose_ours.detections.arrays import arrays_of, as_kept, with_skeleton
from mmpose_ours.detections.formats.own_json import KeypointFile, read_json_detections, store_json
from mmpose_ours.detections.formats.own_npz import store_npz
from mmpose_ours.detections.journal import FrameRecord, Journal
from mmpose_ours.detections.writer import DetectionsWriter
from mmpose_ours.errors import FileFormatError, InputError, PathLike
from mmpose_ours.io.disk.leftovers import remove_leftovers
from mmpose_ours.io.disk.locks import ChangedError, InUseError, hold
from mmpose_ours.io.disk.regular_files import open_regular
from mmpose_ours.io.json_files import read_json
from mmpose_ours.io.parsers.images import decode_image
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17


@dataclasses.dataclass(frozen=True)
class LazyImage:
    """An image that is read only where it must be, for example a frame of a video.

    Args:
        key: What it is known by: changes where the image does. '' where it cannot be known
            again, so that it is detected each time.
        read: Gives the image, BGR.
    """

    key: str
    read: Callable[[], np.ndarray]


Image = Union[np.ndarray, PathLike, LazyImage]


def detect_recording(
    frames: Iterable[tuple[str, Mapping[str, Image]]],
    detector: Any,
    path: PathLike | None,
    *,
    batch: int = 1,
    say: Callable[[str], None] = lambda line: None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    total: int = 0,
) -> Iterator[tuple[str, dict[str, Keypoints2D]]]:
    """Yield the people of each frame, and write them when all have been asked for.

    After an interruption the next call goes on where this one was. Frames of an earlier call
    that do not come this time stay in the file. One process at a time writes a file: another one
    waits, see :mod:`mmpose_ours.io.disk.locks`.

    Args:
        frames: Frame name and camera -> image: an array (BGR), a path, or a
            :class:`LazyImage`.
        detector: See :class:`mmpose_ours.detectors.Detector`.
        path: The keypoint file, ``.json`` or ``.npz``; beside it ``.<name>.partial`` exists
            while this runs. None keeps nothing.
        batch: Frames that the detector is given together.
        say: Takes a sentence for a camera whose images cannot be read; the camera is left out
            of those frames.
        progress: Called with how many frames are done, of how many.
        total: How many frames will come; 0 where nobody knows.

    Yields:
        Frame name, and camera -> people with the detector's joints, the same numbers whether
        detected now or before.

    Raises:
        FileExistsError: ``path`` holds keypoints that no detector of this package wrote.
        FileFormatError: ``path`` is no keypoint file.
        InUseError: Another program works on it.
        ChangedError: Another program, which did not ask for the lock, replaced the file meanwhile.
            What was detected is kept beside it for the next call.
        OSError: It cannot be written; ``filename`` says which file.
        InputError: Another ending, or a batch below 1.
    """
    if batch < 1:
        raise InputError(
            f'batch is {batch}, expected 1 or more frames',
            code='out-of-range',
            found=batch,
            expected=1,
        )
    if path is None:
        yield from _detect(frames, detector, batch, say)
        return
    path = Path(path)
    skeleton = skeleton_of(detector)
    writer = DetectionsWriter(path, skeleton)  # refuses other endings before any work
    head = {'detector': detector.name, 'version': detector.version}
    with _exclusively(path):
        journal = Journal(path.with_name(f'.{path.name}.partial'), head, say, skeleton)
        complete = False
        try:
            before = _state(path)
            changed = not _load_earlier(path, head, skeleton, journal, say)
            unread = _Unread(say)
            for done, group in enumerate(_groups(frames, batch)):
                work = [_Work.of(str(name), images, journal, unread) for name, images in group]
                fresh = [image for each in work for image in each.images.values()]
                people = iter(detector.detect(fresh) if fresh else [])
                for offset, each in enumerate(work):
                    each.views.update(
                        {camera: as_kept(next(people), skeleton) for camera in each.images}
                    )
                    if each.keys != journal.get(each.frame).images or each.frame not in journal:
                        journal.put(each.frame, FrameRecord(each.keys, each.views))
                        changed = True
                    progress(done * batch + offset + 1, total)
                    views = {camera: each.views[camera] for camera in each.order}
                    yield each.frame, with_skeleton(views, skeleton)
            unread.sum_up()
            if changed:
                _write(writer, journal, head, before)
            complete = True
        finally:
            journal.close(remove=complete)


def skeleton_of(detector: Any) -> Skeleton:
    """The joints that a detector finds; COCO's where it does not say."""
    return getattr(detector, 'skeleton', COCO17)


# Keypoint files that this process is working on.
_in_use: set[str] = set()


@contextlib.contextmanager
def _exclusively(path: Path) -> Iterator[None]:
    """Keep other programs away from a keypoint file, and this one from working on it twice."""
    place = os.path.realpath(path)
    with hold(path, '2D keypoints'):
        if place in _in_use:  # the lock lets a thread in that has it
            raise InUseError(
                f'{path}: 2D keypoints in use by this very program, in another '
                'call that has not come to its end; finish or close that first',
                file=path,
                found={'pid': str(os.getpid())},
            )
        _in_use.add(place)
        try:
            # Here, since a run that finds the file complete writes nothing beside it.
            remove_leftovers(path.parent)
            yield
        finally:
            _in_use.discard(place)


def _state(path: Path) -> tuple[int, ...] | None:
    """What changes when a file is replaced or written; None where there is none."""
    try:
        state = os.stat(path)
    except FileNotFoundError:
        return None
    return state.st_ino, state.st_size, state.st_mtime_ns


def _detect(
    frames: Iterable[tuple[str, Mapping[str, Image]]],
    detector: Any,
    batch: int,
    say: Callable[[str], None],
) -> Iterator[tuple[str, dict[str, Keypoints2D]]]:
    """The same without a file."""
    unread, skeleton = _Unread(say), skeleton_of(detector)
    for group in _groups(frames, batch):
        readable: list[tuple[str, dict[str, np.ndarray]]] = []
        for frame, images in group:
            pixels: dict[str, np.ndarray] = {}
            for camera, image in images.items():
                try:
                    pixels[camera] = _pixels(image)
                except (FileFormatError, FileNotFoundError) as error:
                    unread(camera, error)
            readable.append((str(frame), pixels))
        fresh = [image for _, pixels in readable for image in pixels.values()]
        people = iter(detector.detect(fresh) if fresh else [])
        for frame, pixels in readable:
            views = {camera: as_kept(next(people), skeleton) for camera in pixels}
            yield frame, with_skeleton(views, skeleton)
    unread.sum_up()


class _Unread:
    """Tells of images that cannot be read: the first of each camera, and in the end how many."""

    def __init__(self, say: Callable[[str], None]):
        self._say = say
        self._counts: collections.Counter[str] = collections.Counter()

    def __call__(self, camera: str, error: Exception) -> None:
        self._counts[camera] += 1
        if self._counts[camera] == 1:
            self._say(f'warning: camera {camera!r}: {error}; goes on without it')

    def sum_up(self) -> None:
        for camera, count in self._counts.items():
            if count > 1:
                self._say(f'warning: camera {camera!r}: {count} images could not be read')


@dataclasses.dataclass
class _Work:
    """One frame: what is known of it, and the images that are to be looked at."""

    frame: str
    order: list[str]
    keys: dict[str, str]
    views: dict[str, np.ndarray]
    images: dict[str, np.ndarray]

    @classmethod
    def of(
        cls, frame: str, images: Mapping[str, Image], journal: Journal, unread: _Unread
    ) -> _Work:
        known = journal.get(frame)
        work = cls(frame, [], dict(known.images), dict(known.views), {})
        for camera, image in images.items():
            try:
                key = image_key(image)
                if not key or known.images.get(camera) != key or camera not in known.views:
                    work.images[camera] = _pixels(image)
            except (FileFormatError, FileNotFoundError) as error:
                work.keys.pop(camera, None)
                work.views.pop(camera, None)
                unread(camera, error)
                continue
            work.keys[camera] = key
            work.order.append(camera)
        return work


def image_key(image: Image) -> str:
    """What an image is known by."""
    if isinstance(image, LazyImage):
        return image.key
    if isinstance(image, np.ndarray):
        digest = hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16)
        return f'{image.shape} {digest.hexdigest()}'
    state = os.stat(image)
    # A name that is no Unicode, which no keypoint file could hold, is escaped.
    name = os.fsencode(Path(image).name).decode('utf-8', 'backslashreplace')
    return f'{name} {state.st_size} {state.st_mtime_ns}'


def _pixels(image: Image) -> np.ndarray:
    if isinstance(image, LazyImage):
        return image.read()
    return image if isinstance(image, np.ndarray) else decode_image(Path(image))


def _groups(
    frames: Iterable[tuple[str, Mapping[str, Image]]], size: int
) -> Iterator[list[tuple[str, Mapping[str, Image]]]]:
    group = []
    for frame in frames:
        group.append(frame)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group


def made_here(path: PathLike) -> bool:
    """Whether a keypoint file is one that :func:`detect_recording` wrote, and may go on with.

    Raises:
        FileFormatError: It is no keypoint file of this package.
        FileNotFoundError: There is no such file.
    """
    return isinstance(_read(Path(path)).source, dict)


def detected_here(path: PathLike) -> bool:
    """Whether keypoints are those of a detector of ours, which go by frames, not by images."""
    try:
        return made_here(path)
    except (FileFormatError, OSError):  # of another tool, or a folder
        return False


def _read(path: Path) -> KeypointFile:
    """A keypoint file, its people on the disk where that is possible."""
    open_regular(path).close()  # a pipe in a folder from elsewhere would be waited for
    if path.suffix.lower() == '.npz':
        return store_npz(path)
    stored = store_json(path)
    if stored is not None:
        return stored
    return read_json_detections(read_json(path), path)


def _load_earlier(
    path: Path,
    head: Mapping[str, str],
    skeleton: Skeleton,
    journal: Journal,
    say: Callable[[str], None],
) -> bool:
    """Put what the complete file knows into the journal.

    Returns:
        Whether the journal now holds that and nothing else.

    Raises:
        FileExistsError: Its people were not detected by this package.
        FileFormatError: It cannot be read.
    """
    if not path.exists():
        return False
    found, detections, source = _read(path)
    if not isinstance(source, dict):
        raise FileExistsError(
            f'{path}: holds keypoints that were not detected here, which would be lost; use '
            'them, or name another file'
        )
    if {key: source.get(key) for key in head} != dict(head):
        say(
            f'{path}: was found by {source.get("detector")} {source.get("version")}, now it is '
            f'{head["detector"]} {head["version"]}: everything is detected again'
        )
        return False
    if found.joints != skeleton.joints:
        say(
            f'{path}: has the joints of {found.name}, now they are those of {skeleton.name}: '
            'everything is detected again'
        )
        return False
    images = _images_of(source, path)
    newer = set(journal.frames())
    for frame, views in detections.items():
        if frame not in newer:
            journal.put(frame, FrameRecord(images.get(frame, {}), arrays_of(views, skeleton)))
    return not newer


def _images_of(source: Mapping[str, Any], path: Path) -> dict[str, dict[str, str]]:
    """Frame to camera to what the image was known by.

    Raises:
        FileFormatError: The file says something else there.
    """
    images = source.get('images')
    if not isinstance(images, dict) or not all(
        isinstance(keys, dict) and all(isinstance(key, str) for key in keys.values())
        for keys in images.values()
    ):
        raise FileFormatError(
            f'{path}: source.images does not say by frame and camera what each image is known by; '
            'remove the file, and everything is detected again',
            code='file-format',
            file=path,
            found=images,
            expected='{frame: {camera: text}}',
        )
    return images


def _write(
    writer: DetectionsWriter,
    journal: Journal,
    head: Mapping[str, str],
    before: tuple[int, ...] | None,
) -> None:
    images = {}
    with writer:
        for frame in journal.frames():
            kept = journal.get(frame)
            writer.add(frame, kept.views)
            images[frame] = dict(kept.images)
        writer.source = {**head, 'images': images}
        if _state(writer.path) != before:
            raise ChangedError(
                f'{writer.path}: another program wrote this file while people were being detected '
                'for it, and it is left as it is; what was detected is kept, run this again to '
                'put both together',
                file=writer.path,
            )
