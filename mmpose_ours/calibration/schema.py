"""JSON files against their published schemas, with errors that a user can act on.

The schemas stand in ``schemas/`` (JSON Schema, draft 2020-12). This module does **not**
judge whether the numbers make a rig: see :mod:`mmpose_ours.calibration.check`.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any, Callable, Sequence

from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.files import PathLike

SCHEMA_DIR = Path(__file__).resolve().parent / 'schemas'

# A length, focal length or coefficient beyond this is a broken file in any unit.
LARGEST_NUMBER = 1e12

_TYPE_NAMES = {
    'array': 'a list',
    'object': 'an object',
    'number': 'a number',
    'integer': 'a whole number',
    'string': 'a text',
}


@functools.lru_cache(maxsize=None)
def load_schema(name: str) -> dict:
    """The published schema of one format, e.g. ``'panoptic'``."""
    return json.loads((SCHEMA_DIR / f'{name}.schema.json').read_text(encoding='utf-8'))


@functools.lru_cache(maxsize=None)
def _validator(name: str):
    import jsonschema  # late: a rig made in code needs no schema

    return jsonschema.Draft202012Validator(load_schema(name))


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
        error = next(_validator(name).iter_errors(data), None)
        broken = None if error is None else (tuple(error.absolute_path), *_explain(error, name))
        broken = broken or _number_out_of_range(data)
    except RecursionError as error:
        raise CalibrationError(
            f'{path}: lists or objects are nested too deeply for a calibration; '
            'export the calibration again'
        ) from error
    if broken:
        place, found, expected = broken
        camera = camera_at(place)
        who = '' if camera is None else f'camera {camera!r}, '
        raise CalibrationError(
            f'{path}: {who}{format_place(place)} {found}, expected {expected}; '
            'correct it or export the calibration again'
        )


def format_place(place: Sequence[Any]) -> str:
    """Write a place in a JSON file as people do: ``cameras[2].K[0][1]``."""
    text = ''
    for step in place:
        text += f'[{step}]' if isinstance(step, int) else f'.{step}'
    return text.lstrip('.') or 'the file'


def show(value: Any) -> str:
    """A found value, short enough for one sentence."""
    if isinstance(value, (list, tuple)):
        return f'a list of {len(value)}'
    if isinstance(value, dict):
        return 'an object'
    if value is None or isinstance(value, (bool, int, float, str)):
        try:
            text = json.dumps(value)
        except ValueError:  # a whole number of more digits than Python writes
            return 'a huge number'
        return text if len(text) <= 40 else text[:37] + '...'
    return f'a {type(value).__name__}'


def _explain(error, name: str) -> tuple:
    """Say what a schema error found and what was expected."""
    rule, value, wanted = error.validator, error.instance, error.validator_value
    fields = [step for step in error.absolute_path if isinstance(step, str)]
    about = _title(name, fields[-1]) if fields else ''
    about = f' ({about})' if about else ''
    if rule == 'type':
        wanted = [wanted] if isinstance(wanted, str) else wanted
        kinds = ' or '.join(_TYPE_NAMES.get(kind, kind) for kind in wanted)
        return f'is {show(value)}', f'{kinds}{about}'
    if rule in ('required', 'dependentRequired'):
        names = wanted if rule == 'required' else sum(wanted.values(), [])
        missing = next(key for key in names if key not in value)
        title = _title(name, missing)
        return f'has no {missing!r}', f'{missing!r}' + (f' ({title})' if title else '')
    if rule in ('minItems', 'maxItems'):
        bounds = [error.schema.get(bound) for bound in ('minItems', 'maxItems')]
        if bounds[0] == bounds[1]:
            return f'has {len(value)} values', f'{wanted}{about}'
        word = 'at least' if rule == 'minItems' else 'at most'
        return f'has {len(value)} values', f'{word} {wanted}{about}'
    if rule == 'minProperties':
        return 'is empty', f'at least {wanted} camera'
    if rule in ('exclusiveMinimum', 'minimum', 'exclusiveMaximum', 'maximum'):
        word = {'exclusiveMinimum': 'more than', 'minimum': 'at least',
                'exclusiveMaximum': 'less than', 'maximum': 'at most'}[rule]  # fmt: skip
        return f'is {show(value)}', f'{word} {wanted}{about}'
    if rule in ('minLength', 'pattern'):
        return f'is {show(value)}', f'a name{about}'
    return f'is {show(value)}', f'what the schema {name!r} says{about}'


def _title(name: str, field: str) -> str:
    """The short title of a camera's field, from the schema itself."""
    properties = load_schema(name).get('$defs', {}).get('camera', {}).get('properties', {})
    return properties.get(field, {}).get('title', '')


def _number_out_of_range(data: Any) -> tuple | None:
    """Find the first number that JSON or geometry does not allow."""
    stack: list[tuple[tuple, Any]] = [((), data)]
    while stack:
        place, value = stack.pop()
        if isinstance(value, dict):
            stack.extend((place + (key,), child) for key, child in reversed(list(value.items())))
        elif isinstance(value, list):
            stack.extend((place + (i,), child) for i, child in reversed(list(enumerate(value))))
        elif isinstance(value, (int, float)) and not abs(value) <= LARGEST_NUMBER:
            return place, f'is {show(value)}', f'a finite number of at most {LARGEST_NUMBER:g}'
    return None
