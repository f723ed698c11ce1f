"""YAML as plain data, built from the parser's events within limits of count and depth.

PyYAML's own constructors take ten times as long, follow aliases without bound and merge
mappings. Here an alias counts as often as it is used. Plain scalars mean what YAML 1.1 says, but
for dates, which stay texts.

Source: https://yaml.org/spec/1.1 and the resolvers of PyYAML.
"""

from __future__ import annotations

import re
from typing import Any, Callable, Iterator, NoReturn

from mmpose_ours.io.limits import limits

_TAG = 'tag:yaml.org,2002:'
_MAPPINGS = (_TAG + 'map', _TAG + 'opencv-matrix', _TAG + 'opencv-nd-matrix')
_COMMON_INT = re.compile(r'-?(?:0|[1-9][0-9]{0,17})')
_COMMON_FLOAT = re.compile(r'-?[0-9]{1,40}\.[0-9]{0,40}(?:[eE][-+][0-9]{1,5})?')
# No number has more; Python before 3.11 takes a square of the digits.
_LONGEST_NUMBER = 400


def parse_yaml(text: str, count: Callable[[int], None]) -> Any:
    """Parse one YAML document, OpenCV's dialect of it included.

    Args:
        text: The file's content.
        count: Called with the number of values before they are built; raises where there are too
            many.

    Returns:
        Plain data; an ``!!opencv-matrix`` is a dictionary with rows, cols, dt and data, an
        ``!!opencv-nd-matrix`` (arrays of one dimension, from OpenCV 5 on) one with sizes instead.

    Raises:
        ValueError: The text is no YAML, a mapping holds a key twice, or it uses tags, merge
            keys or aliases that are no plain data.
    """
    import yaml

    # OpenCV and Kalibr write a first line that is no YAML directive.
    text = re.sub(r'\A\s*%YAML[^\n]*', '', text)
    # libyaml's parser where PyYAML was built with it
    loader = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)
    if loader is yaml.SafeLoader:  # the parser in Python is twenty times slower
        count(len(text) // 4)
    try:
        return _Builder(yaml, yaml.parse(text, Loader=loader), count).document()
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


class _Builder:
    """Builds values of events."""

    def __init__(self, yaml: Any, events: Iterator[Any], count: Callable[[int], None]):
        self.yaml, self.events, self.count = yaml, events, count
        self.depth, self.nodes = 0, 0
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.known: dict[str, Any] = {}
        self.most = limits().depth

    def document(self) -> Any:
        """The only document; None of an empty file."""
        found, documents = None, 0
        for event in self.events:
            if isinstance(event, self.yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._fail(event, 'a second document')
                found = self.value(next(self.events))
        return found

    def value(self, event: Any) -> Any:
        """The value that an event begins."""
        if isinstance(event, self.yaml.AliasEvent):
            if event.anchor not in self.anchors:
                self._fail(event, 'an alias of something that is not complete before it')
            value, nodes = self.anchors[event.anchor]
            self._take(nodes)
            return value
        before = self.nodes
        self._take(1)
        if isinstance(event, self.yaml.ScalarEvent):
            value = self._scalar(event)
        else:
            self.depth += 1
            if self.depth > self.most:
                self._fail(event, f'more than {self.most} lists or mappings within each other')
            is_list = isinstance(event, self.yaml.SequenceStartEvent)
            value = self._list(event) if is_list else self._mapping(event)
            self.depth -= 1
        if event.anchor is not None:
            self.anchors[event.anchor] = value, self.nodes - before
        return value

    def _take(self, nodes: int) -> None:
        self.nodes += nodes
        self.count(nodes)

    def _list(self, event: Any) -> list:
        if event.tag not in (None, '!', _TAG + 'seq'):
            self._fail(event, f'a list with the tag {event.tag[:60]!r}')
        found = []
        for inside in self.events:
            if isinstance(inside, self.yaml.SequenceEndEvent):
                break
            found.append(self.value(inside))
        return found

    def _mapping(self, event: Any) -> dict:
        if event.tag not in (None, '!', *_MAPPINGS):
            self._fail(event, f'a mapping with the tag {event.tag[:60]!r}')
        found: dict = {}
        for inside in self.events:
            if isinstance(inside, self.yaml.MappingEndEvent):
                break
            key = self.value(inside)
            if isinstance(key, (list, dict)):
                self._fail(inside, 'a key that is a list or a mapping')
            if key == '<<':
                self._fail(inside, 'a merge key <<')
            # Larger ones can be chosen so that each is compared with all others.
            if type(key) is int and abs(key) >> 63:
                self._fail(inside, 'a key that is a number of more than 64 bits')
            if key in found:
                self._fail(inside, 'a key stands twice in one mapping')
            found[key] = self.value(next(self.events))
        return found

    def _scalar(self, event: Any) -> Any:
        text, tag = event.value, event.tag
        if tag is None and event.implicit[0]:
            if _COMMON_FLOAT.fullmatch(text):
                return float(text)
            if text not in self.known:
                self.known[text] = self._resolved(event, text)
            return self.known[text]
        if tag in (None, '!', _TAG + 'str'):
            return text
        return self._as(event, tag, text)

    def _resolved(self, event: Any, text: str) -> Any:
        """A plain scalar, by its form."""
        if _COMMON_INT.fullmatch(text):
            return int(text)
        resolvers = self.yaml.SafeLoader.yaml_implicit_resolvers
        for tag, form in resolvers.get(text[:1], ()) if len(text) <= _LONGEST_NUMBER else ():
            if form.match(text):
                return self._as(event, tag, text)
        return text

    def _as(self, event: Any, tag: str, text: str) -> Any:
        """A scalar of a tag."""
        kind = tag[len(_TAG) :] if tag.startswith(_TAG) else tag
        if kind in ('timestamp', 'value', 'merge', 'str'):
            return text
        make = {
            'int': self.yaml.SafeLoader.construct_yaml_int,
            'float': self.yaml.SafeLoader.construct_yaml_float,
            'bool': self.yaml.SafeLoader.construct_yaml_bool,
            'null': self.yaml.SafeLoader.construct_yaml_null,
        }.get(kind)
        if make is None or len(text) > _LONGEST_NUMBER:
            self._fail(event, f'a value with the tag {tag[:60]!r}')
        try:
            node = self.yaml.ScalarNode(tag, text, event.start_mark, event.end_mark)
            return make(self.yaml.SafeLoader(''), node)
        except (ValueError, KeyError, ArithmeticError, IndexError):
            self._fail(event, f'the text {text[:40]!r}, which is no {kind}')

    def _fail(self, event: Any, found: str) -> NoReturn:
        mark = event.start_mark
        raise ValueError(f'line {mark.line + 1}, column {mark.column + 1}: {found}')
