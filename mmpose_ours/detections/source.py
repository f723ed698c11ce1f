"""What a user points at: a keypoint file, or a folder that a tool filled.

========================================== ====================================================
``<root>/<camera>/*.json``                 a folder per camera (``<camera>_json`` for some), a
                                           file per image
``<root>/<camera>_<number>.json``          likewise in one folder, also ``..._keypoints.json``
``<root>/<camera>.json``                   a file per camera, also alone in the camera's folder
``<file>.json``                            a file of all cameras, told apart by image names
========================================== ====================================================
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

from mmpose_ours.io.json_files import read_json
from mmpose_ours.recordings import natural_key

# What tools append to the names of cameras and images.
_ENDING = re.compile(r'[_-](json|keypoints|results|predictions)$', re.IGNORECASE)


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
        """The JSON files of each folder below, by the camera that the folder is named after."""
        found = {}
        for folder in sorted(self.path.iterdir()) if self.path.is_dir() else ():
            files = _json_files(folder)
            if files:
                found[plain_name(folder.name)] = files
        return found

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
        for file in [*self.files, *sum(self.folders.values(), [])]:
            content = read_json(file)
            if content:
                break
        return content

    def images(self) -> dict[str, list[Path]]:
        """Files of one image each, by camera; of one folder ``<camera>_<number>.json``."""
        if self.folders:
            return self.folders
        cameras: dict[str, list[Path]] = {}
        for file in [self.path] if self.path.is_file() else self.files:
            stem = plain_name(file.stem)
            parts = re.fullmatch(r'(.*?)[_.-]?(\d+)', stem)
            cameras.setdefault(parts[1] if parts else stem, []).append(file)
        return cameras

    def recordings(self) -> dict[str, Path]:
        """Files of one camera each; of a single file the camera's name is ''."""
        if self.path.is_file():
            return {'': self.path}
        if self.files:
            return {plain_name(file.stem): file for file in self.files}
        return {camera: files[0] for camera, files in self.folders.items()}


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
    return sorted(found, key=lambda path: (natural_key(path), path.name))
