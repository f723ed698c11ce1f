"""JSON calibrations against their published schemas, which stand in ``schemas/``.

This module does **not** judge whether the numbers make a rig: see
:mod:`mmpose_ours.calibration.check`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Sequence

from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.calibration.source import EXPORT_AGAIN
from mmpose_ours.errors import PathLike
from mmpose_ours.io.json_schema import Fault, first_fault, format_place, show

SCHEMA_DIR = Path(__file__).resolve().parent / 'schemas'

# A length, focal length or coefficient beyond this is a broken file in any unit.
LARGEST_NUMBER = 1e12


def schema_file(name: str) -> Path:
    """The published schema of one format, e.g. ``'panoptic'``."""
    return SCHEMA_DIR / f'{name}.schema.json'


def check_schema(
    data: Any,
    name: str,
    path: PathLike,
    camera_at: Callable[[Sequence[Any]], str | None] = lambda place: None,
) -> None:
    """Check parsed JSON against a published schema.

    Args:
        data: The parsed file.
        name: The schema's name: ``schemas/<name>.schema.json``.
        path: The file, for messages.
        camera_at: Tells the camera's name for a place in the file (keys and indices),
            or None.

    Raises:
        CalibrationError: Something breaks the schema, or a number is NaN, infinite or
            absurdly large; names file, camera and place, what was found and what was
            expected.
    """
    try:
        fault = first_fault(data, schema_file(name)) or _number_out_of_range(data)
    except RecursionError as error:
        raise CalibrationError(
            f'{path}: lists or objects are nested too deeply for a calibration; '
            'export the calibration again'
        ) from error
    if fault:
        camera = camera_at(fault.place)
        who = '' if camera is None else f'camera {camera!r}, '
        raise CalibrationError(
            f'{path}: {who}{format_place(fault.place)} {fault.found}, expected {fault.expected}; '
            f'{EXPORT_AGAIN}'
        )


def _number_out_of_range(data: Any) -> Fault | None:
    """Find the first number that JSON or geometry does not allow."""
    stack: list[tuple[tuple, Any]] = [((), data)]
    while stack:
        place, value = stack.pop()
        if isinstance(value, dict):
            stack.extend((place + (key,), child) for key, child in reversed(list(value.items())))
        elif isinstance(value, list):
            stack.extend((place + (i,), child) for i, child in reversed(list(enumerate(value))))
        elif isinstance(value, (int, float)) and not abs(value) <= LARGEST_NUMBER:
            expected = f'a finite number of at most {LARGEST_NUMBER:g}'
            return Fault(place, '', f'is {show(value)}', expected)
    return None
