"""What the header of an image says of it, read without decoding anything.

JPEG (ITU T.81), PNG (W3C), BMP (Microsoft's), TIFF 6.0 and BigTIFF, WebP (RFC 9649).
"""

from __future__ import annotations

import struct
from typing import Any, Iterator, NamedTuple

# Bytes of a value of a TIFF tag by its type; the types that sizes come in.
_TIFF_INTEGERS = {1: 'B', 3: 'H', 4: 'I', 16: 'Q'}
_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_BITS, _TIFF_SAMPLES = 256, 257, 258, 277
_TIFF_TILE_WIDTH, _TIFF_TILE_HEIGHT = 322, 323
_TIFF_SIZES = frozenset([_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_BITS, _TIFF_SAMPLES, _TIFF_TILE_WIDTH,
                         _TIFF_TILE_HEIGHT])  # fmt: skip
# Segments or chunks before the pixels; profiles and previews come in pieces of 64 KB.
MAX_SEGMENTS = 10_000
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_ALONE = frozenset([0x00, 0x01, *range(0xD0, 0xD8)])


class ImageHeader(NamedTuple):
    """What an image claims to be.

    Args:
        format: ``'JPEG'``, ``'PNG'``, ``'BMP'``, ``'TIFF'`` or ``'WebP'``.
        width: Columns.
        height: Rows.
        scans: How often a decoder goes through all pixels.
        unsupported: What no camera's image has and is not decoded, e.g. ``'an animation'``.
    """

    format: str
    width: int
    height: int
    scans: int = 1
    unsupported: str = ''


def read_image_header(content: bytes) -> ImageHeader | None:
    """Tell an image's format and size.

    Args:
        content: The file.

    Returns:
        None where it is of none of the formats, or breaks off within its header.
    """
    for magic, read in _FORMATS:
        if content.startswith(magic):
            try:
                return read(content)
            except (struct.error, LookupError, ValueError):
                return None
    return None


def _png(content: bytes) -> ImageHeader | None:
    if content[12:16] != b'IHDR':
        return None
    width, height = struct.unpack_from('>II', content, 16)
    position = 8
    for _ in range(MAX_SEGMENTS):
        length, kind = struct.unpack_from('>I4s', content, position)
        if kind in (b'acTL', b'IDAT'):
            unsupported = 'an animation' if kind == b'acTL' else ''
            return ImageHeader('PNG', width, height, 1, unsupported)
        position += 12 + length
    return None


def _jpeg(content: bytes) -> ImageHeader | None:
    position = 2
    for _ in range(MAX_SEGMENTS):
        # As decoders do: to the next FF, and over all that follow it.
        position = content.index(b'\xff', position)
        while content[position] == 0xFF:
            position += 1
        marker = content[position]
        position += 1
        if marker in _JPEG_ALONE:
            continue
        if marker in (0xD8, 0xD9, 0xDA):  # a start again, the end or pixels before any size
            return None
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from('>HH', content, position + 3)
            # Coded pixels hold no FF DA; a preview in the header may, and adds its own.
            return ImageHeader('JPEG', width, height, content.count(b'\xff\xda', position))
        position += struct.unpack_from('>H', content, position)[0]
    return None


def _bmp(content: bytes) -> ImageHeader | None:
    (size,) = struct.unpack_from('<I', content, 14)
    width, height = struct.unpack_from('<HH' if size == 12 else '<ii', content, 18)
    return ImageHeader('BMP', abs(width), abs(height))


def _tiff(content: bytes) -> ImageHeader | None:
    order = '<' if content[:2] == b'II' else '>'
    big = struct.unpack_from(f'{order}H', content, 2)[0] == 43
    tags: dict[int, int] = {}
    for tag, value in _tiff_tags(content, order, big):
        if tag in tags and tag in _TIFF_SIZES:  # of which decoders take one or the other
            raise ValueError('a size that is there twice')
        tags[tag] = value
    width, height = tags[_TIFF_WIDTH], tags[_TIFF_HEIGHT]
    unsupported = ''
    if tags.get(_TIFF_BITS, 1) > 16:
        unsupported = f'{tags[_TIFF_BITS]} bits per sample'
    elif tags.get(_TIFF_SAMPLES, 1) > 4:
        unsupported = f'{tags[_TIFF_SAMPLES]} samples per pixel'
    # Tiles are decoded whole: one that is larger than the image counts.
    width = max(width, tags.get(_TIFF_TILE_WIDTH, 0))
    height = max(height, tags.get(_TIFF_TILE_HEIGHT, 0))
    return ImageHeader('TIFF', width, height, 1, unsupported)


def _tiff_tags(content: bytes, order: str, big: bool) -> Iterator[tuple[int, int]]:
    """Tags of the first image and the first value of each, where that is a whole number."""
    offset, count, entry = ('Q', 'Q', 20) if big else ('I', 'H', 12)
    (start,) = struct.unpack_from(order + offset, content, 8 if big else 4)
    (entries,) = struct.unpack_from(order + count, content, start)
    start += struct.calcsize(count)
    for index in range(min(entries, (len(content) - start) // entry)):
        place = start + index * entry
        tag, kind = struct.unpack_from(f'{order}HH', content, place)
        (values,) = struct.unpack_from(order + offset, content, place + 4)
        if kind not in _TIFF_INTEGERS or not values:
            if tag in _TIFF_SIZES:
                raise ValueError('a size that is no whole number')
            continue
        code = _TIFF_INTEGERS[kind]
        place += 4 + struct.calcsize(offset)
        if values * struct.calcsize(code) > struct.calcsize(offset):  # kept elsewhere
            (place,) = struct.unpack_from(order + offset, content, place)
        yield tag, struct.unpack_from(order + code, content, place)[0]


def _webp(content: bytes) -> ImageHeader | None:
    if content[8:12] != b'WEBP':
        return None
    width = height = 0
    position = 12
    for _ in range(MAX_SEGMENTS):
        kind, length = struct.unpack_from('<4sI', content, position)
        position += 8
        if kind == b'VP8X':
            width, height = _uint24(content, position + 4) + 1, _uint24(content, position + 7) + 1
            if content[position] & 2:
                return ImageHeader('WebP', width, height, 1, 'an animation')
        elif kind == b'VP8 ':
            w, h = struct.unpack_from('<HH', content, position + 6)
            return ImageHeader('WebP', max(width, w & 0x3FFF), max(height, h & 0x3FFF))
        elif kind == b'VP8L':
            (bits,) = struct.unpack_from('<I', content, position + 1)
            w, h = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
            return ImageHeader('WebP', max(width, w), max(height, h))
        position += length + length % 2
    return None


def _uint24(content: bytes, position: int) -> int:
    return int.from_bytes(content[position : position + 3], 'little')


_FORMATS: tuple[tuple[bytes, Any], ...] = (
    (b'\xff\xd8\xff', _jpeg),
    (b'\x89PNG\r\n\x1a\n', _png),
    (b'BM', _bmp),
    (b'II*\0', _tiff),
    (b'MM\0*', _tiff),
    (b'II+\0', _tiff),
    (b'MM\0+', _tiff),
    (b'RIFF', _webp),
)
