"""XML elements as :class:`Node`: attributes and text come out checked, errors name the place."""

from __future__ import annotations

from typing import Any, Iterator

from mmpose_ours.calibration.errors import check_limit
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.calibration.parsing.source import Source


class Element:
    """One element of an XML file, and where it stands.

    Args:
        xml: The parsed element.
        node: Its attributes as a mapping of texts, with the place and the camera.
    """

    def __init__(self, xml: Any, node: Node):
        self.xml, self.node = xml, node

    @classmethod
    def root_of(cls, source: Source) -> Element:
        """The root of the only file.

        Raises:
            CalibrationError: It is no XML.
        """
        xml = source.one.xml
        return cls(xml, Node(dict(xml.attrib), source.path, (xml.tag,)))

    def of_camera(self, name: str) -> Element:
        """The same element, known to belong to a camera."""
        return Element(self.xml, self.node.of_camera(name))

    def find(self, tag: str) -> Element | None:
        """The first child with a tag."""
        xml = self.xml.find(tag)
        return None if xml is None else self._child(xml, tag)

    def __getitem__(self, tag: str) -> Element:
        """The first child with a tag.

        Raises:
            CalibrationError: There is none.
        """
        found = self.find(tag)
        if found is None:
            self.node.fail(
                f'has no <{tag}>',
                f'<{tag}>',
                code='missing-value',
                found=[child.tag for child in self.xml][:100],
                expected=tag,
            )
        return found

    def all(self, tag: str) -> list[Element]:
        """The children with a tag, in order.

        Raises:
            CalibrationLimitError: There are more than a rig may have cameras.
        """
        found = self.xml.findall(tag)
        check_limit('cameras', len(found), f'<{tag}>', self.node.path)
        return [self._child(xml, tag, index) for index, xml in enumerate(found)]

    def within(self, tag: str, *groups: str) -> Iterator[Element]:
        """The elements with a tag here and inside ``groups`` in ``groups``, in file order.

        Raises:
            CalibrationLimitError: There are more than a rig may have cameras.
        """
        stack, found = [self], 0
        while stack:
            element = stack.pop()
            if element is not self and element.xml.tag == tag:
                found += 1
                check_limit('cameras', found, f'<{tag}>', self.node.path)
                yield element
                continue
            inside = [
                element._child(xml, xml.tag, index)
                for index, xml in enumerate(element.xml)
                if xml.tag == tag or xml.tag in groups
            ]
            stack.extend(reversed(inside))

    def text(self) -> Node:
        """Its text, without spaces around it."""
        text = (self.xml.text or '').strip()
        return Node(text, self.node.path, self.node.place, self.node.camera)

    def _child(self, xml: Any, *steps: Any) -> Element:
        place = (*self.node.place, *steps)
        return Element(xml, Node(dict(xml.attrib), self.node.path, place, self.node.camera))
