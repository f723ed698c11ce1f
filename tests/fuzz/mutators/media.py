"""Chunks of a PNG; those of other images and videos have no checksums, so bytes will do."""

from __future__ import annotations

import struct
import zlib

from .plain import Rng, pick, raw, structure


@structure(lambda content: content[:4] == b'\x89PNG')
def _png(content: bytes, rng: Rng) -> bytes | None:
    """A chunk of a PNG, with its checksum put right."""
    chunks, at = [], 8
    while at + 12 <= len(content):
        (length,) = struct.unpack_from('>I', content, at)
        chunks.append((content[at + 4 : at + 8], content[at + 8 : at + 8 + length]))
        at += 12 + length
    if not chunks:
        return None
    index = int(rng.integers(len(chunks)))
    kind, data = chunks[index]
    change = int(rng.integers(4))
    if change == 0:
        chunks[index:index] = [chunks[index]] * int(rng.integers(1, 50))
    elif change == 1:
        other = pick(
            (b'acTL', b'fcTL', b'fdAT', b'PLTE', b'tRNS', b'iCCP', b'zTXt', b'eXIf', b'gAMA'), rng
        )
        chunks[index:index] = [(other, raw(data, rng, data))]
    elif change == 2:
        chunks[0] = (
            b'IHDR',
            chunks[0][1][:8] + bytes(rng.choice([0, 1, 2, 3, 4, 6, 8, 16], 5).tolist()),
        )
    else:
        chunks[index] = (kind, raw(data, rng, data))
    parts = [content[:8]]
    for kind, data in chunks:
        parts.append(struct.pack('>I', len(data)) + kind + data)
        parts.append(struct.pack('>I', zlib.crc32(kind + data)))
    return b''.join(parts)
