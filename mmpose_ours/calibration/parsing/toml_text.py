"""TOML: small files by the parser of the standard library, large ones of the plain layout only.

That parser takes microseconds for each value, and a square of the length of a dotted key, so
it gets files of 256 kB at most. A larger file is a rig of hundreds of cameras, which
is written by a program: sections of ``key = value`` with numbers, texts, true, false and lists of
them on one line. Those values are the same in JSON, whose parser is fast.

Source: https://toml.io/en/v1.0.0
"""

from __future__ import annotations

import json
import re
from typing import Any, Callable

MAX_GENERAL_BYTES = 256 * 10**3
# Parts of a key, such as the three of a.b.c.
MAX_PARTS = 16

# What TOML consists of, as far as it takes to see dotted keys, in which blanks may stand. Every
# character is of one token.
_TOKEN = re.compile(
    r"""(?P<other>\"{3}(?:[^"\\]|\\.|"(?!""))*(?:"{3})?|'{3}(?:[^']|'(?!''))*(?:'{3})?|\#[^\n]*)"""
    r"""|(?P<part>[A-Za-z0-9_-]+|[ \t]+|"(?:[^"\\\n]|\\.)*"?|'[^'\n]*'?)"""
    r"""|(?P<dot>\.)|[\s\S]""",
    re.DOTALL,
)
_HEADER = re.compile(r'\[((?:[A-Za-z0-9_-]+\.)*[A-Za-z0-9_-]+|"[^"\\]*")\]')
_ENTRY = re.compile(
    r'([A-Za-z0-9_-]+)[ \t]*=[ \t]*'
    r'("[^"\\]*"|true|false|[-0-9][0-9.eE+-]*|\[(?:[][0-9.eE+, \t-]|"[^"\\]*"|true|false)*\])'
)
_TRAILING_COMMA = re.compile(r',[ \t]*(?=\])')


def parse_toml(text: str, count: Callable[[int], None]) -> dict[str, Any]:
    """Parse TOML.

    Args:
        text: The file's content, at most 6 MB of it.
        count: Called with numbers of values, roughly, before they are built; raises where
            there are too many.

    Returns:
        The tables as dictionaries.

    Raises:
        ValueError: The text is no TOML, a key has too many parts, or a large file is not of the
            plain layout.
    """
    text = text.replace('\r\n', '\n')
    if len(text) > MAX_GENERAL_BYTES:
        return _parse_plain(text, count)
    if _most_dots(text) >= MAX_PARTS:
        raise ValueError(f'a key of more than {MAX_PARTS} parts')
    try:
        import tomllib  # Python 3.11
    except ImportError:
        import tomli as tomllib  # type: ignore[no-redef, import-not-found, unused-ignore]
    count(text.count(',') + text.count('\n'))
    return tomllib.loads(text)


def _most_dots(text: str) -> int:
    """How many dots a dotted key has, or what looks like one, at most."""
    most = dots = 0
    for token in _TOKEN.finditer(text):
        if token.lastgroup == 'dot':
            dots += 1
            most = max(most, dots)
        elif token.lastgroup != 'part':
            dots = 0
    return most


def _parse_plain(text: str, count: Callable[[int], None]) -> dict[str, Any]:
    """Sections of keys and values on one line each."""
    root: dict[str, Any] = {}
    table, named = root, set()
    for number, line in enumerate(text.split('\n'), start=1):
        line = line.strip(' \t')
        if not line or line.startswith('#'):
            continue
        count(1 + line.count(','))  # before the pattern, which keeps a state for each
        header, entry = _HEADER.fullmatch(line), _ENTRY.fullmatch(line)
        if header:
            if header[1] in named:
                raise ValueError(f'line {number}: the section {line[:40]} stands twice')
            named.add(header[1])
            table = _table(root, header[1], number)
        elif entry:
            key, value = entry.groups()
            if key in table:
                raise ValueError(f'line {number}: the key {key[:40]!r} stands twice in a section')
            table[key] = _value(value, number)
        else:
            raise ValueError(
                f'line {number}: a file of more than {MAX_GENERAL_BYTES // 1000} kB may hold only '
                '[section] and key = value lines, with numbers, texts, true, false and lists of '
                'them on one line'
            )
    return root


def _table(root: dict[str, Any], header: str, number: int) -> dict[str, Any]:
    table = root
    parts = [header[1:-1]] if header.startswith('"') else header.split('.')
    if len(parts) > MAX_PARTS:
        raise ValueError(f'line {number}: a key of more than {MAX_PARTS} parts')
    for part in parts:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise ValueError(f'line {number}: {part[:40]!r} is a value and a section')
    return table


def _value(text: str, number: int) -> Any:
    if '"' not in text:
        text = _TRAILING_COMMA.sub('', text)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f'line {number}: {error}') from error
