"""Every reader gets damaged files in a child process that has limits of time and memory.

What may come out is the package's own :class:`~mmpose_ours.errors.InputError`, or what was read.
Everything else is a failure: other exceptions, more than five seconds or a gigabyte, a crash, and
code that ran. A failure tells the seed and the number that make its file again.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Iterator, NamedTuple

from .worker import LAST_WORDS, PATIENCE

ROOT = Path(__file__).resolve().parents[2]
# Of the processor, for one input.
SECONDS = 5.0
# Inputs after which a child makes way for a new one, so that no leak adds up.
LIFETIME = 2000


class Failure(NamedTuple):
    """An input that was not met as it should be."""

    reader: str
    seed: int
    number: int
    why: str

    def __str__(self) -> str:
        return f'{self.reader!r} seed {self.seed} number {self.number}: {self.why}'


class Child:
    """A worker process, begun anew where it dies.

    Args:
        seconds: Of the processor, for one input.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._folder = tempfile.TemporaryDirectory(prefix='fuzz-')
        self._process: subprocess.Popen | None = None
        self._served = 0

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *error: object) -> None:
        self._stop()
        self._folder.cleanup()

    def ask(self, reader: str, seed: int, number: int) -> dict[str, str]:
        """Let one input be read; see :mod:`.worker`."""
        if self._served >= LIFETIME:
            self._stop()
        process = self._process or self._start()
        request = json.dumps(dict(reader=reader, seed=seed, number=number, seconds=self._seconds))
        assert process.stdin and process.stdout
        self._served += 1
        try:
            process.stdin.write(request.encode() + b'\n')
            process.stdin.flush()
        except BrokenPipeError:
            pass
        ready, _, _ = select.select([process.stdout], [], [], PATIENCE)
        line = process.stdout.readline() if ready else b''
        if line:
            return json.loads(line)
        why = self._stop()
        why = why if ready else f'no answer for {PATIENCE:.0f} s'
        return {'outcome': 'failed', 'why': f'{why}; {self._last_words()}'}

    def _last_words(self) -> str:
        """Where the main thread was."""
        lines = (Path(self._folder.name) / LAST_WORDS).read_text().split('\n')
        frames = [line.strip() for line in lines if line.lstrip().startswith('File')]
        return ' < '.join(frames[:4])

    def _start(self) -> subprocess.Popen:
        path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get('PYTHONPATH')])])
        self._served = 0
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'tests.fuzz.worker'],
            cwd=self._folder.name,
            env={
                **os.environ,
                'PYTHONPATH': path,
                'OMP_NUM_THREADS': '1',
                'OPENCV_LOG_LEVEL': 'OFF',
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        return self._process

    def _stop(self) -> str:
        """End the child; says how it ended, in case it did so by itself."""
        process, self._process, self._served = self._process, None, 0
        if process is None:
            return ''
        assert process.stdin and process.stdout
        try:
            process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            status = process.wait(1.0)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        process.stdout.close()
        if status < 0:
            return f'died of {signal.Signals(-status).name}'
        return f'ended with status {status}'


def run(
    child: Child, reader: str, numbers: range, seed: int, save: Path | None = None
) -> Iterator[tuple[int, str, Failure | None]]:
    """Throw damaged files at a reader.

    Args:
        child: Where.
        reader: A name in ``TARGETS``.
        numbers: Of the inputs.
        seed: Of the inputs.
        save: A folder for the inputs that fail.

    Yields:
        Each number, its outcome, and the failure if it is one.
    """
    for number in numbers:
        answer = child.ask(reader, seed, number)
        failure = None
        if answer['outcome'] == 'failed':
            failure = Failure(reader, seed, number, answer['why'])
            if save is not None:
                _save(failure, save)
        yield number, answer['outcome'], failure


def _save(failure: Failure, folder: Path) -> None:
    """Make the input again and keep it, with the reason beside it."""
    from .worker import Trial

    with tempfile.TemporaryDirectory(prefix='fuzz-') as place:
        try:
            path, content = Trial(failure.reader, Path(place) / 'a').damaged(*failure[1:3])
        except Exception as error:  # noqa: BLE001, the sample itself is the failure
            path, content = Path('no-input'), str(error).encode()
    name = ''.join(c if c.isalnum() else '-' for c in failure.reader)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f'{name}-{failure.seed}-{failure.number}-{path.name}'
    target.write_bytes(content)
    Path(f'{target}.why').write_text(f'{failure}\n')
