"""Reads configs as data: assignments of plain values, of which nothing is run.

Those of MMPose 0.x are such. This is not a way to build what a config of somebody else names:
``type='module.function'`` in it lets MMEngine's registries call any function.
"""

from __future__ import annotations

import ast
import itertools
import math
from pathlib import Path
from typing import Any, Iterator

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.disk.regular_files import open_regular

_MAX_LENGTH = 10_000  # of a text or list that is concatenated of two
_MAX_BASES = 5  # of a base of a base
_MAX_CONFIGS = 100
_MAX_BYTES = 10**6
_MAX_VALUES, _MAX_DEPTH = 100_000, 100


class NotDataError(FileFormatError):
    """A config does more than to assign plain values."""

    code = 'unsafe'


def read_config_data(path: PathLike) -> dict[str, Any]:
    """Read a config and its ``_base_`` without running them.

    Args:
        path: The config.

    Returns:
        What it assigns, merged into what its bases assign, as MMEngine and mmcv do it.

    Raises:
        NotDataError: It does more than to assign plain values.
        OSError: It cannot be read.
    """
    return _read(Path(path), 0, itertools.count(1))


def _parse(text: str, path: PathLike) -> dict[str, Any]:
    """The values that the text of a config assigns, without its bases.

    Args:
        text: Assignments of numbers, texts, lists, tuples and dictionaries.
        path: Where it comes from, for errors.

    Raises:
        NotDataError: It holds anything else.
    """
    names: dict[str, Any] = {}
    try:
        for statement in ast.parse(text).body:
            _assign(statement, names)
        _check_size(names)
    except NotDataError:
        raise
    except (SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, RecursionError,
            MemoryError) as error:  # fmt: skip
        raise NotDataError(
            f'{path}: the config is not plain data ({error}); expected assignments of numbers, '
            'texts, lists and dictionaries',
            code='file-format' if isinstance(error, SyntaxError) else None,
            file=path,
            found=str(error),
        ) from error
    return names


def _read(path: Path, depth: int, number: Iterator[int]) -> dict[str, Any]:
    if depth > _MAX_BASES or next(number) > _MAX_CONFIGS:
        raise NotDataError(
            f'{path}: more than {_MAX_BASES} configs based on each other, or {_MAX_CONFIGS} in all',
            code='limit-exceeded',
            file=path,
            expected=(_MAX_BASES, _MAX_CONFIGS),
        )
    with open_regular(path) as file:
        content = file.read(_MAX_BYTES + 1) or b''  # None of what would be waited for
    if len(content) > _MAX_BYTES:
        raise NotDataError(
            f'{path}: more than {_MAX_BYTES:,} bytes of a config',
            code='limit-exceeded',
            file=path,
            expected=_MAX_BYTES,
        )
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise NotDataError(
            f'{path}: not UTF-8 text ({error})', code='file-format', file=path, expected='UTF-8'
        ) from error
    names = _parse(text, path)
    bases = names.pop('_base_', [])
    merged: dict[str, Any] = {}
    for base in bases if isinstance(bases, (list, tuple)) else [bases]:
        if not isinstance(base, str) or '::' in base:
            shown = repr(base[:60]) if isinstance(base, str) else f'a {type(base).__name__}'
            raise NotDataError(
                f'{path}: _base_ is not a file: {shown}', code='file-format', file=path, found=base
            )
        merged = _merge(_read(path.parent / base, depth + 1, number), merged)
    return _merge(names, merged)


def _assign(statement: ast.stmt, names: dict[str, Any]) -> None:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return  # a docstring
    if not isinstance(statement, ast.Assign):
        raise ValueError(f'line {statement.lineno} is not an assignment')
    value = _value(statement.value, names)
    for target in statement.targets:
        if not isinstance(target, ast.Name):
            raise ValueError(f'line {statement.lineno} assigns to something other than a name')
        names[target.id] = value


def _value(node: ast.AST, names: dict[str, Any]) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, (ast.List, ast.Tuple)):
        items = [_value(item, names) for item in node.elts]
        return items if isinstance(node, ast.List) else tuple(items)
    if isinstance(node, ast.Dict):
        if None in node.keys:
            raise ValueError('** in a dictionary')
        keys = [_value(key, names) for key in node.keys if key]
        if not all(isinstance(key, (str, int, float, type(None))) for key in keys):
            raise ValueError('a key that is neither text nor number')
        return dict(zip(keys, (_value(value, names) for value in node.values)))
    if isinstance(node, ast.Name):
        return names[node.id]
    if isinstance(node, ast.Subscript):
        index: Any = node.slice
        if type(index).__name__ == 'Index':  # around it in Python 3.8
            index = index.value
        return _value(node.value, names)[_value(index, names)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == 'dict':
        return _dictionary(node, names)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, names)
    if isinstance(node, ast.BinOp):
        return _combine(node.op, _value(node.left, names), _value(node.right, names))
    raise ValueError(f'line {getattr(node, "lineno", "?")} is more than a value')


def _check_size(names: dict[str, Any]) -> None:
    """Refuse lists that hold each other so often that to walk through them takes for ever."""
    count, waiting = 0, [(value, 1) for value in names.values()]
    while waiting:
        value, depth = waiting.pop()
        inside = value.values() if isinstance(value, dict) else value
        if isinstance(value, (dict, list, tuple)):
            waiting += [(part, depth + 1) for part in inside]
        count += 1
        if count + len(waiting) > _MAX_VALUES or depth > _MAX_DEPTH:
            raise ValueError(f'more than {_MAX_VALUES:,} values, or {_MAX_DEPTH} in each other')


def _dictionary(node: ast.Call, names: dict[str, Any]) -> dict[str, Any]:
    """``dict(a=1, **b)``, or ``dict({'a b': 1})`` where a key is not an identifier."""
    out: dict[str, Any] = {}
    for argument in node.args:
        if len(node.args) > 1 or not isinstance(argument, ast.Dict):
            raise ValueError('dict() of something other than a dictionary')
        out.update(_value(argument, names))
    for word in node.keywords:
        value = _value(word.value, names)
        out.update(value if word.arg is None else {word.arg: value})
    return out


def _combine(operator: ast.operator, left: Any, right: Any) -> Any:
    if isinstance(operator, ast.Add) and type(left) is type(right) and type(left) in (str, list):
        if len(left) + len(right) > _MAX_LENGTH:
            raise ValueError(f'a text or list of more than {_MAX_LENGTH} entries')
        return left + right
    if isinstance(operator, ast.Mult) and isinstance(left, list) and type(right) is int:
        if len(left) * right > _MAX_LENGTH:
            raise ValueError(f'a list of more than {_MAX_LENGTH} entries')
        return left * right
    numbers = all(type(side) in (int, float) and abs(side) < 1e15 for side in (left, right))
    if numbers and isinstance(operator, ast.Add):
        return left + right
    if numbers and isinstance(operator, ast.Sub):
        return left - right
    if numbers and isinstance(operator, ast.Mult):
        return left * right
    if numbers and isinstance(operator, ast.Div):
        return left / right
    if numbers and isinstance(operator, ast.FloorDiv):
        return math.floor(left / right) if float in (type(left), type(right)) else left // right
    raise ValueError('more than arithmetic on numbers')


def _merge(new: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    out = dict(old)
    for key, value in new.items():
        if isinstance(value, dict):
            value = dict(value)
            replaces = value.pop('_delete_', False)
            there = out.get(key)
            if isinstance(there, dict) and not replaces:
                value = _merge(value, there)
        out[key] = value
    return out
