"""What both sides of the comparison share: how a piece of work is timed and weighed.

A side knows its stages: methods ``make_<stage>(**options)`` that prepare everything and return
the piece of work to be timed, a function without arguments. Both environments import this
file: torch only, Python 3.8.
"""

from __future__ import annotations

import ctypes
import math
import pickle
import time
from pathlib import Path
from typing import Any, Callable, Sequence

import torch

from benchmarks.worker import serve

REQUESTS = ('describe', 'load', 'measure', 'peak_memory', 'operators', 'outputs', 'item_bytes')


class Side:
    """One side: loads a problem and measures its stages."""

    own_requests: tuple = ()

    def __init__(self) -> None:
        self._work: dict[str, Callable[[], Any]] = {}
        self._models: dict[str, Any] = {}  # by device, shared by stages

    def serve(self) -> None:
        """Answer the benchmark's requests."""
        serve({name: getattr(self, name) for name in (*REQUESTS, *self.own_requests)})

    def describe(self) -> dict:
        """The versions that compute, and the GPU, if there is one."""
        gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
        return dict(torch=torch.__version__, gpu=gpu, **self.versions())

    def load(self, folder: str) -> None:
        """Take another problem (see :mod:`benchmarks.problem`)."""
        self._work.clear()
        self._models.clear()
        self.set_problem(Path(folder))

    def work(self, stage: str, **options: Any) -> Callable[[], Any]:
        """The piece of work of a stage, prepared once per set of options."""
        key = f'{stage} {sorted(options.items())}'
        if key not in self._work:
            self._work[key] = getattr(self, f'make_{stage}')(**options)
        return self._work[key]

    def measure(self, stage: str, seconds: float, threads: int, **options: Any) -> dict:
        """Time a stage over as many calls as fill ``seconds``.

        The first call of a stage is thrown away: it fills caches and chooses kernels.

        Returns:
            Per call: ``wall`` seconds, and ``cpu`` seconds of all threads together, which other
            programs on the machine disturb less.
        """
        torch.set_num_threads(threads)
        first = f'{stage} {sorted(options.items())}' not in self._work
        work = self.work(stage, **options)
        if first:
            work()
        return _timed(work, seconds)

    def peak_memory(self, stage: str, threads: int, **options: Any) -> int | None:
        """Bytes that a call of a stage takes on top of what the process holds before it.

        On a GPU the allocator's peak; on a CPU that of resident memory, which only Linux tells.
        """
        torch.set_num_threads(threads)
        work = self.work(stage, **options)
        work()
        if options.get('device') == 'cuda':
            before = torch.cuda.memory_allocated()
            torch.cuda.reset_peak_memory_stats()
            work()
            _synchronize()
            return torch.cuda.max_memory_allocated() - before
        try:
            ctypes.CDLL('libc.so.6').malloc_trim(0)  # give back what earlier stages left
            Path('/proc/self/clear_refs').write_text('5')  # resets the peak, see proc(5)
            before = _status_bytes('VmRSS')
            work()
            return max(_status_bytes('VmHWM') - before, 0)
        except OSError:
            return None

    def operators(self, stage: str, threads: int, most: int = 6, **options: Any) -> dict:
        """Which of torch's operators take the time of a stage, and the work they do.

        Returns:
            ``shares``: the ``most`` costly ones and ``'others'``, sums to 1; ``gflop``:
            floating point operations of convolutions and matrix products (a
            multiply-accumulate is two), without Fourier transforms.
        """
        from torch.profiler import ProfilerActivity, profile
        from torch.utils.flop_counter import FlopCounterMode

        torch.set_num_threads(threads)
        work = self.work(stage, **options)
        work()
        in_place = {torch.ops.aten.baddbmm_: _baddbmm_flop}  # which the counter does not know
        with FlopCounterMode(display=False, custom_mapping=in_place) as counter:
            work()
        with profile(activities=[ProfilerActivity.CPU]) as profiler:
            work()
        seconds_by = {e.key: e.self_cpu_time_total for e in profiler.key_averages()}
        total = sum(seconds_by.values()) or 1
        ranked = sorted(seconds_by.items(), key=lambda pair: -pair[1])
        shares = {name.replace('aten::', ''): value / total for name, value in ranked[:most]}
        shares['others'] = 1 - sum(shares.values())
        return dict(shares=shares, gflop=counter.get_total_flops() / 1e9)

    def item_bytes(self) -> int:
        """Bytes of one training item as a loader's worker process hands it on."""
        return len(pickle.dumps(self.training_item(), protocol=4))

    # What a side has to know.

    def versions(self) -> dict:
        """Versions of its packages."""
        raise NotImplementedError

    def set_problem(self, folder: Path) -> None:
        """Read the problem's files."""
        raise NotImplementedError

    def training_item(self) -> Any:
        """One training item of 5 people, ready for the loader."""
        raise NotImplementedError

    def outputs(self, file: str) -> None:
        """Write what the stages compute to an ``.npz`` file, for the check of agreement."""
        raise NotImplementedError


def _timed(work: Callable[[], Any], seconds: float) -> dict:
    """Means of as many calls as fill the time, at least one.

    They are counted and not foretold from the first: some calls work ahead for later ones.
    """
    _synchronize()
    start, cpu, calls = time.perf_counter(), time.process_time(), 0
    while not calls or time.perf_counter() - start < seconds:
        work()
        calls += 1
    _synchronize()
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    return dict(wall=wall / calls, cpu=cpu / calls)


def _synchronize() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def _status_bytes(field: str) -> int:
    lines = Path('/proc/self/status').read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field + ':'))


def _baddbmm_flop(_: Any, first: Sequence[int], second: Sequence[int], **__: Any) -> int:
    """Floating point operations of a batch of products, from the shapes of the factors."""
    return 2 * math.prod(first) * second[-1]
