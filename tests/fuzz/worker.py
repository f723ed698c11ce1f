"""The process that damages samples and reads them: imports once, and forks for each batch.

A request is a line of JSON, ``{"reader", "seed", "first", "count", "seconds"}``. The answer is a
line for each input, ``{"number", "outcome": "read" | "refused" | "failed", "why", "seconds",
"megabytes", "kept"}``, and ``{"end": true}`` when the batch is over or its process has died, which
is the failure of the input that it was at. ``kept`` is a copy of an input that failed.
"""

from __future__ import annotations

import faulthandler
import json
import math
import os
import resource
import select
import shutil
import signal
import sys
import time
import traceback
import zlib
from pathlib import Path
from typing import Any, Iterator, TextIO

import numpy as np

from mmpose_ours.errors import InputError

from .mutators import mutate
from .targets import find

# Beyond what reading the valid sample has left.
MEMORY = 1 << 30
CANARY = 'executed'
# By the clock, for one input; for one that waits for something. Working is limited by the caller.
PATIENCE = 240.0
LAST_WORDS = 'last-words.txt'


class Trial:
    """A sample of one reader, to be damaged again and again.

    Args:
        reader: The name in ``TARGETS``.
        folder: An empty one.
    """

    def __init__(self, reader: str, folder: Path):
        write, self._read = find(reader)
        folder.mkdir(parents=True)
        self._folder = folder
        self._path = write(folder)
        self._files = sorted(path for path in folder.rglob('*') if path.is_file())
        self._originals = [path.read_bytes() for path in self._files]
        self._read(self._path)  # raises where the sample is not valid
        self.restore()
        self._key = zlib.crc32(reader.encode())
        self.baseline = _pages('size')

    def damaged(self, seed: int, number: int) -> tuple[Path, bytes]:
        """The file that is damaged, and its content."""
        rng = np.random.default_rng([seed, self._key, number])
        victim = int(rng.integers(len(self._files)))
        other = self._originals[int(rng.integers(len(self._originals)))]
        return self._files[victim], mutate(self._originals[victim], rng, other)

    def put(self, seed: int, number: int) -> Path:
        """Damage the sample; the file that is damaged."""
        path, content = self.damaged(seed, number)
        path.write_bytes(content)
        return path

    def run(self, seconds: float) -> dict[str, Any]:
        """Read the damaged sample; what came of it."""
        before = _forget_peak()
        started = time.process_time()
        # Anybody who takes longer than this is killed by the system.
        _limit(resource.RLIMIT_CPU, math.ceil(started + seconds) + 1)
        _limit(resource.RLIMIT_AS, self.baseline + MEMORY)
        outcome, why = 'read', ''
        try:
            self._read(self._path)
        except InputError as error:
            outcome = 'refused' if str(error).strip() else 'failed'
            why = type(error).__name__
        except BaseException as error:  # noqa: BLE001, the very thing that is looked for
            _limit(resource.RLIMIT_AS, resource.RLIM_INFINITY)
            where = _places(error)
            outcome, why = 'failed', f'{type(error).__name__} at {where}: {error}'[:300]
            del error
        finally:
            _limit(resource.RLIMIT_AS, resource.RLIM_INFINITY)
            _limit(resource.RLIMIT_CPU, resource.RLIM_INFINITY)
        elapsed = time.process_time() - started
        if elapsed > seconds:
            outcome, why = 'failed', f'took {elapsed:.1f} s'
        if os.path.exists(CANARY):
            os.unlink(CANARY)
            outcome, why = 'failed', 'EXECUTED CODE'
        megabytes = max(0, _peak() - before) / 1e6
        return dict(outcome=outcome, why=why, seconds=round(elapsed, 3), megabytes=round(megabytes))

    def restore(self) -> None:
        """Have the sample as it was, without what readers may have left beside it."""
        known = set(self._files)
        for path in sorted(self._folder.rglob('*'), reverse=True):
            if path.is_dir() and not path.is_symlink():
                if not any(path in file.parents for file in known):
                    shutil.rmtree(path, ignore_errors=True)
            elif path not in known:
                path.unlink()
        for path, content in zip(self._files, self._originals):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def _places(error: BaseException) -> str:
    """Where an exception came from: the last line, and the last one of the package."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if 'mmpose_ours' in frame.filename]
    places = [f'{Path(frame.filename).name}:{frame.lineno}' for frame in (frames[-1], *ours[-1:])]
    return ' in '.join(dict.fromkeys(places))


def _limit(which: int, value: int) -> None:
    resource.setrlimit(which, (value, resource.RLIM_INFINITY))


def _pages(which: str) -> int:
    with open('/proc/self/statm') as file:
        size, resident, *_ = file.read().split()
    return int(size if which == 'size' else resident) * resource.getpagesize()


def _forget_peak() -> int:
    """Let the peak of memory begin anew; bytes that are used now."""
    with open('/proc/self/clear_refs', 'w') as file:
        file.write('5')
    return _pages('resident')


def _peak() -> int:
    with open('/proc/self/status') as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith('VmHWM'))


def lines_of(pipe: int, timeout: float) -> Iterator[bytes | None]:
    """Lines of a pipe; None whenever none has come for so many seconds."""
    rest = b''
    while True:
        if not select.select([pipe], [], [], timeout)[0]:
            yield None
            continue
        part = os.read(pipe, 1 << 16)
        if not part:
            return
        *whole, rest = (rest + part).split(b'\n')
        yield from whole


def _batch(request: dict[str, Any], folder: Path, answers: TextIO) -> None:
    """Read a batch of damaged samples; runs in a process of its own."""

    def say(**answer: Any) -> None:
        answers.write(json.dumps(answer) + '\n')
        answers.flush()

    first, seed = request['first'], request['seed']
    try:
        trial = Trial(request['reader'], folder / 'sample')
    except BaseException:  # noqa: BLE001
        why = f'NO SAMPLE {traceback.format_exc()[-800:]}'
        say(
            number=first + request['count'] - 1,
            outcome='failed',
            why=why,
            seconds=0,
            megabytes=0,
            kept='',
        )
        return
    for number in range(first, first + request['count']):
        path = trial.put(seed, number)
        say(number=number, path=str(path))
        answer, kept = trial.run(request['seconds']), ''
        if answer['outcome'] == 'failed':
            trial.put(seed, number)  # the reader may have changed it
            kept = str(shutil.copy(path, folder / f'{number}-{path.name}'))
        say(number=number, **answer, kept=kept)
        trial.restore()


def _watched(request: dict[str, Any], folder: Path) -> Iterator[dict[str, Any]]:
    """The answers of a batch, and how its process ended if not well."""
    at = dict(number=request['first'], path='')
    read_end, write_end = os.pipe()
    last_words = open(folder / LAST_WORDS, 'w+')
    process = os.fork()
    if not process:
        os.close(read_end)
        faulthandler.enable(last_words)
        faulthandler.register(signal.SIGXCPU, last_words, all_threads=False, chain=True)
        try:
            with os.fdopen(write_end, 'w') as answers:
                _batch(request, folder, answers)
        except BaseException:  # noqa: BLE001
            last_words.write(traceback.format_exc())
            last_words.flush()
            os._exit(1)
        os._exit(0)
    os.close(write_end)
    why = ''
    for line in lines_of(read_end, PATIENCE):
        if line is None:
            why = f'no answer for {PATIENCE:.0f} s'
            os.kill(process, signal.SIGXCPU)
            time.sleep(1)
            os.kill(process, signal.SIGKILL)
            break
        answer = json.loads(line)
        if 'path' in answer:
            at = answer
        else:
            yield answer
            at = dict(number=answer['number'] + 1, path='')
    os.close(read_end)
    status = os.waitpid(process, 0)[1]
    if status:
        ended = 'ended by itself'
        if os.WIFSIGNALED(status):
            died = signal.Signals(os.WTERMSIG(status))
            ended = f'died of {died.name}'
            if died == signal.SIGXCPU:
                ended = f'took more than {request["seconds"]} s'
        last_words.seek(0)
        lines = [line.strip() for line in last_words if line.lstrip().startswith('File')]
        kept = ''
        if at['path']:
            kept = str(shutil.copy(at['path'], folder / f'{at["number"]}-{Path(at["path"]).name}'))
        yield dict(number=at['number'], outcome='failed', seconds=0, megabytes=0, kept=kept,
                   why=f'{why or ended}; {" < ".join(lines[:4])}')  # fmt: skip
    last_words.close()


def main() -> None:
    """Answer requests until there are no more."""
    # Readers and libraries may print; only answers go to the one who asked.
    answers = os.fdopen(os.dup(1), 'w')
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    for index, line in enumerate(sys.stdin):
        folder = Path.cwd() / f'batch-{index}'
        folder.mkdir()
        for answer in _watched(json.loads(line), folder):
            answers.write(json.dumps(answer) + '\n')
            answers.flush()
        shutil.rmtree(folder / 'sample', ignore_errors=True)
        answers.write(json.dumps({'end': True}) + '\n')
        answers.flush()


if __name__ == '__main__':
    main()
