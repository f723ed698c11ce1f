"""The files of one calibration, and what a reader makes of them."""

from __future__ import annotations

import copy
import dataclasses
import os
from pathlib import Path
from typing import Iterator, Sequence, cast

from mmpose_ours.calibration.errors import CalibrationError, check_limit
from mmpose_ours.calibration.image_size import ImageSizes
from mmpose_ours.calibration.parsing.file import Budget, File
from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.rig import CameraRig

# What a file of one camera may end in.
_CAMERA_ENDINGS = ('.yml', '.yaml', '.xml', '.json', '.krtd')


@dataclasses.dataclass(frozen=True)
class Reading:
    """What a format's reader found.

    Args:
        rig: The calibrated cameras, lengths and axes as in the file.
        uncalibrated: Names of cameras that the file lists without a pose or a lens.
        notes: Sentences that a user should see, for example what the world's origin is.
        convention: What R and T mean in this file, where files of the format differ in that.
    """

    rig: CameraRig
    uncalibrated: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    convention: str = ''


class Source:
    """The files of one calibration.

    Args:
        paths: A file, the folder that holds one calibration's files, or several files.
        image_size: (width, height) in pixels that the user said, for formats whose
            intrinsics are relative to it; or by camera.
        extrinsics: What R is, of :data:`mmpose_ours.calibration.direction.CHOICES`, for formats
            that do not fix it; None where the user does not say.
        translation: What T is, likewise.
        any_direction: Whether any meaning of R and T will do.

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
    ):
        self.image_size, self.budget = image_size, Budget()
        self.extrinsics, self.translation = extrinsics, translation
        self.any_direction = any_direction
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
    """A folder's files, hidden ones left out; a file itself."""
    try:
        is_folder = path.is_dir()
    except ValueError:  # a null byte: the file says so
        is_folder = False
    if not is_folder:
        return [path]
    inside: list[Path] = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.name.startswith('.'):
                    # Those of ._ are the Finder's.
                    if entry.name.endswith(_CAMERA_ENDINGS) and entry.name[1] != '_':
                        hidden.append(entry.name)
                elif entry.is_file():
                    inside.append(path / entry.name)
                    check_limit('cameras', len(inside), 'files', path)
    except OSError as error:
        raise CalibrationError(
            f'{path}: cannot be read ({error.strerror}); check its permissions',
            code='no-data',
            file=path,
        ) from error
    if not inside:
        raise CalibrationError(
            f'{path}: is a folder without files; name the calibration itself',
            code='no-data',
            file=path,
        )
    return sorted(inside)


def _twice(files: Sequence[File]) -> Path | None:
    """A file that stands among the files twice."""
    seen = set()
    for file in files:
        place = os.path.realpath(file.path)
        if place in seen:
            return file.path
        seen.add(place)
    return None
