"""What this machine can do at most: the figures that every time is to be seen against."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path
from typing import Callable

import torch

ROUNDS = 5


def limits(threads: int, size: int, megabytes: int) -> dict:
    """Measure the machine.

    Args:
        threads: Threads to use.
        size: Side of the square matrices that are multiplied.
        megabytes: Size of the block that is copied; well above the caches.

    Returns:
        ``sgemm_gflops`` and ``bfloat16_gflops`` (matrix product), ``memory_gb_per_s`` (bytes
        read and written by a copy), ``threads``, ``cores``, ``processor``, ``load`` (programs
        that wanted to run in the last minute, these included).
    """
    torch.set_num_threads(threads)
    a, b = torch.rand(size, size), torch.rand(size, size)
    low_a, low_b = a.bfloat16(), b.bfloat16()
    source = torch.ones(megabytes * (1 << 20) // 4)
    target = torch.zeros_like(source)
    flop = 2 * size**3 / 1e9
    return dict(
        sgemm_gflops=flop / _best(lambda: a @ b),
        bfloat16_gflops=flop / _best(lambda: low_a @ low_b),
        memory_gb_per_s=2 * source.nbytes / 1e9 / _best(lambda: target.copy_(source)),
        threads=threads,
        cores=os.cpu_count(),
        processor=_processor(),
        load=os.getloadavg()[0],
    )


def _best(work: Callable[[], object]) -> float:
    """The shortest of several runs, seconds: a limit is what happens undisturbed."""
    times = []
    for _ in range(ROUNDS + 1):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times[1:])


def _processor() -> str:
    """The processor's name and which of the wide units it has that matter here."""
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
    except OSError:
        return platform.processor()
    entries = dict(line.split(':', 1) for line in lines if ':' in line)
    entries = {key.strip(): value.strip() for key, value in entries.items()}
    flags = entries.get('flags', '').split()
    units = [unit for unit in ('avx2', 'avx512f', 'avx512_bf16', 'amx_bf16') if unit in flags]
    return f'{entries.get("model name", platform.machine())} ({", ".join(units)})'
