"""How time and memory grow, what takes the time, and how far the machine's limit is."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Iterator

from benchmarks.problem import PEOPLE, Sizes, ring_rig, write_problem
from benchmarks.stages import FAST_MODEL, usual_stages
from benchmarks.worker import Worker

VIEWS = (3, 5, 8, 16, 31)
BATCHES = (1, 2, 4)
QUICK_VALUES = 2  # of each axis
# Time that calls fill at each point, at least one.
POINT_SECONDS = 0.3
USUAL_PEOPLE, FAST_MODEL_PEOPLE = 3, 5


def sweep(
    folder: Path, ours: Worker, stock: Worker | None, sizes: Sizes, args: argparse.Namespace
) -> dict[str, dict]:
    """Vary one thing at a time: a frame of VoxelPose and of every other model that is measured.

    Views come from cameras in a ring, everything else from the usual rig. Each point is
    measured in one round, after a first call.

    Args:
        folder: Where problems are written; holds the usual one, which the workers have loaded.
        ours: Our worker.
        stock: The stock worker, or None.
        sizes: Voxels and pixels.
        args: The command line; ``threads``, ``config`` and ``quick``.

    Returns:
        Per axis (``people``, ``batch``, ``threads``, ``views``) and value: the entry of every
        model (``stock``, ``voxelpose``, and the names of the configs), a dictionary with
        ``seconds`` and ``peak_memory_bytes``.
    """
    models: dict[str, tuple[Worker, dict]] = {'voxelpose': (ours, {})}
    if stock:
        models['stock'] = (stock, {})
    for stage in usual_stages(args.config):
        if 'config' in stage.ours_only and stage.request == 'frame':
            models[stage.name[: -len('_frame')]] = (ours, stage.ours_only)

    result: dict[str, dict] = {}
    for axis, value, options in _points(args.threads, QUICK_VALUES if args.quick else None):
        if axis == 'views':
            problem = folder / f'views_{value}'
            write_problem(problem, ring_rig(value), sizes, (1, USUAL_PEOPLE))
            for side in (ours, stock) if stock else (ours,):
                side.ask('load', folder=str(problem))
        entry = result.setdefault(axis, {})[str(value)] = {}
        for name, (side, own) in models.items():
            request = dict(options, **own, stage='frame')
            time = side.ask('measure', seconds=POINT_SECONDS, **request)
            memory = side.ask('peak_memory', **request)
            entry[name] = dict(seconds=time['wall'], peak_memory_bytes=memory)
        print(f'sweep: {axis} {value}', flush=True)
    for side in (ours, stock) if stock else (ours,):
        side.ask('load', folder=str(folder / 'usual'))
    return result


def _points(threads: int, most: int | None) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Axis, value and options of ``most`` points per axis; views change the problem: last."""
    usual = dict(people=USUAL_PEOPLE, threads=threads)
    for people in PEOPLE[:most]:
        yield 'people', people, dict(usual, people=people)
    for batch in BATCHES[:most]:
        yield 'batch', batch, dict(usual, batch=batch)
    counts = {1, threads} | {2**n for n in range(threads.bit_length()) if 2**n < threads}
    for count in sorted(counts):
        yield 'threads', count, dict(usual, threads=count)
    for views in VIEWS[:most]:
        yield 'views', views, usual


def time_shares(sides: dict[str, Worker], rows: dict[str, dict], machine: dict) -> dict[str, dict]:
    """What a frame of VoxelPose with 3 people consists of, and how far the limit is.

    Args:
        sides: The workers.
        rows: Medians per stage.
        machine: See :func:`benchmarks.machine.limits`.

    Returns:
        Per side: ``stages`` (seconds of each part over those of the whole; measured apart, they
        need not add up to 1), ``operators`` (torch's, by share), ``gflop``, ``gflop_per_s`` and
        ``of_matrix_rate`` (1 would be the speed of a large matrix product).
    """
    parts = ('coarse_projection', 'center_net', 'person_projection', 'pose_net')
    shares = {}
    for name, side in sides.items():
        whole = rows['voxelpose_same_weights'][name]
        # In one thread: torch's counters see no others.
        done = side.ask('operators', stage='frame', threads=1, people=USUAL_PEOPLE)
        shares[name] = _share({part: rows[part][name] for part in parts}, whole, done, machine)
    return shares


def fast_model_shares(ours: Worker, machine: dict, threads: int) -> dict:
    """What a frame of the fast model with 5 people consists of.

    Args:
        ours: Our worker.
        machine: See :func:`benchmarks.machine.limits`.
        threads: Threads to use.

    Returns:
        As an entry of :func:`time_shares`.
    """
    own = dict(config=str(FAST_MODEL), people=FAST_MODEL_PEOPLE)
    often = dict(seconds=0.3, threads=threads)
    parts = {
        part: ours.ask('measure', stage='fast_model_part', part=part, **own, **often)['wall']
        for part in ('rays', 'proposals', 'joints')
    }
    done = ours.ask('operators', stage='frame', threads=1, **own)
    return _share(parts, sum(parts.values()), done, machine)


def _share(parts: dict[str, float], whole: float, done: dict, machine: dict) -> dict:
    rate = done['gflop'] / whole
    return dict(
        stages={part: seconds / whole for part, seconds in parts.items()},
        operators=done['shares'],
        gflop=done['gflop'],
        gflop_per_s=rate,
        of_matrix_rate=rate / machine['sgemm_gflops'],
    )
