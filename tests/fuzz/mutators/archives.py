"""Members and headers of archives: zip (.npz and .pth as well), tar, and compressed files."""

from __future__ import annotations

import bz2
import functools
import gzip
import io
import lzma
import zipfile
from typing import Callable

from .plain import Change, Rng, once, pick, structure


@structure(lambda content: content[:2] == b'PK')
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
    if kind == 3 and rng.random() < 0.8:  # takes long
        kind = 9
    if kind == 0:
        del members[index]
    elif kind == 1:
        members.append((name, once(data, rng, data)))
    elif kind == 2:
        members[index] = (pick(('x', '../x', '/x', 'x.npy', 'data.pkl', '', name * 40), rng), data)
    elif kind == 3:  # a bomb
        members[index] = (name, data + bytes(64 << 20))
    elif kind == 4:
        members[index] = (name, pick(members, rng)[1])
    else:
        members[index] = (name, once(data, rng, data))
    made = io.BytesIO()
    with zipfile.ZipFile(made, 'w', zipfile.ZIP_DEFLATED if kind == 3 else method) as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name or 'x')
            archive.writestr(info, data, zipfile.ZIP_DEFLATED if kind == 3 else method, 1)
    return made.getvalue()


@structure(lambda content: content[257:262] == b'ustar')
def _tar(content: bytes, rng: Rng) -> bytes | None:
    """A field of a header of a tar archive, with the checksum put right."""
    heads = [
        at for at in range(0, len(content) - 511, 512) if content[at + 257 : at + 262] == b'ustar'
    ]
    at = pick(heads, rng)
    head = bytearray(content[at : at + 512])
    kind = int(rng.integers(5))
    if kind == 0:
        head[156] = pick(b'0123456789gxLKSDMVNA\0\xff', rng)
    elif kind == 1:
        sizes = (b'77777777777\0', b'\x80' + b'\xff' * 11, b'\x80' + bytes(6) + b'\1' * 5,
                 b'-1'.ljust(12), b'00000002000\0', b'9' * 12,
                 bytes(12), b'00000000001\0')  # fmt: skip
        head[124:136] = pick(sizes, rng)
    elif kind == 2:
        names = (b'', b'/', b'..', b'/etc/x', b'a/../../b', b'a\nb', b'\xff', b'.unpacked.json',
                 b'C:x',                  b'a' * 100, b'top/a.txt/x', b'top', b'top/b')  # fmt: skip
        head[:100] = pick(names, rng).ljust(100, b'\0')
    elif kind == 3:
        head[int(rng.integers(512))] = int(rng.integers(256))
    else:
        return content[:at] + content[at : at + 512] * int(rng.integers(2, 99)) + content[at:]
    head[148:156] = b' ' * 8
    head[148:156] = b'%06o\0 ' % sum(head)
    return content[:at] + bytes(head) + content[at + 512 :]


def _packed(unpack: Callable, pack: Callable) -> Change:
    def change(content: bytes, rng: Rng) -> bytes | None:
        try:
            inner = unpack(content)
        except Exception:  # noqa: BLE001, a broken one
            return None
        packed = pack(once(inner, rng, inner))
        return packed + _bomb(pack) if rng.random() < 0.02 else packed

    return change


@functools.lru_cache(maxsize=None)
def _bomb(pack: Callable) -> bytes:
    """A stream that unpacks to 64 MB of nothing."""
    return pack(bytes(64 << 20))


structure(lambda content: content[:2] == b'\x1f\x8b')(
    _packed(gzip.decompress, functools.partial(gzip.compress, compresslevel=1))
)
structure(lambda content: content[:3] == b'BZh')(
    _packed(bz2.decompress, functools.partial(bz2.compress, compresslevel=1))
)
structure(lambda content: content[:6] == b'\xfd7zXZ\0')(
    _packed(lzma.decompress, functools.partial(lzma.compress, preset=0))
)
