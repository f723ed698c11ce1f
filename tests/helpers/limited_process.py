"""Run Python in a child process that may take only so much memory and time."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import textwrap
from pathlib import Path

HERE = Path(__file__).parent


def run_limited(
    code: str, *arguments: object, memory: int = 1500 << 20, seconds: int = 20, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run Python code.

    Args:
        code: The program, which finds the tests and their helpers.
        *arguments: What it finds in ``sys.argv[1:]``.
        memory: Bytes of address space.
        seconds: After which the child is ended by the system.
        **environment: Variables to change.

    Returns:
        What it printed, and its return code, which is negative where a signal ended it.
    """

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    paths = os.pathsep.join(
        [str(HERE.parents[1]), str(HERE.parent), str(HERE), os.environ.get('PYTHONPATH', '')]
    )
    return subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', textwrap.dedent(code), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=10 * seconds,
        preexec_fn=limit,
        # Threads of BLAS reserve address space.
        env={**os.environ, 'PYTHONPATH': paths, 'OPENBLAS_NUM_THREADS': '1', **environment},
    )
