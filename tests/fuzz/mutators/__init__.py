"""Broken versions of a file: at random bytes, and where its format says something."""

from __future__ import annotations

from . import archives, arrays, markup, media, pickles, texts  # noqa: F401, they register themselves
from .plain import Rng, once

MAX_BYTES = 4 << 20


def mutate(content: bytes, rng: Rng, original: bytes = b'') -> bytes:
    """One broken version of a file.

    Args:
        content: The file.
        rng: Where chance comes from.
        original: Another file, of which pieces may be taken.
    """
    for _ in range(1 + int(rng.geometric(0.6)) if rng.random() < 0.5 else 1):
        content = once(content, rng, original or content)[:MAX_BYTES]
    return content
