"""What a user points at: a keypoint file, or a folder that a tool filled.

========================================== ====================================================
``<root>/<camera>/*.json``                 a folder per camera (``<camera>_json`` for some), a
                                           file per image
``<root>/<camera>_<number>.json``          likewise in one folder, also ``..._keypoints.json``
``<root>/<camera>.json``                   a file per camera, also alone in the camera's folder
``<file>.json``                            a file of all cameras, distinguished by image names
========================================== ====================================================
"""

from __future__ import annotations

import functools
import itertools
import re
from pathlib import Path
from typing import Any, Iterable, Iterator

from mmpose_ours.errors import FileFormatError
from mmpose_ours.io.json_files import read_json
from mmpose_ours.recordings.files import natural_key

# What tools append to the names of cameras and images.
_ENDING = re.compile(r'[_-](json|keypoints|results|predictions)$', re.IGNORECASE)
# The name of one image's file: its camera's name and a number.
_IMAGE = re.compile(r'(.*?)[_.-]?(\d+)')


class Source:
    """A path, with what several importers ask of it, each looked up once.

    Args:
        path: A file or a folder.
    """

    def __init__(self, path: Path):
        self.path = path

    @functools.cached_property
    def data(self) -> Any:
        """The parsed JSON of a file.

        Raises:
            FileFormatError: It is no JSON.
        """
        return read_json(self.path)

    @functools.cached_property
    def folders(self) -> dict[str, list[Path]]:
        """The JSON files of each folder below, by the camera that the folder is named after.

        Raises:
            FileFormatError: Two folders are named after one camera.
        """
        folders = sorted(self.path.iterdir()) if self.path.is_dir() else []
        files = {folder: _json_files(folder) for folder in folders}
        filled = ((plain_name(folder.name), folder) for folder in folders if files[folder])
        return {camera: files[folder] for camera, folder in self._by_camera(filled).items()}

    @functools.cached_property
    def files(self) -> list[Path]:
        """The JSON files right here."""
        return _json_files(self.path)

    @functools.cached_property
    def sample(self) -> Any:
        """The first content that tells anything: images without people are skipped.

        None where there is nothing to look at.
        """
        if self.path.is_file():
            return self.data if self.path.suffix.lower() == '.json' else None
        content = None
        for file in itertools.chain(self.files, self._in_folders()):
            content = read_json(file)
            if content:
                break
        return content

    def images(self) -> dict[str, list[Path]]:
        """Files of one image each, by camera; of one folder ``<camera>_<number>.json``.

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
        for file in files:
            stem = plain_name(file.stem)
            parts = _IMAGE.fullmatch(stem)
            cameras.setdefault(parts[1] if parts else stem, []).append(file)
        return cameras

    def recordings(self) -> dict[str, Path]:
        """Files of one camera each; of a single file the camera's name is ''.

        Raises:
            FileFormatError: Two files are named after one camera.
        """
        if self.path.is_file():
            return {'': self.path}
        if self.files:
            return self._by_camera((plain_name(file.stem), file) for file in self.files)
        for camera, (first, *more) in self.folders.items():
            if more:
                raise self._clash(f'are both of camera {camera!r}', first, more[0], camera)
        return {camera: files[0] for camera, files in self.folders.items()}

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

    def _clash(self, what: str, one: Path, other: Path, camera: str = '') -> FileFormatError:
        paths = [str(path.relative_to(self.path)) for path in (one, other)]
        return FileFormatError(
            f'{self.path}: {paths[0]!r} and {paths[1]!r} {what}; remove or rename one of them',
            code='ambiguous',
            file=self.path,
            camera=camera or None,
            found=paths,
        )


def plain_name(name: str) -> str:
    """A camera's or image's name without what tools append: ``cam1`` of ``cam1_json``."""
    return _ENDING.sub('', name[len('results_') :] if name.startswith('results_') else name)


def _json_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    found = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() == '.json' and not path.name.startswith('.')
    ]
    for path in found:
        # A pipe in a folder from elsewhere never begins, and a link to a device never ends.
        if path.exists() and not path.is_file() and not path.is_dir():
            raise FileFormatError(
                f'{path}: is no regular file; remove it', code='file-format', file=path
            )
    return sorted(found, key=lambda path: (natural_key(path), path.name))
