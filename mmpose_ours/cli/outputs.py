"""Refuses outputs of a command in the place of its inputs, or of each other."""

from __future__ import annotations

from pathlib import Path
from typing import Iterable

from mmpose_ours.errors import InputError, PathLike


def refuse_replaced(inputs: Iterable[PathLike | None], outputs: Iterable[PathLike | None]) -> None:
    """Refuse to write where something is read, or two outputs into one file.

    Args:
        inputs: Files and folders that are read; None stands for one that is not given.
        outputs: Files and folders that will be written; likewise.

    Raises:
        InputError: An output is an input or another output (``conflict``).
    """
    read = {Path(path).resolve() for path in inputs if path is not None}
    written: set[Path] = set()
    for path in outputs:
        if path is None:
            continue
        place = Path(path).resolve()
        if place in read:
            raise InputError(
                f'{path}: is read and would be replaced; name another place',
                code='conflict',
                file=path,
            )
        if place in written:
            raise InputError(
                f'{path}: is named for two outputs; give each a place of its own',
                code='conflict',
                file=path,
            )
        written.add(place)
