"""How much slower 3D poses become while other programs keep the processor busy.

    python -m benchmarks.busy_cores

Runs a session on synthetic people before a random rig, with an idle machine and while one process
per core computes without end, in turn. For comparison also with torch's own number of threads,
which wait for each other after every operation, and a loop of Python, which waits for nothing: how
much slower that becomes is the share of the processor that the machine leaves to one thread.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import time
from typing import Iterator

import torch

from benchmarks.left_out_recordings import synthetic_recordings
from mmpose_ours.apis.inferencer import MultiviewInferencer

FRAMES, ROUNDS = 60, 3


@contextlib.contextmanager
def busy(processes: int) -> Iterator[None]:
    """Keep so many processes busy for a block of code."""
    command = [sys.executable, '-c', 'while True: pass']
    running = [subprocess.Popen(command) for _ in range(processes)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def main() -> None:
    """Print milliseconds per frame, idle and busy, and their ratio."""
    recording = next(synthetic_recordings(1, FRAMES))
    inferencer = MultiviewInferencer(rig=recording.rig, device='cpu')

    def ms_per_frame(threads: int | None) -> float:
        session = inferencer.open(keypoints=recording.frames)
        next(session)
        if threads is not None:
            session.adaptation.threads = threads
        start = time.perf_counter()
        count = sum(1 for _ in session)
        return (time.perf_counter() - start) / count * 1e3

    def ms_of_python(_: int | None) -> float:
        start = time.perf_counter()
        sum(number * number for number in range(10_000_000))
        return (time.perf_counter() - start) * 1e3

    cores = os.cpu_count() or 1
    print(f'{len(recording.rig)} cameras, {FRAMES} frames, {cores} cores')
    for name, measure, threads in (
        ('as predict runs', ms_per_frame, None),
        ("torch's threads", ms_per_frame, torch.get_num_threads()),
        ('a loop of Python', ms_of_python, None),
    ):
        idle, loaded = [], []
        for _ in range(ROUNDS):
            idle.append(measure(threads))
            with busy(cores):
                loaded.append(measure(threads))
        ratio = statistics.median(b / a for a, b in zip(idle, loaded))
        print(
            f'{name}: idle {statistics.median(idle):.1f} ms, all cores busy '
            f'{statistics.median(loaded):.1f} ms, ratio {ratio:.2f}'
        )


if __name__ == '__main__':
    main()
