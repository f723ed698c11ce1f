"""Values, keys and lines of texts: JSON, records of a journal, and any other."""

from __future__ import annotations

import copy
import json
import re
import zlib
from typing import Any

from .plain import TOKENS, Rng, is_text, once, pick, structure

NUMBER = re.compile(rb'-?\d+\.?\d*(?:[eE][-+]?\d+)?')
WORD = re.compile(rb'[A-Za-z_]\w*')
# Checksum, number and frame, and what is known of the frame.
RECORD = re.compile(rb'[0-9a-f]{8} ((?:\d+ "[^"]*" )?)(\{.*)')
# What takes the place of a value of JSON.
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 1e308, float('nan'), float('inf'), -float('inf'), 10**400, 2**31,
    2**63, 2**64, -(2**63) - 1, 10**12, '', 'x', '0', 'nan', '1e999', '\x1b[2J', '\u202e', '\ud800',
    '__import__("os").system("touch executed")', '../x', 'a' * 5000, [], {}, [None], [[]], [[], []],
    {'': 0}, [[1, 2], [3]], [1, 'x'], ['x'] * 50, [0.5] * 999, {'a': {'a': {'a': {}}}},
)  # fmt: skip
# What stands for a value of JSON until the text is written, which takes tokens that are no values.
MARK = '@@mark@@'


@structure(is_text)
def text(content: bytes, rng: Rng) -> bytes | None:
    """A number, a word or a line of a text."""
    kind = int(rng.integers(5))
    if kind < 3:
        found = list((NUMBER if kind < 2 else WORD).finditer(content))
        if not found:
            return None
        hit = pick(found, rng)
        return content[: hit.start()] + pick(TOKENS, rng) + content[hit.end() :]
    lines = content.split(b'\n')
    a, b = (int(index) for index in rng.integers(len(lines), size=2))
    if kind == 3:
        lines[a], lines[b] = lines[b], lines[a]
    else:
        lines[a:a] = [lines[b]] * int(rng.integers(1, 4))
    return b'\n'.join(lines)


@structure(lambda content: content[:1] in (b'{', b'['))
def json_value(content: bytes, rng: Rng) -> bytes | None:
    """A value, a key or an item of JSON."""
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        return None
    holders: list[Any] = [[data]]
    for holder in holders:  # grows
        parts = holder.values() if isinstance(holder, dict) else holder
        holders += [part for part in parts if isinstance(part, (dict, list)) and part]
        if len(holders) > 20_000:
            break
    root, holder = holders[0], pick(holders, rng) if rng.random() < 0.7 else holders[-1]
    keys = list(holder) if isinstance(holder, dict) else range(len(holder))
    key = pick(keys, rng)
    kind = int(rng.integers(6))
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, dict):
        renamed = pick(('', 'x', '0', '00', '.x', '\x1b[2J', '../x', 'a' * 500), rng)
        holder[renamed] = holder.pop(key)
    elif kind == 2:
        if isinstance(holder, list):
            holder[key] = copy.deepcopy(pick(holders, rng))
    elif kind == 3 and isinstance(holder, list):
        holder[key:key] = [holder[key]] * int(rng.integers(1, 40))
    else:
        holder[key] = MARK if kind == 5 else pick(VALUES, rng)
    try:
        text = json.dumps(root[0] if root else None)
    except (ValueError, RecursionError):
        return None
    if kind == 2 and isinstance(holder, dict):  # the key twice
        found = f'{json.dumps(key)}: '
        text = text.replace(found, f'{found}0, {found}', 1)
    content = text.encode('utf-8', 'surrogatepass')
    return content.replace(b'"%s"' % MARK.encode(), pick(TOKENS, rng))


@structure(lambda content: RECORD.match(content) is not None)
def _journal(content: bytes, rng: Rng) -> bytes | None:
    """A record of a keypoint journal, with the checksums put right."""
    lines = content.splitlines(keepends=True)
    index, seed = int(rng.integers(len(lines))), 0
    for number, line in enumerate(lines):
        match = RECORD.match(line)
        if match is None:
            continue
        head, body = match[1], match[2]
        if number == index:
            if rng.random() < 0.7:
                body = json_value(body, rng) or body
            else:
                head = once(head + body, rng, body)
                body = b''
        body = head + body
        lines[number] = b'%08x %s\n' % (zlib.crc32(body, seed if number else 0), body)
        if not number:
            seed = zlib.crc32(lines[0])
    if rng.random() < 0.2:
        lines[index:index] = [pick(lines, rng)] * int(rng.integers(1, 20))
    return b''.join(lines)
