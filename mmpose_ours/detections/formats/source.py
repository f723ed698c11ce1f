"""What a user points at: a keypoint file, or a folder that a tool filled.

========================================== ====================================================
``<root>/<camera>/*.json``                 a folder per camera (``<camera>_json`` for some), a
                                           file per image
``<root>/<camera>_<number>.json``          likewise in one folder, also ``..._keypoints.json``
``<root>/<camera>.json``                   a file per camera, also alone in the camera's folder
``<file>.json``                            a file of all cameras, distinguished by image names
========================================== ====================================================

The same with any other ending: each reader says which its tool writes (``ENDINGS``), and gets a
source that sees files of these endings only. Some tools put their files one folder deeper, as
``<camera>/labels/``: these folders (:data:`INNER`) are looked into.
"""

from __future__ import annotations

import functools
import itertools
import re
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, Sequence

from mmpose_ours.errors import FileFormatError
from mmpose_ours.io.json_files import read_json
from mmpose_ours.io.parsers.pickles import read_pickle
from mmpose_ours.recordings.files import natural_key
from mmpose_ours.recordings.name_fits import spelling

# What tools append to the names of cameras and images.
_ENDING = re.compile(
    r'([_-](json|keypoints|results|predictions)|(\.\w{3,4})?\.predictions)$', re.IGNORECASE
)
# The name of one image's file: its camera's name, perhaps a word, and a number, or a time stamp in
# two parts.
_IMAGE = re.compile(
    r'(.*?)(?:(?:^|[_.-])(?:frame|image|img))?[_.-]?(\d{9,}\.\d+|[12]\d{9}_\d{9}|\d+)',
    re.IGNORECASE,
)
# Folders that tools make for their files in the folder that they are given.
INNER = ('predictions', 'labels', 'sep-json')


class Source:
    """A path, with what several readers ask of it, each looked up once.

    Args:
        path: A file or a folder.
        endings: Those of the files that count, in lower case.
    """

    def __init__(self, path: Path, endings: tuple[str, ...] = ('.json',)):
        self.path, self.endings = path, endings
        self._by_endings = {endings: self}

    def of(self, endings: tuple[str, ...]) -> Source:
        """The same path with the files of other endings, the same object for the same endings."""
        if endings not in self._by_endings:
            other = Source(self.path, endings)
            other._by_endings = self._by_endings
            self._by_endings[endings] = other
        return self._by_endings[endings]

    @functools.cached_property
    def data(self) -> Any:
        """The parsed JSON of a file.

        Raises:
            FileFormatError: It is no JSON.
        """
        return read_json(self.path)

    @functools.cached_property
    def pickled(self) -> Any:
        """The values of a pickle.

        Raises:
            FileFormatError: It is no pickle, or holds other things than plain values.
        """
        return read_pickle(self.path)

    @functools.cached_property
    def root(self) -> Path:
        """The folder that holds the files or the cameras' folders; of a file the file itself."""
        if self.path.is_dir() and not files_in(self.path, self.endings):
            filled = [path for path in folders_in(self.path) if self._files_of(path)]
            inner = [path for path in folders_in(self.path) if path.name in INNER]
            if filled == inner[:1] or not filled and len(inner) == 1:
                return next(iter(inner), self.path)
        return self.path

    @functools.cached_property
    def folders(self) -> dict[str, list[Path]]:
        """The files of each folder below, by the camera that the folder is named after.

        Raises:
            FileFormatError: Two folders are named after one camera.
        """
        files = {folder: self._files_of(folder) for folder in folders_in(self.root)}
        if not any(files.values()):
            files = self._one_deeper([*files])
        filled = ((plain_name(folder.name), folder) for folder in files if files[folder])
        return {camera: files[folder] for camera, folder in self._by_camera(filled).items()}

    @functools.cached_property
    def files(self) -> list[Path]:
        """The files right here."""
        return files_in(self.root, self.endings)

    @functools.cached_property
    def all_files(self) -> list[Path]:
        """The file, or the files here and in the folders below."""
        if self.path.is_file():
            return [self.path] if self.path.suffix.lower() in self.endings else []
        return [*self.files, *self._in_folders()]

    @functools.cached_property
    def sample(self) -> Any:
        """The first JSON that tells anything: images without people are skipped.

        None where there is nothing to look at.
        """
        if self.path.is_file():
            return self.data if self.path.suffix.lower() == '.json' else None
        content = None
        for file in self.all_files:
            content = read_json(file)
            if content and content != [[]]:
                break
        return content

    def images(self, wanted: Sequence[str] = ()) -> dict[str, list[Path]]:
        """Files of one image each, by camera; of one folder ``<camera>_<number>.json``.

        Names of nothing but a number are of the camera that their folder is named after. Names
        without a number, and those of all cameras that are wanted, are each of a camera with one
        image.

        Args:
            wanted: Names of cameras.

        Raises:
            FileFormatError: Some images lie in folders and some beside them.
        """
        files = [self.path] if self.path.is_file() else self.files
        if self.folders:
            loose = next((file for file in files if _IMAGE.fullmatch(plain_name(file.stem))), None)
            if loose is not None:
                raise self._clash(
                    'are images beside a folder and in one', loose, next(self._in_folders())
                )
            return self.folders
        cameras: dict[str, list[Path]] = {}
        stems = {spelling(plain_name(file.stem)) for file in files}
        alone = bool(wanted) and stems.issuperset(map(spelling, wanted))
        alone &= not all(stem.isdigit() for stem in stems)
        for file in files:
            stem = plain_name(file.stem)
            numbered = is_image_name(stem) and not alone
            camera = camera_in(stem) or folder_name(file) if numbered else stem
            cameras.setdefault(camera, []).append(file)
        return cameras

    def recordings(self, camera_of: Callable[[str], str] | None = None) -> dict[str, Path]:
        """Files of one camera each; of a single file the camera's name is ''.

        Args:
            camera_of: Makes the camera's name of a file's without its ending; None takes off what
                tools append.

        Raises:
            FileFormatError: Two files are named after one camera.
        """
        if self.path.is_file():
            return {'': self.path}
        if self.files:
            camera_of = camera_of or plain_name
            return self._by_camera((camera_of(file.stem), file) for file in self.files)
        # Perhaps it is not a camera's folder that was found, but the one to be named.
        alone = len(self.folders) == 1
        for camera, (first, *more) in self.folders.items():
            if more:
                fix = f'; or name the folder {first.parent.name!r}, of a file per camera' * alone
                what = f'are both of camera {camera!r}'
                raise self._clash(what, first, more[0], camera, fix)
        return {camera: files[0] for camera, files in self.folders.items()}

    def _files_of(self, folder: Path) -> list[Path]:
        """The files of a folder, or else of the folder that a tool made in it."""
        found = files_in(folder, self.endings)
        for name in INNER:
            found = found or files_in(folder / name, self.endings)
        return found

    def _one_deeper(self, folders: Sequence[Path]) -> dict[Path, list[Path]]:
        """The files of each camera's only folder, if it is called the same for all of them."""
        inner = {
            folder: [each for each in folders_in(folder) if files_in(each, self.endings)]
            for folder in folders
        }
        filled = {folder: found[0] for folder, found in inner.items() if len(found) == 1}
        alike = len({each.name for each in filled.values()}) == 1
        if not alike or any(len(found) > 1 for found in inner.values()):
            return {}
        return {folder: files_in(each, self.endings) for folder, each in filled.items()}

    def _in_folders(self) -> Iterator[Path]:
        return itertools.chain.from_iterable(self.folders.values())

    def _by_camera(self, named: Iterable[tuple[str, Path]]) -> dict[str, Path]:
        """Each camera's file or folder.

        Raises:
            FileFormatError: A camera has two, of which one would be lost.
        """
        found: dict[str, Path] = {}
        for camera, path in named:
            if found.setdefault(camera, path) != path:
                raise self._clash(f'are both of camera {camera!r}', found[camera], path, camera)
        return found

    def _clash(
        self, what: str, one: Path, other: Path, camera: str = '', fix: str = ''
    ) -> FileFormatError:
        paths = [str(path.relative_to(self.path)) for path in (one, other)]
        return FileFormatError(
            f'{self.path}: {paths[0]!r} and {paths[1]!r} {what}; remove or rename one of them{fix}',
            code='ambiguous',
            file=self.path,
            camera=camera or None,
            found=paths,
        )


def plain_name(name: str) -> str:
    """A camera's or image's name without what tools append: ``cam1`` of ``cam1_json``."""
    return _ENDING.sub('', name[len('results_') :] if name.startswith('results_') else name)


def is_image_name(stem: str) -> bool:
    """Whether the name of a file is that of one image: it ends with a number."""
    return _IMAGE.fullmatch(stem) is not None


def camera_in(stem: str) -> str:
    """The camera in the name of one image: ``cam1`` of ``cam1_000012`` and ``cam1_frame_12``."""
    parts = _IMAGE.fullmatch(stem)
    return parts[1] if parts else ''


def folder_name(file: Path) -> str:
    """The camera that a file's folder is named after, '' where there is none."""
    folder = file.absolute().parent
    return plain_name((folder.parent if folder.name in INNER else folder).name)


def folders_in(path: Path) -> list[Path]:
    """The folders right in a folder, in order; none of what is not a folder."""
    return sorted(inner for inner in path.iterdir() if inner.is_dir()) if path.is_dir() else []


def files_in(folder: Path, endings: tuple[str, ...]) -> list[Path]:
    """The files right in a folder, in order, hidden ones left out.

    Raises:
        FileFormatError: One is something else than a regular file.
    """
    if not folder.is_dir():
        return []
    found = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in endings and not path.name.startswith('.')
    ]
    for path in found:
        # A pipe in a folder from elsewhere never begins, and a link to a device never ends.
        if path.exists() and not path.is_file() and not path.is_dir():
            raise FileFormatError(
                f'{path}: is no regular file; remove it', code='file-format', file=path
            )
    return sorted(found, key=lambda path: (natural_key(path), path.name))
