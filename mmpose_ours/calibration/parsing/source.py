"""The files of one calibration, and what a reader makes of them."""

from __future__ import annotations

import copy
import dataclasses
import os
from pathlib import Path
from typing import Iterator, Mapping, Sequence, cast

from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.calibration.image_size import ImageSizes
from mmpose_ours.calibration.parsing.file import Budget, File
from mmpose_ours.calibration.parsing.folders import files_below, files_of
from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.rig import CameraRig, list_names


@dataclasses.dataclass(frozen=True)
class Reading:
    """What a format's reader found.

    Args:
        rig: The calibrated cameras, lengths and axes as in the file.
        uncalibrated: Names of cameras that the file lists without a pose or a lens.
        notes: Sentences that a user should see, for example what the world's origin is.
        rigs: Where the file holds several rigs (of recordings, or people): the names of each
            one's cameras, of which those of one are to be taken.
        convention: What R and T mean in this file, where files of the format differ in that.
    """

    rig: CameraRig
    uncalibrated: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rigs: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    convention: str = ''


def note_left_out(names: Sequence[str], mark: str) -> tuple[str, ...]:
    """A note on cameras that a file lists and marks as not in use; nothing where there are none.

    Args:
        names: Their names.
        mark: What marks them, as the file has it.
    """
    if not names:
        return ()
    listed = list_names([repr(name) for name in names], 10)
    return (f'camera {listed}: marked {mark}, so left out; remove the mark to take it',)


class Source:
    """The files of one calibration.

    Args:
        paths: A file, the folder that holds one calibration's files, or several of either. Of a
            folder without files, the files of its folders are taken.
        image_size: (width, height) in pixels that the user said, for formats whose
            intrinsics are relative to it; or by camera.
        extrinsics: What R is, of :data:`mmpose_ours.calibration.direction.CHOICES`, for formats
            that do not fix it; None where the user does not say.
        translation: What T is, likewise.
        any_direction: Whether any meaning of R and T will do.
        any_pose: Whether cameras without a pose count too, for the formats that may hold such
            (OpenCV's files without one, which get the identity, and Anipose's with zeros).

    Raises:
        CalibrationError: A file is missing or too large, or a folder holds no file.
    """

    def __init__(
        self,
        paths: PathLike | Sequence[PathLike],
        image_size: ImageSizes | None = None,
        extrinsics: str | None = None,
        translation: str | None = None,
        any_direction: bool = False,
        any_pose: bool = False,
    ):
        self.image_size, self.budget = image_size, Budget()
        self.extrinsics, self.translation = extrinsics, translation
        self.any_direction, self.any_pose = any_direction, any_pose
        named = list(paths) if isinstance(paths, (list, tuple)) else [cast(PathLike, paths)]
        if not named:
            raise CalibrationError('no calibration file was named; name one', code='no-data')
        #: Hidden files of a folder that are named like a camera's, and were left out.
        self.hidden: list[str] = []
        self.files: tuple[File, ...] = tuple(
            File(path, self.budget) for name in named for path in _expanded(Path(name), self.hidden)
        )
        twice = _twice(self.files)
        if twice is not None:
            raise CalibrationError(
                f'{twice}: was named twice; name each file once', code='duplicate', file=twice
            )
        self._named = [Path(name) for name in named]
        # What messages call it
        self.path: PathLike = named[0] if len(named) == 1 else ', '.join(map(str, named))

    def __iter__(self) -> Iterator[File]:
        return iter(self.files)

    @property
    def paths(self) -> list[Path]:
        """Where the files lie."""
        return [file.path for file in self.files]

    def only(self, file: File) -> Source:
        """This source without its other files."""
        alone = copy.copy(self)
        alone.files, alone.path = (file,), file.path
        return alone

    def below(self) -> Source | None:
        """The files one level below the only folder that was named, if it holds folders too.

        Raises:
            CalibrationError: A folder cannot be read, or there are too many files.
        """
        if len(self._named) != 1 or not _is_folder(self._named[0]):
            return None
        deeper = copy.copy(self)
        deeper.hidden = []
        paths = files_below(self._named[0], deeper.hidden)
        deeper.files = tuple(File(path, self.budget) for path in paths)
        return deeper if paths and set(paths) != set(self.paths) else None

    @property
    def one(self) -> File:
        """The only file.

        Raises:
            CalibrationError: There are several.
        """
        if len(self.files) > 1:
            raise CalibrationError(
                f'{self.path}: {len(self.files)} files, but this format is one file; name only '
                'that one',
                code='ambiguous',
                file=self.path,
                found=[str(path) for path in self.paths],
            )
        return self.files[0]


def _expanded(path: Path, hidden: list[str]) -> list[Path]:
    """A folder's files; a file itself."""
    return files_of(path, hidden) if _is_folder(path) else [path]


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except ValueError:  # a null byte: the file says so
        return False


def _twice(files: Sequence[File]) -> Path | None:
    """A file that stands among the files twice."""
    seen = set()
    for file in files:
        place = os.path.realpath(file.path)
        if place in seen:
            return file.path
        seen.add(place)
    return None
