"""Files in each other's place: what a refused file is, and which argument takes that."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any, Iterator, Sequence

from mmpose_ours.errors import InputError, LimitError

# Argument -> what it takes, as `mmpose-ours inspect` calls it.
TAKES = {
    'rig': 'calibration',
    'calibration': 'calibration',
    'camera_param_file': 'calibration',
    'keypoints': '2D keypoints',
    'source': '2D keypoints',  # of the command `keypoints` only
    'people': '3D poses',
    'pred': '3D poses',
    'predictions': '3D poses',
}
ARTICLES = {'calibration': 'a calibration', '3D poses': '3D poses', '2D keypoints': '2D keypoints'}
# Errors of files that are something else; they are looked at once more.
CODES = ('file-format', 'missing-value', 'no-data', 'unknown-name', 'wrong-shape', 'invalid-input')
MOST_BYTES = 200_000_000


def in_its_place(error: InputError, args: argparse.Namespace, argv: Sequence[str]) -> InputError:
    """An error that says what a file is, where it is known and another argument takes it.

    Args:
        error: Of a command that has refused a file.
        args: The command's parsed arguments.
        argv: What they were parsed from.

    Returns:
        That error, or ``error`` where its file is nothing else.
    """
    if isinstance(error, LimitError) or error.code not in CODES or error.file is None:
        return error
    names = [name for name, path in _files(args) if _same(path, error.file)]
    kind = kind_of(Path(error.file)) if names else None
    name = next((name for name in names if kind is not None and TAKES[name] != kind), None)
    if kind is None or name is None:
        return error
    due = ARTICLES[TAKES[name]]
    place = f'{error.file}: is a file of {kind}, but {_spelt(name, argv)} takes {due}'
    if kind == 'calibration':
        place = f'{error.file}: is a calibration, but {_spelt(name, argv)} takes {due}'
    others = [other for other, takes in TAKES.items() if takes == kind and hasattr(args, other)]
    hint = f'give {due} there'
    if others and getattr(args, others[0]) is None:
        hint = f'give it as {_spelt(others[0], argv)}'
    for other, path in _files(args):
        if other in others and kind_of(Path(path)) == TAKES[name]:
            hint = f"it and {os.fspath(path)} are in each other's place: exchange them"
    return error.reworded(
        InputError, f'{place}; {hint}', code='conflict', found=kind, expected=TAKES[name]
    )


def kind_of(path: Path) -> str | None:
    """Whether a file is a calibration, 2D keypoints or 3D poses; None where it is nothing such."""
    from mmpose_ours.workflows.inspection import inspect_path

    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            return None
        kinds = [finding.kind for finding in inspect_path(path).findings]
    except (InputError, OSError):
        return None
    return kinds[0] if kinds and kinds[0] in ARTICLES else None


def _files(args: argparse.Namespace) -> Iterator[tuple[str, Any]]:
    """The arguments that name one file, with it."""
    for name in TAKES:
        if name == 'source' and getattr(args, 'command', '') != 'keypoints':
            continue
        value = getattr(args, name, None)
        if isinstance(value, (list, tuple)) and len(value) == 1:
            value = value[0]
        if isinstance(value, (str, os.PathLike)):
            yield name, value


def _same(path: Any, file: str) -> bool:
    return os.path.normpath(os.fspath(path)) == os.path.normpath(file)


def _spelt(name: str, argv: Sequence[str]) -> str:
    """An argument as the command line has it: an option, or by its name in the usage."""
    option = '--' + name.replace('_', '-')
    given = any(word.partition('=')[0] == option for word in argv)
    return option if given or name == 'keypoints' else name.upper()
