"""What a batch of synthetic people costs, by loader workers: ``python -m benchmarks.loader``.

Prints, per batch, the main process's own CPU time and how long it waits. A pause between the
batches stands for a training step during which workers can work ahead. Taking a batch over from
a worker costs CPU too; where that is more than generating it, workers do not pay.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from torch.utils.data import DataLoader

import mmpose_ours.registry  # noqa: F401  makes the scope known
from mmpose_ours.datasets import FreshEpochSampler
from mmpose_ours.io import package_files as paths
from mmpose_ours.scope import DATASETS


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--rig', default=paths.share('configs') / 'ours/rigs/five_cameras.json')
    parser.add_argument('--image-size', type=int, nargs=2, help='where the file does not say it')
    parser.add_argument('--batch-sizes', type=int, nargs='+', default=[4, 16])
    parser.add_argument('--workers', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--prefetch', type=int, nargs='+', default=[2, 8])
    parser.add_argument('--step-ms', type=float, default=20.0, help='pause between batches')
    parser.add_argument('--batches', type=int, default=60)
    args = parser.parse_args()
    torch.set_num_threads(1)
    init_default_scope('mmpose_ours')
    dataset = DATASETS.build(
        dict(
            type='SyntheticDataset',
            rig_file=str(args.rig),
            image_size=args.image_size,
            num_samples=max(args.batch_sizes) * (args.batches + 40),
        )
    )
    print(f'{"batch":>5}{"workers":>9}{"prefetch":>10}{"own CPU":>11}{"wait":>11}')
    for batch_size in args.batch_sizes:
        for workers in args.workers:
            for prefetch in args.prefetch if workers else [None]:
                own, wait = measure(dataset, batch_size, workers, prefetch, args)
                print(
                    f'{batch_size:5}{workers:9}{prefetch or "-":>10}'
                    f'{own * 1e3:8.2f} ms{wait * 1e3:8.2f} ms',
                    flush=True,
                )


def measure(dataset, batch_size, workers, prefetch, args) -> tuple[float, float]:
    """Seconds per batch: mean CPU time of this process, median wait."""
    loader = DataLoader(
        dataset,
        batch_size=batch_size,
        num_workers=workers,
        prefetch_factor=prefetch,
        collate_fn=pseudo_collate,
        sampler=FreshEpochSampler(dataset),
    )
    batches = iter(loader)
    for _ in range(4):  # workers start, the step becomes known
        next(batches)
    own, waits = 0.0, []
    for _ in range(args.batches):
        time.sleep(args.step_ms / 1e3)
        cpu, clock = time.process_time(), time.perf_counter()
        next(batches)
        own += time.process_time() - cpu
        waits.append(time.perf_counter() - clock)
    return own / args.batches, statistics.median(waits)


if __name__ == '__main__':
    main()
