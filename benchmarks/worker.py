"""Processes that answer requests over pipes: one JSON object per line, one answer each.

Standard library only, Python 3.8: both environments import this file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any, Callable, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[1]


class WorkerError(RuntimeError):
    """A worker could not do what it was asked for; the text is its traceback."""


class Worker:
    """Starts a process that runs :func:`serve` and talks to it.

    Args:
        name: What to call it in messages.
        command: Program and arguments; it runs in the root of the checkout.
        threads: What OpenMP may use from the start.
    """

    def __init__(self, name: str, command: Sequence[str], threads: int = 1):
        self.name = name
        self._process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, 'OMP_NUM_THREADS': str(threads), 'PYTHONWARNINGS': 'ignore'},
        )

    def ask(self, request: str, **arguments: Any) -> Any:
        """Send one request and wait for its answer.

        Raises:
            WorkerError: The worker failed, or has died.
        """
        process = self._process
        assert process.stdin and process.stdout
        try:
            process.stdin.write(json.dumps([request, arguments]) + '\n')
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ''
        if not line:
            raise WorkerError(
                f'the {self.name} worker ended with exit status {process.wait()} at {request!r}; '
                'its own messages stand above (an exit status of -9: out of memory)'
            )
        answer = json.loads(line)
        if 'error' in answer:
            raise WorkerError(f'the {self.name} worker failed at {request!r}:\n{answer["error"]}')
        return answer['result']

    def close(self) -> None:
        """End the process; closing its input is enough."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def serve(requests: Mapping[str, Callable[..., Any]]) -> None:
    """Answer requests until the input ends.

    Args:
        requests: Functions by name; they take keyword arguments and return what JSON can hold.
    """
    # Libraries print what they like: that goes to stderr, the answers have a pipe of their own.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), 'w')
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for line in sys.stdin:
        request, arguments = json.loads(line)
        try:
            answer = {'result': requests[request](**arguments)}
        except Exception:
            answer = {'error': traceback.format_exc()}
        answers.write(json.dumps(answer) + '\n')
        answers.flush()
