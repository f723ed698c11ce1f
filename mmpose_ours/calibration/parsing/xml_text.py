"""XML as elements, within limits of count and depth, no entities and no document type.

Expat feeds the standard library's own tree builder; each element and attribute is counted
before it is built.
"""

from __future__ import annotations

from typing import Any, Callable

from mmpose_ours.io.limits import limits


def parse_xml(content: bytes, count: Callable[[int], None]) -> Any:
    """Parse XML.

    Args:
        content: The file's bytes.
        count: Called with numbers of elements and attributes before they are built; raises where
            there are too many.

    Returns:
        The root, an :class:`xml.etree.ElementTree.Element`; names of a namespace begin with it
        in braces.

    Raises:
        ValueError: It is no XML, declares a document type, or is nested too deeply.
    """
    from xml.etree.ElementTree import TreeBuilder
    from xml.parsers import expat

    builder, most, depth = TreeBuilder(), limits().depth, 0
    parser = expat.ParserCreate(None, '}')
    parser.buffer_text = True

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > most:
            raise ValueError(f'nested too deeply: more than {most} elements within each other')
        count(1 + len(attributes))
        builder.start(_name(tag), {_name(key): value for key, value in attributes.items()})

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_name(tag))

    def doctype(*_: Any) -> None:
        raise ValueError('it declares a document type or entities')

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = doctype
    # All at once: Expat takes a square of the pieces of a long token.
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise ValueError(str(error)) from error
    return builder.close()


def _name(name: str) -> str:
    return '{' + name if '}' in name else name
