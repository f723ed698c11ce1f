"""Values in the text of a config, so that MMEngine reads just these values.

MMEngine replaces ``{{ fileDirname }}``, ``{{ _base_.x }}`` and ``{{ $VARIABLE:default }}`` in the
text of a config before Python reads it, within quotes too. A path or a name that holds such a
mark, or stands for one, could so become code. Hence every value is written by :func:`literal`,
which leaves no mark, and a config of ours finds its own folder by :data:`OWN_FOLDER`.
"""

from __future__ import annotations

import math
import numbers
from typing import Any, Mapping, Sequence

WIDTH = 100
# MMEngine compiles a config under its own path. The imports come after ``_base_``: MMEngine takes
# a config that begins with them for one of another kind.
OWN_FOLDER = 'os.path.dirname(inspect.currentframe().f_code.co_filename)'
OWN_FOLDER_IMPORTS = ('import inspect', 'import os')


def literal(value: Any) -> str:
    """Python source of plain data, in one line, that a config can hold.

    Args:
        value: None, bool, int, float, str, and lists, tuples and dicts of these, with str keys.

    Raises:
        TypeError: It is something else, or a number that Python source cannot state.
    """
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, str):
        # Python reads the same text, in which MMEngine finds no mark.
        return repr(str(value)).replace('{{', '{\\x7b')
    if isinstance(value, numbers.Integral):
        return repr(int(value))
    if isinstance(value, numbers.Real) and math.isfinite(value):
        return repr(float(value))
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return '{' + ', '.join(f'{literal(k)}: {literal(v)}' for k, v in value.items()) + '}'
    if isinstance(value, tuple):
        return '(' + ', '.join(map(literal, value)) + (',)' if len(value) == 1 else ')')
    if isinstance(value, list):
        return '[' + ', '.join(map(literal, value)) + ']'
    raise TypeError(f'a config cannot hold {value!r}')


def assigned(name: str, value: Any, indent: str = '') -> list[str]:
    """Lines ``name=value,`` of a call; a list that is too long for one line is wrapped.

    Args:
        name: The argument, an identifier.
        value: See :func:`literal`.
        indent: Stands before each line.
    """
    line = f'{indent}{name}={literal(value)},'
    if len(line) <= WIDTH or not isinstance(value, list):
        return [line]
    lines = _wrapped([f'{literal(item)},' for item in value], indent + '    ')
    return [f'{indent}{name}=[', *lines, f'{indent}],']


def _wrapped(words: Sequence[str], indent: str) -> list[str]:
    """Words in as few lines as they fit into; none is broken."""
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + 1 + len(word) <= WIDTH:
            lines[-1] += f' {word}'
        else:
            lines.append(indent + word)
    return lines
