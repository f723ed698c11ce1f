"""Every reader gets damaged files in a process that has limits of time and memory.

What may come out is the package's own :class:`~mmpose_ours.errors.InputError`, or what was read.
Everything else is a failure: other exceptions, more than five seconds or a gigabyte, a crash, and
code that ran. The same seed and number make the same file again, except where its writer puts the
time or a random name into it; the file of a failure can be kept.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Iterator, NamedTuple

from .worker import lines_of

ROOT = Path(__file__).resolve().parents[2]
# Of the processor, for one input.
SECONDS = 5.0
# Inputs for one process, so that no leak adds up.
BATCH = 500
# The process that imports everything and then only watches others.
SILENCE = 1200.0


class Outcome(NamedTuple):
    """What came of an input.

    Args:
        reader: A name in ``TARGETS``.
        seed: Of the input.
        number: Of the input.
        kind: ``'read'``, ``'refused'`` or ``'failed'``.
        why: The name of the error, or what is wrong.
        seconds: Of the processor.
        megabytes: By which memory grew.
        kept: The input, if it failed and was to be kept.
    """

    reader: str
    seed: int
    number: int
    kind: str
    why: str
    seconds: float
    megabytes: float
    kept: Path | None = None

    def __str__(self) -> str:
        return f'{self.reader!r} seed {self.seed} number {self.number}: {self.why}'


class Child:
    """The worker process."""

    def __enter__(self) -> Child:
        self._folder = tempfile.TemporaryDirectory(prefix='fuzz-')
        path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get('PYTHONPATH')])])
        quiet = {
            'PYTHONHASHSEED': '0',
            'OMP_NUM_THREADS': '1',
            'OPENBLAS_NUM_THREADS': '1',
            'OPENCV_LOG_LEVEL': 'OFF',
        }
        self._process = subprocess.Popen(
            [sys.executable, '-W', 'ignore', '-m', 'tests.fuzz.worker'],
            cwd=self._folder.name,
            env={**os.environ, 'PYTHONPATH': path, **quiet},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert self._process.stdin and self._process.stdout
        self._requests = self._process.stdin
        self._lines = lines_of(self._process.stdout.fileno(), SILENCE)
        return self

    def __exit__(self, *error: object) -> None:
        # With those that it has forked.
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()
        self._folder.cleanup()

    def run(
        self,
        reader: str,
        numbers: range,
        seed: int,
        save: Path | None = None,
        seconds: float = SECONDS,
    ) -> Iterator[Outcome]:
        """Throw damaged files at a reader.

        Args:
            reader: A name in ``TARGETS``.
            numbers: Of the inputs.
            seed: Of the inputs.
            save: A folder for the inputs that fail.
            seconds: Of the processor, for one input.

        Yields:
            What came of each.
        """
        number = numbers.start
        while number < numbers.stop:
            count = min(BATCH, numbers.stop - number)
            for answer in self._batch(
                dict(reader=reader, seed=seed, first=number, count=count, seconds=seconds)
            ):
                number = answer['number'] + 1
                kept = answer['kept'] and Path(answer['kept'])
                outcome = Outcome(reader, seed, *(answer[key] for key in Outcome._fields[2:7]))
                if kept and save is not None:
                    save.mkdir(parents=True, exist_ok=True)
                    name = f'{file_name(reader)}-{seed}-{kept.name}'
                    outcome = outcome._replace(kept=Path(shutil.move(str(kept), save / name)))
                    Path(f'{outcome.kept}.why').write_text(f'{outcome}\n')
                yield outcome

    def _batch(self, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        self._requests.write(json.dumps(request).encode() + b'\n')
        self._requests.flush()
        for line in self._lines:
            if line is None:
                raise RuntimeError(f'the worker process is silent: {request}')
            answer = json.loads(line)
            if 'end' in answer:
                return
            yield {**answer, 'kind': answer.pop('outcome')}
        raise RuntimeError(f'the worker process has died: {request}')


def file_name(reader: str) -> str:
    """A reader's name for a file."""
    return ''.join(c if c.isalnum() else '-' for c in reader)
