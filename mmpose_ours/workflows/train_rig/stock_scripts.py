"""Runs MMPose's stock scripts, through our own in ``tools/``, as processes of their own."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Callable, Sequence

from mmpose_ours.errors import InputError
from mmpose_ours.io import package_files as paths
from mmpose_ours.io.disk.links import behind_link
from mmpose_ours.io.terminal import path_word, shell_word

# Of MMEngine's log: progress with the time that is left, figures, what went wrong. The rest (the
# environment and the whole config) goes into the log file only.
TELLING = re.compile(r'Epoch\(train\)|Epoch\(val\).*recall|ERROR|error:|Error')
LAST_LINES = 15


class StockError(InputError):
    """A stock script ended with an error."""


def command_line(script: str, *words: object) -> list[str]:
    """The words that run a script of ``tools/`` with this Python."""
    texts = (path_word(word) if isinstance(word, Path) else str(word) for word in words)
    return [sys.executable, str(paths.share('tools') / script), *texts]


def shown(words: Sequence[str]) -> str:
    """A command as one types it in the current folder."""
    typed = []
    for word in words:
        path = Path(word)
        if word == sys.executable:
            word = 'python'
        elif path.is_absolute() and Path.cwd() in path.parents:
            word = path_word(path.relative_to(Path.cwd()))
        typed.append(shell_word(word))
    return ' '.join(typed)


def run_stock(words: Sequence[str], log: Path, say: Callable[[str], None] = print) -> None:
    """Run a script; its whole output goes to a log file, what tells how far it is to ``say``.

    It ends with this process: on Ctrl-C it gets the signal too, and where the system can, it
    dies when this process is killed, so that nothing writes into a folder that is worked on
    again.

    Args:
        words: See :func:`command_line`.
        log: The file, which is added to.
        say: Takes lines.

    Raises:
        StockError: It ended with an error; has its last lines.
        OSError: The log cannot be written.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, 'PYTHONUNBUFFERED': '1'}
    last: list[str] = []
    with open(behind_link(log), 'a', encoding='utf-8') as file:
        file.write(f'$ {shown(words)}\n')
        process = subprocess.Popen(
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors='replace',
            env=environment,
            preexec_fn=_die_with_parent if sys.platform == 'linux' else None,
        )
        assert process.stdout is not None
        try:
            for line in process.stdout:
                file.write(line)
                file.flush()
                last = [*last, line.rstrip()][-LAST_LINES:]
                if TELLING.search(line):
                    say(f'    {_without_date(line.rstrip())}')
            status = process.wait()
        except BaseException:
            _end(process)
            raise
    if status:
        reason = next((line for line in reversed(last) if 'rror' in line), last[-1] if last else '')
        raise StockError(
            f'`{shown(words)}` ended with status {status}: {reason}; {log} has all that it said',
            file=log,
            found=status,
            expected=0,
        )


def _without_date(line: str) -> str:
    return re.sub(r'^\d\d/\d\d \d\d:\d\d:\d\d - mmengine - \w+ - ', '', line)


def _end(process: subprocess.Popen) -> None:
    """Let a process end by itself, which the terminal's Ctrl-C has asked it to; else end it."""
    for stop in (process.send_signal, process.send_signal):
        try:
            stop(signal.SIGINT)
            process.wait(5)
            return
        except subprocess.TimeoutExpired:
            continue
    process.kill()
    process.wait()


def _die_with_parent() -> None:
    """Ask Linux to kill this process when the one that started it is gone (prctl(2))."""
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
