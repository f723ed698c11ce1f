"""Config files of others: a warning before one is run, and a way to read one without.

A config is Python. One that only assigns numbers, texts and ``dict(...)`` of them, as those of
MMPose 0.x do, can be read as data.
"""

from __future__ import annotations

import ast
import importlib.util
import math
import os
import sys
from pathlib import Path
from typing import Any

from mmpose_ours import paths
from mmpose_ours.errors import PathLike

_MAX_LENGTH = 10_000  # of a text or list that is put together of two
_warned: set[Path] = set()


class NotDataError(Exception):
    """A config does more than to assign plain values."""


def warn_of_config(path: PathLike) -> None:
    """Say once on stderr that a config is run, unless it came with this package or MMPose.

    Args:
        path: A config file that is about to be read.
    """
    file = Path(path).resolve()
    if file in _warned or not file.is_file() or _is_installed(file):
        return
    _warned.add(file)
    if os.environ.get('RANK', os.environ.get('SLURM_PROCID', '0')) == '0':
        shown = str(path).encode('unicode_escape').decode('ascii')
        print(
            f'warning: {shown}: a config is a Python program and runs with your rights; use only '
            'those that you wrote or trust',
            file=sys.stderr,
        )


def _is_installed(file: Path) -> bool:
    spec = importlib.util.find_spec('mmpose')
    roots = [paths.share('configs').resolve()]
    if spec is not None and spec.origin is not None:
        roots.append(Path(spec.origin).resolve().parent)
    return any(root in file.parents for root in roots)


def read_config_data(path: PathLike) -> dict[str, Any]:
    """Read a config and its ``_base_`` without running them.

    Args:
        path: The config.

    Returns:
        What it assigns, merged into what its bases assign.

    Raises:
        NotDataError: It does more than to assign plain values.
        OSError: It cannot be read.
    """
    return _read(Path(path), 0)


def _read(path: Path, depth: int) -> dict[str, Any]:
    if depth > 5:
        raise NotDataError('bases of bases without end')
    try:
        tree = ast.parse(path.read_text(encoding='utf-8'))
        names: dict[str, Any] = {}
        for statement in tree.body:
            _assign(statement, names)
    except (SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, RecursionError,
            MemoryError) as error:  # fmt: skip
        raise NotDataError(f'{path}: {error}') from error
    bases = names.pop('_base_', [])
    merged: dict[str, Any] = {}
    for base in [bases] if isinstance(bases, str) else bases:
        if not isinstance(base, str) or '::' in base:
            raise NotDataError(f'{path}: a base that is no file')
        merged = _merge(_read(path.parent / base, depth + 1), merged)
    return _merge(names, merged)


def _assign(statement: ast.stmt, names: dict[str, Any]) -> None:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return  # a docstring
    if not isinstance(statement, ast.Assign):
        raise NotDataError(f'line {statement.lineno} is no assignment')
    value = _value(statement.value, names)
    for target in statement.targets:
        if not isinstance(target, ast.Name):
            raise NotDataError(f'line {statement.lineno} assigns to no name')
        names[target.id] = value


def _value(node: ast.AST, names: dict[str, Any]) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, (ast.List, ast.Tuple)):
        items = [_value(item, names) for item in node.elts]
        return items if isinstance(node, ast.List) else tuple(items)
    if isinstance(node, ast.Dict):
        if None in node.keys:
            raise NotDataError('a dictionary of others')
        return {_value(k, names): _value(v, names) for k, v in zip(node.keys, node.values) if k}
    if isinstance(node, ast.Name):
        return names[node.id]
    if isinstance(node, ast.Subscript):
        index: Any = node.slice
        if type(index).__name__ == 'Index':  # around it in Python 3.8
            index = index.value
        return _value(node.value, names)[_value(index, names)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == 'dict':
        if node.args:
            raise NotDataError('a dictionary of others')
        out: dict[str, Any] = {}
        for word in node.keywords:
            value = _value(word.value, names)
            out.update(value if word.arg is None else {word.arg: value})
        return out
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, names)
    if isinstance(node, ast.BinOp):
        return _combine(node.op, _value(node.left, names), _value(node.right, names))
    raise NotDataError(f'line {getattr(node, "lineno", "?")} is more than a value')


def _combine(operator: ast.operator, left: Any, right: Any) -> Any:
    numbers = all(type(side) in (int, float) for side in (left, right))
    if isinstance(operator, ast.Add) and type(left) is type(right) and type(left) in (str, list):
        if len(left) + len(right) > _MAX_LENGTH:
            raise NotDataError('a list that grows')
        return left + right
    if not numbers or not all(abs(side) < 1e15 for side in (left, right)):
        raise NotDataError('more than arithmetic')
    if isinstance(operator, ast.Add):
        return left + right
    if isinstance(operator, ast.Sub):
        return left - right
    if isinstance(operator, ast.Mult):
        return left * right
    if isinstance(operator, ast.Div):
        return left / right
    if isinstance(operator, ast.FloorDiv):
        return math.floor(left / right) if float in (type(left), type(right)) else left // right
    raise NotDataError('more than arithmetic')


def _merge(new: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    """A config merged into its base, as MMEngine and mmcv do it."""
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
