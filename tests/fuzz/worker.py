"""The child process: damages samples and reads them, within limits; one line per answer.

A request is a line of JSON, ``{"reader", "seed", "number", "seconds"}``. The answer is
``{"outcome": "read" | "refused" | "failed", "why"}``. The one who asks watches the clock and
whether this process lives.
"""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import shutil
import sys
import time
import traceback
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from .mutators import mutate

# Beyond what reading the valid sample has left.
MEMORY = 1 << 30
CANARY = 'executed'
# By the clock, until the parent gives up; and where the child was then, or when it crashed.
PATIENCE = 60.0
LAST_WORDS = 'last-words.txt'


class Trial:
    """A sample of one reader, to be damaged again and again.

    Args:
        reader: The name in ``TARGETS``.
        folder: An empty one.
    """

    def __init__(self, reader: str, folder: Path):
        from .targets import find

        write, self._read = find(reader)
        folder.mkdir(parents=True)
        self._folder = folder
        self._path = write(folder)
        self._files = sorted(path for path in folder.rglob('*') if path.is_file())
        self._originals = [path.read_bytes() for path in self._files]
        self._read(self._path)  # raises where the sample is not valid
        self._restore()
        self._key = zlib.crc32(reader.encode())
        self.baseline = _address_space()

    def damaged(self, seed: int, number: int) -> tuple[Path, bytes]:
        """The file that is damaged, and its content."""
        rng = np.random.default_rng([seed, self._key, number])
        victim = int(rng.integers(len(self._files)))
        other = self._originals[int(rng.integers(len(self._originals)))]
        return self._files[victim], mutate(self._originals[victim], rng, other)

    def run(self, seed: int, number: int, seconds: float) -> dict[str, str]:
        """Read one damaged sample; what came of it."""
        from mmpose_ours.errors import InputError

        path, content = self.damaged(seed, number)
        path.write_bytes(content)
        started = time.thread_time()
        try:
            with _limited_memory(self.baseline + MEMORY):
                self._read(self._path)
            answer = {'outcome': 'read', 'why': ''}
        except InputError as error:
            answer = {'outcome': 'refused', 'why': type(error).__name__}
            if not str(error):
                answer = {'outcome': 'failed', 'why': 'an error without words'}
        except BaseException as error:  # noqa: BLE001, the very thing that is looked for
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f'{Path(place.filename).name}:{place.lineno}'
            answer = {
                'outcome': 'failed',
                'why': f'{type(error).__name__} at {where}: {error}'[:300],
            }
            del error
        spent = time.thread_time() - started
        if spent > seconds:
            answer = {'outcome': 'failed', 'why': f'took {spent:.1f} s'}
        if os.path.exists(CANARY):
            os.unlink(CANARY)
            answer = {'outcome': 'failed', 'why': 'EXECUTED CODE'}
        self._restore()
        return answer

    def _restore(self) -> None:
        """The sample as it was, without what readers may have left beside it."""
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


class _limited_memory:  # noqa: N801, reads as a function
    def __init__(self, size: int):
        self._size = size

    def __enter__(self) -> None:
        resource.setrlimit(resource.RLIMIT_AS, (self._size, resource.RLIM_INFINITY))

    def __exit__(self, *error: Any) -> None:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def _address_space() -> int:
    with open('/proc/self/statm') as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def main() -> None:
    """Answer requests until there are no more."""
    # Readers and libraries may print; only answers go to the one who asked.
    answers = os.fdopen(os.dup(1), 'w', buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    last_words = open(LAST_WORDS, 'w')
    faulthandler.enable(last_words)
    home, trials = Path.cwd(), {}
    for line in sys.stdin:
        request = json.loads(line)
        reader = request['reader']
        faulthandler.dump_traceback_later(PATIENCE - 10, file=last_words)
        try:
            if reader not in trials:
                trials.clear()
                place = home / f'{zlib.crc32(reader.encode()):08x}'
                shutil.rmtree(place, ignore_errors=True)
                trials[reader] = Trial(reader, place)
            answer = trials[reader].run(*(request[key] for key in ('seed', 'number', 'seconds')))
        except Exception:  # noqa: BLE001, the sample is none, or there is a fault in here
            answer = {'outcome': 'failed', 'why': f'HARNESS {traceback.format_exc()[-1500:]}'}
        faulthandler.cancel_dump_traceback_later()
        answers.write(json.dumps(answer) + '\n')


if __name__ == '__main__':
    main()
