"""Parallel loops: each thread runs whole iterations.

Torch parallelises within every operation, and its threads synchronise after each. For loops of
many small operations, each of which fits the caches of one core, it is faster to run each iteration
in one thread. Such loops are also slowed down less by other programs on the machine, because there
is no synchronisation in which all threads wait for an interrupted one.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, Iterable, Iterator

import torch

# Several threads are used for small operations only if they need at most this share of the time
# that one thread needs: they lose far more as soon as another program runs.
MIN_SPEEDUP = 0.7

_pools: dict[tuple[int, int], ThreadPoolExecutor] = {}
_making = threading.Lock()


def for_each(items: Iterable[int], body: Callable[[Iterable[int]], None]) -> None:
    """Run a loop in ``torch.get_num_threads()`` threads, without gradients.

    Tools that observe the operators of one thread, such as torch's profiler and flop counter, see
    this work only if torch has one thread.

    Args:
        items: What the loop runs over.
        body: Called once per thread with an iterator over the items that this thread processes; it
            may allocate buffers before it takes the first item.
    """
    items = list(items)
    threads = torch.get_num_threads()
    if threads == 1:
        body(items)
        return
    remaining = iter(items)  # next() of a list iterator is atomic

    def work() -> None:
        with torch.inference_mode():
            body(remaining)

    for future in [_pool(threads).submit(work) for _ in items[:threads]]:
        future.result()


@contextlib.contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Let torch use so many threads within an operation for a block of code."""
    before = torch.get_num_threads()
    if count != before:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        if count != before:
            torch.set_num_threads(before)


def measured_threads(work: Callable[[], object]) -> int:
    """The number of threads for work that consists of small operations.

    Args:
        work: A sample of the work; called twice with each number of threads.

    Returns:
        ``torch.get_num_threads()`` if the work is much faster with so many, else 1.
    """
    several = torch.get_num_threads()
    if several == 1:
        return 1
    seconds = {1: float('inf'), several: float('inf')}
    for _ in range(2):  # the first call also allocates memory
        for count in seconds:
            with torch_threads(count):
                start = time.perf_counter()
                work()
                seconds[count] = min(seconds[count], time.perf_counter() - start)
    return several if seconds[several] < MIN_SPEEDUP * seconds[1] else 1


def _pool(threads: int) -> ThreadPoolExecutor:
    """A pool of threads in which torch uses one thread each; cached per size and process."""
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
