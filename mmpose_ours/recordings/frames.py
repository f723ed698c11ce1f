"""A recording as synchronised instants: what all cameras show at the same moment.

Images belong together by their names (``0/000350.jpg`` and ``1/000350.jpg``), or, where no name
occurs twice, by their order; videos by the number of the frame. A camera that shows nothing at
an instant is left out of it, and the others go on.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping, Sequence, Union

import numpy as np

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.geometry.cameras import CameraRig
from mmpose_ours.io.files import check_unicode
from mmpose_ours.io.json_schema import show
from mmpose_ours.io.numbers import whole_number
from mmpose_ours.io.parsers.images import decode_image
from mmpose_ours.io.parsers.video import Video, open_video
from mmpose_ours.recordings.files import as_bgr, first_size, is_video, pictures_of

# What a camera shows: a file that is decoded when it is asked for, or (H, W, 3) BGR uint8.
Picture = Union[Path, np.ndarray]
_Keypoints = Mapping[str, Mapping[str, Any]]


@dataclasses.dataclass(frozen=True, eq=False)
class Instant:
    """One moment of a recording.

    Args:
        frame: Its name: that of the images, or the number of the video's frame.
        pictures: Camera name to its picture; cameras that show nothing are not there.
    """

    frame: str
    pictures: Mapping[str, Picture]


@dataclasses.dataclass(frozen=True, eq=False)
class Footage:
    """The pictures of some cameras, instant by instant; can be walked through again and again.

    Args:
        cameras: Names of the cameras that have pictures.
        files: Camera name to its images, or to its one video.
        frames: Names of the instants, in order; None where videos are read to their ends.
        places: Camera name to its image by name of the instant; nothing for videos.
        offsets: Camera name to the frames of its video before the first instant.
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
        """How many instants there are; 0 where the videos do not say."""
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

    def __iter__(self) -> Iterator[Instant]:
        if self.frames is None:
            yield from self._video_instants()
            return
        for frame in self.frames:
            shown = ((name, self.places[name].get(frame)) for name in self.cameras)
            yield Instant(frame, {name: path for name, path in shown if path is not None})

    def _video_instants(self) -> Iterator[Instant]:
        with contextlib.ExitStack() as stack:
            running: dict[str, Video] = {}
            for name in self.cameras:
                running[name] = stack.enter_context(open_video(self.files[name][0]))
                for _ in range(self.offsets.get(name, 0)):
                    if not running[name].grab():
                        break
            number = 0
            while running:
                pictures = {}
                for name in list(running):
                    _, picture = running[name].read()
                    if picture is not None:
                        pictures[name] = picture
                    else:
                        del running[name]
                if pictures:
                    yield Instant(str(number), pictures)
                number += 1


def open_footage(
    source: PathLike | Mapping[str, Any],
    cameras: Sequence[str],
    offsets: Mapping[str, int] | None = None,
) -> Footage:
    """Find the pictures of a rig's cameras and match their instants.

    Args:
        source: Folder of the recording, see :mod:`mmpose_ours.recordings.files`; or camera name to
            a video, a folder of images, or a list of images.
        cameras: Names of the rig's cameras. Those without any picture are left out and noted.
        offsets: Camera name to how many of its pictures come before the first instant, for
            cameras that began earlier than the others.

    Raises:
        FileNotFoundError: No camera has pictures.
        FileFormatError: Some cameras have images and some videos, or two images of a camera are
            the same instant, or images match neither by name nor by number.
        ValueError: An offset is negative, or of a camera that has no pictures.
    """
    files = _find(source, cameras)
    where = 'the pictures' if isinstance(source, Mapping) else str(source)
    if not files:
        raise FileNotFoundError(
            f'{where}: no pictures of cameras {", ".join(map(repr, cameras))}; name a folder of '
            'images (<camera>/) or a video (<camera>.mp4) after each camera of the calibration'
        )
    offsets = {name: int(offset) for name, offset in (offsets or {}).items() if offset}
    for name, offset in offsets.items():
        if name not in files:
            raise ValueError(
                f'a frame offset is given for {name!r}, which has no pictures; cameras with '
                f'pictures: {", ".join(files)}'
            )
        if offset < 0:
            raise ValueError(
                f'the frame offset of {name!r} is {offset}; offsets count what comes before the '
                'first instant, so add the same number to all cameras until none is negative'
            )
    notes = []
    absent = [name for name in cameras if name not in files]
    if absent:
        notes.append(f'{where}: no pictures of {_listed(absent)}; going on with the others')
    names = tuple(files)
    videos = [name for name in names if is_video(files[name][0])]
    if videos and len(videos) < len(names):
        raise FileFormatError(
            f'{where}: {_listed(videos)} has a video and '
            f'{_listed([n for n in names if n not in videos])} images; give all cameras the same'
        )
    if videos:
        notes += _video_notes(files, offsets)
        return Footage(names, files, None, {}, offsets, tuple(notes))
    frames, places, said = _match_images(where, files, offsets)
    return Footage(names, files, frames, places, offsets, (*notes, *said))


def sized_by_pictures(rig: CameraRig, root: PathLike) -> CameraRig:
    """The rig, with image sizes that its calibration does not say taken from its pictures.

    Campus, Shelf and several tools say none.

    Args:
        rig: V cameras.
        root: Folder of the recording; a camera without pictures stays as it is.

    Raises:
        FileFormatError: None of a camera's pictures can be decoded.
        OSError: One cannot be read.
    """
    cameras = []
    for camera in rig:
        files = () if camera.size else pictures_of(Path(root), camera.name, rig.names)
        size = first_size(files)[1] if files else camera.size
        cameras.append(dataclasses.replace(camera, size=size))
    return dataclasses.replace(rig, cameras=tuple(cameras))


def decoded(picture: Picture) -> np.ndarray:
    """A picture as (H, W, 3) BGR uint8.

    Raises:
        FileFormatError: It cannot be decoded, or breaks off.
        OSError: It cannot be read.
        ValueError: It is an array that is no image.
    """
    return as_bgr(picture if isinstance(picture, np.ndarray) else decode_image(picture))


def frame_key(frame: Any) -> str:
    """A frame's name without leading zeros: '000100' and '100' are the same instant."""
    return str(frame).lstrip('0') or '0'


def frame_order(frame: Any) -> tuple:
    """Sorts frames' names: numbers first, by size."""
    number = whole_number(str(frame))
    return (1, 0, str(frame)) if number is None else (0, number, '')


def frames_of_images(paths: Sequence[Path], camera: str) -> list[str]:
    """The names of images' instants.

    These are the numbers at the end of the images' names (``img_000300``, Campus's
    ``campus4-c0-00300``), where each has one of its own, and the names otherwise. Images may
    repeat their camera's name: ``00_03/00_03_00004500.jpg``, as Panoptic's do.

    Raises:
        InputError: A name that counts is no Unicode text, so that no file could hold it.
    """
    own = f'{camera}_'
    stems = [path.stem[len(own) :] if path.stem.startswith(own) else path.stem for path in paths]
    if stems == [camera]:  # the only instant of a recording
        return ['0']
    ends = [re.search(r'\d+$', stem) for stem in stems]
    numbers = [frame_key(end[0]) for end in ends if end]
    if len(set(numbers)) == len(stems):
        return numbers
    for path in paths:
        check_unicode(path.stem, path)
    return [frame_key(stem) for stem in stems]


def frames_by_key(frames: Iterable[Any], where: PathLike) -> dict[str, Any]:
    """Frames by what :func:`frame_key` makes of their names.

    Args:
        frames: Names or numbers.
        where: Where they come from, for the message.

    Raises:
        FileFormatError: Two are the same frame, so that one would be lost.
    """
    known: dict[str, Any] = {}
    for frame in frames:
        other = known.setdefault(frame_key(frame), frame)
        if other is not frame:
            raise FileFormatError(
                f'{where}: {show(other)} and {show(frame)} are the same frame, since leading zeros '
                'do not count; rename or remove one of them',
                file=where,
                frame=str(frame),
                found=[other, frame],
            )
    return known


def by_instant(keypoints: _Keypoints, offsets: Mapping[str, int]) -> _Keypoints:
    """Keypoints named after the pictures of each camera, by instant.

    Args:
        keypoints: Frame to camera name to its people in 2D.
        offsets: Camera name to how many of its frames come before the first instant.

    Raises:
        FileFormatError: Two frames have the same number.
        ValueError: A frame that should be shifted has a name and no number.
    """
    if not any(offsets.values()):
        return keypoints
    known = frames_by_key(keypoints, 'the keypoints')
    keys = {key: keypoints[frame] for key, frame in known.items()}
    named = [key for key in keys if frame_order(key)[0]]
    if named:
        raise ValueError(
            f'frame offsets are given, but frame {named[0]!r} of the keypoints is no number that '
            'could be shifted; number the frames'
        )
    first = min(map(int, keys), default=0)
    shifted: dict[str, dict[str, Any]] = {}
    for key, views in keys.items():
        for camera, people in views.items():
            frame = int(key) - offsets.get(camera, 0)
            if frame >= first:
                shifted.setdefault(str(frame), {})[camera] = people
    return shifted


def _find(source: PathLike | Mapping[str, Any], cameras: Sequence[str]) -> dict[str, tuple]:
    """Camera name to its images or its one video."""
    found = {}
    for name in cameras:
        if isinstance(source, Mapping):
            paths = _given(name, source[name]) if name in source else ()
        else:
            paths = pictures_of(Path(source), name, cameras)
        if paths:
            found[name] = paths
    if isinstance(source, Mapping):
        unknown = [name for name in source if name not in cameras]
        if unknown:
            raise ValueError(
                f'pictures are given of {_listed(unknown)}, but the rig has {_listed(cameras)}'
            )
    elif not Path(source).is_dir():
        raise FileNotFoundError(f'{source}: no such folder')
    return found


def _given(name: str, pictures: Any) -> tuple[Path, ...]:
    if not isinstance(pictures, (str, Path)):
        return tuple(map(Path, pictures))
    path = Path(pictures)
    if path.is_dir():
        return pictures_of(path.parent, path.name, (path.name,))
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such video or folder of images, for camera {name!r}')
    return (path,)


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
            'go on. If they began at different moments, give --frame-offsets'
        )
    if len(set(rates.values())) > 1:
        notes.append(
            'the videos have different frame rates ('
            + ', '.join(f'{name}: {rate:g}' for name, rate in rates.items())
            + '), so frame n is not the same moment in all of them; convert them to one rate'
        )
    return notes


def _match_images(where: str, files: Mapping[str, Sequence[Path]], offsets: Mapping[str, int]):
    """Names of the instants, the images of each, and what there is to say."""
    by_name: dict[str, dict[str, Path]] = {}
    for name, paths in files.items():
        mine = by_name.setdefault(name, {})
        for frame, path in zip(frames_of_images(paths, name), paths):
            if frame in mine:
                raise FileFormatError(
                    f'{where}: {mine[frame].name} and {path.name} of camera {name!r} are the same '
                    'instant; leading zeros do not count, so rename or remove one'
                )
            mine[frame] = path
    counts = {name: len(paths) - offsets.get(name, 0) for name, paths in files.items()}
    told = ', '.join(f'{name}: {count}' for name, count in counts.items())
    shared = set.intersection(*map(set, by_name.values()))
    if shared and not offsets:
        frames = tuple(sorted(set().union(*by_name.values()), key=frame_order))
        lacking = {n: len(frames) - len(found) for n, found in by_name.items()}
        lacking = {name: count for name, count in lacking.items() if count}
        if not lacking:
            return frames, by_name, []
        note = f'{where}: of {len(frames)} instants some cameras lack an image ('
        note += ', '.join(f'{name}: {count}' for name, count in lacking.items())
        return frames, by_name, [f'{note}); these instants go on without them']
    if len(set(counts.values())) > 1 and not offsets:
        raise FileFormatError(
            f'{where}: no image name occurs for every camera, and the cameras have different '
            f'numbers of images ({told}), so nothing says which belong together; give the images '
            'of one instant the same name, or number them'
        )
    # The first camera that needs no shift lends its names.
    lender = next((name for name in files if name not in offsets), None)
    most = max(counts.values())
    names = list(by_name[lender])[:most] if lender else []
    names += [f'after_{index}' for index in range(len(names), most)] if names else []
    frames = tuple(names) or tuple(str(index) for index in range(most))
    places = {
        name: dict(zip(frames, list(found.values())[offsets.get(name, 0) :]))
        for name, found in by_name.items()
    }
    why = 'frame offsets are given' if offsets else 'no image name occurs for every camera'
    return frames, places, [f'{where}: {why}, so images belong together by their order ({told})']


def _listed(names: Sequence[str]) -> str:
    return ('cameras ' if len(names) > 1 else 'camera ') + ', '.join(map(repr, names))
