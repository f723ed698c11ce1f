"""Changes that know nothing of a format, and the choice among those that do.

Everything follows from the random generator that is given: the same seed, the same file.
"""

from __future__ import annotations

import struct
from typing import Any, Callable, Optional

import numpy as np

Rng = np.random.Generator
Change = Callable[[bytes, Rng], Optional[bytes]]
# What takes the place of a number or a word of a text.
TOKENS = (
    b'nan', b'NaN', b'.nan', b'inf', b'-Infinity', b'1e999', b'-1', b'0', b'1e308', b'1e-320',
    b'9' * 400, b'9' * 5000, b'0x10', b'null', b'~', b'true', b'""', b'"x"', b'x', b'[]', b'{}',
    b'[[1,2],[3]]', b'-', b'1.2.3', b'1 2', b'1,', b'\xff', b'\x00', b'\xc3\xa9', b'\x1b[2J',
    b'../../etc/passwd', b'18446744073709551615', b'2147483648', b'-9223372036854775809', b'1' * 30,
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

# Whether a file looks like a format, and what changes it so that much of it stays valid.
STRUCTURES: list[tuple[Callable[[bytes], bool], Change]] = []


def structure(fits: Callable[[bytes], bool]) -> Callable[[Change], Change]:
    """Register what changes files of a format; it returns None where it cannot."""

    def register(change: Change) -> Change:
        STRUCTURES.append((fits, change))
        return change

    return register


def once(content: bytes, rng: Rng, other: bytes) -> bytes:
    """One change, of the structure where there is a known one.

    Args:
        content: The file.
        rng: Where chance comes from.
        other: Another file, of which pieces may be taken.
    """
    fitting = [change for fits, change in STRUCTURES if fits(content)]
    if fitting and rng.random() < 0.7:
        try:
            changed = pick(fitting, rng)(content, rng)
        except (struct.error, LookupError, ValueError):  # it is broken already
            changed = None
        if changed is not None:
            return changed
    return raw(content, rng, other)


def pick(choices: Any, rng: Rng) -> Any:
    """One of several."""
    return choices[int(rng.integers(len(choices)))]


def is_text(content: bytes) -> bool:
    """Whether a file has no null characters where it begins."""
    return bool(content) and b'\0' not in content[:1000]


def raw(content: bytes, rng: Rng, other: bytes) -> bytes:
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
        return content[:at] + pick(TOKENS, rng) + content[at:]
    if kind == 6:
        at = place() if rng.random() < 0.5 else 0
        return content[:at] + pick(BOMBS, rng) + content[at:]
    if kind == 7:
        word = pick(WORDS, rng)
        at = place(len(word))
        return content[:at] + word + content[at + len(word) :]
    if kind == 8:
        start = int(rng.integers(max(1, len(other))))
        return content[: place()] + other[start:]
    return content + content
