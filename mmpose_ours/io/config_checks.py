"""What is looked at before a config is run, since configs are Python programs.

MMEngine pastes the path of a config into its text where that says ``{{ fileDirname }}`` or the
like, and runs the outcome. A folder's name that holds quotes could so become code, though the
config itself is a friend's; such configs are refused here.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import sys
from pathlib import Path

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io import package_files as paths
from mmpose_ours.io.disk.regular_files import read_regular
from mmpose_ours.io.terminal import one_line

_MARK = re.compile(r'\{\{\s*file(?:Dirname|Basename|BasenameNoExtension|Extname)\s*\}\}')
# What may end a text in quotes, begin an expression in it or another mark, or is replaced.
_NOT_CARRIED = frozenset('\'"\\{}')
_warned: set[Path] = set()


class ConfigPathError(FileFormatError):
    """A config names its own folder in a way that does not work, or is unsafe, with its path."""

    code = 'unsafe'


def warn_of_config(path: PathLike) -> None:
    """Say once on stderr that a config is run, unless it came with this package or MMPose.

    Args:
        path: A config file that is about to be read.
    """
    file = Path(path).resolve()
    if file in _warned or not file.is_file() or _is_installed(file):
        return
    _warned.add(file)
    if os.environ.get('RANK', os.environ.get('SLURM_PROCID', '0')) == '0':
        print(
            f'warning: {one_line(str(path))}: a config is a Python program and runs with your '
            'rights; use only those that you wrote or trust',
            file=sys.stderr,
        )


def _is_installed(file: Path) -> bool:
    spec = importlib.util.find_spec('mmpose')
    roots = [paths.share('configs').resolve()]
    if spec is not None and spec.origin is not None:
        roots.append(Path(spec.origin).resolve().parent)
    return any(root in file.parents for root in roots)


def check_config_path(path: PathLike) -> None:
    """Refuse a config into whose text MMEngine would paste a path that does not stay text.

    The configs that it names as its ``_base_`` are looked at as well.

    Args:
        path: The config; one that is not there passes.

    Raises:
        ConfigPathError: It, or a base of it, uses ``{{ fileDirname }}`` or the like, and its path
            holds quotes, backslashes, braces, or characters that cannot be printed.
    """
    waiting, seen = [Path(path).absolute()], set()
    while waiting:
        config = waiting.pop()
        if config in seen or not config.is_file():
            continue
        seen.add(config)
        text = read_regular(config, 'config_bytes').decode('utf-8', 'replace')
        mark = _MARK.search(text)
        if mark and not _is_carried(str(config)):
            raise ConfigPathError(
                f'{str(config)!r}: the config says {mark[0]}, in whose place MMEngine puts this '
                'path, and the path has characters that would not stay text there (quotes, '
                'backslashes, braces, or such as cannot be printed); rename the folder, or write '
                'the config again with `mmpose-ours init --force`, which does without',
                file=config,
                found=mark[0],
            )
        waiting += [config.parent / base for base in _bases(text)]


def _is_carried(path: str) -> bool:
    return path.isprintable() and not _NOT_CARRIED & set(path)


def _bases(text: str) -> list[str]:
    """The bases that a config states as plain text."""
    try:
        nodes = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if node.targets[0].id == '_base_':
                values = getattr(node.value, 'elts', [node.value])
                texts = (value.value for value in values if isinstance(value, ast.Constant))
                return [text for text in texts if isinstance(text, str)]
    return []
