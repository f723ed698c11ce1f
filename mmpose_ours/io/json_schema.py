"""JSON held against its published schema (draft 2020-12), with errors that a user can act on.

This module knows nothing of what a file is about: who reads it puts the file, the camera
and the next step around what :func:`first_fault` finds.
"""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any, NamedTuple, Sequence

_TYPE_NAMES = {
    'array': 'a list',
    'object': 'an object',
    'number': 'a number',
    'integer': 'a whole number',
    'string': 'a text',
}


class Fault(NamedTuple):
    """Where data break a schema.

    Args:
        place: Keys and indices that lead there.
        json_path: The same as JSONPath, ``$.frames['1'].a[0]``.
        found: What stands there, e.g. ``'has 2 values'``.
        expected: What the schema wants, e.g. ``'3'``.
        value: What stands there, as it is: a value, a length, an unknown key.
        code: One of :data:`mmpose_ours.errors.CODES`.
    """

    place: tuple
    json_path: str
    found: str
    expected: str
    value: Any = None
    code: str = 'file-format'


@functools.lru_cache(maxsize=None)
def load_schema(file: Path) -> dict:
    """A schema of this package."""
    return json.loads(file.read_text(encoding='utf-8'))


@functools.lru_cache(maxsize=None)
def validator(file: Path) -> Any:
    """The validator of ``jsonschema`` for a schema of this package."""
    import jsonschema  # late: most of this package needs no schema

    return jsonschema.Draft202012Validator(load_schema(file))


def first_fault(data: Any, file: Path) -> Fault | None:
    """The first place where parsed JSON breaks a schema, or None.

    Args:
        data: The parsed file.
        file: The schema, ``<name>.schema.json``.

    Raises:
        RecursionError: The data are nested too deeply.
    """
    error = next(validator(file).iter_errors(data), None)
    if error is None:
        return None
    if error.validator == 'oneOf' and {'type': 'null'} in error.validator_value:
        # Not null: the fault is what the other choice finds, deep in it or here.
        error = next((e for e in error.context if e.schema != {'type': 'null'}), error)
    place = tuple(error.absolute_path)
    found, expected = _explain(error, file)
    value, code = _plainly(error)
    return Fault(place, _json_path(place), found, expected, value, code)


def _json_path(place: Sequence[Any]) -> str:
    """A place as JSONPath; versions of ``jsonschema`` write keys that are no names differently."""
    text = '$'
    for step in place:
        if isinstance(step, int):
            text += f'[{step}]'
        elif re.fullmatch(r'[A-Za-z_]\w*', step, re.ASCII):
            text += f'.{step}'
        else:
            quoted = step.replace('\\', '\\\\').replace("'", "\\'")
            text += f"['{quoted}']"
    return text


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


def _explain(error: Any, file: Path) -> tuple[str, str]:
    """Say what a schema error found and what was expected."""
    rule, value, wanted = error.validator, error.instance, error.validator_value
    fields = [step for step in error.absolute_path if isinstance(step, str)]
    about = _title(file, fields[-1]) if fields else ''
    about = f' ({about})' if about else ''
    if rule == 'type':
        wanted = [wanted] if isinstance(wanted, str) else wanted
        kinds = ' or '.join(_TYPE_NAMES.get(kind, kind) for kind in wanted)
        return f'is {show(value)}', f'{kinds}{about}'
    if rule in ('required', 'dependentRequired'):
        names = wanted if rule == 'required' else sum(wanted.values(), [])
        missing = next(key for key in names if key not in value)
        title = _title(file, missing)
        return f'has no {missing!r}', f'{missing!r}' + (f' ({title})' if title else '')
    if rule == 'additionalProperties':
        known = error.schema.get('properties', {})
        other = next(key for key in value if key not in known)
        return f'has the unknown key {show(other)}', f'only {", ".join(map(repr, known))}'
    if rule == 'enum':
        return f'is {show(value)}', f'one of {", ".join(map(str, wanted))}{about}'
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
    name = file.name.split('.')[0]
    return f'is {show(value)}', f'what the schema {name!r} says{about}'


def _plainly(error: Any) -> tuple[Any, str]:
    """What a schema error found, as it is, and its code."""
    rule, value = error.validator, error.instance
    if rule in ('required', 'dependentRequired', 'minProperties'):
        return list(value), 'missing-value'
    if rule == 'additionalProperties':
        known = error.schema.get('properties', {})
        return next(key for key in value if key not in known), 'unknown-name'
    if rule in ('minItems', 'maxItems'):
        return len(value), 'wrong-shape'
    if rule in ('exclusiveMinimum', 'minimum', 'exclusiveMaximum', 'maximum'):
        return value, 'out-of-range'
    return value, 'unknown-name' if rule == 'enum' else 'file-format'


def _title(file: Path, field: str) -> str:
    """The short title of a camera's field, from the schema itself."""
    properties = load_schema(file).get('$defs', {}).get('camera', {}).get('properties', {})
    return properties.get(field, {}).get('title', '')
