"""Names from elsewhere as names of files and folders.

A camera's name is also the name of its image folder, and that of its file in a folder of
calibrations. Such names are refused where they would be lost, since people look for them
(:func:`unfit_file_name`, :func:`unfit_file_names`). Names that only have to differ, of drawings
for example, are encoded instead (:func:`file_name`).
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from typing import Iterable
from urllib.parse import unquote

# In bytes. File systems take 255, of which a camera's name leaves some for '<camera>_000001.jpg'.
MAX_BYTES = 200
# Windows opens a device by these names, whatever the ending and the folder.
_DEVICES = re.compile(r'(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?', re.I)
_NEVER, _ON_WINDOWS = frozenset('/\\'), frozenset('<>:"|?*')
# What needs no encoding.
_PLAIN = re.compile(r'[^\W_]|[-_. ,;=+@#~!()\[\]{}^&$\']')


def unfit_file_name(name: str, windows: bool | None = None) -> str:
    """Why a name cannot be that of a file or a folder, ``''`` if it can.

    Args:
        name: Without the file's ending.
        windows: Whether what only Windows refuses counts; None asks the system.
    """
    windows = os.name == 'nt' if windows is None else windows
    used = sorted((_NEVER | _ON_WINDOWS if windows else _NEVER) & set(name))
    if not name.strip():
        return 'is empty or blank'
    if not name.isprintable():
        return 'holds characters that cannot be printed'
    if used:
        return f'holds {used[0]!r}'
    if name.startswith('.'):
        return 'begins with a dot, as hidden files do'
    if name != name.strip() or name.endswith('.'):
        return 'begins with a blank, or ends with a blank or a dot'
    if _DEVICES.fullmatch(name):
        return 'is that of a device on Windows'
    if len(name.encode()) > MAX_BYTES:
        return f'takes {len(name.encode())} bytes, which is more than {MAX_BYTES}'
    return ''


def unfit_file_names(names: Iterable[str]) -> tuple[str, str] | None:
    """The first of several names that cannot be that of a file beside the others', and why.

    On Windows and macOS, names that differ in capitals only are one.
    """
    seen: dict[str, str] = {}
    for name in names:
        why = unfit_file_name(name)
        if why:
            return name, why
        key = _without_capitals(name)
        if key in seen:
            return name, f'is that of {seen[key]!r} where capitals do not count'
        seen[key] = name
    return None


def file_name(text: object) -> str:
    """A name of a file or folder for any text; different texts have different names.

    Args:
        text: For example a camera's or a frame's name.

    Returns:
        The text itself where it is a plain name, else with percent signs as in URLs; cut, with
        a hash in place of what was cut off, where it is too long.
    """
    text = str(text)
    name = ''.join(c if _PLAIN.fullmatch(c) else _percent(c) for c in text) or '%'
    if name[0] in '. ':
        name = _percent(name[0]) + name[1:]
    if name[-1] in '. ':
        name = name[:-1] + _percent(name[-1])
    if _DEVICES.fullmatch(name):
        name = _percent(name[0]) + name[1:]
    if len(name.encode()) > MAX_BYTES:
        kept = name.encode()[: MAX_BYTES - 17].decode(errors='ignore')
        name = f'{kept}%{_digest(text)}'
    return name


def file_names(texts: Iterable[str]) -> dict[str, str]:
    """Names of files for texts, which differ in more than capitals: text to :func:`file_name`."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for text in texts:
        name = file_name(text)
        if _without_capitals(name) in taken:
            name = f'{name}%{_digest(text)[:8]}'
        taken.add(_without_capitals(name))
        names[text] = name
    return names


def text_of_file_name(name: str) -> str:
    """The text of a :func:`file_name` that was not cut."""
    return '' if name == '%' else unquote(name, errors='surrogateescape')


def _without_capitals(name: str) -> str:
    return unicodedata.normalize('NFC', unicodedata.normalize('NFC', name).casefold())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]


def _percent(character: str) -> str:
    return ''.join(f'%{byte:02X}' for byte in character.encode('utf-8', 'surrogateescape'))
