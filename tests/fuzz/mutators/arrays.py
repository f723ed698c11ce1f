"""Headers of arrays: .npy, safetensors and MAT files."""

from __future__ import annotations

import re
import struct
import zlib

from .plain import WORDS, Rng, pick, raw, structure
from .texts import json_value, text


@structure(lambda content: content[:6] == b'\x93NUMPY')
def _npy(content: bytes, rng: Rng) -> bytes | None:
    """The header of a .npy file."""
    (length,) = struct.unpack_from('<H', content, 8)
    header, data = content[10 : 10 + length], content[10 + length :]
    kind = int(rng.integers(4))
    if kind == 0:
        shape = pick((b'()', b'(0,)', b'(-1,)', b'(99999999999,)', b'(4294967296, 4294967296)',
                       b'(1e9,)', b'(2, 3, 5)', b'(' + b'1,' * 40 + b')', b'[1]', b'None',
                       b'(True,)', b'(1' + b'0' * 30 + b',)'), rng)  # fmt: skip
        header = re.sub(rb"'shape': \([^)]*\)", b"'shape': " + shape, header)
    elif kind == 1:
        kinds = (b'|O', b'<f8', b'<U999999999', b'|S0', b'|V16', b'<M8[ns]', b'<c16', b'<i8', b'x',
                 b'|b1', b'<U5', b'>f4', b'<f2')  # fmt: skip
        header = re.sub(rb"'descr': '[^']*'", b"'descr': '" + pick(kinds, rng) + b"'", header)
    elif kind == 2:
        header = text(header, rng) or header
    else:
        data = raw(data, rng, data)
    return content[:8] + struct.pack('<H', len(header) % 65536) + header + data


@structure(lambda content: content[8:10] == b'{"')
def _safetensors(content: bytes, rng: Rng) -> bytes | None:
    (length,) = struct.unpack_from('<Q', content)
    header = json_value(content[8 : 8 + length], rng)
    if header is None:
        return None
    return struct.pack('<Q', len(header)) + header + content[8 + length :]


@structure(lambda content: content[:10] == b'MATLAB 5.0')
def _mat(content: bytes, rng: Rng) -> bytes | None:
    """An element of a MAT file, unpacked where it is compressed, with its size put right."""
    elements, at = [], 128
    while at + 8 <= len(content):
        kind, size = struct.unpack_from('<II', content, at)
        elements.append((kind, content[at + 8 : at + 8 + size]))
        at += 8 + size if kind == 15 else 8 + size + -size % 8
    if not elements:
        return None
    index, change = int(rng.integers(len(elements))), int(rng.integers(6))
    kind, data = elements[index]
    if change == 0:
        elements[index:index] = [elements[index]] * int(rng.integers(1, 30))
    elif change == 1:
        elements[index] = (int(rng.choice([0, 1, 7, 9, 14, 15, 16, 17, 18, 2**31])), data)
    elif kind == 15:
        try:
            inner = zlib.decompress(data)
        except zlib.error:
            return None
        elements[index] = (kind, zlib.compress(_tags(inner, rng), 1))
    else:
        elements[index] = (kind, _tags(data, rng))
    parts = [content[:128]]
    for kind, data in elements:
        parts.append(struct.pack('<II', kind, len(data)) + data)
        parts.append(b'' if kind == 15 else bytes(-len(data) % 8))
    return b''.join(parts)


def _tags(content: bytes, rng: Rng) -> bytes:
    """An aligned word, which is a type, a size, a dimension or a number, or any byte."""
    if rng.random() < 0.3 or len(content) < 16:
        return raw(content, rng, content)
    at = 4 * int(rng.integers(len(content) // 4 - 1))
    word = pick(WORDS, rng) if rng.random() < 0.4 else struct.pack('<I', int(rng.integers(40)))
    return content[:at] + word + content[at + len(word) :]
