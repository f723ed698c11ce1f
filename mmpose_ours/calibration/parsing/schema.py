"""JSON calibrations against their published schemas, which stand in ``schemas/``.

This module does **not** judge whether the numbers make a rig: see
:mod:`mmpose_ours.calibration.checks.sanity`.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Callable, Sequence

from mmpose_ours.calibration.errors import CalibrationError, check_limit
from mmpose_ours.calibration.parsing.file import EXPORT_AGAIN
from mmpose_ours.errors import PathLike
from mmpose_ours.io.json_schema import Fault, first_fault, format_place, load_schema, show

SCHEMA_DIR = Path(__file__).resolve().parents[2] / 'schemas'

Check = Callable[[Any], bool]

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
    cameras = data.get('cameras') if isinstance(data, dict) and name == 'panoptic' else data
    check_limit(
        'cameras', len(cameras) if isinstance(cameras, (list, dict)) else 0, 'cameras', path
    )
    fault = _schema_fault(data, name) or _number_out_of_range(data)
    if fault:
        camera = camera_at(fault.place)
        who = '' if camera is None else f'camera {camera!r}, '
        raise CalibrationError(
            f'{path}: {who}{format_place(fault.place)} {fault.found}, expected {fault.expected}; '
            f'{EXPORT_AGAIN}',
            code=_code(fault, data),
            file=path,
            camera=camera,
            found=_value_at(data, fault.place),
            expected=fault.expected,
        )


def _value_at(data: Any, place: Sequence[Any]) -> Any:
    for step in place:
        data = data[step]
    return data


def _code(fault: Fault, data: Any) -> str:
    value = _value_at(data, fault.place)
    if _is_number(value) and not abs(value) <= LARGEST_NUMBER:
        return range_code(value)
    return 'file-format'


def range_code(number: Any) -> str:
    """The code of an error about a number that is none, infinite or far too large."""
    return 'out-of-range' if abs(number) < float('inf') else 'not-finite'


def _schema_fault(data: Any, name: str) -> Fault | None:
    """The first fault, by ``jsonschema``, which takes seconds for thousands of cameras.

    So it sees only the first camera that does not fit.
    """
    file = schema_file(name)
    fits, camera_fits = _checks(file)
    if fits(data):
        return None
    cameras = data.get('cameras') if isinstance(data, dict) else None
    if name == 'panoptic' and isinstance(cameras, list):
        wrong = next((i for i, camera in enumerate(cameras) if not camera_fits(camera)), None)
        if wrong is not None:
            fault = first_fault({**data, 'cameras': [cameras[wrong]]}, file)
            if fault and fault.place[:2] == ('cameras', 0):
                return fault._replace(place=('cameras', wrong, *fault.place[2:]))
            return fault
    if name == 'campus' and isinstance(data, dict):
        wrong = next((key for key, camera in data.items() if not camera_fits(camera)), None)
        if wrong is not None:
            return first_fault({wrong: data[wrong]}, file)
    return first_fault(data, file)


@functools.lru_cache(maxsize=None)
def _checks(file: Path) -> tuple[Check, Check]:
    """Whether a file, and whether one of its cameras, fits a schema."""
    schema = load_schema(file)
    return _check(schema, schema), _check(schema['$defs']['camera'], schema)


def _check(schema: dict, root: dict) -> Check:
    """A function that tells whether a value fits; knows what our schemas say.

    Raises:
        NotImplementedError: The schema says something else.
    """
    checks: list[Check] = []
    for word, wanted in schema.items():
        if word == '$ref':
            checks.append(_check(root['$defs'][wanted.rpartition('/')[2]], root))
        elif word == 'type':
            kinds = [wanted] if isinstance(wanted, str) else wanted
            checks += [_TYPES[kinds[0]]] if len(kinds) == 1 else [functools.partial(_any, kinds)]
        elif word in _WORDS:
            checks.append(functools.partial(_WORDS[word], wanted))
        elif word == 'properties':
            parts = {key: _check(part, root) for key, part in wanted.items()}
            checks.append(functools.partial(_properties, parts))
        elif word in ('items', 'additionalProperties'):
            kind = list if word == 'items' else dict
            checks.append(functools.partial(_all, kind, _check(wanted, root)))
        elif word not in ('title', 'description', '$schema', '$id', '$defs'):
            raise NotImplementedError(word)
    return checks[0] if len(checks) == 1 else lambda value: all(check(value) for check in checks)


def _properties(parts: dict[str, Check], value: Any) -> bool:
    return not isinstance(value, dict) or all(
        part(value[key]) for key, part in parts.items() if key in value
    )


def _all(kind: type, check: Check, value: Any) -> bool:
    inside = value.values() if isinstance(value, dict) else value
    return not isinstance(value, kind) or all(map(check, inside))


def _any(kinds: Sequence[str], value: Any) -> bool:
    return any(_TYPES[kind](value) for kind in kinds)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_TYPES: dict[str, Check] = {
    'array': lambda value: isinstance(value, list),
    'object': lambda value: isinstance(value, dict),
    'string': lambda value: isinstance(value, str),
    'number': _is_number,
    'integer': lambda value: _is_number(value) and (isinstance(value, int) or value.is_integer()),
}
# By word of JSON Schema: of what it wants and the value, whether the value fits.
_WORDS: dict[str, Callable[[Any, Any], bool]] = {
    'required': lambda wanted, value: not isinstance(value, dict) or value.keys() >= set(wanted),
    'dependentRequired': lambda wanted, value: (
        not isinstance(value, dict)
        or all(value.keys() >= set(others) for key, others in wanted.items() if key in value)
    ),
    'minItems': lambda wanted, value: not isinstance(value, list) or len(value) >= wanted,
    'maxItems': lambda wanted, value: not isinstance(value, list) or len(value) <= wanted,
    'minLength': lambda wanted, value: not isinstance(value, str) or len(value) >= wanted,
    'minProperties': lambda wanted, value: not isinstance(value, dict) or len(value) >= wanted,
    'minimum': lambda wanted, value: not _is_number(value) or value >= wanted,
    'maximum': lambda wanted, value: not _is_number(value) or value <= wanted,
    'exclusiveMinimum': lambda wanted, value: not _is_number(value) or value > wanted,
}


def _number_out_of_range(data: Any) -> Fault | None:
    """Find the first number that JSON or geometry does not allow."""
    if _in_range(data):
        return None
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


def _in_range(data: Any) -> bool:
    """Whether all numbers are allowed: the same without places, which take most of the time."""
    stack = [data]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
        elif isinstance(value, (int, float)) and not abs(value) <= LARGEST_NUMBER:
            return False
    return True
