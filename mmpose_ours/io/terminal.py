r"""Text from elsewhere on a terminal: control characters are shown, not obeyed.

File names, camera names and what stands in a file may hold escape sequences, which move the
cursor, change the clipboard or hide text, or characters that reverse the direction of writing.
The programs of this package print through :func:`escaped_streams`, so that no single ``print``
has to think of it. What leaves the package otherwise, in a log or an exception, is passed
through :func:`mmpose_ours.text.printable`.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import sys
from typing import Any, Iterator

from mmpose_ours.text import printable


def shell_word(word: str | os.PathLike[str]) -> str:
    r"""Quote a word of a command that is shown to be copied into a shell.

    Args:
        word: The word. A path that begins with ``-`` is given ``./`` by the caller, since only
            the caller knows that it is no option.

    Returns:
        The word as :func:`shlex.quote` has it; with control characters or bytes that are no
        UTF-8, in the notation ``$'...'`` of bash and zsh.
    """
    word = os.fspath(word)
    if word.isprintable():
        return shlex.quote(word)
    return "$'" + ''.join(map(_in_dollar_quotes, word)) + "'"


def _in_dollar_quotes(character: str) -> str:
    if character in "\\'":
        return '\\' + character
    if character.isprintable():
        return character
    return ''.join(f'\\x{byte:02x}' for byte in character.encode('utf-8', 'surrogateescape'))


def path_word(path: str | os.PathLike[str]) -> str:
    """A path as an argument that no program takes for an option: ``-x`` becomes ``./-x``."""
    text = os.fspath(path)
    return f'./{text}' if text.startswith('-') else text


def shell_path(path: str | os.PathLike[str]) -> str:
    """A path as a word of a command that is shown; see :func:`path_word`, :func:`shell_word`."""
    return shell_word(path_word(path))


class EscapedStream:
    """A text stream that escapes control characters, all else of it being the stream's own.

    Line breaks and tabs pass, and a carriage return with which a write begins, as progress bars
    do. Characters that the stream's encoding lacks are escaped as well.

    Args:
        stream: The stream that is written to.
    """

    def __init__(self, stream: Any):
        self.wrapped = stream

    def write(self, text: str) -> int:
        """Write a text; returns its length."""
        shown = printable(text, keep='\n\t')
        if text[:1] == '\r':
            shown = '\r' + shown[2:]
        encoding = getattr(self.wrapped, 'encoding', None)
        if encoding and not shown.isascii():
            shown = shown.encode(encoding, 'backslashreplace').decode(encoding)
        self.wrapped.write(shown)
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __iter__(self) -> Iterator[str]:
        return iter(self.wrapped)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.wrapped, name)


def escape_streams() -> None:
    """Let standard output and standard error escape control characters from now on.

    Colours are switched off for libraries that heed ``NO_COLOR``, since they would be escaped.
    """
    os.environ['NO_COLOR'] = '1'
    for name in ('stdout', 'stderr'):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, EscapedStream):
            setattr(sys, name, EscapedStream(stream))


@contextlib.contextmanager
def escaped_streams() -> Iterator[None]:
    """Do so for a block; see :func:`escape_streams`."""
    before = sys.stdout, sys.stderr, os.environ.get('NO_COLOR')
    escape_streams()
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before[:2]
        if before[2] is None:
            os.environ.pop('NO_COLOR', None)


def one_line(text: object) -> str:
    """A text in one line: blanks and line breaks in it become single blanks."""
    return printable(' '.join(re.split(r'[ \t\n]+', str(text).strip(' \t\n'))))
