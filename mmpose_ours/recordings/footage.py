"""A recording as synchronised frames: what all cameras show at the same moment.

Images belong together by the number at the end of their names, or the names themselves
(``0/000350.jpg`` and ``1/000350.jpg``); where these connect not all cameras, by time stamps or by
their order, see :mod:`.frame_matching`; by their order where offsets are given. Videos are matched
by the number of the frame. A camera that has no image for a
frame is left out of it, and the others go on.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping, Sequence

import numpy as np

from mmpose_ours.errors import FileFormatError, InputError, PathLike
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.disk.files import check_unicode
from mmpose_ours.io.json_schema import show
from mmpose_ours.io.parsers.images import decode_image
from mmpose_ours.io.parsers.video import Video, open_video
from mmpose_ours.recordings.files import (
    as_bgr,
    find_media,
    first_size,
    is_video,
    listed_cameras,
    media_of,
)
from mmpose_ours.recordings.frame_matching import frame_order, match_by_order, match_frames
from mmpose_ours.recordings.time_stamps import stamp_in
from mmpose_ours.structures.frames import FrameSet, ViewImage
from mmpose_ours.text import argument

_Keypoints = Mapping[str, Mapping[str, Any]]


@dataclasses.dataclass(frozen=True, eq=False)
class Footage:
    """The images of some cameras, frame by frame; can be walked through again and again.

    Args:
        cameras: Names of the cameras that have images.
        files: Camera name to its images, or to its one video.
        frames: Names of the frames, in order; None where videos are read to their ends.
        places: Camera name to frame name to image file; empty for videos.
        offsets: Camera name to the number of images or video frames to skip at its beginning.
        notes: Sentences on what does not fit together.
    """

    cameras: tuple[str, ...]
    files: Mapping[str, Sequence[Path]]
    frames: tuple[str, ...] | None
    places: Mapping[str, Mapping[str, Path]]
    offsets: Mapping[str, int]
    notes: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """How many frames there are; 0 where the videos do not say."""
        if self.frames is not None:
            return len(self.frames)
        counts = []
        for name, (video,) in self.files.items():
            with open_video(video) as opened:
                counts.append(opened.frame_count - self.offsets.get(name, 0))
        return max(0, *counts)

    @property
    def fps(self) -> float | None:
        """Frames per second of the first camera's video, where it says so."""
        if self.frames is not None:
            return None
        with open_video(self.files[self.cameras[0]][0]) as opened:
            return opened.fps if 0 < opened.fps < 1000 else None

    def __iter__(self) -> Iterator[FrameSet]:
        if self.frames is None:
            yield from self._video_frames()
            return
        for frame in self.frames:
            shown = ((name, self.places[name].get(frame)) for name in self.cameras)
            yield FrameSet(frame, {name: path for name, path in shown if path is not None})

    def _video_frames(self) -> Iterator[FrameSet]:
        with contextlib.ExitStack() as stack:
            running: dict[str, Video] = {}
            for name in self.cameras:
                running[name] = stack.enter_context(open_video(self.files[name][0]))
                for _ in range(self.offsets.get(name, 0)):
                    if not running[name].grab():
                        break
            number = 0
            while running:
                images = {}
                for name in list(running):
                    _, image = running[name].read()
                    if image is not None:
                        images[name] = image
                    else:
                        del running[name]
                if images:
                    yield FrameSet(str(number), images)
                number += 1


def open_footage(
    source: PathLike | Mapping[str, Any],
    cameras: Sequence[str],
    offsets: Mapping[str, int] | None = None,
) -> Footage:
    """Find the images of a rig's cameras and match their frames.

    Args:
        source: Folder of the recording, see :mod:`mmpose_ours.recordings.files`; or camera name to
            a video, a folder of images, or a list of images.
        cameras: Names of the rig's cameras. Those without any image are left out and noted.
        offsets: Camera name to the number of images or video frames to skip at its beginning,
            for cameras that began earlier than the others.

    Raises:
        FileNotFoundError: No camera has images.
        FileFormatError: Some cameras have images and some videos, or two images of a camera are
            the same frame, or no name occurs for every camera and the cameras have different
            numbers of images.
        InputError: An offset is negative, or of a camera that has no images.
    """
    files = find_media(source, cameras)
    folder = None if isinstance(source, Mapping) else str(source)
    where = folder or 'the images'
    if not files:
        raise FileNotFoundError(
            f'{where}: no images of cameras {", ".join(map(repr, cameras))}; name a folder of '
            'images (<camera>/) or a video (<camera>.mp4) after each camera of the calibration'
        )
    offsets = {name: int(offset) for name, offset in (offsets or {}).items() if offset}
    for name, offset in offsets.items():
        if name not in files:
            raise InputError(
                f'a frame offset is given for {name!r}, which has no images; cameras with '
                f'images: {", ".join(files)}',
                code='unknown-camera',
                camera=name,
                found=name,
                expected=list(files),
            )
        if offset < 0:
            raise InputError(
                f'the frame offset of {name!r} is {offset}; offsets count what comes before the '
                'first frame, so add the same number to all cameras until none is negative',
                code='out-of-range',
                camera=name,
                found=offset,
                expected=0,
            )
    notes = []
    absent = [name for name in cameras if name not in files]
    if absent:
        notes.append(f'{where}: no images of {listed_cameras(absent)}; going on with the others')
    names = tuple(files)
    videos = [name for name in names if is_video(files[name][0])]
    if videos and len(videos) < len(names):
        others = [name for name in names if name not in videos]
        raise FileFormatError(
            f'{where}: {listed_cameras(videos)} has a video and {listed_cameras(others)} images; '
            'give all cameras the same',
            code='conflict',
            file=folder,
            found={'videos': videos, 'images': others},
        )
    if videos:
        notes += _video_notes(files, offsets)
        return Footage(names, files, None, {}, offsets, tuple(notes))
    frames, places, said = _match_images(folder, files, offsets)
    return Footage(names, files, frames, places, offsets, (*notes, *said))


def sized_by_images(rig: CameraRig, root: PathLike) -> CameraRig:
    """The rig, with image sizes that its calibration does not say taken from its images.

    Campus, Shelf and several tools say none.

    Args:
        rig: V cameras.
        root: Folder of the recording; a camera without images stays as it is.

    Raises:
        FileFormatError: None of a camera's images can be decoded.
        OSError: One cannot be read.
    """
    cameras = []
    for camera in rig:
        files = () if camera.size else media_of(Path(root), camera.name, rig.names)
        size = first_size(files)[1] if files else camera.size
        cameras.append(dataclasses.replace(camera, size=size))
    return dataclasses.replace(rig, cameras=tuple(cameras))


def decoded(image: ViewImage) -> np.ndarray:
    """An image as (H, W, 3) BGR uint8.

    Raises:
        FileFormatError: It cannot be decoded, or breaks off.
        OSError: It cannot be read.
        InputError: It is an array that is no image.
    """
    return as_bgr(image if isinstance(image, np.ndarray) else decode_image(image))


def frame_key(frame: Any) -> str:
    """A frame's name without leading zeros: '000100' and '100' are the same frame."""
    return str(frame).lstrip('0') or '0'


def frames_of_images(paths: Sequence[Path], camera: str) -> list[str]:
    """The names of images' frames.

    These are the numbers at the end of the images' names (``img_000300``, Campus's
    ``campus4-c0-00300``), or time stamps there, if these are all different, and the names
    otherwise. Images may repeat their camera's name: ``00_03/00_03_00004500.jpg``, as Panoptic's
    do.

    Raises:
        InputError: A name that becomes a frame's name is no valid Unicode.
    """
    own = f'{camera}_'
    stems = [path.stem[len(own) :] if path.stem.startswith(own) else path.stem for path in paths]
    if stems == [camera]:  # the only frame of a recording
        return ['0']
    stamps = [stamp_in(path.stem, camera) for path in paths]
    ends = [re.search(r'\d+$', stem) for stem in stems]
    numbers = [frame_key(end[0]) for end in ends if end]
    if all(stamps):
        numbers = [str(stamp[1]) for stamp in stamps if stamp]
    if len(set(numbers)) == len(stems):
        return numbers
    for path in paths:
        check_unicode(path.stem, path)
    return [frame_key(stem) for stem in stems]


def frames_by_key(frames: Iterable[Any], path: PathLike | None = None) -> dict[str, Any]:
    """Frames by what :func:`frame_key` makes of their names.

    Args:
        frames: Names or numbers.
        path: The file that they come from; None where they are keypoints in memory.

    Raises:
        FileFormatError: Two are the same frame, so that one would be lost.
    """
    known: dict[str, Any] = {}
    for frame in frames:
        other = known.setdefault(frame_key(frame), frame)
        if other is not frame:
            raise FileFormatError(
                f'{path or "the keypoints"}: {show(other)} and {show(frame)} are the same frame, '
                'since leading zeros do not count; rename or remove one of them',
                code='duplicate',
                file=path,
                frame=str(frame),
                found=[other, frame],
            )
    return known


def apply_frame_offsets(keypoints: _Keypoints, offsets: Mapping[str, int]) -> _Keypoints:
    """Subtract each camera's offset from the frame numbers of its keypoints.

    What lies before the first frame is dropped.

    Args:
        keypoints: Frame to camera name to its 2D keypoints.
        offsets: Camera name to the number of frames to skip at its beginning.

    Raises:
        FileFormatError: Two frames have the same number.
        InputError: A frame that should be shifted has a name and no number.
    """
    if not any(offsets.values()):
        return keypoints
    known = frames_by_key(keypoints)
    keys = {key: keypoints[frame] for key, frame in known.items()}
    named = [key for key in keys if frame_order(key)[0]]
    if named:
        raise InputError(
            f'frame offsets are given, but frame {named[0]!r} of the keypoints is not a number '
            'that could be shifted; number the frames',
            code='conflict',
            frame=named[0],
            found=named[0],
        )
    first = min(map(int, keys), default=0)
    shifted: dict[str, dict[str, Any]] = {}
    for key, views in keys.items():
        for camera, people in views.items():
            frame = int(key) - offsets.get(camera, 0)
            if frame >= first:
                shifted.setdefault(str(frame), {})[camera] = people
    return shifted


def _video_notes(files: Mapping[str, Sequence[Path]], offsets: Mapping[str, int]) -> list[str]:
    counts, rates = {}, {}
    for name, (video,) in files.items():
        with open_video(video) as opened:
            counts[name] = opened.frame_count - offsets.get(name, 0)
            rates[name] = round(opened.fps, 2)
    notes = []
    if len(set(counts.values())) > 1:
        notes.append(
            'the videos have different numbers of frames ('
            + ', '.join(f'{name}: {count}' for name, count in counts.items())
            + '); frame n of each is taken for the same moment, and where a video ends the others '
            f'go on. If they began at different moments, give {argument("frame_offsets")}'
        )
    if len(set(rates.values())) > 1:
        notes.append(
            'the videos have different frame rates ('
            + ', '.join(f'{name}: {rate:g}' for name, rate in rates.items())
            + '), so frame n is not the same moment in all of them; convert them to one rate'
        )
    return notes


def _match_images(
    folder: str | None, files: Mapping[str, Sequence[Path]], offsets: Mapping[str, int]
) -> tuple[tuple[str, ...], dict[str, dict[str, Path]], list[str]]:
    """Names of the frames, the images of each, and what there is to say."""
    where = folder or 'the images'
    by_name: dict[str, dict[str, Path]] = {}
    for name, paths in files.items():
        mine = by_name.setdefault(name, {})
        for frame, path in zip(frames_of_images(paths, name), paths):
            if frame in mine:
                raise FileFormatError(
                    f'{where}: {mine[frame].name} and {path.name} of camera {name!r} are the same '
                    'frame; leading zeros do not count, so rename or remove one',
                    code='duplicate',
                    file=folder,
                    camera=name,
                    frame=frame,
                    found=[str(mine[frame]), str(path)],
                )
            mine[frame] = path
    names = {name: list(mine) for name, mine in by_name.items()}
    if offsets:
        matching = match_by_order(names, offsets, where, 'images')
    else:
        matching = match_frames(names, where)
    places: dict[str, dict[str, Path]] = {name: {} for name in files}
    for frame, views in matching.frames.items():
        for name, own in views.items():
            places[name][frame] = by_name[name][own]
    frames = tuple(matching.frames)
    notes = list(matching.notes)
    lacking = {name: len(frames) - len(places[name]) for name in files}
    lacking = {name: count for name, count in lacking.items() if count}
    if lacking and not offsets:
        note = f'{where}: of {len(frames)} frames some cameras lack an image ('
        note += ', '.join(f'{name}: {count}' for name, count in lacking.items())
        notes.append(f'{note}); these frames go on without them')
    return frames, places, notes
