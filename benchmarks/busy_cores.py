"""How much slower this package becomes while other programs keep the processor busy.

    python -m benchmarks.busy_cores

Each kind of work is timed on an otherwise idle machine and while one process per core computes
without end, in turn: a session on synthetic people before a random rig, a training step of the pose
prior, and a loop of Python, which waits for nothing (how much slower that becomes is the share of
the processor that the machine leaves to one thread). The first two are done as the commands of this
package do them, and once more with the settings of torch and OpenMP: several threads, which keep
their core busy while they wait for each other.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import time
from typing import Any, Callable, Iterator

from mmpose_ours.io.programs import let_waiting_threads_sleep

FRAMES, STEPS, ROUNDS = 60, 4, 3
POLICIES = ('OMP_WAIT_POLICY', 'GOMP_SPINCOUNT', 'KMP_BLOCKTIME')
Milliseconds = Callable[[], float]


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


def frames(default_threads: bool) -> Milliseconds:
    """A frame of a session."""
    import torch

    from benchmarks.left_out_recordings import synthetic_recordings
    from mmpose_ours.apis.inferencer import MultiviewInferencer

    recording = next(synthetic_recordings(1, FRAMES))
    inferencer = MultiviewInferencer(rig=recording.rig, device='cpu')

    def measure() -> float:
        session = inferencer.open(keypoints=recording.frames)
        next(session)
        if default_threads:
            session.adaptation.threads = torch.get_num_threads()
        start = time.perf_counter()
        count = sum(1 for _ in session)
        return (time.perf_counter() - start) / count * 1e3

    return measure


def training_steps(_: bool) -> Milliseconds:
    """A training step of the pose prior, with the batch size of its config."""
    from mmengine.config import Config
    from mmengine.optim import build_optim_wrapper
    from mmengine.registry import init_default_scope

    import mmpose_ours.registry  # noqa: F401  makes the scope known
    from benchmarks.ours_side import collate
    from mmpose_ours.io import package_files as paths
    from mmpose_ours.scope import DATASETS, MODELS

    init_default_scope('mmpose_ours')
    config = Config.fromfile(str(paths.share('configs') / 'ours/keypoint_prior_any_rig.py'))
    model = MODELS.build(config.model).train()
    wrapper: Any = build_optim_wrapper(model, config.optim_wrapper)
    dataset = DATASETS.build(config.train_dataloader.dataset)
    items = [dataset[index] for index in range(config.train_dataloader.batch_size)]

    def measure() -> float:
        start = time.perf_counter()
        for _ in range(STEPS):
            model.train_step(collate(items), wrapper)
        return (time.perf_counter() - start) / STEPS * 1e3

    measure()  # the first call also allocates memory
    return measure


def python_loop(_: bool) -> Milliseconds:
    """A loop of Python."""

    def measure() -> float:
        start = time.perf_counter()
        sum(number * number for number in range(10_000_000))
        return (time.perf_counter() - start) * 1e3

    return measure


WORK = {'frame': frames, 'training step': training_steps, 'loop of Python': python_loop}


def measure(work: str, default_threads: bool) -> None:
    """Print the milliseconds of one kind of work, idle and busy, and their ratio."""
    run = WORK[work](default_threads)
    idle, loaded = [], []
    for _ in range(ROUNDS):
        idle.append(run())
        with busy(os.cpu_count() or 1):
            loaded.append(run())
    ratio = statistics.median(b / a for a, b in zip(idle, loaded))
    how = ", torch's and OpenMP's own settings" if default_threads else ''
    print(
        f'{work}{how}: idle {statistics.median(idle):.1f} ms, all cores busy '
        f'{statistics.median(loaded):.1f} ms, ratio {ratio:.2f}',
        flush=True,
    )


def main() -> None:
    """Measure each kind of work in a process of its own: OpenMP reads its settings once."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--work', choices=WORK, help=argparse.SUPPRESS)
    parser.add_argument('--default-threads', action='store_true', help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.work:
        measure(args.work, args.default_threads)
        return
    print(f'{os.cpu_count()} cores', flush=True)
    for work in WORK:
        for default in (False, True)[: 1 if work == 'loop of Python' else 2]:
            environ = {key: value for key, value in os.environ.items() if key not in POLICIES}
            if not default:
                let_waiting_threads_sleep(environ)
            words = ['--work', work, *(['--default-threads'] if default else [])]
            command = [sys.executable, '-W', 'ignore', '-m', 'benchmarks.busy_cores', *words]
            subprocess.run(command, env=environ, check=True)


if __name__ == '__main__':
    main()
