"""Parsers of the kinds of text that calibrations are, by kind, within the limits.

Each takes the content, a function that counts parsed values and raises where they are too many, and
the path for messages. This module does **not** decide of what kind a file is.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, Callable

import numpy as np

from mmpose_ours.calibration.errors import check_limit
from mmpose_ours.calibration.parsing.toml_text import parse_toml
from mmpose_ours.calibration.parsing.xml_text import parse_xml
from mmpose_ours.calibration.parsing.yaml_text import parse_yaml
from mmpose_ours.io.json_files import parse_json
from mmpose_ours.io.limits import limits

_NOT_BRACKETS = bytes(set(range(256)) - set(b'[{]}'))
# Digits after which Python before 3.11 (and its first releases) take a square of their number.
_HUGE_NUMBER = re.compile(rb'(?<![\d_])[\d_]{4301}')
_UNBOUNDED_INT = not hasattr(sys, 'set_int_max_str_digits')


def parse(kind: str, content: bytes, count: Callable[[int], None], path: Path) -> Any:
    """Parse a content of one kind: json, toml, yaml, xml or pickle.

    Args:
        kind: Which of them.
        content: All of the file.
        count: Called with numbers of parsed values; raises where they are too many.
        path: The file.

    Raises:
        Exception: Whatever the parser raises, of which the caller makes a CalibrationError.
    """
    if _UNBOUNDED_INT and _HUGE_NUMBER.search(content):
        raise ValueError('a number of more than 4300 digits')
    return _PARSERS[kind](content, count, path)


def _json(content: bytes, count: Callable[[int], None], path: Path) -> Any:
    """JSON's parser is quick but counts nothing, so this is done before."""
    brackets = content.translate(None, _NOT_BRACKETS)
    opened = brackets.count(b'[') + brackets.count(b'{')
    count(content.count(b',') + opened)
    _check_depth(brackets[: 4 * opened])
    return parse_json(content, path)


def _toml(content: bytes, count: Callable[[int], None], path: Path) -> dict:
    _check_depth(content.translate(None, _NOT_BRACKETS))
    return parse_toml(content.decode('utf-8-sig'), count)


def _yaml(content: bytes, count: Callable[[int], None], path: Path) -> Any:
    return parse_yaml(content.decode('utf-8-sig'), count)


def _xml(content: bytes, count: Callable[[int], None], path: Path) -> Any:
    # An element's attributes are all there before they can be counted.
    check_limit('nodes', content.count(b'=') + content.count(b'<') // 2, 'values', path)
    return parse_xml(content, count)


def _pickle(content: bytes, count: Callable[[int], None], path: Path) -> Any:
    """Has limits of its own."""
    from mmpose_ours.io.parsers.pickles import parse_pickle

    return parse_pickle(content, path)


_PARSERS = {'json': _json, 'toml': _toml, 'yaml': _yaml, 'xml': _xml, 'pickle': _pickle}


def _check_depth(brackets: bytes) -> None:
    """Refuse more brackets within each other than any calibration has."""
    opens = np.isin(np.frombuffer(brackets, dtype=np.uint8), np.frombuffer(b'[{', dtype=np.uint8))
    depth = np.where(opens, np.int8(1), np.int8(-1)).cumsum(dtype=np.int32)
    if len(depth) and int(depth.max()) > limits().depth:
        raise ValueError(f'more than {limits().depth} lists or mappings within each other')
