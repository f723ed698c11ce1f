"""OpenCV's FileStorage as text, in YAML, XML or JSON, that ``cv2.FileStorage`` reads.

Numbers have all their digits. What is written is a tree: a mapping of keys to matrices
(arrays), whole numbers, texts, lists of texts, or lists of mappings.
"""

from __future__ import annotations

import html
import json
from typing import Any, Callable, Mapping

import numpy as np

from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.text import argument

_INDENT = '   '
NAME_CHARACTERS = frozenset('_-. ')


def check_names(rig: CameraRig, path: PathLike, title: str) -> None:
    """Refuse camera names that not every FileStorage parser reads back.

    Raises:
        CalibrationError: A name holds more than letters, digits and ``_ - .`` and spaces,
            or has spaces around it.
    """
    for name in rig.names:
        plain = all(letter.isalnum() or letter in NAME_CHARACTERS for letter in name)
        if not plain or name != name.strip():
            raise CalibrationError(
                f'{path}: camera {name!r} cannot be written by that name in {title}, which '
                'takes letters, digits, _ - . and inner spaces; rename it with '
                f'{argument("rename", {name: "NEW"})}',
                code='cannot-express',
                file=path,
                camera=name,
                found=name,
            )


def to_yaml(tree: Mapping[str, Any]) -> str:
    """A tree as OpenCV's YAML."""
    return '%YAML:1.0\n---\n' + ''.join(f'{line}\n' for line in _yaml(tree, ''))


def to_xml(tree: Mapping[str, Any]) -> str:
    """A tree as OpenCV's XML."""
    lines = ['<?xml version="1.0"?>', '<opencv_storage>', *_xml(tree), '</opencv_storage>']
    return ''.join(f'{line}\n' for line in lines)


def to_json(tree: Mapping[str, Any]) -> str:
    """A tree as OpenCV's JSON."""
    return json.dumps(_json(tree), indent=2, allow_nan=False, ensure_ascii=False) + '\n'


#: The writer by the ending of the file.
WRITERS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    '.yml': to_yaml,
    '.yaml': to_yaml,
    '.xml': to_xml,
    '.json': to_json,
}


def _yaml(tree: Mapping[str, Any], indent: str) -> list[str]:
    deeper = indent + _INDENT
    lines = []
    for key, value in tree.items():
        if isinstance(value, np.ndarray):
            lines.append(f'{indent}{key}: !!opencv-matrix')
            lines += _yaml({'rows': value.shape[0], 'cols': value.shape[1]}, deeper)
            lines += [f'{deeper}dt: d', f'{deeper}data: [ {_numbers(value, ", ")} ]']
        elif isinstance(value, list):
            lines.append(f'{indent}{key}:')
            for item in value:
                if isinstance(item, str):
                    lines.append(f'{deeper}- "{item}"')
                else:
                    lines += [f'{deeper}-', *_yaml(item, deeper + _INDENT)]
        else:
            lines.append(f'{indent}{key}: {_scalar(value)}')
    return lines


def _xml(tree: Mapping[str, Any]) -> list[str]:
    lines = []
    for key, value in tree.items():
        if isinstance(value, np.ndarray):
            lines.append(f'<{key} type_id="opencv-matrix">')
            lines += _xml({'rows': value.shape[0], 'cols': value.shape[1]})
            lines += ['<dt>d</dt>', f'<data>{_numbers(value, " ")}</data></{key}>']
        elif isinstance(value, list):
            lines.append(f'<{key}>')
            for item in value:
                if isinstance(item, str):
                    lines.append(f'<_>{html.escape(_scalar(item), quote=False)}</_>')
                else:
                    lines += ['<_>', *_xml(item), '</_>']
            lines.append(f'</{key}>')
        else:
            lines.append(f'<{key}>{html.escape(_scalar(value), quote=False)}</{key}>')
    return lines


def _json(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        rows, cols = value.shape
        data = value.ravel().tolist()
        return {'type_id': 'opencv-matrix', 'rows': rows, 'cols': cols, 'dt': 'd', 'data': data}
    if isinstance(value, list):
        return [_json(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _json(item) for key, item in value.items()}
    return value


def _scalar(value: Any) -> str:
    """Texts in quotes: OpenCV takes a bare ``1`` for a number."""
    return f'"{value}"' if isinstance(value, str) else str(value)


def _numbers(matrix: np.ndarray, separator: str) -> str:
    return separator.join(_number(value) for value in matrix.ravel().tolist())


def _number(value: float) -> str:
    """All digits, and the point without which YAML takes ``1e-05`` for a text."""
    text = repr(value)
    return text if '.' in text else text.replace('e', '.e')
