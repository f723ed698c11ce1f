"""Broken versions of a file: at random bytes, and where its format says something.

Everything follows from the random generator that is given: the same seed, the same file.
"""

from __future__ import annotations

import bz2
import copy
import functools
import gzip
import io
import json
import lzma
import re
import struct
import zipfile
import zlib
from typing import Any, Callable

import numpy as np

Rng = np.random.Generator
NUMBER = re.compile(rb'-?\d+\.?\d*(?:[eE][-+]?\d+)?')
WORD = re.compile(rb'[A-Za-z_]\w*')
# What takes the place of a number or a word of a text.
TOKENS = (
    b'nan', b'NaN', b'.nan', b'inf', b'-Infinity', b'1e999', b'-1', b'0', b'1e308', b'1e-320',
    b'9' * 400, b'9' * 5000, b'0x10', b'null', b'~', b'true', b'""', b'"x"', b'x', b'[]', b'{}',
    b'[[1,2],[3]]', b'-', b'1.2.3', b'1 2', b'1,', b'\xff', b'\x00', b'\xc3\xa9', b'\x1b[2J',
    b'../../etc/passwd', b'18446744073709551615', b'2147483648', b'-9223372036854775809', b'1' * 30,
)  # fmt: skip
# What takes the place of a value of JSON.
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 1e308, float('nan'), float('inf'), -float('inf'), 10**400, 2**31,
    2**63, 2**64, -(2**63) - 1, 10**12, '', 'x', '0', 'nan', '1e999', '\x1b[2J', '\u202e', '\ud800',
    '__import__("os").system("touch executed")', '../x', 'a' * 5000, [], {}, [None], [[]], [[], []],
    {'': 0}, [[1, 2], [3]], [1, 'x'], ['x'] * 50, [0.5] * 999, {'a': {'a': {'a': {}}}},
)  # fmt: skip
BOMBS = (
    b'[' * 5000,
    b'{"a":' * 3000,
    b'<a>' * 20000,
    b'a: ' + b'[' * 3000,
    b'- ' * 3000,
    b'a: &a [x,x,x,x,x,x,x,x,x]\n'
    + b''.join(
        b'%c: &%c [%s]\n' % (98 + i, 98 + i, b','.join([b'*%c' % (97 + i)] * 9)) for i in range(9)
    ),
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">'
    + b''.join(b'<!ENTITY %c "%s">' % (98 + i, b'&%c;' % (97 + i) * 10) for i in range(9))
    + b']><calibration>&j;</calibration>',
    b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><document>&e;</document>',
    b'!!python/object/apply:os.system ["touch executed"]\n',
    b'cos\nsystem\n(S"touch executed"\ntR.',
    b'\x80\x02cposix\nsystem\nX\x0e\x00\x00\x00touch executedq\x00\x85q\x01Rq\x02.',
    b'\x80\x04\x8e\xff\xff\xff\xff\x0f\x00\x00\x00.',  # BINBYTES8 of 64 GB
    b'\x80\x02r\xff\xff\xff\x7f.',  # LONG_BINPUT
    b'\x80\x02](lp0\n' + b'h\x00h\x00\x86' * 400 + b'.',
    b'a = ' + b'[' * 3000,
    b'a.' * 3000 + b'b = 1',
    b'#EXTM3U\n#EXTINF:9,\n/etc/passwd\n',
    b"ffconcat version 1.0\nfile '/etc/passwd'\n",
)  # fmt: skip
WORDS = (b'\xff' * 8, b'\x7f\xff\xff\xff', b'\xff\xff\xff\x7f', b'\0' * 8,
         b'\1' + b'\0' * 6 + b'\x80', b'\0\0\0\x80', b'\x80\0\0\0', b'\xff\xff',
         b'\0\0\1\0', b'\xe8\3\0\0')  # fmt: skip
MAX_BYTES = 4 << 20


def mutate(content: bytes, rng: Rng, original: bytes = b'') -> bytes:
    """One broken version of a file.

    Args:
        content: The file.
        rng: Where chance comes from.
        original: Another file, of which pieces may be taken.
    """
    for _ in range(1 + int(rng.geometric(0.6)) if rng.random() < 0.5 else 1):
        content = _once(content, rng, original or content)[:MAX_BYTES]
    return content


def _once(content: bytes, rng: Rng, other: bytes) -> bytes:
    fitting = [change for fits, change in STRUCTURES if fits(content)]
    if fitting and rng.random() < 0.6:
        changed = _pick(fitting, rng)(content, rng)
        if changed is not None:
            return changed
    return _bytes(content, rng, other)


def _pick(choices: Any, rng: Rng) -> Any:
    return choices[int(rng.integers(len(choices)))]


def _bytes(content: bytes, rng: Rng, other: bytes) -> bytes:
    """Changes that know nothing of the format."""
    size = len(content)

    def place(room: int = 0) -> int:
        return int(rng.integers(max(1, size - room)))

    kind = int(rng.integers(10))
    if kind == 0:
        return content[: place()]
    if kind == 1:
        flipped = bytearray(content)
        for _ in range(int(rng.integers(1, 20)) if flipped else 0):
            flipped[place()] = int(rng.integers(256))
        return bytes(flipped)
    if kind == 2 and content:  # one bit
        flipped = bytearray(content)
        flipped[place()] ^= 1 << int(rng.integers(8))
        return bytes(flipped)
    if kind == 3:
        start = place()
        return content[:start] + content[start + int(rng.integers(1, 200)) :]
    if kind == 4:
        start = place()
        chunk = content[start : start + int(rng.integers(1, 400))]
        return content[:start] + chunk * int(rng.integers(2, 60)) + content[start:]
    if kind == 5:
        at = place()
        return content[:at] + _pick(TOKENS, rng) + content[at:]
    if kind == 6:
        at = place() if rng.random() < 0.5 else 0
        return content[:at] + _pick(BOMBS, rng) + content[at:]
    if kind == 7:
        word = _pick(WORDS, rng)
        at = place(len(word))
        return content[:at] + word + content[at + len(word) :]
    if kind == 8:
        start = int(rng.integers(max(1, len(other))))
        return content[: place()] + other[start:]
    return content + content


def _text(content: bytes, rng: Rng) -> bytes | None:
    """A number, a word or a line of a text."""
    kind = int(rng.integers(5))
    if kind < 3:
        found = list((NUMBER if kind < 2 else WORD).finditer(content))
        if not found:
            return None
        hit = _pick(found, rng)
        return content[: hit.start()] + _pick(TOKENS, rng) + content[hit.end() :]
    lines = content.split(b'\n')
    a, b = (int(index) for index in rng.integers(len(lines), size=2))
    if kind == 3:
        lines[a], lines[b] = lines[b], lines[a]
    else:
        lines[a:a] = [lines[b]] * int(rng.integers(1, 4))
    return b'\n'.join(lines)


def _json(content: bytes, rng: Rng) -> bytes | None:
    """A value, a key or an item of JSON."""
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        return None
    holders: list[Any] = [[data]]
    for holder in holders:  # grows
        parts = holder.values() if isinstance(holder, dict) else holder
        holders += [part for part in parts if isinstance(part, (dict, list)) and part]
        if len(holders) > 20_000:
            break
    root, holder = holders[0], _pick(holders, rng) if rng.random() < 0.7 else holders[-1]
    keys = list(holder) if isinstance(holder, dict) else range(len(holder))
    key = _pick(keys, rng)
    kind = int(rng.integers(6))
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, dict):
        renamed = _pick(('', 'x', '0', '00', '.x', '\x1b[2J', '../x', 'a' * 500), rng)
        holder[renamed] = holder.pop(key)
    elif kind == 2:
        if isinstance(holder, list):
            holder[key] = copy.deepcopy(_pick(holders, rng))
    elif kind == 3 and isinstance(holder, list):
        holder[key:key] = [holder[key]] * int(rng.integers(1, 40))
    else:
        holder[key] = _pick(VALUES, rng)
    try:
        text = json.dumps(root[0] if root else None)
    except (ValueError, RecursionError):
        return None
    if kind == 2 and isinstance(holder, dict):  # the key twice
        found = f'{json.dumps(key)}: '
        text = text.replace(found, f'{found}0, {found}', 1)
    return text.encode('utf-8', 'surrogatepass')


def _zip(content: bytes, rng: Rng) -> bytes | None:
    """A member of a zip archive: .npz, .pth and the like."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [(info.filename, archive.read(info)) for info in archive.infolist()]
            method = archive.infolist()[0].compress_type
    except Exception:  # noqa: BLE001, a broken one
        return None
    index = int(rng.integers(len(members)))
    name, data = members[index]
    kind = int(rng.integers(20)) if rng.random() < 0.5 else 9
    if kind == 0:
        del members[index]
    elif kind == 1:
        members.append((name, _once(data, rng, data)))
    elif kind == 2:
        members[index] = (_pick(('x', '../x', '/x', 'x.npy', 'data.pkl', '', name * 40), rng), data)
    elif kind == 3:  # a bomb
        members[index] = (name, data + bytes(64 << 20))
    elif kind == 4:
        members[index] = (name, _pick(members, rng)[1])
    else:
        members[index] = (name, _once(data, rng, data))
    made = io.BytesIO()
    with zipfile.ZipFile(made, 'w', zipfile.ZIP_DEFLATED if kind == 3 else method) as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name or 'x')
            archive.writestr(info, data, zipfile.ZIP_DEFLATED if kind == 3 else method, 1)
    return made.getvalue()


def _npy(content: bytes, rng: Rng) -> bytes | None:
    """The header of a .npy file."""
    (length,) = struct.unpack_from('<H', content, 8)
    header, data = content[10 : 10 + length], content[10 + length :]
    kind = int(rng.integers(4))
    if kind == 0:
        shape = _pick((b'()', b'(0,)', b'(-1,)', b'(99999999999,)', b'(4294967296, 4294967296)',
                       b'(1e9,)', b'(2, 3, 5)', b'(' + b'1,' * 40 + b')', b'[1]', b'None',
                       b'(True,)', b'(1' + b'0' * 30 + b',)'), rng)  # fmt: skip
        header = re.sub(rb"'shape': \([^)]*\)", b"'shape': " + shape, header)
    elif kind == 1:
        kinds = (b'|O', b'<f8', b'<U999999999', b'|S0', b'|V16', b'<M8[ns]', b'<c16', b'<i8', b'x',
                 b'|b1', b'<U5', b'>f4', b'<f2')  # fmt: skip
        header = re.sub(rb"'descr': '[^']*'", b"'descr': '" + _pick(kinds, rng) + b"'", header)
    elif kind == 2:
        header = _text(header, rng) or header
    else:
        data = _bytes(data, rng, data)
    return content[:8] + struct.pack('<H', len(header) % 65536) + header + data


def _tar(content: bytes, rng: Rng) -> bytes | None:
    """A field of a header of a tar archive, with the checksum put right."""
    heads = [
        at for at in range(0, len(content) - 511, 512) if content[at + 257 : at + 262] == b'ustar'
    ]
    at = _pick(heads, rng)
    head = bytearray(content[at : at + 512])
    kind = int(rng.integers(5))
    if kind == 0:
        head[156] = _pick(b'0123456789gxLKSDMVNA\0\xff', rng)
    elif kind == 1:
        sizes = (b'77777777777\0', b'\x80' + b'\xff' * 11, b'\x80' + bytes(6) + b'\1' * 5,
                 b'-1'.ljust(12), b'00000002000\0', b'9' * 12,
                 bytes(12), b'00000000001\0')  # fmt: skip
        head[124:136] = _pick(sizes, rng)
    elif kind == 2:
        names = (b'', b'/', b'..', b'/etc/x', b'a/../../b', b'a\nb', b'\xff', b'.unpacked.json',
                 b'C:x',                  b'a' * 100, b'top/a.txt/x', b'top', b'top/b')  # fmt: skip
        head[:100] = _pick(names, rng).ljust(100, b'\0')
    elif kind == 3:
        head[int(rng.integers(512))] = int(rng.integers(256))
    else:
        return content[:at] + content[at : at + 512] * int(rng.integers(2, 99)) + content[at:]
    head[148:156] = b' ' * 8
    head[148:156] = b'%06o\0 ' % sum(head)
    return content[:at] + bytes(head) + content[at + 512 :]


def _packed(unpack: Callable, pack: Callable) -> Callable:
    def change(content: bytes, rng: Rng) -> bytes | None:
        try:
            inner = unpack(content)
        except Exception:  # noqa: BLE001, a broken one
            return None
        packed = pack(_once(inner, rng, inner))
        return packed + _bomb(pack) if rng.random() < 0.02 else packed

    return change


@functools.lru_cache(maxsize=None)
def _bomb(pack: Callable) -> bytes:
    """A stream that unpacks to 64 MB of nothing."""
    return pack(bytes(64 << 20))


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
        other = _pick(
            (b'acTL', b'fcTL', b'fdAT', b'PLTE', b'tRNS', b'iCCP', b'zTXt', b'eXIf', b'gAMA'), rng
        )
        chunks[index:index] = [(other, _bytes(data, rng, data))]
    elif change == 2:
        chunks[0] = (
            b'IHDR',
            chunks[0][1][:8] + bytes(rng.choice([0, 1, 2, 3, 4, 6, 8, 16], 5).tolist()),
        )
    else:
        chunks[index] = (kind, _bytes(data, rng, data))
    parts = [content[:8]]
    for kind, data in chunks:
        parts.append(struct.pack('>I', len(data)) + kind + data)
        parts.append(struct.pack('>I', zlib.crc32(kind + data)))
    return b''.join(parts)


def _safetensors(content: bytes, rng: Rng) -> bytes | None:
    (length,) = struct.unpack_from('<Q', content)
    header = _json(content[8 : 8 + length], rng)
    return (
        None if header is None else struct.pack('<Q', len(header)) + header + content[8 + length :]
    )


def _is_text(content: bytes) -> bool:
    return bool(content) and b'\0' not in content[:1000]


def _is_tar(content: bytes) -> bool:
    return content[257:262] == b'ustar'


STRUCTURES: tuple[tuple[Callable[[bytes], bool], Callable], ...] = (
    (lambda content: content[:1] in (b'{', b'['), _json),
    (_is_text, _text),
    (lambda content: content[:2] == b'PK', _zip),
    (lambda content: content[:6] == b'\x93NUMPY', _npy),
    (_is_tar, _tar),
    (lambda content: content[:4] == b'\x89PNG', _png),
    (lambda content: content[8:10] == b'{"', _safetensors),
    (
        lambda content: content[:2] == b'\x1f\x8b',
        _packed(gzip.decompress, functools.partial(gzip.compress, compresslevel=1)),
    ),
    (
        lambda content: content[:3] == b'BZh',
        _packed(bz2.decompress, functools.partial(bz2.compress, compresslevel=1)),
    ),
    (
        lambda content: content[:6] == b'\xfd7zXZ\0',
        _packed(lzma.decompress, functools.partial(lzma.compress, preset=0)),
    ),
)
