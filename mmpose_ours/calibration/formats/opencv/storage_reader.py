"""OpenCV's FileStorage, read as data: YAML, XML and JSON become one kind of tree.

``cv2.FileStorage`` itself is not used for reading: broken files can crash or hang it.
This module knows matrices and names, but **not** which keys make a camera: see
:mod:`mmpose_ours.calibration.formats.opencv.file_storage` and
:mod:`mmpose_ours.calibration.formats.easymocap`.

Source: https://docs.opencv.org/4.x/da/d56/classcv_1_1FileStorage.html
"""

from __future__ import annotations

import collections
import re
from typing import Any, Sequence

import numpy as np

from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.calibration.parsing.file import EXPORT_AGAIN, File
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.geometry.rotations import from_vector

# A matrix of a camera in a sequence of an XML file stands at depth 5.
MAX_XML_DEPTH = 16
# A rotation matrix and a Rodrigues vector of one camera, each rounded to six digits,
# differ by less.
SAME_ROTATION = 1e-3

# What the first bytes of a storage show; other YAML is not parsed to be recognised.
_SIGNS = (b'%YAML', b'opencv', b'camera_matrix')
_INTEGER = re.compile(r'[-+]?\d{1,18}\Z')
_TOKEN = re.compile(r'"[^"]*"|\S+')


def may_be_storage(file: File) -> bool:
    """Tell from its first bytes whether a file can be a FileStorage."""
    return any(sign in file.head for sign in _SIGNS)


def read_storage(file: File) -> Node:
    """The content of a FileStorage of any syntax.

    Args:
        file: YAML, XML or JSON.

    Returns:
        A mapping; its matrices are mappings with ``rows``, ``cols`` and ``data``.

    Raises:
        CalibrationError: It is none of the three, or no mapping.
    """
    if file.kind == 'xml':
        root = file.xml
        if root.tag != 'opencv_storage':
            raise CalibrationError(
                f'{file.path}: its XML begins with <{_short(root.tag)}>, expected '
                f'<opencv_storage>; {EXPORT_AGAIN}',
                code='file-format',
                file=file.path,
                found=root.tag,
                expected='opencv_storage',
            )
        node = Node(_from_xml(root, file, 0), file.path)
    else:
        node = Node.of(file, 'yaml', 'json')
    if not isinstance(node.value, dict):
        node.fail('is no mapping', "OpenCV's FileStorage, which names its values")
    return node


def is_matrix(value: Any) -> bool:
    """Tell whether a parsed value is one of OpenCV's matrices.

    From version 5 on, arrays of one dimension have ``sizes`` in the place of rows and columns.
    """
    if not isinstance(value, dict) or 'data' not in value:
        return False
    return 'sizes' in value or ('rows' in value and 'cols' in value)


def find(node: Node, names: Sequence[str]) -> Node | None:
    """The entry of a mapping under the first of some lower-case names, in any case."""
    if not isinstance(node.value, dict):
        node.fail('is no mapping', "a camera's values by name")
    keys: dict[str, str] = {}
    for key in node.value:
        if isinstance(key, str):
            keys.setdefault(key.lower(), key)
    for name in names:
        found = node.get(keys[name]) if name in keys else None
        if found is not None:
            return found
    return None


def rotation(nodes: Sequence[Node | None]) -> np.ndarray | None:
    """One rotation out of its matrix, its Rodrigues vector or both.

    Args:
        nodes: 9 numbers, row by row, or 3; None are left out.

    Returns:
        (3, 3), from the matrix where there is one; None where nothing is given.

    Raises:
        CalibrationError: One has another number of values, or they contradict each other.
    """
    given = [(node, node.one_of((9, 3), 'rotation')) for node in nodes if node is not None]
    if not given:
        return None
    given.sort(key=lambda pair: -len(pair[1]))
    (first, values), others = given[0], given[1:]
    R = _matrix(values)
    for node, other in others:
        off = float(np.abs(_matrix(other) - R).max())
        if off > SAME_ROTATION:
            node.fail(
                f'contradicts {first.place[-1]!r} by {off:.3g}',
                'the same rotation in both forms',
                code='conflict',
                found=off,
                expected=SAME_ROTATION,
            )
    return R


def _matrix(values: np.ndarray) -> np.ndarray:
    return values.reshape(3, 3) if len(values) == 9 else from_vector(values)


def _from_xml(element: Any, file: File, depth: int) -> Any:
    """Mappings, sequences (``<_>`` for each entry), numbers and texts of an element."""
    if depth > MAX_XML_DEPTH:
        raise CalibrationError(
            f'{file.path}: <{_short(element.tag)}> is nested too deeply for a calibration; '
            f'{EXPORT_AGAIN}',
            code='limit-exceeded',
            file=file.path,
            found=depth,
            expected=MAX_XML_DEPTH,
        )
    children = list(element)
    if not children:
        return _from_text(element.text or '')
    values = [(child.tag, _from_xml(child, file, depth + 1)) for child in children]
    if all(tag == '_' for tag, _ in values):
        return [value for _, value in values]
    mapping = dict(values)
    if len(mapping) < len(values):
        tags = [tag for tag, _ in values]
        twice = collections.Counter(tags).most_common(1)[0][0]
        raise CalibrationError(
            f'{file.path}: <{_short(twice)}> stands twice in <{_short(element.tag)}>; '
            f'{EXPORT_AGAIN}',
            code='duplicate',
            file=file.path,
            found=twice,
        )
    return mapping


def _from_text(text: str) -> Any:
    """The value of an element without children; several words are a sequence."""
    values = [_from_word(word) for word in _TOKEN.findall(text)]
    return values[0] if len(values) == 1 else values or None


def _from_word(word: str) -> Any:
    if word.startswith('"'):
        return word.strip('"')
    if _INTEGER.match(word):
        return int(word)
    try:
        return float(word)
    except ValueError:
        return word


def _short(tag: str) -> str:
    return tag if len(tag) <= 40 else tag[:37] + '...'
