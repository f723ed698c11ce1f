"""The commands and options that the documents show."""

from __future__ import annotations

import dataclasses
import re
import shlex
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [*ROOT.glob('*.md'), *ROOT.glob('docs/**/*.md'), ROOT / 'configs' / 'README.md'],
    key=lambda page: page.as_posix(),
)
FENCE = re.compile(r'^ *```(\w*)\n(.*?)^ *```', re.S | re.M)
# Names that stand for what the reader has, in place of a word of a command.
PLACEHOLDERS = ('...', 'COMMAND')


@dataclasses.dataclass(frozen=True)
class Shown:
    """A command on a page.

    Args:
        page: The page, relative to the repository.
        words: The command, split as a shell does.
        whole: Whether it stands in a block of its own, so that it can be run as it is.
    """

    page: str
    words: tuple[str, ...]
    whole: bool

    def __str__(self):
        return f'{self.page}: {shlex.join(self.words)}'


def shown_commands(*programs: str) -> list[Shown]:
    """The commands of some programs on all pages."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding='utf-8')
        name = page.relative_to(ROOT).as_posix()
        for language, block in FENCE.findall(text):
            for line in _lines(language, block):
                found.append((name, line, True))
        for span in re.findall(r'`([^`\n]+)`', FENCE.sub('', text)):
            found.append((name, span, False))
    commands = (Shown(name, _split(line), whole) for name, line, whole in found)
    return [shown for shown in commands if shown.words and shown.words[0] in programs]


def shown_options() -> dict[str, set[str]]:
    """Options that stand alone in the text of pages, such as those of tables, by page."""
    options: dict[str, set[str]] = {}
    for page in PAGES:
        text = FENCE.sub('', page.read_text(encoding='utf-8'))
        spans = re.findall(r'`([^`\n]+)`', text)
        names = {name for span in spans for name in re.findall(r'^(--[a-z][\w-]*)', span)}
        options[page.relative_to(ROOT).as_posix()] = names
    return options


def _lines(language: str, block: str) -> list[str]:
    """The commands of a block: all lines of bash, those after a prompt of a console."""
    joined = re.sub(r'\\\n\s*', ' ', block)
    if language == 'bash':
        return [line.strip() for line in joined.splitlines()]
    if language == 'console':
        return [line.strip()[2:] for line in joined.splitlines() if line.strip().startswith('$ ')]
    return []


def _split(line: str) -> tuple[str, ...]:
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return ()
    # What a command prints goes to a file, or into another command.
    for index, word in enumerate(words):
        if word in ('>', '|', '&&'):
            words = words[:index]
            break
    return tuple(words)
