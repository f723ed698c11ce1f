"""A recording as synchronised frames: what all cameras show at the same moment.

Images belong together by the number at the end of their names, or the names themselves
(``0/000350.jpg`` and ``1/000350.jpg``); where these connect not all cameras, by time stamps or by
their order, see :mod:`.frame_matching`; by their order where offsets are given. Videos are matched
by the number of the frame, and by time stamps where their frame rates differ or vary
(:mod:`mmpose_ours.recordings.video_timing`). A camera that has no image for a
frame is left out of it, and the others go on.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import re
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping, Sequence

import numpy as np

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.disk.files import check_unicode
from mmpose_ours.io.json_schema import show
from mmpose_ours.io.numbers import MIN_FPS
from mmpose_ours.io.parsers.images import decode_image
from mmpose_ours.io.parsers.video import open_video
from mmpose_ours.recordings.camera_names import by_camera
from mmpose_ours.recordings.endings import is_video
from mmpose_ours.recordings.files import as_bgr, first_size, listed_cameras
from mmpose_ours.recordings.frame_matching import match_by_order, match_frames
from mmpose_ours.recordings.frame_offsets import all_skipped, check_offsets
from mmpose_ours.recordings.media import find_media
from mmpose_ours.recordings.time_stamps import stamp_in
from mmpose_ours.recordings.video_timing import (
    FrameRows,
    VideoFrames,
    rows_by_time,
    timing_of,
    video_note,
)
from mmpose_ours.structures.frames import FrameSet, ViewImage
from mmpose_ours.text import counted


@dataclasses.dataclass(frozen=True, eq=False)
class Footage:
    """The images of some cameras, frame by frame; can be walked through again and again.

    Args:
        cameras: Names of the cameras that have images.
        files: Camera name to its images, or to its one video.
        frames: Names of the frames, in order; None where videos are read to their ends.
        places: Camera name to frame name to image file; empty for videos.
        offsets: Camera name to the number of images or video frames to skip at its beginning.
        notes: Sentences on what does not fit together, and on names that are spelled otherwise.
        rows: Which frames of the videos belong together, where they are matched by time stamps;
            None where they go by number.
    """

    cameras: tuple[str, ...]
    files: Mapping[str, Sequence[Path]]
    frames: tuple[str, ...] | None
    places: Mapping[str, Mapping[str, Path]]
    offsets: Mapping[str, int]
    notes: tuple[str, ...] = ()
    rows: FrameRows | None = None

    @property
    def total(self) -> int:
        """How many frames there are; 0 where the videos do not say."""
        if self.frames is not None:
            return len(self.frames)
        if self.rows is not None:
            return self.rows.total
        counts = []
        for name, (video,) in self.files.items():
            with open_video(video) as opened:
                counts.append(opened.frame_count - self.offsets.get(name, 0))
        return max(0, *counts)

    @property
    def fps(self) -> float | None:
        """Frames per second of the first camera's video, where it says so.

        Where videos are matched by time, of the slowest one's.
        """
        if self.frames is not None:
            return None
        if self.rows is not None:
            return self.rows.rate if self.rows.rate >= MIN_FPS else None
        rate = timing_of(self.files[self.cameras[0]][0]).rate
        return rate if MIN_FPS <= rate < 1000 else None

    def __iter__(self) -> Iterator[FrameSet]:
        if self.frames is None:
            yield from self._video_frames()
            return
        for frame in self.frames:
            shown = ((name, self.places[name].get(frame)) for name in self.cameras)
            yield FrameSet(frame, {name: path for name, path in shown if path is not None})

    @functools.cached_property
    def counts(self) -> dict[str, int]:
        """Camera name to how many images or video frames it has."""
        if self.frames is not None:
            return {name: len(paths) for name, paths in self.files.items()}
        return {name: len(timing_of(paths[0]).seconds) for name, paths in self.files.items()}

    def videos(self) -> dict[str, VideoFrames]:
        """A reader of each camera's video, by the number of its frame; none where there are images.

        Raises:
            FileFormatError, LimitError, OSError: A video cannot be read.
        """
        if self.frames is not None:
            return {}
        by_time = self.rows is not None
        return {
            name: VideoFrames(files[0], timing_of(files[0]) if by_time else None)
            for name, files in self.files.items()
        }

    def row_of(self, camera: str, moment: int) -> int:
        """Which frame of a camera's video is shown at a moment; -1 where none is."""
        if self.rows is None:
            return moment + self.offsets.get(camera, 0)
        return int(self.rows.rows[camera][moment]) if moment < self.rows.total else -1

    def _video_frames(self) -> Iterator[FrameSet]:
        running = self.videos()
        with contextlib.ExitStack() as stack:
            for video in running.values():
                stack.callback(video.release)
            moment = 0
            while running and (self.rows is None or moment < self.rows.total):
                images = {}
                for name, video in list(running.items()):
                    row = self.row_of(name, moment)
                    image = video.frame(row) if row >= 0 else None
                    if image is not None:
                        images[name] = image
                    elif self.rows is None:  # the end
                        del running[name]
                if images:
                    yield FrameSet(str(moment), images)
                moment += 1


def open_footage(
    source: PathLike | Mapping[str, Any],
    cameras: Sequence[str],
    offsets: Mapping[str, int] | None = None,
    rename: Mapping[str, str] | None = None,
) -> Footage:
    """Find the images of a rig's cameras and match their frames.

    Args:
        source: Folder of the recording, see :mod:`mmpose_ours.recordings.files`; or camera name to
            a video, a folder of images, or a list of images.
        cameras: Names of the rig's cameras. Those without any image are left out and noted.
        offsets: Camera name to the number of images or video frames to skip at its beginning,
            for cameras that began earlier than the others.
        rename: Name of a folder or video to the camera that it is of, where the names do not tell,
            see :mod:`mmpose_ours.recordings.camera_names`.

    Raises:
        FileNotFoundError: There are no images.
        FileFormatError: No name of images fits a camera, or several fit one; some cameras have
            images and some videos, or two images of a camera are the same frame, or no name occurs
            for every camera and the cameras have different numbers of images.
        InputError: An offset is negative, of a camera that has no images, or leaves out all of
            its images.
    """
    media = find_media(source, cameras, rename)
    files = media.files
    folder = None if isinstance(source, Mapping) else str(source)
    where = folder or 'the images'
    said = by_camera(offsets or {}, cameras, rename)
    offsets = {name: int(offset) for name, offset in said.items() if offset}
    check_offsets(offsets, files, 'images')
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
        timings = {name: timing_of(paths[0]) for name, paths in files.items()}
        for name, offset in offsets.items():
            if 0 < len(timings[name].seconds) <= offset:
                raise all_skipped(name, offset, len(timings[name].seconds), 'images')
        rows = rows_by_time(timings, offsets)
        note = video_note(timings, offsets, rows)
        notes = (*media.notes, note) if note else media.notes
        return Footage(names, files, None, {}, offsets, notes, rows)
    frames, places, said_of = _match_images(folder, files, media.names, offsets)
    return Footage(names, files, frames, places, offsets, (*media.notes, *said_of))


def sized_by_images(
    rig: CameraRig, root: PathLike, rename: Mapping[str, str] | None = None
) -> CameraRig:
    """The rig, with image sizes that its calibration does not say taken from its images.

    Campus, Shelf and several tools say none.

    Args:
        rig: V cameras.
        root: Folder of the recording; a camera without images stays as it is.
        rename: See :func:`open_footage`.

    Raises:
        FileFormatError: None of a camera's images can be decoded, or names are ambiguous.
        OSError: One cannot be read.
    """
    if all(camera.size for camera in rig) or not Path(root).is_dir():
        return rig
    media = find_media(root, rig.names, rename, needed=False)
    cameras = []
    for camera in rig:
        files = () if camera.size else media.files.get(camera.name, ())
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


def _match_images(
    folder: str | None,
    files: Mapping[str, Sequence[Path]],
    names: Mapping[str, str],
    offsets: Mapping[str, int],
) -> tuple[tuple[str, ...], dict[str, dict[str, Path]], list[str]]:
    """Names of the frames, the images of each, and what there is to say.

    Args:
        folder: Of the recording, if there is one.
        files: Camera name to its images.
        names: Camera name to the name that its images have.
        offsets: Camera name to the number of its images before the first frame.
    """
    where = folder or 'the images'
    by_name: dict[str, dict[str, Path]] = {}
    for name, paths in files.items():
        mine = by_name.setdefault(name, {})
        for frame, path in zip(frames_of_images(paths, names[name]), paths):
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
    own_names = {name: list(mine) for name, mine in by_name.items()}
    if offsets:
        matching = match_by_order(own_names, offsets, where, 'images')
    else:
        matching = match_frames(own_names, where)
    places: dict[str, dict[str, Path]] = {name: {} for name in files}
    for frame, views in matching.frames.items():
        for name, own in views.items():
            places[name][frame] = by_name[name][own]
    frames = tuple(matching.frames)
    notes = list(matching.notes)
    lacking = {name: len(frames) - len(places[name]) for name in files}
    lacking = {name: count for name, count in lacking.items() if count}
    if lacking and not offsets:
        note = f'{where}: of {counted(len(frames), "frame")} some cameras lack an image ('
        note += ', '.join(f'{name}: {count}' for name, count in lacking.items())
        notes.append(f'{note}); these frames go on without them')
    return frames, places, notes
