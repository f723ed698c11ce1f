"""Files of the detector noise model: profiles of the package, and files of ``fit-noise``.

A file is JSON with the schema ``schemas/faults.schema.json``. Its key ``faults`` holds arguments of
:class:`~mmpose_ours.synthetic.DetectorNoise`; the other keys state their origin.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.json_files import read_json
from mmpose_ours.io.json_schema import first_fault

SHIPPED = Path(__file__).parent / 'profiles'
# Arguments that older files have under another name: old name to current name.
RENAMED = {
    'ghost_rate': 'false_positive_rate',
    'halves_share': 'split_share',
    'second_find_share': 'duplicate_share',
}
SCHEMA_FILE = Path(__file__).parents[1] / 'schemas' / 'faults.schema.json'


def profile_names() -> list[str]:
    """Names of the profiles in the package."""
    return sorted(path.stem for path in SHIPPED.glob('*.json'))


def read_profile(name_or_path: PathLike) -> tuple[Path, dict[str, Any]]:
    """Read the arguments of ``DetectorNoise`` from a file.

    Args:
        name_or_path: The name of a shipped profile, or a path.

    Returns:
        The file, and its arguments (the value of ``faults``).

    Raises:
        FileFormatError: The file violates the schema; names the place, what was found and expected.
        FileNotFoundError: Neither a profile nor a file has that name.
    """
    path = Path(name_or_path)
    if str(name_or_path) in profile_names():
        path = SHIPPED / f'{name_or_path}.json'
    elif not path.is_file():
        raise FileNotFoundError(
            f'{path}: neither a file nor a profile of the package '
            f'({", ".join(profile_names())}); measure yours with `mmpose-ours fit-noise`'
        )
    data = read_json(path)
    if isinstance(data, dict) and isinstance(data.get('faults'), dict):
        given = data['faults']
        # An old name beside its current name is not translated, so that the schema rejects it.
        old = {name: new for name, new in RENAMED.items() if new not in given}
        data['faults'] = {old.get(name, name): value for name, value in given.items()}
    try:
        fault = first_fault(data, SCHEMA_FILE)
    except RecursionError as error:
        raise FileFormatError(
            f'{path}: nested too deeply for a file of detector noise',
            code='limit-exceeded',
            file=path,
        ) from error
    if fault is not None:
        raise FileFormatError(
            f'{path}: {fault.json_path} {fault.found}, expected {fault.expected}; write it again '
            'with `mmpose-ours fit-noise`',
            code=fault.code,
            file=path,
            found=fault.value,
            expected=fault.expected,
        )
    return path, data['faults']
