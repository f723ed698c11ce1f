"""2D keypoints under the names of a rig's cameras.

The rule is that of :mod:`mmpose_ours.recordings.camera_names`.
"""

from __future__ import annotations

import itertools
from typing import Callable, Mapping, Sequence

from mmpose_ours.detections.arrays import ConvertedFrames, KeypointFrames, cameras_of
from mmpose_ours.detections.on_disk import StoredDetections
from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.numbers import whole_number
from mmpose_ours.recordings.camera_names import match_cameras, nothing_of
from mmpose_ours.recordings.name_errors import listed
from mmpose_ours.text import argument

# Names of frames that are looked at.
MOST_CAMERAS = 1000


def name_cameras(
    frames: KeypointFrames,
    cameras: Sequence[str],
    rename: Mapping[str, str] | None = None,
    path: PathLike | None = None,
    say: Callable[[str], None] = lambda note: None,
    every: bool = True,
) -> KeypointFrames:
    """The same keypoints under the names of a rig's cameras.

    Args:
        frames: frame -> camera -> people.
        cameras: Names of the rig's cameras; empty keeps the names, but for those of ``rename``.
        rename: Name there to the camera that it is.
        path: The file that they come from; None where they are in memory.
        say: Takes a sentence on names that were matched although they are spelled otherwise.
        every: Whether each of the cameras must occur there.

    Raises:
        FileFormatError: A camera has no keypoints, or several names fit one camera.
    """
    known = frames.cameras if isinstance(frames, StoredDetections) else cameras_of(frames)
    first = list(itertools.islice(frames, MOST_CAMERAS))
    names, note = names_of_cameras(known, cameras, rename, path, every, first)
    if note:
        say(note)
    return with_names(frames, names)


def names_of_cameras(
    known: Sequence[str],
    cameras: Sequence[str],
    rename: Mapping[str, str] | None = None,
    path: PathLike | None = None,
    every: bool = True,
    frames: Sequence[str] = (),
) -> tuple[dict[str, str], str]:
    """Name there to the name that it gets; and a sentence on names that differ, '' without any.

    Args:
        known: The names there.
        cameras: See :func:`name_cameras`, as for the rest.
        rename: Likewise.
        path: Likewise.
        every: Likewise.
        frames: Names of the first frames there.

    Raises:
        FileFormatError: As there, or the cameras are where the frames should be.
    """
    where = path or 'the keypoints'
    if not cameras:
        renames = rename or {}
        others = (name for name in known if name not in renames)
        cameras = list(dict.fromkeys([*renames.values(), *others]))
        _refuse_merged(known, renames, where, path)
    _refuse_exchanged(known, frames, cameras, where, path)
    match = match_cameras(known, cameras, rename, where=where, file=path)
    if every and match.missing:
        raise nothing_of('keypoints', match, where, path)
    # A name that became another camera's is no longer that of the camera whose name it was.
    kept = {name: name for name in match.left if name not in match.cameras.values()}
    replaced = [f'{name!r}' for name in match.left if name not in kept]
    note = match.note(where)
    if replaced:
        note += '; ' * bool(note) + (
            f'{where}: what is called {listed(replaced)} there is left out, since other names are '
            'said to be of these cameras'
        )
    return {**match.cameras, **kept}, note


def _refuse_merged(
    known: Sequence[str], renames: Mapping[str, str], where: PathLike, path: PathLike | None
) -> None:
    """Refuse a new name that another camera has and keeps.

    Raises:
        FileFormatError: So it is (``duplicate``).
    """
    for name, camera in renames.items():
        if name != camera and name in known and camera in known and camera not in renames:
            raise FileFormatError(
                f'{where}: {argument("rename", {name: camera})}, but {camera!r} is there, too; say '
                'also what that is, or choose another name',
                code='duplicate',
                file=path,
                camera=camera,
                found=[name, camera],
            )


def _refuse_exchanged(
    known: Sequence[str],
    frames: Sequence[str],
    cameras: Sequence[str],
    where: PathLike,
    path: PathLike | None,
) -> None:
    """Refuse a file whose frames are called as the cameras, and whose cameras are not.

    Raises:
        FileFormatError: So it is (``conflict``).
    """
    # Frames of numbers may be called as cameras of numbers by chance.
    named = cameras and all(whole_number(frame) is None for frame in cameras)
    if named and not set(cameras) & set(known) and set(cameras) <= set(frames):
        raise FileFormatError(
            f'{where}: the frames there are called {listed(frames)}, as the cameras are, and the '
            f'cameras {listed(known)}; exchange the two, so that each frame holds the people of '
            'each camera: {"frames": {"0": {"' + cameras[0] + '": [...]}}}',
            code='conflict',
            file=path,
            found=list(frames),
            expected=list(cameras),
        )


def with_names(frames: KeypointFrames, names: Mapping[str, str]) -> KeypointFrames:
    """Keypoints with other names of cameras; those of cameras that get none are left out."""
    if all(name == new for name, new in names.items()):
        return frames
    return ConvertedFrames(
        frames, lambda views: {names[n]: people for n, people in views.items() if n in names}
    )
