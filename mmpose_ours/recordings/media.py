"""The images or the video of every camera of a recording, by the cameras' names or much like them.

:mod:`mmpose_ours.recordings.files` says where they lie, and
:mod:`mmpose_ours.recordings.camera_names` which names mean which camera.
"""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path
from typing import Any, Mapping, Sequence

from mmpose_ours.errors import FileFormatError, InputError, PathLike
from mmpose_ours.recordings.camera_names import match_cameras, nothing_of
from mmpose_ours.recordings.endings import IMAGE_ENDINGS, UNREAD_ENDINGS, VIDEO_ENDINGS
from mmpose_ours.recordings.files import (
    MediaFolder,
    ending_rank,
    files_in,
    listed_cameras,
    media_of,
    owner_of,
)
from mmpose_ours.text import argument

# Of images of all cameras in one folder: the camera, and the number of the frame.
_NUMBERED = re.compile(r'(.+?)[_\-. ]+\d+')


@dataclasses.dataclass(frozen=True)
class Media:
    """The images or videos of a recording.

    Args:
        files: Camera name to its images or its one video, in the order of the cameras; only
            cameras that have any.
        names: Camera name to the name that its images, folder or video have.
        missing: Cameras without images.
        notes: Sentences on cameras that were matched by other names, and on those without images.
    """

    files: dict[str, tuple[Path, ...]]
    names: dict[str, str]
    missing: tuple[str, ...]
    notes: tuple[str, ...]


def find_media(
    source: PathLike | Mapping[str, Any],
    cameras: Sequence[str],
    rename: Mapping[str, str] | None = None,
    *,
    needed: bool = True,
) -> Media:
    """Find the images or the video of each camera.

    Args:
        source: See :func:`mmpose_ours.recordings.footage.open_footage`.
        cameras: Names of all cameras.
        rename: Name of images, of a folder or of a video to the camera that it is of, where the
            names do not tell, see :func:`mmpose_ours.recordings.camera_names.match_cameras`.
        needed: Whether at least one camera must have images.

    Raises:
        FileNotFoundError: A folder or file that is named is not there, or there are no images.
        FileFormatError: Images are there and no camera fits their names, or several do; or they
            are in a folder further down.
        InputError: Images are given of a camera that is none of these.
    """
    given = isinstance(source, Mapping)
    where = 'the images' if isinstance(source, Mapping) else os.fspath(source)
    file = None if given else where
    unread: list[Path] = []
    if isinstance(source, Mapping):
        by_name = {name: _given(name, images) for name, images in source.items()}
    else:
        root = Path(source)
        if not root.is_dir():
            raise FileNotFoundError(f'{root}: no such folder')
        own = MediaFolder(root, cameras)
        by_name = {name: files for name in cameras if (files := own.media(name))}
        if rename or len(by_name) < len(cameras):
            by_name.update(_other_names(root, by_name, cameras))
            unread = _unread(root)
    match = match_cameras(list(by_name), cameras, rename, where=where, file=file)
    if given and match.left:
        raise InputError(
            f'images are given of {listed_cameras(match.left)}, but the rig has '
            f'{listed_cameras(cameras)}',
            code='unknown-camera',
            camera=match.left[0],
            found=list(match.left),
            expected=list(cameras),
        )
    if needed and not match.cameras:
        if not given:
            _refuse_folder_above(Path(where), list(by_name), cameras)
        if match.left:
            raise nothing_of('images', match, f'{where}{_not_read(unread)}', file)
        raise FileNotFoundError(
            f'{where}: no images of {listed_cameras(cameras)}{_not_read(unread)}; name a folder of '
            'images (<camera>/) or a video (<camera>.mp4) after each camera of the calibration'
        )
    names = {camera: name for name, camera in match.cameras.items()}
    names = {camera: names[camera] for camera in cameras if camera in names}
    # Campus's folders are as usual as those of the names themselves.
    spelled = {n: c for n, c in match.spelled.items() if n != f'Camera{c}'}
    notes = [dataclasses.replace(match, spelled=spelled).note(where)]
    if match.missing and match.cameras:
        others = f'. There are also {_few(match.left)}: ' if match.left else ''
        others += f'say which is which with {argument("rename")}' if match.left else ''
        notes.append(
            f'{where}: no images of {listed_cameras(match.missing)}{_not_read(unread)}; going on '
            f'with the others{others}'
        )
    found = {camera: tuple(by_name[name]) for camera, name in names.items()}
    return Media(found, names, match.missing, tuple(filter(None, notes)))


def _other_names(
    root: Path, known: Mapping[str, Sequence[Path]], cameras: Sequence[str]
) -> dict[str, tuple[Path, ...]]:
    """What else there is in a recording's folder, under the names that it has."""
    used = {path for files in known.values() for path in files}
    found: dict[str, tuple[Path, ...]] = {}
    folders = sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith('.'))
    videos = sorted(files_in(root, VIDEO_ENDINGS), key=ending_rank)
    for folder in folders:
        found.setdefault(folder.name, tuple(files_in(folder, IMAGE_ENDINGS)))
    for name, images in _in_one_folder(root, cameras).items():
        found[name] = found.get(name) or images
    for video in videos:
        found[video.stem] = found.get(video.stem) or (video,)
    for folder in folders:
        found[folder.name] = found[folder.name] or tuple(files_in(folder, VIDEO_ENDINGS)[:1])
    return {
        name: files
        for name, files in found.items()
        if files and name not in known and not used.intersection(files)
    }


def _in_one_folder(root: Path, cameras: Sequence[str]) -> dict[str, tuple[Path, ...]]:
    """Images of all cameras in one folder, by what stands before their numbers."""
    found: dict[str, list[Path]] = {}
    names = frozenset(cameras)
    for path in files_in(root, IMAGE_ENDINGS):
        if owner_of(path.stem, names) is None:
            numbered = _NUMBERED.fullmatch(path.stem)
            found.setdefault(numbered[1] if numbered else path.stem, []).append(path)
    return {name: tuple(paths) for name, paths in found.items()}


def _refuse_folder_above(root: Path, found: Sequence[str], cameras: Sequence[str]) -> None:
    """Refuse a folder without images of the cameras, where a folder in it has them all.

    Raises:
        FileFormatError: So it is (``no-match``).
    """
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        inner = MediaFolder(folder, cameras)
        known = {name: files for name in cameras if (files := inner.media(name))}
        names = [*known, *_other_names(folder, known, cameras)]
        try:
            match = match_cameras(names, cameras, where=folder)
        except FileFormatError:
            continue
        if len(match.cameras) == len(cameras):
            raise FileFormatError(
                f'{root}: no images of {listed_cameras(cameras)} here, but in {folder.name!r}; '
                f'name that folder, {folder}',
                code='no-match',
                file=root,
                found=sorted(found),
                expected=str(folder),
            )


def _unread(root: Path) -> list[Path]:
    """Images and videos of endings that are not read."""
    places = [root, *(path for path in root.iterdir() if path.is_dir())]
    return [path for place in places for path in files_in(place, UNREAD_ENDINGS)]


def _not_read(unread: Sequence[Path]) -> str:
    """Words on files of endings that are not read; '' without any."""
    if not unread:
        return ''
    endings = sorted({path.suffix for path in unread})
    what = f'{unread[0].name} is' if len(unread) == 1 else f'{len(unread)} files are'
    return f' ({what} not read: convert {", ".join(endings)} to .mp4 or .jpg)'


def _few(names: Sequence[str], most: int = 20) -> str:
    return ', '.join(map(repr, names[:most])) + (', ...' if len(names) > most else '')


def _given(name: str, images: Any) -> tuple[Path, ...]:
    if not isinstance(images, (str, os.PathLike)):
        return tuple(map(Path, images))
    path = Path(images)
    if path.is_dir():
        return media_of(path.parent, path.name, (path.name,))
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such video or folder of images, for camera {name!r}')
    return (path,)
