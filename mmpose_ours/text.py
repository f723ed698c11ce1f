"""Text from elsewhere that is shown to people: control characters become visible.

Below everything else, since the messages of :mod:`mmpose_ours.errors` need it too.
"""

from __future__ import annotations

import unicodedata

_NAMED = {'\n': '\\n', '\t': '\\t', '\r': '\\r'}


def printable(text: object, keep: str = '') -> str:
    r"""Show what a terminal would obey or cannot show: as ``\n``, ``\x1b``, ``\u202e``.

    Args:
        text: Any text; anything else is turned into one.
        keep: Characters that stay as they are, for example line breaks.

    Returns:
        The text without control characters, marks of writing direction, unpaired surrogates
        (bytes of a file name that is not UTF-8), and characters that Unicode does not assign.
        Letters of all languages, symbols and spaces stay.

    Examples:
        >>> printable('cam\x1b[2J 1')
        'cam\\x1b[2J 1'
    """
    text = str(text)
    if text.isprintable():
        return text
    return ''.join(c if c in keep or _harmless(c) else _escape(c) for c in text)


def _harmless(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == 'Zs'


def _escape(character: str) -> str:
    return _NAMED.get(character) or character.encode('unicode_escape').decode('ascii')
