"""Damaged and hostile variants of a JSON file: other kinds of values, other bytes."""

from __future__ import annotations

import json
import random
from typing import Any

_MARK = '@@mutation@@'
FRAGMENTS = [
    'null', 'true', 'false', '0', '-1', '1', '0.5', '-0.0', '1e30', '-1e300', '1e999', 'NaN',
    'Infinity', '-Infinity', '1' + '0' * 30, '1' + '0' * 400, '9' * 2000, '""', '"x"', '"0"',
    '"1;import os"', '"cam_b/7.jpg"', '"000007.jpg"', '"\\ud800"', '"\\u0000"', '"\\u001b[31m"',
    '"' + 'n' * 3000 + '"', '"' + '1' * 3000 + '"', '"²_²"', '[]', '{}', '[[]]', '[[[]]]', '[{}]',
    '[null]', '["x"]', '[1]', '[1, 2]', '[1, 2, 3]', '[[1, 2, 3]]', '[1, [2], 3]', '{"a": 1}',
    '{"a": 1, "a": 2}', '[' * 60 + ']' * 60, '[' * 2000 + ']' * 2000, '{"": []}', 'x', '',
]  # fmt: skip


def mutated(content: bytes, rng: random.Random) -> bytes:
    """One variant of a file.

    Args:
        content: Valid JSON.
        rng: Chooses.
    """
    if rng.random() < 0.15:
        return _other_bytes(content, rng)
    data = json.loads(content)
    places = list(_places(data))
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        holder, key = rng.choice(places)
        kind = rng.random()
        if kind < 0.7:
            holder[key] = _MARK
        elif kind < 0.8:
            holder[key] = json.loads(json.dumps(_get(*rng.choice(places))))
        elif kind < 0.9 and isinstance(holder, dict):
            holder[rng.choice(['', 'x', '0', '1', '01', 'frames', key.upper()])] = _get(holder, key)
        elif isinstance(holder, dict):
            holder.pop(key, None)
        elif len(holder) > key:
            holder.insert(key, holder[key])
    text = json.dumps(data)
    while f'"{_MARK}"' in text:
        text = text.replace(f'"{_MARK}"', rng.choice(FRAGMENTS), 1)
    if rng.random() < 0.03 and text.startswith('{'):  # a key twice
        text = text[:-1] + ', ' + text[1:]
    return text.encode()


def _places(data: Any) -> Any:
    """Everything that holds something, with the key or index of what it holds."""
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in items:
        yield data, key
        if isinstance(value, (dict, list)):
            yield from _places(value)


def _get(holder: Any, key: Any) -> Any:
    try:
        return holder[key]
    except (KeyError, IndexError):
        return None


def _other_bytes(content: bytes, rng: random.Random) -> bytes:
    damaged = bytearray(content)
    kind = rng.randrange(4)
    if kind == 0:
        return bytes(damaged[: rng.randrange(len(damaged))])
    for _ in range(rng.choice([1, 3, 20])):
        at = rng.randrange(len(damaged))
        if kind == 1:
            damaged[at] = rng.randrange(256)
        elif kind == 2:
            damaged[at:at] = rng.choice(
                [b'[', b']', b'{', b'}', b'"', b',', b'9' * 50, b'\\', b'-']
            )
        else:
            del damaged[at : at + rng.randrange(1, 40)]
        if not damaged:
            break
    return bytes(damaged)
