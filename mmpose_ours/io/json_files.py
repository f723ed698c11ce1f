"""JSON files, read as data: each key once, no binary content, within limits of size and depth."""

from __future__ import annotations

import collections
import json
import re
from typing import Any

import numpy as np

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.disk.regular_files import read_regular
from mmpose_ours.io.limits import limits

# More digits than any float64 has; Python needs quadratic time for integers of many digits.
MAX_DIGITS = 1100
# Bytes that are looked at together, to bound the memory of doing so.
_CHUNK = 1 << 16
_STRING = re.compile(rb'"[^"]*"?')
# An escape sequence in a string; group 1 is a surrogate that is not one of a pair.
_ESCAPE = re.compile(
    rb'\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F])|.)',
    re.DOTALL,
)


def read_json(path: PathLike) -> Any:
    """Read a JSON file.

    Raises:
        FileFormatError: See :func:`parse_json`.
        LimitError: Likewise.
        OSError: It cannot be read, or is no regular file.
    """
    return parse_json(read_regular(path, 'json_bytes'), path)


def parse_json(content: bytes, path: PathLike) -> Any:
    """Parse the content of a JSON file.

    Args:
        content: The file's bytes.
        path: The file, for messages.

    Raises:
        FileFormatError: The content is no JSON, which names the line and column; an object
            holds a key twice, of which Python would keep the last; a text holds half of a
            surrogate pair, which nothing can write; or a number has thousands of digits.
        LimitError: The file is larger than ``json_bytes``, or lists and objects are nested
            deeper than ``depth``.
    """
    limits().check('json_bytes', len(content), 'bytes', path)
    _check_costs(content, path)
    try:
        return json.loads(content.decode('utf-8-sig'), object_pairs_hook=_object)
    except _RepeatedKeyError as error:
        raise FileFormatError(
            f'{path}: an object holds the key {error.args[0][:60]!r} twice, expected each key once',
            code='duplicate',
            file=path,
            found=error.args[0],
        ) from error
    except UnicodeDecodeError as error:
        raise FileFormatError(
            f'{path}: not valid JSON (no UTF-8 text but binary data)',
            file=path,
            expected='UTF-8 text',
        ) from error
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f'{path}: not valid JSON ({error})', file=path) from error


def _check_costs(content: bytes, path: PathLike) -> None:
    """Refuse what would take the parser, or a walk through its result, too long.

    Raises:
        FileFormatError: Too many digits, or half of a surrogate pair.
        LimitError: Nested too deeply.
    """
    bare = content
    if b'\\' in content:
        if b'\\u' in content and any(escape[1] for escape in _ESCAPE.finditer(content)):
            raise FileFormatError(
                f'{path}: a text holds half of a surrogate pair (\\ud800 to \\udfff); write the '
                'file again as UTF-8',
                code='cannot-express',
                file=path,
            )
        bare = _ESCAPE.sub(b'', content)
    bare = _STRING.sub(b'""', bare)
    depth = run = 0
    for start in range(0, len(bare), _CHUNK):
        part = np.frombuffer(bare, np.uint8, min(_CHUNK, len(bare) - start), start)
        level = np.cumsum(_nesting(part), dtype=np.int32)
        limits().check('depth', depth + int(level.max()), 'lists or objects in each other', path)
        depth += int(level[-1])
        others = np.flatnonzero((part < ord('0')) | (part > ord('9')))
        ends = np.concatenate([[-1 - run], others, [len(part)]])
        if (longest := int(np.diff(ends).max()) - 1) > MAX_DIGITS:
            raise FileFormatError(
                f'{path}: a number has {longest:,} digits or more, expected at most {MAX_DIGITS}; '
                'write it as a float',
                code='out-of-range',
                file=path,
                found=longest,
                expected=MAX_DIGITS,
            )
        run = int(ends[-1] - ends[-2]) - 1


def _nesting(part: np.ndarray) -> np.ndarray:
    """By how much each character of JSON without strings changes the depth: 1, 0 or -1."""
    # ASCII's brackets and braces differ in one bit.
    folded = part | 0x20
    return (folded == ord('{')).astype(np.int8) - (folded == ord('}'))


class _RepeatedKeyError(Exception):
    """Carries the key."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, each key once."""
    data = dict(pairs)
    if len(data) < len(pairs):
        counts = collections.Counter(key for key, _ in pairs)
        raise _RepeatedKeyError(max(counts, key=lambda key: counts[key]))
    return data
