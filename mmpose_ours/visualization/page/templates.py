"""The pages' own files, ``page/``, and how they are filled."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Mapping

FOLDER = Path(__file__).parent


def page_file(name: str) -> str:
    """The text of a file of ``page/``."""
    return (FOLDER / name).read_text(encoding='utf-8')


def filled(name: str, parts: Mapping[str, str]) -> str:
    """A page with its marks replaced; what replaces one is not searched for others.

    Args:
        name: Of the page in ``page/``.
        parts: Mark to content.
    """
    marks = '|'.join(map(re.escape, parts))
    return re.sub(marks, lambda mark: parts[mark[0]], page_file(name))
