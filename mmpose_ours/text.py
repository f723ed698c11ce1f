"""Words of messages: text from elsewhere made visible, and arguments as the caller spells them.

Below everything else, since the messages of :mod:`mmpose_ours.errors` need it too.
"""

from __future__ import annotations

import contextlib
import shlex
import unicodedata
from typing import Any, Iterator, Mapping

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


def counted(count: int, one: str, many: str = '') -> str:
    """A number with its noun, in the singular for one.

    Args:
        count: The number.
        one: The noun in the singular.
        many: In the plural, where that is not ``one`` and an ``s``.

    Examples:
        >>> counted(1, 'frame'), counted(0, 'frame'), counted(2, 'person', 'people')
        ('1 frame', '0 frames', '2 people')
    """
    return f'{count} {one if count == 1 else many or one + "s"}'


# Arguments whose option has another name.
_OPTIONS = {
    'format': 'from',
    'image_megabytes': 'image-budget',
    'output_format': 'to',
    'min_track_s': 'min-track-seconds',
    'space': 'volume',
}
_as_options = False
_own_names: dict[str, str] = {}
_elsewhere: dict[str, str] = {}


@contextlib.contextmanager
def arguments_as_options(
    elsewhere: Mapping[str, str] | None = None, **names: str
) -> Iterator[None]:
    """Let :func:`argument` spell options of the command line; programs enter this once.

    Args:
        elsewhere: Arguments that the command has no option for, and the command that has.
        names: Option names, without dashes, of arguments whose option has another name in the
            command that is run.
    """
    global _as_options, _own_names, _elsewhere
    before = _as_options, _own_names, _elsewhere
    _as_options, _own_names = True, {**_own_names, **names}
    _elsewhere = {**_elsewhere, **(elsewhere or {})}
    try:
        yield
    finally:
        _as_options, _own_names, _elsewhere = before


def argument(name: str, value: Any = None) -> str:
    """An argument as the reader of the message would give it.

    Args:
        name: The argument's name in Python.
        value: The value to give, or an example. None leaves it open.

    Returns:
        In Python ``name=value``; in a program of this package, inside
        :func:`arguments_as_options`, ``--name value``.

    Examples:
        >>> argument('image_size', (1920, 1080)), argument('rename', {'old': 'new'})
        ('image_size=(1920, 1080)', "rename={'old': 'new'}")
        >>> with arguments_as_options():
        ...     argument('image_size', (1920, 1080)), argument('rename', {'old': 'new'})
        ('--image-size 1920x1080', '--rename old=new')
        >>> argument('frames')
        'frames=...'
    """
    if not _as_options:
        return f'{name}={"..." if value is None else repr(value)}'
    of = f' of `{_elsewhere[name]}`' if name in _elsewhere else ''
    option = '--' + {**_OPTIONS, **_own_names}.get(name, name).replace('_', '-')
    if value is None or value is True:
        return option + of
    if isinstance(value, dict):
        parts = {k: 'x'.join(map(str, v)) if isinstance(v, tuple) else v for k, v in value.items()}
        words = [shlex.quote(f'{key}={part}') for key, part in parts.items()]
    elif isinstance(value, tuple):
        words = ['x'.join(map(str, value))]
    elif isinstance(value, list):
        words = [shlex.quote(str(part)) for part in value]
    elif isinstance(value, float):
        words = [f'{value:.4g}']
    else:
        words = [shlex.quote(str(value))]
    return ' '.join([option, *words]) + of
