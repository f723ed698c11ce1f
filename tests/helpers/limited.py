"""Python code in a child process with limits of memory and time."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import textwrap
from pathlib import Path

TESTS = Path(__file__).parent


def run_limited(
    code: str, *arguments: object, megabytes: int = 1000, seconds: int = 60
) -> subprocess.CompletedProcess[str]:
    """Run code that may use so much address space and processor time, and finds the tests.

    Args:
        code: Python.
        *arguments: What it finds in ``sys.argv[1:]``.
        megabytes: Of address space.
        seconds: Of processor time.
    """

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20,) * 2)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))

    # Each thread of OpenBLAS reserves address space.
    paths = os.pathsep.join([str(TESTS.parents[1]), str(TESTS.parent), str(TESTS)])
    return subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', textwrap.dedent(code), *map(str, arguments)],
        env=dict(os.environ, PYTHONPATH=paths, OPENBLAS_NUM_THREADS='1'),
        preexec_fn=limit,
        capture_output=True,
        text=True,
    )
