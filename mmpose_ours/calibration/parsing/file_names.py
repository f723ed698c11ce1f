"""Names of cameras from the files that hold one each."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.errors import PathLike


def name_by_file(paths: Sequence[Path], where: PathLike) -> list[str]:
    """A name for the camera of each file: what distinguishes the files.

    That is the name of the file without its ending, of its folder where all files are called
    alike (``Cam0/camera.xml``), else both (``Cam0_left`` of ``Cam0/left.xml``).

    Args:
        paths: A file for each camera.
        where: What messages call them together.

    Raises:
        CalibrationError: Neither distinguishes the files.
    """
    stems = [path.stem for path in paths]
    folders = [path.resolve().parent.name for path in paths]
    both = [f'{folder}_{stem}' for folder, stem in zip(folders, stems)]
    for names in (stems, folders, both):
        if len(set(names)) == len(names):
            return names
    twice = next(name for name in both if both.count(name) > 1)
    raise CalibrationError(
        f'{where}: two files or more would be camera {twice!r}; name each file after its camera',
        code='ambiguous',
        file=where,
        camera=twice,
        found=[str(path) for path in paths],
    )
