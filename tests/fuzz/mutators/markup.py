"""Keys, values, elements and indentation of TOML, YAML and XML."""

from __future__ import annotations

import copy
import json
import re
import xml.etree.ElementTree as ET

import yaml

from .plain import TOKENS, Rng, is_text, pick, structure
from .texts import json_value

TOML_VALUES = (
    b'{}', b'[]', b'{a.b.c = 1}', b'[[[[1]]]]', b'1979-05-27T07:32:00Z', b'07:32:00', b'0xff',
    b'1_000',
    b'inf', b'-nan', b"'''a\nb'''", b'"""a\nb"""', b'"\\u0000"', b'"\\ud800"',
    b'[1, "x", {a = 1}]',
    b'true', b'[[1, 2], [3]]', b'9' * 5000, b'1e999', b'[' * 200 + b']' * 200, b'{a = ' * 150,
    b'[' + b'[0.5, 0.5],' * 500 + b']', b"'x'", b'"\x1b[2J"',
)  # fmt: skip
TOML_KEYS = (
    b'a.b.c', b'""', b"'x y'", b'"\\u0000"', b'a.' * 300 + b'a', b'0', b'-', b'..', b'a b',
    b'x' * 5000,
)  # fmt: skip
YAML_VALUES = (
    b'*a', b'&a [1, 2]', b'&a {b: *a}', b'!!python/object/apply:os.system ["touch executed"]',
    b'!!python/name:os.system', b'!!binary aGVsbG8=', b'!!set {a, b}', b'!!timestamp 2001-01-01',
    b'!!opencv-matrix', b'!!float x', b'!!int ""', b'!!map []', b'2001-12-14t21:59:43.10-05:00',
    b'1:1:1', b'0o17', b'0b' + b'1' * 3000, b'.inf', b'.nan', b'~', b'yes', b'|\n  a\n b',
    b'>\n a',
    b'[' * 200 + b']' * 200, b'{? [a]: b}', b'? a', b'{<<: {a: 1}}', b'"\\0"', b'"\\ud800"',
    b'%', b'@x',
    b'[1, [2], {a: b}]', b'9' * 5000, b'1' + b':1' * 500, b'!!omap [a: 1]', b'!!pairs [a: 1]',
    b'- -',
)  # fmt: skip
XML_HEADS = (
    b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
    b'<!DOCTYPE x SYSTEM "file:///etc/passwd">',
    b'<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>',
    b'<?xml version="1.0" encoding="utf-16"?>',
    b'<?xml version="1.0" encoding="utf-7"?>',
    b'<?xml version="1.1"?>',
    b'<?x y?>' * 50,
    b'<!-- x -->' * 50,
    b'\xef\xbb\xbf',
    b'\xff\xfe',
)
TOML_LINE = re.compile(rb'^[ \t]*(\[[^\]\n]*\]+|[\w."\'-]+[ \t]*=.*)$', re.MULTILINE)
YAML_LINE = re.compile(rb'^( *)((?:- )*)([\w<"\'.-]+):( .*)?$', re.MULTILINE)


def _is_toml(content: bytes) -> bool:
    return is_text(content) and content[:1] != b'{' and len(TOML_LINE.findall(content)) > 2


@structure(_is_toml)
def _toml(content: bytes, rng: Rng) -> bytes | None:
    """A header of a table, a key or a value of TOML."""
    found = list(TOML_LINE.finditer(content))
    if not found:
        return None
    hit, change = pick(found, rng), int(rng.integers(7))
    line = hit[0]
    key, equals, value = line.partition(b'=')
    if change == 0:  # twice
        line = b'\n'.join([line] * int(rng.integers(2, 9)))
    elif change == 1:  # below another table
        line = b''
        at = pick(found, rng).end()
        if at > hit.end():
            content = content[:at] + b'\n' + hit[0] + content[at:]
    elif not equals:
        other = pick(TOML_KEYS, rng)
        headers = (b'[%s]', b'[[%s]]', b'[%s.x]', b'[x.%s]')
        line = pick(headers, rng) % (other if change < 4 else line.strip(b' []'))
    elif change < 4:
        line = pick(TOML_KEYS, rng) + b' =' + value
    elif change == 4:
        line = key + b'.' + pick(TOML_KEYS, rng) + b' =' + value
    else:
        line = key + b'= ' + pick(TOML_VALUES if change == 5 else TOKENS, rng)
    return content[: hit.start()] + line + content[hit.end() :]


def _is_yaml(content: bytes) -> bool:
    return is_text(content) and content[:1] not in (b'{', b'[', b'<') and bool(
        YAML_LINE.search(content)
    )  # fmt: skip


@structure(_is_yaml)
def _yaml(content: bytes, rng: Rng) -> bytes | None:
    """A key, a value or the indentation of a line of YAML, or a value anywhere."""
    change = int(rng.integers(8))
    if change == 0:  # JSON is YAML; tags of OpenCV are not loaded
        if b'&' in content:  # aliases of aliases would be written out
            return None
        try:
            plain = json.dumps(yaml.safe_load(content)).encode()
        except (yaml.YAMLError, TypeError, ValueError, RecursionError):
            return None
        return json_value(plain, rng)
    found = list(YAML_LINE.finditer(content))
    if not found:
        return None
    hit = pick(found, rng)
    indent, dashes, key, value = hit[1], hit[2], hit[3], hit[4] or b''
    if change == 1:
        indent = b' ' * int(rng.integers(0, 12)) if rng.random() < 0.8 else b'\t'
    elif change == 2:
        key = pick((b'<<', b'? a', b'[a, b]', b'*a', b'&a a', b'1', b'~', b'""', b'!!str x'), rng)
    elif change == 3:
        value = b' &a' + value
        other = pick(found, rng)
        if other.start() > hit.end():
            at = other.end()
            content = content[:at] + b'\n' + other[1] + b'x: *a' + content[at:]
    elif change == 4:
        dashes += b'- ' * int(rng.integers(1, 40))
    elif change == 5:
        line = hit[0] + b'\n'
        return content[: hit.start()] + line * int(rng.integers(1, 9)) + content[hit.start() :]
    elif change == 6 and rng.random() < 0.3:
        return content + b'\n---\n' + content
    else:
        value = b' ' + pick(YAML_VALUES if rng.random() < 0.7 else TOKENS, rng)
    line = indent + dashes + key + b':' + value
    return content[: hit.start()] + line + content[hit.end() :]


@structure(lambda content: content.lstrip()[:1] == b'<')
def _xml(content: bytes, rng: Rng) -> bytes | None:
    """An element, an attribute or the head of XML."""
    change = int(rng.integers(9))
    if change == 0:
        return pick(XML_HEADS, rng) + re.sub(rb'^\s*<\?.*?\?>', b'', content)
    try:
        root = ET.fromstring(content)
    except (ET.ParseError, ValueError, LookupError):
        return None
    parents = [element for element in root.iter() if len(element)]
    every = list(root.iter())
    if not parents:
        return None
    element, parent = pick(every, rng), pick(parents, rng)
    token = pick(TOKENS, rng).decode('latin-1')
    if change == 1:
        del parent[int(rng.integers(len(parent)))]
    elif change == 2:
        child = parent[int(rng.integers(len(parent)))]
        for _ in range(int(rng.integers(1, 30))):
            parent.append(child)
    elif change == 3:
        parent.append(copy.deepcopy(element))
    elif change == 4:
        element.tag = pick(every, rng).tag
    elif change == 5:
        element.text = token
    elif change == 6:
        for _ in range(int(rng.choice([1, 20, 150]))):
            inner = ET.Element(element.tag)
            inner[:] = element[:]
            element[:] = [inner]
    elif element.attrib:
        name = pick(list(element.attrib), rng)
        if change == 7:
            del element.attrib[name]
        else:
            element.attrib[name] = token
    return ET.tostring(root)
