"""How training scales with processes: measured on this machine, reasoned beyond it.

    python -m benchmarks.scaling                  # measure; wants an otherwise idle machine
    python -m benchmarks.scaling --reasoned-only  # the table of 8 and 64 GPUs, at once

Measured is the stock launch: ``tools/train.py`` with one thread against ``tools/dist_train.sh``
with as many processes as cores, of one thread each, every process with the batch that the single
one has. Rounds alternate, so that a machine that slows down slows both.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import init_default_scope

import mmpose_ours.registry  # noqa: F401
from mmpose_ours.scope import MODELS

ROOT = Path(__file__).resolve().parents[1]
CONFIG = 'configs/ours/faster_voxelpose_ours_tiny.py'
MODELS_IN_TABLE = ('keypoint_prior_ours', 'faster_voxelpose_ours', 'voxelpose_ours')
WARM_UP = 10  # steps that are not counted
# What the table reasons with: bandwidth per GPU in bytes a second and latency per message, of
# NVLink within a machine of 8 and of 200 Gbit/s InfiniBand shared by the 8 between machines.
WITHIN = (150e9, 5e-6)
BETWEEN = (25e9, 10e-6)
PER_MACHINE = 8


def samples_per_second(config: str, processes: int, batch: int, steps: int) -> float:
    """Train for so many steps by the stock scripts; what all processes do in a second."""
    total = (steps + WARM_UP) * batch * processes
    options = [
        'train_cfg.max_epochs=1', f'train_dataloader.batch_size={batch}',
        f'train_dataloader.dataset.num_samples={total}', 'default_hooks.logger.interval=1',
        'log_processor.window_size=1', 'default_hooks.checkpoint.interval=-1',
    ]  # fmt: skip
    words = [sys.executable, 'tools/train.py', config]
    if processes > 1:
        words = ['bash', 'tools/dist_train.sh', config, str(processes)]
    path = f'{Path(sys.executable).parent}{os.pathsep}{os.environ["PATH"]}'
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [*words, '--work-dir', folder, '--no-validate', '--cfg-options', *options],
            cwd=ROOT,
            env={**os.environ, 'PATH': path, 'OMP_NUM_THREADS': '1'},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            raise SystemExit(f'training failed:\n{done.stdout[-2000:]}')
        (log,) = Path(folder).glob('*/vis_data/scalars.json')
        rows = [json.loads(line) for line in log.read_text().splitlines()]
    seconds = [row['time'] for row in rows if 'loss' in row][WARM_UP:]
    # The mean: how many people a step has differs, and waiting for the slowest counts.
    return batch * processes / statistics.mean(seconds)


def measure(config: str, processes: int, batch: int, steps: int, rounds: int) -> dict:
    """Figures of one process and of several, in turn; the medians of the rounds."""
    alone, together = [], []
    for index in range(rounds):
        alone.append(samples_per_second(config, 1, batch, steps))
        together.append(samples_per_second(config, processes, batch, steps))
        print(f'round {index + 1}: {alone[-1]:.2f} and {together[-1]:.2f} samples/s', flush=True)
    one, many = statistics.median(alone), statistics.median(together)
    return dict(
        config=config,
        processes=processes,
        batch_per_process=batch,
        one_process=one,
        all_processes=many,
        efficiency=many / (processes * one),
        load=os.getloadavg()[0],
    )


def all_reduce_s(gradient_bytes: int, gpus: int) -> float:
    """Seconds of one all-reduce: a ring in each machine, then one between machines.

    A ring of n hands 2 (n - 1) / n of the bytes on, in 2 (n - 1) messages.
    """

    def ring(members: int, bandwidth: float, latency: float) -> float:
        messages = 2 * (members - 1)
        return messages / members * gradient_bytes / bandwidth + messages * latency

    machines = max(1, gpus // PER_MACHINE)
    inside = ring(min(gpus, PER_MACHINE), *WITHIN)
    return inside + (ring(machines, *BETWEEN) if machines > 1 else 0.0)


def reasoned(name: str) -> dict:
    """What a step of a config hands around, and how long that takes on 8 and 64 GPUs."""
    cfg = Config.fromfile(ROOT / f'configs/ours/{name}.py')
    init_default_scope(cfg.default_scope)
    model = MODELS.build(cfg.model)
    gradient = sum(4 * p.numel() for p in model.parameters() if p.requires_grad)
    # Five views of six people: 17 joints of u, v and a score, as float32.
    item = 5 * 6 * 17 * 3 * 4
    return dict(
        config=name,
        batch=cfg.train_dataloader.batch_size,
        gradient_mb=gradient / 1e6,
        item_kb=item / 1e3,
        step_kb=item * cfg.train_dataloader.batch_size / 1e3,
        **{f'all_reduce_ms_{n}': 1e3 * all_reduce_s(gradient, n) for n in (8, 64)},
        # Nothing overlapped: the shortest step of which the all-reduce is 5 %.
        **{f'step_ms_{n}': 1e3 * all_reduce_s(gradient, n) * 19 for n in (8, 64)},
    )


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description='How training scales with processes.')
    parser.add_argument('--config', default=CONFIG)
    parser.add_argument('--processes', type=int, default=os.cpu_count())
    parser.add_argument('--batch', type=int, default=16, help='of each process')
    parser.add_argument('--steps', type=int, default=60)
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--reasoned-only', action='store_true')
    args = parser.parse_args()
    if not args.reasoned_only:
        found = measure(args.config, args.processes, args.batch, args.steps, args.rounds)
        print(
            f'{found["config"]}, {found["batch_per_process"]} frames per process: '
            f'1 process {found["one_process"]:.2f}, {found["processes"]} processes '
            f'{found["all_processes"]:.2f} samples/s, {found["efficiency"]:.2f} of '
            f'{found["processes"]} times one (load {found["load"]:.1f})\n'
        )
    print('| config | gradient | data per process and step | all-reduce 8 / 64 GPUs | '
          '95 % from a step of 8 / 64 |\n| --- | --- | --- | --- | --- |')  # fmt: skip
    for row in map(reasoned, MODELS_IN_TABLE):
        print(
            f'| {row["config"]} | {row["gradient_mb"]:.1f} MB | {row["batch"]} x '
            f'{row["item_kb"]:.1f} kB | {row["all_reduce_ms_8"]:.2f} / '
            f'{row["all_reduce_ms_64"]:.2f} ms | {row["step_ms_8"]:.0f} / '
            f'{row["step_ms_64"]:.0f} ms |'
        )


if __name__ == '__main__':
    main()
