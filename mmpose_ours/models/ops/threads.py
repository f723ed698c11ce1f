"""Loops whose turns run at the same time.

Torch splits every single operation among its threads, which wait for each other after each. Long
rows of small operations, each of which fits the caches of one core, are better off whole: every
thread takes the next turn of the loop and computes alone. That also suffers far less from other
programs on the machine, as nobody waits at every step for the thread that was interrupted.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, Iterable

import torch

_pools: dict[tuple[int, int], ThreadPoolExecutor] = {}
_making = threading.Lock()


def for_each(turns: Iterable[int], body: Callable[[Iterable[int]], None]) -> None:
    """Run a loop in as many threads as torch has here, without gradients.

    What watches operators of one thread, such as torch's profiler and flop counter, sees the
    work only where torch has one thread.

    Args:
        turns: What the loop runs over.
        body: Given the turns that one thread takes, one after another, as an iterator; it may
            set up its own memory before it takes the first.
    """
    turns = list(turns)
    threads = torch.get_num_threads()
    if threads == 1:
        body(turns)
        return
    remaining = iter(turns)  # of a list: taking the next is atomic

    def work() -> None:
        with torch.inference_mode():
            body(remaining)

    for future in [_pool(threads).submit(work) for _ in turns[:threads]]:
        future.result()


def _pool(threads: int) -> ThreadPoolExecutor:
    """Threads that compute with one thread each; kept, one set per size and process."""
    key = os.getpid(), threads
    with _making:
        if key not in _pools:
            started = threading.Barrier(threads + 1)

            def start() -> None:
                torch.set_num_threads(1)
                torch.get_num_threads()  # a thread takes over the last setting here, once
                started.wait()

            pool = ThreadPoolExecutor(threads, 'mmpose_ours', start)
            for _ in range(threads):
                pool.submit(int)
            started.wait()
            # The setting is each thread's own, but the last one is what new threads begin with.
            torch.set_num_threads(torch.get_num_threads())
            _pools[key] = pool
    return _pools[key]
