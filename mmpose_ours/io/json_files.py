"""JSON files, read as data: each key once, no binary content, within limits of size."""

from __future__ import annotations

import collections
import json
from typing import Any

from mmpose_ours.errors import FileFormatError, PathLike


def read_json(path: PathLike) -> Any:
    """Read a JSON file.

    Raises:
        FileFormatError: See :func:`parse_json`.
        FileNotFoundError: There is no such file.
    """
    with open(path, 'rb') as file:
        return parse_json(file.read(), path)


def parse_json(content: bytes, path: PathLike) -> Any:
    """Parse the content of a JSON file.

    Args:
        content: The file's bytes.
        path: The file, for messages.

    Raises:
        FileFormatError: The content is no JSON, which names the line and column, or an
            object holds a key twice, of which Python would keep the last.
    """
    try:
        return json.loads(content.decode('utf-8-sig'), object_pairs_hook=_object)
    except _RepeatedKeyError as error:
        raise FileFormatError(
            f'{path}: an object holds the key {error.args[0]!r} twice, expected each key once'
        ) from error
    except UnicodeDecodeError as error:
        raise FileFormatError(f'{path}: not valid JSON (no UTF-8 text but binary data)') from error
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f'{path}: not valid JSON ({error})') from error


class _RepeatedKeyError(Exception):
    """Carries the key."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, each key once."""
    data = dict(pairs)
    if len(data) < len(pairs):
        counts = collections.Counter(key for key, _ in pairs)
        raise _RepeatedKeyError(max(counts, key=lambda key: counts[key]))
    return data
